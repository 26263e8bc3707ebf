//! What a change of a bundle would do, without asking a cluster: the same plan,
//! the same meaning, made of two bundles.
//!
//! What only a cluster knows is missing: its defaults, what others have set, and
//! whether it takes the objects at all.

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_core::{Bundle, Object, ObjectKey};

use crate::compare::compare;
use crate::effects::{Changed, add_readers_of_gone_records, effects};
use crate::immutable;
use crate::moves::moves;
use crate::pattern::{Pattern, selects};
use crate::plan::{Action, Allowed, Plan, Step, bare, create, removal, replacement, shown};

/// The plan that turns one bundle into another. Values of Secrets are hidden.
/// Objects that hold data ([`Action::Keep`]) stay, as `apply` leaves them.
pub fn between(before: &Bundle, after: &Bundle, targets: &[Pattern]) -> Plan {
    let (old, new) = (selected(before, targets), selected(after, targets));
    let by_key: BTreeMap<&ObjectKey, &Object> =
        old.iter().map(|object| (object.key(), *object)).collect();
    let mut steps: Vec<Step> = new
        .iter()
        .map(|object| match by_key.get(object.key()) {
            Some(old) => existing(old, object),
            None => Step {
                origin: Some(object.origin.clone()),
                ..create(object, object.value())
            },
        })
        .collect();
    let kept: BTreeSet<&ObjectKey> = new.iter().map(|object| object.key()).collect();
    let gone = old.iter().filter(|object| !kept.contains(object.key()));
    let allowed = Allowed::default();
    steps.extend(gone.map(|object| removal(object.key(), object.value(), &allowed)));
    add_readers_of_gone_records(&mut steps, after);
    let moves = moves(&steps, before, after);
    Plan { steps, moves }
}

fn selected<'a>(bundle: &'a Bundle, targets: &[Pattern]) -> Vec<&'a Object> {
    let objects = bundle.objects().iter();
    objects
        .filter(|object| selects(targets, object.key()))
        .collect()
}

fn existing(old: &Object, new: &Object) -> Step {
    let key = new.key();
    let unchanged = Step {
        origin: Some(new.origin.clone()),
        ..bare(key, Action::Unchanged)
    };
    if old.says_the_same(new) {
        return unchanged;
    }
    let (before, after) = shown(old.value(), new.value());
    let changes = compare(&before, &after);
    if changes.is_empty() {
        return unchanged;
    }
    let immutable = immutable::fields(key, &before, &changes);
    let mut meaning = effects(&Changed {
        key,
        before: &before,
        after: Some(&after),
        changes: &changes,
    });
    let action = if immutable.is_empty() {
        Action::Update
    } else {
        meaning.splice(0..0, replacement(key, &immutable));
        Action::Replace
    };
    Step {
        action,
        changes,
        effects: meaning,
        before: Some(before),
        after: Some(after),
        ..unchanged
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn bundle(values: &[Value]) -> Bundle {
        Bundle::of_manifests("test", values.iter().cloned()).expect("cases are whole")
    }

    fn said(before: &[Value], after: &[Value]) -> Vec<String> {
        let plan = between(&bundle(before), &bundle(after), &[]);
        let line = |step: &Step| {
            let texts = step.effects.iter().map(|effect| effect.text.as_str());
            let meaning: Vec<&str> = texts.collect();
            format!("{:?} {}: {}", step.action, step.object, meaning.join("; "))
        };
        plan.steps.iter().map(line).collect()
    }

    fn object(kind: &str, name: &str, more: &Value) -> Value {
        let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
        for (field, value) in more.as_object().into_iter().flatten() {
            object[field] = value.clone();
        }
        object
    }

    #[test]
    fn objects_come_change_stay_and_go() {
        let workload = |replicas: u32, app: &str| {
            let spec = json!({"apiVersion": "apps/v1", "spec": {"replicas": replicas, "selector": {"app": app}}});
            object("Deployment", "d", &spec)
        };
        let same = object("ConfigMap", "same", &json!({"data": {"a": "b"}}));
        let namespace = object("Namespace", "m", &json!({}));
        let gone = object("ConfigMap", "gone", &json!({}));
        assert_eq!(
            said(
                &[namespace, gone, same.clone(), workload(1, "a")],
                &[
                    same.clone(),
                    workload(2, "a"),
                    object("Secret", "new", &json!({"data": {"p": "eA=="}}))
                ],
            ),
            [
                "Unchanged ConfigMap/same: ",
                "Create Secret/new: ",
                "Update Deployment/d: scales from 1 to 2 replicas",
                "Keep Namespace/m: stays, because its removal deletes everything in the namespace",
                "Prune ConfigMap/gone: ",
            ]
        );
        assert_eq!(
            said(&[workload(1, "a")], &[workload(1, "b")]),
            [
                "Replace Deployment/d: is deleted and created anew, because `spec.selector.app` cannot change; all its pods end before the first new one starts"
            ]
        );
    }

    #[test]
    fn a_secret_is_seen_to_change_and_not_read() {
        let secret =
            |value: &str| object("Secret", "s", &json!({"stringData": {"password": value}}));
        let plan = between(&bundle(&[secret("old")]), &bundle(&[secret("new")]), &[]);
        assert_eq!(plan.steps[0].action, Action::Update);
        let text = format!("{plan:?}");
        assert!(
            !text.contains("\"old\"") && !text.contains("\"new\""),
            "{text}"
        );
    }
}
