//! A plan for programs.

use kpbuild_cluster::{Action, Plan};
use serde_json::{Value, json};

/// Everything but what does not change.
pub(crate) fn json(plan: &Plan) -> String {
    let objects: Vec<Value> = plan
        .steps
        .iter()
        .filter(|step| step.action != Action::Unchanged)
        .map(|step| serde_json::to_value(step).expect("a step is JSON"))
        .collect();
    let count = |action| plan.count(action);
    let summary = json!({
        "create": count(Action::Create),
        "update": count(Action::Update),
        "replace": count(Action::Replace),
        "adopt": count(Action::Adopt),
        "prune": count(Action::Prune),
        "keep": count(Action::Keep),
        "unknown": count(Action::Unknown),
        "unchanged": count(Action::Unchanged),
    });
    format!("{:#}\n", json!({"summary": summary, "objects": objects}))
}
