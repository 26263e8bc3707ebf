//! Every tool can be built, runs, and is the version that its go.mod asks for.

use std::process::Command;

use kpbuild_tests::tools::{self, Tool};
use kpbuild_tests::yamlread::Yamlread;
use serde_json::json;

#[test]
fn every_tool_runs_and_prints_its_version() {
    for tool in Tool::ALL {
        let expected = tool.version().expect("its go.mod can be read");
        let printed = version_output(tool);
        let number = expected.trim_start_matches('v');
        assert!(
            printed.contains(number),
            "{tool} shall be {expected} and prints:\n{printed}"
        );
    }
}

#[test]
fn yamlread_reads_as_kubectl_does() {
    let mut kubectl = Yamlread::start();
    assert_eq!(
        kubectl.read("a: on\nb: 012\nc: \"on\"\n"),
        Ok(json!({"a": true, "b": 10, "c": "on"}))
    );
    assert_eq!(kubectl.read("null\n"), Ok(json!(null)));
    assert!(
        kubectl
            .read("a: 1\na: 2\n")
            .is_err_and(|error| error.contains("already set"))
    );
}

fn version_output(tool: Tool) -> String {
    if matches!(tool, Tool::ArgocdPlugin | Tool::KustomizeController) {
        return built_in(tool);
    }
    let argument = if matches!(tool, Tool::Kubectl | Tool::Helm) {
        "version"
    } else {
        "--version"
    };
    let mut command = Command::new(tools::path(tool));
    command.arg(argument);
    if tool == Tool::Kubectl {
        command.arg("--client");
    }
    let output = command.output().expect("a tool that was just built starts");
    assert!(
        output.status.success(),
        "`{tool} {argument}` ends with {}",
        output.status
    );
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// What Go has noted in a program that does not say its version.
fn built_in(tool: Tool) -> String {
    let output = Command::new("go")
        .args(["version", "-m"])
        .arg(tools::path(tool))
        .output()
        .expect("go has built it");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
