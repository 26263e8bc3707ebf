//! The test cluster is a cluster: workloads become available, the operator reconciles, users may what they were
//! granted, pods fail in the ways that tests ask for, and nothing outlives the tests.

use std::path::Path;

use kpbuild_tests::cluster::{Cluster, Options};

#[test]
fn a_deployment_becomes_available() {
    let cluster = Cluster::shared();
    let namespace = namespace(cluster, "deployment");
    cluster.apply(&deployment(&namespace, "example.com/web:1"));
    cluster.kubectl(["rollout", "status", "-n", &namespace, "deployment/web", "--timeout=60s"]);
    let deployment = cluster.get(&namespace, "deployment", "web").expect("it was just applied");
    assert_eq!(deployment["status"]["availableReplicas"], 2);
}

#[test]
fn the_operator_reconciles_a_prometheus() {
    let cluster = Cluster::shared();
    let definitions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/crds");
    let definitions = definitions.to_str().expect("the checkout's path is UTF-8");
    cluster.kubectl(["apply", "--server-side", "--field-manager=test", "-f", definitions]);
    let namespace = namespace(cluster, "operator");
    cluster.apply(&format!(
        "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {{name: small, namespace: {namespace}}}\n\
         spec: {{replicas: 2, storage: {{volumeClaimTemplate: {{spec: {{resources: {{requests: {{storage: 1Gi}}}}}}}}}}}}\n"
    ));
    for condition in ["Reconciled", "Available"] {
        let condition = format!("--for=condition={condition}");
        cluster.kubectl(["wait", "-n", &namespace, "prometheus/small", &condition, "--timeout=120s"]);
    }
    let pods = cluster.get(&namespace, "statefulset", "prometheus-small").expect("the operator has made it");
    assert_eq!(pods["status"]["readyReplicas"], 2);
}

#[test]
fn pods_fail_as_their_image_asks() {
    let cluster = Cluster::shared();
    let namespace = namespace(cluster, "failing");
    for (tag, path, expected) in [
        ("missing", "{.items[0].status.containerStatuses[0].state.waiting.reason}", "ImagePullBackOff"),
        ("crashing", "{.items[0].status.containerStatuses[0].state.waiting.reason}", "CrashLoopBackOff"),
        ("unready", "{.items[0].status.containerStatuses[0].ready}", "false"),
    ] {
        cluster.kubectl(["delete", "deployment", "-n", &namespace, "--all", "--cascade=foreground"]);
        cluster.apply(&deployment(&namespace, &format!("example.com/web:{tag}")));
        let condition = format!("--for=jsonpath={path}={expected}");
        let condition = condition.replace(".items[0]", "");
        cluster.kubectl(["wait", "-n", &namespace, "deployment/web", "--for=create"]);
        cluster.kubectl(["wait", "-n", &namespace, "pod", "-l", "app=web", "--for=create", "--timeout=60s"]);
        cluster.kubectl(["wait", "-n", &namespace, "pod", "-l", "app=web", &condition, "--timeout=60s"]);
    }
    cluster.kubectl(["delete", "deployment", "-n", &namespace, "--all", "--cascade=foreground"]);
    cluster.apply(&deployment(&namespace, "example.com/web:crashing"));
    cluster.kubectl(["wait", "-n", &namespace, "pod", "-l", "app=web", "--for=create", "--timeout=60s"]);
    let pod = cluster.kubectl(["get", "pod", "-n", &namespace, "-l", "app=web", "-o", "name"]);
    let pod = pod.lines().next().expect("a pod was just created");
    cluster.kubectl(["wait", "-n", &namespace, pod, "--for=jsonpath={.status.phase}=Running", "--timeout=60s"]);
    let log = cluster.kubectl(["logs", "-n", &namespace, pod, "--previous"]);
    assert!(log.contains("cannot read the configuration"), "the log of a crashed container: {log}");
}

#[test]
fn a_user_may_only_what_was_granted() {
    let cluster = Cluster::shared();
    let namespace = namespace(cluster, "user");
    let user = cluster.user("alice", Some("team"));
    let kubeconfig = format!("--kubeconfig={}", user.display());
    let list = ["get", "configmaps", "-n", &namespace, &kubeconfig];
    let refusal = cluster.try_kubectl(list, "").expect_err("nothing was granted yet").to_string();
    assert!(refusal.contains("User \"alice\" cannot list resource \"configmaps\""), "{refusal}");
    cluster.kubectl(["create", "rolebinding", "view", "--clusterrole=view", "--group=team", "-n", &namespace]);
    cluster.kubectl(list);
}

#[test]
fn requests_are_counted() {
    let cluster = Cluster::start(&Options::api_server());
    let before = cluster.requests().len();
    cluster.kubectl(["create", "configmap", "counted", "--from-literal=a=b"]);
    cluster.kubectl(["create", "configmap", "dry", "--from-literal=a=b", "--dry-run=server"]);
    let requests = cluster.requests().split_off(before);
    let writes: Vec<_> = requests.iter().filter(|request| request.is_write() && request.user == "admin").collect();
    assert_eq!(writes.len(), 1, "{requests:#?}");
    assert_eq!((writes[0].verb.as_str(), writes[0].code), ("create", 201));
}

#[test]
fn a_program_that_ends_is_reported_with_its_last_lines() {
    let cluster = Cluster::start(&Options::api_server());
    assert_eq!(cluster.programs().ended(), None);
    cluster.programs().kill("etcd").expect("it runs and is ours");
    assert!(cluster.try_kubectl(["get", "--raw", "/readyz"], "").is_err(), "ready without a store");
    assert!(cluster.programs().last_lines("kube-apiserver", 5).contains("etcd"));
}

#[test]
fn nothing_is_left_of_a_cluster_that_was_dropped() {
    let cluster = Cluster::start(&Options::api_server());
    let folder = cluster.programs().folder().to_owned();
    assert!(folder.join("admin.kubeconfig").exists());
    drop(cluster);
    assert!(!folder.exists(), "{} is still there", folder.display());
}

fn namespace(cluster: &Cluster, prefix: &str) -> String {
    let name = Cluster::unique(prefix);
    cluster.kubectl(["create", "namespace", &name]);
    name
}

fn deployment(namespace: &str, image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: {namespace}}}\n\
         spec:\n  replicas: 2\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    \
         metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: web, image: '{image}'}}]}}\n"
    )
}
