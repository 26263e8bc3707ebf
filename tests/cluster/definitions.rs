//! The custom resource definitions: generated, complete, and what the committed script generates today.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kpbuild_tests::cluster::DEFINITIONS;
use kpbuild_tests::tools;

#[test]
fn there_is_one_file_for_each_definition() {
    let expected = DEFINITIONS.map(|name| name.replace(".monitoring.coreos.com", ".yaml"));
    assert_eq!(files(&folder()), BTreeSet::from(expected));
}

#[test]
fn the_script_generates_what_is_committed() {
    if !tools::go_is_installed() {
        tools::progress("skipped: without `go` the definitions are not generated anew");
        return;
    }
    let generated = tempfile::tempdir().expect("the system has a folder for temporary files");
    let status = Command::new(folder().join("generate.sh"))
        .arg(generated.path())
        .status()
        .expect("a script starts");
    assert!(status.success(), "generate.sh ends with {status}");
    assert_eq!(files(generated.path()), files(&folder()));
    for file in files(&folder()) {
        let equal = read(&generated.path().join(&file)) == read(&folder().join(&file));
        assert!(
            equal,
            "templates/crds/{file} is not what templates/crds/generate.sh writes; run it and commit"
        );
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/crds")
}

fn files(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder)
        .expect("the folder of definitions can be read")
        .map(|entry| {
            entry
                .expect("a folder lists its entries")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| {
            Path::new(name)
                .extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}
