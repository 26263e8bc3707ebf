//! The custom resource definitions, as text and as schemas to check against.
//!
//! The texts are generated (see `templates/crds/generate.sh`). Their schemas
//! serve twice: what a user passes through in `spec:` is checked against them,
//! and fields that Kubernetes has in every pod (affinity, tolerations, ...) are
//! taken from there instead of being written down a second time.

use kpbuild_core::yaml;
use serde_json::{Map, Value, json};

/// A definition: the plural that names its file, and its text.
pub type Definition = (&'static str, &'static str);

macro_rules! definitions {
    ($($plural:literal),* $(,)?) => {
        /// All definitions that the operator needs, by plural.
        pub const DEFINITIONS: &[Definition] = &[
            $(($plural, include_str!(concat!("../../../templates/crds/", $plural, ".yaml")))),*
        ];
    };
}

definitions! {
    "alertmanagerconfigs",
    "alertmanagers",
    "podmonitors",
    "probes",
    "prometheusagents",
    "prometheuses",
    "prometheusrules",
    "scrapeconfigs",
    "servicemonitors",
    "thanosrulers",
}

/// The schema at a path such as `prometheuses/spec/affinity`, made strict:
/// where fields are listed, no others are allowed.
pub(crate) fn schema(path: &str) -> Value {
    let mut steps = path.split('/');
    let plural = steps.next().expect("a path starts with a plural");
    let (_, text) = DEFINITIONS
        .iter()
        .find(|(known, _)| *known == plural)
        .expect("paths are written in the types of this crate");
    let mut definition = yaml::read(text).expect("definitions are generated as YAML");
    let mut schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].take();
    for step in steps {
        schema = match step {
            "[]" => schema["items"].take(),
            field => schema["properties"][field].take(),
        };
    }
    assert!(schema.is_object(), "`{path}` is in the definition");
    tighten(&mut schema);
    schema
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
    // A pattern that a number may also have to match is about its text.
    map.retain(|key, _| !key.starts_with("x-kubernetes-") && key != "format");
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
    fn every_definition_has_a_strict_schema() {
        for (plural, _) in DEFINITIONS {
            let spec = schema(&format!("{plural}/spec"));
            assert_eq!(spec["type"], "object", "{plural}");
            assert_eq!(spec["additionalProperties"], false, "{plural}");
        }
    }
}
