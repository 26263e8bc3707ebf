//! The table of an instant query: what all series share stands above it once.

use std::fmt::Write as _;

use super::{labels, number, selector, time};
use crate::prometheus_api::Series;

pub(crate) fn table(series: &[Series]) -> String {
    let mut text = String::new();
    let (shared, names) = labels(series);
    let at = series
        .iter()
        .find_map(|series| series.samples.last())
        .map(|(at, _)| time(*at));
    let shared = if shared.is_empty() {
        String::new()
    } else {
        format!(", all with {}", selector(shared))
    };
    let count = if series.len() == 1 {
        "1 value".to_owned()
    } else {
        format!("{} values", series.len())
    };
    writeln!(text, "{count} at {}{shared}\n", at.unwrap_or_default()).expect("strings grow");
    let mut rows = vec![
        names
            .iter()
            .map(|name| (*name).to_owned())
            .chain(["value".to_owned()])
            .collect::<Vec<_>>(),
    ];
    for one in series {
        let labels = names
            .iter()
            .map(|name| one.labels.get(*name).cloned().unwrap_or_default());
        let value = one.samples.last().map(|(_, value)| number(value));
        rows.push(labels.chain(value).collect());
    }
    text.push_str(&aligned(&rows));
    text
}

/// Columns of the same width, the last of them on the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate();
        let line: Vec<String> = cells
            .map(|(column, (cell, width))| {
                if column + 1 == columns {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            })
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(labels: &[(&str, &str)], value: &str) -> Series {
        Series {
            labels: labels
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            samples: vec![(1_767_225_600.0, value.to_owned())],
        }
    }

    #[test]
    fn shared_labels_stand_above_the_table() {
        let all = [
            series(
                &[
                    ("cpu", "0"),
                    ("job", "node-exporter"),
                    ("instance", "node-1"),
                ],
                "0.0123456789",
            ),
            series(
                &[("cpu", "10"), ("job", "node-exporter"), ("instance", "a")],
                "3",
            ),
        ];
        insta::assert_snapshot!(table(&all), @r#"
        2 values at 2026-01-01T00:00:00Z, all with {job="node-exporter"}

        cpu  instance      value
        0    node-1    0.0123457
        10   a                 3
        "#);
    }

    #[test]
    fn one_value_has_all_its_labels_in_columns() {
        insta::assert_snapshot!(table(&[series(&[("__name__", "up"), ("job", "a")], "1")]), @r"
        1 value at 2026-01-01T00:00:00Z

        __name__  job  value
        up        a        1
        ");
        insta::assert_snapshot!(table(&[series(&[], "5")]), @r"
        1 value at 2026-01-01T00:00:00Z

        value
            5
        ");
    }
}
