//! Prometheus as an agent: the operator runs it, the Service and the NetworkPolicy of the stack find its pods, and who
//! asks it for data is told that it has none.

use serde_json::Value;

use super::stack::{SMALL, Stack};

#[test]
fn the_operator_runs_an_agent_whose_pods_are_found() {
    let stack = Stack::small("agent");
    let agent = format!(
        "  prometheus: {{name: {}, agent: {{}}, remoteWrite: [{{url: 'http://127.0.0.1:1/write'}}]}}\n",
        stack.name
    );
    stack.write(&SMALL.replace("  prometheus: {enabled: false}\n", &agent));
    stack.apply(&["--timeout", "5m"]);
    let conditions = stack.kubectl(&[
        "get",
        "prometheusagent",
        &stack.name,
        "-o",
        "jsonpath={.status.conditions[*].status}",
    ]);
    assert_eq!(conditions, "True True");
    let full_name = format!("prometheus-{}", stack.name);
    for (kind, path) in [
        ("service", "/spec/selector"),
        ("networkpolicy", "/spec/podSelector/matchLabels"),
    ] {
        let object = stack.cluster.get(&stack.name, kind, &full_name);
        let object = object.expect("it was just applied");
        let labels = object.pointer(path).and_then(Value::as_object);
        let selector: Vec<String> = labels
            .expect("it selects by labels")
            .iter()
            .map(|(name, value)| format!("{name}={}", value.as_str().expect("a label")))
            .collect();
        let pods = stack.kubectl(&["get", "pods", "-o", "name", "-l", &selector.join(",")]);
        let expected = [0, 1].map(|number| format!("pod/prom-agent-{}-{number}", stack.name));
        assert_eq!(pods.lines().collect::<Vec<_>>(), expected, "{kind}");
    }
    stack
        .run(&["query", "up"])
        .expect(1)
        .says("installs Prometheus as an agent, which answers no queries");
    stack.apply(&["--no-wait"]).says("unchanged");
    stack.run(&["delete", "--yes"]).expect(0);
}
