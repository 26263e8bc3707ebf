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

    let prometheus = Prometheus::of_operator(&cluster, "monitoring", "k8s");
    let rules = prometheus.evaluated_rules();
    let failing: Vec<_> = rules.iter().filter(|rule| rule.error.is_some()).collect();
    assert!(failing.is_empty(), "{failing:#?}");
    assert_eq!(
        rules.len(),
        rules_in(&folder),
        "every rendered rule is loaded"
    );
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

/// How many rules the manifests hold.
fn rules_in(folder: &std::path::Path) -> usize {
    fs::read_dir(folder)
        .expect("the manifests were just written")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.to_string_lossy().contains("prometheusRule"))
        .map(|path| fs::read_to_string(path).expect("a manifest is text"))
        .map(|text| {
            text.lines()
                .filter(|line| line.trim_start_matches([' ', '-']).starts_with("expr:"))
                .count()
        })
        .sum()
}
