//! A plan as text for people, as JSON for programs, as Markdown for reviews.
//!
//! All three say the same; none shows a value of a Secret, which a plan does not
//! hold in the first place.

mod json;
mod markdown;
mod shared;
mod text;

use kpbuild_cluster::{Action, FieldChange, Obstacle, Plan, Step};
use serde_json::Value;

pub(crate) use json::{json, summary as json_summary};
pub(crate) use markdown::{fold, markdown, table};
pub(crate) use shared::{Changes, Shared, listed};
pub(crate) use text::{Detail, text};

const GROWS: &str = "writing to a string cannot fail";

/// The actions in the order in which they are counted, with their words.
const ACTIONS: [(Action, &str); 7] = [
    (Action::Create, "to create"),
    (Action::Update, "to update"),
    (Action::Replace, "to replace"),
    (Action::Adopt, "to adopt"),
    (Action::Prune, "to remove"),
    (Action::Keep, "kept for their data"),
    (Action::Unknown, "refused by the server"),
];

/// The counts of every stack; stacks with the same counts share a line.
fn summaries(changes: &Changes<'_>) -> Vec<String> {
    if let [(_, plan)] = changes.stacks[..] {
        return vec![summary(plan)];
    }
    let mut by_counts: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, plan) in &changes.stacks {
        let counts = summary(plan);
        match by_counts.iter_mut().find(|(known, _)| *known == counts) {
            Some((_, names)) => names.push(name),
            None => by_counts.push((counts, vec![name])),
        }
    }
    by_counts
        .iter()
        .map(|(counts, names)| format!("{}: {counts}", changes.places(names)))
        .collect()
}

/// `2 to create, 1 to update, 128 unchanged`.
pub(crate) fn summary(plan: &Plan) -> String {
    let mut parts: Vec<String> = ACTIONS
        .iter()
        .map(|(action, words)| (plan.count(*action), words))
        .filter(|(number, _)| *number > 0)
        .map(|(number, words)| format!("{number} {words}"))
        .collect();
    parts.push(format!("{} unchanged", plan.count(Action::Unchanged)));
    let blocked = plan
        .steps
        .iter()
        .filter(|step| !step.obstacles.is_empty() && step.action != Action::Unknown)
        .count();
    let line = parts.join(", ");
    if blocked > 0 {
        format!("{line}; {blocked} cannot be applied as they are")
    } else {
        line
    }
}

/// What would be done with an object, as a word.
pub(crate) fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Adopt => "adopt",
        Action::Move => "move",
        Action::Unchanged => "unchanged",
        Action::Prune => "remove",
        Action::Keep => "keep",
        Action::Unknown => "refused",
    }
}

/// One field that differs, on one line.
pub(crate) fn change_line(change: &FieldChange) -> String {
    let path = change.path.to_string();
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => match (short(before), short(after)) {
            (Some(before), Some(after)) => format!("{path}: {before} -> {after}"),
            _ => format!("{path}: changed"),
        },
        (None, Some(after)) => format!(
            "{path}: {}",
            short(after).map_or("new".to_owned(), |value| format!("new, {value}"))
        ),
        (Some(before), None) => format!(
            "{path}: {}",
            short(before).map_or("removed".to_owned(), |value| format!(
                "removed, was {value}"
            ))
        ),
        (None, None) => path,
    }
}

/// A value that fits beside its path.
fn short(value: &Value) -> Option<String> {
    const LONGEST: usize = 60;
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let fits = text.chars().count() <= LONGEST && !text.contains('\n');
    fits.then_some(if text.is_empty() {
        "\"\"".to_owned()
    } else {
        text
    })
}

/// What stands against a step, with the way out; conflicts are shown in a table
/// of their own.
fn obstacle_line(step: &Step, obstacle: &Obstacle) -> Option<String> {
    let key = &step.object;
    Some(match obstacle {
        Obstacle::Conflicts { .. } => return None,
        Obstacle::NotOurs { owners } => format!(
            "it was made by {}; `--take-from {}` takes it over",
            owners.join(", "),
            owners[0]
        ),
        Obstacle::OtherSet {
            stack: Some(stack), ..
        } => format!(
            "it belongs to the stack `{}` in namespace {}: leave it out of one of the two, or `kpbuild delete` that one",
            stack.name, stack.namespace
        ),
        Obstacle::OtherSet { set, stack: None } => {
            format!("it belongs to another set of objects, {set}: rename or remove one of the two")
        }
        Obstacle::OtherService { service } => format!(
            "service {service} serves this API already and is never taken over: leave the component that brings it out of the stack"
        ),
        Obstacle::NeedsReplace { .. } => {
            format!("needs `--allow-replace {}/{}`", key.kind, key.name)
        }
        Obstacle::LosesData => format!(
            "its data goes with it: needs `--delete-data {}/{}` too",
            key.kind, key.name
        ),
        Obstacle::NoDefinition => format!(
            "neither the cluster nor the stack defines the kind `{}`",
            key.kind
        ),
        Obstacle::Refused { message, .. } => message.clone(),
    })
}
