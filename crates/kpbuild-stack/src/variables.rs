//! Variables: the few values that differ between stacks which share a base.
//!
//! `variables` declares them, in the stack file or in what it extends; `${name}`
//! inside a text stands for the value. A text that is nothing else becomes the
//! value itself, with its type and its place. What is no name of a variable
//! (`${1}`, `${__from}`, `${a.b}`) stays as it is, and `$${` is `${`.

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_core::node::{Entry, NodeKind};
use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Diagnostic, Diagnostics, Node, Span};

/// A variable that is not declared, has no value, or one of another type.
pub const VARIABLE: Code = Code("stack-variable");

/// A variable that nothing uses.
pub const UNUSED_VARIABLE: Code = Code("stack-unused-variable");

/// Fields of the stack file in which nothing is filled in: they say what the
/// file is.
const FIXED: [&str; 4] = ["kind", "name", "extends", "variables"];

/// The variables of a stack.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    by_name: BTreeMap<String, Variable>,
    /// Where the stack file itself sets variables, or could.
    own: Option<Span>,
}

#[derive(Debug)]
struct Variable {
    /// Where it was declared first.
    declared: Span,
    value: Option<Node>,
}

/// The variables that the layers of a stack declare, the lowest first; says
/// what is wrong with them and with their uses.
pub(crate) fn collect(layers: &[Node], diagnostics: &mut Diagnostics) -> Variables {
    let mut variables = Variables {
        by_name: BTreeMap::new(),
        own: layers.last().and_then(place_to_set),
    };
    for entry in layers.iter().flat_map(declarations) {
        variables.declare(entry, diagnostics);
    }
    let mut used = BTreeSet::new();
    for layer in layers {
        for entry in entries(layer).filter(|entry| !is_fixed(entry)) {
            variables.check(&entry.value, &mut used, diagnostics);
        }
    }
    variables.check_unused(&used, diagnostics);
    variables
}

fn place_to_set(own: &Node) -> Option<Span> {
    let entry = ["variables", "extends", "name"]
        .iter()
        .find_map(|key| own.entry(key))?;
    Some(entry.key_span)
}

fn entries(node: &Node) -> impl Iterator<Item = &Entry> {
    match &node.kind {
        NodeKind::Map(entries) => entries.iter(),
        _ => [].iter(),
    }
}

fn declarations(layer: &Node) -> impl Iterator<Item = &Entry> {
    layer.get("variables").into_iter().flat_map(entries)
}

fn is_fixed(entry: &Entry) -> bool {
    FIXED.contains(&entry.key.as_str())
}

impl Variables {
    fn declare(&mut self, entry: &Entry, diagnostics: &mut Diagnostics) {
        let value = match entry.value.kind {
            NodeKind::Null => None,
            // What may be no value is said when the whole is checked.
            NodeKind::List(_) | NodeKind::Map(_) => return,
            _ => Some(entry.value.clone()),
        };
        let variable = self
            .by_name
            .entry(entry.key.clone())
            .or_insert_with(|| Variable {
                declared: entry.key_span,
                value: None,
            });
        if let (Some(first), Some(value)) = (&variable.value, &value)
            && class(first) != class(value)
        {
            let (name, class) = (&entry.key, class(first));
            let diagnostic =
                Diagnostic::error(VARIABLE, format!("the variable `{name}` is {class}"))
                    .at(value.span, format!("this is {}", value.type_name()))
                    .at(first.span, "its type follows from this");
            diagnostics.push(match &value.kind {
                NodeKind::String(_) => diagnostic.help("remove the quotes, or change the base"),
                _ => diagnostic.help("put it into quotes, or change the base"),
            });
        }
        if value.is_some() {
            variable.value = value;
        }
    }

    /// Says which uses below a value mean nothing, and notes the others.
    fn check(&self, node: &Node, used: &mut BTreeSet<String>, diagnostics: &mut Diagnostics) {
        match &node.kind {
            NodeKind::String(text) => {
                for name in names(text) {
                    used.insert(self.meant(name).unwrap_or(name).to_owned());
                    if !self.by_name.contains_key(name) {
                        diagnostics.push(self.undeclared(name, node.span));
                    }
                }
            }
            NodeKind::List(items) => items
                .iter()
                .for_each(|item| self.check(item, used, diagnostics)),
            NodeKind::Map(entries) => {
                for entry in entries {
                    let mut declared =
                        names(&entry.key).filter(|name| self.by_name.contains_key(*name));
                    if let Some(name) = declared.next() {
                        diagnostics.push(in_a_name(name, entry.key_span));
                    }
                    self.check(&entry.value, used, diagnostics);
                }
            }
            _ => {}
        }
    }

    /// The variable of a name, or the nearest to it.
    fn meant(&self, name: &str) -> Option<&str> {
        let names = || self.by_name.keys().map(String::as_str);
        let same = names().find(|known| *known == name);
        same.or_else(|| nearest(name, names()))
    }

    fn undeclared(&self, name: &str, span: Span) -> Diagnostic {
        let diagnostic =
            Diagnostic::error(VARIABLE, format!("there is no variable `{name}`")).at(span, "");
        match self.meant(name) {
            Some(near) => diagnostic.help(format!("did you mean `${{{near}}}`?")),
            None => diagnostic.help(format!(
                "declare it (`variables: {{{name}: ...}}`), or write `$${{{name}}}` for the text `${{{name}}}`"
            )),
        }
    }

    fn check_unused(&self, used: &BTreeSet<String>, diagnostics: &mut Diagnostics) {
        let is_unused = |name: &str| !used.contains(name);
        for (name, variable) in self.by_name.iter().filter(|(name, _)| is_unused(name)) {
            let message = format!("nothing uses the variable `{name}`");
            let diagnostic =
                Diagnostic::warning(UNUSED_VARIABLE, message).at(variable.declared, "");
            let others = self.by_name.keys().map(String::as_str);
            let help = match nearest(name, others.filter(|other| !is_unused(other))) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write `${{{name}}}` where its value shall stand, or remove it"),
            };
            diagnostics.push(diagnostic.help(help));
        }
    }

    /// The tree of a stack with the values of its variables.
    pub(crate) fn fill(&self, tree: Node, diagnostics: &mut Diagnostics) -> Node {
        let kind = match tree.kind {
            NodeKind::Map(entries) => NodeKind::Map(
                entries
                    .into_iter()
                    .map(|entry| {
                        if is_fixed(&entry) {
                            entry
                        } else {
                            self.fill_entry(entry, diagnostics)
                        }
                    })
                    .collect(),
            ),
            other => other,
        };
        Node { kind, ..tree }
    }

    fn fill_entry(&self, entry: Entry, diagnostics: &mut Diagnostics) -> Entry {
        Entry {
            value: self.fill_value(entry.value, diagnostics),
            ..entry
        }
    }

    fn fill_value(&self, node: Node, diagnostics: &mut Diagnostics) -> Node {
        let kind = match node.kind {
            NodeKind::String(text) if text.contains("${") => {
                return self.fill_text(&text, node.span, diagnostics);
            }
            NodeKind::List(items) => NodeKind::List(
                items
                    .into_iter()
                    .map(|item| self.fill_value(item, diagnostics))
                    .collect(),
            ),
            NodeKind::Map(entries) => NodeKind::Map(
                entries
                    .into_iter()
                    .map(|entry| self.fill_entry(entry, diagnostics))
                    .collect(),
            ),
            other => other,
        };
        Node { kind, ..node }
    }

    fn fill_text(&self, text: &str, span: Span, diagnostics: &mut Diagnostics) -> Node {
        let mut parts: Vec<Part<'_>> = parts(text).collect();
        if let [Part::Variable(name)] = parts.as_slice() {
            return match self.value(name, diagnostics) {
                Some(value) => value.clone(),
                None => Node {
                    span,
                    kind: NodeKind::String(text.to_owned()),
                },
            };
        }
        let written = |part: Part<'_>| match part {
            Part::Text(text) => text.to_owned(),
            Part::Variable(name) => self
                .value(name, diagnostics)
                .map(plain_text)
                .unwrap_or_default(),
        };
        Node {
            span,
            kind: NodeKind::String(parts.drain(..).map(written).collect()),
        }
    }

    /// The value of a variable that is used; one without a value is said. What
    /// is not declared was said before.
    fn value(&self, name: &str, diagnostics: &mut Diagnostics) -> Option<&Node> {
        let variable = self.by_name.get(name)?;
        if variable.value.is_none() {
            let message = format!("the variable `{name}` has no value");
            diagnostics.push(
                Diagnostic::error(VARIABLE, message)
                    .at_some(self.own, "")
                    .at(variable.declared, "declared here")
                    .help(format!("set it in the stack: `variables: {{{name}: ...}}`")),
            );
        }
        variable.value.as_ref()
    }
}

fn in_a_name(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(VARIABLE, "variables stand in values, not in names")
        .at(span, "")
        .help(format!(
            "write the name out, or `$${{{name}}}` for the text"
        ))
}

/// What kind of value a variable has; whole numbers and fractions are one.
fn class(node: &Node) -> &'static str {
    match node.kind {
        NodeKind::Number(_) => "a number",
        _ => node.type_name(),
    }
}

/// A value as a part of a text.
fn plain_text(node: &Node) -> String {
    match &node.kind {
        NodeKind::String(text) => text.clone(),
        NodeKind::Number(number) => number.to_string(),
        NodeKind::Bool(value) => value.to_string(),
        _ => String::new(),
    }
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
enum Part<'t> {
    Text(&'t str),
    Variable(&'t str),
}

/// The variables that a text uses.
fn names(text: &str) -> impl Iterator<Item = &str> {
    parts(text).filter_map(|part| match part {
        Part::Variable(name) => Some(name),
        Part::Text(_) => None,
    })
}

/// A text as its parts, in order; of `$${` the first `$` is left out.
fn parts(mut rest: &str) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        let part;
        (part, rest) = next_part(rest)?;
        Some(part)
    })
}

fn next_part(text: &str) -> Option<(Part<'_>, &str)> {
    if text.is_empty() {
        return None;
    }
    if let Some(rest) = text.strip_prefix("$${") {
        return Some((Part::Text("${"), rest));
    }
    if let Some((name, rest)) = variable(text) {
        return Some((Part::Variable(name), rest));
    }
    let first = text.chars().next().map_or(0, char::len_utf8);
    let length = text[first..].find('$').map_or(text.len(), |at| first + at);
    Some((Part::Text(&text[..length]), &text[length..]))
}

/// The variable that a text begins with, and what comes after it.
fn variable(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix("${")?.split_once('}')?;
    is_name(name).then_some((name, rest))
}

/// Whether a text can be the name of a variable.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StackFile;
    use kpbuild_core::{SourceMap, Style};
    use serde_json::json;

    fn parsed(text: &str) -> (Option<StackFile>, String) {
        let mut sources = SourceMap::default();
        let file = sources.add("stack.yaml", format!("kind: Stack\nname: s\n{text}"));
        let mut diagnostics = Diagnostics::default();
        let parsed = crate::parse(&sources, file, &mut diagnostics);
        let found = diagnostics.sorted();
        let texts = found.iter().map(|one| one.render(&sources, Style::Plain));
        (parsed.ok(), texts.collect::<Vec<_>>().join("\n\n"))
    }

    #[test]
    fn a_text_becomes_the_value_and_keeps_its_type() {
        let (parsed, said) = parsed(
            "variables: {cluster: prod-eu, replicas: 3, on: true}
components:
  grafana: {enabled: '${on}'}
  prometheus:
    replicas: ${replicas}
    externalLabels: {cluster: '${cluster}', name: 'c-${cluster}-${replicas}', text: '$${cluster} ${1} $x ${__from} $'}
",
        );
        assert_eq!(said, "");
        let tree = parsed.expect("the stack is right").tree.to_json();
        assert_eq!(tree["components"]["grafana"]["enabled"], true);
        let prometheus = &tree["components"]["prometheus"];
        assert_eq!(prometheus["replicas"], 3);
        assert_eq!(
            prometheus["externalLabels"],
            json!({"cluster": "prod-eu", "name": "c-prod-eu-3", "text": "${cluster} ${1} $x ${__from} $"})
        );
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place() {
        let (parsed, said) = parsed(
            "variables: {cluster: prod-eu, replicas: three, region: }
components:
  prometheus:
    replicas: ${replicas}
    externalLabels: {cluster: '${clutser}', zone: 'a-${region}', own: '${HOME}'}
",
        );
        assert!(parsed.is_none());
        insta::assert_snapshot!(said, @"
        error[stack-variable]: the variable `region` has no value
         --> stack.yaml:3:1
          |
        3 | variables: {cluster: prod-eu, replicas: three, region: }
          | ^^^^^^^^^                                      ------ declared here
          |
          = help: set it in the stack: `variables: {region: ...}`

        error[stack-wrong-type]: `components.prometheus.replicas` must be a whole number
         --> stack.yaml:3:41
          |
        3 | variables: {cluster: prod-eu, replicas: three, region: }
          |                                         ^^^^^ this is a string

        error[stack-variable]: there is no variable `clutser`
         --> stack.yaml:7:31
          |
        7 |     externalLabels: {cluster: '${clutser}', zone: 'a-${region}', own: '${...
          |                               ^^^^^^^^^^^^
          |
          = help: did you mean `${cluster}`?

        error[stack-variable]: there is no variable `HOME`
         --> stack.yaml:7:71
          |
        7 | ...}', zone: 'a-${region}', own: '${HOME}'}
          |                                  ^^^^^^^^^
          |
          = help: declare it (`variables: {HOME: ...}`), or write `$${HOME}` for the
                  text `${HOME}`
        ");
    }

    #[test]
    fn a_value_of_the_wrong_type_is_shown_where_it_is_written() {
        let (parsed, said) = parsed(
            "variables: {replicas: three}\ncomponents: {prometheus: {replicas: '${replicas}'}}\n",
        );
        assert!(parsed.is_none());
        insta::assert_snapshot!(said, @"
        error[stack-wrong-type]: `components.prometheus.replicas` must be a whole number
         --> stack.yaml:3:23
          |
        3 | variables: {replicas: three}
          |                       ^^^^^ this is a string
        ");
    }

    #[test]
    fn variables_that_change_nothing_are_a_warning() {
        let (parsed, said) = parsed("variables: {cluster: a}\n");
        assert!(parsed.is_some());
        insta::assert_snapshot!(said, @"
        warning[stack-unused-variable]: nothing uses the variable `cluster`
         --> stack.yaml:3:13
          |
        3 | variables: {cluster: a}
          |             ^^^^^^^
          |
          = help: write `${cluster}` where its value shall stand, or remove it
        ");
    }

    #[test]
    fn every_text_is_the_sum_of_its_parts() {
        let all: Vec<Part<'_>> = parts("é${a}$${b}${1}$").collect();
        assert_eq!(
            all,
            [
                Part::Text("é"),
                Part::Variable("a"),
                Part::Text("${"),
                Part::Text("b}"),
                Part::Text("${1}"),
                Part::Text("$"),
            ]
        );
    }
}
