//! What a few lines of a stack file change, against kube-prometheus changed as those who use it change it: a case is a
//! stack file here and what it must give in the reference, which is not part of the project.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use kpbuild_tests::{kpbuild, tools};

/// The hash of prometheus-adapter's queries, whose text is our own.
const OWN_TEXT: &str = "apps/Deployment/monitoring/prometheus-adapter .spec.template.metadata.annotations.checksum.config/md5:";

#[test]
fn cases_equal_the_reference() {
    let reference = kpbuild::checkout().join("../shared");
    let compare = reference.join("tools/conformance.py");
    if !compare.exists()
        || Command::new("python3")
            .args(["-c", "import yaml"])
            .output()
            .map_or(true, |o| !o.status.success())
    {
        tools::progress(
            "SKIPPED cases_equal_the_reference: the reference, python3 or its module yaml is not here",
        );
        return;
    }
    let stacks = stacks();
    let missing: Vec<String> = cases(&reference).difference(&stacks).cloned().collect();
    assert!(missing.is_empty(), "no stack file for {missing:?}");
    let wrong: Vec<String> = stacks
        .iter()
        .filter_map(|case| difference(&compare, case))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Renders a case and says what differs from the reference.
fn difference(compare: &Path, case: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder for the manifests");
    let stack = stack_file(case);
    let output = kpbuild::run(
        folder.path(),
        &["render", &stack.to_string_lossy(), "-o", "out"],
    );
    if !output.status.success() {
        return Some(format!(
            "{case} does not render:\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let output = Command::new("python3")
        .arg(compare)
        .arg(folder.path().join("out"))
        .args(["--case", case])
        .output()
        .expect("python3 was just there");
    assert_ne!(
        output.status.code(),
        Some(2),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("what it prints is text");
    let found = text.lines().filter(|line| {
        ["missing ", "extra ", "differs "]
            .iter()
            .any(|word| line.starts_with(word))
    });
    let found: Vec<&str> = found.filter(|line| !line.contains(OWN_TEXT)).collect();
    assert!(
        text.lines().any(|line| line.contains("objects equal")),
        "{case}: {text}"
    );
    (!found.is_empty()).then(|| format!("{case}:\n{}", found.join("\n")))
}

/// The names of the stack files here.
fn stacks() -> BTreeSet<String> {
    names(&kpbuild::checkout().join("tests/conformance"), "yaml")
}

/// The cases of the reference.
fn cases(reference: &Path) -> BTreeSet<String> {
    names(&reference.join("reference/cases"), "json")
}

fn names(folder: &Path, extension: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    paths
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| {
            path.file_stem()
                .expect("it has a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

fn stack_file(case: &str) -> PathBuf {
    kpbuild::checkout().join(format!("tests/conformance/{case}.yaml"))
}
