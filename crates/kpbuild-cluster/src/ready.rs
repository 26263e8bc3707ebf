//! When an object that was applied has become what it shall be.
//!
//! Pure rules by kind, after what controllers write into the status: those of
//! kstatus for Kubernetes' own kinds, and the operator's conditions for its.

use serde_json::Value;

/// How far an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It is there.
    Ready,
    /// Not yet; what it waits for.
    Waiting(String),
    /// It will not become ready by itself; why.
    Failed(String),
}

use Readiness::{Failed, Ready, Waiting};

/// How far an object is; kinds without a rule are ready as soon as they exist.
pub fn readiness(object: &Value) -> Readiness {
    let group = object["apiVersion"]
        .as_str()
        .and_then(|version| version.split_once('/'))
        .map_or("", |(group, _)| group);
    match (group, object["kind"].as_str().unwrap_or_default()) {
        ("apps", "Deployment") => deployment(object),
        ("apps", "DaemonSet") => daemon_set(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("batch", "Job") => job(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        ("apiregistration.k8s.io", "APIService") => expect_true(object, "Available"),
        ("", "Service") => service(object),
        (
            "monitoring.coreos.com",
            "Prometheus" | "PrometheusAgent" | "Alertmanager" | "ThanosRuler",
        ) => instance(object),
        _ => Ready,
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// Whether the controller has seen the object as it is now.
fn is_observed(object: &Value) -> bool {
    number(&object["status"]["observedGeneration"]) >= number(&object["metadata"]["generation"])
}

const UNSEEN: &str = "its controller has not seen it yet";

/// The condition of a type: status, reason and message.
fn condition<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions
        .iter()
        .find(|condition| condition["type"] == name)
}

fn is_true(object: &Value, name: &str) -> bool {
    condition(object, name).is_some_and(|condition| condition["status"] == "True")
}

fn is_false(object: &Value, name: &str) -> bool {
    condition(object, name).is_some_and(|condition| condition["status"] == "False")
}

/// What a condition says: its message, or else its reason.
fn words(object: &Value, name: &str) -> String {
    let text = |field: &str| {
        condition(object, name)?[field]
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    text("message")
        .or_else(|| text("reason"))
        .unwrap_or_else(|| format!("not {name} yet"))
}

fn expect_true(object: &Value, name: &str) -> Readiness {
    if is_true(object, name) {
        Ready
    } else {
        Waiting(words(object, name))
    }
}

/// `2 of 3 pods ready`, or ready.
fn pods(ready: u64, wanted: u64, what: &str) -> Option<Readiness> {
    (ready < wanted).then(|| Waiting(format!("{ready} of {wanted} pods {what}")))
}

/// Pods that shall no longer be there.
fn ending(pods: u64, what: &str) -> Option<Readiness> {
    match pods {
        0 => None,
        1 => Some(Waiting(format!("1 {what} pod still ends"))),
        _ => Some(Waiting(format!("{pods} {what} pods still end"))),
    }
}

fn deployment(object: &Value) -> Readiness {
    let (spec, status) = (&object["spec"], &object["status"]);
    if !is_observed(object) {
        return Waiting(UNSEEN.to_owned());
    }
    if is_false(object, "Progressing") {
        return Failed(words(object, "Progressing"));
    }
    let wanted = spec["replicas"].as_u64().unwrap_or(1);
    let old = number(&status["replicas"]).saturating_sub(number(&status["updatedReplicas"]));
    pods(number(&status["updatedReplicas"]), wanted, "updated")
        .or_else(|| ending(old, "old"))
        .or_else(|| pods(number(&status["availableReplicas"]), wanted, "available"))
        .or_else(|| pods(number(&status["readyReplicas"]), wanted, "ready"))
        .unwrap_or(Ready)
}

fn daemon_set(object: &Value) -> Readiness {
    let status = &object["status"];
    if !is_observed(object) {
        return Waiting(UNSEEN.to_owned());
    }
    let wanted = number(&status["desiredNumberScheduled"]);
    pods(number(&status["updatedNumberScheduled"]), wanted, "updated")
        .or_else(|| pods(number(&status["numberAvailable"]), wanted, "available"))
        .or_else(|| pods(number(&status["numberReady"]), wanted, "ready"))
        .unwrap_or(Ready)
}

fn stateful_set(object: &Value) -> Readiness {
    let (spec, status) = (&object["spec"], &object["status"]);
    if !is_observed(object) {
        return Waiting(UNSEEN.to_owned());
    }
    let wanted = spec["replicas"].as_u64().unwrap_or(1);
    let partition = number(&spec["updateStrategy"]["rollingUpdate"]["partition"]);
    let surplus = number(&status["replicas"]).saturating_sub(wanted);
    let updated = match spec["updateStrategy"]["type"].as_str() {
        Some("OnDelete") => None,
        _ => pods(
            number(&status["updatedReplicas"]),
            wanted.saturating_sub(partition),
            "updated",
        ),
    };
    updated
        .or_else(|| pods(number(&status["readyReplicas"]), wanted, "ready"))
        .or_else(|| ending(surplus, "surplus"))
        .unwrap_or(Ready)
}

fn job(object: &Value) -> Readiness {
    if is_true(object, "Failed") {
        return Failed(words(object, "Failed"));
    }
    if is_true(object, "Complete") {
        Ready
    } else {
        Waiting("it runs".to_owned())
    }
}

fn definition(object: &Value) -> Readiness {
    if is_false(object, "NamesAccepted") {
        return Failed(words(object, "NamesAccepted"));
    }
    if is_true(object, "Established") {
        Ready
    } else {
        Waiting("not established yet".to_owned())
    }
}

fn service(object: &Value) -> Readiness {
    let balancer = object["spec"]["type"] == "LoadBalancer";
    let addresses = object["status"]["loadBalancer"]["ingress"]
        .as_array()
        .map_or(0, Vec::len);
    if balancer && addresses == 0 {
        Waiting("no address from the load balancer yet".to_owned())
    } else {
        Ready
    }
}

/// The operator writes, for each condition, the generation that it is about.
fn instance(object: &Value) -> Readiness {
    let generation = number(&object["metadata"]["generation"]);
    for name in ["Reconciled", "Available"] {
        let Some(condition) = condition(object, name) else {
            return Waiting("the operator has not seen it yet".to_owned());
        };
        if number(&condition["observedGeneration"]) < generation {
            return Waiting("the operator has not seen its last change yet".to_owned());
        }
        if condition["status"] == "False" && name == "Reconciled" {
            return Failed(words(object, name));
        }
        if condition["status"] != "True" {
            return Waiting(words(object, name));
        }
    }
    Ready
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[expect(clippy::needless_pass_by_value, reason = "cases read better")]
    fn check(object: Value, expected: Readiness) {
        assert_eq!(readiness(&object), expected, "{object:#}");
    }

    fn waiting(text: &str) -> Readiness {
        Waiting(text.to_owned())
    }

    #[test]
    fn a_deployment_is_ready_when_all_new_pods_are_available() {
        let deployment = |status: Value| json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": status});
        check(
            deployment(json!({"observedGeneration": 1})),
            waiting(UNSEEN),
        );
        check(
            deployment(json!({"observedGeneration": 2, "updatedReplicas": 1})),
            waiting("1 of 2 pods updated"),
        );
        check(
            deployment(json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2})),
            waiting("1 old pod still ends"),
        );
        check(
            deployment(
                json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}),
            ),
            waiting("1 of 2 pods available"),
        );
        check(
            deployment(
                json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2}),
            ),
            Ready,
        );
        let conditions =
            json!([{"type": "Progressing", "status": "False", "message": "deadline exceeded"}]);
        check(
            deployment(json!({"observedGeneration": 2, "conditions": conditions})),
            Failed("deadline exceeded".to_owned()),
        );
    }

    #[test]
    fn an_instance_is_ready_when_the_operator_says_so_of_this_generation() {
        let instance = |reconciled: (&str, u64), available: (&str, u64)| {
            let condition = |name: &str, (status, generation): (&str, u64)| json!({"type": name, "status": status, "observedGeneration": generation, "message": "because"});
            json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": {"generation": 2}, "status": {"conditions": [condition("Reconciled", reconciled), condition("Available", available)]}})
        };
        check(instance(("True", 2), ("True", 2)), Ready);
        check(
            instance(("True", 1), ("True", 1)),
            waiting("the operator has not seen its last change yet"),
        );
        check(instance(("True", 2), ("Degraded", 2)), waiting("because"));
        check(
            instance(("False", 2), ("True", 2)),
            Failed("because".to_owned()),
        );
    }

    #[test]
    fn a_stateful_set_counts_what_its_partition_leaves() {
        let set = |updated: u64, ready: u64| json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"generation": 1}, "spec": {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}}, "status": {"observedGeneration": 1, "updatedReplicas": updated, "readyReplicas": ready, "replicas": 3}});
        check(set(1, 3), waiting("1 of 2 pods updated"));
        check(set(2, 2), waiting("2 of 3 pods ready"));
        check(set(2, 3), Ready);
    }

    #[test]
    fn definitions_jobs_and_services_have_rules_of_their_own() {
        let with = |api: &str, kind: &str, conditions: Value| json!({"apiVersion": api, "kind": kind, "status": {"conditions": conditions}});
        let crd = |conditions| {
            with(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                conditions,
            )
        };
        check(
            crd(json!([{"type": "Established", "status": "True"}])),
            Ready,
        );
        check(crd(json!([])), waiting("not established yet"));
        let names = json!([{"type": "NamesAccepted", "status": "False", "message": "taken"}]);
        check(crd(names), Failed("taken".to_owned()));
        check(
            with(
                "batch/v1",
                "Job",
                json!([{"type": "Complete", "status": "True"}]),
            ),
            Ready,
        );
        let balancer =
            json!({"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer"}});
        check(balancer, waiting("no address from the load balancer yet"));
        check(json!({"apiVersion": "v1", "kind": "ConfigMap"}), Ready);
    }
}
