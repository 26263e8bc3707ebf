//! Label selectors of Kubernetes: which labels they select.
//!
//! A selector that is absent means something else in every field, so callers
//! decide about it: everything, nothing, or what is in the same namespace.

use std::collections::BTreeMap;

use serde_json::Value;

/// Labels of an object or of pods.
pub(crate) type Labels = BTreeMap<String, String>;

/// The labels below a field.
pub(crate) fn labels(value: &Value) -> Labels {
    let map = value.as_object().into_iter().flatten();
    map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Whether a selector of `matchLabels` and `matchExpressions` selects labels.
pub(crate) fn selects(selector: &Value, of: &Labels) -> bool {
    let expressions = selector["matchExpressions"].as_array();
    selects_labels(&selector["matchLabels"], of)
        && expressions.into_iter().flatten().all(|one| holds(one, of))
}

/// Whether a plain map of labels, as Services have it, selects labels.
pub(crate) fn selects_labels(wanted: &Value, of: &Labels) -> bool {
    labels(wanted)
        .iter()
        .all(|(key, value)| of.get(key) == Some(value))
}

fn holds(expression: &Value, of: &Labels) -> bool {
    let has = expression["key"].as_str().and_then(|key| of.get(key));
    let values = expression["values"].as_array().into_iter().flatten();
    let mut values = values.filter_map(Value::as_str);
    match expression["operator"].as_str() {
        Some("In") => has.is_some_and(|has| values.any(|value| value == has)),
        Some("NotIn") => has.is_none_or(|has| values.all(|value| value != has)),
        Some("Exists") => has.is_some(),
        Some("DoesNotExist") => has.is_none(),
        _ => false,
    }
}

/// A selector in a sentence: `a=b, c in (d, e)`.
pub(crate) fn words(selector: &Value) -> String {
    let equal = labels(&selector["matchLabels"])
        .into_iter()
        .map(|(key, value)| format!("{key}={value}"));
    let expressions = selector["matchExpressions"]
        .as_array()
        .into_iter()
        .flatten();
    let other = expressions.map(|one| {
        let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        let values: Vec<_> = one["values"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        format!(
            "{} {} ({})",
            text("key"),
            text("operator"),
            values.join(", ")
        )
    });
    let all: Vec<String> = equal.chain(other).collect();
    if all.is_empty() {
        "everything".to_owned()
    } else {
        all.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_select_as_kubernetes_does() {
        let of = labels(&json!({"app": "a", "tier": "x"}));
        let select = |selector| selects(&selector, &of);
        assert!(select(json!({})));
        assert!(select(json!({"matchLabels": {"app": "a"}})));
        assert!(!select(json!({"matchLabels": {"app": "b"}})));
        let one = |key: &str, operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        assert!(select(one("app", "In", &["a", "b"])));
        assert!(!select(one("gone", "In", &["a"])));
        assert!(select(one("gone", "NotIn", &["a"])));
        assert!(!select(one("app", "NotIn", &["a"])));
        assert!(select(one("tier", "Exists", &[])));
        assert!(!select(one("tier", "DoesNotExist", &[])));
    }
}
