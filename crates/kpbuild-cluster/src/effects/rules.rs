//! Which alerts and recording rules change, by name.

use serde_json::Value;

use super::{Changed, Effect, EffectKind, count};

pub(super) fn effects(changed: &Changed<'_>) -> Vec<Effect> {
    if changed.key.kind != "PrometheusRule" {
        return Vec::new();
    }
    let before = rules(changed.before);
    let texts = match changed.after {
        None => whole(&before).into_iter().collect(),
        Some(after) => differences(&before, &rules(after)),
    };
    texts
        .into_iter()
        .map(|text| Effect::new(EffectKind::Rule, text))
        .collect()
}

/// A rule with what it is known by.
struct Rule<'a> {
    group: &'a str,
    /// `alert X` or `record x:y`.
    title: String,
    /// Rules of one name are told apart by their labels, or else by their order.
    labels: Option<&'a Value>,
    value: &'a Value,
}

fn rules(object: &Value) -> Vec<Rule<'_>> {
    let groups = object["spec"]["groups"].as_array().into_iter().flatten();
    groups.flat_map(rules_of_group).collect()
}

fn rules_of_group(group: &Value) -> impl Iterator<Item = Rule<'_>> {
    group["rules"].as_array().into_iter().flatten().map(|rule| {
        let title = ["alert", "record"]
            .iter()
            .find_map(|kind| Some(format!("{kind} {}", rule[kind].as_str()?)));
        Rule {
            group: group["name"].as_str().unwrap_or_default(),
            title: title.unwrap_or_else(|| "a rule without a name".to_owned()),
            labels: rule.get("labels"),
            value: rule,
        }
    })
}

/// The phrase for a whole object of rules that goes.
fn whole(rules: &[Rule<'_>]) -> Option<String> {
    let alerts = rules
        .iter()
        .filter(|rule| rule.title.starts_with("alert "))
        .count();
    let parts: Vec<String> = [(alerts, "alert"), (rules.len() - alerts, "recording rule")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| count(number, noun))
        .collect();
    (!parts.is_empty()).then(|| format!("removes {}", parts.join(" and ")))
}

fn differences(before: &[Rule<'_>], after: &[Rule<'_>]) -> Vec<String> {
    let mut texts = Vec::new();
    let mut new: Vec<&Rule<'_>> = after.iter().collect();
    let mut gone = Vec::new();
    for old in before {
        match partner(old, &new) {
            Some(index) => texts.extend(difference(old, new.remove(index))),
            None => gone.push(old),
        }
    }
    texts.extend(gone.iter().map(|rule| format!("{}: removed", rule.title)));
    texts.extend(new.iter().map(|rule| format!("{}: new", rule.title)));
    texts
}

/// The rule that an old one has become: of the same name, and of the same group
/// and labels if there is such a one.
fn partner(old: &Rule<'_>, new: &[&Rule<'_>]) -> Option<usize> {
    let likeness = |candidate: &Rule<'_>| {
        usize::from(candidate.value == old.value) * 8
            + usize::from(candidate.labels == old.labels) * 4
            + usize::from(candidate.group == old.group) * 2
    };
    new.iter()
        .enumerate()
        .filter(|(_, candidate)| candidate.title == old.title)
        .max_by_key(|(index, candidate)| (likeness(candidate), std::cmp::Reverse(*index)))
        .map(|(index, _)| index)
}

fn difference(old: &Rule<'_>, new: &Rule<'_>) -> Option<String> {
    let mut parts = Vec::new();
    if old.group != new.group {
        parts.push(format!("moves from group {} to {}", old.group, new.group));
    }
    for field in ["for", "keep_firing_for"] {
        parts.extend(from_to(field, &old.value[field], &new.value[field]));
    }
    if old.value["expr"] != new.value["expr"] {
        parts.push("expression changed".to_owned());
    }
    for field in ["labels", "annotations"] {
        parts.extend(map_difference(field, &old.value[field], &new.value[field]));
    }
    (!parts.is_empty()).then(|| format!("{}: {}", new.title, parts.join(", ")))
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

/// Labels with their values, which are short; annotations by name.
fn map_difference(field: &str, old: &Value, new: &Value) -> Vec<String> {
    let mut names: Vec<&String> = [old, new]
        .iter()
        .filter_map(|map| map.as_object())
        .flat_map(|map| map.keys())
        .collect();
    names.sort();
    names.dedup();
    let differing = names
        .into_iter()
        .filter(|name| old.get(name) != new.get(name));
    differing
        .filter_map(|name| {
            let (old, new) = (
                old.get(name).unwrap_or(&Value::Null),
                new.get(name).unwrap_or(&Value::Null),
            );
            match field {
                "labels" => from_to(name, old, new),
                _ => Some(format!("{name} changed")),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::effects::tests::phrases;
    use serde_json::{Value, json};

    #[expect(clippy::needless_pass_by_value, reason = "cases read better")]
    fn object(rules: Value) -> Value {
        json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "r", "namespace": "m"}, "spec": {"groups": [{"name": "g", "rules": rules}]}})
    }

    #[test]
    fn rules_change_come_and_go_by_name() {
        let before = json!([
            {"alert": "A", "expr": "x", "for": "15m", "labels": {"severity": "warning"}},
            {"alert": "A", "expr": "y", "for": "1m", "labels": {"severity": "critical"}},
            {"record": "a:b", "expr": "z"},
        ]);
        let after = json!([
            {"alert": "B", "expr": "x"},
            {"alert": "A", "expr": "y > 1", "for": "1m", "labels": {"severity": "critical"}},
            {"alert": "A", "expr": "x", "for": "5m", "labels": {"severity": "warning"}, "annotations": {"summary": "s"}},
        ]);
        assert_eq!(
            phrases(object(before), Some(object(after))),
            [
                "alert A: for 15m to 5m, summary changed",
                "alert A: expression changed",
                "record a:b: removed",
                "alert B: new",
            ]
        );
    }

    #[test]
    fn an_object_that_goes_is_counted() {
        let rules = json!([{"alert": "A", "expr": "x"}, {"alert": "B", "expr": "x"}, {"record": "r", "expr": "x"}]);
        assert_eq!(
            phrases(object(rules), None),
            ["removes 2 alerts and 1 recording rule"]
        );
    }
}
