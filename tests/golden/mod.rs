//! The whole output: every stack of `stacks/`, rendered by the program itself.
//!
//! What is rendered is kept object by object in `snapshots/<stack>/`, so that a change shows up as the objects that it
//! changes. The stack `kube-prometheus` has all of its objects there; the others have what is different in them, and a
//! list (`objects.snap`) of all. Definitions are compared with the generated files that they are. After an intended
//! change, `INSTA_UPDATE=always cargo test -p kpbuild-tests golden` writes the snapshots anew, for review in the diff.

mod reproducible;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use kpbuild_tests::kpbuild;

/// The stack that the others are compared with.
const DEFAULT: &str = "kube-prometheus";

/// Path below the output folder, and bytes.
type Files = BTreeMap<String, Vec<u8>>;

#[test]
fn every_object_is_as_reviewed() {
    let default = objects(DEFAULT);
    let mut failures = Vec::new();
    for stack in stacks() {
        let rendered = if stack == DEFAULT {
            default.clone()
        } else {
            objects(&stack)
        };
        let mut snapshots = BTreeMap::new();
        let mut list = String::new();
        for (path, bytes) in rendered {
            let is_same = stack != DEFAULT && default.get(&path) == Some(&bytes);
            writeln!(list, "{} {path}", if is_same { "=" } else { "*" }).expect("strings grow");
            if !is_same {
                let text = String::from_utf8(bytes).expect("manifests are text");
                snapshots.insert(path, text);
            }
        }
        snapshots.insert("objects".to_owned(), list);
        failures.extend(compare(&stack, &snapshots));
    }
    assert!(
        failures.is_empty(),
        "{} snapshots are not what is rendered now: {failures:#?}",
        failures.len()
    );
}

#[test]
fn definitions_are_the_generated_files() {
    let generated = read(&kpbuild::checkout().join("templates/crds"));
    let rendered = render(DEFAULT);
    let definitions: Vec<_> = rendered
        .iter()
        .filter(|(path, _)| is_definition(path))
        .collect();
    assert_eq!(definitions.len(), 10);
    for (path, bytes) in definitions {
        let (_, name) = path
            .split_once("customResourceDefinition-")
            .expect("it is one");
        let plural = name.split('.').next().expect("a name has a first part");
        assert_eq!(
            Some(bytes),
            generated.get(&format!("{plural}.yaml")),
            "{path}"
        );
    }
}

/// The names of the snapshots of a stack that are not as they should be.
fn compare(stack: &str, snapshots: &BTreeMap<String, String>) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden/snapshots")
        .join(stack);
    let mut failures = Vec::new();
    for (path, text) in snapshots {
        let path = Path::new(path);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(folder.join(path.parent().expect("it is a file's path")));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let name = path
            .file_name()
            .expect("it is a file's path")
            .to_string_lossy();
        let check = || settings.bind(|| insta::assert_snapshot!(name.as_ref(), text));
        if catch_unwind(AssertUnwindSafe(check)).is_err() {
            failures.push(format!("{stack}/{}", path.display()));
        }
    }
    failures.extend(
        stale(&folder, snapshots).map(|path| format!("{} is rendered no more", path.display())),
    );
    failures
}

/// Snapshots of what is not rendered any more; they go when snapshots are written anew.
fn stale<'a>(
    folder: &'a Path,
    snapshots: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = PathBuf> {
    let expected: BTreeSet<String> = snapshots
        .keys()
        .map(|path| format!("{path}.snap"))
        .collect();
    read(folder)
        .into_keys()
        .filter(move |path| {
            Path::new(path)
                .extension()
                .is_some_and(|ending| ending == "snap")
                && !expected.contains(path)
        })
        .map(|path| folder.join(path))
        .filter(|path| !is_update() || fs::remove_file(path).is_err())
}

/// The objects of a stack without its definitions.
fn objects(stack: &str) -> Files {
    let mut files = render(stack);
    files.retain(|path, _| !is_definition(path) && !path.starts_with('.'));
    files
}

fn is_definition(path: &str) -> bool {
    path.contains("customResourceDefinition-")
}

/// What `kpbuild render` writes of a stack of this checkout.
fn render(stack: &str) -> Files {
    let output = tempfile::tempdir().expect("the system has a folder for temporary files");
    let file = format!("stacks/{stack}.yaml");
    let folder = output.path().to_str().expect("the path is text");
    let result = kpbuild::run(kpbuild::checkout(), &["render", &file, "-o", folder]);
    assert!(
        result.status.success(),
        "{stack}: {}",
        String::from_utf8_lossy(&result.stderr)
    );
    read(output.path())
}

/// The names of all stacks of this checkout.
fn stacks() -> Vec<String> {
    let files = read(&kpbuild::checkout().join("stacks"));
    let names = files.keys().filter_map(|path| path.strip_suffix(".yaml"));
    names.map(str::to_owned).collect()
}

/// All files below a folder, if there is one.
fn read(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(&current).into_iter().flatten() {
            let path = entry.expect("a folder lists its entries").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path
                    .strip_prefix(folder)
                    .expect("it was found below the folder");
                let bytes = fs::read(&path).expect("a file that was just found can be read");
                files.insert(below.to_string_lossy().into_owned(), bytes);
            }
        }
    }
    files
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test asks whether it shall rewrite its snapshots"
)]
fn is_update() -> bool {
    std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always")
}
