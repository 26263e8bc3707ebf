//! Fields that somebody else owns and has set to something else.

use serde::Serialize;
use serde_json::Value;

use crate::answer::Refusal;
use crate::path::lookup;

/// A field that cannot be applied without taking it from its owner.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conflict {
    /// The field, as the server spells it.
    pub field: String,
    /// The manager that owns it.
    pub manager: String,
    /// The value that it has.
    pub theirs: Option<Value>,
    /// The value that the stack gives it.
    pub ours: Option<Value>,
}

/// The conflicts that a refusal is about, with the values of both sides; none
/// if it is about something else.
pub(crate) fn conflicts(refusal: &Refusal, before: &Value, manifest: &Value) -> Vec<Conflict> {
    let conflicting = refusal
        .causes
        .iter()
        .filter(|cause| cause.reason == "FieldManagerConflict");
    conflicting
        .map(|cause| Conflict {
            field: cause.field.clone(),
            manager: manager(&cause.message),
            theirs: lookup(before, &cause.field).cloned(),
            ours: lookup(manifest, &cause.field).cloned(),
        })
        .collect()
}

/// The manager in `conflict with "kubectl-edit" using apps/v1`.
fn manager(message: &str) -> String {
    message.split('"').nth(1).unwrap_or("somebody").to_owned()
}

/// Hides values of Secrets.
pub(crate) fn masked(conflicts: &[Conflict], kind: &str) -> Vec<Conflict> {
    let hidden = |value: &Option<Value>, side: &str| {
        value.as_ref().map(|_| Value::from(format!("*** ({side})")))
    };
    conflicts
        .iter()
        .map(|conflict| {
            let secret = [".data", ".stringData"]
                .iter()
                .any(|field| conflict.field.starts_with(field));
            if kind != "Secret" || !secret {
                return conflict.clone();
            }
            Conflict {
                theirs: hidden(&conflict.theirs, "theirs"),
                ours: hidden(&conflict.ours, "ours"),
                ..conflict.clone()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_sides_of_a_conflict_are_found() {
        let cause = json!({"reason": "FieldManagerConflict", "message": "conflict with \"kubectl-edit\" using apps/v1", "field": ".spec.replicas"});
        let refusal = Refusal::read(
            409,
            json!({"details": {"causes": [cause]}})
                .to_string()
                .as_bytes(),
        );
        let found = conflicts(
            &refusal,
            &json!({"spec": {"replicas": 1}}),
            &json!({"spec": {"replicas": 2}}),
        );
        let expected = Conflict {
            field: ".spec.replicas".into(),
            manager: "kubectl-edit".into(),
            theirs: Some(json!(1)),
            ours: Some(json!(2)),
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn secrets_stay_secret_in_conflicts() {
        let conflict = Conflict {
            field: ".data.password".into(),
            manager: "m".into(),
            theirs: Some(json!("YQ==")),
            ours: None,
        };
        assert_eq!(
            masked(&[conflict], "Secret")[0].theirs,
            Some(json!("*** (theirs)"))
        );
    }
}
