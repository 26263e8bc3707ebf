//! What was there before: installations that others have made are taken over only when their maker is named, without
//! deleting anything, and what belongs to others for good is never touched.

use std::process::Command;

use kpbuild_tests::cluster::{Cluster, Options};
use kpbuild_tests::tools::{self, Tool};

use super::stack::{SMALL, Stack, members};

#[test]
fn an_installation_by_kubectl_create_is_adopted_by_name() {
    let stack = with_claim("created");
    stack.create_namespace();
    let manifests = without_namespace(&stack.rendered());
    stack
        .cluster
        .try_kubectl(["create", "-f", "-"], &manifests)
        .expect("kubectl creates what is rendered");
    adopt(&stack, "kubectl-create", &[]);
}

#[test]
fn an_installation_by_kubectl_apply_is_adopted_by_name() {
    let stack = with_claim("applied");
    stack.create_namespace();
    let manifests = without_namespace(&stack.rendered());
    // What an older version had set and the stack does not say.
    let old = manifests.replace("  replicas: 1\n", "  replicas: 2\n  paused: true\n");
    for version in [&manifests, &old] {
        stack
            .cluster
            .try_kubectl(["apply", "-f", "-"], version)
            .expect("kubectl applies what is rendered");
    }
    adopt(&stack, "kubectl-client-side-apply", &[]);
    let deployment = grafana(&stack);
    assert_eq!(deployment["spec"]["replicas"], 1);
    assert!(
        deployment["spec"]["paused"].is_null(),
        "what the stack does not say goes"
    );
    let copy =
        &deployment["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"];
    assert!(copy.is_null(), "{copy}");
}

#[test]
fn an_installation_by_helm_is_adopted_by_name() {
    let stack = with_claim("helm");
    stack.create_namespace();
    let manifests = without_namespace(&stack.rendered())
        .replace("  replicas: 1\n", "  replicas: 2\n")
        .replace(
            "  labels:\n    app.kubernetes.io/component: grafana\n",
            "  annotations: {meta.helm.sh/release-name: mon}\n  labels:\n    app.kubernetes.io/managed-by: Helm\n    \
             app.kubernetes.io/component: grafana\n",
        );
    stack
        .cluster
        .try_kubectl(
            [
                "create",
                "--field-manager=helm",
                "--validate=ignore",
                "-f",
                "-",
            ],
            &manifests,
        )
        .expect("kubectl creates what is rendered");
    assert_eq!(
        grafana(&stack)["metadata"]["labels"]["app.kubernetes.io/managed-by"],
        "Helm"
    );
    adopt(&stack, "helm", &[]);
    let deployment = grafana(&stack);
    assert_eq!(deployment["spec"]["replicas"], 1);
    let labels = &deployment["metadata"]["labels"];
    assert!(
        labels["app.kubernetes.io/managed-by"].is_null(),
        "Helm no longer looks after it: {labels}"
    );
}

/// Grafana with a volume, which is what could be lost.
fn with_claim(prefix: &str) -> Stack<'static> {
    let stack = Stack::small(prefix);
    stack.write(&format!("{SMALL}  grafana: {{storage: {{size: 1Gi}}}}\n"));
    stack
}

/// The test makes the namespace itself, as `kubectl create` would fail on one that is there.
fn without_namespace(manifests: &str) -> String {
    let documents = manifests.split("---\n");
    documents
        .filter(|document| !document.contains("kind: Namespace\n"))
        .collect::<Vec<_>>()
        .join("---\n")
}

/// The installation is refused until its maker is named; then it is the stack's, and nothing was deleted on the way.
fn adopt(stack: &Stack<'_>, manager: &str, more: &[&str]) {
    let bystander = [
        "create",
        "secret",
        "generic",
        "bystander",
        "--from-literal=a=b",
    ];
    stack.kubectl(&bystander);
    let before = identities(stack);
    let refused = stack.run(&["apply", "--yes"]).expect(1);
    refused.says(&format!("--take-from {manager}"));
    refused.says("nothing was written");
    assert_eq!(identities(stack), before);

    let managers = [
        "--no-wait",
        "--take-from",
        manager,
        // The namespace, in each of these cases.
        "--take-from",
        "kubectl-create",
    ];
    stack.apply(&[&managers[..], more].concat());
    assert_eq!(identities(stack), before, "nothing was made anew");
    stack.run(&["diff"]).expect(0);
    assert!(members(stack).iter().any(|name| name.contains("grafana")));
}

/// Every object that could have been deleted and made anew.
fn identities(stack: &Stack<'_>) -> Vec<String> {
    let kinds = "configmap,secret,service,serviceaccount,deployment,persistentvolumeclaim,networkpolicy,\
                 servicemonitor,prometheusrule";
    let columns = "custom-columns=:.kind,:.metadata.name,:.metadata.uid";
    let list = stack.kubectl(&["get", kinds, "-o", columns]);
    let books = format!("kpbuild-{}", stack.name);
    list.lines()
        .filter(|line| !line.contains(&books))
        .map(str::to_owned)
        .collect()
}

fn grafana(stack: &Stack<'_>) -> serde_json::Value {
    stack
        .cluster
        .get(&stack.name, "deployment", "grafana")
        .expect("it was never deleted")
}

#[test]
fn the_aggregated_api_of_a_foreign_metrics_server_is_never_taken() {
    let cluster = Cluster::start(&Options::api_server());
    cluster.install_definitions();
    let foreign = "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1beta1.metrics.k8s.io}\n\
                   spec: {group: metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100, versionPriority: 100,\n  \
                   insecureSkipTLSVerify: true, service: {name: metrics-server, namespace: kube-system}}\n";
    cluster.apply(foreign);
    let stack = Stack::in_cluster(&cluster, "monitoring".to_owned());
    let adapter = SMALL
        .replace("  prometheus-adapter: {enabled: false}\n", "")
        .replace("  prometheus: {enabled: false}\n", "")
        + "  grafana: {enabled: false}\n";
    stack.write(&adapter);
    for arguments in [
        &["apply", "--yes"][..],
        &["apply", "--yes", "--take-from", "test"],
    ] {
        let run = stack.run(arguments).expect(1);
        run.says(
            "service kube-system/metrics-server serves this API already and is never taken over",
        );
        run.says("nothing was written");
    }
    assert!(cluster.get("default", "namespace", "monitoring").is_none());
    // Everything else can be installed, and taken away again.
    stack.apply(&["--no-wait", "--target", "!APIService/*"]);
    stack.run(&["delete", "--yes", "--no-wait"]).expect(0);
    let service = cluster
        .get("default", "apiservice", "v1beta1.metrics.k8s.io")
        .expect("it is somebody else's");
    assert_eq!(service["spec"]["service"]["name"], "metrics-server");
}

#[test]
fn what_belongs_to_another_stack_is_left_to_it() {
    let stack = Stack::small("first");
    stack.apply(&["--no-wait"]);
    let file = stack.folder.path().join("stack.yaml");
    let text = std::fs::read_to_string(&file).expect("it was just written");
    let second = text.replacen(&format!("name: {}", stack.name), "name: second", 1);
    std::fs::write(&file, second).expect("the folder is ours");
    let run = stack
        .run(&["apply", "--yes", "--take-from", "kpbuild"])
        .expect(1);
    run.says(&format!(
        "it belongs to the stack `{0}` in namespace {0}",
        stack.name
    ));
    run.says("nothing was written");
}

/// The set is one that kubectl knows for what it is, so that neither tool prunes what the other has made.
#[test]
fn kubectl_respects_the_set() {
    let stack = Stack::small("set");
    stack.apply(&["--no-wait"]);
    let output = Command::new(tools::path(Tool::Kubectl))
        .args(["apply", "--prune", "-n", &stack.name, "-f"])
        .arg(empty_manifest(&stack))
        .arg(format!("--applyset=secret/kpbuild-{}", stack.name))
        .arg("--kubeconfig")
        .arg(stack.cluster.kubeconfig())
        .env("KUBECTL_APPLYSET", "true")
        .output()
        .expect("a tool that was just built starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("managed by tooling \"kpbuild\""),
        "{said}"
    );
    stack.run(&["diff"]).expect(0);
}

fn empty_manifest(stack: &Stack<'_>) -> std::path::PathBuf {
    let path = stack.folder.path().join("other.yaml");
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: other, namespace: {}}}\n",
        stack.name
    );
    std::fs::write(&path, text).expect("the folder is ours");
    path
}

/// What `kpbuild diff --base` says that a renamed namespace means: apply writes nothing beside the installation that is
/// there, and goes when that has been deleted, although its definitions are still marked as its own.
#[test]
fn a_renamed_namespace_is_another_installation_until_the_first_is_deleted() {
    let cluster = Cluster::start(&Options {
        nodes: 1,
        ..Options::default()
    });
    let stack = Stack::in_cluster(&cluster, "before".to_owned());
    stack.write(&SMALL.replace(
        "prometheus-operator: {enabled: false}",
        "prometheus-operator: {}",
    ));
    stack.apply(&["--no-wait"]);
    let file = stack.folder.path().join("stack.yaml");
    let before = std::fs::read_to_string(&file).expect("it was just written");
    let after = before.replace("namespace: before", "namespace: after");
    std::fs::write(&file, &after).expect("the folder is ours");
    let run = stack.run(&["apply", "--yes"]).expect(1);
    run.says("it belongs to the stack `before` in namespace before");
    run.says("nothing was written");
    std::fs::write(&file, &before).expect("the folder is ours");
    stack.run(&["delete", "--yes"]).expect(0).says("11 kept");
    std::fs::write(&file, &after).expect("the folder is ours");
    stack.apply(&["--no-wait"]).says("10 adopted");
    stack.apply(&["--no-wait"]).does_not_say("adopted");
}
