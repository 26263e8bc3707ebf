//! The default installation, changed by hand in many places of different kinds.

use std::os::unix::fs::PermissionsExt as _;

use kpbuild_tests::kpbuild;
use serde_json::{Value, json};

use super::{Import, default, encode};
use crate::options::Objects;

/// The password that must be nowhere but in the file of secrets.
const PASSWORD: &str = "correct-horse-battery";

/// Twenty-two changes, as people make them in an editor.
fn changed() -> Objects {
    let mut all = into_another_namespace(&default());
    replicas_and_pods(&mut all);
    metadata_and_services(&mut all);
    rules(&mut all);
    dashboards(&mut all);
    secrets(&mut all);
    // A component and a policy are gone, and something else came to them.
    all.retain(|_, object| {
        object["metadata"]["labels"]["app.kubernetes.io/name"] != "blackbox-exporter"
            && object["metadata"]["name"] != "blackbox-exporter"
    });
    all.remove("NetworkPolicy watching/grafana")
        .expect("it was there");
    let foreign = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "team-notes", "namespace": "watching"},
        "data": {"notes": "call us"},
    });
    all.insert("ConfigMap watching/team-notes".to_owned(), foreign);
    all
}

/// As `sed` does it.
pub(super) fn into_another_namespace(objects: &Objects) -> Objects {
    let text = Value::from_iter(objects.clone()).to_string();
    let text = text
        .replace("\"namespace\":\"monitoring\"", "\"namespace\":\"watching\"")
        .replace("namespace=\\\"monitoring\\\"", "namespace=\\\"watching\\\"")
        .replace(".monitoring.svc", ".watching.svc")
        .replace("\"name\":\"monitoring\"", "\"name\":\"watching\"")
        .replace(
            "namespace=\\\\\\\"monitoring\\\\\\\"",
            "namespace=\\\\\\\"watching\\\\\\\"",
        )
        .replace(" monitoring/", " watching/")
        .replace("-/monitoring\"", "-/watching\"");
    let Value::Object(objects) = serde_json::from_str(&text).expect("it is still JSON") else {
        panic!("it was a map");
    };
    objects.into_iter().collect()
}

fn at<'o>(all: &'o mut Objects, key: &str, pointer: &str) -> &'o mut Value {
    let object = all
        .get_mut(key)
        .unwrap_or_else(|| panic!("there is no {key}"));
    let value = object.pointer_mut(pointer);
    value.unwrap_or_else(|| panic!("{key} has no {pointer}"))
}

fn replicas_and_pods(all: &mut Objects) {
    let prometheus = at(all, "Prometheus watching/k8s", "/spec");
    prometheus["replicas"] = json!(3);
    prometheus["retention"] = json!("30d");
    let container = "/spec/template/spec/containers/0";
    *at(
        all,
        "Deployment watching/grafana",
        &format!("{container}/image"),
    ) = json!("registry.example.com/grafana/grafana:13.0.2");
    let state_metrics = at(all, "Deployment watching/kube-state-metrics", container);
    state_metrics["resources"]["limits"]["memory"] = json!("1Gi");
    let args = state_metrics["args"]
        .as_array_mut()
        .expect("it has arguments");
    args.push(json!("--metric-labels-allowlist=pods=[*]"));
    let pod = at(
        all,
        "DaemonSet watching/node-exporter",
        "/spec/template/spec",
    );
    pod["tolerations"] = json!([{"effect": "NoSchedule", "operator": "Exists"}]);
    // Of a pod that no field speaks of.
    let pod = at(
        all,
        "Deployment watching/prometheus-operator",
        "/spec/template/spec",
    );
    pod["terminationGracePeriodSeconds"] = json!(60);
}

fn metadata_and_services(all: &mut Objects) {
    let labels = at(
        all,
        "Service watching/alertmanager-main",
        "/metadata/labels",
    );
    labels["team"] = json!("platform");
    let metadata = at(all, "ServiceAccount watching/prometheus-k8s", "/metadata");
    metadata["annotations"] = json!({"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/p"});
    at(all, "Service watching/grafana", "/spec")["type"] = json!("LoadBalancer");
}

fn rules(all: &mut Objects) {
    let key = "PrometheusRule watching/kubernetes-monitoring-rules";
    let groups = at(all, key, "/spec/groups")
        .as_array_mut()
        .expect("they are a list");
    for group in groups {
        let rules = group["rules"].as_array_mut().expect("they are a list");
        rules.retain(|rule| rule["alert"] != "KubeCPUOvercommit");
        for rule in rules
            .iter_mut()
            .filter(|rule| rule["alert"] == "KubePodNotReady")
        {
            rule["for"] = json!("30m");
            rule["labels"]["severity"] = json!("critical");
        }
    }
    let own = json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "shop", "namespace": "watching", "labels": {"team": "shop"}},
        "spec": {"groups": [{"name": "shop", "rules": [
            {"alert": "NoOrders", "expr": "sum(rate(orders_total[5m])) == 0", "labels": {"severity": "critical"}},
        ]}]},
    });
    all.insert("PrometheusRule watching/shop".to_owned(), own);
}

/// One goes, with its volume; another gets a panel less.
fn dashboards(all: &mut Objects) {
    let gone = "grafana-dashboard-nodes-aix";
    all.remove(&format!("ConfigMap watching/{gone}"))
        .expect("it was there");
    let pod = at(all, "Deployment watching/grafana", "/spec/template/spec");
    let retain = |list: &mut Value| {
        let list = list.as_array_mut().expect("it is a list");
        list.retain(|item| item["name"] != gone);
    };
    retain(&mut pod["volumes"]);
    retain(&mut pod["containers"][0]["volumeMounts"]);
    let text = at(
        all,
        "ConfigMap watching/grafana-dashboard-kubelet",
        "/data/kubelet.json",
    );
    let mut dashboard: Value =
        serde_json::from_str(text.as_str().expect("it is text")).expect("it is JSON");
    dashboard["panels"]
        .as_array_mut()
        .expect("it has panels")
        .pop();
    *text = json!(dashboard.to_string());
}

fn secrets(all: &mut Objects) {
    let alertmanager = all
        .get_mut("Secret watching/alertmanager-main")
        .expect("it is there");
    alertmanager["stringData"]["alertmanager.yaml"] = json!(format!(
        "# by hand\nglobal:\n  smtp_auth_password: {PASSWORD}\nreceivers:\n- name: mail\nroute:\n  receiver: mail\n"
    ));
    encode(alertmanager);
    let config = at(
        all,
        "Secret watching/grafana-config",
        "/stringData/grafana.ini",
    );
    *config = json!(format!(
        "{}[smtp]\nenabled = true\npassword = {PASSWORD}\n",
        config.as_str().expect("it is text")
    ));
}

#[test]
fn a_default_changed_by_hand_is_rendered_as_it_was_given() {
    let given = changed();
    let import = Import::of(&given);
    let said = import.run();
    let stack = import.read("stack.yaml");
    insta::assert_snapshot!("by_hand_said", said);
    insta::assert_snapshot!("by_hand_stack", stack);
    // What the list says, and nothing else.
    assert_eq!(
        import.left(&decoded(&given)),
        "- ConfigMap watching/team-notes\n"
    );
    assert!(!said.contains(PASSWORD) && !stack.contains(PASSWORD));
    assert_eq!(
        import.read("stack.secrets.yaml").matches(PASSWORD).count(),
        2
    );
    let about = std::fs::metadata(import.path().join("stack.secrets.yaml")).expect("it is there");
    assert_eq!(
        about.permissions().mode() & 0o777,
        0o600,
        "only its owner may read it"
    );
}

/// Nor is a password in what is shown as different.
#[test]
fn a_difference_shows_no_secret() {
    let import = Import::of(&changed());
    let arguments = ["import", "manifests", "-o", "prod.yaml", "--diff"];
    let output = kpbuild::run(import.path(), &arguments);
    let shown = String::from_utf8(output.stdout).expect("kpbuild prints UTF-8");
    assert!(output.status.success());
    assert!(shown.contains("ConfigMap/watching/team-notes"), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
    assert!(import.read("prod.yaml").contains("prod.secrets.yaml"));
}

/// Secrets as they are rendered, in so far as they are the same: their texts as what they say.
fn decoded(given: &Objects) -> Objects {
    let mut given = given.clone();
    let key = "Secret watching/alertmanager-main";
    let secret = given.get_mut(key).expect("it is there");
    let fields = secret.as_object_mut().expect("an object is a map");
    fields.remove("data");
    secret["stringData"]["alertmanager.yaml"] = json!(format!(
        "global:\n  smtp_auth_password: {PASSWORD}\nreceivers:\n- name: mail\nroute:\n  receiver: mail\n"
    ));
    given
}
