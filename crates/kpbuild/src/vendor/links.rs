//! The links in `vendor/`: to local packages, and under the short names by which
//! older jsonnet imports packages (`legacyImports`).

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;

use super::jsonnetfile::{Dependency, Jsonnetfile};
use super::package::Source;

/// Links packages to their short names; gives those whose name is taken.
pub(super) fn make(vendor: &Path, locked: &Jsonnetfile) -> anyhow::Result<Vec<String>> {
    let mut taken = Vec::new();
    for (name, dependency) in &locked.dependencies {
        let Some(short) = short_name(name, dependency) else {
            continue;
        };
        let at = vendor.join(&short);
        if fs::read_link(&at).is_ok_and(|to| to == Path::new(name)) {
            continue;
        }
        if at.is_symlink() || at.exists() {
            taken.push(format!(
                "{name} has no short name: `{}` is there already; import it by its whole name",
                at.display()
            ));
            continue;
        }
        link(Path::new(name), &at).with_context(|| format!("cannot link `{}`", at.display()))?;
    }
    Ok(taken)
}

/// Removes packages that are not wanted any more, with their short names.
/// Others' files in `vendor/` are left alone.
pub(super) fn remove_old(
    vendor: &Path,
    before: &Jsonnetfile,
    now: &Jsonnetfile,
) -> anyhow::Result<()> {
    let links: BTreeSet<(String, &String)> = short_names(now).collect();
    for (short, name) in short_names(before) {
        let at = vendor.join(&short);
        let is_ours = fs::read_link(&at).is_ok_and(|to| to == Path::new(name));
        if is_ours && !links.contains(&(short, name)) {
            fs::remove_file(&at).with_context(|| format!("cannot remove `{}`", at.display()))?;
        }
    }
    for name in before.dependencies.keys() {
        let is_needed = |other: &String| Path::new(other).starts_with(name);
        if now.dependencies.keys().any(is_needed) {
            continue;
        }
        let at = vendor.join(name);
        let removed = if at.is_symlink() {
            fs::remove_file(&at)
        } else if at.is_dir() {
            fs::remove_dir_all(&at)
        } else {
            Ok(())
        };
        removed.with_context(|| format!("cannot remove `{}`", at.display()))?;
        // Folders above it that are empty now; the others stay by themselves.
        let above = Path::new(name).ancestors().skip(1);
        for folder in above.filter(|folder| !folder.as_os_str().is_empty()) {
            let _ = fs::remove_dir(vendor.join(folder));
        }
    }
    Ok(())
}

fn short_names(file: &Jsonnetfile) -> impl Iterator<Item = (String, &String)> {
    let all = file.dependencies.iter();
    all.filter_map(|(name, dependency)| Some((short_name(name, dependency)?, name)))
}

/// The short name of a package, if it is another one. Local packages have only
/// a short one.
fn short_name(name: &str, dependency: &Dependency) -> Option<String> {
    let short = dependency.short_name();
    let is_plain = !short.contains(['/', '\\']) && short != "." && short != "..";
    (matches!(dependency.source, Source::Git(_)) && is_plain && short != name).then_some(short)
}

/// The way from a link to a folder.
pub(super) fn relative(link: &Path, to: &Path) -> io::Result<PathBuf> {
    let folder = link.parent().unwrap_or(Path::new("."));
    let (from, to) = (folder.canonicalize()?, to.canonicalize()?);
    let common = from
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    let down = to.components().skip(common);
    Ok(up.chain(down).collect())
}

/// Makes a symbolic link.
pub(super) fn link(to: &Path, at: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(to, at);
    #[cfg(windows)]
    return std::os::windows::fs::symlink_dir(to, at);
}
