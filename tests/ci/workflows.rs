//! The workflows of this repository: that GitHub can read them, and what they run before a release.

use std::fs;
use std::process::Command;

use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::{self, Tool};

#[test]
fn github_understands_the_workflows() {
    let folder = kpbuild::checkout().join(".github/workflows");
    let workflows = fs::read_dir(folder).expect("it is there");
    let workflows = workflows.map(|entry| entry.expect("it can be read").path());
    let output = Command::new(tools::path(Tool::Actionlint))
        .args(workflows)
        .output()
        .expect("a tool that was just built starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat())
    );
}

/// What `.ci/release-notes` prints, or what it says against it, for version 1.2.3 and a changelog.
fn notes(tag: &str, changelog: &str) -> Result<String, String> {
    let checkout = tempfile::tempdir().expect("the system has a folder for temporary files");
    let at = |name: &str| checkout.path().join(name);
    fs::create_dir(at(".ci")).expect("the folder is ours");
    let script = kpbuild::checkout().join(".ci/release-notes");
    fs::copy(script, at(".ci/release-notes")).expect("it is there");
    fs::write(
        at("Cargo.toml"),
        "[workspace.package]\nversion = \"1.2.3\"\n",
    )
    .expect("the folder is ours");
    fs::write(at("CHANGELOG.md"), changelog).expect("the folder is ours");
    let output = Command::new("bash")
        .arg(at(".ci/release-notes"))
        .arg(tag)
        .output()
        .expect("a system has bash");
    let text = |bytes| String::from_utf8(bytes).expect("it is text");
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

#[test]
fn the_notes_of_a_release_are_its_part_of_the_changelog() {
    let changelog = "# Changelog\n\n## Unreleased\n\n- New.\n\n## 1.2.3 (2026-01-31)\n\n- A change,\n  a long one.\n\n\
                     - Another.\n\n## 1.2.2\n\n- Old.\n";
    assert_eq!(
        notes("v1.2.3", changelog).as_deref(),
        Ok("- A change,\n  a long one.\n\n- Another.\n")
    );
    assert_eq!(
        notes("v1.2.4", changelog).unwrap_err(),
        "the tag is v1.2.4, but Cargo.toml says version 1.2.3: tag the commit that changes the version\n"
    );
    assert_eq!(
        notes("v1.2.3", "# Changelog\n\n## Unreleased\n\n- New.\n").unwrap_err(),
        "CHANGELOG.md has no section `## 1.2.3`: rename `## Unreleased`\n"
    );
}
