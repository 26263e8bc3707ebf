//! What a schema of Kubernetes says beyond JSON Schema's usual words: keys by
//! which items of a list are told apart, sets, patterns, and rules in CEL.

use std::collections::HashMap;

use kpbuild_stack::format;
use regex::Regex;
use serde_json::Value;

use crate::facts::{items, strings};

/// Something that a value breaks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// What is wrong, with the path of the value.
    pub(crate) message: String,
    /// The way out.
    pub(crate) help: Option<String>,
}

/// Everything that a value breaks. References are looked up in the root.
pub(crate) fn broken(value: &Value, root: &Value, schema: &Value) -> Vec<Broken> {
    let mut found = Vec::new();
    walk(value, root, schema, "", &mut found);
    found
}

fn walk(value: &Value, root: &Value, schema: &Value, path: &str, found: &mut Vec<Broken>) {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => root
            .pointer(&reference[1..])
            .expect("references of a schema lead somewhere"),
        None => schema,
    };
    rules(value, schema, path, found);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                let below = match &schema["properties"][name] {
                    Value::Null => &schema["additionalProperties"],
                    field => field,
                };
                if below.is_object() {
                    walk(value, root, below, &join(path, name), found);
                }
            }
        }
        Value::Array(list) => {
            told_apart(list, schema, path, found);
            if schema["items"].is_object() {
                for (index, value) in list.iter().enumerate() {
                    walk(
                        value,
                        root,
                        &schema["items"],
                        &format!("{path}[{index}]"),
                        found,
                    );
                }
            }
        }
        Value::String(text) => pattern(text, schema, path, found),
        _ => {}
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// Items of a list that is merged by keys must differ in them.
fn told_apart(list: &[Value], schema: &Value, path: &str, found: &mut Vec<Broken>) {
    let keys: Vec<&str> = strings(&schema["x-kubernetes-list-map-keys"]).collect();
    let is_set = schema["x-kubernetes-list-type"] == "set";
    if keys.is_empty() && !is_set {
        return;
    }
    let key_of = |item: &Value| -> Vec<Value> {
        match keys.as_slice() {
            [] => vec![item.clone()],
            keys => keys.iter().map(|key| key_value(item, key)).collect(),
        }
    };
    let mut seen: Vec<Vec<Value>> = Vec::new();
    for item in list {
        let key = key_of(item);
        if seen.contains(&key) {
            let words: Vec<String> = key.iter().map(words).collect();
            let what = if keys.is_empty() {
                words[0].clone()
            } else {
                format!("the {} {}", keys.join(" and "), words.join(" and "))
            };
            found.push(Broken {
                message: format!("`{path}` has {what} twice"),
                help: Some("the API server refuses it: remove one of the two".to_owned()),
            });
        } else {
            seen.push(key);
        }
    }
}

/// The value of an item's key; a port without a protocol is one of TCP.
fn key_value(item: &Value, key: &str) -> Value {
    match (&item[key], key) {
        (Value::Null, "protocol") => Value::from("TCP"),
        (value, _) => value.clone(),
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

/// Patterns that stand for a format have better messages elsewhere.
fn pattern(text: &str, schema: &Value, path: &str, found: &mut Vec<Broken>) {
    let Some(pattern) = schema["pattern"].as_str() else {
        return;
    };
    if format::of_pattern(pattern).is_some() {
        return;
    }
    if Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text)) {
        found.push(Broken {
            message: format!(
                "`{path}` is `{text}`, which does not have the form that it must have"
            ),
            help: Some(format!("it must match {pattern}")),
        });
    }
}

/// The rules that a definition states in CEL.
fn rules(value: &Value, schema: &Value, path: &str, found: &mut Vec<Broken>) {
    for rule in items(&schema["x-kubernetes-validations"]) {
        let Some(text) = rule["rule"].as_str() else {
            continue;
        };
        // `oldSelf` speaks of a change, which is not known here.
        if text.contains("oldSelf") || holds(text, value) != Some(false) {
            continue;
        }
        let place = if path.is_empty() { "it" } else { path };
        let message = rule["message"].as_str().unwrap_or(text);
        found.push(Broken {
            message: format!("`{place}`: {message}"),
            help: Some(format!("its definition demands {text}")),
        });
    }
}

/// Whether a rule holds for a value; nothing if it cannot be told, for which the
/// API server, which knows more types and functions, has the last word.
fn holds(rule: &str, value: &Value) -> Option<bool> {
    let program = cel::Program::compile(rule).ok()?;
    let mut context = cel::Context::default();
    context.add_variable_from_value("self", cel_value(value));
    match program.execute(&context).ok()? {
        cel::Value::Bool(holds) => Some(holds),
        _ => None,
    }
}

fn cel_value(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(cel_value).collect::<Vec<_>>().into(),
        Value::Object(map) => {
            let entries = map
                .iter()
                .map(|(key, value)| (key.clone(), cel_value(value)));
            entries.collect::<HashMap<String, cel::Value>>().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_in_cel_are_evaluated() {
        let agent = |spec: &Value| {
            holds(
                "!(has(self.mode) && self.mode == 'DaemonSet' && has(self.replicas))",
                spec,
            )
        };
        assert_eq!(agent(&json!({"mode": "DaemonSet"})), Some(true));
        assert_eq!(
            agent(&json!({"mode": "DaemonSet", "replicas": 2})),
            Some(false)
        );
        let one = |spec: &Value| {
            holds(
                "[has(self.basicAuth), has(self.authorization), has(self.oauth2)].filter(x, x).size() <= 1",
                spec,
            )
        };
        assert_eq!(one(&json!({"basicAuth": {}})), Some(true));
        assert_eq!(one(&json!({"basicAuth": {}, "oauth2": {}})), Some(false));
        assert_eq!(
            holds("self.shards > 1", &json!({"shards": 2})),
            Some(true),
            "whole numbers are compared"
        );
        assert_eq!(holds("self.x.unknownFunction()", &json!({"x": 1})), None);
    }

    /// A rule that cannot be evaluated would never find anything.
    #[test]
    fn every_rule_of_the_definitions_can_be_evaluated() {
        fn walk(schema: &Value, rules: &mut Vec<String>) {
            match schema {
                Value::Object(map) => {
                    let own = map.get("x-kubernetes-validations").into_iter();
                    rules.extend(
                        own.flat_map(items)
                            .filter_map(|rule| rule["rule"].as_str())
                            .map(str::to_owned),
                    );
                    map.values().for_each(|value| walk(value, rules));
                }
                Value::Array(items) => items.iter().for_each(|value| walk(value, rules)),
                _ => {}
            }
        }
        let mut rules = Vec::new();
        for kind in [
            "Prometheus",
            "PrometheusAgent",
            "Alertmanager",
            "AlertmanagerConfig",
            "ScrapeConfig",
            "ThanosRuler",
        ] {
            let group = "monitoring.coreos.com";
            let schema = kpbuild_stack::definitions::structural(group, kind).expect("it is ours");
            walk(schema, &mut rules);
        }
        rules.sort();
        rules.dedup();
        assert!(rules.len() >= 7, "{rules:?}");
        let spec = json!({"type": "OnDelete", "mode": "x", "shards": 1, "shardingStrategy": {}});
        for rule in rules {
            assert!(holds(&rule, &spec).is_some(), "{rule}");
        }
    }

    #[test]
    fn items_of_lists_are_told_apart_by_their_keys() {
        let schema = json!({"x-kubernetes-list-map-keys": ["port", "protocol"]});
        let found = broken(
            &json!([{"port": 1}, {"port": 1, "protocol": "UDP"}, {"port": 1, "protocol": "TCP"}]),
            &schema,
            &schema,
        );
        assert_eq!(found.len(), 1, "{found:?}");
        let set = json!({"x-kubernetes-list-type": "set"});
        assert_eq!(broken(&json!(["a", "b", "a"]), &set, &set).len(), 1);
    }
}
