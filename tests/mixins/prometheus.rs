//! All rules in a real Prometheus that scrapes itself and a real `node_exporter`: each evaluates, and those about what
//! runs here have something to say.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use kpbuild_tests::cluster::free_port;
use kpbuild_tests::http::encoded;
use kpbuild_tests::programs::Programs;
use kpbuild_tests::prometheus::Prometheus;
use kpbuild_tests::tools::{self, Tool};
use serde_json::{Value, json};

use super::{EVERYTHING, groups, items, rule_file, rules};

#[test]
fn every_rule_evaluates_beside_a_real_exporter() {
    let groups: Vec<Value> = groups(EVERYTHING).into_iter().map(each_second).collect();
    let (_exporter, node) = node_exporter();
    let labels = |job: &str, container: &str| json!({"job": job, "namespace": "monitoring", "pod": format!("{job}-0"), "container": container});
    let prometheus = Prometheus::of_rules(
        &rule_file(&groups),
        labels("prometheus-k8s", "prometheus"),
        &[(node, labels("node-exporter", "node-exporter"))],
    );

    let evaluated = prometheus.evaluated_rules();
    let failing: Vec<_> = evaluated
        .iter()
        .filter(|rule| rule.error.is_some())
        .collect();
    assert!(failing.is_empty(), "{failing:#?}");
    assert_eq!(
        evaluated.len(),
        rules(&groups).count(),
        "every rendered rule is loaded"
    );
    for made in [
        "instance:node_num_cpu:sum",
        "count:up1",
        "ALERTS{alertname=\"Watchdog\"}",
    ] {
        wait_for(&prometheus, made);
    }
}

fn each_second(mut group: Value) -> Value {
    group["interval"] = json!("1s");
    group
}

fn node_exporter() -> (Programs, SocketAddr) {
    let programs = Programs::start().expect("the system has a folder for temporary files");
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    programs
        .spawn(
            "node_exporter",
            Command::new(tools::path(Tool::NodeExporter))
                .arg(format!("--web.listen-address={address}")),
        )
        .expect("a tool that was just built starts");
    (programs, address)
}

/// Waits until a query has an answer.
fn wait_for(prometheus: &Prometheus, query: &str) {
    let path = format!("/api/v1/query?query={}", encoded(query));
    for _ in 0..300 {
        if items(&prometheus.api(&path)["result"]).next().is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("`{query}` has no answer after a minute");
}
