//! Overlays and mixins of the user's: what they change, and what is said about wrong ones.
//!
//! A case is a folder below `cases/`, with a stack file and what that names. Its snapshot is what `kpbuild render` prints
//! and, if it renders, the difference of its objects to those of a stack without any. `INSTA_UPDATE=always` writes what is
//! printed now, for review in the diff.

mod vendor;

use std::fs;
use std::path::Path;

use kpbuild_tests::kpbuild;

use crate::options::{Objects, difference, objects, parsed};

#[test]
fn every_case_changes_or_prints_what_it_says() {
    let folder = tempfile::tempdir().expect("a folder for the default");
    let plain = folder.path().join("default.yaml");
    fs::write(&plain, "kind: Stack\nname: default\n").expect("the folder was just made");
    let default = objects(&plain);
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "snapshots"}, {
        insta::glob!("cases/*/stack.yaml", |path| {
            insta::assert_snapshot!(rendered(path, &default));
        });
    });
}

/// What a case prints and changes.
fn rendered(stack: &Path, default: &Objects) -> String {
    let folder = stack.parent().expect("a case is a folder");
    let output = kpbuild::run(folder, &["render", "stack.yaml", "--format", "json"]);
    let said = String::from_utf8(output.stderr).expect("messages are text");
    let explanations = said.lines().filter(|line| line.contains(" = "));
    for line in explanations {
        assert!(line.chars().count() <= 80, "{}: {line}", folder.display());
    }
    if !output.status.success() {
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            output.stdout.is_empty(),
            "a stack with errors renders nothing"
        );
        return said;
    }
    let changed = difference(default, &parsed(&output.stdout));
    assert!(!changed.is_empty(), "{} changes nothing", folder.display());
    format!("{said}{changed}")
}

/// The order of files, folders and threads changes no byte of what overlays and mixins make.
#[test]
fn overlays_and_mixins_render_to_the_same_bytes_every_time() {
    let cases = kpbuild::checkout().join("tests/jsonnet/cases");
    for case in ["overlay-of-many-files", "mixins"] {
        let from = cases.join(case);
        let copy = tempfile::tempdir().expect("a folder for a copy");
        copy_folder(&from, copy.path());
        let render = |folder: &Path| {
            let output = kpbuild::run(folder, &["render", "stack.yaml"]);
            assert!(
                output.status.success(),
                "{case}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            output.stdout
        };
        let first = render(&from);
        assert!(
            first == render(&from),
            "{case} is different the second time"
        );
        assert!(
            first == render(copy.path()),
            "{case} is different in another folder"
        );
    }
}

/// What an overlay makes goes through the checks, which point at its line.
#[test]
fn checks_point_into_overlays() {
    let folder = tempfile::tempdir().expect("a folder for a stack");
    fs::write(
        folder.path().join("stack.yaml"),
        "kind: Stack\nname: a\noverlays: [o.jsonnet]\n",
    )
    .expect("a new file");
    let overlay =
        "{\n  prometheus+: {\n    prometheus+: { spec+: { retenton: '30d' } },\n  },\n}\n";
    fs::write(folder.path().join("o.jsonnet"), overlay).expect("a new file");
    let output = kpbuild::run(folder.path(), &["check", "stack.yaml", "--only", "schema"]);
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout));
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        let target = to.join(path.file_name().expect("files have names"));
        if path.is_dir() {
            fs::create_dir(&target).expect("the folder is new");
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).expect("there is room");
        }
    }
}
