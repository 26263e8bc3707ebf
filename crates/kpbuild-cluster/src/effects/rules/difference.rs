//! What differs between a rule and what it has become, part by part.

use std::fmt;
use std::time::Duration;

use promql_parser::util::parse_duration;
use serde::Serialize;
use serde_json::Value;

use super::{RuleKind, Tendency, expression};

/// One thing that differs, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What differs, as a phrase.
    pub text: String,
    /// Whether an alert is heard more or less by it, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tendency: Option<Tendency>,
}

impl Part {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tendency: None,
        }
    }

    pub(super) fn leading_to(self, tendency: Option<Tendency>) -> Self {
        Self { tendency, ..self }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tendency {
            Some(tendency) => write!(f, "{} ({tendency})", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// Everything that differs between two rules of one name.
pub(super) fn parts(kind: RuleKind, old: &Value, new: &Value) -> Vec<Part> {
    let mut parts = Vec::new();
    for (field, growing) in [
        ("for", Tendency::Quieter),
        ("keep_firing_for", Tendency::Noisier),
    ] {
        let (old, new) = (&old[field], &new[field]);
        let tendency = growing.when_growing(&length(old), &length(new));
        parts.extend(from_to(field, old, new).map(|text| Part::new(text).leading_to(tendency)));
    }
    parts.extend(expression::parts(kind, &old["expr"], &new["expr"]));
    for name in differing(&old["labels"], &new["labels"]) {
        let (old, new) = (&old["labels"][&name], &new["labels"][&name]);
        let tendency = match (name.as_str(), urgency(old), urgency(new)) {
            ("severity", Some(old), Some(new)) => Tendency::Noisier.when_growing(&old, &new),
            _ => None,
        };
        parts.extend(from_to(&name, old, new).map(|text| Part::new(text).leading_to(tendency)));
    }
    let annotations = differing(&old["annotations"], &new["annotations"]);
    parts.extend(
        annotations
            .into_iter()
            .map(|name| Part::new(format!("{name} changed"))),
    );
    parts
}

/// A duration as rules have it, such as `5m` or `1h30m`.
pub fn rule_duration(text: &str) -> Option<Duration> {
    parse_duration(text).ok()
}

/// The duration in a field; none is none at all.
fn length(value: &Value) -> Duration {
    rule_duration(value.as_str().unwrap_or_default()).unwrap_or_default()
}

/// The usual severities, by how soon somebody must look.
fn urgency(severity: &Value) -> Option<usize> {
    let known = ["none", "info", "warning", "critical"];
    known.iter().position(|known| severity == known)
}

/// `for 15m to 5m`, `for 5m instead of none`.
fn from_to(name: &str, old: &Value, new: &Value) -> Option<String> {
    if old == new {
        return None;
    }
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(match (old.is_null(), new.is_null()) {
        (true, _) => format!("{name} {} instead of none", text(new)),
        (_, true) => format!("{name} {} removed", text(old)),
        _ => format!("{name} {} to {}", text(old), text(new)),
    })
}

/// The names whose values differ, sorted.
fn differing(old: &Value, new: &Value) -> Vec<String> {
    let maps = [old, new].into_iter().filter_map(Value::as_object);
    let mut names: Vec<&String> = maps.flat_map(|map| map.keys()).collect();
    names.sort();
    names.dedup();
    let differ = names
        .into_iter()
        .filter(|name| old.get(name) != new.get(name));
    differ.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[expect(clippy::needless_pass_by_value, reason = "cases read better")]
    fn check(old: Value, new: Value, expected: &[&str]) {
        let parts = parts(RuleKind::Alert, &old, &new);
        let texts: Vec<String> = parts.iter().map(Part::to_string).collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn times_lead_to_more_or_less() {
        check(
            json!({"for": "15m"}),
            json!({"for": "1h"}),
            &["for 15m to 1h (quieter)"],
        );
        check(
            json!({"for": "15m"}),
            json!({}),
            &["for 15m removed (noisier)"],
        );
        check(json!({}), json!({"for": "0s"}), &["for 0s instead of none"]);
        check(
            json!({}),
            json!({"keep_firing_for": "5m"}),
            &["keep_firing_for 5m instead of none (noisier)"],
        );
    }

    #[test]
    fn severities_have_an_order_where_they_are_known() {
        let severity = |severity: &str| json!({"labels": {"severity": severity}});
        check(
            severity("warning"),
            severity("critical"),
            &["severity warning to critical (noisier)"],
        );
        check(
            severity("warning"),
            severity("p3"),
            &["severity warning to p3"],
        );
    }
}
