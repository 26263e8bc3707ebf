//! Who owns the fields of an object: reads what the API server notes in
//! `metadata.managedFields`.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// The field manager of everything that kpbuild applies.
pub(crate) const MANAGER: &str = "kpbuild";

/// Who owns the fields of objects that were there before server-side apply.
pub(crate) const BEFORE_APPLY: &str = "before-first-apply";

/// Whether kpbuild has applied this object before.
pub(crate) fn is_ours(object: &Value) -> bool {
    entries(object).any(is_our_entry)
}

/// The managers that own what kpbuild would apply over, by name; controllers
/// that write the status are not among them.
pub(crate) fn owners(object: &Value) -> Vec<String> {
    let mut names: Vec<String> = entries(object)
        .filter(|entry| owns_the_object(entry))
        .filter_map(|entry| entry["manager"].as_str().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        names.push(BEFORE_APPLY.to_owned());
    }
    names
}

/// A digest of what the server notes about kpbuild's fields. It changes whenever
/// kpbuild applies a change, or somebody changes or takes one of its fields.
pub(crate) fn our_digest(object: &Value) -> Option<String> {
    let entry = entries(object).find(|entry| is_our_entry(entry))?;
    Some(digest(entry.to_string().as_bytes()))
}

/// When kpbuild's fields changed last, by the server's clock.
pub(crate) fn our_time(object: &Value) -> Option<jiff::Timestamp> {
    let entry = entries(object).find(|entry| is_our_entry(entry))?;
    entry["time"].as_str()?.parse().ok()
}

/// Whether the object came into being by kpbuild's first apply. Whoever applies
/// to an object that is there already does so after it was made.
pub(crate) fn is_made_by_us(object: &Value) -> bool {
    let made: Option<jiff::Timestamp> = object["metadata"]["creationTimestamp"]
        .as_str()
        .and_then(|time| time.parse().ok());
    matches!((made, our_time(object)), (Some(made), Some(ours)) if ours <= made)
}

/// The first half of a SHA-256, in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash[..16]
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The list of managed fields after kpbuild has taken over everything that
/// these managers own. `None` when none of them owns anything.
///
/// This is how fields that the others set and kpbuild does not render go away
/// with the next apply, instead of staying for ever without an owner who cares.
pub(crate) fn take_over(object: &Value, managers: &[String]) -> Option<Value> {
    let taken = |entry: &Value| {
        owns_the_object(entry)
            && entry["manager"]
                .as_str()
                .is_some_and(|name| managers.iter().any(|m| m == name))
    };
    let (from, kept): (Vec<&Value>, Vec<&Value>) = entries(object).partition(|entry| taken(entry));
    let version = from.first()?["apiVersion"].clone();
    let mut fields = Map::new();
    let ours = kept.iter().find(|entry| is_our_entry(entry));
    for entry in from.iter().chain(ours) {
        unite(&mut fields, &entry["fieldsV1"]);
    }
    let mut list: Vec<Value> = kept
        .into_iter()
        .filter(|entry| !is_our_entry(entry))
        .cloned()
        .collect();
    list.push(json!({
        "manager": MANAGER,
        "operation": "Apply",
        "apiVersion": version,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }));
    Some(list.into())
}

fn entries(object: &Value) -> impl Iterator<Item = &Value> {
    object["metadata"]["managedFields"]
        .as_array()
        .into_iter()
        .flatten()
}

fn is_our_entry(entry: &Value) -> bool {
    entry["manager"] == MANAGER
        && entry["operation"] == "Apply"
        && entry.get("subresource").is_none()
}

fn owns_the_object(entry: &Value) -> bool {
    entry.get("subresource").is_none() && !is_our_entry(entry) && !only_status(&entry["fieldsV1"])
}

fn only_status(fields: &Value) -> bool {
    fields
        .as_object()
        .is_some_and(|fields| !fields.is_empty() && fields.keys().all(|name| name == "f:status"))
}

/// Adds a set of fields to another: sets are trees whose leaves are empty.
fn unite(fields: &mut Map<String, Value>, more: &Value) {
    for (name, below) in more.as_object().into_iter().flatten() {
        let slot = fields.entry(name).or_insert_with(|| json!({}));
        if let Value::Object(slot) = slot {
            unite(slot, below);
        }
    }
}

/// Removes from an object what its managers owned alone and nobody owns any
/// more, as the server does when a manager applies without it: `gone` is in
/// `had` and not in `has`.
pub(crate) fn without_orphans(object: &Value, had: &Value, others: &[&Value]) -> Value {
    let mut object = object.clone();
    remove_orphans(&mut object, had, others);
    object
}

fn remove_orphans(value: &mut Value, had: &Value, others: &[&Value]) {
    let Some(had) = had.as_object() else { return };
    for (name, below) in had.iter().filter(|(name, _)| *name != ".") {
        let others: Vec<&Value> = others.iter().filter_map(|other| other.get(name)).collect();
        if others.is_empty() {
            remove(value, name);
        } else if let Some(part) = part_mut(value, name) {
            remove_orphans(part, below, &others);
        }
    }
}

/// The part of a value that an element of a field set stands for: `f:name`,
/// `k:{"name":"web"}`, `v:"value"`.
fn part_mut<'a>(value: &'a mut Value, element: &str) -> Option<&'a mut Value> {
    if let Some(name) = element.strip_prefix("f:") {
        return value.get_mut(name);
    }
    let index = position(value, element)?;
    value.get_mut(index)
}

fn position(value: &Value, element: &str) -> Option<usize> {
    let (kind, key) = element.split_at_checked(2)?;
    let key: Value = serde_json::from_str(key).ok()?;
    let matches = |item: &Value| match (kind, &key) {
        ("v:", key) => item == key,
        ("k:", Value::Object(key)) => key.iter().all(|(name, part)| item.get(name) == Some(part)),
        _ => false,
    };
    value.as_array()?.iter().position(matches)
}

fn remove(value: &mut Value, element: &str) {
    if let (Some(name), Some(map)) = (element.strip_prefix("f:"), value.as_object_mut()) {
        map.remove(name);
    } else if let (Some(index), Some(list)) = (position(value, element), value.as_array_mut()) {
        list.remove(index);
    }
}

/// The fields of all managers whose entries pass.
pub(crate) fn fields_of<'a>(object: &'a Value, managers: &[String]) -> (Value, Vec<&'a Value>) {
    let mut had = Map::new();
    let mut others = Vec::new();
    for entry in entries(object) {
        let name = entry["manager"].as_str().unwrap_or_default();
        if owns_the_object(entry) && managers.iter().any(|manager| manager == name) {
            unite(&mut had, &entry["fieldsV1"]);
        } else {
            others.push(&entry["fieldsV1"]);
        }
    }
    (had.into(), others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "cases read better")]
    fn object(entries: Value) -> Value {
        json!({"metadata": {"managedFields": entries}, "spec": {"a": 1, "b": 2, "list": [{"name": "x", "v": 1}, {"name": "y"}]}})
    }

    #[test]
    fn owners_are_those_of_more_than_the_status() {
        let object = object(json!([
            {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {}}},
            {"manager": "controller", "operation": "Update", "fieldsV1": {"f:status": {}}},
            {"manager": "scaler", "operation": "Update", "subresource": "scale", "fieldsV1": {"f:spec": {}}},
        ]));
        assert_eq!(owners(&object), ["kubectl"]);
        assert!(!is_ours(&object));
        assert_eq!(owners(&json!({})), [BEFORE_APPLY]);
    }

    #[test]
    fn what_we_have_made_is_known_by_its_time() {
        let made = |time: &str| json!({"metadata": {"creationTimestamp": "2026-01-01T00:00:05Z", "managedFields": [{"manager": "kpbuild", "operation": "Apply", "time": time, "fieldsV1": {}}]}});
        assert!(is_made_by_us(&made("2026-01-01T00:00:05Z")));
        assert!(!is_made_by_us(&made("2026-01-01T00:00:06Z")));
        assert!(!is_made_by_us(&json!({})));
    }

    #[test]
    fn taking_over_unites_the_fields() {
        let object = object(json!([
            {"manager": "kubectl", "operation": "Update", "apiVersion": "v1", "fieldsV1": {"f:spec": {"f:a": {}}}},
            {"manager": "kpbuild", "operation": "Apply", "apiVersion": "v1", "fieldsV1": {"f:spec": {"f:b": {}}}},
        ]));
        let list = take_over(&object, &["kubectl".into()]).unwrap();
        assert_eq!(list.as_array().unwrap().len(), 1);
        assert_eq!(
            list[0]["fieldsV1"],
            json!({"f:spec": {"f:a": {}, "f:b": {}}})
        );
        assert_eq!(take_over(&object, &["helm".into()]), None);
    }

    #[test]
    fn what_nobody_owns_any_more_goes() {
        let before = object(json!([
            {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {"f:a": {}, "f:b": {}, "f:list": {"k:{\"name\":\"x\"}": {".": {}, "f:v": {}}}}}},
            {"manager": "other", "operation": "Update", "fieldsV1": {"f:spec": {"f:b": {}}}},
        ]));
        let (had, others) = fields_of(&before, &["kubectl".into()]);
        let ours = json!({"f:spec": {"f:list": {"k:{\"name\":\"x\"}": {".": {}}}}});
        let others: Vec<&Value> = others.into_iter().chain([&ours]).collect();
        let after = without_orphans(&before, &had, &others);
        assert_eq!(
            after["spec"],
            json!({"b": 2, "list": [{"name": "x"}, {"name": "y"}]})
        );
    }
}
