//! Questions to a real Prometheus that scrapes a real `node_exporter`: the three of the documentation, in all formats.

use std::time::Duration;

use super::installed::{Installed, until};

const SYSTEM: &str = "rate(node_cpu_seconds_total{mode=\"system\"}[1m])";

fn ask(arguments: &[&str]) -> String {
    let installed = Installed::shared();
    let all = [&["query", "stack.yaml"], arguments].concat();
    let (code, out, err) = installed.run(&all);
    assert_eq!(code, Some(0), "{out}{err}");
    out
}

#[test]
fn the_three_questions_of_the_documentation_are_answered() {
    for (expression, columns) in [
        (SYSTEM, "cpu"),
        ("node_filesystem_avail_bytes", "mountpoint"),
        ("rate(node_network_receive_bytes_total[1m])", "device"),
    ] {
        let answered = until(Duration::from_mins(2), || {
            ask(&[expression, "--format", "csv"]).lines().count() > 1
        });
        assert!(answered, "nothing answers {expression}");
        let csv = ask(&[expression, "--format", "csv"]);
        let head = csv.lines().next().unwrap_or_default();
        assert!(head.split(',').any(|column| column == columns), "{head}");
        let table = ask(&[expression]);
        assert!(
            table.contains(columns) && table.contains("value"),
            "{table}"
        );
    }
}

#[test]
fn a_range_is_drawn_and_json_is_that_of_prometheus() {
    // The real one: the pods of the test cluster have other addresses.
    const UP: &str = "up{job='node-exporter',instance=~'127.0.0.1:.*'}";
    let up = || ask(&[UP, "--format", "csv"]).lines().count() > 1;
    assert!(until(Duration::from_mins(1), up));
    // The first sample may be younger than the last point of a chart.
    assert!(until(Duration::from_mins(1), || {
        !ask(&[UP, "--since", "10m"]).is_empty()
    }));
    let chart = ask(&[UP, "--since", "10m"]);
    assert!(chart.contains("max 1") && chart.contains('█'), "{chart}");
    let json = ask(&[UP, "--since", "5m", "--step", "1s", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["resultType"], "matrix");
    assert_eq!(json["result"][0]["metric"]["job"], "node-exporter");
    let long_ago = ask(&["up", "--at", "2001-01-01T00:00:00Z", "--format", "json"]);
    assert!(long_ago.contains("\"result\": []"), "{long_ago}");
    assert_eq!(ask(&["up", "--at", "2001-01-01T00:00:00Z"]), "");
}

#[test]
fn mistakes_are_underlined() {
    let installed = Installed::shared();
    let check = |expression: &str, expected: &str| {
        let (code, _, err) = installed.run(&["query", "stack.yaml", expression]);
        assert_eq!(code, Some(1));
        assert!(err.contains(expected), "`{expected}` is not in:\n{err}");
    };
    check(
        "rate(up{job=node}[1m])",
        "^^^^ the value of a label stands in quotes",
    );
    check("rte(up[1m])", "did you mean `rate`?");
    // Only Prometheus knows its functions.
    check(
        "sum(up) + frobnicate_everything(up)",
        "^^^^^^^^^^^^^^^^^^^^^ unknown function",
    );
    let (code, _, err) = installed.run(&["query", "stack.yaml", "up", "--since", "5"]);
    assert_eq!(code, Some(64), "{err}");
}
