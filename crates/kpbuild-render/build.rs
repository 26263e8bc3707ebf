//! Puts the templates into the program: one table from path to text, made anew
//! whenever a file below `templates/` comes, goes or changes.

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
    let name = |file: &Path| {
        let name = file.strip_prefix(&root).expect("files are below the root");
        name.to_str().expect("templates have plain names").replace('\\', "/")
    };
    // By their names as text, as they are searched.
    files.sort_by_key(|file| name(file));
    let mut table = String::from("&[\n");
    for file in &files {
        writeln!(table, "    ({:?}, include_str!({:?})),", name(file), file.display()).expect("strings grow");
    }
    table.push(']');
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it")).join("templates.rs");
    fs::write(out, table).expect("cargo's output folder is writable");
}

/// All jsonnet files below a folder; the folders are watched for new ones.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder).expect("templates/ is readable") {
        let path = entry.expect("templates/ is readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|e| e == "libsonnet" || e == "jsonnet")
        {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
}
