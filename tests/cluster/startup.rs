//! The test cluster is a cluster: workloads become available, the operator reconciles, users may what they were
//! granted, pods fail in the ways that tests ask for, and nothing outlives the tests.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use kpbuild_tests::cluster::{Cluster, Forward, Options, free_port};
use kpbuild_tests::http;
use kpbuild_tests::programs::Programs;
use kpbuild_tests::prometheus::Prometheus;
use kpbuild_tests::tools::{self, Tool};

#[test]
fn a_deployment_becomes_available() {
    let cluster = Cluster::shared();
    let namespace = namespace(cluster, "deployment");
    cluster.apply(&deployment(&namespace, "1"));
    cluster.kubectl([
        "rollout",
        "status",
        "-n",
        &namespace,
        "deployment/web",
        "--timeout=60s",
    ]);
    let deployment = cluster
        .get(&namespace, "deployment", "web")
        .expect("it was just applied");
    assert_eq!(deployment["status"]["availableReplicas"], 2);
}

#[test]
fn the_operator_reconciles_a_prometheus() {
    let cluster = Cluster::shared();
    cluster.install_definitions();
    let namespace = namespace(cluster, "operator");
    cluster.apply(&include_str!("prometheus.yaml").replace("NAMESPACE", &namespace));
    for condition in ["Reconciled", "Available"] {
        let condition = format!("--for=condition={condition}");
        cluster.kubectl([
            "wait",
            "-n",
            &namespace,
            "prometheus/small",
            &condition,
            "--timeout=120s",
        ]);
    }
    let pods = cluster
        .get(&namespace, "statefulset", "prometheus-small")
        .expect("the operator has made it");
    assert_eq!(pods["status"]["readyReplicas"], 2);

    let prometheus = Prometheus::of_operator(cluster, &namespace, "small");
    let rules = prometheus.evaluated_rules();
    let failing: Vec<_> = rules.iter().filter(|rule| rule.error.is_some()).collect();
    assert_eq!((rules.len(), failing.len()), (2, 1), "{rules:#?}");
    assert_eq!(failing[0].name, "test:many_to_many");
    let pool = format!("serviceMonitor/{namespace}/itself/0");
    wait_for("two targets", || {
        prometheus.targets().get(&pool) == Some(&2)
    });
}

#[test]
fn pods_fail_as_their_image_asks() {
    let cluster = Cluster::shared();
    let namespace = namespace(cluster, "failing");
    for (tag, path, expected) in [
        (
            "missing",
            "{.status.containerStatuses[0].state.waiting.reason}",
            "ImagePullBackOff",
        ),
        ("unready", "{.status.containerStatuses[0].ready}", "false"),
        (
            "crashing",
            "{.status.containerStatuses[0].state.waiting.reason}",
            "CrashLoopBackOff",
        ),
    ] {
        let pods = [
            "wait",
            "-n",
            &namespace,
            "pod",
            "-l",
            &format!("tag={tag}"),
            "--timeout=60s",
        ];
        cluster.apply(&deployment(&namespace, tag));
        cluster.kubectl(pods.into_iter().chain(["--for=create"]));
        cluster.kubectl(
            pods.into_iter()
                .chain([format!("--for=jsonpath={path}={expected}").as_str()]),
        );
    }
    let pod = cluster.kubectl([
        "get",
        "pod",
        "-n",
        &namespace,
        "-l",
        "tag=crashing",
        "-o",
        "name",
    ]);
    let pod = pod.lines().next().expect("a pod was just created");
    let log = cluster.kubectl(["logs", "-n", &namespace, pod, "--previous"]);
    assert!(
        log.contains("cannot read the configuration"),
        "the log of a crashed container: {log}"
    );
}

#[test]
fn a_user_may_only_what_was_granted() {
    let cluster = Cluster::shared();
    let namespace = namespace(cluster, "user");
    let user = cluster.user("alice", Some("team"));
    let kubeconfig = format!("--kubeconfig={}", user.display());
    let list = ["get", "configmaps", "-n", &namespace, &kubeconfig];
    let refusal = cluster
        .try_kubectl(list, "")
        .expect_err("nothing was granted yet")
        .to_string();
    assert!(
        refusal.contains("User \"alice\" cannot list resource \"configmaps\""),
        "{refusal}"
    );
    cluster.kubectl([
        "create",
        "rolebinding",
        "view",
        "--clusterrole=view",
        "--group=team",
        "-n",
        &namespace,
    ]);
    cluster.kubectl(list);
}

#[test]
fn requests_are_counted() {
    let cluster = Cluster::start(&Options::api_server());
    let before = cluster.requests().len();
    cluster.kubectl(["create", "configmap", "counted", "--from-literal=a=b"]);
    cluster.kubectl([
        "create",
        "configmap",
        "dry",
        "--from-literal=a=b",
        "--dry-run=server",
    ]);
    let requests = cluster.requests().split_off(before);
    let writes: Vec<_> = requests
        .iter()
        .filter(|request| request.is_write() && request.user == "admin")
        .collect();
    assert_eq!(writes.len(), 1, "{requests:#?}");
    assert_eq!((writes[0].verb.as_str(), writes[0].code), ("create", 201));
}

#[test]
fn a_program_that_ends_is_noticed_with_its_last_lines() {
    let programs = Programs::start().expect("the system has a folder for temporary files");
    programs
        .spawn("sleeper", Command::new("sleep").arg("1000"))
        .expect("sleep starts");
    assert_eq!(programs.ended(), None);
    let mut broken = Command::new("sh");
    programs
        .spawn(
            "broken",
            broken.args(["-c", "echo first; echo out of order >&2; exit 3"]),
        )
        .expect("sh starts");
    let (name, status) = loop {
        match programs.ended() {
            Some(ended) => break ended,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    assert_eq!((name, status.code()), ("broken", Some(3)));
    assert_eq!(programs.last_lines("broken", 1), "out of order");
}

#[test]
fn a_port_forward_ends_where_the_test_says() {
    let server = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let forward = Forward {
        namespace: "default".to_owned(),
        pod: Some("web".to_owned()),
        port: 9090,
        to: server.local_addr().expect("it listens"),
    };
    std::thread::spawn(move || {
        for connection in server.incoming().map_while(Result::ok) {
            answer(connection);
        }
    });
    let cluster = Cluster::start(&Options {
        nodes: 1,
        forwards: vec![forward],
        ..Options::default()
    });
    cluster.kubectl(["run", "web", "--image=example.com/web:1"]);
    cluster.kubectl(["wait", "pod/web", "--for=condition=Ready", "--timeout=60s"]);
    let port = free_port();
    let mut kubectl = Command::new(tools::path(Tool::Kubectl));
    kubectl
        .args([
            "port-forward",
            "pod/web",
            &format!("{port}:9090"),
            "--kubeconfig",
        ])
        .arg(cluster.kubeconfig());
    cluster
        .programs()
        .spawn("port-forward", &mut kubectl)
        .expect("a tool that was just built starts");
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    wait_for("an answer", || {
        http::get(address, "/").is_ok_and(|answer| answer == (200, "played".to_owned()))
    });
}

#[test]
fn nothing_is_left_of_a_cluster_that_was_dropped() {
    let cluster = Cluster::start(&Options::api_server());
    let folder = cluster.programs().folder().to_owned();
    assert!(folder.join("admin.kubeconfig").exists());
    drop(cluster);
    assert!(!folder.exists(), "{} is still there", folder.display());
}

#[test]
fn nothing_is_left_of_a_cluster_whose_process_was_killed() {
    let mut process = Command::new(env!("CARGO_BIN_EXE_testcluster"))
        .stderr(Stdio::piped())
        .spawn()
        .expect("a binary that was just built starts");
    let lines = BufReader::new(process.stderr.take().expect("stderr is piped")).lines();
    let kubeconfig = lines
        .map_while(Result::ok)
        .find_map(|line| Some(line.trim().strip_prefix("export KUBECONFIG=")?.to_owned()))
        .expect("testcluster prints its kubeconfig when it is ready");
    let folder = Path::new(&kubeconfig)
        .parent()
        .expect("a file lies in a folder");
    process.kill().expect("it runs");
    process.wait().expect("it was just killed");
    wait_for("an empty place", || !folder.exists());
}

fn namespace(cluster: &Cluster, prefix: &str) -> String {
    let name = Cluster::unique(prefix);
    cluster.kubectl(["create", "namespace", &name]);
    name
}

/// A Deployment of two pods whose image has this tag, which is also a label.
fn deployment(namespace: &str, tag: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: {namespace}}}\n\
         spec:\n  replicas: 2\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    \
         metadata: {{labels: {{app: web, tag: '{tag}'}}}}\n    \
         spec: {{containers: [{{name: web, image: 'example.com/web:{tag}'}}]}}\n"
    )
}

fn answer(mut connection: TcpStream) {
    let mut request = BufReader::new(
        connection
            .try_clone()
            .expect("a connection has a second handle"),
    );
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if request.read_line(&mut line).is_ok_and(|length| length > 0) {
            continue;
        }
        return;
    }
    // Whoever asked may be gone; the test asks again.
    let _ = connection.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nplayed");
}

fn wait_for(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..300 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("waited 30 s for {what}");
}
