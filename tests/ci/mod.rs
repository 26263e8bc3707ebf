//! `kpbuild ci` and `kpbuild diff --base`, in a repository with a branch for each typical change (`repository`): what they
//! say is kept in `snapshots/`, one file a branch, in the form of a comment. The page is driven in a browser (`browser`),
//! and changed alerts are tried on a week of samples in a real Prometheus (`backtest`). The workflows of this repository
//! itself are in `workflows`.

#[cfg(unix)]
mod action;
mod backtest;
mod browser;
mod repository;
#[cfg(unix)]
mod runner;
mod workflows;

use std::process::Output;

use repository::Repository;
use serde_json::Value;

/// A branch: its name, its change, and the exit code of `ci --fail-on changes`.
type Branch = (&'static str, fn(&Repository), i32);

const BRANCHES: &[Branch] = &[
    ("no-change", |_| {}, 0),
    (
        "replicas",
        |repository| repository.replace("stacks/prod.yaml", "replicas: 2", "replicas: 3"),
        2,
    ),
    (
        "image",
        |repository| repository.replace("stacks/prod.yaml", "version: 13.0.2", "version: 13.0.3"),
        2,
    ),
    (
        "threshold",
        |repository| {
            for stack in ["stacks/prod.yaml", "stacks/staging.yaml"] {
                let parameters = "rules:\n  parameters:\n    node-exporter:\n      fsSpaceAvailableWarningThreshold: 8\n";
                repository.replace(stack, "rules:\n", parameters);
            }
        },
        2,
    ),
    (
        "new-dashboard",
        |repository| {
            let text = std::fs::read_to_string(repository.folder().join("dashboards/shop.jsonnet"));
            let text = text
                .expect("it is there")
                .replace("Shop", "Stock")
                .replace("'shop'", "'stock'");
            repository.write("dashboards/stock.jsonnet", &text);
        },
        2,
    ),
    (
        "removed-component",
        |repository| repository.replace("stacks/prod.yaml", "enabled: true", "enabled: false"),
        2,
    ),
    (
        "broken-stack",
        |repository| repository.replace("stacks/prod.yaml", "    replicas: 2", "    replica: 2"),
        1,
    ),
    (
        "broken-overlay",
        |repository| repository.replace("overlays/prod.jsonnet", "'shop'", "$.values.teem"),
        1,
    ),
    (
        "renamed-namespace",
        |repository| {
            repository.replace(
                "stacks/staging.yaml",
                "namespace: monitoring",
                "namespace: observability",
            );
        },
        2,
    ),
    (
        "renamed-and-changed",
        |repository| {
            let changes = [
                ("namespace: monitoring", "namespace: observability"),
                ("replicas: 2", "replicas: 3"),
                ("one-secret", "other-secret"),
                (
                    "rules:\n",
                    "rules:\n  patch:\n  - {alert: TargetDown, for: 20m}\n",
                ),
            ];
            for (from, to) in changes {
                repository.replace("stacks/prod.yaml", from, to);
            }
        },
        2,
    ),
    (
        "platform",
        |repository| repository.replace("stacks/prod.yaml", "platform: kubeadm", "platform: eks"),
        2,
    ),
    (
        "mixin-update",
        |repository| {
            repository.release_mixin(2);
            repository.done(&["mixin", "update", "shop", "--dir", "stacks"]);
        },
        2,
    ),
    (
        "secret",
        |repository| repository.replace("stacks/prod.yaml", "one-secret", "other-secret"),
        2,
    ),
];

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("kpbuild prints UTF-8")
}

/// The comment without what checks warn about on both sides of a change: that is for the tests of checks.
fn without_warnings(comment: &str) -> String {
    let mut is_warning = false;
    let lines = comment.lines().filter(|line| {
        let goes_on = line.starts_with("  <br>");
        is_warning = line.starts_with("- **warning**") || (is_warning && goes_on);
        !is_warning
    });
    let text = lines.fold(String::new(), |text, line| text + line + "\n");
    let counts = regex::Regex::new(r"(nothing wrong|(, )?\d+ warnings?)").expect("it is one");
    let text = counts.replacen(&text, 1, "").into_owned();
    text.replace("#### What is wrong\n\n\n", "")
}

/// What a command says, with its exit code.
fn said(output: Output) -> (String, String, i32) {
    let code = output.status.code().expect("it was not killed");
    (text(output.stdout), text(output.stderr), code)
}

fn json(repository: &Repository) -> Value {
    let (stdout, stderr, _) =
        said(repository.kpbuild(&["ci", "--base", "main", "--format", "json"]));
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}\n{stderr}"))
}

#[test]
fn every_branch_is_reported_as_reviewed() {
    let repository = Repository::with_mixin();
    let mut failures = Vec::new();
    for (name, change, code) in BRANCHES {
        repository.branch(name, change);
        let arguments = [
            "ci",
            "--base",
            "main",
            "--format",
            "comment",
            "--fail-on",
            "changes",
        ];
        let (comment, said, exit) = said(repository.kpbuild(&arguments));
        if exit != *code {
            failures.push(format!(
                "{name}: exit code {exit} instead of {code}: {said}"
            ));
        }
        let secrets = ["one-secret", "other-secret"];
        assert!(
            !secrets.iter().any(|secret| comment.contains(secret)),
            "{name} tells a secret"
        );
        let comment = without_warnings(&comment);
        let kept = std::panic::catch_unwind(|| {
            insta::with_settings!({snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
                insta::assert_snapshot!(*name, comment);
            });
        });
        if kept.is_err() {
            failures.push(format!("{name}: the comment is not as reviewed"));
        }
        // Nothing is left in the working tree.
        assert_eq!(repository.git(&["status", "--porcelain"]), "", "{name}");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn annotations_are_on_the_lines_of_the_mistakes() {
    let repository = Repository::new();
    let annotations = |name: &str| {
        let (_, change, _) = BRANCHES
            .iter()
            .find(|(branch, ..)| *branch == name)
            .expect("it is there");
        repository.branch(name, change);
        annotations(&repository)
    };
    assert_eq!(
        annotations("broken-stack"),
        ["error file=stacks/prod.yaml,line=8,endLine=8,col=5,title=stack-unknown-field"]
    );
    assert_eq!(
        annotations("broken-overlay"),
        ["error file=overlays/prod.jsonnet,line=3,endLine=3,col=56,title=overlay-jsonnet"]
    );
}

/// What the annotations of errors say before their texts.
fn annotations(repository: &Repository) -> Vec<String> {
    let (stdout, stderr, code) =
        said(repository.kpbuild(&["ci", "--base", "main", "--format", "github"]));
    assert_eq!(code, 1, "{stderr}");
    let commands = stdout.lines().filter(|line| line.starts_with("::error"));
    commands
        .map(|line| line.split("::").nth(1).expect("a command").to_owned())
        .collect()
}

#[test]
fn a_stack_under_another_name_is_told_at_its_name() {
    let repository = Repository::new();
    repository.branch("renamed-stack", |repository| {
        repository.replace("stacks/staging.yaml", "name: staging", "name: test");
    });
    let arguments = ["ci", "--base", "main", "--format", "github"];
    let (stdout, stderr, _) = said(repository.kpbuild(&arguments));
    let told = stdout.lines().find(|line| line.contains("stack-renamed"));
    let told = told.unwrap_or_else(|| panic!("{stdout}{stderr}"));
    assert!(
        told.starts_with("::warning file=stacks/staging.yaml,line=2,"),
        "{told}"
    );
    assert!(
        told.contains("the stack `staging` is called `test` now"),
        "{told}"
    );
}

#[test]
fn a_file_that_several_stacks_use_is_annotated_once() {
    let repository = Repository::new();
    repository.branch("broken-library", |repository| {
        repository.replace(
            "lib/panels.libsonnet",
            "title: title,\n    description",
            "title: titel,\n    description",
        );
    });
    let found = annotations(&repository);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("error file=lib/panels.libsonnet,line=3,"),
        "{found:?}"
    );
}

#[test]
fn rules_that_move_to_another_namespace_are_no_changes() {
    let repository = Repository::new();
    repository.branch("renamed-namespace", |repository| {
        let names = ["namespace: monitoring", "namespace: observability"];
        repository.replace("stacks/staging.yaml", names[0], names[1]);
    });
    let report = json(&repository);
    assert_eq!(report["rules"], serde_json::json!([]));
    assert_eq!(report["moved"].as_array().map(Vec::len), Some(1));
    // What else changes on the way is told, and nothing but that.
    repository.replace(
        "stacks/staging.yaml",
        "rules:\n",
        "rules:\n  parameters:\n    node-exporter:\n      fsSpaceAvailableWarningThreshold: 8\n",
    );
    let rules = json(&repository)["rules"].clone();
    let names: Vec<_> = rules.as_array().expect("a list").iter().collect();
    assert!(!names.is_empty(), "a threshold has changed");
    for rule in names {
        assert_eq!(rule["what"], "changed", "{rule}");
        assert!(
            rule["name"].to_string().contains("NodeFilesystem"),
            "{rule}"
        );
    }
}

#[test]
fn a_failed_test_of_rules_is_an_error_at_its_line() {
    let repository = Repository::new();
    repository.branch("failing-test", |repository| {
        repository.replace("tests/rules.yaml", "eval_time: 5m", "eval_time: 20m");
    });
    let (stdout, _, code) =
        said(repository.kpbuild(&["ci", "--base", "main", "--format", "github"]));
    assert_eq!(code, 1);
    let command = stdout
        .lines()
        .find(|line| line.contains("title=rule-test"))
        .expect("it is told");
    assert!(
        command.starts_with("::error file=tests/rules.yaml,line=2,"),
        "{command}"
    );
    assert!(command.contains("TargetDown"), "{command}");
}

#[test]
fn results_are_used_again_until_something_they_read_changes() {
    let repository = Repository::new();
    repository.branch("replicas", |repository| {
        repository.replace("stacks/prod.yaml", "replicas: 2", "replicas: 3");
    });
    let run = || said(repository.kpbuild(&["ci", "--base", "main", "--format", "comment"]));
    let (first, said_first, _) = run();
    let (second, said_second, _) = run();
    assert_eq!(first, second);
    assert!(!said_first.contains("earlier run"), "{said_first}");
    assert!(
        said_second.contains("2 of 2 stacks are as in an earlier run"),
        "{said_second}"
    );
    // A file that only one stack reads.
    repository.replace("stacks/prod.yaml", "replicas: 3", "replicas: 4");
    let (third, said_third, _) = run();
    assert!(third.contains("from 2 to 4 replicas"), "{third}");
    assert!(
        said_third.contains("1 of 2 stacks are as in an earlier run"),
        "{said_third}"
    );
    // A new file that a pattern finds.
    let text = std::fs::read_to_string(repository.folder().join("dashboards/shop.jsonnet"))
        .expect("it is there");
    repository.write(
        "dashboards/new.jsonnet",
        &text.replace("Shop", "New").replace("'shop'", "'new'"),
    );
    let (fourth, said_fourth, _) = run();
    assert!(fourth.contains("dashboard New: new"), "{fourth}");
    assert!(!said_fourth.contains("earlier run"), "{said_fourth}");
}

#[test]
fn the_base_is_where_the_branch_left() {
    let repository = Repository::new();
    repository.branch("replicas", |repository| {
        repository.replace("stacks/prod.yaml", "replicas: 2", "replicas: 3");
    });
    repository.git(&["checkout", "--quiet", "main"]);
    repository.replace("stacks/staging.yaml", "name: staging", "name: renamed");
    repository.commit("what others did");
    repository.git(&["checkout", "--quiet", "replicas"]);
    let (stdout, stderr, code) = said(repository.kpbuild(&[
        "diff",
        "stacks/prod.yaml",
        "stacks/staging.yaml",
        "--base",
        "main",
    ]));
    assert_eq!(code, 2, "{stderr}");
    assert!(stdout.contains("scales from 2 to 3 replicas"), "{stdout}");
    assert!(stdout.contains("staging: 1"), "{stdout}");
    assert!(!stdout.contains("renamed"), "{stdout}");
}

#[test]
fn every_format_tells_the_same() {
    let repository = Repository::new();
    repository.branch("broken-stack", |repository| {
        repository.replace("stacks/prod.yaml", "    replicas: 2", "    replica: 2");
        repository.replace(
            "stacks/staging.yaml",
            "namespace: monitoring",
            "namespace: observability",
        );
    });
    let files = [
        "text", "markdown", "comment", "json", "sarif", "junit", "github", "html",
    ];
    let reports: Vec<String> = files
        .iter()
        .map(|format| format!("{format}=out/report.{format}"))
        .collect();
    let mut arguments = vec!["ci", "--base", "main"];
    for report in &reports {
        arguments.extend(["--report", report]);
    }
    let (_, _, code) = said(repository.kpbuild(&arguments));
    assert_eq!(code, 1);
    let read = |format: &str| {
        std::fs::read_to_string(
            repository
                .folder()
                .join("out")
                .join(format!("report.{format}")),
        )
        .expect("it was written")
    };
    for format in files {
        assert!(read(format).contains("stack-unknown-field"), "{format}");
    }
    for format in ["text", "markdown", "comment", "json", "html"] {
        let volumes = "volumes stay behind: Alertmanager/main, Prometheus/k8s begin without";
        assert!(read(format).contains(volumes), "{format}");
    }
    let sarif: Value = serde_json::from_str(&read("sarif")).expect("it is JSON");
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "stacks/prod.yaml");
    assert_eq!(place["region"]["startLine"], 8);
    let report = json(&repository);
    assert_eq!(report["stacks"][0]["state"], "broken");
    let moved = &report["moved"][0];
    assert_eq!(
        (&moved["from"], &moved["to"], &moved["stacks"]),
        (
            &"monitoring".into(),
            &"observability".into(),
            &serde_json::json!(["staging"])
        )
    );
    assert!(moved["objects"].as_u64() > Some(50), "{moved}");
    assert_eq!(moved["changed"], 0, "{moved}");
    assert!(read("junit").contains("<testcase name=\"stacks/prod.yaml\""));
}

#[test]
fn a_broken_base_is_no_error_of_the_change() {
    let repository = Repository::new();
    repository.branch("broken", |repository| {
        repository.replace("stacks/prod.yaml", "    replicas: 2", "    replica: 2");
    });
    repository.git(&["checkout", "--quiet", "-b", "mended"]);
    repository.replace("stacks/prod.yaml", "    replica: 2", "    replicas: 2");
    let (stdout, stderr, code) = said(repository.kpbuild(&["ci", "--base", "broken"]));
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(
        stdout.contains("prod: it could not be rendered in broken"),
        "{stdout}"
    );
    assert!(stdout.contains("stack-unknown-field"), "{stdout}");
}

#[test]
fn what_cannot_be_compared_is_said() {
    let repository = Repository::new();
    let error = |arguments: &[&str]| {
        let (_, stderr, code) = said(repository.kpbuild(arguments));
        assert_eq!(code, 1, "{arguments:?}");
        stderr
    };
    let unknown = error(&["ci", "--base", "mian"]);
    assert!(unknown.contains("there is no revision `mian`"), "{unknown}");
    let missing = error(&["ci", "stacks/prd.yaml", "--base", "main"]);
    assert!(
        missing.contains("did you mean `stacks/prod.yaml`?"),
        "{missing}"
    );
    let empty = error(&["ci", "lib", "--base", "main"]);
    assert!(empty.contains("there is no stack in `lib`"), "{empty}");
    let several = error(&["diff", "stacks/prod.yaml", "stacks/staging.yaml"]);
    assert!(several.contains("--base REVISION"), "{several}");
    let (_, stderr, code) = said(repository.kpbuild(&["ci"]));
    assert_eq!(code, 64, "{stderr}");
}

/// A clone without history cannot know where a branch began.
#[test]
fn a_shallow_clone_says_how_to_get_the_base() {
    let repository = Repository::new();
    repository.branch("replicas", |repository| {
        repository.replace("stacks/prod.yaml", "replicas: 2", "replicas: 3");
    });
    let shallow = repository.folder().join("shallow");
    let from = format!("file://{}", repository.folder().display());
    repository.git(&[
        "clone",
        "--quiet",
        "--depth",
        "1",
        "--branch",
        "replicas",
        &from,
        &shallow.display().to_string(),
    ]);
    let stack = "shallow/stacks/prod.yaml";
    let (_, stderr, code) = said(repository.kpbuild(&["diff", stack, "--base", "origin/main"]));
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("fetch-depth: 0"), "{stderr}");
}
