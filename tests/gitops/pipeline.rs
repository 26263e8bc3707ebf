//! The workflow of the page: its steps are run as they stand there, in a clone whose origin is on this machine.

use std::path::Path;
use std::process::{Command, Output};

use kpbuild_tests::kpbuild;
use serde_json::Value;

#[test]
fn the_steps_of_the_workflow_render_and_push_what_changed() {
    let folder = tempfile::tempdir().expect("a folder for two repositories");
    let (origin, clone) = (folder.path().join("origin"), folder.path().join("clone"));
    let shell = |command: &str, at: &Path| done(&step(command, at));
    shell(
        "git init --quiet --bare --initial-branch main origin",
        folder.path(),
    );
    shell("git clone --quiet origin clone", folder.path());
    let write = |stack: &str| {
        std::fs::write(clone.join("stack.yaml"), stack).expect("the folder is ours");
        shell(
            "git checkout --quiet -B main && git add stack.yaml && git -c user.name=a -c user.email=a@example.com commit \
             --quiet -m stack && git push --quiet -u origin main",
            &clone,
        );
    };
    let run_all = || {
        for command in steps() {
            shell(&command, &clone);
        }
    };
    let pushed = || shell("git log --format=%s main", &origin);
    let of_manifests = || shell("git ls-tree -r --name-only main manifests", &origin);

    write("kind: Stack\nname: pushed\n");
    run_all();
    assert_eq!(pushed(), "Render the monitoring stack\nstack\n");
    assert!(of_manifests().contains("manifests/grafana-deployment.yaml"));
    // Nothing has changed, and nothing is committed.
    run_all();
    assert_eq!(pushed(), "Render the monitoring stack\nstack\n");
    write("kind: Stack\nname: pushed\ncomponents:\n  grafana: {enabled: false}\n");
    run_all();
    assert!(!of_manifests().contains("manifests/grafana-deployment.yaml"));
    // A mistake ends the first step, so that nothing is rendered.
    write("kind: Stack\nname: pushed\ncomponents:\n  grafana: {enable: false}\n");
    let output = step(&steps()[0], &clone);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success());
    assert!(said.contains("::error file=stack.yaml,line=4"), "{said}");
}

/// The commands of the page's workflow.
fn steps() -> Vec<String> {
    let mut documents = super::documents().into_iter();
    let workflow = documents.find(|document| document.get("jobs").is_some());
    let workflow = workflow.expect("the page shows a workflow");
    let steps = workflow["jobs"]["render"]["steps"].as_array();
    let commands = steps.expect("a job has steps").iter();
    let commands: Vec<String> = commands
        .filter_map(|step| step["run"].as_str())
        .map(str::to_owned)
        .collect();
    assert_eq!(commands.len(), 3, "{}", Value::from(commands.clone()));
    commands
}

/// Runs a step as GitHub does.
fn step(command: &str, folder: &Path) -> Output {
    Command::new("bash")
        .args(["-e", "-c", command])
        .current_dir(folder)
        .env("PATH", kpbuild::search_path(kpbuild::path()))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("bash is there")
}

fn done(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
