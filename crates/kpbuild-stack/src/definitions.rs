//! The custom resource definitions, as text and as schemas to check against.
//!
//! Those of the operator are generated (see `templates/crds/generate.sh`), that of
//! Pyrra is written by hand. Their schemas serve twice: what a user passes through
//! in `spec:` is checked against them, and fields that Kubernetes has in every pod
//! (affinity, tolerations, ...) are taken from there instead of being written down
//! a second time.

use std::sync::OnceLock;

use kpbuild_core::yaml;
use serde_json::{Map, Value, json};

use crate::format;
use crate::schema::{FROM_DEFINITION, PARTIAL};

/// A definition of a kind of custom resource.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// The component that it comes with.
    pub component: &'static str,
    /// The group of the kind.
    pub group: &'static str,
    /// The plural of the kind, which names its file.
    pub plural: &'static str,
    /// The text.
    pub text: &'static str,
}

impl Definition {
    /// Its name in a cluster.
    pub fn name(&self) -> String {
        format!("{}.{}", self.plural, self.group)
    }
}

macro_rules! definitions {
    ($($component:literal, $group:literal, $folder:literal: $($plural:literal),*;)*) => {
        /// All definitions that come with a component.
        pub const DEFINITIONS: &[Definition] = &[
            $($(Definition {
                component: $component,
                group: $group,
                plural: $plural,
                text: include_str!(concat!("../../../templates/", $folder, "/", $plural, ".yaml")),
            },)*)*
        ];
    };
}

definitions! {
    "prometheus-operator", "monitoring.coreos.com", "crds":
        "alertmanagerconfigs",
        "alertmanagers",
        "podmonitors",
        "probes",
        "prometheusagents",
        "prometheuses",
        "prometheusrules",
        "scrapeconfigs",
        "servicemonitors",
        "thanosrulers";
    "pyrra", "pyrra.dev", "crds/pyrra":
        "servicelevelobjectives";
}

/// The strict schema of a custom resource's whole object, by its group and kind;
/// none for kinds of others. Each definition is read once, when it is first asked
/// for.
pub fn of_kind(group: &str, kind: &str) -> Option<&'static Value> {
    static SCHEMAS: [OnceLock<Value>; DEFINITIONS.len()] =
        [const { OnceLock::new() }; DEFINITIONS.len()];
    let index = index_of(group, kind)?;
    Some(SCHEMAS[index].get_or_init(|| schema(DEFINITIONS[index].plural)))
}

/// The schema of a custom resource as its definition has it, with what only
/// Kubernetes knows (keys of lists, rules in CEL); none for kinds of others.
pub fn structural(group: &str, kind: &str) -> Option<&'static Value> {
    index_of(group, kind).map(|index| whole(DEFINITIONS[index].plural))
}

/// The strict schema of a structural one, such as that of another version of a
/// definition.
pub fn strict(structural: &Value) -> Value {
    let mut schema = structural.clone();
    tighten(&mut schema);
    schema
}

/// The number of the definition of a kind.
fn index_of(group: &str, kind: &str) -> Option<usize> {
    let plural = match kind {
        "Prometheus" => "prometheuses".to_owned(),
        other => format!("{}s", other.to_lowercase()),
    };
    let mut all = DEFINITIONS.iter();
    all.position(|one| one.group == group && one.plural == plural)
}

/// The part of a definition that a schema refers to, if it does.
pub(crate) fn referred(schema: &Value) -> Option<Value> {
    let path = schema[FROM_DEFINITION].as_str()?;
    let mut part = self::schema(path);
    if schema[PARTIAL] == true {
        make_fields_partial(&mut part);
    }
    Some(part)
}

/// The schema at a path such as `prometheuses/spec/affinity`, made strict:
/// where fields are listed, no others are allowed.
pub(crate) fn schema(path: &str) -> Value {
    let mut steps = path.split('/');
    let plural = steps.next().expect("a path starts with a plural");
    let schema = steps.fold(whole(plural), |schema, step| match step {
        "[]" => &schema["items"],
        field => &schema["properties"][field],
    });
    assert!(schema.is_object(), "`{path}` is in the definition");
    let mut schema = schema.clone();
    tighten(&mut schema);
    schema
}

/// The schema of a whole object, read once: a definition has half a megabyte.
fn whole(plural: &str) -> &'static Value {
    static READ: [OnceLock<Value>; DEFINITIONS.len()] =
        [const { OnceLock::new() }; DEFINITIONS.len()];
    let index = DEFINITIONS
        .iter()
        .position(|one| one.plural == plural)
        .expect("paths are written in the types of this crate");
    READ[index].get_or_init(|| {
        let text = DEFINITIONS[index].text;
        let mut definition = yaml::read(text).expect("definitions are YAML");
        definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].take()
    })
}

/// The keys by which the items of a list in a custom resource are told apart;
/// none if the definition does not say so. The path is that of the fields,
/// without the numbers of items.
pub fn list_keys(group: &str, kind: &str, path: &[&str]) -> Option<Vec<&'static str>> {
    let schema = whole(DEFINITIONS[index_of(group, kind)?].plural);
    let list = path.iter().fold(schema, |schema, field| {
        let map = if schema["items"].is_object() {
            &schema["items"]
        } else {
            schema
        };
        &map["properties"][field]
    });
    let keys = list["x-kubernetes-list-map-keys"].as_array()?;
    Some(keys.iter().filter_map(Value::as_str).collect())
}

/// Turns a structural schema of Kubernetes into a strict JSON Schema.
fn tighten(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    let open = map.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true));
    if map.contains_key("properties") && !open {
        map.entry("additionalProperties")
            .or_insert(Value::Bool(false));
    }
    if map.remove("x-kubernetes-int-or-string") == Some(Value::Bool(true)) {
        map.remove("anyOf");
        map.insert("type".into(), json!(["integer", "string"]));
    }
    map.retain(|key, _| !key.starts_with("x-kubernetes-") && key != "format");
    let pattern = map.get("pattern").and_then(Value::as_str);
    if let Some(format) = pattern.and_then(format::of_pattern) {
        map.insert("format".into(), json!(format.name));
    }
    for (key, value) in map.iter_mut() {
        match key.as_str() {
            "properties" => each(value, tighten),
            "items" | "additionalProperties" | "not" => tighten(value),
            "allOf" | "anyOf" | "oneOf" => value
                .as_array_mut()
                .into_iter()
                .flatten()
                .for_each(tighten_branch),
            _ => {}
        }
    }
}

/// Branches say what must be there, not what else may be.
fn tighten_branch(schema: &mut Value) {
    if let Some(map) = schema.as_object_mut() {
        map.retain(|key, _| !key.starts_with("x-kubernetes-"));
    }
}

/// Lets a schema accept a part of a value: in maps that are merged nothing is
/// required and null removes; items of lists stay whole.
fn make_fields_partial(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    map.remove("required");
    if let Some(properties) = map.get_mut("properties") {
        each(properties, make_partial);
    }
    if let Some(values) = map.get_mut("additionalProperties") {
        make_partial(values);
    }
}

fn make_partial(schema: &mut Value) {
    make_fields_partial(schema);
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    match map.get_mut("type") {
        Some(Value::Array(types)) => types.push(json!("null")),
        Some(only) => *only = json!([only, "null"]),
        None => {}
    }
    if let Some(Value::Array(names)) = map.get_mut("enum") {
        names.push(Value::Null);
    }
}

fn each(properties: &mut Value, change: fn(&mut Value)) {
    properties
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
        .for_each(change);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_found_by_kind() {
        const OPERATOR: &str = "monitoring.coreos.com";
        for (group, kind) in [
            (OPERATOR, "Prometheus"),
            (OPERATOR, "ServiceMonitor"),
            (OPERATOR, "AlertmanagerConfig"),
            (OPERATOR, "Probe"),
            ("pyrra.dev", "ServiceLevelObjective"),
        ] {
            let schema = of_kind(group, kind).expect("it is defined");
            assert_eq!(schema["properties"]["spec"]["type"], "object", "{kind}");
        }
        assert_eq!(of_kind("apps", "Deployment"), None);
        assert_eq!(of_kind(OPERATOR, "ServiceLevelObjective"), None);
    }

    #[test]
    fn definitions_are_called_as_they_say() {
        for definition in DEFINITIONS {
            let read = yaml::read(definition.text).expect("it is YAML");
            assert_eq!(read["metadata"]["name"], definition.name());
            let spec = &read["spec"];
            assert_eq!(spec["group"], definition.group);
            assert_eq!(spec["names"]["plural"], definition.plural);
        }
    }

    #[test]
    fn every_definition_has_a_strict_schema() {
        for Definition { plural, .. } in DEFINITIONS {
            let spec = schema(&format!("{plural}/spec"));
            assert_eq!(spec["type"], "object", "{plural}");
            assert_eq!(spec["additionalProperties"], false, "{plural}");
        }
    }
}
