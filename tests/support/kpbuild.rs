//! The program itself, as its users run it.
//!
//! Tests of another package cannot ask cargo for a binary, so it is built here, once a test run, with the profile and
//! target folder of the tests, and together with them: alone it would get its dependencies with fewer features, which
//! would all be compiled a second time.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The path of the `kpbuild` that belongs to this checkout.
pub fn path() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build(&["--workspace", "--bin", "kpbuild", "--test", "all"]))
}

/// The same as its users have it, for benchmarks.
pub fn release() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build(&["--release", "--package", "kpbuild", "--bin", "kpbuild"]))
}

/// The root of the checkout.
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package is a folder of the checkout")
}

/// `PATH` with the folder of a program in front, for what finds its programs there.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment says where the programs of the system lie"
)]
pub fn search_path(program: &Path) -> OsString {
    let folder = program.parent().expect("a program lies in a folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    std::env::join_paths(all).expect("folders have plain names")
}

/// Runs `kpbuild` in a folder, without colours and with nothing of the caller's environment that it could notice.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(path())
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("kpbuild was built and can be run")
}

fn build(what: &[&str]) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    for variable in of_this_package() {
        cargo.env_remove(variable);
    }
    let output = cargo
        .arg("build")
        .args(what)
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(checkout())
        .output()
        .expect("cargo built these tests, so it can be run");
    assert!(
        output.status.success(),
        "kpbuild does not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "kpbuild")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the program that it built")
}

/// What cargo tells the tests about their own package. Build scripts that look at variables of these names would run
/// anew, and with them everything that depends on them: here, and again in the next build outside of the tests.
fn of_this_package() -> impl Iterator<Item = std::ffi::OsString> {
    const PREFIXES: [&str; 3] = ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_PRIMARY_"];
    std::env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    })
}
