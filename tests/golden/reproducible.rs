//! The same stack gives the same bytes: in another folder, from another place, in another country, another time zone,
//! with files that were made in another order.

use std::fs;
use std::path::Path;
use std::process::Command;

use kpbuild_tests::kpbuild;

use super::{Files, read, stacks};

#[test]
fn the_same_stack_gives_the_same_bytes_everywhere() {
    let home = tempfile::tempdir().expect("the system has a folder for temporary files");
    let stacks_folder = kpbuild::checkout().join("stacks");
    for stack in stacks() {
        let file = format!("{stack}.yaml");
        let elsewhere = home.path().join("a folder").join(&stack);
        fs::create_dir_all(&elsewhere).expect("a folder of its own");
        fs::copy(stacks_folder.join(&file), elsewhere.join(&file)).expect("a stack can be copied");
        let from_checkout = render(kpbuild::checkout(), &format!("stacks/{file}"), &[]);
        assert!(from_checkout.len() > 10, "{stack} has objects");
        let in_turkey = render(
            &stacks_folder,
            &file,
            &[
                ("LANG", "tr_TR.UTF-8"),
                ("LC_ALL", "tr_TR.UTF-8"),
                ("TZ", "Pacific/Kiritimati"),
                ("HOME", "/nonexistent"),
                ("TERM", "dumb"),
                ("COLUMNS", "20"),
                ("RUST_LOG", "trace"),
            ],
        );
        let at_home = render(
            home.path(),
            elsewhere.join(&file).to_str().expect("the path is text"),
            &[
                ("LC_ALL", "C"),
                ("TZ", "America/Caracas"),
                ("HOME", home.path().to_str().expect("the path is text")),
                ("NO_COLOR", "1"),
                ("SOURCE_DATE_EPOCH", "0"),
            ],
        );
        assert_same(&from_checkout, &in_turkey, &stack);
        assert_same(&from_checkout, &at_home, &stack);
    }
}

/// Folders list their files in any order, often that in which they were made.
#[test]
fn the_order_in_which_files_were_made_is_no_input() {
    let names = ["zebra", "ape", "monkey", "ant"];
    let forwards = with_dashboards(names.iter());
    let backwards = with_dashboards(names.iter().rev());
    assert!(
        forwards.keys().any(|path| path.contains("monkey")),
        "{:?}",
        forwards.keys()
    );
    assert_same(&forwards, &backwards, "with dashboards");
}

/// A stream is the same twice, too.
#[test]
fn a_stream_is_the_same_twice() {
    let stream = || {
        kpbuild::run(
            kpbuild::checkout(),
            &["render", "stacks/kube-prometheus.yaml", "-o", "-"],
        )
        .stdout
    };
    let first = stream();
    assert!(
        first.starts_with(b"---\n"),
        "a stream starts with a document"
    );
    assert!(
        first == stream(),
        "two streams of the same stack are different"
    );
}

fn with_dashboards<'a>(names: impl Iterator<Item = &'a &'a str>) -> Files {
    let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
    let dashboards = folder.path().join("dashboards");
    fs::create_dir(&dashboards).expect("a new folder");
    for name in names {
        let text =
            format!(r#"{{"title": "{name}", "uid": "{name}", "panels": [], "schemaVersion": 41}}"#);
        fs::write(dashboards.join(format!("{name}.json")), text).expect("a new file");
    }
    let text = "kind: Stack\nname: animals\ndashboards: {files: ['dashboards/*.json']}\n";
    fs::write(folder.path().join("stack.yaml"), text).expect("a new file");
    render(folder.path(), "stack.yaml", &[])
}

fn render(from: &Path, stack: &str, environment: &[(&str, &str)]) -> Files {
    let output = tempfile::tempdir().expect("the system has a folder for temporary files");
    let result = Command::new(kpbuild::path())
        .args(["render", stack, "-o"])
        .arg(output.path().join("out"))
        .current_dir(from)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .expect("kpbuild was built and can be run");
    assert!(
        result.status.success(),
        "{stack}: {}",
        String::from_utf8_lossy(&result.stderr)
    );
    read(&output.path().join("out"))
}

fn assert_same(one: &Files, other: &Files, what: &str) {
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(one), names(other), "{what}");
    for (path, bytes) in one {
        assert!(bytes == &other[path], "{what}: {path} is different");
    }
}
