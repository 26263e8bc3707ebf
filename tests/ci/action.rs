//! The scripts of the GitHub action, run as a runner runs them. Only GitHub itself is not there: a script stands for its
//! client `gh` and keeps comments as files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kpbuild_tests::kpbuild;

use super::repository::Repository;

fn script(name: &str) -> Command {
    let path = kpbuild::checkout()
        .join(".github/actions/kpbuild")
        .join(name);
    let mut command = Command::new("bash");
    command.arg(path);
    command
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment says where the system's programs lie"
)]
fn run(command: &mut Command, first: &Path) -> Output {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(first.to_owned()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(path).expect("folders have plain names");
    command
        .env("PATH", path)
        .output()
        .expect("a system has bash")
}

#[test]
fn the_action_keeps_reports_and_exit_code() {
    let repository = Repository::new();
    repository.branch("broken", |repository| {
        repository.replace("stacks/prod.yaml", "    replicas: 2", "    replica: 2");
    });
    let out = tempfile::tempdir().expect("the system has a folder for temporary files");
    let at = |name: &str| out.path().join(name);
    let mut command = script("run.sh");
    command
        .current_dir(repository.folder())
        .env("STACKS", "stacks/prod.yaml stacks/staging.yaml")
        .env("BASE", "main")
        .env("FAIL_ON", "errors")
        .env("SINCE", "7d")
        .env("SARIF", at("k.sarif"))
        .env("KPBUILD_PROMETHEUS", "")
        .env("KPBUILD_CACHE", at("cache"))
        .env("REPORT", at("report"))
        .env("REPORT_URL", "https://example.com/run")
        .env("GITHUB_OUTPUT", at("output"))
        .env("GITHUB_STEP_SUMMARY", at("summary"));
    let tool = kpbuild_tests::tools::path(kpbuild_tests::tools::Tool::Promtool);
    let programs = tempfile::tempdir().expect("the system has a folder for temporary files");
    for program in [kpbuild::path(), &tool] {
        let name = program.file_name().expect("a program has a name");
        std::os::unix::fs::symlink(program, programs.path().join(name)).expect("it can be made");
    }
    let output = run(&mut command, programs.path());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(
        said.contains("::error file=stacks/prod.yaml,line=8,"),
        "{said}"
    );
    let read = |name: &str| fs::read_to_string(at(name)).expect("it was written");
    let outputs = read("output");
    assert!(outputs.contains("exit-code=1\n"), "{outputs}");
    assert!(
        outputs.contains(&format!("report={}\n", at("report").display())),
        "{outputs}"
    );
    for name in [
        "report/comment.md",
        "report/report.html",
        "report/report.json",
        "k.sarif",
        "summary",
    ] {
        assert!(read(name).contains("stack-unknown-field"), "{name}");
    }
}

/// What stands for `gh api`: comments are files below the folder `comments`.
const GH: &str = r#"#!/usr/bin/env bash
set -euo pipefail
shopt -s nullglob
folder=$(dirname "$0")/comments
all="$*"
case "$all" in
  "api --paginate "*)
    marker=${all#*startswith(\"}
    marker=${marker%%\"*}
    for file in "$folder"/*; do
      if [ "$(head -n 1 "$file")" = "$marker" ]; then basename "$file"; fi
    done ;;
  *"--method POST repos/o/r/issues/7/comments --field body=@"*)
    cp "${all##*body=@}" "$folder/$(($(ls "$folder" | wc -l) + 1))" ;;
  *"--method PATCH repos/o/r/issues/comments/"*)
    path=${all#*issues/comments/}
    cp "${all##*body=@}" "$folder/${path%% *}" ;;
  *) echo "unexpected: $all" >&2; exit 1 ;;
esac
"#;

/// Puts what stands for `gh` into a folder, and gives the one of its comments.
pub(super) fn github_of_comments(folder: &Path) -> PathBuf {
    let comments = folder.join("comments");
    fs::create_dir(&comments).expect("the folder is empty");
    let gh = folder.join("gh");
    fs::write(&gh, GH).expect("there is room");
    fs::set_permissions(&gh, fs::Permissions::from_mode(0o755)).expect("it is ours");
    comments
}

#[test]
fn a_comment_is_renewed_and_others_are_left_alone() {
    let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
    let comments = github_of_comments(folder.path());
    fs::write(comments.join("1"), "<!-- other -->\nhello\n").expect("there is room");
    let comment = |key: &str, text: &str| {
        let file = folder.path().join("comment.md");
        fs::write(&file, format!("<!-- kpbuild-ci -->\n{text}\n")).expect("there is room");
        let output = run(
            script("comment.sh").args(["o/r", "7", key]).arg(&file),
            folder.path(),
        );
        assert!(output.status.success(), "{output:?}");
    };
    let all = || {
        let mut all: Vec<String> = fs::read_dir(&comments)
            .expect("it is there")
            .map(|entry| {
                fs::read_to_string(entry.expect("it can be read").path()).expect("it is text")
            })
            .collect();
        all.sort();
        all
    };
    comment("default", "first");
    comment("other", "of another run");
    comment("default", "second");
    assert_eq!(
        all(),
        [
            "<!-- kpbuild-ci default -->\nsecond\n",
            "<!-- kpbuild-ci other -->\nof another run\n",
            "<!-- other -->\nhello\n",
        ]
    );
}
