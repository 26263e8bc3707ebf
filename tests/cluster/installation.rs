//! The default stack, installed as the README says, in a cluster of its own: the API server accepts every object
//! strictly and without a warning, all workloads become available, the operator reconciles, and a real Prometheus
//! evaluates every rule.

use std::fs;

use kpbuild_tests::cluster::{Cluster, Options};
use kpbuild_tests::kpbuild;
use kpbuild_tests::prometheus::Prometheus;

#[test]
fn the_default_stack_installs_and_every_rule_is_evaluated() {
    let cluster = Cluster::start(&Options::full());
    let manifests = tempfile::tempdir().expect("a folder for the manifests");
    let folder = manifests.path().join("manifests");
    let output = folder.to_str().expect("temporary folders have plain names");
    let rendered = kpbuild::run(
        kpbuild::checkout(),
        &["render", "stacks/kube-prometheus.yaml", "-o", output],
    );
    assert!(
        rendered.status.success(),
        "{}",
        String::from_utf8_lossy(&rendered.stderr)
    );

    create(&cluster, &folder.join("setup"));
    cluster.kubectl([
        "wait",
        "--for=condition=Established",
        "--all",
        "CustomResourceDefinition",
        "--timeout=60s",
    ]);
    create(&cluster, &folder);

    for workload in ["deployment", "daemonset"] {
        let names = cluster.kubectl(["get", workload, "-n", "monitoring", "-o", "name"]);
        for name in names.lines() {
            cluster.kubectl([
                "rollout",
                "status",
                "-n",
                "monitoring",
                name,
                "--timeout=120s",
            ]);
        }
    }
    for instance in ["prometheus/k8s", "alertmanager/main"] {
        for condition in ["--for=condition=Reconciled", "--for=condition=Available"] {
            cluster.kubectl([
                "wait",
                "-n",
                "monitoring",
                instance,
                condition,
                "--timeout=180s",
            ]);
        }
    }

    every_rule_is_healthy(&cluster, &text_of(&folder));
}

/// The configuration that the operator has generated is accepted by promtool and loaded by a real Prometheus, which
/// evaluates every rule of the manifests.
pub(super) fn every_rule_is_healthy(cluster: &Cluster, manifests: &str) {
    let rendered = manifests
        .split("\n---\n")
        .filter(|document| document.lines().any(|line| line == "kind: PrometheusRule"))
        .flat_map(str::lines)
        .filter(|line| line.trim_start_matches([' ', '-']).starts_with("expr:"))
        .count();
    wait_for_rules(cluster, rendered);
    let prometheus = Prometheus::of_operator(cluster, "monitoring", "k8s");
    let rules = prometheus.evaluated_rules();
    let failing: Vec<_> = rules.iter().filter(|rule| rule.error.is_some()).collect();
    assert!(failing.is_empty(), "{failing:#?}");
    assert_eq!(rules.len(), rendered, "every rendered rule is loaded");
}

/// The operator takes its time to hand on what it is given.
fn wait_for_rules(cluster: &Cluster, rendered: usize) {
    for _ in 0..600 {
        let configmaps = cluster.kubectl(["get", "configmap", "-n", "monitoring", "-o", "yaml"]);
        let handed_on = configmaps
            .lines()
            .filter(|line| line.trim_start_matches([' ', '-']).starts_with("expr:"))
            .count();
        if handed_on >= rendered {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    panic!("waited two minutes for the operator to hand on {rendered} rules");
}

/// Creates the manifests of a folder; a warning of the server is a failure.
fn create(cluster: &Cluster, folder: &std::path::Path) {
    let folder = folder.to_str().expect("temporary folders have plain names");
    cluster.kubectl([
        "create",
        "--validate=strict",
        "--warnings-as-errors",
        "-f",
        folder,
    ]);
}

/// All manifests of a folder as one stream.
fn text_of(folder: &std::path::Path) -> String {
    let paths = fs::read_dir(folder).expect("the manifests were just written");
    let texts = paths.map(|entry| entry.expect("the folder can be read").path());
    texts
        .filter(|path| path.is_file())
        .map(|path| fs::read_to_string(path).expect("a manifest is text") + "\n---\n")
        .collect()
}
