//! Whether the user may do all that a run needs, asked before the first write.
//!
//! One review lists what a user may do in a namespace; only what that list does
//! not grant is asked for one by one, because the list may be incomplete.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use crate::answer::Refusal;
use crate::error::ClusterError;
use crate::resources::Resource;
use crate::server::Server;

/// Something that a user may or may not do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// `get`, `list`, `patch`, `create`, `delete`, `update`.
    pub verb: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The plural name.
    pub resource: String,
    /// Where; empty for the whole cluster.
    pub namespace: String,
}

impl Permission {
    pub(crate) fn new(verb: &str, resource: &Resource, namespace: &str) -> Self {
        Self {
            verb: verb.to_owned(),
            group: resource.group.clone(),
            resource: resource.plural.clone(),
            namespace: if resource.namespaced {
                namespace.to_owned()
            } else {
                String::new()
            },
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` on `{}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        match self.namespace.as_str() {
            "" => f.write_str("` in the whole cluster"),
            namespace => write!(f, "` in namespace `{namespace}`"),
        }
    }
}

/// Fails with all that the user may not do.
pub(crate) async fn check(
    server: &Server,
    needed: BTreeSet<Permission>,
    concurrency: usize,
) -> Result<(), ClusterError> {
    let missing = missing(server, needed, concurrency)
        .await
        .map_err(ClusterError::doing("ask what you may do"))?;
    if missing.is_empty() {
        Ok(())
    } else {
        Err(ClusterError::Permissions(missing))
    }
}

/// Those of the permissions that the user does not have.
async fn missing(
    server: &Server,
    needed: BTreeSet<Permission>,
    concurrency: usize,
) -> Result<Vec<Permission>, Refusal> {
    let mut by_namespace: BTreeMap<String, Vec<Permission>> = BTreeMap::new();
    for permission in needed {
        by_namespace
            .entry(permission.namespace.clone())
            .or_default()
            .push(permission);
    }
    let reviews = by_namespace
        .into_iter()
        .map(|(namespace, needed)| missing_in(server, namespace, needed));
    let missing: Vec<Vec<Permission>> = stream::iter(reviews)
        .buffered(concurrency)
        .try_collect()
        .await?;
    Ok(missing.into_iter().flatten().collect())
}

async fn missing_in(
    server: &Server,
    namespace: String,
    needed: Vec<Permission>,
) -> Result<Vec<Permission>, Refusal> {
    // A review needs a namespace. What is granted for the whole cluster is
    // granted there too, but not the other way round, so only `*` counts.
    let place = if namespace.is_empty() {
        "default"
    } else {
        &namespace
    };
    let rules = rules(server, place).await?;
    let mut missing = Vec::new();
    for permission in needed {
        let listed = match namespace.as_str() {
            "" => rules.iter().any(is_everything),
            _ => rules.iter().any(|rule| grants(rule, &permission)),
        };
        if !listed && !is_allowed(server, &permission).await? {
            missing.push(permission);
        }
    }
    Ok(missing)
}

async fn rules(server: &Server, namespace: &str) -> Result<Vec<Value>, Refusal> {
    let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}});
    let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let mut answer = server.create(path, &review).await?.value;
    match answer["status"]["resourceRules"].take() {
        Value::Array(rules) => Ok(rules),
        _ => Ok(Vec::new()),
    }
}

fn holds(list: &Value, word: &str) -> bool {
    list.as_array()
        .into_iter()
        .flatten()
        .any(|item| item == "*" || item == word)
}

/// Rules about objects of some names do not grant anything about all of them.
fn grants(rule: &Value, permission: &Permission) -> bool {
    let all_names = rule["resourceNames"].as_array().is_none_or(Vec::is_empty);
    all_names
        && holds(&rule["verbs"], &permission.verb)
        && holds(&rule["apiGroups"], &permission.group)
        && holds(&rule["resources"], &permission.resource)
}

fn is_everything(rule: &Value) -> bool {
    let star = |field: &str| {
        rule[field]
            .as_array()
            .into_iter()
            .flatten()
            .any(|item| item == "*")
    };
    star("verbs") && star("apiGroups") && star("resources")
}

async fn is_allowed(server: &Server, permission: &Permission) -> Result<bool, Refusal> {
    let mut attributes = json!({
        "verb": permission.verb,
        "group": permission.group,
        "resource": permission.resource,
    });
    if !permission.namespace.is_empty() {
        attributes["namespace"] = permission.namespace.as_str().into();
    }
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    Ok(server.create(path, &review).await?.value["status"]["allowed"] == true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_grant_by_verb_group_and_resource() {
        let permission = Permission {
            verb: "patch".into(),
            group: "apps".into(),
            resource: "deployments".into(),
            namespace: "m".into(),
        };
        let rule = |verbs: Value, groups: Value, names: Value| json!({"verbs": verbs, "apiGroups": groups, "resources": ["deployments"], "resourceNames": names});
        assert!(grants(
            &rule(json!(["*"]), json!(["apps"]), json!([])),
            &permission
        ));
        assert!(!grants(
            &rule(json!(["get"]), json!(["apps"]), json!([])),
            &permission
        ));
        assert!(!grants(
            &rule(json!(["*"]), json!([""]), json!([])),
            &permission
        ));
        assert!(!grants(
            &rule(json!(["*"]), json!(["*"]), json!(["one"])),
            &permission
        ));
        assert_eq!(
            permission.to_string(),
            "`patch` on `deployments.apps` in namespace `m`"
        );
    }
}
