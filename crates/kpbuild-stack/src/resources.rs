//! The resources of containers: the user's over a component's default.
//!
//! Kubernetes refuses a container whose request is more than its limit, so a
//! default gives way where the user names only one of the two.

use serde_json::{Map, Value, json};

use crate::context::{Context, merge};
use crate::format::amount;
use crate::shape::{Limits, Quantities, Resources};

/// The resources of a container.
pub(crate) fn resources(context: &Context<'_>, chosen: &Resources, default: &Value) -> Value {
    let unlimited = context.file.pods.limits == Limits::None;
    let default_limits = if unlimited {
        &Value::Null
    } else {
        &default["limits"]
    };
    let mut limits = over(default_limits, chosen.limits.as_ref());
    let mut requests = over(&default["requests"], chosen.requests.as_ref());
    for (resource, request) in &mut requests {
        let Some(limit) = limits.get_mut(resource) else {
            continue;
        };
        if exceeds(request, limit) {
            if names(chosen.limits.as_ref(), resource) {
                *request = limit.clone();
            } else {
                *limit = request.clone();
            }
        }
    }
    [("limits", limits), ("requests", requests)]
        .into_iter()
        .filter(|(_, amounts)| !amounts.is_empty())
        .map(|(name, amounts)| (name.to_owned(), Value::Object(amounts)))
        .collect()
}

fn over(default: &Value, chosen: Option<&Quantities>) -> Map<String, Value> {
    let mut amounts = match chosen {
        Some(Quantities(none)) if none.is_empty() => json!({}),
        _ if default.is_object() => default.clone(),
        _ => json!({}),
    };
    if let Some(chosen) = chosen {
        merge(&mut amounts, &json!(chosen));
    }
    match amounts {
        Value::Object(amounts) => amounts,
        _ => unreachable!("a map merged into a map is a map"),
    }
}

fn names(chosen: Option<&Quantities>, resource: &str) -> bool {
    chosen.is_some_and(|Quantities(amounts)| amounts.contains_key(resource))
}

fn exceeds(request: &Value, limit: &Value) -> bool {
    let value = |amount_: &Value| match amount_ {
        Value::String(text) => amount(text),
        other => other.as_f64(),
    };
    matches!((value(request), value(limit)), (Some(request), Some(limit)) if request > limit)
}

#[cfg(test)]
mod tests {
    use crate::shape::StackFile;

    use super::*;

    fn chosen(pods: &str, text: &str) -> Value {
        let file: StackFile = serde_json::from_str(&format!(
            r#"{{"kind": "Stack", "name": "test", "pods": {pods}}}"#
        ))
        .unwrap();
        let default = json!({
            "requests": {"cpu": "10m", "memory": "20Mi"},
            "limits": {"cpu": "20m", "memory": "40Mi"},
        });
        let chosen: Resources = serde_json::from_str(text).unwrap();
        resources(&Context { file: &file }, &chosen, &default)
    }

    #[track_caller]
    fn check(text: &str, requests: Value, limits: Value) {
        let found = chosen("{}", text);
        let part = |name: &str| found.get(name).cloned().unwrap_or_default();
        assert_eq!((part("requests"), part("limits")), (requests, limits));
    }

    #[test]
    fn what_is_not_named_stays() {
        let requests = json!({"cpu": "10m", "memory": "20Mi"});
        check(
            "{}",
            requests.clone(),
            json!({"cpu": "20m", "memory": "40Mi"}),
        );
        check(
            r#"{"limits": {"memory": "500Mi"}}"#,
            requests,
            json!({"cpu": "20m", "memory": "500Mi"}),
        );
    }

    #[test]
    fn null_removes_one_and_an_empty_map_all() {
        let requests = json!({"cpu": "10m", "memory": "20Mi"});
        check(
            r#"{"limits": {"cpu": null}}"#,
            requests.clone(),
            json!({"memory": "40Mi"}),
        );
        check(r#"{"limits": {}}"#, requests, Value::Null);
    }

    #[test]
    fn a_default_gives_way_to_what_is_said() {
        check(
            r#"{"requests": {"memory": "1Gi", "cpu": 0.015}}"#,
            json!({"cpu": 0.015, "memory": "1Gi"}),
            json!({"cpu": "20m", "memory": "1Gi"}),
        );
        check(
            r#"{"limits": {"memory": "10Mi"}}"#,
            json!({"cpu": "10m", "memory": "10Mi"}),
            json!({"cpu": "20m", "memory": "10Mi"}),
        );
    }

    #[test]
    fn without_limits_only_those_of_the_user_are_left() {
        let found = chosen(r#"{"limits": "none"}"#, r#"{"limits": {"memory": "1Gi"}}"#);
        assert_eq!(found["limits"], json!({"memory": "1Gi"}));
        assert_eq!(found["requests"], json!({"cpu": "10m", "memory": "20Mi"}));
    }
}
