//! Pyrra's objectives on a real API server: they are written when their definition is there, and what Pyrra's controller
//! makes of them is its own. Its program is not built here, so that its rules are written in its name.

use kpbuild_tests::cluster::{Cluster, Options, Request};

use super::stack::{SMALL, Stack};

#[test]
fn objectives_are_applied_and_the_rules_made_of_them_left_alone() {
    let cluster = Cluster::start(&Options::full());
    let stack = Stack::in_cluster(&cluster, "monitoring".to_owned());
    write(&stack, "pyrra: {}");
    // The cluster knows none of the kinds yet.
    stack.apply(&["--timeout", "5m"]);
    let objectives = || stack.kubectl(&["get", "slo", "-o", "name"]);
    assert_eq!(objectives().lines().count(), 6, "{}", objectives());
    may(&stack, "create", "prometheusrules.monitoring.coreos.com");
    may(&stack, "patch", "servicelevelobjectives.pyrra.dev/status");

    cluster.apply(&rule(&stack, "prometheus-query-errors"));
    let status = r#"{"status":{"type":"PrometheusRule"}}"#;
    let of_status = ["--subresource=status", "--type=merge", "-p", status];
    let patch = ["patch", "slo", "prometheus-query-errors"];
    stack.kubectl(&[&patch[..], &of_status].concat());
    stack
        .run(&["diff"])
        .expect(0)
        .does_not_say("PrometheusRule/monitoring/prometheus-query-errors");
    let before = cluster.requests().len();
    stack.apply(&["--no-wait"]);
    let requests = cluster.requests().split_off(before);
    let ours = |request: &&Request| request.agent.starts_with("kpbuild/") && request.is_write();
    let writes: Vec<&Request> = requests.iter().filter(ours).collect();
    assert!(writes.is_empty(), "nothing has changed: {writes:#?}");

    write(
        &stack,
        "pyrra: {objectives: {prometheus-query-errors: {target: '95'}}}",
    );
    stack
        .apply(&["--no-wait"])
        .says("ServiceLevelObjective/monitoring/prometheus-query-errors");
    let target = [
        "get",
        "slo",
        "prometheus-query-errors",
        "-o",
        "jsonpath={.spec.target}",
    ];
    assert_eq!(stack.kubectl(&target), "95");

    // Pyrra's rules go with their objective, by the cluster's own hand: it waits until what goes is gone.
    write(&stack, "pyrra: {defaultObjectives: false}");
    stack.apply(&["--timeout", "5m"]).says("6 removed");
    assert_eq!(objectives(), "");
    let rule = || cluster.get("monitoring", "prometheusrule", "prometheus-query-errors");
    assert!(rule().is_none(), "it is owned by what is gone");
    stack.run(&["delete", "--yes"]).expect(0);
    assert_eq!(stack.kubectl(&["get", "deployment", "-o", "name"]), "");
}

fn write(stack: &Stack<'_>, pyrra: &str) {
    let components = SMALL
        .replace("  prometheus: {enabled: false}\n", "")
        .replace("  prometheus-operator: {enabled: false}\n", "");
    stack.write(&format!(
        "{components}  grafana: {{enabled: false}}\n  {pyrra}\n"
    ));
}

/// The account of the controller is allowed what it does.
fn may(stack: &Stack<'_>, verb: &str, resource: &str) {
    let account = format!("--as=system:serviceaccount:{}:pyrra-kubernetes", stack.name);
    let answer = stack.kubectl(&["auth", "can-i", verb, resource, &account]);
    assert!(answer.contains("yes"), "{verb} {resource}: {answer}");
}

/// The rules of an objective, as the controller writes them: beside it, with its labels, and owned by it.
fn rule(stack: &Stack<'_>, name: &str) -> String {
    let objective = stack.cluster.get(&stack.name, "slo", name);
    let metadata = &objective.expect("it was just applied")["metadata"];
    format!(
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: {name}\n  namespace: {}\n  \
         labels: {}\n  ownerReferences:\n  - {{apiVersion: pyrra.dev/v1alpha1, kind: ServiceLevelObjective, name: {name}, \
         uid: {}, controller: true, blockOwnerDeletion: true}}\nspec:\n  groups:\n  - name: {name}\n    rules:\n    - {{record: a, expr: vector(1)}}\n",
        stack.name, metadata["labels"], metadata["uid"],
    )
}
