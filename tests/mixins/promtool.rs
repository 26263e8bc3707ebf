//! What promtool says of the rules and of their tests.

use std::fs;
use std::process::Command;

use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::{self, Tool};
use serde_json::Value;

use super::{EVERYTHING, groups, items, rule_file};

/// All tests of all mixins, on the rules as they are rendered. None is skipped: the stack changes no rule.
#[test]
fn the_rules_pass_their_tests() {
    let promtool = tools::path(Tool::Promtool);
    let promtool = promtool.to_str().expect("the cache has a plain name");
    let output = kpbuild::run(
        kpbuild::checkout(),
        &[
            "test",
            EVERYTHING,
            "--promtool",
            promtool,
            "--format",
            "json",
        ],
    );
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no report ({error}): {said}"));
    let not_passed: Vec<_> = items(&report["tests"])
        .filter(|test| test["result"] != "passed")
        .collect();
    assert!(not_passed.is_empty(), "{not_passed:#?}");
    assert!(output.status.success(), "{said}");
    let count = items(&report["tests"]).count();
    assert!(count > 300, "only {count} tests were run");
}

/// The rules of the whole stack together, since lints also look for a record that is made twice.
#[test]
fn promtool_has_nothing_to_say_about_the_rules() {
    let folder = tempfile::tempdir().expect("a folder for the rules");
    let file = folder.path().join("rules.json");
    fs::write(&file, rule_file(&groups(EVERYTHING))).expect("the folder is ours");
    let checked = Command::new(tools::path(Tool::Promtool))
        .args(["check", "rules", "--lint=all", "--lint-fatal"])
        .arg(&file)
        .output()
        .expect("promtool was built and can be run");
    let said = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    assert!(checked.status.success(), "{said}");
    assert!(said.contains("SUCCESS"), "{said}");
}

/// A stack that disables, patches and adds rules, with tests of its own: of a rule that it has patched, of its groups and
/// of its files.
const CUSTOMISED: &str = r#"kind: Stack
name: customised
rules:
  disable: [KubeJobFailed]
  patch:
  - {alert: KubePodNotReady, for: 30m}
  groups:
  - name: shop
    rules:
    - {record: "shop:orders:rate5m", expr: "sum(rate(orders_total[5m]))"}
  files: [shop.yaml]
  tests: [tests.yaml]
"#;

const SHOP: &str = "groups:
- name: alerts
  rules:
  - {alert: NoOrders, expr: 'shop:orders:rate5m == 0', for: 5m}
";

const TESTS: &str = r#"evaluation_interval: 1m
tests:
- interval: 1m
  input_series:
  - {series: 'kube_pod_status_phase{job="kube-state-metrics",namespace="a",pod="b",phase="Pending"}', values: '1x60'}
  - {series: 'kube_pod_owner{job="kube-state-metrics",namespace="a",pod="b",owner_kind="ReplicaSet"}', values: '1x60'}
  promql_expr_test:
  - {expr: 'count(ALERTS{alertname="KubePodNotReady",alertstate="firing"})', eval_time: 25m, exp_samples: []}
  - {expr: 'count(ALERTS{alertname="KubePodNotReady",alertstate="firing"})', eval_time: 35m, exp_samples: [{labels: '{}', value: 1}]}
- interval: 1m
  input_series: [{series: 'orders_total', values: '5x20'}]
  alert_rule_test: [{alertname: NoOrders, eval_time: 15m, exp_alerts: [{}]}]
"#;

/// Tests of users hold for the rules as the stack has them; those of kpbuild for rules that it disables or patches are
/// skipped, and say why.
#[test]
fn patched_and_added_rules_are_tested_as_they_are_rendered() {
    let files = [
        ("stack.yaml", CUSTOMISED),
        ("shop.yaml", SHOP),
        ("tests.yaml", TESTS),
    ];
    let report = report(&files);
    let of = |file: &str| {
        let tests = items(&report["tests"]).filter(|test| test["file"].as_str() == Some(file));
        tests.cloned().collect::<Vec<Value>>()
    };
    let own = of("tests.yaml");
    assert_eq!(own.len(), 2, "{report:#}");
    assert!(
        own.iter().all(|test| test["result"] == "passed"),
        "{own:#?}"
    );
    let skipped: Vec<String> = items(&report["tests"])
        .filter(|test| test["result"] == "skipped")
        .map(|test| test["details"].as_str().unwrap_or_default().to_owned())
        .collect();
    for reason in [
        "this stack changes KubePodNotReady",
        "this stack disables KubeJobFailed",
    ] {
        assert!(skipped.iter().any(|one| one == reason), "{skipped:?}");
    }
}

/// What `kpbuild test` reports of the stack among some files; it succeeds.
fn report(files: &[(&str, &str)]) -> Value {
    let folder = tempfile::tempdir().expect("a folder for the stack");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("the folder is ours");
    }
    let promtool = tools::path(Tool::Promtool);
    let promtool = promtool.to_str().expect("the cache has a plain name");
    let arguments = [
        "test",
        "stack.yaml",
        "--promtool",
        promtool,
        "--format",
        "json",
    ];
    let output = kpbuild::run(folder.path(), &arguments);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no report ({error}): {output:?}"))
}

/// Weave Net where each router has itself among its peers: one connection of each has failed, for ever.
const SELF_CONNECTIONS: &str = "kind: Stack
name: weave
components: {weave-net: {}}
rules:
  parameters: {weave-net: {weaveNetFailedConnectionsPerRouter: 1}}
  tests: [tests.yaml]
";

/// Two clusters of two routers: in the first one, a connection to a peer has failed too.
const SELF_CONNECTIONS_TESTS: &str = r#"evaluation_interval: 1m
tests:
- interval: 1m
  input_series:
  - {series: 'weave_connections{job="weave-net",cluster="a",instance="1",state="failed"}', values: '1x5'}
  - {series: 'weave_connections{job="weave-net",cluster="a",instance="2",state="failed"}', values: '2x5'}
  - {series: 'weave_connections{job="weave-net",cluster="b",instance="1",state="failed"}', values: '1x5'}
  - {series: 'weave_connections{job="weave-net",cluster="b",instance="2",state="failed"}', values: '1x5'}
  - {series: 'weave_connection_terminations_total{job="weave-net",cluster="a",instance="1"}', values: '0x5'}
  - {series: 'weave_connection_terminations_total{job="weave-net",cluster="a",instance="2"}', values: '0x5'}
  - {series: 'weave_connection_terminations_total{job="weave-net",cluster="b",instance="1"}', values: '0x5'}
  - {series: 'weave_connection_terminations_total{job="weave-net",cluster="b",instance="2"}', values: '0x5'}
  promql_expr_test:
  - expr: 'count by (cluster) (ALERTS{alertname="WeaveNetConnectionsFailed",alertstate="firing"})'
    eval_time: 4m
    exp_samples: [{labels: '{cluster="a"}', value: 1}]
"#;

#[test]
fn failed_connections_that_every_router_has_are_left_out() {
    let files = [
        ("stack.yaml", SELF_CONNECTIONS),
        ("tests.yaml", SELF_CONNECTIONS_TESTS),
    ];
    let report = report(&files);
    let mut own = items(&report["tests"]).filter(|test| test["file"] == "tests.yaml");
    assert_eq!(
        own.next().map(|test| &test["result"]),
        Some(&"passed".into()),
        "{report:#}"
    );
}
