//! A changed alert on a week of samples in a real Prometheus.

use std::fmt::Write as _;
use std::path::Path;

use kpbuild_tests::prometheus::Prometheus;

use super::repository::Repository;
use super::{json, said};

/// The end of the week: a fixed time, as the samples are.
const END: u64 = 1_767_225_600;
const DAY: u64 = 24 * 3600;

/// Disks of two machines. The one of `a` gets down to 6 % for two hours each day and to 2 % for two hours on the last day;
/// that of `b` always has room.
fn samples() -> String {
    let mut text = String::from("# TYPE node_filesystem_avail_bytes gauge\n");
    let mut readonly = String::from("# TYPE node_filesystem_readonly gauge\n");
    let mut size = String::from("# TYPE node_filesystem_size_bytes gauge\n");
    for instance in ["a", "b"] {
        let labels = format!(
            "{{job=\"node-exporter\",instance=\"{instance}\",device=\"/dev/sda\",fstype=\"ext4\",mountpoint=\"/\"}}"
        );
        let start = END - 7 * DAY;
        for time in (start..=END).step_by(60) {
            let (day, second) = ((time - start) / DAY, (time - start) % DAY);
            let free = match (instance, day, second) {
                ("a", 6, 36_000..43_200) => 2,
                ("a", _, 7200..14_400) => 6,
                _ => 50,
            };
            writeln!(text, "node_filesystem_avail_bytes{labels} {free} {time}")
                .expect("strings grow");
            writeln!(size, "node_filesystem_size_bytes{labels} 100 {time}").expect("strings grow");
            writeln!(readonly, "node_filesystem_readonly{labels} 0 {time}").expect("strings grow");
        }
    }
    format!("{text}{readonly}{size}# EOF\n")
}

fn prometheus(folder: &Path) -> Prometheus {
    Prometheus::of_samples(folder, &samples())
}

#[test]
fn a_changed_alert_is_tried_on_the_past() {
    let data = tempfile::tempdir().expect("the system has a folder for temporary files");
    let prometheus = prometheus(data.path());
    let repository = Repository::new();
    repository.branch("threshold", |repository| {
        let parameters = "rules:\n  parameters:\n    node-exporter:\n      fsSpaceAvailableWarningThreshold: 8\n";
        repository.replace("stacks/staging.yaml", "rules:\n", parameters);
    });
    let address = format!("http://{}", prometheus.address());
    let end = END.to_string();
    let arguments = [
        "ci",
        "--base",
        "main",
        "--prometheus",
        &address,
        "--at",
        &end,
        "--since",
        "7d",
    ];
    let with = |more: &[&str]| {
        let (stdout, stderr, code) = said(repository.kpbuild(&[&arguments[..], more].concat()));
        assert_eq!(code, 0, "{stdout}{stderr}");
        stdout
    };
    let report: serde_json::Value =
        serde_json::from_str(&with(&["--format", "json"])).expect("it is JSON");
    let rules = report["rules"].as_array().expect("a list");
    assert_eq!(rules.len(), 1, "{rules:?}");
    assert_eq!(rules[0]["name"], "NodeFilesystemAlmostOutOfSpace");
    let fired = |side: &str| {
        let fired = &rules[0]["backtest"][side]["fired"];
        let number = |field: &str| fired[field].as_u64().expect("a number");
        (number("times"), number("series"), number("seconds"))
    };
    // Below 5 % once for two hours, of which the first half is `for`; below 8 %
    // on each of the seven days besides.
    assert_eq!(fired("before"), (1, 1, 90 * 60));
    assert_eq!(fired("after"), (8, 1, 8 * 90 * 60));
    let timeline = rules[0]["backtest"]["after"]["fired"]["timeline"]
        .as_array()
        .expect("a list");
    let parts = timeline
        .iter()
        .filter(|count| count.as_u64() > Some(0))
        .count();
    assert!((8..=16).contains(&parts), "{timeline:?}");
    let text = with(&[]);
    assert!(text.contains("once, 1h30m in all, on 1 series"), "{text}");
    assert!(text.contains("8 times, 12h in all, on 1 series"), "{text}");
    let html = with(&["--format", "html"]);
    assert!(html.contains("<svg class=\"bars\""));
}

#[test]
fn a_prometheus_that_is_none_is_said() {
    let repository = Repository::new();
    repository.branch("none", |_| {});
    let free = kpbuild_tests::cluster::free_port();
    let (_, stderr, code) = said(repository.kpbuild(&[
        "ci",
        "--base",
        "main",
        "--prometheus",
        &format!("http://127.0.0.1:{free}"),
    ]));
    assert_eq!(code, 1);
    assert!(stderr.contains("cannot ask Prometheus at"), "{stderr}");
    let (_, stderr, code) =
        said(repository.kpbuild(&["ci", "--base", "main", "--prometheus", "localhost:9090"]));
    assert_eq!(code, 1);
    assert!(
        stderr.contains("such as `http://localhost:9090`"),
        "{stderr}"
    );
    assert!(
        json(&repository)["rules"]
            .as_array()
            .is_some_and(Vec::is_empty)
    );
}
