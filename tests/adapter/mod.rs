//! prometheus-adapter's queries, answered by promtool as the adapter would have them answered by Prometheus. No other
//! test sees them: they are neither rules nor parts of dashboards, but text in a configuration file.

use std::fs;
use std::path::Path;
use std::process::Command;

use kpbuild_core::yaml;
use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::{self, Tool};
use serde_json::{Value, json};

#[test]
fn queries_answer_for_containers_and_for_nodes() {
    let folder = tempfile::tempdir().expect("a folder for the queries");
    let rules =
        json!({"groups": [{"name": "queries", "rules": records(&configuration(folder.path()))}]});
    fs::write(folder.path().join("rules.yaml"), yaml::document(&rules))
        .expect("the folder is ours");
    fs::write(
        folder.path().join("test.yaml"),
        include_str!("queries.yaml"),
    )
    .expect("the folder is ours");

    let tested = Command::new(tools::path(Tool::Promtool))
        .args(["test", "rules", "test.yaml"])
        .current_dir(folder.path())
        .output()
        .expect("promtool was built and can be run");
    let said = String::from_utf8_lossy(&tested.stdout) + String::from_utf8_lossy(&tested.stderr);
    assert!(tested.status.success(), "{said}");
}

/// The adapter's configuration in the default stack.
fn configuration(folder: &Path) -> Value {
    let output = folder.join("manifests");
    let output = output.to_str().expect("temporary folders have plain names");
    let rendered = kpbuild::run(
        kpbuild::checkout(),
        &["render", "stacks/kube-prometheus.yaml", "-o", output],
    );
    assert!(
        rendered.status.success(),
        "{}",
        String::from_utf8_lossy(&rendered.stderr)
    );
    let file = Path::new(output).join("prometheus-adapter-configMap-adapter-config.yaml");
    let manifest = read(&fs::read_to_string(file).expect("the ConfigMap was rendered"));
    read(
        manifest["data"]["config.yaml"]
            .as_str()
            .expect("the configuration is text"),
    )
}

fn read(text: &str) -> Value {
    yaml::read(text).expect("what kpbuild writes is YAML")
}

/// A record for each query, with what the adapter fills in for the objects of the test.
fn records(configuration: &Value) -> Vec<Value> {
    let asked = |resource: &str, query: &str, by: &str, matchers: &str| {
        let rules = &configuration["resourceRules"][resource];
        let query = rules[query]
            .as_str()
            .expect("each resource has both queries");
        query
            .replace("<<.GroupBy>>", by)
            .replace("<<.LabelMatchers>>", matchers)
    };
    let (pods, in_pods) = (
        "namespace, pod, container",
        r#"namespace="shop", pod=~"a|b""#,
    );
    vec![
        json!({"record": "cpu:container", "expr": asked("cpu", "containerQuery", pods, in_pods)}),
        json!({"record": "cpu:node", "expr": asked("cpu", "nodeQuery", "node", r#"node=~"n1|w1""#)}),
        json!({"record": "memory:container", "expr": asked("memory", "containerQuery", pods, in_pods)}),
        json!({"record": "memory:node", "expr": asked("memory", "nodeQuery", "instance", r#"instance=~"n1|w1""#)}),
    ]
}
