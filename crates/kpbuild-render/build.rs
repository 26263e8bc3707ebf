//! Puts the templates and the tests of rules into the program: tables from path
//! to text, made anew whenever a file below `templates/` comes, goes or changes.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells build scripts by the environment where they are"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root =
        Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../templates");
    let root = root
        .canonicalize()
        .expect("templates/ is part of the repository");
    let mut files = Vec::new();
    collect(&root, &mut files);
    write_table(&root, &files, "templates.rs", is_template);
    write_table(&root, &files, "tests.rs", is_rule_test);
}

fn is_template(file: &Path) -> bool {
    file.extension()
        .is_some_and(|ending| ending == "libsonnet" || ending == "jsonnet")
}

fn is_rule_test(file: &Path) -> bool {
    let folder = file.parent().and_then(Path::file_name);
    file.extension().is_some_and(|ending| ending == "yaml")
        && folder.is_some_and(|name| name == "tests")
}

/// All files below a folder; the folders are watched for new ones.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder).expect("templates/ is readable") {
        let path = entry.expect("templates/ is readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Writes a table of the wanted files, sorted by their names as text, as they
/// are searched.
fn write_table(root: &Path, files: &[PathBuf], table: &str, wanted: fn(&Path) -> bool) {
    let name = |file: &Path| {
        let name = file.strip_prefix(root).expect("files are below the root");
        name.to_str()
            .expect("templates have plain names")
            .replace('\\', "/")
    };
    let mut rows: Vec<(String, &PathBuf)> = files
        .iter()
        .filter(|file| wanted(file))
        .map(|file| (name(file), file))
        .collect();
    rows.sort();
    let mut text = String::from("&[\n");
    for (name, file) in rows {
        println!("cargo::rerun-if-changed={}", file.display());
        writeln!(text, "    ({name:?}, include_str!({:?})),", file.display())
            .expect("strings grow");
    }
    text.push(']');
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it")).join(table);
    fs::write(out, text).expect("cargo's output folder is writable");
}
