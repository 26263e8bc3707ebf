//! What differs between two values, field by field.
//!
//! Items of lists are matched by the name they are known by, so that a
//! container that moves does not look like two that change. What is noise is
//! left to [`crate::clean`].

use serde::Serialize;
use serde_json::{Map, Value};

use crate::path::{FieldPath, Segment};
use crate::quantity;

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Where it is.
    pub path: FieldPath,
    /// Its value now; nothing when the field is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Its value afterwards; nothing when the field goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// All fields that differ, in the order of the objects.
pub fn compare(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    walk(
        &FieldPath::default(),
        Some(before),
        Some(after),
        &mut changes,
    );
    changes
}

fn walk(
    path: &FieldPath,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<FieldChange>,
) {
    match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            maps(path, before, after, changes);
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            lists(path, before, after, changes);
        }
        (Some(before), Some(after)) if before == after || same_amount(path, before, after) => {}
        (None, None) => {}
        (before, after) => changes.push(FieldChange {
            path: path.clone(),
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

fn maps(
    path: &FieldPath,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    changes: &mut Vec<FieldChange>,
) {
    for (name, value) in before {
        walk(&path.field(name), Some(value), after.get(name), changes);
    }
    for (name, value) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        walk(&path.field(name), None, Some(value), changes);
    }
}

fn lists(path: &FieldPath, before: &[Value], after: &[Value], changes: &mut Vec<FieldChange>) {
    let Some(name) = NAMES
        .iter()
        .find(|name| names(before, name).is_some() && names(after, name).is_some())
    else {
        return by_place(path, before, after, changes);
    };
    let (old, new) = (
        names(before, name).unwrap_or_default(),
        names(after, name).unwrap_or_default(),
    );
    for (item, value) in old.iter().zip(before) {
        let other = new
            .iter()
            .position(|other| other == item)
            .map(|index| &after[index]);
        walk(
            &path.then(Segment::Item(item.clone())),
            Some(value),
            other,
            changes,
        );
    }
    for (item, value) in new
        .iter()
        .zip(after)
        .filter(|(item, _)| !old.contains(item))
    {
        walk(
            &path.then(Segment::Item(item.clone())),
            None,
            Some(value),
            changes,
        );
    }
    let kept: Vec<_> = old.iter().filter(|item| new.contains(item)).collect();
    if kept
        != new
            .iter()
            .filter(|item| old.contains(item))
            .collect::<Vec<_>>()
    {
        changes.push(FieldChange {
            path: path.clone(),
            before: Some(old.into()),
            after: Some(new.into()),
        });
    }
}

/// The fields that items of lists are known by, the better ones first.
pub(crate) const NAMES: [&str; 8] = [
    "name",
    "alert",
    "record",
    "uid",
    "key",
    "mountPath",
    "containerPort",
    "port",
];

/// The name of each item, if each has one and no two are equal.
fn names(items: &[Value], field: &str) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for item in items {
        let name = match item.get(field)? {
            Value::String(name) => name.clone(),
            Value::Number(name) => name.to_string(),
            _ => return None,
        };
        if names.contains(&name) {
            return None;
        }
        names.push(name);
    }
    Some(names)
}

fn by_place(path: &FieldPath, before: &[Value], after: &[Value], changes: &mut Vec<FieldChange>) {
    for index in 0..before.len().max(after.len()) {
        walk(
            &path.then(Segment::Index(index)),
            before.get(index),
            after.get(index),
            changes,
        );
    }
}

/// Fields that hold amounts; elsewhere `1k` and `1000` are two texts.
fn same_amount(path: &FieldPath, before: &Value, after: &Value) -> bool {
    const AMOUNTS: [&str; 7] = [
        "limits",
        "requests",
        "capacity",
        "hard",
        "sizeLimit",
        "storage",
        "divisor",
    ];
    path.fields().iter().any(|field| AMOUNTS.contains(field)) && quantity::equal(before, after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[expect(clippy::needless_pass_by_value, reason = "cases read better")]
    fn check(before: Value, after: Value, expected: &[&str]) {
        let changes = compare(&before, &after);
        let text = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
        let shown: Vec<String> = changes
            .iter()
            .map(|change| {
                format!(
                    "{} {} {}",
                    change.path,
                    text(&change.before),
                    text(&change.after)
                )
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn fields_come_and_go_and_change() {
        check(
            json!({"a": 1, "b": {"c": 2}, "d": 3}),
            json!({"a": 1, "b": {"c": 4}, "e": 5}),
            &["b.c 2 4", "d 3 -", "e - 5"],
        );
    }

    #[test]
    fn items_are_matched_by_name() {
        check(
            json!({"containers": [{"name": "a", "image": "x:1"}, {"name": "b"}]}),
            json!({"containers": [{"name": "c"}, {"name": "a", "image": "x:2"}]}),
            &[
                r#"containers[a].image "x:1" "x:2""#,
                r#"containers[b] {"name":"b"} -"#,
                r#"containers[c] - {"name":"c"}"#,
            ],
        );
    }

    #[test]
    fn another_order_is_one_change() {
        check(
            json!([{"name": "a"}, {"name": "b"}]),
            json!([{"name": "b"}, {"name": "a"}]),
            &[r#" ["a","b"] ["b","a"]"#],
        );
    }

    #[test]
    fn items_without_names_are_matched_by_place() {
        check(
            json!(["a", "b"]),
            json!(["a", "c", "d"]),
            &[r#"[1] "b" "c""#, r#"[2] - "d""#],
        );
    }

    #[test]
    fn amounts_are_compared_as_amounts_where_they_are_amounts() {
        check(
            json!({"limits": {"cpu": "1000m"}, "text": "1000m"}),
            json!({"limits": {"cpu": 1}, "text": "1"}),
            &[r#"text "1000m" "1""#],
        );
    }
}
