//! The section `dashboards` of a stack file: what is left out, what users add, and what is said about it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Output;

use kpbuild_core::yaml;
use kpbuild_tests::kpbuild;
use serde_json::{Value, json};

use super::{dashboards, default_dashboards};

/// A folder with a stack file whose section `dashboards` is this, and further files.
fn folder(section: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the stack");
    let stack = format!("kind: Stack\nname: mine\ndashboards:\n{section}");
    for (name, text) in files.iter().chain([&("stack.yaml", stack.as_str())]) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("there is room");
        fs::write(path, text).expect("there is room");
    }
    folder
}

fn render(folder: &Path) -> Output {
    kpbuild::run(folder, &["render", "stack.yaml", "--format", "json"])
}

fn objects(folder: &Path) -> Vec<Value> {
    let output = render(folder);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let list: Value = serde_json::from_slice(&output.stdout).expect("`--format json` prints JSON");
    list["items"].as_array().expect("it is a list").clone()
}

fn said(folder: &Path) -> String {
    String::from_utf8(render(folder).stderr).expect("kpbuild prints UTF-8")
}

fn named<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let is_it = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    objects
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

#[test]
fn one_line_drops_windows_aix_and_macos() {
    let folder = folder("  exclude: [k8s-*windows*, nodes-aix, nodes-darwin]\n", &[]);
    let objects = objects(folder.path());
    let left = dashboards(&objects);
    let all: BTreeSet<&String> = default_dashboards().keys().collect();
    let dropped: Vec<&str> = all
        .difference(&left.keys().collect())
        .map(|file| file.as_str())
        .collect();
    assert_eq!(
        dropped,
        [
            "k8s-resources-windows-cluster.json",
            "k8s-resources-windows-namespace.json",
            "k8s-resources-windows-pod.json",
            "k8s-windows-cluster-rsrc-use.json",
            "k8s-windows-node-rsrc-use.json",
            "nodes-aix.json",
            "nodes-darwin.json",
        ]
    );
    let deployment = named(&objects, "Deployment", "grafana").to_string();
    assert!(
        dropped
            .iter()
            .all(|file| !deployment.contains(file.trim_end_matches(".json")))
    );
}

const JSONNET: &str = "\
local d = import 'lib/dashboard.libsonnet';
local queries = import '../queries.libsonnet';
d.dashboard('Shop', 'shop', 'Orders.', [d.variable.datasource('')], [
  d.timeseries('Orders', 'ops', 'Orders taken.', [d.query(queries.orders, 'orders')]),
])
";

const JSON: &str = r#"{
  "title": "Nodes of mine", "uid": "mine", "schemaVersion": 42,
  "panels": [{"id": 1, "type": "stat", "title": "Up", "gridPos": {"x": 0, "y": 0, "w": 4, "h": 4}, "targets": [{"expr": "sum(up)"}]}]
}
"#;

#[test]
fn users_dashboards_stand_beside_the_others_in_their_folders() {
    let folder = folder(
        "  files:\n  - nodes/*.json\n  - {path: shop/*.jsonnet, folder: Shop & co}\n",
        &[
            ("nodes/mine.json", JSON),
            ("shop/orders.jsonnet", JSONNET),
            (
                "queries.libsonnet",
                "{ orders: 'sum(rate(orders_total[$__rate_interval]))' }",
            ),
        ],
    );
    assert_eq!(said(folder.path()), "");
    let objects = objects(folder.path());
    let all = dashboards(&objects);
    assert_eq!(all.len(), default_dashboards().len() + 2);
    assert_eq!(
        all["mine.json"],
        serde_json::from_str::<Value>(JSON).expect("it is JSON")
    );
    assert_eq!(
        all["orders.json"]["panels"][0]["targets"][0]["expr"],
        "sum(rate(orders_total[$__rate_interval]))"
    );

    let providers = named(&objects, "ConfigMap", "grafana-dashboards");
    let providers = yaml::read(
        providers["data"]["dashboards.yaml"]
            .as_str()
            .expect("it is text"),
    )
    .expect("it is YAML");
    let folders: Vec<(&Value, &Value)> = providers["providers"]
        .as_array()
        .expect("it is a list")
        .iter()
        .map(|provider| (&provider["folder"], &provider["options"]["path"]))
        .collect();
    assert_eq!(
        folders,
        [
            (
                &json!("Default"),
                &json!("/grafana-dashboard-definitions/0")
            ),
            (
                &json!("Shop & co"),
                &json!("/grafana-dashboard-definitions/1")
            ),
        ]
    );
    let pod = &named(&objects, "Deployment", "grafana")["spec"]["template"]["spec"];
    let mounts = pod["containers"][0]["volumeMounts"]
        .as_array()
        .expect("it is a list");
    let path = |name: &str| {
        mounts
            .iter()
            .find(|mount| mount["name"] == name)
            .map(|mount| &mount["mountPath"])
    };
    assert_eq!(
        path("grafana-dashboard-mine"),
        Some(&json!("/grafana-dashboard-definitions/0/mine"))
    );
    assert_eq!(
        path("grafana-dashboard-orders"),
        Some(&json!("/grafana-dashboard-definitions/1/orders"))
    );
}

#[test]
fn what_is_wrong_is_shown_in_the_users_own_files() {
    let wrong = r#"{
  "title": "Node Exporter / Nodes",
  "uid": "mine",
  "schemaVersion": 42,
  "templating": {"list": [{"name": "env", "type": "custom", "query": "a,b"}]},
  "panels": [
    {"id": 1, "type": "stat", "title": "CPU", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
     "targets": [{"expr": "sum(rate(cpu{job=\"$job\"}[$__rate_interval])"}]},
    {"id": 1, "type": "stat", "title": "Memory", "gridPos": {"x": 6, "y": 0, "w": 12, "h": 8},
     "targets": [{"expr": "job:memory:sum"}]}
  ]
}
"#;
    let folder = folder(
        "  exclude: [node, k8s-*-linux]\n  files: [wrong.json, orders.jsonnet, dashbords/*.json]\n",
        &[
            ("wrong.json", wrong),
            (
                "orders.jsonnet",
                "local d = import 'lib/dashbord.libsonnet';\nd\n",
            ),
        ],
    );
    insta::assert_snapshot!(said(folder.path()), @r#"
        error[dashboard-excludes-nothing]: there is no dashboard `node`
         --> stack.yaml:4:13
          |
        4 |   exclude: [node, k8s-*-linux]
          |             ^^^^
          |
          = help: did you mean `nodes`?

        error[dashboard-excludes-nothing]: there is no dashboard `k8s-*-linux`
         --> stack.yaml:4:19
          |
        4 |   exclude: [node, k8s-*-linux]
          |                   ^^^^^^^^^^^
          |
          = help: names are those of the ConfigMaps, without `grafana-dashboard-`

        error[stack-files]: no file matches `dashbords/*.json`
         --> stack.yaml:5:39
          |
        5 |   files: [wrong.json, orders.jsonnet, dashbords/*.json]
          |                                       ^^^^^^^^^^^^^^^^
          |
          = help: paths are relative to the stack file

        error[dashboard-twice]: two dashboards have the title `Node Exporter / Nodes`
         --> wrong.json:2:12
          |
        2 |   "title": "Node Exporter / Nodes",
          |            ^^^^^^^^^^^^^^^^^^^^^^^
          |
          = note: the other one, `Node Exporter / Nodes`, comes with the mixin
                  `node-exporter`
          = help: give `wrong` another title, or replace the other one: `dashboards:
                  {exclude: [nodes]}`

        warning[dashboard-unused-variable]: nothing uses the variable `env`
         --> wrong.json:5:27
          |
        5 |   "templating": {"list": [{"name": "env", "type": "custom", "query": "a,b...
          |                           ^
          |
          = help: use it in a query, or remove it

        warning[dashboard-query]: the query of the panel `CPU` is not PromQL: unclosed left parenthesis
         --> wrong.json:8:27
          |
        8 | ... [{"expr": "sum(rate(cpu{job=\"$job\"}[$__rate_interval])"}]},
          |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

        warning[dashboard-undefined-variable]: the variable `job` is not defined
         --> wrong.json:8:27
          |
        8 | ... [{"expr": "sum(rate(cpu{job=\"$job\"}[$__rate_interval])"}]},
          |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: define it under `templating`, or write what it stands for

        warning[dashboard-panel-id]: the panels `CPU` and `Memory` have the id 1
         --> wrong.json:9:12
          |
        9 |     {"id": 1, "type": "stat", "title": "Memory", "gridPos": {"x": 6, "y":...
          |            ^
          |
          = help: give each panel an id of its own

        warning[dashboard-layout]: the panels `CPU` and `Memory` overlap
         --> wrong.json:9:61
          |
        9 |     {"id": 1, "type": "stat", "title": "Memory", "gridPos": {"x": 6, "y":...
          |                                                             ^
          |
          = help: move one of them

        error[dashboard-jsonnet]: the dashboard `orders.jsonnet` cannot be evaluated: can't resolve lib/dashbord.libsonnet from orders.jsonnet
         --> orders.jsonnet:1:18
          |
        1 | local d = import 'lib/dashbord.libsonnet';
          |                  ^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: imports are looked for beside the file, then in `vendor/` beside the
                  stack file

        5 errors, 5 warnings
        "#);
}

#[test]
fn a_dashboard_that_no_config_map_holds_stops_the_render() {
    let long = "x".repeat(1024 * 1024);
    let dashboard = JSON.replace("sum(up)", &format!("sum(up{{a=\\\"{long}\\\"}})"));
    let folder = folder("  files: [big.json]\n", &[("big.json", &dashboard)]);
    let output = kpbuild::run(folder.path(), &["render", "stack.yaml", "-o", "out"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("kpbuild prints UTF-8");
    assert!(
        said.starts_with("error[dashboard-too-large]: the dashboard `big.json` has 1048"),
        "{said}"
    );
    assert!(!folder.path().join("out").exists(), "something was written");
}

/// The dashboards of Windows come with the default stack without their rules, as in kube-prometheus; that is said of a
/// stack only when it measures Windows and something is missing.
#[test]
fn dashboards_without_their_rules_are_said() {
    let folder = folder("  exclude: [nodes]\n", &[]);
    assert_eq!(said(folder.path()), "");
    let stack = "kind: Stack\nname: mine\ncomponents:\n  kubernetes: {kubelet: {enabled: false}}\n";
    fs::write(folder.path().join("stack.yaml"), stack).expect("there is room");
    insta::assert_snapshot!(said(folder.path()), @"
        warning[dashboard-without-rules]: 8 dashboards of the mixin `kubernetes` show records that no rule of this stack makes
         --> stack.yaml:4:3
          |
        4 |   kubernetes: {kubelet: {enabled: false}}
          |   ^^^^^^^^^^
          |
          = note: such as
                  `node_namespace_pod_container:container_cpu_usage_seconds_total:sum_rate5m`
          = help: keep the rules, or drop what stays empty: `dashboards: {exclude:
                  [k8s-resources-cluster, k8s-resources-multicluster,
                  k8s-resources-namespace, k8s-resources-node,
                  k8s-resources-nodes-overview, k8s-resources-pod,
                  k8s-resources-workload, k8s-resources-workloads-namespace]}`

        1 warning
        ");
}
