//! A stack file and the files that it extends, merged into one tree whose
//! values keep the places where they are written.
//!
//! What stands first in `extends` is at the bottom. Maps merge, lists and other
//! values replace, and `null` takes back what a base says. Variables are filled
//! in afterwards ([`crate::variables`]). No file is opened here: the binary says
//! how that is done.

use kpbuild_core::node::{Entry, NodeKind};
use kpbuild_core::{Code, Diagnostic, Diagnostics, FileId, Node, Reported, SourceMap, Span};

use crate::parse::{MERGED, one_document};
use crate::variables;

/// A base that cannot be used.
pub const EXTENDS: Code = Code("stack-extends");

/// The kind of file that stacks extend and that is no stack by itself.
pub const BASE: &str = "StackBase";

/// How the file of a base is read: from its path to its number among the
/// sources, the same for the same file; otherwise what is wrong and the way out.
pub type ReadBase<'a> = dyn FnMut(&mut SourceMap, &str) -> Result<FileId, (String, String)> + 'a;

/// The tree of a stack file, on top of those that it extends.
pub(crate) fn load(
    sources: &mut SourceMap,
    file: FileId,
    read: &mut ReadBase<'_>,
    diagnostics: &mut Diagnostics,
) -> Result<Node, Reported> {
    let own = one_document(sources, file, diagnostics)?;
    if let Some(kind) = own.get("kind").filter(|kind| kind.as_str() == Some(BASE)) {
        return Err(diagnostics.error(only_a_base(kind.span)));
    }
    let mut loader = Loader {
        sources,
        read,
        diagnostics,
        layers: Vec::new(),
        done: Vec::new(),
        way: Vec::new(),
    };
    loader.add(own, file)?;
    let layers = loader.layers;
    let variables = variables::collect(&layers, diagnostics);
    let merged = layers
        .into_iter()
        .reduce(|below, above| merge(below, above, false))
        .expect("the stack file itself is the last layer");
    Ok(variables.fill(merged, diagnostics))
}

/// How many files may extend each other in a row: the same file by ever longer
/// paths, as links give them, ends here.
const MOST: usize = 32;

fn only_a_base(span: Span) -> Diagnostic {
    Diagnostic::error(EXTENDS, format!("a `{BASE}` is no stack by itself"))
        .at(span, "")
        .help("name it under `extends` of a stack file, and use that one")
}

struct Loader<'a, 'r> {
    sources: &'a mut SourceMap,
    read: &'a mut ReadBase<'r>,
    diagnostics: &'a mut Diagnostics,
    /// The trees, the lowest first.
    layers: Vec<Node>,
    /// The files whose trees are there: a base that two files extend counts
    /// once, below both.
    done: Vec<FileId>,
    /// The files that are being read, each with the place that names the next one.
    way: Vec<(FileId, Span)>,
}

impl Loader<'_, '_> {
    /// Adds the bases of a file, then the file itself.
    fn add(&mut self, tree: Node, file: FileId) -> Result<(), Reported> {
        let before = self.diagnostics.errors();
        let bases = tree.get("extends").cloned();
        let items = match bases.as_ref().map(|bases| &bases.kind) {
            Some(NodeKind::List(items)) => items.as_slice(),
            // What is no list is said when the whole is checked.
            _ => &[],
        };
        for item in items {
            if let Some(path) = item.as_str() {
                self.add_base(path, file, item.span);
            }
        }
        if self.diagnostics.errors() > before {
            self.diagnostics.reported()?;
        }
        self.layers.push(tree);
        self.done.push(file);
        Ok(())
    }

    /// Adds a base, or says why not.
    fn add_base(&mut self, path: &str, from: FileId, place: Span) {
        let path = beside(&self.sources.file(from).name, path);
        let file = match (self.read)(self.sources, &path) {
            Ok(file) => file,
            Err((problem, help)) => {
                let diagnostic = Diagnostic::error(EXTENDS, problem).at(place, "");
                return self.diagnostics.push(diagnostic.help(help));
            }
        };
        if self.way.len() >= MOST {
            let message = format!("more than {MOST} files extend each other");
            let diagnostic = Diagnostic::error(EXTENDS, message).at(place, "");
            return self
                .diagnostics
                .push(diagnostic.help("look for a link that leads back"));
        }
        self.way.push((from, place));
        if let Some(first) = self.way.iter().position(|(on_way, _)| *on_way == file) {
            let diagnostic = self.cycle(first);
            self.diagnostics.push(diagnostic);
        } else if !self.done.contains(&file)
            && let Ok(tree) = self.base(file)
        {
            // What went wrong was recorded; the other bases are looked at too.
            let _ = self.add(tree, file);
        }
        self.way.pop();
    }

    /// The tree of a base, without what is only about its own file.
    fn base(&mut self, file: FileId) -> Result<Node, Reported> {
        let mut tree = one_document(self.sources, file, self.diagnostics)?;
        match tree.get("kind").map(|kind| (kind.as_str(), kind.span)) {
            Some((Some(BASE | "Stack"), _)) => {}
            kind => {
                let span = kind.map_or(tree.span, |(_, span)| span);
                let message = "this file is no base of a stack";
                return Err(self.diagnostics.error(
                    Diagnostic::error(EXTENDS, message)
                        .at(span, "")
                        .at_some(self.way.last().map(|(_, place)| *place), "extended here")
                        .help(format!("a base starts with `kind: {BASE}`")),
                ));
            }
        }
        let is_base = tree.get("kind").and_then(Node::as_str) == Some(BASE);
        if let Some(name) = tree.entry("name").filter(|_| is_base) {
            self.diagnostics.push(
                Diagnostic::error(EXTENDS, format!("a `{BASE}` has no name"))
                    .at(name.key_span, "")
                    .help("remove it: each stack that extends this file has its own"),
            );
        }
        if let NodeKind::Map(entries) = &mut tree.kind {
            entries.retain(|entry| !["kind", "name"].contains(&entry.key.as_str()));
        }
        Ok(tree)
    }

    /// That a file extends itself, by the way from the `first` file on it.
    fn cycle(&self, first: usize) -> Diagnostic {
        let name = |file: FileId| self.sources.file(file).name.as_str();
        let around = &self.way[first..];
        let names: Vec<&str> = around.iter().map(|(file, _)| name(*file)).collect();
        let (_, last) = around.last().expect("a cycle has a place that closes it");
        let message = format!("`{}` extends itself", names[0]);
        let diagnostic = Diagnostic::error(EXTENDS, message).at(*last, "which leads back");
        let others = &around[..around.len() - 1];
        let diagnostic = others
            .iter()
            .fold(diagnostic, |all, (_, place)| all.at(*place, "from here"));
        diagnostic
            .note(format!("{} -> {}", names.join(" -> "), names[0]))
            .help("move what both need into a base of its own")
    }
}

/// A path that a file names, from where the file itself is.
fn beside(file: &str, path: &str) -> String {
    match file.rsplit_once('/') {
        Some((folder, _)) if !path.starts_with('/') => format!("{folder}/{path}"),
        _ => path.to_owned(),
    }
}

/// One tree on top of another. `keeps_null`: whether null is a value here, as in
/// what is merged into rendered objects, or takes back what is below.
fn merge(below: Node, above: Node, keeps_null: bool) -> Node {
    let kind = match (below.kind, above.kind) {
        (NodeKind::Map(below), NodeKind::Map(above)) => {
            NodeKind::Map(merge_entries(below, above, keeps_null))
        }
        (_, above) => above,
    };
    Node {
        span: above.span,
        kind,
    }
}

/// A key that is twice in one of the two stays there twice, so that it is reported.
fn merge_entries(below: Vec<Entry>, above: Vec<Entry>, keeps_null: bool) -> Vec<Entry> {
    let mut merged: Vec<Option<Entry>> = below.into_iter().map(Some).collect();
    let mut waiting: Vec<bool> = vec![true; merged.len()];
    for entry in above {
        let same = |other: &Option<Entry>| {
            let other = other.as_ref();
            other.is_some_and(|other| other.key == entry.key)
        };
        let index = (0..waiting.len()).find(|index| waiting[*index] && same(&merged[*index]));
        match index {
            None => merged.push(Some(entry)),
            Some(index) => {
                waiting[index] = false;
                let below = merged[index].take().expect("it was found");
                let takes_back = matches!(entry.value.kind, NodeKind::Null) && !keeps_null;
                merged[index] = (!takes_back).then(|| Entry {
                    value: merge(
                        below.value,
                        entry.value,
                        keeps_null || MERGED.contains(&entry.key.as_str()),
                    ),
                    key: entry.key,
                    key_span: entry.key_span,
                });
            }
        }
    }
    merged.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::StackFile;
    use kpbuild_core::Style;
    use serde_json::json;

    /// What is made of files of which the first is the stack.
    fn parsed(texts: &[(&'static str, &'static str)]) -> (Result<StackFile, String>, SourceMap) {
        let all: BTreeMap<&str, &str> = texts.iter().copied().collect();
        let mut sources = SourceMap::default();
        let file = sources.add(texts[0].0, texts[0].1);
        let mut read = |sources: &mut SourceMap, path: &str| match sources.find(path) {
            Some(file) => Ok(file),
            None => match all.get(path) {
                Some(text) => Ok(sources.add(path, *text)),
                None => Err((format!("there is no file `{path}`"), "look".to_owned())),
            },
        };
        let mut diagnostics = Diagnostics::default();
        let result = crate::parse_with_bases(&mut sources, file, &mut read, &mut diagnostics);
        let said = |_| {
            let found = diagnostics.sorted();
            let texts = found.iter().map(|one| one.render(&sources, Style::Plain));
            texts.collect::<Vec<_>>().join("\n\n")
        };
        (result.map_err(said), sources)
    }

    fn tree(texts: &[(&'static str, &'static str)]) -> serde_json::Value {
        parsed(texts).0.expect("the stack is right").tree.to_json()
    }

    fn said(texts: &[(&'static str, &'static str)]) -> String {
        parsed(texts).0.expect_err("the stack is wrong")
    }

    #[test]
    fn maps_merge_lists_replace_and_null_takes_back() {
        let base = "
kind: StackBase
namespace: base
components:
  prometheus:
    replicas: 3
    retention: 30d
    enableFeatures: [a, b]
    spec: {walCompression: true, shards: 2}
  grafana: {replicas: 2}
";
        let stack = "
kind: Stack
name: s
extends: [base.yaml]
components:
  prometheus:
    replicas: null
    retention: 7d
    enableFeatures: [c]
    spec: {shards: null}
  grafana:
";
        assert_eq!(
            tree(&[("stack.yaml", stack), ("base.yaml", base)]),
            json!({
                "kind": "Stack",
                "name": "s",
                "extends": ["base.yaml"],
                "namespace": "base",
                "components": {"prometheus": {
                    "retention": "7d",
                    "enableFeatures": ["c"],
                    "spec": {"walCompression": true, "shards": null},
                }},
            })
        );
    }

    #[test]
    fn a_base_that_two_files_extend_is_below_both() {
        let replicas = |texts: &[(&'static str, &'static str)]| {
            tree(texts)["components"]["prometheus"]["replicas"].clone()
        };
        let found = replicas(&[
            (
                "s/a.yaml",
                "kind: Stack\nname: a\nextends: [b.yaml, d/c.yaml]",
            ),
            (
                "s/b.yaml",
                "kind: StackBase\nextends: [d/d.yaml]\ncomponents: {prometheus: {replicas: 5}}",
            ),
            ("s/d/c.yaml", "kind: Stack\nname: c\nextends: [d.yaml]"),
            (
                "s/d/d.yaml",
                "kind: StackBase\ncomponents: {prometheus: {replicas: 1}}",
            ),
        ]);
        assert_eq!(found, 5);
    }

    #[test]
    fn findings_are_shown_in_the_file_that_says_it() {
        let base = "kind: StackBase\ncomponents:\n  prometheus:\n    replicas: two\n";
        let stack = "kind: Stack\nname: s\nextends: [base.yaml]\ncomponents: {prometheus: {retention: 1}}\n";
        insta::assert_snapshot!(said(&[("stack.yaml", stack), ("base.yaml", base)]), @"
        error[stack-wrong-type]: `components.prometheus.retention` must be a duration
         --> stack.yaml:4:38
          |
        4 | components: {prometheus: {retention: 1}}
          |                                      ^ this is an integer
          |
          = help: the number `1` has no unit; a duration is written like `30s`,
                  `1h30m` or `15d`

        error[stack-wrong-type]: `components.prometheus.replicas` must be a whole number
         --> base.yaml:4:15
          |
        4 |     replicas: two
          |               ^^^ this is a string
        ");
    }

    #[test]
    fn a_cycle_is_shown_with_the_whole_way() {
        insta::assert_snapshot!(said(&[
            ("stack.yaml", "kind: Stack\nname: s\nextends: [a.yaml]\n"),
            ("a.yaml", "kind: StackBase\nextends: [b.yaml]\n"),
            ("b.yaml", "kind: StackBase\nextends:\n- a.yaml\n"),
        ]), @"
        error[stack-extends]: `a.yaml` extends itself
         --> b.yaml:3:3
          |
        3 | - a.yaml
          |   ^^^^^^ which leads back
          |
         ::: a.yaml:2:11
          |
        2 | extends: [b.yaml]
          |           ------ from here
          |
          = note: a.yaml -> b.yaml -> a.yaml
          = help: move what both need into a base of its own
        ");
    }

    #[test]
    fn what_is_no_base_is_said_at_its_place() {
        insta::assert_snapshot!(said(&[
            ("stack.yaml", "kind: Stack\nname: s\nextends: [none.yaml, rules.yaml, named.yaml]\n"),
            ("rules.yaml", "groups: []\n"),
            ("named.yaml", "kind: StackBase\nname: n\n"),
        ]), @"
        error[stack-extends]: there is no file `none.yaml`
         --> stack.yaml:3:11
          |
        3 | extends: [none.yaml, rules.yaml, named.yaml]
          |           ^^^^^^^^^
          |
          = help: look

        error[stack-extends]: this file is no base of a stack
         --> rules.yaml:1:1
          |
        1 | groups: []
          | ^
          |
         ::: stack.yaml:3:22
          |
        3 | extends: [none.yaml, rules.yaml, named.yaml]
          |                      ---------- extended here
          |
          = help: a base starts with `kind: StackBase`

        error[stack-extends]: a `StackBase` has no name
         --> named.yaml:2:1
          |
        2 | name: n
          | ^^^^
          |
          = help: remove it: each stack that extends this file has its own
        ");
        insta::assert_snapshot!(said(&[("base.yaml", "kind: StackBase\n")]), @"
        error[stack-extends]: a `StackBase` is no stack by itself
         --> base.yaml:1:7
          |
        1 | kind: StackBase
          |       ^^^^^^^^^
          |
          = help: name it under `extends` of a stack file, and use that one
        ");
    }
}
