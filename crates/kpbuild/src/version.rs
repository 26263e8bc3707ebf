//! Which program this is.

/// The version, as `-V` prints it.
pub(crate) const SHORT: &str = env!("CARGO_PKG_VERSION");

/// The version with what the program was built from, as `--version` prints it.
pub(crate) const LONG: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit:   ",
    env!("KPBUILD_COMMIT"),
    "\ntarget:   ",
    env!("KPBUILD_TARGET"),
    "\ncompiler: ",
    env!("KPBUILD_COMPILER"),
    "\nrenders:  kube-prometheus v0.18.0",
);

/// By what two programs are told apart that may give other results: the version,
/// the commit, and the file itself, since a commit says nothing of changes that
/// are not committed.
pub(crate) fn identity() -> String {
    let file = std::env::current_exe()
        .and_then(std::fs::metadata)
        .and_then(|about| Ok((about.len(), about.modified()?)));
    format!("{LONG} {file:?}")
}
