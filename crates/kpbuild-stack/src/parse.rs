//! From text to the shape of a stack file, or to everything that is wrong with it.

use kpbuild_core::node::{NodeKind, read_documents};
use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Diagnostic, Diagnostics, FileId, Node, Reported, SourceMap, Span};

use serde_json::Value;

use crate::conflicts;
use crate::extends::{self, ReadBase};
use crate::platform;
use crate::schema;
use crate::shape;
use crate::validate::validate;

/// The file is not one stack.
pub const NOT_A_STACK: Code = Code("stack-not-a-stack");

/// A stack file that was read: what it says, and where it says it.
#[derive(Debug, Clone)]
pub struct StackFile {
    /// What it says, with the defaults of everything it does not say.
    pub shape: shape::StackFile,
    /// Where it says it; what it extends and the values of its variables are in it.
    pub tree: Node,
}

impl StackFile {
    /// Where the value at a path is written, or the nearest map around it that
    /// is: the place to point at when the value has a consequence elsewhere.
    pub fn span(&self, path: &[&str]) -> Option<Span> {
        (1..=path.len()).rev().find_map(|length| {
            let (key, parents) = path[..length].split_last()?;
            let parent = self.tree.at(parents.iter().copied())?;
            parent.entry(key).map(|entry| entry.key_span)
        })
    }

    /// The file in which the field at a path is written: the stack file, or one
    /// that it extends. Paths in the field are relative to it.
    pub fn file_of(&self, path: &[&str]) -> FileId {
        self.span(path).unwrap_or(self.tree.span).file
    }
}

/// Reads one stack file that extends no other; everything that is wrong with it
/// is reported.
pub fn parse(
    sources: &SourceMap,
    file: FileId,
    diagnostics: &mut Diagnostics,
) -> Result<StackFile, Reported> {
    let mut none = |_: &mut SourceMap, path: &str| {
        let problem = format!("`{path}` cannot be read: this stack stands alone");
        Err((problem, "remove `extends`".to_owned()))
    };
    parse_with_bases(&mut sources.clone(), file, &mut none, diagnostics)
}

/// Reads a stack file and those that it extends; everything that is wrong with
/// them is reported, each mistake in the file that makes it.
pub fn parse_with_bases(
    sources: &mut SourceMap,
    file: FileId,
    read: &mut ReadBase<'_>,
    diagnostics: &mut Diagnostics,
) -> Result<StackFile, Reported> {
    let before = diagnostics.errors();
    let tree = extends::load(sources, file, read, diagnostics)?;
    validate(&tree, schema::checked(), diagnostics);
    if diagnostics.errors() > before {
        diagnostics.reported()?;
    }
    match serde_json::from_value(platform::complete(given(&tree))) {
        Ok(shape) => {
            let file = StackFile { shape, tree };
            let before = diagnostics.errors();
            conflicts::check(&file, diagnostics);
            if diagnostics.errors() > before {
                diagnostics.reported()?;
            }
            Ok(file)
        }
        Err(error) => Err(diagnostics.error(
            Diagnostic::error(
                NOT_A_STACK,
                format!("the stack file cannot be read: {error}"),
            )
            .at(tree.span, ""),
        )),
    }
}

/// What a file is, seen before it is read as a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Glance {
    /// A stack, or meant as one: what is wrong with it is worth saying.
    Stack {
        /// Its name and where it is written, if it has one.
        name: Option<(String, Span)>,
    },
    /// Something else, a base among others.
    Other,
}

/// What a file is at a glance, for whoever looks for stacks among other files.
pub fn glance(sources: &SourceMap, file: FileId) -> Glance {
    let Ok(documents) = read_documents(sources, file) else {
        return Glance::Other;
    };
    let Some(tree) = documents
        .first()
        .filter(|tree| tree.get("apiVersion").is_none())
    else {
        return Glance::Other;
    };
    let is_stack = match tree.get("kind").map(Node::as_str) {
        Some(Some(kind)) => kind != extends::BASE && nearest(kind, ["Stack"]).is_some(),
        Some(None) => false,
        None => ["components", "extends"]
            .iter()
            .any(|key| tree.get(key).is_some()),
    };
    if !is_stack {
        return Glance::Other;
    }
    let name = tree.get("name");
    Glance::Stack {
        name: name.and_then(|name| Some((name.as_str()?.to_owned(), name.span))),
    }
}

/// The fields whose maps are merged into rendered ones: null removes there, or
/// says that there is nothing.
pub(crate) const MERGED: [&str; 11] = [
    "spec",
    "objectives",
    "config",
    "podSecurityContext",
    "securityContext",
    "requests",
    "limits",
    "labels",
    "annotations",
    "was",
    "patch",
];

/// What the file says, as data. A key without a value says nothing: it is left
/// out, but in what is merged.
fn given(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Map(entries) => entries
            .iter()
            .filter(|entry| !matches!(entry.value.kind, NodeKind::Null))
            .map(|entry| {
                let value = if MERGED.contains(&entry.key.as_str()) {
                    entry.value.to_json()
                } else {
                    given(&entry.value)
                };
                (entry.key.clone(), value)
            })
            .collect(),
        NodeKind::List(items) => items.iter().map(given).collect(),
        _ => node.to_json(),
    }
}

/// The only document of a file, which is a map.
pub(crate) fn one_document(
    sources: &SourceMap,
    file: FileId,
    diagnostics: &mut Diagnostics,
) -> Result<Node, Reported> {
    let mut documents = match read_documents(sources, file) {
        Ok(documents) => documents,
        Err(error) => return Err(diagnostics.error(error)),
    };
    let start = Span {
        file,
        start: 0,
        end: 0,
    };
    let wrong = |message: &str, span| Diagnostic::error(NOT_A_STACK, message).at(span, "");
    match documents.len() {
        1 => {}
        0 => {
            let help = "`kpbuild init` writes a stack file to start from";
            return Err(diagnostics.error(wrong("the stack file is empty", start).help(help)));
        }
        _ => {
            let second = documents[1].span;
            let help = "put each stack into a file of its own";
            return Err(
                diagnostics.error(wrong("the file holds more than one stack", second).help(help))
            );
        }
    }
    let tree = documents.remove(0);
    match tree.kind {
        NodeKind::Map(_) => match of_kubernetes(&tree) {
            Some(error) => Err(diagnostics.error(error)),
            None => Ok(tree),
        },
        NodeKind::Null => Err(diagnostics.error(
            wrong("the stack file is empty", start)
                .help("`kpbuild init` writes a stack file to start from"),
        )),
        _ => Err(diagnostics.error(
            wrong("a stack file is a map of fields", tree.span)
                .help("it starts with `kind: Stack`"),
        )),
    }
}

/// What is wrong with a manifest that is taken for a stack, said once instead of
/// for each of its fields.
fn of_kubernetes(tree: &Node) -> Option<Diagnostic> {
    let version = tree.entry("apiVersion")?;
    let kind = tree.get("kind")?;
    let name = kind.as_str().filter(|kind| *kind != "Stack")?;
    let message = format!("this is a manifest of Kubernetes (`{name}`), not a stack file");
    Some(
        Diagnostic::error(NOT_A_STACK, message)
            .at(version.key_span, "stacks have no such field")
            .help("a stack file starts with `kind: Stack`; `kpbuild init` writes one"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_are_told_from_other_files() {
        let glance = |text: &str| {
            let mut sources = SourceMap::default();
            let file = sources.add("a.yaml", text);
            match glance(&sources, file) {
                Glance::Stack { name } => Some(name.map(|(name, _)| name)),
                Glance::Other => None,
            }
        };
        assert_eq!(glance("kind: Stack\nname: a"), Some(Some("a".to_owned())));
        assert_eq!(glance("kind: stak\nname: a"), Some(Some("a".to_owned())));
        assert_eq!(glance("components: {}"), Some(None));
        for other in [
            "kind: StackBase",
            "groups: []",
            "a: [",
            "",
            "- 1",
            "apiVersion: v1\nkind: Stack",
        ] {
            assert_eq!(glance(other), None, "{other}");
        }
    }

    #[test]
    fn null_removes_where_maps_are_merged_and_says_nothing_elsewhere() {
        let text = "
kind: Stack
name: test
components:
  prometheus:
    resources:
    podSecurityContext: {runAsUser: null}
    spec: {probeSelector: null}
  prometheus-adapter:
    config: {resourceRules: null}
";
        let mut sources = SourceMap::default();
        let file = sources.add("stack.yaml", text);
        let mut diagnostics = Diagnostics::default();
        let parsed = parse(&sources, file, &mut diagnostics).expect("the text is a stack");
        let components = crate::resolve(&parsed).components;
        let input = |name: &str| {
            let component = components.iter().find(|component| component.name == name);
            &component.expect("the component is on").input
        };
        let prometheus = input("prometheus");
        assert_eq!(prometheus["resources"]["requests"]["memory"], "400Mi");
        let security = &prometheus["pod"]["securityContext"];
        assert!(security.get("runAsUser").is_none(), "{security}");
        assert_eq!(security["fsGroup"], 2000);
        assert_eq!(
            prometheus["spec"],
            serde_json::json!({"probeSelector": null})
        );
        assert_eq!(
            input("prometheus-adapter")["config"],
            serde_json::json!({"resourceRules": null})
        );
    }
}
