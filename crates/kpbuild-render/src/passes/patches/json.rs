//! JSON patches (RFC 6902): what they do is the library's, what is said when
//! one does not fit is ours.

use json_patch::{PatchErrorKind, PatchOperation};
use kpbuild_core::suggest::nearest;
use kpbuild_core::{Node, Object};
use serde_json::Value;

use super::{Outcome, Problem};

/// What the operations make of an object.
pub(super) fn applied(operations: &[Node], object: &Object) -> Result<Outcome, Problem> {
    let mut value = object.value().clone();
    for operation in operations {
        let change: PatchOperation =
            serde_json::from_value(operation.to_json()).map_err(|error| {
                Problem::new(
                    format!("the operation cannot be read: {error}"),
                    operation.span,
                )
            })?;
        if let Err(error) = json_patch::patch(&mut value, &[change]) {
            return Err(problem(operation, &value, object, &error.kind));
        }
    }
    Ok(Outcome::Changed(value))
}

fn problem(operation: &Node, value: &Value, object: &Object, kind: &PatchErrorKind) -> Problem {
    let text = |field: &str| operation.get(field).and_then(Node::as_str);
    let span = |field: &str| operation.get(field).unwrap_or(operation).span;
    let path = text("path").unwrap_or_default();
    if matches!(kind, PatchErrorKind::TestFailed) {
        let message = format!(
            "`{path}` of `{}` is not what this test expects",
            object.key()
        );
        return Problem::new(message, span("path"))
            .help("see what it is now, and whether the operations after it are still right");
    }
    let is_add = text("op") == Some("add");
    let from = text("from").and_then(|from| Some((from, missing(value, from, false)?)));
    let to = missing(value, path, is_add || text("from").is_some()).map(|at| (path, at));
    let field = if from.is_some() { "from" } else { "path" };
    match from.or(to) {
        Some((pointer, missing)) => {
            let message = format!("`{}` has no `{pointer}`", object.key());
            Problem::new(message, span(field)).help(missing)
        }
        None => Problem::new(
            format!("`{path}` of `{}` cannot be changed like this", object.key()),
            span(field),
        ),
    }
}

/// Why a path leads nowhere, as a way out. The last step of a new value need
/// not be there.
fn missing(value: &Value, pointer: &str, is_new: bool) -> Option<String> {
    let mut steps: Vec<String> = pointer.split('/').skip(1).map(unescaped).collect();
    if is_new {
        let last = steps.pop()?;
        let parent = walk(value, &steps);
        return match parent {
            Err(help) => Some(help),
            Ok(Value::Object(_)) => None,
            Ok(Value::Array(items)) => {
                let fits = last == "-"
                    || last
                        .parse::<usize>()
                        .is_ok_and(|index| index <= items.len());
                (!fits).then(|| format!("{}; `-` is its end", length(&steps, items.len())))
            }
            Ok(_) => Some(format!(
                "`{}` is neither a map nor a list",
                pointer_of(&steps)
            )),
        };
    }
    walk(value, &steps).err()
}

/// The value at the end of a path, or what there is where it ends.
fn walk<'v>(value: &'v Value, steps: &[String]) -> Result<&'v Value, String> {
    let mut current = value;
    for (index, step) in steps.iter().enumerate() {
        let before = &steps[..index];
        current = match current {
            Value::Object(map) => map.get(step).ok_or_else(|| {
                let place = pointer_of(before);
                match nearest(step, map.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean `{place}/{}`?", escaped(near)),
                    None => format!(
                        "`{}` has no `{step}`: add it first",
                        if place.is_empty() { "/" } else { &place }
                    ),
                }
            })?,
            Value::Array(items) => {
                let index = step.parse::<usize>().ok();
                index
                    .and_then(|index| items.get(index))
                    .ok_or_else(|| length(before, items.len()))?
            }
            _ => {
                return Err(format!(
                    "`{}` is neither a map nor a list",
                    pointer_of(before)
                ));
            }
        };
    }
    Ok(current)
}

fn length(steps: &[String], length: usize) -> String {
    let items = match length {
        0 => "no items".to_owned(),
        1 => "one item, `0`".to_owned(),
        _ => format!("{length} items, `0` to `{}`", length - 1),
    };
    format!("`{}` is a list of {items}", pointer_of(steps))
}

fn pointer_of(steps: &[String]) -> String {
    steps.iter().fold(String::new(), |pointer, step| {
        pointer + "/" + &escaped(step)
    })
}

fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}
