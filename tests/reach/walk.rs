//! The newcomer's walk: what the README says after the clone, word for word, up to an answered question.

use std::fs;
use std::process::Command;
use std::time::Duration;

use kpbuild_tests::cluster::{Cluster, Forward, Options};
use kpbuild_tests::kpbuild;
use kpbuild_tests::programs::Programs;
use kpbuild_tests::prometheus::Prometheus;

use super::installed::{node_exporter, scraping, until};

#[test]
fn the_commands_of_the_readme_lead_to_an_answer() {
    let programs = Programs::start().expect("the system has a folder for temporary files");
    let exporter = node_exporter(&programs);
    let prometheus = Prometheus::of_config(&format!("scrape_configs:\n{}", scraping(exporter)));
    let forward = |pod: &str| Forward {
        namespace: "monitoring".to_owned(),
        pod: Some(pod.to_owned()),
        port: 9090,
        to: prometheus.address(),
    };
    let cluster = Cluster::start(&Options {
        forwards: vec![forward("prometheus-k8s-0"), forward("prometheus-k8s-1")],
        ..Options::full()
    });
    let readme = fs::read_to_string(kpbuild::checkout().join("README.md")).expect("it is there");
    let commands: Vec<&str> = readme
        .lines()
        .filter(|line| line.starts_with("kpbuild ") && line.contains("stacks/kube-prometheus.yaml"))
        .collect();
    let verbs: Vec<&str> = commands
        .iter()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    assert_eq!(
        verbs,
        ["apply", "status", "query", "forward"],
        "{commands:#?}"
    );

    let (code, _, err) = run(&cluster, commands[0], &["--yes", "--no-wait"]);
    assert_eq!(code, Some(0), "{err}");
    let mut answer = (None, String::new(), String::new());
    let answered = until(Duration::from_mins(4), || {
        answer = run(&cluster, commands[2], &[]);
        answer.0 == Some(0) && answer.1.contains("mode=\"system\"")
    });
    assert!(answered, "{answer:?}");
    // The Prometheus behind these pods has one target and no rules, which is not what the stack wants.
    let (code, out, err) = run(&cluster, commands[1], &["--format", "json"]);
    assert_eq!(code, Some(1), "{out}{err}");
    let status: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(status["stack"], "kube-prometheus");
    assert!(
        status["problems"]
            .to_string()
            .contains("is not loaded as the stack has it"),
        "{out}"
    );
}

/// Runs a line of the README, with what stands in for a person and for time.
fn run(cluster: &Cluster, line: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let words = line.split(' ').skip(1).map(|word| word.trim_matches('\''));
    let output = Command::new(kpbuild::path())
        .args(words)
        .args(more)
        .current_dir(kpbuild::checkout())
        .env_clear()
        .env("KUBECONFIG", cluster.kubeconfig())
        .output()
        .expect("kpbuild was built and can be run");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}
