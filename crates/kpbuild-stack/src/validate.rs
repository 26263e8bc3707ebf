//! Checks a tree against a schema and reports everything that is wrong, each
//! problem at its own place with the way out.
//!
//! It knows the part of JSON Schema that our types and Kubernetes' structural
//! schemas use. It is our own because its messages are the point of it; that it
//! agrees with the reference implementation is a test.

use kpbuild_core::node::{Entry, NodeKind};
use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Diagnostic, Diagnostics, Node, Span};
use serde_json::Value;

use crate::definitions;
use crate::scalar;
use crate::schema::{DECIDED_BY, FROM_DEFINITION, PARTIAL, title};

/// A field that no type has.
pub const UNKNOWN_FIELD: Code = Code("stack-unknown-field");
/// A field that follows from another one.
pub const DECIDED_FIELD: Code = Code("stack-decided-field");
/// A field that is set twice.
pub const DUPLICATE_FIELD: Code = Code("stack-duplicate-field");
/// A field that must be set.
pub const MISSING_FIELD: Code = Code("stack-missing-field");
/// A value of another type.
pub const WRONG_TYPE: Code = Code("stack-wrong-type");
/// A name that is none of the known ones.
pub const UNKNOWN_NAME: Code = Code("stack-unknown-name");
/// A number, or a length, outside of its range.
pub const OUT_OF_RANGE: Code = Code("stack-out-of-range");
/// A text that does not have the format that it must have.
pub const BAD_FORMAT: Code = Code("stack-bad-format");

/// Checks a whole file.
pub(crate) fn validate(root: &Node, schema: &Value, diagnostics: &mut Diagnostics) {
    let mut validator = Validator {
        schema,
        diagnostics,
    };
    validator.value(root, schema, &Path::default(), None);
}

struct Validator<'a> {
    schema: &'a Value,
    diagnostics: &'a mut Diagnostics,
}

/// The keys from the root to a value.
#[derive(Clone, Default)]
struct Path {
    keys: Vec<String>,
    /// Whether the value is merged into a rendered one: what is required may be
    /// there already, and null removes. Items of lists are never merged.
    partial: bool,
}

impl Path {
    fn below(&self, key: &str) -> Self {
        let mut keys = self.keys.clone();
        keys.push(key.to_owned());
        Self {
            keys,
            partial: self.partial,
        }
    }

    fn item(&self, index: usize) -> Self {
        Self {
            partial: false,
            ..self.below(&index.to_string())
        }
    }

    fn partial(&self) -> Self {
        Self {
            partial: true,
            ..self.clone()
        }
    }

    /// As it is written in a sentence: `components.prometheus.replicas`.
    fn text(&self) -> String {
        self.keys.join(".")
    }

    fn last(&self) -> &str {
        self.keys.last().map_or("the file", String::as_str)
    }

    /// ` in `x.y``, or nothing at the root.
    fn place(&self) -> String {
        match self.keys.as_slice() {
            [] => String::new(),
            _ => format!(" in `{}`", self.text()),
        }
    }
}

impl Validator<'_> {
    fn value(&mut self, node: &Node, schema: &Value, path: &Path, key: Option<Span>) {
        let schema = follow(self.schema, schema);
        if let Some(definition) = schema[FROM_DEFINITION].as_str() {
            let path = if schema[PARTIAL] == true {
                path.partial()
            } else {
                path.clone()
            };
            let schema = definitions::schema(definition);
            return self.value(node, &schema, &path, key);
        }
        if matches!(node.kind, NodeKind::Null) {
            return self.nothing(node, schema, path, key);
        }
        if !self.has_type(node, schema, path) {
            return;
        }
        self.names(node, schema, path);
        self.alternatives(node, schema, path);
        match &node.kind {
            NodeKind::Map(entries) => self.map(node, entries, schema, path),
            NodeKind::List(items) => self.list(node, items, schema, path),
            NodeKind::String(text) => self.string(node, text, schema, path),
            NodeKind::Number(number) => self.number(node, number, schema, path),
            NodeKind::Bool(_) | NodeKind::Null => {}
        }
    }

    /// A key without a value: an empty map where a map is expected, as when all
    /// of its lines are comments; a mistake elsewhere.
    fn nothing(&mut self, node: &Node, schema: &Value, path: &Path, key: Option<Span>) {
        if path.partial
            || expects(schema, "object")
            || schema["nullable"] == true
            || schema == &Value::Bool(true)
        {
            return;
        }
        let message = format!("`{}` has no value", path.last());
        self.diagnostics.push(
            Diagnostic::error(WRONG_TYPE, message)
                .at(
                    key.unwrap_or(node.span),
                    format!("expected {}", expected(schema)),
                )
                .help("give it a value, or remove the line to have the default"),
        );
    }

    fn has_type(&mut self, node: &Node, schema: &Value, path: &Path) -> bool {
        let types: Vec<&str> = types(schema).collect();
        if types.is_empty() || types.iter().any(|name| is_of_type(node, name)) {
            return true;
        }
        let message = format!("`{}` must be {}", path.text(), expected(schema));
        let mut diagnostic = Diagnostic::error(WRONG_TYPE, message)
            .at(node.span, format!("this is {}", node.type_name()));
        if let Some(help) = type_help(node, &types) {
            diagnostic = diagnostic.help(help);
        }
        self.diagnostics.push(diagnostic);
        false
    }

    /// A string that must be one of a list of names.
    fn names(&mut self, node: &Node, schema: &Value, path: &Path) {
        let names: Vec<&str> = names(schema).collect();
        let Some(text) = node.as_str() else { return };
        if names.is_empty() || names.contains(&text) {
            return;
        }
        let message = format!("`{text}` is not a {}", noun(schema, path));
        let all = format!("known are {}", listed(&names));
        let diagnostic = Diagnostic::error(UNKNOWN_NAME, message).at(node.span, "");
        self.diagnostics
            .push(match nearest(text, names.iter().copied()) {
                Some(name) => diagnostic.note(all).help(format!("did you mean `{name}`?")),
                None => diagnostic.help(all),
            });
    }

    /// A value that may have one of several shapes: one whose type fits decides.
    fn alternatives(&mut self, node: &Node, schema: &Value, path: &Path) {
        let branches = schema["anyOf"].as_array().into_iter().flatten();
        let mut fitting = branches
            .clone()
            .map(|branch| follow(self.schema, branch))
            .filter(|branch| {
                let mut types = types(branch).peekable();
                types.peek().is_none() || types.any(|name| is_of_type(node, name))
            });
        match (fitting.next(), branches.count()) {
            (Some(branch), _) => self.value(node, branch, path, None),
            (None, 0) => {}
            (None, _) => {
                let message = format!("`{}` must be {}", path.text(), expected(schema));
                self.diagnostics.push(
                    Diagnostic::error(WRONG_TYPE, message)
                        .at(node.span, format!("this is {}", node.type_name())),
                );
            }
        }
    }

    fn map(&mut self, node: &Node, entries: &[Entry], schema: &Value, path: &Path) {
        let known = schema["properties"].as_object();
        for (index, entry) in entries.iter().enumerate() {
            if let Some(first) = entries[..index]
                .iter()
                .find(|earlier| earlier.key == entry.key)
            {
                self.duplicate(first, entry, path);
            }
            let below = path.below(&entry.key);
            match known.and_then(|fields| fields.get(&entry.key)) {
                Some(field) => self.value(&entry.value, field, &below, Some(entry.key_span)),
                None => self.other_field(entry, schema, path, &below),
            }
        }
        if path.partial {
            return;
        }
        for required in schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if node.get(required).is_none() {
                self.missing(node, required, schema, path);
            }
        }
    }

    fn duplicate(&mut self, first: &Entry, second: &Entry, path: &Path) {
        let message = format!("`{}` is set twice{}", second.key, path.place());
        self.diagnostics.push(
            Diagnostic::error(DUPLICATE_FIELD, message)
                .at(second.key_span, "")
                .at(first.key_span, "first here")
                .help("keep one of the two"),
        );
    }

    fn missing(&mut self, node: &Node, field: &str, schema: &Value, path: &Path) {
        let about = follow(self.schema, &schema["properties"][field])["description"]
            .as_str()
            .or(schema["properties"][field]["description"].as_str())
            .and_then(|text| text.lines().next())
            .map(|text| text.trim_end_matches('.').to_owned());
        let message = format!("`{field}` is missing{}", path.place());
        let diagnostic = Diagnostic::error(MISSING_FIELD, message).at(node.span, "");
        self.diagnostics.push(match about {
            Some(about) => diagnostic.note(format!("`{field}`: {about}")),
            None => diagnostic,
        });
    }

    fn other_field(&mut self, entry: &Entry, schema: &Value, path: &Path, below: &Path) {
        if let Some(format) = schema["propertyNames"]["format"].as_str() {
            self.format(&entry.key, entry.key_span, format, path);
        }
        match &schema["additionalProperties"] {
            Value::Bool(false) => self.unknown(entry, schema, path),
            Value::Object(_) => {
                self.value(
                    &entry.value,
                    &schema["additionalProperties"],
                    below,
                    Some(entry.key_span),
                );
            }
            _ => {}
        }
    }

    fn unknown(&mut self, entry: &Entry, schema: &Value, path: &Path) {
        if let Some(field) = schema[DECIDED_BY][&entry.key].as_str() {
            return self.decided(entry, field, path);
        }
        let fields: Vec<&str> = schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        let message = match path.keys.as_slice() {
            [parent] if parent == "components" => format!("there is no component `{}`", entry.key),
            [.., parent] if parent == "parameters" => format!("there is no mixin `{}`", entry.key),
            [.., parent, mixin] if parent == "parameters" => {
                format!("the mixin `{mixin}` has no parameter `{}`", entry.key)
            }
            _ => format!("unknown field `{}`{}", entry.key, path.place()),
        };
        let diagnostic = Diagnostic::error(UNKNOWN_FIELD, message).at(entry.key_span, "");
        self.diagnostics
            .push(match nearest(&entry.key, fields.iter().copied()) {
                Some(field) => diagnostic.help(format!("did you mean `{field}`?")),
                None if fields.is_empty() => diagnostic.help("remove it: nothing can be set here"),
                None if fields.len() > 40 => diagnostic.help("`kpbuild schema` lists the fields"),
                None => diagnostic.help(format!("the fields are {}", listed(&fields))),
            });
    }

    /// A field that users know from elsewhere, and that another one says here.
    fn decided(&mut self, entry: &Entry, field: &str, path: &Path) {
        let message = format!(
            "`{}`{} follows from the stack's `{field}`",
            entry.key,
            path.place()
        );
        self.diagnostics.push(
            Diagnostic::error(DECIDED_FIELD, message)
                .at(entry.key_span, "")
                .help(format!("set the stack's `{field}` instead")),
        );
    }

    fn list(&mut self, node: &Node, items: &[Node], schema: &Value, path: &Path) {
        for (index, item) in items.iter().enumerate() {
            self.value(item, &schema["items"], &path.item(index), None);
        }
        let length = items.len() as u64;
        if let Some(least) = schema["minItems"].as_u64().filter(|least| length < *least) {
            self.range(
                node,
                path,
                &format!("has {length} items, the least is {least}"),
            );
        }
        if let Some(most) = schema["maxItems"].as_u64().filter(|most| length > *most) {
            self.range(
                node,
                path,
                &format!("has {length} items, the most is {most}"),
            );
        }
    }

    fn string(&mut self, node: &Node, text: &str, schema: &Value, path: &Path) {
        if let Some(format) = schema["format"].as_str() {
            self.format(text, node.span, format, path);
        }
        let length = text.chars().count() as u64;
        if let Some(least) = schema["minLength"].as_u64().filter(|least| length < *least) {
            let words = if least == 1 {
                "is empty".to_owned()
            } else {
                format!("has {length} characters, the least is {least}")
            };
            self.range(node, path, &words);
        }
        if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
            self.range(
                node,
                path,
                &format!("has {length} characters, the most is {most}"),
            );
        }
    }

    fn format(&mut self, text: &str, span: Span, format: &str, path: &Path) {
        if let Err(reason) = scalar::check(format, text) {
            let message = format!(
                "`{}` is not a {} (`{}`)",
                text,
                format.replace('-', " "),
                path.text()
            );
            self.diagnostics.push(
                Diagnostic::error(BAD_FORMAT, message)
                    .at(span, "")
                    .help(reason),
            );
        }
    }

    fn number(&mut self, node: &Node, number: &serde_json::Number, schema: &Value, path: &Path) {
        let Some(value) = number.as_f64() else { return };
        if let Some(least) = schema["minimum"].as_f64().filter(|least| value < *least) {
            self.range(node, path, &format!("is {number}, the least is {least}"));
        }
        if let Some(most) = schema["maximum"].as_f64().filter(|most| value > *most) {
            self.range(node, path, &format!("is {number}, the most is {most}"));
        }
    }

    fn range(&mut self, node: &Node, path: &Path, words: &str) {
        let message = format!("`{}` {words}", path.text());
        self.diagnostics
            .push(Diagnostic::error(OUT_OF_RANGE, message).at(node.span, ""));
    }
}

fn follow<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    match schema["$ref"]
        .as_str()
        .and_then(|path| path.strip_prefix('#'))
    {
        Some(pointer) => root
            .pointer(pointer)
            .expect("references of a schema lead somewhere"),
        None => schema,
    }
}

fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let one = schema["type"].as_str().into_iter();
    let many = schema["type"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    one.chain(many)
}

fn expects(schema: &Value, wanted: &str) -> bool {
    types(schema).any(|name| name == wanted)
}

fn is_of_type(node: &Node, name: &str) -> bool {
    match (&node.kind, name) {
        (NodeKind::Map(_), "object")
        | (NodeKind::List(_), "array")
        | (NodeKind::String(_), "string")
        | (NodeKind::Bool(_), "boolean")
        | (NodeKind::Number(_), "number") => true,
        (NodeKind::Number(number), "integer") => !number.is_f64(),
        _ => false,
    }
}

/// The names that a value may have: an `enum`, or a `oneOf` of constants with
/// their documentation.
fn names(schema: &Value) -> impl Iterator<Item = &str> {
    let list = schema["enum"].as_array().into_iter().flatten();
    let documented = schema["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|branch| {
            let one = std::iter::once(&branch["const"]);
            one.chain(branch["enum"].as_array().into_iter().flatten())
        });
    list.chain(documented).filter_map(Value::as_str)
}

/// What a name is a name of.
fn noun(schema: &Value, path: &Path) -> String {
    match title(schema).as_ref() {
        "value" => format!("value of `{}`", path.text()),
        title => title.to_lowercase(),
    }
}

/// What is expected, in a user's words.
fn expected(schema: &Value) -> String {
    let names: Vec<&str> = names(schema).collect();
    if !names.is_empty() && names.len() <= 5 {
        return format!("one of {}", listed(&names));
    }
    if let Some(words) = schema["x-kpbuild-expected"].as_str() {
        return words.to_owned();
    }
    let types: Vec<&str> = types(schema)
        .map(|name| match name {
            "object" => "a map",
            "array" => "a list",
            "string" => "a string",
            "boolean" => "`true` or `false`",
            "integer" => "a whole number",
            "number" => "a number",
            other => other,
        })
        .collect();
    if types.is_empty() {
        "a value".to_owned()
    } else {
        types.join(" or ")
    }
}

/// How to write what was probably meant.
fn type_help(node: &Node, types: &[&str]) -> Option<String> {
    let wants = |name: &str| types.contains(&name);
    match &node.kind {
        NodeKind::String(text) if wants("boolean") => match text.to_lowercase().as_str() {
            "yes" | "y" | "on" | "true" => Some("write `true`, without quotes".into()),
            "no" | "n" | "off" | "false" => Some("write `false`, without quotes".into()),
            _ => None,
        },
        NodeKind::String(text) if wants("integer") && text.parse::<i64>().is_ok() => {
            Some(format!("write `{text}` without quotes"))
        }
        NodeKind::Bool(value) if wants("string") => Some(format!("put it in quotes: \"{value}\"")),
        NodeKind::Number(value) if wants("string") => {
            Some(format!("put it in quotes: \"{value}\""))
        }
        NodeKind::Map(_) | NodeKind::List(_) => None,
        _ if wants("array") => Some("write one item a line, each after `- `".into()),
        _ => None,
    }
}

fn listed(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
