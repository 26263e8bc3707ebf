//! Writes an output folder as a whole, or not at all.
//!
//! New and changed files are staged inside the folder first. The run is
//! committed by one rename of the staging folder; from then on it is finished
//! even if it is interrupted, by the next run if need be. A list of what was
//! written (`.kpbuild-files`, in the format of `sha256sum`) tells the files of
//! earlier runs from those of others. A folder that is not there yet comes as a
//! whole, by that one rename.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use kpbuild_core::object::sha256;

use tempfile::TempDir;

use crate::manifests::Manifest;

/// What a write did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Files that are new or have changed.
    pub(crate) written: usize,
    /// Files that were as they are.
    pub(crate) unchanged: usize,
    /// Files of an earlier run that are no longer there.
    pub(crate) removed: usize,
}

impl AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.written += other.written;
        self.unchanged += other.unchanged;
        self.removed += other.removed;
    }
}

/// Why a folder cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    #[error("cannot {what} `{}`", path.display())]
    Io {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("`{}` is not a folder", .0.display())]
    NotAFolder(PathBuf),
    #[error("another kpbuild is writing `{}` right now", .0.display())]
    Busy(PathBuf),
    #[error("`{}` holds files that are in the way, nothing was written:\n{}", folder.display(), listed(files))]
    InTheWay {
        folder: PathBuf,
        files: Vec<Obstacle>,
    },
    #[error("interrupted; `{}` is complete all the same", .0.display())]
    Interrupted(PathBuf),
}

/// A file that may not be overwritten or removed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// Nothing that kpbuild wrote.
    Foreign(String),
    /// Written by kpbuild and changed by somebody since.
    Changed(String),
}

fn listed(obstacles: &[Obstacle]) -> String {
    let mut text = String::new();
    for obstacle in obstacles {
        let (path, reason) = match obstacle {
            Obstacle::Foreign(path) => (
                path,
                "was not written by kpbuild: move it away, or choose another folder",
            ),
            Obstacle::Changed(path) => (
                path,
                "was changed by hand since: move the change into the stack, or use --overwrite",
            ),
        };
        writeln!(text, "  {path} {reason}").expect("strings grow");
    }
    text.trim_end().to_owned()
}

/// The list of written files; kubectl does not take it for a manifest.
const LIST: &str = ".kpbuild-files";
/// The staged files of a run that is committed.
const COMMITTED: &str = ".kpbuild-committed";
/// In the committed folder: the files to remove, one a line.
const REMOVALS: &str = ".kpbuild-removals";

/// Makes the folder hold exactly these files, beside those of others.
pub(crate) fn write(
    folder: &Path,
    files: &[Manifest<'_>],
    overwrite: bool,
) -> Result<Summary, FolderError> {
    match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => write_into(folder, files, overwrite),
        Ok(_) => Err(FolderError::NotAFolder(folder.to_owned())),
        Err(_) => write_new(folder, files),
    }
}

fn write_new(folder: &Path, files: &[Manifest<'_>]) -> Result<Summary, FolderError> {
    let beside = match folder.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(beside).map_err(at("create", folder))?;
    let list = files
        .iter()
        .map(|file| (file.path.clone(), file.digest()))
        .collect();
    let plan = Plan {
        changed: files.iter().collect(),
        removed: Vec::new(),
        list,
    };
    let interrupted = hold_signals();
    let staging = staging(beside).map_err(at("create", folder))?;
    write_files(staging.path(), &plan)?;
    match fs::rename(staging.path(), folder) {
        Ok(()) => drop(staging.keep()),
        // Another run was faster, and is done.
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
            return Err(FolderError::Busy(folder.to_owned()));
        }
        Err(error) => return Err(at("write", folder)(error)),
    }
    if interrupted.load(Ordering::Relaxed) {
        return Err(FolderError::Interrupted(folder.to_owned()));
    }
    Ok(Summary {
        written: files.len(),
        ..Summary::default()
    })
}

fn write_into(
    folder: &Path,
    files: &[Manifest<'_>],
    overwrite: bool,
) -> Result<Summary, FolderError> {
    let _lock = lock(folder)?;
    finish_committed(folder)?;
    let before = read_list(folder)?;
    let plan = plan(folder, &before, files, overwrite)?;
    let summary = Summary {
        written: plan.changed.len(),
        unchanged: files.len() - plan.changed.len(),
        removed: plan.removed.len(),
    };
    if summary.written + summary.removed > 0 || before != plan.list {
        let interrupted = hold_signals();
        stage(folder, &plan)?;
        finish_committed(folder)?;
        if interrupted.load(Ordering::Relaxed) {
            return Err(FolderError::Interrupted(folder.to_owned()));
        }
    }
    Ok(summary)
}

/// Two runs at once would each take the other's files for foreign ones.
fn lock(folder: &Path) -> Result<File, FolderError> {
    let handle = File::open(folder).map_err(at("open", folder))?;
    match handle.try_lock() {
        Ok(()) => Ok(handle),
        Err(fs::TryLockError::WouldBlock) => Err(FolderError::Busy(folder.to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(at("lock", folder)(error)),
    }
}

/// Set by Ctrl-C, from the moment on in which the first folder is exchanged.
static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From here to the end of the run, Ctrl-C is noted instead of obeyed: it is a
/// matter of milliseconds, and then the folder is whole. Who writes several
/// folders asks [`is_interrupted`] before each.
fn hold_signals() -> &'static AtomicBool {
    INTERRUPTED.get_or_init(|| {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // Without a handler an interrupted run is finished by the next one.
            let _ = signal_hook::flag::register(signal, Arc::clone(&flag));
        }
        flag
    })
}

/// Whether somebody wants the run to end.
pub(crate) fn is_interrupted() -> bool {
    let flag = INTERRUPTED.get();
    flag.is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// Whether an earlier run wrote a folder.
pub(crate) fn is_ours(folder: &Path) -> bool {
    folder.join(LIST).is_file()
}

struct Plan<'a> {
    changed: Vec<&'a Manifest<'a>>,
    removed: Vec<String>,
    list: BTreeMap<String, String>,
}

/// Compares what is there with what shall be, without touching anything.
fn plan<'a>(
    folder: &Path,
    before: &BTreeMap<String, String>,
    files: &'a [Manifest<'a>],
    overwrite: bool,
) -> Result<Plan<'a>, FolderError> {
    let mut changed = Vec::new();
    let mut obstacles = Vec::new();
    let mut list = BTreeMap::new();
    for file in files {
        let path = folder.join(&file.path);
        let there = read_if_there(&path)?;
        list.insert(file.path.clone(), file.digest());
        match there {
            Some(bytes) if bytes == file.text.as_bytes() => continue,
            Some(bytes) => match before.get(&file.path) {
                None => obstacles.push(Obstacle::Foreign(file.path.clone())),
                Some(written) if *written != sha256(&bytes) && !overwrite => {
                    obstacles.push(Obstacle::Changed(file.path.clone()));
                }
                Some(_) => {}
            },
            None => {}
        }
        changed.push(file);
    }
    let mut removed = Vec::new();
    for (path, written) in before.iter().filter(|(path, _)| !list.contains_key(*path)) {
        match read_if_there(&folder.join(path))? {
            Some(bytes) if sha256(&bytes) != *written && !overwrite => {
                obstacles.push(Obstacle::Changed(path.clone()));
            }
            Some(_) => removed.push(path.clone()),
            None => {}
        }
    }
    if !obstacles.is_empty() {
        return Err(FolderError::InTheWay {
            folder: folder.to_owned(),
            files: obstacles,
        });
    }
    Ok(Plan {
        changed,
        removed,
        list,
    })
}

/// Writes everything that is new beside the old files, then commits to it.
fn stage(folder: &Path, plan: &Plan<'_>) -> Result<(), FolderError> {
    let staging = staging(folder).map_err(at("write into", folder))?;
    write_files(staging.path(), plan)?;
    let removals = staging.path().join(REMOVALS);
    let removed = plan.removed.iter();
    let removed = removed.fold(String::new(), |text, path| text + path + "\n");
    fs::write(&removals, removed).map_err(at("write", &removals))?;
    let committed = folder.join(COMMITTED);
    fs::rename(staging.path(), &committed).map_err(at("write", &committed))?;
    let _ = staging.keep();
    Ok(())
}

/// A folder of this run alone, which goes if the run fails. It gets the permissions of
/// any folder: it may become the folder that was asked for.
fn staging(folder: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kpbuild-staging-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    builder.tempdir_in(folder)
}

/// Writes what is new, and the list of all files.
fn write_files(staging: &Path, plan: &Plan<'_>) -> Result<(), FolderError> {
    let mut parents = Parents::default();
    for file in &plan.changed {
        let path = staging.join(&file.path);
        parents.create(&path)?;
        fs::write(&path, file.text.as_bytes()).map_err(at("write", &path))?;
        if file.secret {
            only_for_the_owner(&path)?;
        }
    }
    let list = staging.join(LIST);
    fs::write(&list, list_text(&plan.list)).map_err(at("write", &list))
}

/// Moves the files of a committed run to their places. Every step may have been
/// done before: a run that was killed here is finished by the next.
fn finish_committed(folder: &Path) -> Result<(), FolderError> {
    let committed = folder.join(COMMITTED);
    if !committed.is_dir() {
        return Ok(());
    }
    for path in read_if_there(&committed.join(REMOVALS))?
        .map(to_text)
        .unwrap_or_default()
        .lines()
    {
        remove(folder, path)?;
    }
    let mut parents = Parents::default();
    for path in files_below(&committed)? {
        let target = folder.join(
            path.strip_prefix(&committed)
                .expect("files are below their folder"),
        );
        if path
            .file_name()
            .is_some_and(|name| name == REMOVALS || name == LIST)
        {
            continue;
        }
        parents.create(&target)?;
        fs::rename(&path, &target).map_err(at("write", &target))?;
    }
    let list = committed.join(LIST);
    if list.exists() {
        fs::rename(&list, folder.join(LIST)).map_err(at("write", &list))?;
    }
    fs::remove_dir_all(&committed).map_err(at("remove", &committed))
}

/// The folders of files, each created once however many files it holds.
#[derive(Default)]
struct Parents(BTreeSet<PathBuf>);

impl Parents {
    fn create(&mut self, file: &Path) -> Result<(), FolderError> {
        let parent = file.parent().expect("a file has a folder");
        if !self.0.contains(parent) {
            fs::create_dir_all(parent).map_err(at("create", parent))?;
            self.0.insert(parent.to_owned());
        }
        Ok(())
    }
}

fn remove(folder: &Path, path: &str) -> Result<(), FolderError> {
    let file = folder.join(path);
    match fs::remove_file(&file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(at("remove", &file)(error));
        }
        _ => {}
    }
    // A subfolder goes with its last file.
    if let Some(parent) = file.parent().filter(|parent| *parent != folder) {
        let _ = fs::remove_dir(parent);
    }
    Ok(())
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(at("read", folder))? {
        let entry = entry.map_err(at("read", folder))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files.extend(files_below(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    Ok(files)
}

fn read_list(folder: &Path) -> Result<BTreeMap<String, String>, FolderError> {
    let text = read_if_there(&folder.join(LIST))?
        .map(to_text)
        .unwrap_or_default();
    Ok(text
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(hash, path)| (path.to_owned(), hash.to_owned()))
        .collect())
}

fn list_text(list: &BTreeMap<String, String>) -> String {
    list.iter().fold(String::new(), |mut text, (path, hash)| {
        writeln!(text, "{hash}  {path}").expect("strings grow");
        text
    })
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, FolderError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at("read", path)(error)),
    }
}

fn to_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

fn at(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Io { what, path, source }
}

#[cfg(unix)]
fn only_for_the_owner(path: &Path) -> Result<(), FolderError> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(at("protect", path))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the other systems can fail")]
fn only_for_the_owner(_: &Path) -> Result<(), FolderError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Vec<Manifest<'static>> {
        list.iter()
            .map(|(path, text)| Manifest {
                path: (*path).to_owned(),
                text: (*text).to_owned().into(),
                object: None,
                secret: path.contains("secret"),
            })
            .collect()
    }

    /// Everything in the folder, as `path: text` lines.
    fn content(folder: &Path) -> Vec<String> {
        let mut lines: Vec<String> = files_below(folder)
            .unwrap()
            .into_iter()
            .filter(|path| path.file_name().unwrap() != LIST)
            .map(|path| {
                format!(
                    "{}: {}",
                    path.strip_prefix(folder).unwrap().display(),
                    fs::read_to_string(&path).unwrap()
                )
            })
            .collect();
        lines.sort();
        lines
    }

    #[test]
    fn a_second_run_updates_removes_and_leaves_others_alone() {
        let folder = tempfile::tempdir().unwrap();
        let first = write(
            folder.path(),
            &files(&[("setup/a", "1"), ("b", "1"), ("c", "1")]),
            false,
        )
        .unwrap();
        assert_eq!(
            first,
            Summary {
                written: 3,
                unchanged: 0,
                removed: 0
            }
        );
        fs::write(folder.path().join("mine"), "x").unwrap();
        let second = write(folder.path(), &files(&[("b", "1"), ("c", "2")]), false).unwrap();
        assert_eq!(
            second,
            Summary {
                written: 1,
                unchanged: 1,
                removed: 1
            }
        );
        assert_eq!(content(folder.path()), ["b: 1", "c: 2", "mine: x"]);
        assert!(!folder.path().join("setup").exists());
    }

    #[test]
    fn foreign_and_changed_files_stop_the_run_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &files(&[("a", "1"), ("gone", "1")]), false).unwrap();
        fs::write(folder.path().join("a"), "by hand").unwrap();
        fs::write(folder.path().join("b"), "of others").unwrap();
        fs::write(folder.path().join("gone"), "by hand").unwrap();
        let before = content(folder.path());
        let Err(FolderError::InTheWay {
            files: obstacles, ..
        }) = write(
            folder.path(),
            &files(&[("a", "2"), ("b", "2"), ("c", "2")]),
            false,
        )
        else {
            panic!("the files are in the way")
        };
        let changed = |path: &str| Obstacle::Changed(path.into());
        assert_eq!(
            obstacles,
            [changed("a"), Obstacle::Foreign("b".into()), changed("gone")]
        );
        assert_eq!(content(folder.path()), before);
    }

    #[test]
    fn overwrite_takes_what_was_changed_by_hand_but_not_what_is_foreign() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &files(&[("a", "1")]), false).unwrap();
        fs::write(folder.path().join("a"), "by hand").unwrap();
        write(folder.path(), &files(&[("a", "2")]), true).unwrap();
        assert_eq!(content(folder.path()), ["a: 2"]);
        fs::write(folder.path().join("b"), "of others").unwrap();
        assert!(write(folder.path(), &files(&[("a", "2"), ("b", "2")]), true).is_err());
    }

    #[test]
    fn a_run_that_was_killed_after_its_commit_is_finished_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &files(&[("a", "1"), ("old", "1")]), false).unwrap();
        let manifests = files(&[("a", "2"), ("setup/b", "2")]);
        let before = read_list(folder.path()).unwrap();
        let plan = plan(folder.path(), &before, &manifests, false).unwrap();
        stage(folder.path(), &plan).unwrap();
        // Killed here: the old files are still as they were.
        assert_eq!(fs::read_to_string(folder.path().join("a")).unwrap(), "1");
        let next = write(folder.path(), &manifests, false).unwrap();
        assert_eq!(
            next,
            Summary {
                written: 0,
                unchanged: 2,
                removed: 0
            }
        );
        assert_eq!(content(folder.path()), ["a: 2", "setup/b: 2"]);
    }

    #[test]
    fn a_failed_run_leaves_no_folder_behind() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("file"), "").unwrap();
        let error = write(&parent.path().join("file"), &files(&[("a", "1")]), false).unwrap_err();
        assert!(matches!(error, FolderError::NotAFolder(_)));
    }

    #[test]
    fn a_new_folder_is_like_any_other_and_leaves_nothing_beside_it() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("deep/out");
        let first = write(&folder, &files(&[("setup/a", "1"), ("b", "1")]), false).unwrap();
        assert_eq!(first.written, 2);
        assert_eq!(content(&folder), ["b: 1", "setup/a: 1"]);
        assert_eq!(fs::read_dir(parent.path().join("deep")).unwrap().count(), 1);
        let plain = parent.path().join("plain");
        fs::create_dir(&plain).unwrap();
        let permissions = |path: &Path| fs::metadata(path).unwrap().permissions();
        assert_eq!(permissions(&folder), permissions(&plain));
        let second = write(&folder, &files(&[("b", "1")]), false).unwrap();
        assert_eq!((second.unchanged, second.removed), (1, 1));
    }

    #[test]
    fn a_folder_that_somebody_fills_meanwhile_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("out");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("a"), "of others").unwrap();
        // As it is when the folder came after `write` has looked.
        let error = write_new(&folder, &files(&[("a", "1")])).unwrap_err();
        assert!(matches!(error, FolderError::Busy(_)), "{error}");
        assert_eq!(content(&folder), ["a: of others"]);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_readable_by_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &files(&[("secret-a", "1")]), false).unwrap();
        let mode = fs::metadata(folder.path().join("secret-a"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
