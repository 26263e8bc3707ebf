//! Recordings in text of what a person sees at a terminal of 80 columns: an installation from nothing, a change, a
//! conflict, a rollout that fails. The snapshots are the recordings.

use std::process::Command;

use kpbuild_tests::cluster::{Cluster, Options};
use kpbuild_tests::kpbuild;
use kpbuild_tests::pty::Session;

use super::stack::{SMALL, Stack};

#[test]
fn what_a_person_sees() {
    let cluster = Cluster::start(&Options::full());
    let stack = Stack::in_cluster(&cluster, "monitoring".to_owned());
    let with = |alertmanager: &str, grafana: &str, rest: &str| {
        let others = SMALL
            .replace("  alertmanager: {enabled: false}\n", "")
            .replace("  prometheus-operator: {enabled: false}\n", "");
        stack.write(&format!(
            "{others}  alertmanager: {alertmanager}\n  grafana: {grafana}\n{rest}"
        ));
    };
    with("{}", "{}", "");
    record("first-install", apply(&stack, &["--timeout", "5m"], true));

    let rules = "rules: {parameters: {alertmanager: {alertmanagerDownThreshold: 0.4}}}\n";
    with("{retention: 240h}", "{replicas: 2}", rules);
    record("changed-install", apply(&stack, &["--timeout", "5m"], true));

    let scale = ["scale", "deployment", "grafana", "--replicas=5"];
    stack.kubectl(&scale);
    record("conflict", apply(&stack, &[], false));

    let take = ["--take-from", "kubectl", "--timeout", "6s"];
    with(
        "{retention: 240h}",
        "{image: 'example.com/grafana:missing'}",
        rules,
    );
    let mut session = apply(&stack, &take, true);
    session.1 = session.0.wait_for("ImagePullBackOff");
    record("failed-rollout", session);
}

/// Starts an apply and answers its question; gives the screen of a moment that is worth recording, if there is one.
fn apply(stack: &Stack<'_>, arguments: &[&str], answer: bool) -> (Session, String) {
    let mut command = Command::new(kpbuild::path());
    command
        .args(["apply", "stack.yaml"])
        .args(arguments)
        .current_dir(stack.folder.path())
        .env_clear()
        .env("TERM", "xterm")
        .env("KUBECONFIG", &stack.kubeconfig);
    let mut session = Session::start(command, 80);
    if answer {
        session.wait_for("to go on:");
        session.type_line("yes");
    }
    (session, String::new())
}

/// Waits for the end, and compares what was on the screen with the recording.
fn record(name: &str, (session, moment): (Session, String)) {
    let (screen, status) = session.finish();
    let moment = match moment.as_str() {
        "" => String::new(),
        text => format!("{text}\n[a little later]\n\n"),
    };
    let text = format!("{moment}{screen}[exit {}]\n", status.code().unwrap_or(-1));
    let filters = [
        (r"https://127\.0\.0\.1:\d+", "https://127.0.0.1:6443"),
        (r"\d+ requests", "N requests"),
        (
            r"grafana-[0-9a-f]{9}-[0-9a-z]{5}",
            "grafana-5d8f6b9c4-x7k2p",
        ),
        // The wheel that turns beside what is waited for.
        (r"(?m)^  [⠀-⣿] ", "  ⠋ "),
    ];
    insta::with_settings!({filters => filters, omit_expression => true, snapshot_path => "recordings", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, text);
    });
}
