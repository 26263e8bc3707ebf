//! `kpbuild diff`, `apply` and `delete` on a real API server: what is written and what is not, whose fields are taken
//! and whose are not, and that a run may be stopped, killed and repeated.

use kpbuild_tests::cluster::{Cluster, Options};

use super::installation::every_rule_is_healthy;
use super::stack::{QUIET, Run, SMALL, Stack, members};

#[test]
fn one_command_installs_and_the_next_writes_nothing() {
    let cluster = Cluster::start(&Options::full());
    let stack = Stack::in_cluster(&cluster, "monitoring".to_owned());
    let volume = "  prometheus: {storage: {size: 1Gi}}\n";
    stack.write(volume);
    // Pods of the test cluster run nothing, so that no aggregated API becomes available: it comes without waiting.
    stack.apply(&["--timeout", "5m", "--target", "!APIService/*"]);
    for (kind, name) in [("prometheus", "k8s"), ("alertmanager", "main")] {
        let conditions = stack.kubectl(&[
            "get",
            kind,
            name,
            "-o",
            "jsonpath={.status.conditions[*].status}",
        ]);
        assert_eq!(conditions, "True True", "{kind}/{name}");
    }
    every_rule_is_healthy(&cluster, &stack.rendered());
    stack.apply(&["--no-wait"]).says("1 created, 130 unchanged");
    stack.run(&["diff"]).expect(0).says("131 unchanged");

    let (versions, before) = (resource_versions(&stack), cluster.requests().len());
    stack.apply(&["--no-wait"]).says("131 unchanged");
    let requests = cluster.requests().split_off(before);
    let ours: Vec<_> = requests
        .iter()
        .filter(|request| request.agent.starts_with("kpbuild/"))
        .collect();
    let writes: Vec<_> = ours.iter().filter(|request| request.is_write()).collect();
    assert!(writes.is_empty(), "{writes:#?}");
    assert!(
        (1..60).contains(&ours.len()),
        "an unchanged apply sends {} requests",
        ours.len()
    );
    assert_eq!(resource_versions(&stack), versions);

    let everything = members(&stack);
    assert_eq!(everything.len(), 131, "{everything:#?}");
    stack.write(&format!(
        "{volume}  blackbox-exporter: {{enabled: false}}\n"
    ));
    // It waits until what goes is gone.
    stack.apply(&["--timeout", "5m", "--target", "!APIService/*"]);
    let gone: Vec<String> = everything.difference(&members(&stack)).cloned().collect();
    assert!(
        gone.iter().all(|name| name.contains("blackbox-exporter")),
        "{gone:?}"
    );
    assert_eq!(gone.len(), 8, "{gone:?}");

    delete_all(&stack);
}

/// First what holds no data, then what was kept.
fn delete_all(stack: &Stack<'_>) {
    let run = stack.run(&["delete", "--yes"]).expect(0);
    run.says("--delete-data");
    let left = members(stack);
    let kept = |name: &String| {
        name.starts_with("CustomResourceDefinition") || name.starts_with("Namespace")
    };
    assert!(left.iter().all(kept), "{left:?}");
    assert_eq!(left.len(), 11, "{left:?}");
    assert_eq!(stack.kubectl(&["get", "secret,lease", "-o", "name"]), "");
    let claims = || stack.kubectl(&["get", "persistentvolumeclaim", "-o", "name"]);
    assert_eq!(claims().lines().count(), 2, "{}", claims());

    let data = ["--delete-data", "PersistentVolumeClaim/*"];
    stack
        .run(&[&["delete", "--yes"][..], &data].concat())
        .expect(0)
        .says("2 removed, 11 kept");
    assert_eq!(claims(), "");
    let rest = [
        "--delete-data",
        "Namespace/monitoring",
        "--delete-data",
        "CustomResourceDefinition/*",
    ];
    stack
        .run(&[&["delete", "--yes"][..], &rest].concat())
        .expect(0)
        .says("11 removed");
    assert_eq!(stack.kubectl(&["get", "crd", "-o", "name"]), "");
    assert!(
        stack
            .cluster
            .get("default", "namespace", "monitoring")
            .is_none()
    );
    stack
        .run(&["delete", "--yes"])
        .expect(0)
        .says("nothing to do");
}

fn resource_versions(stack: &Stack<'_>) -> String {
    let columns =
        "custom-columns=:.kind,:.metadata.namespace,:.metadata.name,:.metadata.resourceVersion";
    let label = "applyset.kubernetes.io/part-of";
    stack.kubectl(&["get", QUIET, "-A", "-l", label, "-o", columns])
}

#[test]
fn a_change_by_hand_is_seen_and_taken_back_only_by_name() {
    let stack = Stack::small("by-hand");
    stack.apply(&["--no-wait"]);
    let edit = [
        "patch",
        "deployment",
        "grafana",
        "--type=merge",
        "--field-manager=kubectl-edit",
        "-p",
    ];
    stack.kubectl(&[&edit[..], &["{\"spec\":{\"replicas\":3}}"]].concat());

    let diff = stack.run(&["diff"]).expect(2);
    diff.says("scales from 3 to 1 replicas");
    diff.says(".spec.replicas  kubectl-edit  3       1");
    stack.run(&["diff", "--exit-zero"]).expect(0);
    stack.run(&["diff", "--target", "!Deployment/*"]).expect(0);
    stack
        .run(&["apply", "--yes"])
        .expect(1)
        .says("nothing was written");
    assert_eq!(replicas(&stack), "3");

    stack.apply(&["--no-wait", "--take-from", "kubectl-edit"]);
    assert_eq!(replicas(&stack), "1");
    stack.run(&["diff"]).expect(0);
}

fn replicas(stack: &Stack<'_>) -> String {
    stack.kubectl(&[
        "get",
        "deployment",
        "grafana",
        "-o",
        "jsonpath={.spec.replicas}",
    ])
}

#[test]
fn a_changed_secret_is_seen_and_not_shown() {
    let stack = Stack::small("secret");
    stack.apply(&["--no-wait"]);
    let secret = stack.kubectl(&[
        "get",
        "secret",
        "-l",
        "app.kubernetes.io/name=grafana",
        "-o",
        "name",
    ]);
    let secret = secret
        .lines()
        .next()
        .expect("Grafana is configured by a Secret");
    let data = stack.kubectl(&["get", secret, "-o", "jsonpath={.data}"]);
    let key = data.split('"').nth(1).expect("the Secret has a value");
    let patch = format!("{{\"data\":{{\"{key}\":\"c2VjcmV0LXBhc3N3b3Jk\"}}}}");
    stack.kubectl(&[
        "patch",
        secret,
        "--type=merge",
        "--field-manager=thief",
        "-p",
        &patch,
    ]);
    for arguments in [
        &["diff"][..],
        &["diff", "--format", "json"],
        &["diff", "--format", "markdown"],
    ] {
        let diff = stack.run(arguments).expect(2);
        diff.says("*** (before)");
        diff.says("thief");
        let leaked = ["c2VjcmV0LXBhc3N3b3Jk", "secret-password"]
            .iter()
            .any(|text| diff.out.contains(text));
        assert!(!leaked, "{}", diff.out);
    }
}

#[test]
fn what_cannot_change_is_replaced_only_by_name() {
    let stack = Stack::small("replaced");
    stack.cluster.kubectl(["create", "namespace", &stack.name]);
    let other = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: grafana, namespace: NAMESPACE}\nspec:\n  \
                 selector: {matchLabels: {other: label}}\n  template:\n    metadata: {labels: {other: label}}\n    \
                 spec: {containers: [{name: web, image: 'example.com/web:1'}]}\n";
    stack
        .cluster
        .apply(&other.replace("NAMESPACE", &stack.name));
    let take = ["--take-from", "test", "--take-from", "kubectl-create"];
    let refused = stack
        .run(&[&["apply", "--yes", "--no-wait"][..], &take].concat())
        .expect(1);
    refused.says("is deleted and created anew, because `spec.selector` cannot change");
    refused.says("--allow-replace Deployment/grafana");
    let uid = || {
        stack.kubectl(&[
            "get",
            "deployment",
            "grafana",
            "-o",
            "jsonpath={.metadata.uid}",
        ])
    };
    let before = uid();
    stack.apply(
        &[
            &["--no-wait", "--allow-replace", "deployment/grafana"][..],
            &take,
        ]
        .concat(),
    );
    assert_ne!(uid(), before);
    stack.run(&["diff"]).expect(0);
}

#[test]
fn missing_permissions_are_named_before_anything_is_written() {
    let mut stack = Stack::small("restricted");
    stack.cluster.kubectl(["create", "namespace", &stack.name]);
    stack.kubeconfig = stack.cluster.user("bob", None);
    let binding = [
        "create",
        "rolebinding",
        "bob",
        "--clusterrole=edit",
        "--user=bob",
    ];
    stack.kubectl(&binding);
    let run = stack.run(&["apply", "--yes"]).expect(1);
    run.says("nothing was written");
    run.says("`patch` on `servicemonitors.monitoring.coreos.com` in namespace");
    run.says("`patch` on `namespaces` in the whole cluster");
    // What is granted is not missing.
    run.does_not_say("deployments.apps");
    assert_eq!(stack.kubectl(&["get", "deployment", "-o", "name"]), "");
    stack.run(&["diff"]).expect(1).does_not_say("`leases");
    stack
        .run(&["delete", "--yes"])
        .expect(0)
        .says("nothing to do");

    // One who may only look cannot even see what would change: a dry run is a patch to the server.
    stack.kubeconfig = stack.cluster.user("eve", None);
    let view = [
        "create",
        "rolebinding",
        "eve",
        "--clusterrole=view",
        "--user=eve",
    ];
    stack.kubectl(&view);
    let run = stack.run(&["diff"]).expect(1);
    run.says("`get` on `secrets` in namespace");
    run.says("`patch` on `deployments.apps` in namespace");
}

#[test]
fn what_is_needed_to_remove_is_known_before_anything_is_removed() {
    let mut stack = Stack::small("undeletable");
    stack.apply(&["--no-wait"]);
    let admin = stack.kubeconfig.clone();
    stack.kubeconfig = stack.cluster.user("carol", None);
    stack.cluster.apply(&format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: carol, namespace: {}}}\n\
         rules:\n- apiGroups: ['*']\n  resources: ['*']\n  verbs: [get, list, create, patch, update]\n",
        stack.name
    ));
    let binding = [
        "create",
        "rolebinding",
        "carol",
        "--role=carol",
        "--user=carol",
    ];
    stack.kubectl(&binding);
    let run = stack.run(&["delete", "--yes"]).expect(1);
    run.says("nothing was written");
    run.says("`delete` on `deployments.apps` in namespace");
    run.says("`delete` on `servicemonitors.monitoring.coreos.com` in namespace");
    stack.kubeconfig = admin;
    stack.run(&["diff"]).expect(0);
}

#[test]
fn a_namespace_that_is_going_is_named() {
    let stack = Stack::small("going");
    stack.create_namespace();
    let hold = "{\"metadata\":{\"finalizers\":[\"example.com/hold\"]}}";
    stack.kubectl(&["create", "configmap", "held"]);
    stack.kubectl(&["patch", "configmap", "held", "--type=merge", "-p", hold]);
    stack
        .cluster
        .kubectl(["delete", "namespace", &stack.name, "--wait=false"]);
    for verb in [&["diff"][..], &["apply", "--yes"]] {
        stack.run(verb).expect(1).says("is being deleted");
    }
    let release = "{\"metadata\":{\"finalizers\":null}}";
    stack.kubectl(&["patch", "configmap", "held", "--type=merge", "-p", release]);
}

/// Nobody has to define kinds first to see what would be made.
#[test]
fn objects_of_kinds_to_come_are_shown_as_created() {
    let cluster = Cluster::start(&Options::api_server());
    let stack = Stack::in_cluster(&cluster, "monitoring".to_owned());
    stack.write("  grafana: {enabled: false}\n");
    let diff = stack.run(&["diff", "--summary"]).expect(2);
    diff.says("+ Prometheus/monitoring/k8s (create)");
    diff.says("to create, 0 unchanged");
    assert!(cluster.get("default", "namespace", "monitoring").is_none());
}

/// The server would refuse them in the middle of the work, when it knows their kind and namespace.
#[test]
fn wrong_objects_of_kinds_to_come_are_refused_before_anything_is_written() {
    let cluster = Cluster::start(&Options::api_server());
    let stack = Stack::in_cluster(&cluster, "monitoring".to_owned());
    let misspelt =
        "patches:\n- target: {kind: Prometheus, name: k8s}\n  patch: {spec: {replicaz: 3}}\n";
    stack.write(&format!("  grafana: {{enabled: false}}\n{misspelt}"));
    for verb in [&["diff"][..], &["apply", "--yes"]] {
        let run = stack.run(verb).expect(1);
        run.says("error[schema]: `Prometheus/monitoring/k8s`: unknown field `replicaz` in `spec`");
        run.says("did you mean `replicas`?");
    }
    assert!(cluster.get("default", "namespace", "monitoring").is_none());
}

#[test]
fn nothing_is_done_without_a_yes_or_in_another_cluster() {
    let stack = Stack::small("careful");
    stack.run(&["apply"]).expect(1).says("add `--yes`");
    assert!(
        stack
            .cluster
            .get("default", "namespace", &stack.name)
            .is_none()
    );
    stack.write(&format!("{SMALL}cluster: {{context: production}}\n"));
    for verb in ["diff", "apply", "delete"] {
        stack
            .run(&[verb])
            .expect(1)
            .says("is for the context `production`, not for `kpbuild-test`");
    }
    // The same context may lead somebody else to another cluster.
    stack.write(&format!(
        "{SMALL}cluster: {{server: 'https://production.example.com:6443'}}\n"
    ));
    stack
        .run(&["diff"])
        .expect(1)
        .says("is for the server https://production.example.com:6443, and the context `kpbuild-test` leads to");
    let url = stack.cluster.url().unwrap_or("https://127.0.0.1");
    stack.write(&format!("{SMALL}cluster: {{server: '{url}'}}\n"));
    if stack.cluster.url().is_some() {
        stack.run(&["diff", "--summary"]).expect(2);
    }
}

#[test]
fn two_runs_at_once_do_not_mix() {
    let stack = Stack::small("twins");
    let runs: Vec<_> = (0..2).map(|_| stack.start_apply()).collect();
    let ends: Vec<Run> = runs
        .into_iter()
        .map(|run| Run::of(&run.wait_with_output().expect("it ends")))
        .collect();
    assert!(
        ends.iter().any(|run| run.code == Some(0)),
        "{}\n{}",
        ends[0].err,
        ends[1].err
    );
    for run in ends.iter().filter(|run| run.code != Some(0)) {
        let reasons = [
            "is at work on this stack",
            "after the plan was shown",
            "run this again",
        ];
        assert!(
            reasons.iter().any(|reason| run.err.contains(reason)),
            "{}",
            run.err
        );
    }
    stack.apply(&[]);
    stack.run(&["diff"]).expect(0);
}
