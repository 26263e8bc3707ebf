//! The autoscaler of kube-state-metrics writes into a Deployment that kpbuild applies: neither takes what the other wrote.
//! Its program is not built here, so that its patches are made in its name.

use serde_json::{Value, json};

use super::stack::{SMALL, Stack};

#[test]
fn the_autoscaler_and_kpbuild_leave_each_other_alone() {
    let stack = Stack::small("autoscale");
    write(&stack, "{autoscale: {}}");
    stack.apply(&["--no-wait"]);
    may(&stack, &["list", "nodes"]);
    may(&stack, &["patch", "deployment/kube-state-metrics"]);

    for (cpu, memory) in [("20m", "220200960"), ("30m", "241172480")] {
        patch(&stack, cpu, memory);
        stack.run(&["diff"]).expect(0).says("unchanged");
        stack.apply(&["--no-wait"]).does_not_say("Deployment");
        assert_eq!(requests(&stack), json!({"cpu": cpu, "memory": memory}));
    }

    // What kpbuild itself changes goes on without a word about the rest.
    write(
        &stack,
        "{autoscale: {}, extraArgs: [--use-apiserver-cache]}",
    );
    stack.apply(&["--no-wait"]).says("Deployment/autoscale");
    assert_eq!(requests(&stack)["cpu"], "30m");

    // Without the autoscaler the fields are still its own, until kpbuild is told to take them.
    write(&stack, "{autoscale: {enabled: false}}");
    let refused = stack.run(&["apply", "--yes", "--no-wait"]).expect(1);
    refused.says("nothing was written");
    refused.says("--take-from cpvpa");
    stack.apply(&["--no-wait", "--take-from", "cpvpa"]);
    assert_eq!(requests(&stack), json!({"cpu": "10m", "memory": "190Mi"}));
    stack.run(&["diff"]).expect(0);
    stack.run(&["delete", "--yes"]).expect(0);
}

fn write(stack: &Stack<'_>, options: &str) {
    let off = "  kube-state-metrics: {enabled: false}\n";
    let on = format!("  kube-state-metrics: {options}\n");
    stack.write(&SMALL.replace(off, &on));
}

/// The account of the autoscaler is allowed what it does.
fn may(stack: &Stack<'_>, what: &[&str]) {
    let account = format!("--as=system:serviceaccount:{}:ksm-autoscaler", stack.name);
    let question = [&["auth", "can-i"], what, &[&account]].concat();
    let answer = stack.kubectl(&question);
    assert!(answer.contains("yes"), "{what:?}: {answer}");
}

/// As the autoscaler writes the resources after each step.
fn patch(stack: &Stack<'_>, cpu: &str, memory: &str) {
    let resources = json!({
        "limits": {"cpu": "200m", "memory": "283115520"},
        "requests": {"cpu": cpu, "memory": memory},
    });
    let containers = json!([{"name": "kube-state-metrics", "resources": resources}]);
    let patch = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "kube-state-metrics"},
        "spec": {"template": {"spec": {"containers": containers}}},
    });
    stack.kubectl(&[
        "patch",
        "deployment",
        "kube-state-metrics",
        "--type=strategic",
        "--field-manager=cpvpa",
        "-p",
        &patch.to_string(),
    ]);
}

fn requests(stack: &Stack<'_>) -> Value {
    let deployment = stack
        .cluster
        .get(&stack.name, "deployment", "kube-state-metrics");
    let deployment = deployment.expect("it was applied");
    let containers = &deployment["spec"]["template"]["spec"]["containers"];
    let mut containers = containers.as_array().into_iter().flatten();
    let container = containers.find(|container| container["name"] == "kube-state-metrics");
    container.expect("it has its main container")["resources"]["requests"].clone()
}
