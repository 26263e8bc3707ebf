//! What a run says while and after it waits in vain: the reason of the pods, in lines, on a terminal and as events.

use std::process::Command;

use kpbuild_tests::kpbuild;
use kpbuild_tests::pty::Session;
use rustix::process::Signal;
use serde_json::Value;

use super::stack::{SMALL, Stack};

#[test]
fn an_image_that_cannot_be_pulled_is_named() {
    let stack = failing("pull", "image: example.com/grafana:missing");
    let run = stack.run(&WAIT_IN_VAIN).expect(1);
    run.says("not ready after 4 s");
    run.says("/grafana: 0 of 1 pods available\n    pod grafana-");
    run.says(
        "container grafana is in ImagePullBackOff (Back-off pulling image \"example.com/grafana:missing\")",
    );
}

#[test]
fn a_container_that_crashes_is_shown_with_its_last_lines() {
    let stack = failing("crash", "image: example.com/grafana:crashing");
    let run = stack.run(&WAIT_IN_VAIN).expect(1);
    run.says("container grafana is in CrashLoopBackOff");
    run.says("\n      grafana: level=error msg=\"cannot read the configuration: no such file\"");
}

#[test]
fn a_pod_that_no_node_takes_says_why() {
    let stack = failing("homeless", "nodeSelector: {disk: floppy}");
    let run = stack.run(&WAIT_IN_VAIN).expect(1);
    run.says("cannot be scheduled: 0/3 nodes are available: 3 node(s) didn't match");
}

/// What is not ready in the first run is waited for again in the next, which has nothing to write.
#[test]
fn an_unchanged_rollout_that_fails_still_fails() {
    let stack = failing("again", "image: example.com/grafana:unready");
    stack.run(&WAIT_IN_VAIN).expect(1);
    let again = stack.run(&WAIT_IN_VAIN).expect(1);
    again.says("unchanged");
    again.says("0 of 1 pods available");
    stack.run(&["apply", "--yes", "--no-wait"]).expect(0);
}

const WAIT_IN_VAIN: [&str; 4] = ["apply", "--yes", "--timeout", "4s"];

fn failing(prefix: &str, grafana: &str) -> Stack<'static> {
    let stack = Stack::small(prefix);
    stack.write(&format!("{SMALL}  grafana: {{{grafana}}}\n"));
    stack
}

#[test]
fn events_tell_programs_what_happens() {
    let stack = Stack::small("events");
    let run = stack.apply(&["--format", "json", "--timeout", "5m"]);
    let events: Vec<Value> = run
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("every line is an event"))
        .collect();
    let (first, last) = (&events[0], &events[events.len() - 1]);
    assert_eq!(first["event"], "plan");
    let created = first["summary"]["create"].as_u64().expect("a number");
    assert_eq!(last["event"], "end");
    assert_eq!(last["outcomes"]["created"], created);
    assert_eq!((&last["error"], &last["left"]), (&Value::Null, &0.into()));
    let created = usize::try_from(created).expect("it is small");
    assert_eq!(first["objects"].as_array().map(Vec::len), Some(created));
    let count = |name: &str| {
        let named = events.iter().filter(|event| event["event"] == name);
        named.count()
    };
    assert_eq!(count("done"), created);
    assert!(count("phase") >= 4, "{}", run.out);
    assert!(run.err.contains("created"), "people read on: {}", run.err);

    stack.write(&format!(
        "{SMALL}  grafana: {{image: 'example.com/grafana:missing'}}\n"
    ));
    let run = stack
        .run(&["apply", "--yes", "--format", "json", "--timeout", "3s"])
        .expect(1);
    let end: Value = serde_json::from_str(run.out.lines().last().expect("there are events"))
        .expect("every line is an event");
    let error = end["error"].as_str().expect("it failed");
    assert!(error.contains("ImagePullBackOff"), "{error}");
}

#[test]
fn ctrl_c_ends_a_run_that_waits_and_says_what_is_not_done() {
    let stack = failing("stopped", "image: example.com/grafana:unready");
    let mut command = Command::new(kpbuild::path());
    command
        .args(["apply", "stack.yaml", "--yes", "--kubeconfig"])
        .arg(&stack.kubeconfig)
        .current_dir(stack.folder.path());
    let session = Session::start(command, 80);
    session.wait_for("pods available");
    session.signal(Signal::INT);
    let (screen, status) = session.finish();
    assert_eq!(status.code(), Some(1), "{screen}");
    assert!(screen.contains("not begun ("), "{screen}");
    assert!(
        screen.contains("error: stopped; what is done stays done, and the next run goes on from"),
        "{screen}"
    );
    assert_eq!(stack.kubectl(&["get", "lease", "-o", "name"]), "");
    stack.write(SMALL);
    stack.apply(&["--timeout", "5m"]);
}
