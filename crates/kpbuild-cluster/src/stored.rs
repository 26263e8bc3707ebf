//! A plan that was made without a cluster, as JSON to be kept: only what cannot
//! be found out again from the objects is written down.

use kpbuild_core::ObjectKey;
use kpbuild_core::bundle::Phase;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::compare::compare;
use crate::effects::Effect;
use crate::plan::{Action, Plan, Step, bare};

#[derive(Serialize, Deserialize)]
struct Stored {
    changing: Vec<StoredStep>,
    moves: Vec<StoredStep>,
    unchanged: Vec<ObjectKey>,
}

#[derive(Serialize, Deserialize)]
struct StoredStep {
    object: ObjectKey,
    action: Action,
    moved_from: Option<String>,
    effects: Vec<Effect>,
    before: Option<Value>,
    after: Option<Value>,
}

impl Plan {
    /// The plan as JSON, without what only a cluster adds (obstacles, approvals).
    pub fn to_stored(&self) -> Value {
        let is_unchanged = |step: &&Step| step.action == Action::Unchanged;
        let changing = self.steps.iter().filter(|step| !is_unchanged(step));
        let stored = Stored {
            changing: changing.map(StoredStep::of).collect(),
            moves: self.moves.iter().map(StoredStep::of).collect(),
            unchanged: self
                .steps
                .iter()
                .filter(is_unchanged)
                .map(|step| step.object.clone())
                .collect(),
        };
        serde_json::to_value(stored).expect("a plan is JSON")
    }

    /// The plan again, unless the JSON is none. Where a change comes from is not
    /// kept; steps that change nothing come last.
    pub fn of_stored(value: Value) -> Option<Self> {
        let stored: Stored = serde_json::from_value(value).ok()?;
        let changing = stored.changing.into_iter().map(StoredStep::step);
        let unchanged = stored.unchanged.iter();
        let unchanged = unchanged.map(|key| bare(key, Action::Unchanged));
        Some(Self {
            steps: changing.chain(unchanged).collect(),
            moves: stored.moves.into_iter().map(StoredStep::step).collect(),
        })
    }
}

impl StoredStep {
    fn of(step: &Step) -> Self {
        Self {
            object: step.object.clone(),
            action: step.action,
            moved_from: step.moved_from.clone(),
            effects: step.effects.clone(),
            before: step.before.clone(),
            after: step.after.clone(),
        }
    }

    fn step(self) -> Step {
        Step {
            phase: Phase::of(&self.object),
            moved_from: self.moved_from,
            changes: match (&self.before, &self.after) {
                (Some(before), Some(after)) => compare(before, after),
                _ => Vec::new(),
            },
            effects: self.effects,
            before: self.before,
            after: self.after,
            ..bare(&self.object, self.action)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::between;
    use kpbuild_core::Bundle;
    use serde_json::json;

    #[test]
    fn a_plan_comes_back_as_it_was() {
        let bundle = |replicas: u32, extra: &str| {
            let values = [
                json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": replicas}}),
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": extra}}),
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "same"}}),
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "moved", "namespace": extra}, "data": {"a": extra, "b": replicas}}),
            ];
            Bundle::of_manifests("test", values).expect("cases are whole")
        };
        let plan = between(&bundle(1, "old"), &bundle(2, "new"), &[]);
        let back = Plan::of_stored(plan.to_stored()).expect("it was just written");
        let shown = |plan: &Plan| {
            let steps = plan.steps.iter().chain(&plan.moves);
            let mut shown: Vec<String> = steps
                .map(|step| {
                    format!(
                        "{} {:?} {:?} {:?} {:?} {:?}",
                        step.object,
                        step.action,
                        step.moved_from,
                        step.changes,
                        step.effects,
                        step.after
                    )
                })
                .collect();
            shown.sort();
            shown
        };
        assert_eq!(plan.moves.len(), 1);
        assert_eq!(shown(&plan), shown(&back));
        assert!(Plan::of_stored(json!({"changing": 1})).is_none());
    }
}
