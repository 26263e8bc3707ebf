//! Reads manifests of any origin: folders, files and streams of YAML or JSON, and
//! lists of objects in them. Nothing is changed in what is read.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use kpbuild_core::node::{NodeKind, read_documents};
use kpbuild_core::{
    Bundle, Code, Diagnostic, Diagnostics, FileId, Node, Object, Origin, SourceMap, Span,
};

use crate::files::Files;
use crate::load;

/// A document that is no Kubernetes object.
const NOT_AN_OBJECT: Code = Code("manifest-not-an-object");

/// What files of manifests are called.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Files beside manifests that are none.
const OTHERS: [&str; 4] = [
    "kustomization.yaml",
    "kustomization.yml",
    "Chart.yaml",
    "values.yaml",
];

/// The manifests below a folder as one bundle. Objects without a
/// namespace get `namespace`, if their kind lives in one.
pub(crate) fn folder(
    view: &Files,
    path: &Path,
    namespace: Option<&str>,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> anyhow::Result<Bundle> {
    let paths = files_below(path)?;
    anyhow::ensure!(
        !paths.is_empty(),
        "there are no manifests in `{}`: files end in .yaml, .yml or .json",
        path.display()
    );
    let mut files = Vec::new();
    for path in paths {
        files.push(load::read(view, sources, &path)?);
    }
    Ok(bundle(&files, namespace, sources, diagnostics))
}

/// The manifests of files that were read, as one bundle.
pub(crate) fn bundle(
    files: &[FileId],
    namespace: Option<&str>,
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) -> Bundle {
    let mut objects = Vec::new();
    for file in files {
        match read_documents(sources, *file) {
            Ok(documents) => {
                for document in documents {
                    read(document, namespace, sources, &mut objects, diagnostics);
                }
            }
            Err(error) => diagnostics.push(error),
        }
    }
    Bundle::new(objects, diagnostics)
}

/// Whether a file that was read is manifests rather than a stack: its first
/// document has an `apiVersion`.
pub(crate) fn is_manifests(text: &str) -> bool {
    let start = text.trim_start();
    if start.starts_with('{') || start.starts_with('[') {
        return text.contains("\"apiVersion\"");
    }
    let documents = text.split("\n---");
    let says = |document: &str| {
        document
            .lines()
            .any(|line| line.starts_with("apiVersion:") || line.starts_with("\"apiVersion\":"))
    };
    documents.into_iter().any(says)
}

/// All files of manifests below a folder, in the order of their paths.
fn files_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("cannot list the folder `{}`", folder.display()))?;
        for entry in entries {
            let path = entry
                .with_context(|| format!("cannot list the folder `{}`", folder.display()))?
                .path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let has_ending = path
                .extension()
                .and_then(|ending| ending.to_str())
                .is_some_and(|ending| ENDINGS.contains(&ending));
            if name.starts_with('.') || OTHERS.contains(&name) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if has_ending {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The objects of a document: itself, or the items of a list.
fn read(
    document: Node,
    namespace: Option<&str>,
    sources: &SourceMap,
    objects: &mut Vec<Object>,
    diagnostics: &mut Diagnostics,
) {
    let kind = document.get("kind").and_then(Node::as_str).unwrap_or("");
    match &document.kind {
        NodeKind::Null => {}
        NodeKind::Map(_) if kind.ends_with("List") && document.get("items").is_some() => {
            let kind = kind.trim_end_matches("List").to_owned();
            let version = document
                .get("apiVersion")
                .and_then(Node::as_str)
                .unwrap_or_default()
                .to_owned();
            let mut document = document;
            for mut item in items(&mut document) {
                // Items of a typed list need not say what they are.
                if !kind.is_empty() {
                    complete(&mut item, "apiVersion", &version);
                    complete(&mut item, "kind", &kind);
                }
                read(item, namespace, sources, objects, diagnostics);
            }
        }
        _ => match object(&document, namespace, sources) {
            Ok(object) => objects.push(object),
            Err(problem) => diagnostics.push(problem),
        },
    }
}

fn items(document: &mut Node) -> Vec<Node> {
    let NodeKind::Map(entries) = &mut document.kind else {
        return Vec::new();
    };
    let items = entries.iter_mut().find(|entry| entry.key == "items");
    match items.map(|entry| &mut entry.value.kind) {
        Some(NodeKind::List(items)) => std::mem::take(items),
        _ => Vec::new(),
    }
}

/// Sets a field of a map that lacks it.
fn complete(node: &mut Node, key: &str, value: &str) {
    let span = node.span;
    if node.get(key).is_some() {
        return;
    }
    if let NodeKind::Map(entries) = &mut node.kind {
        entries.push(kpbuild_core::node::Entry {
            key: key.to_owned(),
            key_span: span,
            value: Node {
                span,
                kind: NodeKind::String(value.to_owned()),
            },
        });
    }
}

fn object(
    document: &Node,
    namespace: Option<&str>,
    sources: &SourceMap,
) -> Result<Object, Diagnostic> {
    let span = place(document);
    let origin = Origin {
        component: sources.file(span.file).name.clone(),
        span: Some(span),
    };
    let mut value = document.to_json();
    if let Some(namespace) = namespace
        && value["metadata"]["namespace"].is_null()
        && kpbuild_check::is_namespaced(value["kind"].as_str().unwrap_or_default())
        && let Some(metadata) = value["metadata"].as_object_mut()
    {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
    Object::new(value, origin).map_err(|reason| {
        Diagnostic::error(
            NOT_AN_OBJECT,
            format!("this is no Kubernetes object: {reason}"),
        )
        .at(span, "")
        .help("a manifest has `apiVersion`, `kind` and `metadata.name`; other files do not belong here")
    })
}

/// Where an object is to be seen: the line with its name.
fn place(document: &Node) -> Span {
    let name = document
        .get("metadata")
        .and_then(|metadata| metadata.entry("name"));
    match name {
        Some(entry) => Span {
            end: entry.value.span.end.max(entry.key_span.end),
            ..entry.key_span
        },
        None => document
            .entry("kind")
            .map_or(document.span, |entry| entry.key_span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> (Vec<String>, Vec<String>) {
        let mut sources = SourceMap::default();
        let file = sources.add("all.yaml", text);
        let mut diagnostics = Diagnostics::default();
        let bundle = bundle(&[file], Some("team"), &sources, &mut diagnostics);
        let keys = bundle.objects().iter().map(|object| {
            let span = object.origin.span.expect("it was read from a file");
            let (line, column) = sources.line_column(span);
            format!("{} {line}:{column}", object.key())
        });
        let found = diagnostics.sorted().into_iter();
        (
            keys.collect(),
            found.map(|one| one.message.clone()).collect(),
        )
    }

    #[test]
    fn documents_lists_and_json_are_objects() {
        let text = "\
# a chart's output
---
apiVersion: v1
kind: Service
metadata:
  name: web
---
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: a, namespace: b}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleList
items:
- metadata: {name: r}
---
{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"team\"}}
";
        let (keys, problems) = keys(text);
        assert_eq!(
            keys,
            [
                "Namespace/team 21:56",
                "ConfigMap/b/a 14:14",
                "ClusterRole/r 19:14",
                "Service/team/web 6:3",
            ]
        );
        assert!(problems.is_empty(), "{problems:?}");
    }

    #[test]
    fn what_is_no_object_is_said() {
        let (keys, problems) = keys("replicas: 2\n---\n- a\n");
        assert!(keys.is_empty());
        assert_eq!(
            problems,
            [
                "this is no Kubernetes object: it has no `apiVersion`",
                "this is no Kubernetes object: it is not a map"
            ]
        );
    }

    #[test]
    fn manifests_are_told_from_stacks() {
        assert!(is_manifests("# a\n---\napiVersion: v1\nkind: Service\n"));
        assert!(is_manifests("{\"apiVersion\": \"v1\"}"));
        assert!(!is_manifests("kind: Stack\nname: x\n"));
    }
}
