//! Leaves out of an object what is no news: the server's own bookkeeping, and
//! what nobody shall read: the values of Secrets.

use serde_json::{Map, Value};

/// The label by which the members of a set are found (KEP-3659).
pub(crate) const PART_OF: &str = "applyset.kubernetes.io/part-of";
/// Where client-side apply keeps a copy of what it applied.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The object as far as somebody chose it: without status, managed fields and
/// what the server counts, and without the mark of kpbuild's own set.
#[must_use]
pub(crate) fn clean(object: &Value) -> Value {
    let mut object = object.clone();
    let Some(map) = object.as_object_mut() else {
        return object;
    };
    map.remove("status");
    if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in [
            "managedFields",
            "resourceVersion",
            "generation",
            "uid",
            "creationTimestamp",
            "selfLink",
        ] {
            metadata.remove(field);
        }
        remove_entry(metadata, "labels", PART_OF);
        // The Deployment controller counts rollouts here.
        remove_entry(metadata, "annotations", "deployment.kubernetes.io/revision");
    }
    object
}

fn remove_entry(metadata: &mut Map<String, Value>, field: &str, name: &str) {
    let Some(map) = metadata.get_mut(field).and_then(Value::as_object_mut) else {
        return;
    };
    map.remove(name);
    if map.is_empty() {
        metadata.remove(field);
    }
}

/// Hides what must not be read, in the present and in the future object. A
/// value that changes is still seen to change.
pub(crate) fn mask(before: &mut Value, after: &mut Value) {
    let secret = [&*before, &*after]
        .iter()
        .any(|object| object["kind"] == "Secret");
    if secret {
        for field in ["data", "stringData"] {
            mask_map(before.get_mut(field), after.get_mut(field));
        }
    }
    let annotation = |object| annotation(object, LAST_APPLIED);
    mask_values(annotation(before), annotation(after));
}

fn annotation<'a>(object: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    object
        .get_mut("metadata")?
        .get_mut("annotations")?
        .get_mut(name)
}

fn mask_map(before: Option<&mut Value>, after: Option<&mut Value>) {
    let mut nothing = Map::new();
    let mut none = Map::new();
    let before = before
        .and_then(Value::as_object_mut)
        .unwrap_or(&mut nothing);
    let after = after.and_then(Value::as_object_mut).unwrap_or(&mut none);
    for (name, value) in before.iter_mut() {
        mask_values(Some(value), after.get_mut(name));
    }
    for (name, value) in after
        .iter_mut()
        .filter(|(name, _)| !before.contains_key(*name))
    {
        let _ = name;
        mask_values(None, Some(value));
    }
}

fn mask_values(before: Option<&mut Value>, after: Option<&mut Value>) {
    match (before, after) {
        (Some(before), Some(after)) if before != after => {
            *before = "*** (before)".into();
            *after = "*** (after)".into();
        }
        (before, after) => {
            for value in before.into_iter().chain(after) {
                *value = "***".into();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_servers_bookkeeping_is_no_news() {
        let object = json!({
            "kind": "Service",
            "metadata": {"name": "a", "uid": "1", "generation": 3, "labels": {PART_OF: "x"}, "managedFields": []},
            "status": {"loadBalancer": {}},
        });
        assert_eq!(
            clean(&object),
            json!({"kind": "Service", "metadata": {"name": "a"}})
        );
    }

    #[test]
    fn secrets_are_hidden_and_their_changes_are_not() {
        let secret = |data: Value, copy: &str| json!({"kind": "Secret", "metadata": {"annotations": {LAST_APPLIED: copy}}, "data": data});
        let mut before = secret(
            json!({"same": "a", "other": "b", "gone": "c"}),
            "{\"data\": \"b\"}",
        );
        let mut after = secret(
            json!({"same": "a", "other": "d", "new": "e"}),
            "{\"data\": \"d\"}",
        );
        mask(&mut before, &mut after);
        assert_eq!(
            before,
            secret(
                json!({"same": "***", "other": "*** (before)", "gone": "***"}),
                "*** (before)"
            )
        );
        assert_eq!(
            after,
            secret(
                json!({"same": "***", "other": "*** (after)", "new": "***"}),
                "*** (after)"
            )
        );
    }
}
