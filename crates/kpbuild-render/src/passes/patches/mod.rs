//! Changes objects as the user's patches say (`patches`).

mod json;
mod lists;
mod merge;
mod target;

use kpbuild_core::node::NodeKind;
use kpbuild_core::{Code, Diagnostic, Diagnostics, FileId, Node, Object, SourceMap, Span};
use kpbuild_stack::Stack;
use kpbuild_stack::patches::Target;
use serde_json::Value;

use crate::Inputs;

pub use lists::{Kind as ListKind, kind as list_kind};

/// A patch of objects that the stack does not have.
pub(crate) const MATCHES_NOTHING: Code = Code("patch-matches-nothing");
/// A patch that does not fit the object.
pub(crate) const DOES_NOT_FIT: Code = Code("patch-does-not-fit");
/// A patch that makes another object of one.
pub(crate) const IDENTITY: Code = Code("patch-identity");
/// A patch after which everything is as before.
pub(crate) const CHANGES_NOTHING: Code = Code("patch-changes-nothing");

/// A file of patches, already read.
#[derive(Debug, Clone, Copy)]
pub struct PatchFile {
    /// The number of the patch in the stack file that names it.
    pub patch: usize,
    /// The file.
    pub file: FileId,
}

/// One patch.
struct Patch {
    target: Target,
    change: Node,
    /// Where it is written which objects it changes.
    span: Span,
}

/// What is wrong with a patch, at a place in it. The words hold no value: it
/// may be that of a Secret.
struct Problem {
    code: Code,
    message: String,
    span: Span,
    help: Option<String>,
}

impl Problem {
    fn new(message: String, span: Span) -> Self {
        Self {
            code: DOES_NOT_FIT,
            message,
            span,
            help: None,
        }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// What a patch leaves of an object.
enum Outcome {
    Changed(Value),
    Deleted,
}

pub(super) fn run(
    stack: &Stack,
    inputs: &Inputs,
    sources: &SourceMap,
    objects: &mut Vec<Object>,
    diagnostics: &mut Diagnostics,
) {
    for patch in all(stack, inputs, sources, diagnostics) {
        apply(&patch, sources, objects, diagnostics);
    }
}

/// The patches of the stack file and of the files that it names, in their order.
fn all(
    stack: &Stack,
    inputs: &Inputs,
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<Patch> {
    let mut patches = Vec::new();
    for (index, choice) in stack.patches.iter().enumerate() {
        let mut add = |change: Node, span: Option<Span>| {
            let target = choice.target.clone().or_else(|| Target::of(&change));
            let span = span.unwrap_or(choice.span);
            // What has no target was reported when it was read.
            patches.extend(target.map(|target| Patch {
                target,
                change,
                span,
            }));
        };
        if let Some(change) = &choice.change {
            add(change.clone(), None);
        }
        for file in inputs.patches.iter().filter(|file| file.patch == index) {
            let has_target = choice.target.is_some();
            for change in kpbuild_stack::patches::read(sources, file.file, has_target, diagnostics)
            {
                let span = change.span;
                add(change, Some(span));
            }
        }
    }
    patches
}

fn apply(
    patch: &Patch,
    sources: &SourceMap,
    objects: &mut Vec<Object>,
    diagnostics: &mut Diagnostics,
) {
    let meant = target::matching(&patch.target, objects);
    let is_secret = patch.target.kind.as_deref() == Some("Secret");
    if meant.is_empty() {
        let nothing = target::nothing(&patch.target, objects);
        diagnostics.push(at(nothing, patch.span, is_secret, sources));
        return;
    }
    let is_only = meant.len() == 1;
    let mut changed = false;
    let mut deleted = Vec::new();
    for index in meant {
        let object = &mut objects[index];
        match outcome(patch, object, is_only) {
            Ok(Outcome::Deleted) => deleted.push(index),
            Ok(Outcome::Changed(value)) if value == *object.value() => {}
            Ok(Outcome::Changed(value)) => {
                changed = true;
                object
                    .edit(|old| *old = value)
                    .expect("a patch leaves an object its kind and name");
                // What is said later shows the line, which must not hold a value.
                if object.kind() != "Secret" {
                    object.origin.span = Some(patch.span);
                }
            }
            Err(problem) => {
                changed = true;
                diagnostics.push(problem.said_of(object, sources));
            }
        }
    }
    if !changed && deleted.is_empty() {
        let warning = Diagnostic::warning(CHANGES_NOTHING, "this patch changes nothing")
            .note("the objects that it is about are as it says, or lack what it removes")
            .help("remove it, or correct it");
        diagnostics.push(at(warning, patch.span, is_secret, sources));
    }
    let mut index = 0..;
    objects.retain(|_| !deleted.contains(&index.next().expect("there is always a next number")));
}

/// What a patch makes of an object.
fn outcome(patch: &Patch, object: &Object, is_only: bool) -> Result<Outcome, Problem> {
    let outcome = match &patch.change.kind {
        NodeKind::List(operations) => json::applied(operations, object)?,
        _ => merge::applied(&patch.change, object, is_only)?,
    };
    if let Outcome::Changed(value) = &outcome {
        same_identity(patch, object, value)?;
    }
    Ok(outcome)
}

/// A patch must not rename an object: nothing that refers to it would follow.
fn same_identity(patch: &Patch, object: &Object, value: &Value) -> Result<(), Problem> {
    let group = |value: &Value| {
        let version = value["apiVersion"].as_str().unwrap_or_default();
        version.split_once('/').map(|(group, _)| group.to_owned())
    };
    let old = object.value();
    let fields: [&[&str]; 3] = [&["kind"], &["metadata", "name"], &["metadata", "namespace"]];
    let at = |value: &Value, path: &[&str]| {
        path.iter()
            .try_fold(value.clone(), |value, key| value.get(*key).cloned())
    };
    let moved = fields
        .into_iter()
        .find(|path| at(old, path) != at(value, path));
    let field: &[&str] = match moved {
        Some(field) => field,
        None if !value["apiVersion"].is_string() || group(old) != group(value) => &["apiVersion"],
        None => return Ok(()),
    };
    let node = patch.change.at(field.iter().copied());
    let message = format!(
        "a patch cannot change `{}` of `{}`",
        field.join("."),
        object.key()
    );
    Err(Problem {
        code: IDENTITY,
        message,
        span: node.map_or(patch.span, |node| node.span),
        help: Some(
            "it would be another object, which nothing refers to; components have fields for names, \
             and the stack has `namespace`"
                .to_owned(),
        ),
    })
}

impl Problem {
    fn said_of(self, object: &Object, sources: &SourceMap) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.code, self.message);
        let diagnostic = at(diagnostic, self.span, object.kind() == "Secret", sources);
        match self.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}

/// Shows a place in a patch. Of a patch of a Secret no lines are shown: they
/// may hold its values.
fn at(diagnostic: Diagnostic, span: Span, is_secret: bool, sources: &SourceMap) -> Diagnostic {
    if !is_secret {
        return diagnostic.at(span, "");
    }
    let (line, column) = sources.line_column(span);
    let name = &sources.file(span.file).name;
    diagnostic
        .note(format!("at {name}:{line}:{column}"))
        .note("the lines are not shown because they may hold values of the Secret")
}

#[cfg(test)]
mod tests;
