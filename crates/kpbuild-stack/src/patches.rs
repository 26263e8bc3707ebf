//! The section `patches`: changes of objects after they are rendered.
//!
//! Here is what the stack file and files of patches say. Whether a patch fits
//! the objects is known when they are rendered, in `kpbuild-render`.

use std::sync::LazyLock;

use kpbuild_core::node::NodeKind;
use kpbuild_core::{Code, Diagnostic, Diagnostics, FileId, Node, SourceMap, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::conflicts::CONFLICT;
use crate::documents::documents;
use crate::parse::StackFile;
use crate::scalar::Pointer;
use crate::schema;
use crate::validate::validate;

/// A file that holds no patch.
pub const NOT_A_PATCH: Code = Code("patch-file");

/// A change of objects after they are rendered: `target` says of which, and
/// `patch` or the file of `path` what is changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Patch {
    /// Which objects are changed. It may be left out when the patch itself has
    /// `kind` and `metadata.name`, as manifests have.
    pub target: Option<Target>,
    /// What is changed: fields as they are in the object, which are merged into
    /// it as `kubectl patch` does (`null` removes a field, `$patch: delete` an
    /// item of a list), or a list of operations of a JSON patch (RFC 6902).
    pub patch: Option<Change>,
    /// Files with such patches, in which `*` stands for any characters and
    /// `**` for any folders. The path is relative to the stack file.
    #[schemars(length(min = 1))]
    pub path: Option<String>,
}

/// Which objects are changed. `*` stands for any characters; what is not said
/// may be anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Target {
    /// The group of the API, such as `apps`; `""` is that of Pods, Services
    /// and ConfigMaps.
    pub group: Option<String>,
    /// The kind, such as `Deployment`.
    #[schemars(length(min = 1))]
    pub kind: Option<String>,
    /// The namespace; `""` for objects of the whole cluster.
    pub namespace: Option<String>,
    /// The name of the object; `*` stands for any characters.
    #[schemars(length(min = 1))]
    pub name: Option<String>,
}

/// What is changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Change {
    /// Fields that are merged into those of the object.
    Merge(Map<String, Value>),
    /// The operations of a JSON patch, in their order.
    Json(Vec<Operation>),
}

/// An operation of a JSON patch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// What is done.
    pub op: Op,
    /// Where: the names of fields and the numbers of items, each after `/`, such
    /// as `/spec/ports/0/port`; `-` is the end of a list. In names, `~1` is `/`
    /// and `~0` is `~`.
    pub path: Pointer,
    /// From where something is moved or copied.
    pub from: Option<Pointer>,
    /// What is added, replaces what is there, or must be there.
    pub value: Option<Value>,
}

/// What an operation of a JSON patch does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Op {
    /// Adds a field or an item, or replaces a field.
    Add,
    /// Removes what is there.
    Remove,
    /// Replaces what is there.
    Replace,
    /// Moves what is at `from`.
    Move,
    /// Copies what is at `from`.
    Copy,
    /// Goes on only when the value is there.
    Test,
}

/// A patch of the stack file, and where it is written.
#[derive(Debug, Clone)]
pub struct PatchChoice {
    /// Which objects are changed, unless the patch says it.
    pub target: Option<Target>,
    /// What is changed, unless files say it.
    pub change: Option<Node>,
    /// Where the patch is written.
    pub span: Span,
}

impl Target {
    /// The one object that a manifest is about, if it has a kind and a name.
    pub fn of(manifest: &Node) -> Option<Self> {
        let text = |path: &[&str]| {
            let node = manifest.at(path.iter().copied())?;
            node.as_str().map(str::to_owned)
        };
        let group = text(&["apiVersion"]).map(|version| match version.split_once('/') {
            Some((group, _)) => group.to_owned(),
            None => String::new(),
        });
        Some(Self {
            group,
            kind: Some(text(&["kind"])?),
            namespace: text(&["metadata", "namespace"]),
            name: Some(text(&["metadata", "name"])?),
        })
    }
}

/// The patches of a stack file, in their order.
pub(crate) fn resolve(file: &StackFile) -> Vec<PatchChoice> {
    let items = file.shape.patches.iter().enumerate();
    items
        .filter_map(|(index, patch)| {
            let node = file.tree.at(["patches", &index.to_string()])?;
            Some(PatchChoice {
                target: patch.target.clone(),
                change: node.get("patch").cloned(),
                span: node
                    .entry("target")
                    .map_or(node.span, |entry| entry.key_span),
            })
        })
        .collect()
}

/// Reports what is wrong with patches beyond the types of their fields.
pub(crate) fn check(file: &StackFile, diagnostics: &mut Diagnostics) {
    for index in 0..file.shape.patches.len() {
        let Some(node) = file.tree.at(["patches", &index.to_string()]) else {
            continue;
        };
        match (node.entry("patch"), node.entry("path")) {
            (Some(patch), Some(file)) => diagnostics.push(
                wrong("`patch` and `path` exclude each other", file.key_span)
                    .at(patch.key_span, "and this")
                    .help("write two items"),
            ),
            (None, None) => diagnostics.push(
                wrong("this does not say what is changed", node.span)
                    .help("set `patch`, or `path` for a file of patches"),
            ),
            (Some(patch), None) => {
                if node.get("target").is_none() && Target::of(&patch.value).is_none() {
                    diagnostics.push(without_target(patch.key_span));
                }
                operations(&patch.value, diagnostics);
            }
            (None, Some(_)) => {}
        }
    }
}

/// Reads a file of patches: each document with what it is about, the fields to
/// merge or the operations.
pub fn read(
    sources: &SourceMap,
    file: FileId,
    has_target: bool,
    diagnostics: &mut Diagnostics,
) -> Vec<Node> {
    let documents = documents(sources, file, NOT_A_PATCH, diagnostics);
    let is_right = |document: &Node| {
        let before = diagnostics.errors();
        checked(document, has_target, diagnostics);
        diagnostics.errors() == before
    };
    documents.into_iter().filter(is_right).collect()
}

fn checked(document: &Node, has_target: bool, diagnostics: &mut Diagnostics) {
    match &document.kind {
        NodeKind::Map(_) | NodeKind::List(_) if !has_target && Target::of(document).is_none() => {
            diagnostics.push(without_target(document.span));
        }
        NodeKind::Map(_) => {}
        NodeKind::List(_) => {
            let before = diagnostics.errors();
            validate(document, operations_schema(), diagnostics);
            if diagnostics.errors() == before {
                operations(document, diagnostics);
            }
        }
        _ => diagnostics.push(
            Diagnostic::error(NOT_A_PATCH, "this is no patch")
                .at(document.span, "")
                .help("a file of patches holds fields that are merged into an object, or a list of operations"),
        ),
    }
}

fn operations_schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(schema::strict::<Vec<Operation>>);
    &SCHEMA
}

/// Which fields an operation needs depends on what it does.
fn operations(change: &Node, diagnostics: &mut Diagnostics) {
    let NodeKind::List(operations) = &change.kind else {
        return;
    };
    for operation in operations {
        let Some(op) = operation.get("op") else {
            continue;
        };
        let name = op.as_str().unwrap_or_default();
        let (needed, not_used) = match name {
            "add" | "replace" | "test" => (Some("value"), "from"),
            "move" | "copy" => (Some("from"), "value"),
            _ => (None, "value"),
        };
        if let Some(needed) = needed.filter(|needed| operation.get(needed).is_none()) {
            diagnostics.push(
                wrong(
                    &format!("the operation `{name}` has no `{needed}`"),
                    op.span,
                )
                .help(format!("set `{needed}`")),
            );
        }
        if let Some(entry) = operation.entry(not_used) {
            diagnostics.push(
                wrong(
                    &format!("the operation `{name}` takes no `{not_used}`"),
                    entry.key_span,
                )
                .help("remove it"),
            );
        }
    }
}

fn without_target(span: Span) -> Diagnostic {
    wrong("this patch does not say which objects it changes", span)
        .help("set `target`, or `kind` and `metadata.name` in the patch itself")
}

fn wrong(message: &str, span: Span) -> Diagnostic {
    Diagnostic::error(CONFLICT, message).at(span, "")
}
