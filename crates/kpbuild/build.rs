//! Tells the program what it was built from: the commit, the target and the
//! compiler. Nothing of it depends on when or where it is built, so that the same
//! sources give the same program.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script reads cargo's environment"
)]

use std::env;
use std::process::Command;

fn main() {
    // For builds without a repository, such as those in a container.
    println!("cargo::rerun-if-env-changed=KPBUILD_COMMIT");
    let commit = env::var("KPBUILD_COMMIT")
        .ok()
        .filter(|commit| !commit.is_empty())
        .or_else(commit_of_checkout);
    set("KPBUILD_COMMIT", commit.as_deref().unwrap_or("unknown"));
    set(
        "KPBUILD_TARGET",
        &env::var("TARGET").expect("cargo sets it"),
    );
    let compiler = env::var("RUSTC").expect("cargo sets it");
    let compiler = said(Command::new(compiler).arg("--version"));
    set("KPBUILD_COMPILER", compiler.as_deref().unwrap_or("unknown"));
}

fn set(name: &str, value: &str) {
    println!("cargo::rustc-env={name}={value}");
}

/// The commit that is checked out, unless the sources are in no repository of
/// their own: one that merely contains them, as `vendor/` may be, is not meant.
fn commit_of_checkout() -> Option<String> {
    let root = said(git().args(["rev-parse", "--show-toplevel"]))?;
    let manifest = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let own = std::path::Path::new(&manifest).ancestors().nth(2)?;
    if std::fs::canonicalize(own).ok()? != std::fs::canonicalize(root).ok()? {
        return None;
    }
    // Both change when another commit is checked out or made.
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = said(git().args(["rev-parse", "--git-path", file])) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    said(git().args(["rev-parse", "--short=12", "HEAD"]))
}

fn git() -> Command {
    Command::new("git")
}

/// The line that a program says, unless it fails.
fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_owned())
}
