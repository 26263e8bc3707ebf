//! The documentation of one field of the stack file, from the schema that editors
//! read: what `kpbuild explain field` prints.

use kpbuild_core::suggest::nearest;
use serde_json::Value;

use crate::format;
use crate::schema::published;

/// What is known about a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its path: `components.prometheus.retention`.
    pub path: String,
    /// Its documentation.
    pub about: String,
    /// What its value is, in a user's words.
    pub kind: String,
    /// The value that it has when it is left out, as JSON.
    pub default: Option<String>,
    /// The only values that it takes, with their documentation.
    pub allowed: Vec<(String, String)>,
    /// Whether it must be set.
    pub is_required: bool,
    /// The fields below it: name, kind, and the first sentence about each.
    pub fields: Vec<Below>,
}

/// A field below another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Below {
    /// Its name.
    pub name: String,
    /// What its value is.
    pub kind: String,
    /// The first sentence about it.
    pub about: String,
}

/// A path that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoField {
    /// How far it leads; empty for the root.
    pub known: String,
    /// The step that is not there.
    pub step: String,
    /// The step that was probably meant.
    pub near: Option<String>,
    /// Paths that end with that step.
    pub elsewhere: Vec<String>,
}

/// The documentation of the field at a path such as `components.prometheus.storage`
/// or `rules.tests[]`; of the whole file if the path is empty.
pub fn field(path: &str) -> Result<Field, NoField> {
    let root = published();
    let mut schema = &root;
    let mut is_required = false;
    let mut known: Vec<&str> = Vec::new();
    for step in steps(path) {
        let parent = shapes(&root, schema);
        let Some(below) = child(&root, schema, step) else {
            let names: Vec<&str> = parent.iter().flat_map(|shape| names(shape)).collect();
            return Err(NoField {
                known: known.join("."),
                step: step.to_owned(),
                near: nearest(step, names).map(str::to_owned),
                elsewhere: places(&root, step),
            });
        };
        is_required = parent.iter().any(|shape| {
            // A stack has to have fields that what it extends need not have.
            let of_stacks = &shape["then"]["required"];
            let lists = [&shape["required"], of_stacks].into_iter();
            let mut required = lists.filter_map(Value::as_array).flatten();
            required.any(|name| name == step)
        });
        schema = below;
        known.push(step);
    }
    Ok(describe(&root, schema, path, is_required))
}

/// The steps of a path; `[]` and `[0]` are the items of a list.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split(['.', '[']).filter(|step| !step.is_empty())
}

/// The shapes that a value may have, references followed.
fn shapes<'s>(root: &'s Value, schema: &'s Value) -> Vec<&'s Value> {
    let schema = follow(root, schema);
    let branches = schema["anyOf"].as_array().into_iter().flatten();
    let mut all = vec![schema];
    all.extend(branches.flat_map(|branch| shapes(root, branch)));
    all
}

fn follow<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    match schema["$ref"].as_str() {
        Some(reference) => root
            .pointer(reference.trim_start_matches('#'))
            .expect("references of a schema lead somewhere"),
        None => schema,
    }
}

fn child<'s>(root: &'s Value, schema: &'s Value, step: &str) -> Option<&'s Value> {
    let index = step.strip_suffix(']');
    shapes(root, schema).into_iter().find_map(|shape| {
        let found = match index {
            Some(index) if index.bytes().all(|c| c.is_ascii_digit()) => &shape["items"],
            _ => match &shape["properties"][step] {
                Value::Null => &shape["additionalProperties"],
                field => field,
            },
        };
        found.is_object().then_some(found)
    })
}

fn names(shape: &Value) -> impl Iterator<Item = &str> {
    let fields = shape["properties"].as_object().into_iter().flatten();
    fields.map(|(name, _)| name.as_str())
}

fn describe(root: &Value, schema: &Value, path: &str, is_required: bool) -> Field {
    let shapes = shapes(root, schema);
    let text = |key: &str| {
        let own = std::iter::once(schema).chain(shapes.iter().copied());
        own.into_iter()
            .find_map(|one| one[key].as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let default = std::iter::once(schema)
        .chain(shapes.iter().copied())
        .map(|one| &one["default"])
        .find(|value| !value.is_null());
    let fields = shapes.iter().flat_map(|shape| {
        let fields = shape["properties"].as_object().into_iter().flatten();
        fields.map(|(name, field)| Below {
            name: name.clone(),
            kind: kind(root, field),
            about: about(root, field),
        })
    });
    Field {
        path: path.to_owned(),
        about: text("description"),
        kind: kind(root, schema),
        default: default.map(ToString::to_string),
        allowed: allowed(&shapes),
        is_required,
        fields: fields.collect(),
    }
}

/// The names that a value may have, with what each means.
fn allowed(shapes: &[&Value]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for shape in shapes {
        let list = shape["enum"].as_array().into_iter().flatten();
        all.extend(
            list.filter_map(Value::as_str)
                .map(|name| (name.to_owned(), String::new())),
        );
        for branch in shape["oneOf"].as_array().into_iter().flatten() {
            let about = branch["description"].as_str().unwrap_or_default();
            let one = branch["const"].as_str().into_iter();
            let many = branch["enum"].as_array().into_iter().flatten();
            let names = one.chain(many.filter_map(Value::as_str));
            all.extend(names.map(|name| (name.to_owned(), first_sentence(about))));
        }
    }
    all
}

/// What a value is, in a user's words.
fn kind(root: &Value, schema: &Value) -> String {
    let mut words: Vec<String> = Vec::new();
    for shape in shapes(root, schema) {
        let noun = format::FORMATS
            .iter()
            .find(|format| shape["pattern"] == format.pattern)
            .map(|format| format.noun);
        let one = shape["type"].as_str().into_iter();
        let many = shape["type"].as_array().into_iter().flatten();
        for name in one.chain(many.filter_map(Value::as_str)) {
            let word = match name {
                "object" if shape["properties"].is_object() => "a map".to_owned(),
                "object" => "a map of names".to_owned(),
                "array" => format!(
                    "a list, of which each item is {}",
                    kind(root, &shape["items"])
                ),
                "string" => noun.unwrap_or("a string").to_owned(),
                "boolean" => "true or false".to_owned(),
                "integer" => "a whole number".to_owned(),
                "number" => "a number".to_owned(),
                _ => continue,
            };
            if !words.contains(&word) {
                words.push(word);
            }
        }
        if words.is_empty() && shape["oneOf"].is_array() {
            words.push("a name".to_owned());
        }
    }
    if words.is_empty() {
        "any value".to_owned()
    } else {
        words.join(" or ")
    }
}

fn about(root: &Value, schema: &Value) -> String {
    let text = std::iter::once(schema)
        .chain(shapes(root, schema))
        .find_map(|one| one["description"].as_str());
    first_sentence(text.unwrap_or_default())
}

/// The first sentence of a documentation, on one line.
fn first_sentence(text: &str) -> String {
    let text = text.replace('\n', " ");
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    text[..end].to_owned()
}

/// The paths of fields that have a name, at most three.
fn places(root: &Value, name: &str) -> Vec<String> {
    fn search(root: &Value, schema: &Value, name: &str, path: &str, found: &mut Vec<String>) {
        // Custom resources are deep, and a field of theirs is hardly meant.
        if found.len() >= 3 || path.matches('.').count() > 4 || path.ends_with("spec") {
            return;
        }
        for shape in shapes(root, schema) {
            for (key, field) in shape["properties"].as_object().into_iter().flatten() {
                let below = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                if key == name && found.len() < 3 && !found.contains(&below) {
                    found.push(below.clone());
                }
                search(root, field, name, &below, found);
            }
        }
    }
    let mut found = Vec::new();
    search(root, root, name, "", &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_described() {
        let retention = field("components.prometheus.retention").expect("it is there");
        assert_eq!(retention.kind, "a duration");
        assert!(retention.about.ends_with('.'), "{}", retention.about);
        let platform = field("cluster.platform").expect("it is there");
        assert!(platform.allowed.iter().any(|(name, _)| name == "eks"));
        let storage = field("components.prometheus.storage").expect("it is there");
        let size = storage.fields.iter().find(|one| one.name == "size");
        assert_eq!(size.map(|one| one.kind.as_str()), Some("a quantity"));
        assert!(field("name").expect("it is there").is_required);
        assert!(!field("").expect("the file").fields.is_empty());
    }

    #[test]
    fn lists_and_custom_resources_are_entered() {
        let reason = field("check.silence[].reason").expect("it is there");
        assert!(reason.is_required);
        let deep = field("components.prometheus.spec.web.pageTitle").expect("it is there");
        assert_eq!(deep.kind, "a string");
    }

    #[test]
    fn a_path_that_leads_nowhere_says_where_it_ends() {
        let wrong = field("components.prometheus.retenton").expect_err("a slip");
        assert_eq!(wrong.near.as_deref(), Some("retention"));
        assert_eq!(wrong.known, "components.prometheus");
        let elsewhere = field("retention").expect_err("it is below a component");
        assert!(
            elsewhere
                .elsewhere
                .contains(&"components.prometheus.retention".to_owned()),
            "{elsewhere:?}"
        );
    }
}
