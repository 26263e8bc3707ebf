//! How far two values are from each other.

use serde_json::Value;

/// An object that only one side has weighs as much as this many fields.
pub(super) const OBJECT: usize = 20;

/// How many fields differ. A field that only one side has weighs as much as it
/// holds, so that half of it is nearer than nothing.
pub(super) fn fields(ours: &Value, theirs: &Value) -> usize {
    match (ours, theirs) {
        _ if ours == theirs => 0,
        (Value::Object(ours), Value::Object(theirs)) => {
            let in_ours = ours.iter().map(|(key, value)| match theirs.get(key) {
                Some(other) => fields(value, other),
                None => leaves(value),
            });
            let only_theirs = theirs.iter().filter(|(key, _)| !ours.contains_key(*key));
            in_ours.sum::<usize>() + only_theirs.map(|(_, value)| leaves(value)).sum::<usize>()
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            let both = ours.iter().zip(theirs);
            both.map(|(ours, theirs)| fields(ours, theirs)).sum()
        }
        _ => leaves(ours).max(leaves(theirs)),
    }
}

fn leaves(value: &Value) -> usize {
    let below: usize = match value {
        Value::Object(map) => map.values().map(leaves).sum(),
        Value::Array(items) => items.iter().map(leaves).sum(),
        _ => 1,
    };
    below.max(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn half_of_it_is_nearer_than_nothing() {
        let theirs = json!({"storage": {"size": "1Gi", "class": "ssd"}, "list": [1, 2]});
        let left = |ours: Value| fields(&ours, &theirs);
        assert_eq!(left(theirs.clone()), 0);
        assert_eq!(left(json!({})), 4);
        assert_eq!(
            left(json!({"storage": {"size": "1Gi", "class": "hdd"}, "list": [1]})),
            3
        );
        assert_eq!(left(json!({"storage": {}, "list": [1, 3], "more": {}})), 4);
    }
}
