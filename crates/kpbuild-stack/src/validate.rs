//! Checks a tree against a schema and reports everything that is wrong, each
//! problem at its own place with the way out.
//!
//! It knows the part of JSON Schema that our types and Kubernetes' structural
//! schemas use. It is our own because its messages are the point of it; that it
//! agrees with the reference implementation is a test.

use kpbuild_core::node::{Entry, NodeKind};
use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Diagnostic, Diagnostics, Node, SourceMap, Span};
use serde_json::{Value, json};

use crate::definitions;
use crate::format::{self, Format};
use crate::schema::{DECIDED_BY, EXPECTED, FROM_DEFINITION};

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
    validate_at(&[], root, schema, diagnostics);
}

/// Checks a part of a file, whose place in it is a path of keys.
pub(crate) fn validate_at(
    path: &[&str],
    part: &Node,
    schema: &Value,
    diagnostics: &mut Diagnostics,
) {
    let path = Path(path.iter().map(|key| (*key).to_owned()).collect());
    let mut validator = Validator {
        schema,
        diagnostics,
        meant: None,
    };
    validator.value(part, schema, &path, None);
}

/// What is wrong with a value that no file holds, such as a rendered object:
/// the findings name paths, and have no places. The schema is the part of `root`
/// that is for the value; references are looked up in `root`.
///
/// A field whose value is null is none: the API server drops it.
pub fn violations(value: &Value, root: &Value, schema: &Value) -> Vec<Diagnostic> {
    let span = Span {
        file: SourceMap::default().add("", ""),
        start: 0,
        end: 0,
    };
    let mut diagnostics = Diagnostics::default();
    let mut validator = Validator {
        schema: root,
        diagnostics: &mut diagnostics,
        meant: None,
    };
    validator.value(&node(value, span), schema, &Path::default(), None);
    let without_place = |mut diagnostic: Diagnostic| {
        diagnostic.labels.retain(|label| !label.text.is_empty());
        let labels = diagnostic.labels.drain(..);
        let notes: Vec<String> = labels.map(|label| label.text).collect();
        diagnostic.notes.splice(0..0, notes);
        diagnostic
    };
    diagnostics.into_iter().map(without_place).collect()
}

/// A value as a tree whose places are all the same.
fn node(value: &Value, span: Span) -> Node {
    let kind = match value {
        Value::Null => NodeKind::Null,
        Value::Bool(value) => NodeKind::Bool(*value),
        Value::Number(number) => NodeKind::Number(number.clone()),
        Value::String(text) => NodeKind::String(text.clone()),
        Value::Array(items) => NodeKind::List(items.iter().map(|item| node(item, span)).collect()),
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| Entry {
                key: key.clone(),
                key_span: span,
                value: node(value, span),
            };
            let set = map.iter().filter(|(_, value)| !value.is_null());
            NodeKind::Map(set.map(entry).collect())
        }
    };
    Node { span, kind }
}

struct Validator<'a> {
    schema: &'a Value,
    diagnostics: &'a mut Diagnostics,
    /// A name that is known, and nearly that of the value at this path: of what has
    /// a known name, a part is enough.
    meant: Option<(Path, String)>,
}

/// The keys from the root to a value.
#[derive(Clone, Default, PartialEq)]
struct Path(Vec<String>);

impl Path {
    fn below(&self, key: &str) -> Self {
        let mut keys = self.0.clone();
        keys.push(key.to_owned());
        Self(keys)
    }

    fn item(&self, index: usize) -> Self {
        self.below(&format!("[{index}]"))
    }

    /// As it is written in a sentence: `components.prometheus.namespaces[0]`.
    fn text(&self) -> String {
        self.0.join(".").replace(".[", "[")
    }

    /// The map that a value is in, as the end of a sentence; nothing at the root.
    fn place(&self) -> String {
        match self.0.as_slice() {
            [] => String::new(),
            _ => format!(" in `{}`", self.text()),
        }
    }
}

impl Validator<'_> {
    fn value(&mut self, node: &Node, schema: &Value, path: &Path, key: Option<Span>) {
        let schema = follow(self.schema, schema);
        if let Some(part) = definitions::referred(schema) {
            return self.value(node, &part, path, key);
        }
        if matches!(node.kind, NodeKind::Null) {
            return self.nothing(node, schema, path, key);
        }
        if !self.has_type(node, schema, path) {
            return;
        }
        self.names(node, schema, path);
        match &node.kind {
            NodeKind::Map(entries) => self.map(node, entries, schema, path, key),
            NodeKind::List(items) => self.list(node, items, schema, path),
            NodeKind::String(text) => self.string(node, text, schema, path),
            NodeKind::Number(number) => self.number(node, number, schema, path),
            NodeKind::Bool(_) | NodeKind::Null => {}
        }
        self.alternatives(node, schema, path, key);
    }

    /// A key without a value.
    fn nothing(&mut self, node: &Node, schema: &Value, path: &Path, key: Option<Span>) {
        let accepted: Vec<&str> = all_types(self.schema, schema);
        if accepted.is_empty() || accepted.contains(&"null") {
            return;
        }
        let message = format!("`{}` has no value", path.text());
        let label = format!("expected {}", expected(self.schema, schema));
        let help = match accepted.as_slice() {
            ["object"] => "give it fields, or `{}` for none; without the line it has its default",
            _ => "give it a value, or remove the line to have the default",
        };
        self.diagnostics.push(
            Diagnostic::error(WRONG_TYPE, message)
                .at(key.unwrap_or(node.span), label)
                .help(help),
        );
    }

    fn has_type(&mut self, node: &Node, schema: &Value, path: &Path) -> bool {
        let types = all_types(self.schema, schema);
        if types.is_empty() || types.iter().any(|name| is_of_type(node, name)) {
            return true;
        }
        let message = format!(
            "`{}` must be {}",
            path.text(),
            expected(self.schema, schema)
        );
        let diagnostic = Diagnostic::error(WRONG_TYPE, message).at(node.span, what_it_is(node));
        self.diagnostics.push(
            match type_help(node, &types, follow_branch(self.schema, schema)) {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            },
        );
        false
    }

    /// A string that must be one of a list of names.
    fn names(&mut self, node: &Node, schema: &Value, path: &Path) {
        let names: Vec<&str> = names(schema).collect();
        let Some(text) = node.as_str() else { return };
        let allows_none = schema["enum"]
            .as_array()
            .is_some_and(|all| all.contains(&json!("")));
        if names.is_empty() || names.contains(&text) || (text.is_empty() && allows_none) {
            return;
        }
        let message = format!("`{text}` is not a value of `{}`", path.text());
        let all = format!("it is one of {}", listed(&names));
        let diagnostic = Diagnostic::error(UNKNOWN_NAME, message).at(node.span, "");
        self.diagnostics.push(
            match (nearest(text, names.iter().copied()), names.as_slice()) {
                (_, [only]) => diagnostic.help(format!("write `{only}`")),
                (Some(name), _) => diagnostic.note(all).help(format!("did you mean `{name}`?")),
                (None, _) => diagnostic.help(all),
            },
        );
    }

    /// A value that may have one of several shapes: the one whose type fits decides.
    fn alternatives(&mut self, node: &Node, schema: &Value, path: &Path, key: Option<Span>) {
        let root = self.schema;
        let branches = schema["anyOf"].as_array().into_iter().flatten();
        let fitting = branches.into_iter().find(|branch| {
            let types = all_types(root, branch);
            types.is_empty() || types.iter().any(|name| is_of_type(node, name))
        });
        if let Some(branch) = fitting {
            self.value(node, branch, path, key);
        }
    }

    fn map(
        &mut self,
        node: &Node,
        entries: &[Entry],
        schema: &Value,
        path: &Path,
        key: Option<Span>,
    ) {
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
        let required = schema["required"].as_array().into_iter().flatten();
        for field in required.filter_map(Value::as_str) {
            if node.get(field).is_none() {
                self.missing(key.unwrap_or(node.span), field, schema, path);
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

    fn missing(&mut self, at: Span, field: &str, schema: &Value, path: &Path) {
        let about = schema["properties"][field]["description"]
            .as_str()
            .map(first_sentence);
        let message = format!("`{field}` is missing{}", path.place());
        let diagnostic = Diagnostic::error(MISSING_FIELD, message).at(at, "");
        let diagnostic = match about {
            Some(about) => diagnostic.note(format!("`{field}`: {about}")),
            None => diagnostic,
        };
        let values: Vec<&str> = names(&schema["properties"][field]).collect();
        let meant = self.meant.as_ref().filter(|(place, _)| place == path);
        self.diagnostics.push(match (values.as_slice(), meant) {
            ([only], _) => diagnostic.help(format!("write `{field}: {only}`")),
            (_, Some((_, name))) => diagnostic.help(format!("did you mean `{name}`?")),
            _ => diagnostic,
        });
    }

    fn other_field(&mut self, entry: &Entry, schema: &Value, path: &Path, below: &Path) {
        if let Some(format) = format_of(&schema["propertyNames"]) {
            let subject = format!("`{}`{}", entry.key, path.place());
            self.format(&entry.key, entry.key_span, format, &subject);
        }
        let value = Some(entry.key_span);
        match &schema["additionalProperties"] {
            Value::Bool(false) => self.unknown(entry, schema, path),
            values @ Value::Object(_) => {
                let known = schema["properties"].as_object().into_iter().flatten();
                let meant = nearest(&entry.key, known.map(|(name, _)| name.as_str()));
                let meant = meant.map(|name| (below.clone(), name.to_owned()));
                let around = std::mem::replace(&mut self.meant, meant);
                self.value(&entry.value, values, below, value);
                self.meant = around;
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
        let key = &entry.key;
        let (message, noun) = match path.0.as_slice() {
            [parent] if parent == "components" => {
                (format!("there is no component `{key}`"), "components")
            }
            [.., parent] if parent == "parameters" => {
                (format!("there is no mixin `{key}`"), "mixins")
            }
            [.., parent, mixin] if parent == "parameters" => (
                format!("the mixin `{mixin}` has no parameter `{key}`"),
                "parameters",
            ),
            _ => (format!("unknown field `{key}`{}", path.place()), "fields"),
        };
        let help = self.instead_of(key, &fields, noun, schema);
        self.diagnostics.push(
            Diagnostic::error(UNKNOWN_FIELD, message)
                .at(entry.key_span, "")
                .help(help),
        );
    }

    /// What was probably meant by a field that is not there.
    fn instead_of(&self, key: &str, fields: &[&str], noun: &str, schema: &Value) -> String {
        let near = nearest(key, fields.iter().copied());
        if let (None, Some(object)) = (near, passed_through(schema, key)) {
            return format!("it is a field of the {object}'s `spec`: put it below `spec`");
        }
        let elsewhere = places_of(key, self.schema);
        match (near, elsewhere.as_slice()) {
            (Some(field), _) => format!("did you mean `{field}`?"),
            (None, [place]) => format!("did you mean `{place}`?"),
            (None, [one, other]) => format!("did you mean `{one}` or `{other}`?"),
            _ if fields.is_empty() => "remove it: nothing can be set here".into(),
            _ if fields.len() > 40 => format!("`kpbuild schema` lists the {noun}"),
            _ => format!("the {noun} are {}", listed(fields)),
        }
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
        if let Some(format) = format_of(schema) {
            let subject = format!("`{}`", path.text());
            return self.format(text, node.span, format, &subject);
        }
        let length = text.chars().count() as u64;
        if let Some(least) = schema["minLength"].as_u64().filter(|least| length < *least) {
            let words = if length == 0 {
                "is empty".to_owned()
            } else {
                format!("has {length} characters, the least is {least}")
            };
            self.range(node, path, &words);
        }
        if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
            let words = format!("has {length} characters, the most is {most}");
            self.range(node, path, &words);
        }
    }

    fn format(&mut self, text: &str, span: Span, format: &Format, subject: &str) {
        if let Err(reason) = format.check(text) {
            let message = format!("{subject} must be {}", format.noun);
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

fn format_of(schema: &Value) -> Option<&'static Format> {
    format::named(schema["format"].as_str()?)
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

/// The first of several shapes, which is the one that says most.
fn follow_branch<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    match schema["anyOf"].get(0) {
        Some(branch) => follow(root, branch),
        None => follow(root, schema),
    }
}

/// The types that a value may have, those of its alternatives among them; none
/// if it may have any.
fn all_types<'s>(root: &'s Value, schema: &'s Value) -> Vec<&'s str> {
    let schema = follow(root, schema);
    if schema.get(FROM_DEFINITION).is_some() {
        // Only maps that may be left empty have alternatives.
        return vec!["object"];
    }
    let branches = schema["anyOf"].as_array().into_iter().flatten();
    let documented = schema["oneOf"].as_array().into_iter().flatten();
    let mut all: Vec<&str> = types(schema).collect();
    for name in branches
        .chain(documented)
        .flat_map(|branch| all_types(root, branch))
    {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let one = schema["type"].as_str().into_iter();
    let many = schema["type"].as_array().into_iter().flatten();
    one.chain(many.filter_map(Value::as_str))
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

/// The names that a value may have, beside no name: an `enum`, or a `oneOf` of
/// constants with their documentation.
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
    let all = list.chain(documented).filter_map(Value::as_str);
    all.filter(|name| !name.is_empty())
}

/// The kind of object that a component passes a field through to, if its
/// `spec` has that field.
fn passed_through(schema: &Value, field: &str) -> Option<String> {
    let spec = &schema["properties"]["spec"];
    let part = [spec, &spec["anyOf"][0]]
        .into_iter()
        .find_map(definitions::referred)?;
    part["properties"].get(field)?;
    let about = spec["description"].as_str()?;
    let (_, after) = about.split_once("of the ")?;
    let (kind, _) = after.split_once(" object")?;
    Some(format!("{kind} object"))
}

/// The fields of the stack file, outside of custom resources, that have a name.
fn places_of(name: &str, root: &Value) -> Vec<String> {
    fn search(name: &str, root: &Value, schema: &Value, path: &Path, found: &mut Vec<String>) {
        let fields = follow_branch(root, schema)["properties"].as_object();
        for (key, field) in fields.into_iter().flatten() {
            let below = path.below(key);
            if key == name {
                found.push(below.text());
            }
            search(name, root, field, &below, found);
        }
    }
    let mut found = Vec::new();
    search(name, root, root, &Path::default(), &mut found);
    found
}

/// What is expected, in a user's words.
fn expected(root: &Value, schema: &Value) -> String {
    let schema = follow(root, schema);
    let names: Vec<&str> = names(schema).collect();
    if !names.is_empty() && names.len() <= 5 {
        return match names.as_slice() {
            [only] => format!("`{only}`"),
            _ => format!("one of {}", listed(&names)),
        };
    }
    if let Some(words) = schema[EXPECTED].as_str() {
        return words.to_owned();
    }
    let types: Vec<&str> = all_types(root, schema)
        .into_iter()
        .filter(|name| *name != "null")
        .map(|name| match name {
            "object" => "a map",
            "array" => "a list",
            "string" => format_of(schema).map_or("a string", |format| format.noun),
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

fn what_it_is(node: &Node) -> String {
    match &node.kind {
        NodeKind::Number(number) if is_too_large(number) => "this is too large".to_owned(),
        NodeKind::Number(number) if number.as_f64().is_some_and(|value| value.fract() != 0.0) => {
            "this is a fraction".to_owned()
        }
        _ => format!("this is {}", node.type_name()),
    }
}

/// A whole number that is none to the programs that would read it.
fn is_too_large(number: &serde_json::Number) -> bool {
    number.is_f64() && number.as_f64().is_some_and(|value| value.abs() > 1e18)
}

/// How to write what was probably meant.
fn type_help(node: &Node, types: &[&str], schema: &Value) -> Option<String> {
    let wants = |name: &str| types.contains(&name);
    if names(schema).next().is_some() {
        return None;
    }
    match &node.kind {
        NodeKind::String(text) if wants("boolean") => match text.to_lowercase().as_str() {
            "yes" | "y" | "on" | "true" => Some("write `true`, without quotes".into()),
            "no" | "n" | "off" | "false" => Some("write `false`, without quotes".into()),
            _ => None,
        },
        NodeKind::String(text) if wants("integer") => number_help(text),
        NodeKind::Number(number) if wants("integer") && !is_too_large(number) => {
            let value = number.as_f64().filter(|value| value.fract() == 0.0)?;
            Some(format!("write `{value}`"))
        }
        NodeKind::Bool(value) if wants("string") => Some(format!("put it in quotes: \"{value}\"")),
        NodeKind::Number(value) if wants("string") => Some(
            format_of(schema)
                .and_then(|format| format.check(&value.to_string()).err())
                .unwrap_or_else(|| format!("put it in quotes: \"{value}\"")),
        ),
        NodeKind::Bool(value) if schema["properties"].get("enabled").is_some() => {
            Some(format!("write `{{enabled: {value}}}`"))
        }
        NodeKind::List(_) if wants("object") => Some("write `name: value`, without `- `".into()),
        NodeKind::Map(_) | NodeKind::List(_) => None,
        _ if wants("array") => Some("write one item a line, each after `- `".into()),
        _ => None,
    }
}

/// What to write for a text that looks like a whole number.
fn number_help(text: &str) -> Option<String> {
    let digits = text.trim_start_matches(['+', '-']);
    let has_leading_zero = digits.len() > 1 && digits.starts_with('0');
    if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let decimal = digits.trim_start_matches('0');
    match u64::from_str_radix(digits, 8) {
        Ok(octal) if has_leading_zero => Some(format!(
            "some readers take it for octal: write `{octal}` if it is, else `{decimal}`"
        )),
        _ if has_leading_zero => Some(format!("write `{decimal}`")),
        _ => Some(format!("write `{text}` without quotes")),
    }
}

/// The first sentence of a documentation, without its full stop.
fn first_sentence(text: &str) -> String {
    let text = text.replace('\n', " ");
    let end = text.find(". ").unwrap_or(text.len());
    text[..end].trim_end_matches('.').to_owned()
}

fn listed(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
