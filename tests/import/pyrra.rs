//! kube-prometheus' addon Pyrra. Its objects are not part of the project: they are made here of kpbuild's, by what is known
//! to be different in them.

use kpbuild_tests::kpbuild;
use serde_json::{Value, json};

use super::Import;
use crate::options::{Objects, objects};

const CONTROLLER: &str = "Deployment monitoring/pyrra-kubernetes";

/// What kube-prometheus with the addon installs.
fn addon() -> Objects {
    let mut all = objects(&kpbuild::checkout().join("tests/options/on-demand/pyrra.yaml"));
    for name in ["pyrra-api", "pyrra-kubernetes"] {
        let policy = all.remove(&format!("NetworkPolicy monitoring/{name}"));
        assert!(policy.is_some(), "{name} has a policy");
        let pod = &mut at(&mut all, &format!("Deployment monitoring/{name}"))["spec"]["template"];
        remove(&mut pod["spec"], "automountServiceAccountToken");
        let container = &mut pod["spec"]["containers"][0];
        container["ports"] = json!([{"containerPort": 9099}]);
        for argument in container["args"].as_array_mut().expect("it has arguments") {
            let text = argument.as_str().expect("an argument is a text");
            *argument = json!(text.replace(".svc:", ".svc.cluster.local:"));
        }
    }
    let pod = &mut at(&mut all, CONTROLLER)["spec"]["template"]["spec"];
    pod["containers"][0]["securityContext"] =
        json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true});
    let account = at(&mut all, "ServiceAccount monitoring/pyrra-kubernetes");
    remove(account, "automountServiceAccountToken");
    for kind in ["ClusterRole", "ClusterRoleBinding"] {
        let object = at(&mut all, &format!("{kind} -/pyrra-kubernetes"));
        object["metadata"]["namespace"] = json!("monitoring");
    }
    let policy = &mut at(&mut all, "NetworkPolicy monitoring/prometheus-k8s")["spec"];
    let ways = policy["ingress"]
        .as_array_mut()
        .expect("it lets somebody in");
    ways.retain(|way| !way.to_string().contains("pyrra"));
    for object in all
        .values_mut()
        .filter(|object| object["kind"] == "ServiceLevelObjective")
    {
        object["spec"]["description"] = json!("");
        let metric = object.pointer_mut("/spec/indicator/latency/success/metric");
        if let Some(metric) = metric {
            let text = metric.as_str().expect("a metric is a text");
            *metric = json!(text.replace("le=\"5.0\"", "le=\"5\""));
        }
    }
    all
}

fn at<'o>(all: &'o mut Objects, key: &str) -> &'o mut Value {
    all.get_mut(key)
        .unwrap_or_else(|| panic!("there is no {key}"))
}

fn remove(value: &mut Value, field: &str) {
    let map = value.as_object_mut().expect("it is a map");
    assert!(map.remove(field).is_some(), "there is no {field}");
}

#[test]
fn the_addon_comes_back_as_one_field() {
    let given = addon();
    let import = Import::of(&given);
    let said = import.run();
    assert!(
        said.starts_with("Pyrra comes with what kube-prometheus' addon lacks"),
        "{said}"
    );
    assert!(
        said.contains("wrote stack.yaml (4 lines, no patches)"),
        "{said}"
    );
    assert_eq!(
        import.read("stack.yaml"),
        "kind: Stack\nname: manifests\ncomponents:\n  pyrra: {}\n"
    );
    let count = given
        .keys()
        .filter(|key| !key.starts_with("CustomResourceDefinition "))
        .count();
    assert!(
        said.contains(&format!("{count} of {count} objects are rendered")),
        "{said}"
    );
}

#[test]
fn objectives_that_were_changed_come_back_as_fields() {
    let mut given = addon();
    let objective = |name: &str| format!("ServiceLevelObjective monitoring/{name}");
    given.remove(&objective("coredns-response-errors"));
    at(&mut given, &objective("kubelet-request-errors"))["spec"]["target"] = json!("99.9");
    let errors = at(&mut given, &objective("prometheus-query-errors"));
    errors["spec"]["description"] = json!("Our own words.");
    errors["spec"]["indicator"] = json!({"bool_gauge": {"metric": "up"}});
    let mut own = at(&mut given, &objective("kubelet-runtime-errors")).clone();
    own["metadata"]["name"] = json!("web");
    given.insert(objective("web"), own);
    at(&mut given, CONTROLLER)["spec"]["replicas"] = json!(2);
    at(&mut given, "Deployment monitoring/pyrra-api")["spec"]["replicas"] = json!(2);
    let import = Import::of(&given);
    let said = import.run();
    insta::assert_snapshot!("pyrra", format!("{said}\n{}", import.read("stack.yaml")));
}
