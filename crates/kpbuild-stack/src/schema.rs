//! The JSON Schema of the stack file, made from the types that read it.
//!
//! The same schema checks the file ([`crate::parse`]) and is published for
//! editors: nothing is allowed in one place and forbidden in the other.

use std::sync::LazyLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::extends::BASE;
use crate::shape::StackFile;
use crate::{components, definitions, format};

/// A field whose schema is part of a custom resource definition names it here.
pub(crate) const FROM_DEFINITION: &str = "x-kpbuild-definition";

/// Marks a part that is merged into a rendered value: nothing in it is required.
pub(crate) const PARTIAL: &str = "x-kpbuild-partial";

/// Marks a value that may be null, and then says something.
pub(crate) const NULLABLE: &str = "x-kpbuild-nullable";

/// Fields that follow from others, with the names of those.
pub(crate) const DECIDED_BY: &str = "x-kpbuild-decided-by";

/// What a value is, in a user's words, where its type alone does not say it.
pub(crate) const EXPECTED: &str = "x-kpbuild-expected";

/// The schema as it is checked: parts of definitions are still references,
/// because reading a definition is only worth it when a file uses one.
pub(crate) fn checked() -> &'static Value {
    static CHECKED: LazyLock<Value> = LazyLock::new(strict::<StackFile>);
    &CHECKED
}

/// The schema of another file than the stack file, as strict as that one.
pub(crate) fn strict<T: JsonSchema>() -> Value {
    let mut schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    close(&mut schema);
    schema
}

/// The schema as it is published: complete in itself, and of standard words only.
pub fn published() -> Value {
    let mut schema = checked().clone();
    let mut parts = Map::new();
    refer(&mut schema, &mut parts);
    schema["$defs"]
        .as_object_mut()
        .expect("the stack file has parts")
        .extend(parts);
    show_defaults(&mut schema);
    admit_bases(&mut schema);
    standardise(&mut schema);
    schema["$id"] = json!("https://kpbuild.dev/stack.schema.json");
    schema
}

/// Makes a schema say what the reader means: a struct has no other fields, an
/// optional value is left out rather than null, and a map that has a default may
/// be left empty, as when all of its lines are comments.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            drop_null(map);
            if map.contains_key("properties") {
                map.entry("additionalProperties")
                    .or_insert(Value::Bool(false));
            }
            let optional = maps_with_default(map);
            map.values_mut().for_each(close);
            drop_default_of_map(map);
            let fields = map.get_mut("properties").and_then(Value::as_object_mut);
            fields
                .into_iter()
                .flat_map(Map::iter_mut)
                .filter(|(name, _)| optional.contains(name))
                .for_each(|(_, field)| allow_empty(field));
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn maps_with_default(schema: &Map<String, Value>) -> Vec<String> {
    let fields = schema.get("properties").and_then(Value::as_object);
    fields
        .into_iter()
        .flatten()
        .filter(|(_, field)| field["default"].is_object())
        .map(|(name, _)| name.clone())
        .collect()
}

fn drop_null(map: &mut Map<String, Value>) {
    if map.contains_key(NULLABLE) {
        return;
    }
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

/// Editors offer to write defaults out. Those of structs are the defaults of
/// their fields; nothing, and an empty map, are no defaults.
fn drop_default_of_map(schema: &mut Map<String, Value>) {
    let is_struct = schema.contains_key("$ref") || schema.contains_key(FROM_DEFINITION);
    let is_needless = match schema.get("default") {
        Some(Value::Null) => true,
        Some(Value::Object(fields)) => is_struct || fields.is_empty(),
        _ => false,
    };
    if is_needless {
        schema.remove("default");
    }
}

/// Lets a field that is a map have no value.
fn allow_empty(field: &mut Value) {
    let Some(map) = field.as_object_mut() else {
        return;
    };
    if map.get("type") == Some(&json!("object")) {
        map.insert("type".into(), json!(["object", "null"]));
        return;
    }
    let reference: Map<String, Value> = ["$ref", FROM_DEFINITION, PARTIAL]
        .into_iter()
        .filter_map(|word| map.remove_entry(word))
        .collect();
    if !reference.is_empty() {
        map.insert("anyOf".into(), json!([reference, {"type": "null"}]));
    }
}

/// Replaces the names of parts of definitions by references, and collects them.
fn refer(schema: &mut Value, parts: &mut Map<String, Value>) {
    match schema {
        Value::Object(map) => {
            if let Some(path) = map.get(FROM_DEFINITION).and_then(Value::as_str) {
                let name = part_name(path, map.get(PARTIAL) == Some(&Value::Bool(true)));
                let reference = json!(format!("#/$defs/{name}"));
                if !parts.contains_key(&name) {
                    let part = definitions::referred(&Value::Object(map.clone()));
                    parts.insert(name, part.expect("the path is there"));
                }
                map.insert("$ref".into(), reference);
            }
            map.values_mut().for_each(|value| refer(value, parts));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| refer(value, parts)),
        _ => {}
    }
}

fn part_name(path: &str, partial: bool) -> String {
    let name = path.replace("[]", "item").replace('/', ".");
    if partial {
        format!("partial.{name}")
    } else {
        name
    }
}

/// Editors show bases by the same schema: they have another kind, and no name.
fn admit_bases(schema: &mut Value) {
    let is_stack = json!({"properties": {"kind": {"const": "Stack"}}});
    let kind = &mut schema["properties"]["kind"];
    let about = kind["description"].clone();
    *kind = json!({"description": about, "enum": ["Stack", BASE]});
    schema["required"] = json!(["kind"]);
    schema["if"] = is_stack;
    schema["then"] = json!({"required": ["name"]});
}

/// Shows what each component is installed as, where its type alone does not say
/// it: the version, the image and the resources are chosen when it is resolved.
fn show_defaults(schema: &mut Value) {
    let installed = installed_by_default();
    let parts = schema["$defs"].as_object_mut().expect("there are parts");
    let components = parts["Components"]["properties"].clone();
    for (name, input) in installed {
        let reference = components[&name].pointer("/anyOf/0/$ref");
        let part = reference.and_then(Value::as_str).unwrap_or_default();
        let Some(part) = parts.get_mut(part.trim_start_matches("#/$defs/")) else {
            continue;
        };
        for field in ["version", "image", "resources"] {
            let value = input.get(field).filter(|value| !is_empty(value));
            if let (Some(value), Some(field)) = (value, part["properties"].get_mut(field)) {
                field["default"] = value.clone();
            }
        }
    }
}

/// The inputs of all components of a stack that says nothing but their names.
fn installed_by_default() -> Vec<(String, Value)> {
    let file: StackFile = serde_json::from_value(json!({"kind": "Stack", "name": "default"}))
        .expect("everything else has a default");
    let context = Context { file: &file };
    components::resolve(&context)
        .into_iter()
        .map(|component| (component.name.to_owned(), component.input))
        .collect()
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

/// Drops the words that only our own reader knows, and says in a pattern what
/// they say: editors know no format of ours.
fn standardise(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(name)) = map.get("format")
                && let Some(format) = format::named(name)
            {
                map.insert("pattern".into(), json!(format.pattern));
                if let Some(longest) = format.longest {
                    map.insert("maxLength".into(), json!(longest));
                }
            }
            if map.get("format").is_some_and(Value::is_string) {
                map.remove("format");
            }
            map.retain(|key, _| !key.starts_with("x-kpbuild-"));
            map.values_mut().for_each(standardise);
        }
        Value::Array(items) => items.iter_mut().for_each(standardise),
        _ => {}
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts that take further fields: those of a data source are its plug-in's.
    const OPEN: [&str; 1] = ["DataSource"];

    /// What an editor shows while somebody types.
    #[test]
    fn every_field_is_documented_and_every_struct_closed() {
        let schema = published();
        let parts = schema["$defs"].as_object().expect("there are parts");
        // Those of custom resources have a dot in their names, and no documentation.
        let own = parts.iter().filter(|(name, _)| !name.contains('.'));
        let mut count = 0;
        for (name, part) in own.chain([(&"the root".to_owned(), &schema)]) {
            let fields = part["properties"].as_object().into_iter().flatten();
            for (field, schema) in fields {
                count += 1;
                let about = schema["description"].as_str().unwrap_or_default();
                assert!(about.ends_with('.'), "{name}.{field}: {about:?}");
                assert!(about.len() > 10, "{name}.{field}: {about:?}");
            }
            if part.get("properties").is_some() {
                let open = OPEN.contains(&name.as_str());
                assert_eq!(part["additionalProperties"], open, "{name}");
            }
        }
        assert!(count > 100, "{count} fields");
    }

    #[test]
    fn what_is_published_has_standard_words_only() {
        let text = published().to_string();
        assert!(!text.contains("x-kpbuild"), "words of our own reader");
        assert!(!text.contains("x-kubernetes"), "words of Kubernetes");
        assert!(!text.contains("\"default\":null"), "defaults that are none");
    }

    #[test]
    fn editors_see_what_is_installed_by_default() {
        let schema = published();
        let prometheus = &schema["$defs"]["Prometheus"]["properties"];
        let image = prometheus["image"]["default"].as_str().unwrap_or_default();
        let version = prometheus["version"]["default"]
            .as_str()
            .unwrap_or_default();
        assert!(
            !version.is_empty() && image.ends_with(version),
            "{image} {version}"
        );
        let memory = &prometheus["resources"]["default"]["requests"]["memory"];
        assert!(memory.is_string(), "{memory}");
    }

    #[test]
    fn every_default_is_valid() {
        let root = checked();
        let mut defaults = 0;
        check_defaults(root, root, "", &mut defaults);
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
