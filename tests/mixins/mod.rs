//! The rules of the mixins as they are rendered: each has unit tests (`coverage`), promtool finds nothing wrong with
//! tests and rules (`promtool`), and a real Prometheus evaluates them (`prometheus`).

mod coverage;
mod prometheus;
mod promtool;

use kpbuild_tests::kpbuild;
use serde_json::{Value, json};

/// Every set of rules, also those that are installed on demand.
const EVERYTHING: &str = "tests/mixins/everything.yaml";

/// The groups of all PrometheusRule objects of a stack.
fn groups(stack: &str) -> Vec<Value> {
    let output = kpbuild::run(
        kpbuild::checkout(),
        &["render", stack, "-o", "-", "--format", "json"],
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let mut list: Value =
        serde_json::from_slice(&output.stdout).expect("`--format json` prints JSON");
    let objects = list["items"].take();
    objects
        .as_array()
        .expect("a list has items")
        .iter()
        .filter(|object| object["kind"] == "PrometheusRule")
        .flat_map(|object| items(&object["spec"]["groups"]).cloned())
        .collect()
}

/// All rules of these groups.
fn rules(groups: &[Value]) -> impl Iterator<Item = &Value> {
    groups.iter().flat_map(|group| items(&group["rules"]))
}

/// A rule file, as Prometheus and promtool read it: what a PrometheusRule's `spec` is.
fn rule_file(groups: &[Value]) -> String {
    json!({"groups": groups}).to_string()
}

/// The items of a list; none if there is no list.
fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
