//! What promtool says of the rules and of their tests.

use std::fs;
use std::process::Command;

use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::{self, Tool};
use serde_json::Value;

use super::{EVERYTHING, groups, items, rule_file};

/// All tests of all mixins, on the rules as they are rendered. None is skipped: the stack changes no rule.
#[test]
fn the_rules_pass_their_tests() {
    let promtool = tools::path(Tool::Promtool);
    let promtool = promtool.to_str().expect("the cache has a plain name");
    let output = kpbuild::run(
        kpbuild::checkout(),
        &[
            "test",
            EVERYTHING,
            "--promtool",
            promtool,
            "--format",
            "json",
        ],
    );
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no report ({error}): {said}"));
    let not_passed: Vec<_> = items(&report["tests"])
        .filter(|test| test["result"] != "passed")
        .collect();
    assert!(not_passed.is_empty(), "{not_passed:#?}");
    assert!(output.status.success(), "{said}");
    let count = items(&report["tests"]).count();
    assert!(count > 300, "only {count} tests were run");
}

/// The rules of the whole stack together, since lints also look for a record that is made twice.
#[test]
fn promtool_has_nothing_to_say_about_the_rules() {
    let folder = tempfile::tempdir().expect("a folder for the rules");
    let file = folder.path().join("rules.json");
    fs::write(&file, rule_file(&groups(EVERYTHING))).expect("the folder is ours");
    let checked = Command::new(tools::path(Tool::Promtool))
        .args(["check", "rules", "--lint=all", "--lint-fatal"])
        .arg(&file)
        .output()
        .expect("promtool was built and can be run");
    let said = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    assert!(checked.status.success(), "{said}");
    assert!(said.contains("SUCCESS"), "{said}");
}
