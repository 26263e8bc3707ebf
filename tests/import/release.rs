//! The manifests of kube-prometheus itself, as they were published and changed by hand. They are fetched as a Go module; no
//! text of theirs is in the project, so what is changed is written here in words of our own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kpbuild_core::yaml;
use kpbuild_tests::{kpbuild, tools};
use serde_json::{Value, json};

use super::by_hand::into_another_namespace;
use super::{Import, plain};
use crate::options::{Objects, objects, parsed};

const MODULE: &str = "github.com/prometheus-operator/kube-prometheus";

/// The folder with the manifests of the release; nothing if it cannot be had, which is said.
fn manifests(test: &str) -> Option<PathBuf> {
    let module = tools::module(MODULE, "v0.18.0");
    if module.is_none() {
        tools::progress(&format!("SKIPPED {test}: `go mod download {MODULE}` fails"));
    }
    module.map(|folder| folder.join("manifests"))
}

/// The objects of the release but its definitions.
pub(super) fn release(test: &str) -> Option<Objects> {
    let folder = manifests(test)?;
    let mut items = Vec::new();
    for folder in [folder.join("setup"), folder] {
        for entry in std::fs::read_dir(folder).expect("the release has manifests") {
            let path = entry.expect("a folder lists its entries").path();
            let is_definition = path.to_string_lossy().contains("CustomResourceDefinition");
            if path.is_file() && !is_definition {
                items.extend(items_of(&path));
            }
        }
    }
    Some(parsed(json!({"items": items}).to_string().as_bytes()))
}

fn items_of(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("manifests are text");
    let value = yaml::read(&text).expect("manifests are YAML");
    let items = value["items"].as_array().cloned();
    items.unwrap_or_else(|| vec![value])
}

/// The folder as it was published.
#[test]
fn the_release_is_imported_in_two_lines() {
    let Some(manifests) = manifests("the_release_is_imported_in_two_lines") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder for the stack");
    let manifests = manifests.to_str().expect("the folder's name is text");
    let arguments = ["import", manifests, "--name", "prod", "--diff"];
    let output = kpbuild::run(folder.path(), &arguments);
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "kpbuild says in words of its own what is as in kube-prometheus v0.18.0: 230 rules and 33 dashboards\n\n\
         wrote stack.yaml (2 lines, no patches)\n121 of 121 objects are rendered as they were given\n"
    );
    let stack = std::fs::read_to_string(folder.path().join("stack.yaml"));
    assert_eq!(stack.expect("it was written"), "kind: Stack\nname: prod\n");
    // What is spelt otherwise is shown, but no text that says the same in other words.
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.ends_with("\n9 to update, 112 unchanged\n"), "{shown}");
    assert!(
        !shown.contains("PrometheusRule") && !shown.contains("grafana-dashboard-"),
        "{shown}"
    );
}

/// Elsewhere, with its pages about alerts elsewhere, too, it is still the release.
#[test]
fn the_release_in_another_namespace_takes_three_lines_more() {
    let Some(given) = release("the_release_in_another_namespace_takes_three_lines_more") else {
        return;
    };
    let text = Value::from_iter(into_another_namespace(&given)).to_string();
    let text = text.replace(
        "https://runbooks.prometheus-operator.dev/runbooks",
        "https://wiki.example.com/alerts",
    );
    let given: Objects = serde_json::from_str(&text).expect("it is still JSON");
    let import = Import::of(&given);
    assert!(
        import.run().starts_with("kpbuild says in words of its own what is as in kube-prometheus v0.18.0: 230 rules and 33 dashboards\n\n\
         wrote stack.yaml (5 lines, no patches)\n"),
    );
    assert_eq!(
        import.read("stack.yaml"),
        "kind: Stack\nname: manifests\nnamespace: watching\nrules:\n  runbooks: https://wiki.example.com/alerts\n"
    );
}

fn at<'o>(all: &'o mut Objects, key: &str, pointer: &str) -> &'o mut Value {
    let object = all
        .get_mut(key)
        .unwrap_or_else(|| panic!("there is no {key}"));
    let value = object.pointer_mut(pointer);
    value.unwrap_or_else(|| panic!("{key} has no {pointer}"))
}

/// The rule of a name, the one of a severity where it is said.
fn rule<'o>(all: &'o mut Objects, name: &str, severity: Option<&str>) -> &'o mut Value {
    let objects = all
        .values_mut()
        .filter(|object| object["kind"] == "PrometheusRule");
    let groups = objects.flat_map(|object| {
        object["spec"]["groups"]
            .as_array_mut()
            .expect("it has groups")
    });
    let mut rules = groups.flat_map(|group| group["rules"].as_array_mut().expect("it has rules"));
    let found = rules.find(|rule| {
        rule["alert"] == name
            && severity.is_none_or(|severity| rule["labels"]["severity"] == severity)
    });
    found.unwrap_or_else(|| panic!("there is no alert {name}"))
}

fn number(all: &mut Objects, name: &str, severity: Option<&str>, old: &str, new: &str) {
    let rule = rule(all, name, severity);
    let text = rule["expr"].as_str().expect("it is text");
    assert!(text.contains(old), "{name} has no {old}");
    rule["expr"] = json!(text.replace(old, new));
}

/// The pointers that are changed, by object, to be found again as they were given.
const FIELDS: [(&str, &str); 9] = [
    ("Prometheus monitoring/k8s", "/spec/replicas"),
    ("Prometheus monitoring/k8s", "/spec/retention"),
    ("Alertmanager monitoring/main", "/spec/image"),
    (
        "Deployment monitoring/grafana",
        "/spec/template/spec/containers/0/resources",
    ),
    (
        "Deployment monitoring/kube-state-metrics",
        "/spec/template/spec/containers/0/args",
    ),
    (
        "DaemonSet monitoring/node-exporter",
        "/spec/template/spec/tolerations",
    ),
    (
        "ServiceMonitor monitoring/kube-state-metrics",
        "/spec/endpoints/0/interval",
    ),
    ("Service monitoring/grafana", "/spec/type"),
    (
        "ServiceAccount monitoring/prometheus-k8s",
        "/metadata/annotations",
    ),
];

fn fields(all: &mut Objects) {
    let prometheus = at(all, "Prometheus monitoring/k8s", "/spec");
    prometheus["replicas"] = json!(3);
    prometheus["retention"] = json!("30d");
    *at(all, FIELDS[2].0, FIELDS[2].1) = json!("registry.example.com/alertmanager:v0.33.0");
    at(all, FIELDS[3].0, FIELDS[3].1)["limits"]["memory"] = json!("1Gi");
    let args = at(all, FIELDS[4].0, FIELDS[4].1)
        .as_array_mut()
        .expect("it has arguments");
    args.push(json!("--metric-labels-allowlist=pods=[*]"));
    *at(all, FIELDS[5].0, FIELDS[5].1) = json!([{"effect": "NoSchedule", "operator": "Exists"}]);
    *at(all, FIELDS[6].0, FIELDS[6].1) = json!("15s");
    at(all, FIELDS[7].0, "/spec")["type"] = json!("LoadBalancer");
    at(all, FIELDS[8].0, "/metadata")["annotations"] = json!({"team": "platform"});
    all.remove("NetworkPolicy monitoring/grafana")
        .expect("it was there");
}

/// An expression, as somebody writes it who knows better.
const EXPRESSION: &str = "kube_job_failed{job=\"kube-state-metrics\", namespace!=\"sandbox\"} > 0";

fn rules(all: &mut Objects) {
    // Of all rules that have the parameter, of one of two, and of those that write it otherwise.
    number(
        all,
        "NodeFilesystemSpaceFillingUp",
        Some("warning"),
        "< 15",
        "< 20",
    );
    number(all, "CPUThrottlingHigh", None, "25 / 100", "50 / 100");
    number(all, "AlertmanagerClusterDown", None, ">= 0.5", ">= 0.7");
    // No parameter says it.
    number(all, "KubePodCrashLooping", None, ">= 1", ">= 3");
    rule(all, "KubeJobFailed", None)["expr"] = json!(EXPRESSION);
    rule(all, "KubePodNotReady", None)["for"] = json!("30m");
    rule(all, "TargetDown", None)["labels"]["severity"] = json!("critical");
    rule(all, "KubeDeploymentReplicasMismatch", None)["annotations"]["summary"] =
        json!("Replicas are missing.");
    let general = at(
        all,
        "PrometheusRule monitoring/kube-prometheus-rules",
        "/spec/groups/0/rules",
    );
    let own = json!({"alert": "NoOrders", "expr": "sum(rate(orders_total[5m])) == 0", "labels": {"severity": "critical"}});
    general.as_array_mut().expect("it has rules").push(own);
    let groups = at(
        all,
        "PrometheusRule monitoring/kubernetes-monitoring-rules",
        "/spec/groups",
    );
    for group in groups.as_array_mut().expect("it has groups") {
        let rules = group["rules"].as_array_mut().expect("it has rules");
        rules.retain(|rule| rule["alert"] != "KubeCPUOvercommit");
    }
}

fn texts(all: &mut Objects) {
    let text = at(
        all,
        "ConfigMap monitoring/grafana-dashboard-kubelet",
        "/data/kubelet.json",
    );
    let mut dashboard: Value = yaml::read(text.as_str().expect("it is text")).expect("it is JSON");
    dashboard["panels"]
        .as_array_mut()
        .expect("it has panels")
        .pop();
    *text = json!(dashboard.to_string());
    let text = at(
        all,
        "ConfigMap monitoring/blackbox-exporter-configuration",
        "/data/config.yml",
    );
    let mut config = yaml::read(text.as_str().expect("it is text")).expect("it is YAML");
    config["modules"]["dns"] = json!({"prober": "dns", "dns": {"query_name": "example.com"}});
    *text = json!(yaml::document(&config));
    let text = at(
        all,
        "Secret monitoring/alertmanager-main",
        "/stringData/alertmanager.yaml",
    );
    *text = json!("receivers:\n- name: mail\nroute:\n  receiver: mail\n");
}

/// Twenty-three changes, of which each is in what the stack renders.
#[test]
fn changes_by_hand_of_the_release_are_taken_over() {
    let Some(mut given) = release("changes_by_hand_of_the_release_are_taken_over") else {
        return;
    };
    fields(&mut given);
    rules(&mut given);
    texts(&mut given);
    let import = Import::of(&given);
    insta::assert_snapshot!("release_said", import.run());
    let stack = yaml::read(&import.read("stack.yaml")).expect("it is YAML");
    assert_eq!(
        stack["rules"]["parameters"],
        json!({
            "kubernetes": {"cpuThrottlingPercent": 50},
            "node-exporter": {"fsSpaceFillingUpWarningThreshold": 20},
        })
    );
    let patches = stack["rules"]["patch"].as_array().expect("there are some");
    let named = |name: &str| patches.iter().find(|patch| patch["alert"] == name);
    let alone = named("AlertmanagerClusterDown").expect("it is patched");
    assert_eq!(
        alone["parameters"],
        json!({"alertmanagerClusterLossThreshold": 0.7})
    );
    let mut rendered = import.rendered();
    for (key, pointer) in FIELDS {
        assert_eq!(
            at(&mut rendered, key, pointer),
            at(&mut given, key, pointer),
            "{key} {pointer}"
        );
    }
    assert!(!rendered.contains_key("NetworkPolicy monitoring/grafana"));
    for (name, field) in [
        ("KubeJobFailed", "/expr"),
        ("KubePodCrashLooping", "/expr"),
        ("KubePodNotReady", "/for"),
        ("TargetDown", "/labels/severity"),
        ("KubeDeploymentReplicasMismatch", "/annotations/summary"),
        ("NoOrders", "/expr"),
    ] {
        let ours = rule(&mut rendered, name, None).pointer(field);
        assert_eq!(
            ours,
            rule(&mut given, name, None).pointer(field),
            "{name}{field}"
        );
    }
    let (ours, theirs) = (plain(&rendered), plain(&given));
    let dashboard = "ConfigMap monitoring/grafana-dashboard-kubelet";
    assert_eq!(ours[dashboard]["data"], theirs[dashboard]["data"]);
    only_what_was_changed(&rendered);
}

/// All else is as it is without changes.
fn only_what_was_changed(rendered: &Objects) {
    let (default, rendered) = (plain(&super::default()), plain(rendered));
    let keys = default
        .keys()
        .chain(rendered.keys())
        .collect::<BTreeSet<_>>();
    let changed = keys
        .into_iter()
        .filter(|key| default.get(*key) != rendered.get(*key));
    let names: Vec<&str> = changed.map(String::as_str).collect();
    insta::assert_snapshot!("release_changed", names.join("\n"));
}

/// Rules of components on demand are not in the release's manifests, so nothing can be told of them.
#[test]
fn rules_that_the_release_does_not_come_with_are_listed() {
    let Some(mut given) = release("rules_that_the_release_does_not_come_with_are_listed") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder for the stack");
    let stack = folder.path().join("stack.yaml");
    let with_proxy =
        "kind: Stack\nname: proxy\ncomponents: {kubernetes: {kubeProxy: {enabled: true}}}\n";
    std::fs::write(&stack, with_proxy).expect("the folder was just made");
    let ours = objects(&stack);
    let monitor = "PodMonitor monitoring/kube-proxy";
    given.insert(monitor.to_owned(), ours[monitor].clone());
    let key = "PrometheusRule monitoring/kubernetes-monitoring-rules";
    let groups = ours[key]["spec"]["groups"]
        .as_array()
        .expect("it has groups");
    let group = groups
        .iter()
        .find(|group| group["name"] == "kubernetes-system-kube-proxy");
    let mut group = group.expect("it is for kube-proxy").clone();
    group["rules"][0]["expr"] = json!("absent(up{job=\"kube-proxy\"})");
    let groups = at(&mut given, key, "/spec/groups");
    groups.as_array_mut().expect("it has groups").push(group);
    let import = Import::of(&given);
    insta::assert_snapshot!("with_kube_proxy_said", import.run());
    let stack = import.read("stack.yaml");
    assert!(
        stack.contains("kubeProxy:\n      enabled: true\n"),
        "{stack}"
    );
}

/// Of another release, nobody knows who wrote what is different: it is listed, and nothing else.
#[test]
fn texts_of_another_release_are_listed_by_name() {
    let Some(mut given) = release("texts_of_another_release_are_listed_by_name") else {
        return;
    };
    for object in given
        .values_mut()
        .filter(|object| object["kind"] == "PrometheusRule")
    {
        let labels = &mut object["metadata"]["labels"];
        if labels["app.kubernetes.io/version"].is_string() {
            labels["app.kubernetes.io/version"] = json!("0.1.0");
        }
    }
    number(
        &mut given,
        "CPUThrottlingHigh",
        None,
        "25 / 100",
        "50 / 100",
    );
    rule(&mut given, "KubeJobFailed", None)["expr"] = json!(EXPRESSION);
    texts(&mut given);
    let import = Import::of(&given);
    let said = import.run();
    let (_, said) = said
        .split_once("33 dashboards\n")
        .unwrap_or_else(|| said.split_once('\n').expect("it says more"));
    insta::assert_snapshot!("another_release_said", said);
    assert!(!import.read("stack.yaml").contains("expr"));
}
