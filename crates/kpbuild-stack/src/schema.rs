//! The JSON Schema of the stack file, made from the types that read it.
//!
//! The same schema checks the file ([`crate::parse`]) and is published for
//! editors: nothing is allowed in one place and forbidden in the other.

use std::borrow::Cow;
use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::definitions;
use crate::shape::StackFile;

/// A field whose schema is part of a custom resource definition names it here.
pub(crate) const FROM_DEFINITION: &str = "x-kpbuild-definition";

/// Marks a part that is merged into a rendered value: nothing in it is required.
pub(crate) const PARTIAL: &str = "x-kpbuild-partial";

/// Fields that follow from others, with the names of those.
pub(crate) const DECIDED_BY: &str = "x-kpbuild-decided-by";

/// The schema as it is checked: parts of definitions are still references,
/// because reading a definition is only worth it when a file uses one.
pub(crate) fn checked() -> Value {
    let mut schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<StackFile>()
        .to_value();
    close(&mut schema);
    schema
}

/// The schema as it is published: complete in itself.
pub fn published() -> Value {
    let mut schema = checked();
    let mut used = BTreeSet::new();
    refer(&mut schema, &mut used);
    let parts = schema["$defs"]
        .as_object_mut()
        .expect("the stack file has parts");
    for (path, partial) in used {
        let mut part = definitions::schema(&path);
        if partial {
            make_partial(&mut part);
        }
        parts.insert(part_name(&path), part);
    }
    schema["$id"] = json!("https://kpbuild.dev/stack.schema.json");
    schema
}

/// Makes a schema say what the reader means: a struct has no other fields, and
/// an optional field is left out, not set to null.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            drop_null(map);
            if map.contains_key("properties") && !map.contains_key("additionalProperties") {
                map.insert("additionalProperties".into(), Value::Bool(false));
            }
            match map.get_mut("default") {
                Some(Value::Null) => drop(map.remove("default")),
                Some(default) => leave_out_nulls(default),
                None => {}
            }
            map.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// A default that editors fill in must be one that the reader accepts.
fn leave_out_nulls(default: &mut Value) {
    if let Value::Object(map) = default {
        map.retain(|_, value| !value.is_null());
        map.values_mut().for_each(leave_out_nulls);
    }
}

fn drop_null(map: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            map.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(branches)) = map.get_mut("anyOf") {
        branches.retain(|branch| branch["type"] != "null");
        if let [Value::Object(only)] = branches.as_slice() {
            let only = only.clone();
            map.remove("anyOf");
            for (key, value) in only {
                map.entry(key).or_insert(value);
            }
        }
    }
}

/// Replaces the names of parts of definitions by references, and collects them.
fn refer(schema: &mut Value, used: &mut BTreeSet<(String, bool)>) {
    match schema {
        Value::Object(map) => {
            if let Some(path) = map.remove(FROM_DEFINITION) {
                let path = path.as_str().expect("paths are strings").to_owned();
                map.insert(
                    "$ref".into(),
                    json!(format!("#/$defs/{}", part_name(&path))),
                );
                let partial = map.remove(PARTIAL).is_some();
                used.insert((path, partial));
            }
            map.values_mut().for_each(|value| refer(value, used));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| refer(value, used)),
        _ => {}
    }
}

/// Lets a schema accept a part of a value: in maps that are merged nothing is
/// required and null removes; items of lists stay whole.
fn make_partial(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    map.remove("required");
    if let Some(Value::String(only)) = map.get("type") {
        let nullable = json!([only, "null"]);
        map.insert("type".into(), nullable);
    } else if let Some(Value::Array(types)) = map.get_mut("type") {
        types.push(json!("null"));
    }
    if let Some(Value::Array(names)) = map.get_mut("enum") {
        names.push(Value::Null);
    }
    let fields = map.get_mut("properties").and_then(Value::as_object_mut);
    fields
        .into_iter()
        .flat_map(Map::values_mut)
        .for_each(make_partial);
    if let Some(values) = map.get_mut("additionalProperties") {
        make_partial(values);
    }
}

fn part_name(path: &str) -> String {
    path.replace("[]", "item").replace('/', ".")
}

/// Declares a type whose values are part of a custom resource, passed through
/// and checked against its definition.
macro_rules! from_definition {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub serde_json::Value);

        impl Default for $name {
            /// Nothing of it.
            fn default() -> Self {
                Self(serde_json::json!({}))
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"x-kpbuild-definition": $path})
            }
        }
    )*};
}
pub(crate) use from_definition;

/// The name under which a schema is found in messages: its title, or nothing.
pub(crate) fn title(schema: &Value) -> Cow<'_, str> {
    schema["title"]
        .as_str()
        .map_or(Cow::Borrowed("value"), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_valid() {
        let root = checked();
        let mut defaults = 0;
        check_defaults(&root, &root, "", &mut defaults);
        assert!(defaults > 100, "{defaults}");
    }

    fn check_defaults(schema: &Value, root: &Value, path: &str, defaults: &mut usize) {
        let Some(map) = schema.as_object() else {
            return;
        };
        if let Some(default) = map.get("default") {
            *defaults += 1;
            let mut alone = schema.clone();
            alone["$defs"] = root["$defs"].clone();
            let result = jsonschema::validate(&alone, default);
            assert!(result.is_ok(), "`{path}`: {default}: {result:?}");
        }
        for part in ["properties", "$defs"] {
            for (name, value) in map
                .get(part)
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                check_defaults(value, root, &format!("{path}/{name}"), defaults);
            }
        }
    }
}
