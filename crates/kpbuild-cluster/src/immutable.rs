//! Fields that the API server lets nobody change: an object whose such field is
//! another one must be deleted and created anew.
//!
//! A server says so itself; this table is for comparisons without one. It holds
//! what Kubernetes' own validation refuses for the kinds that stacks render.

use kpbuild_core::ObjectKey;
use serde_json::Value;

use crate::compare::FieldChange;

/// The fields of a StatefulSet's `spec` that can change.
const OF_STATEFUL_SET: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

/// The changes that the server would refuse, as paths.
pub(crate) fn fields(key: &ObjectKey, before: &Value, changes: &[FieldChange]) -> Vec<String> {
    let refused = changes.iter().filter(|change| refuses(key, before, change));
    refused.map(|change| change.path.to_string()).collect()
}

fn refuses(key: &ObjectKey, before: &Value, change: &FieldChange) -> bool {
    let below = |fields: &[&str]| change.path.is_below(fields);
    match (key.group.as_str(), key.kind.as_str()) {
        ("apps", "Deployment" | "DaemonSet") => below(&["spec", "selector"]),
        ("apps", "StatefulSet") => {
            let field = change.path.fields().get(1).copied();
            below(&["spec"]) && field.is_some_and(|field| !OF_STATEFUL_SET.contains(&field))
        }
        ("batch", "Job") => below(&["spec", "selector"]) || below(&["spec", "template"]),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => below(&["roleRef"]),
        ("storage.k8s.io", "StorageClass") => ["provisioner", "parameters", "reclaimPolicy"]
            .iter()
            .any(|field| below(&[field])),
        ("scheduling.k8s.io", "PriorityClass") => below(&["value"]),
        ("", "PersistentVolumeClaim") => {
            below(&["spec"])
                && !below(&["spec", "resources"])
                && !below(&["spec", "volumeAttributesClassName"])
        }
        ("", "Secret") => below(&["type"]) || (is_frozen(before) && is_content(change)),
        ("", "ConfigMap") => is_frozen(before) && is_content(change),
        // The address can be given up for another type, not exchanged.
        ("", "Service") => {
            below(&["spec", "clusterIP"]) && change.before.is_some() && change.after.is_some()
        }
        _ => false,
    }
}

fn is_frozen(object: &Value) -> bool {
    object["immutable"] == Value::Bool(true)
}

fn is_content(change: &FieldChange) -> bool {
    ["data", "stringData", "binaryData", "immutable"]
        .iter()
        .any(|field| change.path.is_below(&[field]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use serde_json::json;

    fn check(api: &str, kind: &str, before: Value, after: Value, expected: &[&str]) {
        let whole = |mut value: Value| {
            value["apiVersion"] = json!(api);
            value["kind"] = json!(kind);
            value["metadata"] = json!({"name": "x"});
            value
        };
        let (before, after) = (whole(before), whole(after));
        let key = ObjectKey {
            group: api
                .split_once('/')
                .map_or("", |(group, _)| group)
                .to_owned(),
            kind: kind.to_owned(),
            namespace: String::new(),
            name: "x".to_owned(),
        };
        assert_eq!(fields(&key, &before, &compare(&before, &after)), expected);
    }

    #[test]
    fn what_the_server_refuses_is_known() {
        let set = |size: &str, replicas: u32| json!({"spec": {"replicas": replicas, "serviceName": "a", "volumeClaimTemplates": [{"size": size}]}});
        let set_kind = ("apps/v1", "StatefulSet");
        check(set_kind.0, set_kind.1, set("1", 1), set("1", 2), &[]);
        check(
            set_kind.0,
            set_kind.1,
            set("1", 1),
            set("2", 1),
            &["spec.volumeClaimTemplates[0].size"],
        );
        let binding = |role: &str| json!({"roleRef": {"name": role}});
        check(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            binding("a"),
            binding("b"),
            &["roleRef.name"],
        );
        let frozen = |frozen: bool, text: &str| json!({"immutable": frozen, "data": {"a": text}});
        check(
            "v1",
            "ConfigMap",
            frozen(true, "x"),
            frozen(true, "y"),
            &["data.a"],
        );
        check(
            "v1",
            "ConfigMap",
            frozen(false, "x"),
            frozen(false, "y"),
            &[],
        );
        let service = |spec: Value| json!({"spec": spec});
        check(
            "v1",
            "Service",
            service(json!({"clusterIP": "None"})),
            service(json!({"clusterIP": "10.0.0.1"})),
            &["spec.clusterIP"],
        );
        check(
            "v1",
            "Service",
            service(json!({})),
            service(json!({"type": "NodePort"})),
            &[],
        );
    }
}
