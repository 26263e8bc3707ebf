//! What `kpbuild query` prints: a table, a chart, CSV.

mod chart;
mod csv;
mod table;

pub(crate) use chart::{chart, points};
pub(crate) use csv::csv;
pub(crate) use table::table;

use std::collections::{BTreeMap, BTreeSet};

use crate::prometheus_api::Series;

/// The labels of some series: those that all have with the same value, and the
/// names of the others, that of the metric first.
fn labels(series: &[Series]) -> (BTreeMap<&str, &str>, Vec<&str>) {
    let names: BTreeSet<&str> = series
        .iter()
        .flat_map(|series| series.labels.keys().map(String::as_str))
        .collect();
    let value = |name: &str| {
        let first = series.first()?.labels.get(name)?;
        let same = |series: &Series| series.labels.get(name) == Some(first);
        series.iter().all(same).then_some(first.as_str())
    };
    let mut shared = BTreeMap::new();
    let mut others = Vec::new();
    for name in names {
        match value(name).filter(|_| series.len() > 1) {
            Some(value) => drop(shared.insert(name, value)),
            None => others.push(name),
        }
    }
    others.sort_by_key(|name| *name != METRIC);
    (shared, others)
}

/// The label that holds the metric's name.
const METRIC: &str = "__name__";

/// Labels as PromQL writes them.
fn selector<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut name = "";
    let mut pairs = Vec::new();
    for (label, value) in labels {
        if label == METRIC {
            name = value;
        } else {
            pairs.push(format!("{label}={value:?}"));
        }
    }
    match (name, pairs.join(", ")) {
        (name, pairs) if pairs.is_empty() && !name.is_empty() => name.to_owned(),
        (name, pairs) => format!("{name}{{{pairs}}}"),
    }
}

/// A time in seconds since 1970, as people write it.
pub(crate) fn time(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the times of Prometheus are small"
    )]
    let whole = jiff::Timestamp::from_second(seconds.round() as i64);
    whole.map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// A value with as many digits as say something.
fn number(value: &str) -> String {
    let Ok(number) = value.parse::<f64>() else {
        return value.to_owned();
    };
    if number == 0.0 || !number.is_finite() {
        return value.to_owned();
    }
    let size = number.abs();
    if (1e-4..1e15).contains(&size) {
        // Whole numbers are exact: bytes, counts.
        if number.fract() == 0.0 {
            return format!("{number:.0}");
        }
        let before = size.log10().floor();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 0 and 9"
        )]
        let digits = (5.0 - before).clamp(0.0, 9.0) as usize;
        let text = format!("{number:.digits$}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    format!("{number:.5e}")
}

/// A value short enough for the axis of a chart.
fn short(number: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let unit = UNITS.iter().find(|(size, _)| number.abs() >= *size);
    let (scaled, unit) = unit.map_or((number, ""), |(size, unit)| (number / size, *unit));
    let text = if scaled != 0.0 && scaled.abs() < 0.001 {
        format!("{scaled:.1e}")
    } else {
        let digits = match scaled.abs() {
            size if size >= 100.0 => 0,
            size if size >= 10.0 => 1,
            size if size >= 1.0 => 2,
            _ => 4,
        };
        let text = format!("{scaled:.digits$}");
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        }
    };
    text + unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_digits_that_say_something() {
        let cases = [
            ("0.012345678901", "0.0123457"),
            ("12345678.9", "12345679"),
            ("527384576000", "527384576000"),
            ("1.5", "1.5"),
            ("NaN", "NaN"),
            ("+Inf", "+Inf"),
            ("0", "0"),
            ("0.00000123", "1.23000e-6"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn axes_have_short_numbers() {
        let cases = [
            (1234.0, "1.23k"),
            (5.273e11, "527G"),
            (0.0, "0"),
            (0.0512, "0.0512"),
            (-12.34, "-12.3"),
            (100.0, "100"),
            (0.000_01, "1.0e-5"),
        ];
        for (value, expected) in cases {
            assert_eq!(short(value), expected);
        }
    }
}
