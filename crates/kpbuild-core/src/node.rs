//! A YAML document as a tree in which every key and value knows its place.
//!
//! The tree is what stack files are merged and validated on; typed values are
//! made from it only when nothing is wrong with it. It is not a data model for
//! Kubernetes objects: those are `serde_json` values (see [`crate::object`]).

use serde::de::{self, Deserialize, Deserializer};
use serde_json::{Number, Value};
use serde_saphyr::Spanned;
use serde_saphyr::options::DuplicateKeyPolicy;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, SourceMap, Span};
use crate::{syntax, yaml};

pub use crate::syntax::SYNTAX;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the value is written; for a map or list, where its first line is.
    pub span: Span,
    /// What is written there.
    pub kind: NodeKind,
}

/// The YAML data model, with places.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole or fractional number.
    Number(Number),
    /// Any other scalar.
    String(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the text.
    Map(Vec<Entry>),
}

/// One key of a mapping with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Where the key is written.
    pub key_span: Span,
    /// The value below it.
    pub value: Node,
}

impl Node {
    /// The value of a key, when this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key, when this is a map that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            NodeKind::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The value at the end of a path of keys and list indices.
    pub fn at<'p>(&self, path: impl IntoIterator<Item = &'p str>) -> Option<&Node> {
        path.into_iter()
            .try_fold(self, |node, step| match &node.kind {
                NodeKind::Map(_) => node.get(step),
                NodeKind::List(items) => items.get(step.parse::<usize>().ok()?),
                _ => None,
            })
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The same data without places.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(value) => Value::Bool(*value),
            NodeKind::Number(number) => Value::Number(number.clone()),
            NodeKind::String(text) => Value::String(text.clone()),
            NodeKind::List(items) => items.iter().map(Node::to_json).collect(),
            NodeKind::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.to_json()))
                .collect(),
        }
    }

    /// What kind of value this is, in a user's words.
    pub fn type_name(&self) -> &'static str {
        match &self.kind {
            NodeKind::Null => "nothing",
            NodeKind::Bool(_) => "a boolean",
            NodeKind::Number(number) if number.is_f64() => "a number",
            NodeKind::Number(_) => "an integer",
            NodeKind::String(_) => "a string",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }
}

/// How deep maps and lists may be nested: no object of Kubernetes is half as
/// deep, and the tree is walked by recursion.
const DEEPEST: usize = 40;

/// How many keys and values aliases may repeat: beyond that, a few lines were
/// written to fill the memory.
const LARGEST: usize = 100_000;

/// Reads all documents of a YAML file; a file with nothing in it has none.
///
/// Keys that occur twice are kept twice: whoever interprets the map reports
/// them, next to the other problems of the file.
pub fn read_documents(sources: &SourceMap, file: FileId) -> Result<Vec<Node>, Diagnostic> {
    let text = &sources.file(file).text;
    let mut options = yaml::options();
    options.duplicate_keys = DuplicateKeyPolicy::PassThrough;
    options.budget = serde_saphyr::budget! { max_depth: DEEPEST };
    options.alias_limits = serde_saphyr::alias_limits! { max_total_replayed_events: LARGEST };
    let documents: Result<Vec<Raw>, _> = serde_saphyr::from_multiple_with_options(text, options);
    match documents {
        Ok(raw) => Ok(raw.into_iter().map(|raw| raw.place(file)).collect()),
        Err(error) => Err(syntax::explain(text, file, &error)),
    }
}

fn byte_span(file: FileId, location: &serde_saphyr::Location) -> Span {
    let span = location.span();
    let start = span.byte_offset().unwrap_or(0);
    let length = span.byte_len().unwrap_or(0);
    Span {
        file,
        start: u32::try_from(start).unwrap_or(u32::MAX),
        end: u32::try_from(start + length).unwrap_or(u32::MAX),
    }
}

/// What the reader gives, before it is known which file it is from.
struct Raw(Spanned<RawKind>);

enum RawKind {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    List(Vec<Raw>),
    Map(Vec<(Spanned<String>, Raw)>),
}

impl Raw {
    fn place(self, file: FileId) -> Node {
        let kind = match self.0.value {
            RawKind::Null => NodeKind::Null,
            RawKind::Bool(value) => NodeKind::Bool(value),
            RawKind::Number(number) => NodeKind::Number(number),
            RawKind::String(text) => NodeKind::String(text),
            RawKind::List(items) => {
                NodeKind::List(items.into_iter().map(|item| item.place(file)).collect())
            }
            RawKind::Map(entries) => NodeKind::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| Entry {
                        key_span: byte_span(file, &key.referenced),
                        key: key.value,
                        value: value.place(file),
                    })
                    .collect(),
            ),
        };
        Node {
            span: byte_span(file, &self.0.referenced),
            kind,
        }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Raw)
    }
}

impl<'de> Deserialize<'de> for RawKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> de::Visitor<'de> for RawVisitor {
    type Value = RawKind;

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<RawKind, E> {
        Ok(RawKind::Null)
    }

    fn visit_none<E>(self) -> Result<RawKind, E> {
        Ok(RawKind::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawKind, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }

    fn visit_bool<E>(self, value: bool) -> Result<RawKind, E> {
        Ok(RawKind::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<RawKind, E> {
        Ok(RawKind::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<RawKind, E> {
        Ok(RawKind::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<RawKind, E> {
        Number::from_f64(value).map(RawKind::Number).ok_or_else(|| {
            E::custom("infinite numbers and NaN have no place in a Kubernetes object")
        })
    }

    fn visit_str<E>(self, value: &str) -> Result<RawKind, E> {
        Ok(RawKind::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<RawKind, E> {
        Ok(RawKind::String(value))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<RawKind, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(RawKind::List(list))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<RawKind, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(RawKind::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (SourceMap, Vec<Node>) {
        let mut sources = SourceMap::default();
        let file = sources.add("stack.yaml", text);
        let documents = read_documents(&sources, file).expect("valid YAML");
        (sources, documents)
    }

    /// Every scalar and key with the text that its span covers.
    fn places(sources: &SourceMap, node: &Node, out: &mut String) {
        use std::fmt::Write as _;
        match &node.kind {
            NodeKind::Map(entries) => {
                for entry in entries {
                    writeln!(
                        out,
                        "key {:?} = {:?}",
                        entry.key,
                        sources.text(entry.key_span)
                    )
                    .unwrap();
                    places(sources, &entry.value, out);
                }
            }
            NodeKind::List(items) => items.iter().for_each(|item| places(sources, item, out)),
            kind => writeln!(out, "{kind:?} = {:?}", sources.text(node.span)).unwrap(),
        }
    }

    #[test]
    fn spans_cover_keys_and_scalars() {
        let (sources, documents) = read(
            "name: \"é\" # comment\nspec:\n  on: yes\n  list: [1, 2.5, ~]\n  text: |\n    a\n    b\n  zero: 012\n",
        );
        let mut out = String::new();
        places(&sources, &documents[0], &mut out);
        insta::assert_snapshot!(out, @r#"
        key "name" = "name"
        String("é") = "\"é\""
        key "spec" = "spec"
        key "on" = "on"
        String("yes") = "yes"
        key "list" = "list"
        Number(Number(1)) = "1"
        Number(Number(2.5)) = "2.5"
        Null = "~"
        key "text" = "text"
        String("a\nb\n") = "a\n    b\n  "
        key "zero" = "zero"
        String("012") = "012"
        "#);
    }

    #[test]
    fn duplicate_keys_are_kept_for_whoever_reports_them() {
        let (_, documents) = read("a: 1\na: 2\n");
        let NodeKind::Map(entries) = &documents[0].kind else {
            panic!("a map")
        };
        assert_eq!(entries.len(), 2);
    }
}
