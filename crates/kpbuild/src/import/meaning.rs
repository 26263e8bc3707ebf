//! What an object means, as far as two of them are compared: how texts are
//! spelt, in which order names stand, and what is empty, makes no difference.

use kpbuild_core::{ObjectKey, yaml};
use serde_json::{Map, Value, json};

use super::release::{self, Changed};
use super::{given, ini};

/// Who wrote the rules and dashboards that were given.
#[derive(Debug)]
pub(super) enum Texts {
    /// kpbuild: their texts are compared.
    Ours,
    /// Somebody else, mostly kube-prometheus: what they are called and when they
    /// fire is compared, but not the text of what is the same in other words. What
    /// was changed by hand is.
    Others(Changed),
}

impl Texts {
    /// Whether the text of a ConfigMap is compared.
    pub(super) fn compares(&self, key: &ObjectKey) -> bool {
        match self {
            Self::Ours => true,
            Self::Others(changed) => !is_own_text(key) || changed.has_text(&key.name),
        }
    }

    pub(super) fn are_ours(&self) -> bool {
        matches!(self, Self::Ours)
    }
}

/// Lists whose order means nothing; their items are told apart by their names
/// or by what they are.
const UNORDERED: [&str; 21] = [
    "apiGroups",
    "args",
    "configMaps",
    "containers",
    "egress",
    "enableFeatures",
    "env",
    "from",
    "imagePullSecrets",
    "ingress",
    "nonResourceURLs",
    "policyTypes",
    "ports",
    "resources",
    "secrets",
    "subjects",
    "to",
    "tolerations",
    "verbs",
    "volumeMounts",
    "volumes",
];

/// Maps that mean the same when they are empty and when they are not there. An
/// empty selector is none of them: it selects everything.
const EMPTY: [&str; 7] = [
    "annotations",
    "externalLabels",
    "labels",
    "limits",
    "nodeSelector",
    "requests",
    "resources",
];

/// What an object means.
pub(super) fn of(key: &ObjectKey, value: &Value, texts: &Texts) -> Value {
    let mut meaning = simple(&key.kind, value, "");
    if let Some(secret) = meaning.as_object_mut().filter(|_| key.kind == "Secret") {
        given::decode(secret);
        // One without a type is of this one.
        if secret.get("type").is_some_and(|name| name == "Opaque") {
            secret.remove("type");
        }
    }
    match key.kind.as_str() {
        "ConfigMap" if !texts.compares(key) => untold(&mut meaning),
        "Secret" | "ConfigMap" => told(&mut meaning),
        "PrometheusRule" => rules(&mut meaning, texts),
        _ => {}
    }
    meaning
}

/// Whether a ConfigMap holds a text that kpbuild has in words of its own.
pub(super) fn is_own_text(key: &ObjectKey) -> bool {
    is_dashboard(key) || key.name == "adapter-config"
}

/// Whether a ConfigMap holds a dashboard.
pub(super) fn is_dashboard(key: &ObjectKey) -> bool {
    key.kind == "ConfigMap" && key.name.starts_with("grafana-dashboard-")
}

/// Whether two values of one field mean the same.
pub(super) fn is_same(kind: &str, field: &str, ours: &Value, theirs: &Value) -> bool {
    ours == theirs || simple(kind, ours, field) == simple(kind, theirs, field)
}

/// Whether a field with this value might as well not be there.
pub(super) fn is_nothing(field: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty() && EMPTY.contains(&field),
        _ => false,
    }
}

/// Whether the order of a list of an object of this kind means nothing.
pub(super) fn is_unordered(kind: &str, field: &str) -> bool {
    UNORDERED.contains(&field) || (field == "rules" && kind.ends_with("Role"))
}

fn simple(kind: &str, value: &Value, field: &str) -> Value {
    match value {
        Value::Object(map) => {
            let fields = map.iter().filter(|(key, _)| !is_checksum(key));
            let fields = fields.map(|(key, value)| (key.clone(), simple(kind, value, key)));
            let fields = fields.filter(|(key, value)| !is_nothing(key, value));
            Value::Object(fields.collect())
        }
        Value::Array(items) if is_unordered(kind, field) && !items.is_empty() => {
            let mut by_name = Map::new();
            for item in items {
                let item = simple(kind, item, "");
                let mut name = name_of(&item);
                while by_name.contains_key(&name) {
                    name.push('+');
                }
                by_name.insert(name, item);
            }
            Value::Object(by_name)
        }
        Value::Array(items) => items.iter().map(|item| simple(kind, item, "")).collect(),
        other => other.clone(),
    }
}

/// Checksums of texts follow from the texts.
fn is_checksum(key: &str) -> bool {
    key.starts_with("checksum/") || key.starts_with("checksum.")
}

/// By what an item of a list is told apart.
pub(super) fn name_of(item: &Value) -> String {
    match (item["name"].as_str(), item["mountPath"].as_str()) {
        (_, Some(path)) => path.to_owned(),
        (Some(name), None) => name.to_owned(),
        _ => item.to_string(),
    }
}

/// Texts that only have to be there.
fn untold(meaning: &mut Value) {
    for text in meaning["data"].as_object_mut().into_iter().flatten() {
        *text.1 = json!("a text");
    }
}

/// Texts as what they say.
fn told(meaning: &mut Value) {
    for field in ["data", "stringData"] {
        let texts = meaning.get_mut(field).and_then(Value::as_object_mut);
        for (name, value) in texts.into_iter().flatten() {
            if let Some(text) = value.as_str() {
                *value = content(name, text);
            }
        }
    }
}

/// What a text says, if it is of a form that is known.
pub(super) fn content(name: &str, text: &str) -> Value {
    let is_ini = name.rsplit('.').next() == Some("ini");
    let read = if is_ini {
        ini::read(text)
    } else if text.trim_start().starts_with('{') {
        serde_json::from_str(text).ok()
    } else {
        yaml::read(text).ok()
    };
    read.filter(|read| read.is_object() || read.is_array())
        .unwrap_or_else(|| json!(text.trim_end()))
}

/// Rules by their groups and names: their order in a group means little.
fn rules(meaning: &mut Value, texts: &Texts) {
    let Some(groups) = meaning["spec"]["groups"].as_array() else {
        return;
    };
    let mut by_name = Map::new();
    for group in groups {
        let mut group = group.clone();
        let group_name = group["name"].as_str().unwrap_or_default().to_owned();
        let mut rules = Map::new();
        for rule in group["rules"].as_array().into_iter().flatten() {
            let mut name = rule_name(rule);
            // What was several rules of one name may be one in other words.
            while texts.are_ours() && rules.contains_key(&name) {
                name.push('+');
            }
            rules.insert(name, rule_meaning(&group_name, rule, texts));
        }
        group["rules"] = Value::Object(rules);
        by_name.insert(group_name, group);
    }
    meaning["spec"]["groups"] = Value::Object(by_name);
}

fn rule_name(rule: &Value) -> String {
    let name = rule["alert"].as_str().or(rule["record"].as_str());
    format!("{} {}", name.unwrap_or_default(), rule["labels"])
}

fn rule_meaning(group: &str, rule: &Value, texts: &Texts) -> Value {
    let mut rule = release::compared(group, rule, texts);
    let Some(fields) = rule.as_object_mut() else {
        return rule;
    };
    for field in ["for", "keep_firing_for"] {
        if fields.get(field).is_some_and(|value| value == "0s") {
            fields.remove(field);
        }
    }
    rule
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(kind: &str, value: &Value) -> Value {
        let key = ObjectKey {
            group: String::new(),
            kind: kind.to_owned(),
            namespace: String::new(),
            name: "adapter-config".to_owned(),
        };
        of(&key, value, &Texts::Ours)
    }

    #[track_caller]
    fn same(kind: &str, one: &Value, other: &Value) {
        assert_eq!(meaning(kind, one), meaning(kind, other));
    }

    #[track_caller]
    fn other(kind: &str, one: &Value, other: &Value) {
        assert_ne!(meaning(kind, one), meaning(kind, other));
    }

    #[test]
    fn order_and_emptiness_mean_nothing_where_kubernetes_gives_them_no_meaning() {
        let pod = |args: [&str; 2]| json!({"args": args, "env": [], "resources": {}});
        same(
            "Pod",
            &pod(["--a", "--b"]),
            &json!({"args": ["--b", "--a"]}),
        );
        other("Pod", &pod(["--a", "--b"]), &pod(["--a", "--c"]));
        let command = |args: [&str; 2]| json!({"command": args});
        other("Pod", &command(["a", "b"]), &command(["b", "a"]));
        other("Prometheus", &json!({"ruleSelector": {}}), &json!({}));
        let annotated = |sum: &str| json!({"annotations": {"checksum/config": sum}});
        same("Pod", &annotated("1"), &annotated("2"));
    }

    #[test]
    fn texts_mean_what_they_say() {
        let map = |text: &str| json!({"data": {"config.yaml": text}});
        same(
            "ConfigMap",
            &map("a: 1\nb: [x]\n"),
            &map("{\"b\": [\"x\"], \"a\": 1}"),
        );
        other("ConfigMap", &map("a: 1\n"), &map("a: 2\n"));
        let ini = |text: &str| json!({"stringData": {"grafana.ini": text}});
        same("Secret", &ini("[a]\nb = c\n"), &ini("; note\n[a]\nb=c\n"));
    }

    #[test]
    fn rules_are_told_apart_by_their_names() {
        let rule =
            |name: &str, hold: Option<&str>| json!({"alert": name, "expr": "1", "for": hold});
        let rules =
            |rules: [Value; 2]| json!({"spec": {"groups": [{"name": "g", "rules": rules}]}});
        let one = rules([rule("A", None), rule("B", Some("5m"))]);
        same(
            "PrometheusRule",
            &one,
            &rules([rule("B", Some("5m")), rule("A", Some("0s"))]),
        );
        other(
            "PrometheusRule",
            &one,
            &rules([rule("A", None), rule("B", Some("6m"))]),
        );
    }
}
