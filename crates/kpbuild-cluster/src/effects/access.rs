//! Who may do or reach more or less: roles, bindings, network policies, and
//! services that open to the outside.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Changed, Effect, EffectKind};

pub(super) fn effects(changed: &Changed<'_>) -> Vec<Effect> {
    let texts = match (changed.key.group.as_str(), changed.key.kind.as_str()) {
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => permissions(changed),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => subjects(changed),
        ("networking.k8s.io", "NetworkPolicy") => network(changed),
        ("", "Service") => service_type(changed),
        _ => Vec::new(),
    };
    texts
        .into_iter()
        .map(|text| Effect::new(EffectKind::Access, text))
        .collect()
}

fn permissions(changed: &Changed<'_>) -> Vec<String> {
    gained_and_lost(changed, grants, "grants", "no longer grants")
}

fn subjects(changed: &Changed<'_>) -> Vec<String> {
    gained_and_lost(changed, bound, "gives the role to", "takes the role from")
}

/// What is in one of two sets only, as phrases.
fn gained_and_lost(
    changed: &Changed<'_>,
    set: fn(&Value) -> BTreeSet<String>,
    gains: &str,
    loses: &str,
) -> Vec<String> {
    let before = set(changed.before);
    let after = changed.after.map(set).unwrap_or_default();
    let phrase = |verb: &str, difference: BTreeSet<&String>| {
        let shown: Vec<String> = difference
            .iter()
            .take(4)
            .map(|text| format!("`{text}`"))
            .collect();
        let more = difference.len().saturating_sub(shown.len());
        let rest = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        (!shown.is_empty()).then(|| format!("{verb} {}{rest}", shown.join(", ")))
    };
    [
        phrase(gains, after.difference(&before).collect()),
        phrase(loses, before.difference(&after).collect()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Each verb on each resource that a role grants: `get pods`, `get deployments.apps`.
fn grants(role: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for rule in role["rules"].as_array().into_iter().flatten() {
        let resources = texts(&rule["resources"]).flat_map(|resource| {
            texts(&rule["apiGroups"]).map(move |group| match group {
                "" => resource.to_owned(),
                group => format!("{resource}.{group}"),
            })
        });
        let targets: Vec<String> = resources
            .chain(texts(&rule["nonResourceURLs"]).map(str::to_owned))
            .collect();
        for verb in texts(&rule["verbs"]) {
            all.extend(targets.iter().map(|target| format!("{verb} {target}")));
        }
    }
    all
}

fn texts(value: &Value) -> impl Iterator<Item = &str> + Clone {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn bound(binding: &Value) -> BTreeSet<String> {
    let subject = |subject: &Value| {
        let parts = ["kind", "namespace", "name"].map(|field| subject[field].as_str());
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        parts.join("/")
    };
    binding["subjects"]
        .as_array()
        .into_iter()
        .flatten()
        .map(subject)
        .collect()
}

fn network(changed: &Changed<'_>) -> Vec<String> {
    if changed.after.is_none() {
        return vec!["lifts the network policy: others may limit the same pods".to_owned()];
    }
    let below = |fields: &[&str]| {
        changed
            .changes
            .iter()
            .any(|change| change.path.is_below(fields))
    };
    let phrase = |fields: &[&str], text: &str| below(fields).then(|| text.to_owned());
    [
        phrase(&["spec", "ingress"], "changes who may reach the pods"),
        phrase(&["spec", "egress"], "changes what the pods may reach"),
        phrase(
            &["spec", "podSelector"],
            "changes which pods the policy is for",
        ),
        phrase(
            &["spec", "policyTypes"],
            "changes which directions the policy limits",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn service_type(changed: &Changed<'_>) -> Vec<String> {
    let of = |service: &Value| {
        service["spec"]["type"]
            .as_str()
            .unwrap_or("ClusterIP")
            .to_owned()
    };
    let Some(after) = changed.after.map(of) else {
        return Vec::new();
    };
    let before = of(changed.before);
    if before == after {
        return Vec::new();
    }
    let opens = matches!(after.as_str(), "NodePort" | "LoadBalancer");
    let consequence = if opens {
        ": it can be reached from outside the cluster"
    } else {
        ""
    };
    vec![format!(
        "makes the service a {after} instead of a {before}{consequence}"
    )]
}

#[cfg(test)]
mod tests {
    use crate::effects::tests::phrases;
    use serde_json::{Value, json};

    #[test]
    fn a_role_grants_more_or_less() {
        let role = |verbs: &[&str]| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [{"apiGroups": ["", "apps"], "resources": ["x"], "verbs": verbs}]});
        assert_eq!(
            phrases(role(&["get", "list"]), Some(role(&["get", "delete"]))),
            [
                "grants `delete x`, `delete x.apps`",
                "no longer grants `list x`, `list x.apps`"
            ]
        );
    }

    #[test]
    fn a_binding_names_whom_it_binds() {
        let binding = |subjects: Value| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "r", "namespace": "m"}, "subjects": subjects});
        let account = json!([{"kind": "ServiceAccount", "name": "a", "namespace": "m"}]);
        assert_eq!(
            phrases(binding(json!([])), Some(binding(account))),
            ["gives the role to `ServiceAccount/m/a`"]
        );
    }

    #[test]
    fn a_service_opens_to_the_outside() {
        let service = |kind: &str| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "m"}, "spec": {"type": kind}});
        assert_eq!(
            phrases(service("ClusterIP"), Some(service("LoadBalancer"))),
            [
                "makes the service a LoadBalancer instead of a ClusterIP: it can be reached from outside the cluster"
            ]
        );
    }
}
