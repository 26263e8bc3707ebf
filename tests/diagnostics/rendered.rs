//! Stack files that are right by themselves and wrong when they are rendered: a name that no rule has, a patch that fits
//! no object. Each is given to `kpbuild check`, in a folder with the files that it names.

use std::path::Path;

use kpbuild_tests::kpbuild;

use super::{Case, assert_narrow, cases_in, compare};

#[test]
fn every_wrong_stack_prints_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("diagnostics/rendered");
    let cases = cases_in(&folder);
    assert!(!cases.is_empty(), "there are cases");
    let plain = tempfile::tempdir().expect("the system has a folder for temporary files");
    let text = "kind: Stack\nname: prod\n";
    std::fs::write(plain.path().join("plain.yaml"), text).expect("the folder was just made");
    let of_every_stack = findings(plain.path(), "plain.yaml");
    let printed = |case: &Case| {
        let mut found = findings(&folder, &case.name);
        found.retain(|finding| !of_every_stack.contains(finding));
        let text = found.join("\n\n") + "\n";
        assert!(!found.is_empty(), "{} is not wrong", case.name);
        assert_narrow(case, &text);
        text
    };
    compare(&cases, printed);
}

/// What `kpbuild check` prints about a stack, one text a finding.
fn findings(folder: &Path, stack: &str) -> Vec<String> {
    let output = kpbuild::run(folder, &["check", stack]);
    let text = String::from_utf8(output.stdout).expect("findings are text");
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    let text = lines.join("\n");
    let found = text.split("\n\n").filter(|finding| !finding.is_empty());
    found.map(str::to_owned).collect()
}
