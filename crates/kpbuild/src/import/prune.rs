//! Takes out of a stack what it does not need.

use serde_json::Value;

use super::{Search, text};

/// Sections whose fields are tried one by one. Items of lists were added one by
/// one already.
const SECTIONS: [&str; 7] = [
    "cluster",
    "components",
    "expose",
    "images",
    "namespace",
    "networkPolicies",
    "pods",
];

/// Leaves out every field without which the stack is as near to what was given:
/// one that was found later may say the same.
pub(super) fn stack(search: &mut Search<'_>) {
    for section in SECTIONS {
        let mut paths = Vec::new();
        fields(
            &search.stack[section],
            &mut vec![section.to_owned()],
            &mut paths,
        );
        for path in paths {
            let mut stack = search.stack.clone();
            let steps: Vec<&str> = path.iter().map(String::as_str).collect();
            text::take(&mut stack, &steps);
            search.keep_if_as_near(stack);
        }
    }
}

/// The paths of all values that are no maps of others.
fn fields(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match value {
        Value::Null => {}
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                path.push(key.clone());
                fields(value, path, found);
                path.pop();
            }
        }
        _ => found.push(path.clone()),
    }
}
