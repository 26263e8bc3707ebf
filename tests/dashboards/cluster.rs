//! The small cluster of `cluster.yaml` as samples in OpenMetrics text, at fixed times: no test depends on the clock.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kpbuild_core::yaml;
use serde_json::Value;

/// The last samples, in seconds since 1970: 2025-01-01 02:00 UTC.
pub(super) const END: i64 = 1_735_696_800;

/// The first samples: half an hour before, for the longest range of a query that needs its start.
pub(super) const START: i64 = END - 1800;

/// Seconds between two samples, as the stack scrapes.
pub(super) const STEP: i64 = 30;

/// The cluster's samples, and the names of its metrics.
pub(super) fn samples() -> String {
    let cluster = yaml::read(include_str!("cluster.yaml")).expect("cluster.yaml is YAML");
    let mut text = String::new();
    for group in items(&cluster["groups"]) {
        let list = group["each"]
            .as_str()
            .map(|name| items(&cluster["lists"][name]));
        let alone = [Value::Null];
        for item in list.unwrap_or(&alone) {
            write_group(group, item, &mut text);
        }
    }
    text.push_str("# EOF\n");
    text
}

fn write_group(group: &Value, item: &Value, text: &mut String) {
    let common: BTreeMap<String, String> = fields(&group["labels"])
        .map(|(name, value)| {
            (
                name.clone(),
                filled(value.as_str().expect("labels are texts"), item),
            )
        })
        .collect();
    for (selector, value) in fields(&group["series"]) {
        let (name, own) = parsed(&filled(selector, item));
        for choice in combinations(&own) {
            let mut labels = common.clone();
            labels.extend(choice);
            write_series(&name, &labels, &Behaviour::of(value), text);
        }
    }
}

/// How a series behaves.
enum Behaviour {
    Constant(f64),
    PerSecond(f64),
    Histogram(f64),
}

impl Behaviour {
    fn of(value: &Value) -> Self {
        let number = |text: &str| {
            text.parse()
                .unwrap_or_else(|_| panic!("`{text}` is no number"))
        };
        match value {
            Value::Number(number) => {
                Self::Constant(number.as_f64().expect("JSON has no other numbers"))
            }
            Value::String(text) => match (text.strip_prefix("histogram "), text.strip_suffix("/s"))
            {
                (Some(rate), _) => Self::Histogram(number(rate)),
                (None, rate) => Self::PerSecond(number(rate.unwrap_or(text))),
            },
            other => panic!("{other} is no behaviour of a series"),
        }
    }
}

/// The upper bounds of a histogram's buckets, and the share of the observations at or below each.
const BUCKETS: [(&str, f64); 7] = [
    ("0.05", 0.3),
    ("0.1", 0.5),
    ("0.4", 0.8),
    ("1", 0.9),
    ("5", 0.95),
    ("30", 0.99),
    ("+Inf", 1.0),
];

fn write_series(
    name: &str,
    labels: &BTreeMap<String, String>,
    behaviour: &Behaviour,
    text: &mut String,
) {
    match behaviour {
        Behaviour::Constant(value) => write_samples(name, labels, |_| *value, text),
        Behaviour::PerSecond(rate) => {
            write_samples(name, labels, |seconds| 1000.0 + rate * seconds, text);
        }
        Behaviour::Histogram(rate) => {
            for (bound, share) in BUCKETS {
                let mut labels = labels.clone();
                labels.insert("le".to_owned(), bound.to_owned());
                write_samples(
                    &format!("{name}_bucket"),
                    &labels,
                    |seconds| rate * share * (1000.0 + seconds),
                    text,
                );
            }
            write_samples(
                &format!("{name}_sum"),
                labels,
                |seconds| rate * 0.3 * (1000.0 + seconds),
                text,
            );
            write_samples(
                &format!("{name}_count"),
                labels,
                |seconds| rate * (1000.0 + seconds),
                text,
            );
        }
    }
}

/// One line a sample.
fn write_samples(
    name: &str,
    labels: &BTreeMap<String, String>,
    value: impl Fn(f64) -> f64,
    text: &mut String,
) {
    let labels: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    let series = format!("{name}{{{}}}", labels.join(","));
    let mut time = START;
    while time <= END {
        #[expect(clippy::cast_precision_loss, reason = "half an hour has few seconds")]
        let passed = (time - START) as f64;
        writeln!(text, "{series} {} {time}", value(passed)).expect("strings grow");
        time += STEP;
    }
}

/// A text with the fields of an item in place of `$field`.
fn filled(text: &str, item: &Value) -> String {
    let mut filled = text.to_owned();
    for (name, value) in fields(item) {
        filled = filled.replace(
            &format!("${name}"),
            value.as_str().expect("fields are texts"),
        );
    }
    filled
}

/// The name and the labels of `name{label="a|b"}`.
fn parsed(selector: &str) -> (String, Vec<(String, Vec<String>)>) {
    let Some((name, rest)) = selector.split_once('{') else {
        return (selector.to_owned(), Vec::new());
    };
    let mut labels = Vec::new();
    let mut rest = rest;
    while let Some((label, after)) = rest.split_once("=\"") {
        let (values, after) = after
            .split_once('"')
            .unwrap_or_else(|| panic!("{selector}: an open quote"));
        let label = label.trim_start_matches([',', ' ']);
        labels.push((
            label.to_owned(),
            values.split('|').map(str::to_owned).collect(),
        ));
        rest = after;
    }
    (name.to_owned(), labels)
}

/// Every way to choose one value for each label.
fn combinations(labels: &[(String, Vec<String>)]) -> Vec<BTreeMap<String, String>> {
    let start = vec![BTreeMap::new()];
    labels.iter().fold(start, |chosen, (label, values)| {
        let with = |choice: &BTreeMap<String, String>, value: &String| {
            let mut choice = choice.clone();
            choice.insert(label.clone(), value.clone());
            choice
        };
        chosen
            .iter()
            .flat_map(|choice| values.iter().map(move |value| with(choice, value)))
            .collect()
    })
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
