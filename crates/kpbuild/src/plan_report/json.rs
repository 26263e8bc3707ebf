//! A plan for programs.

use kpbuild_cluster::{Action, Plan};
use serde_json::{Value, json};

use super::Changes;

/// Everything but what does not change; of what moves, what is different there. Of many stacks, `stacks` has the counts
/// of each, and each object the names of those in which it changes alike.
pub(crate) fn json(changes: &Changes<'_>) -> Value {
    let objects: Vec<Value> = changes
        .shared
        .iter()
        .map(|change| {
            let mut value = serde_json::to_value(change.step).expect("a step is JSON");
            if changes.are_of_many() {
                value["stacks"] = json!(change.stacks);
            }
            value
        })
        .collect();
    let moved: Vec<Value> = changes
        .moved
        .iter()
        .map(|moved| {
            let mut value = serde_json::to_value(moved).expect("a move is JSON");
            value["meaning"] = json!(moved.meaning());
            value
        })
        .collect();
    if let [(_, plan)] = changes.stacks[..] {
        return json!({"summary": summary(plan), "moved": moved, "objects": objects});
    }
    let stacks: Vec<Value> = changes
        .stacks
        .iter()
        .map(|(name, plan)| json!({"stack": name, "summary": summary(plan)}))
        .collect();
    json!({"stacks": stacks, "moved": moved, "objects": objects})
}

/// How many objects have which action.
pub(crate) fn summary(plan: &Plan) -> Value {
    let count = |action| plan.count(action);
    json!({
        "create": count(Action::Create),
        "update": count(Action::Update),
        "replace": count(Action::Replace),
        "adopt": count(Action::Adopt),
        "prune": count(Action::Prune),
        "keep": count(Action::Keep),
        "unknown": count(Action::Unknown),
        "unchanged": count(Action::Unchanged),
    })
}
