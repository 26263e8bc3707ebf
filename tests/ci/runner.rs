//! The workflow of the documentation, in a runner: act reads it, and our action with its expressions, inputs and outputs,
//! as GitHub's own runner does. What is not here: GitHub, for whose client `gh` a script stands, and the actions of others,
//! for which actions stand that say what they were given.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::{self, Tool};
use tempfile::TempDir;

use super::action::github_of_comments;
use super::repository::Repository;

/// The actions of others, with the inputs that they are given.
const OTHERS: [(&str, &[&str]); 3] = [
    ("actions/cache@v4", &["path", "key", "restore-keys"]),
    ("actions/upload-artifact@v4", &["name", "path", "overwrite"]),
    ("github/codeql-action@v3", &["sarif_file"]),
];

/// A machine with a runner, and a repository with a pull request.
struct Runner {
    repository: Repository,
    /// What is beside the repository: where it was cloned from, actions, programs, comments.
    beside: TempDir,
}

impl Runner {
    /// On `main` is the workflow of the documentation, with the kpbuild of these tests.
    fn new() -> Self {
        let beside = tempfile::tempdir().expect("the system has a folder for temporary files");
        let at = |name: &str| beside.path().join(name);
        let repository = Repository::new();
        repository.write(".github/workflows/monitoring.yml", &documented_workflow());
        repository.commit("workflow");
        repository.git(&[
            "clone",
            "--quiet",
            "--bare",
            ".",
            &at("origin").to_string_lossy(),
        ]);
        repository.git(&["remote", "add", "origin", &at("origin").to_string_lossy()]);
        // By which the runner knows what the repository is called.
        repository.git(&["remote", "add", "github", "https://github.com/o/r"]);
        for (name, inputs) in OTHERS {
            stand_in(&at(name), inputs);
        }
        copy(
            &kpbuild::checkout().join(".github/actions/kpbuild"),
            &at("kpbuild/kpbuild@main/.github/actions/kpbuild"),
        );
        let event = serde_json::json!({
            "pull_request": {"number": 7, "base": {"ref": "main"}},
            "repository": {"default_branch": "main"},
        });
        fs::write(at("event.json"), event.to_string()).expect("there is room");
        fs::create_dir(at("programs")).expect("the folder is empty");
        github_of_comments(&at("programs"));
        for program in [kpbuild::path(), &tools::path(Tool::Promtool)] {
            let name = program.file_name().expect("a program has a name");
            std::os::unix::fs::symlink(program, at("programs").join(name)).expect("it can be made");
        }
        Self { repository, beside }
    }

    /// Runs the workflow on the branch that is checked out: whether it succeeded, and its log.
    fn run(&self) -> (bool, String) {
        let at = |name: &str| self.beside.path().join(name);
        let mut act = Command::new(tools::path(Tool::Act));
        act.args([
            "pull_request",
            "--platform",
            "ubuntu-latest=-self-hosted",
            "--remote-name",
            "github",
            "--eventpath",
        ])
        .arg(at("event.json"));
        let ours = [("kpbuild/kpbuild@main", &[] as &[&str])];
        for (name, _) in OTHERS.iter().chain(&ours) {
            act.arg("--local-repository")
                .arg(format!("{name}={}", at(name).display()));
        }
        let output = act
            .current_dir(self.repository.folder())
            .env("PATH", kpbuild::search_path(&at("programs/kpbuild")))
            .env("HOME", at("home"))
            .env("XDG_CACHE_HOME", at("home/cache"))
            .env("XDG_CONFIG_HOME", at("home/config"))
            .output()
            .expect("a tool that was just built starts");
        let log = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&log).into_owned(),
        )
    }

    /// The comment under the pull request.
    fn comment(&self) -> String {
        fs::read_to_string(self.beside.path().join("programs/comments/1")).expect("it was written")
    }
}

/// What the documentation shows for GitHub, with the kpbuild that is there.
fn documented_workflow() -> String {
    let page = kpbuild::checkout().join("crates/kpbuild/docs/ci.md");
    let page = fs::read_to_string(page).expect("it is there");
    let begin = page
        .find("# .github/workflows/monitoring.yml")
        .expect("it is shown");
    let end = page[begin..].find("```").expect("it ends");
    let asked = "          fail-on: errors\n";
    let workflow = &page[begin..begin + end];
    assert_eq!(workflow.matches(asked).count(), 1, "{workflow}");
    workflow.replace(asked, &format!("{asked}          version: path\n"))
}

/// An action that says what it was given, and lists what is there of it.
fn stand_in(folder: &Path, inputs: &[&str]) {
    let mut action = "name: stand-in\ndescription: says what it was given\ninputs:\n".to_owned();
    for input in inputs {
        writeln!(action, "  {input}: {{description: given}}").expect("texts grow");
    }
    action += "runs:\n  using: composite\n  steps:\n";
    for input in inputs {
        writeln!(
            action,
            "  - shell: bash\n    env: {{GIVEN: '${{{{ inputs.{input} }}}}'}}\n    \
             run: echo \"{input} is $GIVEN\" $(ls \"$GIVEN\" 2>/dev/null)"
        )
        .expect("texts grow");
    }
    for place in ["", "upload-sarif"] {
        fs::create_dir_all(folder.join(place)).expect("it can be made");
        fs::write(folder.join(place).join("action.yml"), &action).expect("there is room");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("it can be made");
    for entry in fs::read_dir(from).expect("it is there") {
        let entry = entry.expect("it can be read");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("there is room");
    }
}

#[test]
fn a_runner_runs_the_documented_workflow() {
    let runner = Runner::new();
    runner.repository.branch("change", |repository| {
        repository.replace("stacks/prod.yaml", "replicas: 2", "replicas: 3");
    });
    let (succeeded, log) = runner.run();
    assert!(succeeded, "{log}");
    for said in [
        "key is kpbuild-default-1-1",
        "name is kpbuild-report-default",
        "kpbuild-report comment.md report.html report.json",
        "sarif_file is kpbuild.sarif kpbuild.sarif",
        "::set-output:: exit-code=0",
    ] {
        assert!(log.contains(said), "{said}: {log}");
    }
    let comment = runner.comment();
    assert!(
        comment.starts_with("<!-- kpbuild-ci default -->\n"),
        "{comment}"
    );
    assert!(comment.contains("scales from 2 to 3 replicas"), "{comment}");

    runner.repository.branch("broken", |repository| {
        repository.replace("stacks/prod.yaml", "    replicas: 2", "    replica: 2");
    });
    let (succeeded, log) = runner.run();
    assert!(!succeeded, "{log}");
    for said in [
        "::error file=stacks/prod.yaml,line=8,",
        "kpbuild-report comment.md report.html report.json",
        "sarif_file is kpbuild.sarif kpbuild.sarif",
        "::set-output:: exit-code=1",
        "Failure - Main Fail where it is asked for",
    ] {
        assert!(log.contains(said), "{said}: {log}");
    }
    let comment = runner.comment();
    assert!(comment.contains("stack-unknown-field"), "{comment}");
}
