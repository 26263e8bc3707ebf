//! The chart of a range query, of characters: a few series tall, many as one
//! line each. All have the same scale, so that they can be compared.

use std::fmt::Write as _;

use super::{labels, selector, short, time};
use crate::prometheus_api::{Range, Series};

/// Eighths of a character, from the bottom.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How many series are drawn tall, and how many at all.
const TALL: usize = 3;
const MOST: usize = 40;

/// The rows of a tall chart.
const ROWS: usize = 6;

/// The characters that numbers at the left need.
const AXIS: usize = 9;

/// How many points of time fit into a width.
pub(crate) fn points(width: usize) -> usize {
    width.saturating_sub(AXIS + 2).clamp(20, 200)
}

pub(crate) fn chart(series: &[Series], range: Range, width: usize) -> String {
    let columns = columns(range, width);
    let values: Vec<Vec<Option<f64>>> = series
        .iter()
        .map(|series| row(series, range, columns))
        .collect();
    let scale = Scale::of(values.iter().flatten().flatten().copied());
    let (shared, names) = labels(series);
    let mut text = head(series.len(), &shared, range);
    let tall = series.len() <= TALL;
    for (series, values) in series.iter().zip(&values).take(MOST) {
        let own = names
            .iter()
            .filter_map(|name| Some((*name, series.labels.get(*name)?.as_str())));
        writeln!(text, "\n{}  {}", selector(own), figures(values)).expect("strings grow");
        if tall {
            text.push_str(&drawn(values, scale));
        } else {
            let line: String = values.iter().map(|value| scale.bar(*value, 0, 1)).collect();
            writeln!(text, "{:AXIS$}│{}", "", line.trim_end()).expect("strings grow");
        }
    }
    text.push_str(&time_axis(range, columns));
    if series.len() > MOST {
        let more = series.len() - MOST;
        writeln!(
            text,
            "{more} more are not drawn; `--format csv` has all of them"
        )
        .expect("strings grow");
    }
    text
}

/// A column for each point, if there is room.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "there are thousands of points at most"
)]
fn columns(range: Range, width: usize) -> usize {
    let count = ((range.end - range.start) / range.step).floor() as usize + 1;
    count.clamp(2, points(width))
}

fn head(count: usize, shared: &std::collections::BTreeMap<&str, &str>, range: Range) -> String {
    let with = if shared.is_empty() {
        String::new()
    } else {
        format!(", all with {}", selector(shared.clone()))
    };
    let count = if count == 1 {
        "1 series".to_owned()
    } else {
        format!("{count} series")
    };
    format!("{count}, a point each {} s{with}\n", range.step)
}

/// The values by column; nothing where there is no sample.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a column is a small number"
)]
fn row(series: &Series, range: Range, columns: usize) -> Vec<Option<f64>> {
    let mut row = vec![None; columns];
    let length = (range.end - range.start).max(range.step);
    for (at, value) in &series.samples {
        let place = (at - range.start) / length * (columns - 1) as f64;
        let column = (place.round().max(0.0) as usize).min(columns - 1);
        row[column] = value.parse().ok().filter(|value: &f64| value.is_finite());
    }
    row
}

/// Smallest, greatest and last value.
fn figures(values: &[Option<f64>]) -> String {
    let known = || values.iter().flatten().copied();
    match known().last() {
        None => "no values".to_owned(),
        Some(last) => format!(
            "min {}  max {}  last {}",
            short(known().fold(f64::INFINITY, f64::min)),
            short(known().fold(f64::NEG_INFINITY, f64::max)),
            short(last)
        ),
    }
}

/// What the bottom and the top of a chart stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scale {
    bottom: f64,
    top: f64,
}

impl Scale {
    /// From zero when nothing is below it and the values are not all far above.
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let (bottom, top) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
        // A line that is flat stands on zero too, unless it is zero, or nothing at all.
        if bottom > top || (bottom >= 0.0 && top <= 0.0) {
            return Self {
                bottom: 0.0,
                top: 1.0,
            };
        }
        if bottom >= top {
            return Self {
                bottom: bottom.min(0.0),
                top: top.max(0.0),
            };
        }
        let bottom = if bottom > 0.0 && bottom < top * 0.75 {
            0.0
        } else {
            bottom
        };
        Self { bottom, top }
    }

    /// The character of a value in a row; rows count from the bottom.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "eighths of a few rows are small numbers"
    )]
    fn bar(self, value: Option<f64>, row: usize, rows: usize) -> char {
        let Some(value) = value else {
            return ' ';
        };
        let span = self.top - self.bottom;
        let part = if span > 0.0 {
            (value - self.bottom) / span
        } else {
            0.5
        };
        // Also the least value is seen.
        let eighths = ((part * (rows * 8) as f64).round() as usize).max(1);
        BARS[eighths.saturating_sub(row * 8).min(8)]
    }
}

fn drawn(values: &[Option<f64>], scale: Scale) -> String {
    let mut text = String::new();
    for row in (0..ROWS).rev() {
        let label = match row {
            0 => short(scale.bottom),
            row if row == ROWS - 1 => short(scale.top),
            _ => String::new(),
        };
        let line: String = values
            .iter()
            .map(|value| scale.bar(*value, row, ROWS))
            .collect();
        let edge = if label.is_empty() { '│' } else { '┤' };
        writeln!(text, "{label:>AXIS$}{edge}{}", line.trim_end()).expect("strings grow");
    }
    text
}

fn time_axis(range: Range, columns: usize) -> String {
    let (start, end) = (time(range.start), time(range.end));
    let gap = columns.saturating_sub(start.len() + end.len()).max(2);
    format!("{:AXIS$} {start}{}{end}\n", "", " ".repeat(gap))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(cpu: &str, values: impl IntoIterator<Item = f64>) -> Series {
        let labels = [("cpu", cpu), ("job", "node")];
        Series {
            labels: labels
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            samples: values
                .into_iter()
                .zip(0..)
                .map(|(value, at)| (f64::from(at) * 60.0, value.to_string()))
                .collect(),
        }
    }

    const HOUR: Range = Range {
        start: 0.0,
        end: 3600.0,
        step: 60.0,
    };

    #[test]
    fn few_series_are_drawn_tall() {
        let all = [
            series("0", (0..61).map(f64::from)),
            series("1", (0..31).map(|_| 1500.0)),
        ];
        insta::assert_snapshot!(chart(&all, HOUR, 80), @r#"
        2 series, a point each 60 s, all with {job="node"}

        {cpu="0"}  min 0  max 60  last 60
             1.5k┤
                 │
                 │
                 │
                 │
                0┤▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▂▂▂▂▂▂▂▂▂▂▂▂▂▂

        {cpu="1"}  min 1.5k  max 1.5k  last 1.5k
             1.5k┤███████████████████████████████
                 │███████████████████████████████
                 │███████████████████████████████
                 │███████████████████████████████
                 │███████████████████████████████
                0┤███████████████████████████████
                  1970-01-01T00:00:00Z                     1970-01-01T01:00:00Z
        "#);
    }

    #[test]
    fn many_series_have_a_line_each() {
        let all = ["0", "1", "2", "3"].map(|cpu| series(cpu, (0..61).map(f64::from)));
        insta::assert_snapshot!(chart(&all, HOUR, 80), @r#"
        4 series, a point each 60 s, all with {job="node"}

        {cpu="0"}  min 0  max 60  last 60
                 │▁▁▁▁▁▁▁▁▁▁▁▁▂▂▂▂▂▂▂▃▃▃▃▃▃▃▃▄▄▄▄▄▄▄▅▅▅▅▅▅▅▅▆▆▆▆▆▆▆▇▇▇▇▇▇▇▇████

        {cpu="1"}  min 0  max 60  last 60
                 │▁▁▁▁▁▁▁▁▁▁▁▁▂▂▂▂▂▂▂▃▃▃▃▃▃▃▃▄▄▄▄▄▄▄▅▅▅▅▅▅▅▅▆▆▆▆▆▆▆▇▇▇▇▇▇▇▇████

        {cpu="2"}  min 0  max 60  last 60
                 │▁▁▁▁▁▁▁▁▁▁▁▁▂▂▂▂▂▂▂▃▃▃▃▃▃▃▃▄▄▄▄▄▄▄▅▅▅▅▅▅▅▅▆▆▆▆▆▆▆▇▇▇▇▇▇▇▇████

        {cpu="3"}  min 0  max 60  last 60
                 │▁▁▁▁▁▁▁▁▁▁▁▁▂▂▂▂▂▂▂▃▃▃▃▃▃▃▃▄▄▄▄▄▄▄▅▅▅▅▅▅▅▅▆▆▆▆▆▆▆▇▇▇▇▇▇▇▇████
                  1970-01-01T00:00:00Z                     1970-01-01T01:00:00Z
        "#);
    }
}
