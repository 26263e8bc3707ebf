//! Where a stack and all that it names are read from: the disk, another folder
//! in its place, or a revision of a git repository.
//!
//! Everything that reads for the compiler asks a [`Files`] for a path as the
//! user wrote it, so both sides of a comparison go the same way. Nothing here
//! writes; a revision is read from git's objects and never checked out.

mod git;
mod pattern;

use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

pub(crate) use git::{GitError, Revision};
pub(crate) use pattern::PatternError;

/// A view of files. Clones are the same view.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files(Place);

#[derive(Debug, Clone, Default)]
enum Place {
    /// As they are now.
    #[default]
    Disk,
    /// What lies below a folder stands for what lies below the current one.
    Instead(PathBuf),
    /// As they were in a revision.
    Revision(Arc<Revision>),
}

/// What is in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) is_folder: bool,
}

impl Files {
    /// Paths of the current folder are looked for below another one.
    pub(crate) fn instead(folder: &Path) -> Self {
        Self(Place::Instead(folder.to_owned()))
    }

    /// The files of a revision.
    pub(crate) fn revision(revision: Revision) -> Self {
        Self(Place::Revision(Arc::new(revision)))
    }

    /// A path as messages show it: with the revision before it, as git has it.
    pub(crate) fn name(&self, path: &Path) -> String {
        match &self.0 {
            Place::Disk => path.display().to_string(),
            Place::Instead(folder) => below(folder, path).display().to_string(),
            Place::Revision(revision) => format!("{}:{}", revision.name(), path.display()),
        }
    }

    /// The content of a file.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match &self.0 {
            Place::Disk => std::fs::read(path),
            Place::Instead(folder) => std::fs::read(below(folder, path)),
            Place::Revision(revision) => revision.read(path),
        }
    }

    /// The text of a file, or `None` when there is no such file.
    pub(crate) fn text(&self, path: &Path) -> io::Result<Option<String>> {
        match self.read(path) {
            Ok(bytes) => String::from_utf8(bytes)
                .map(Some)
                .map_err(|error| io::Error::new(ErrorKind::InvalidData, error)),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// What is in a folder, sorted by name; nothing if it cannot be read.
    /// Folders behind symbolic links are not told as folders, so that nobody
    /// walks in circles.
    pub(crate) fn entries(&self, folder: &Path) -> Vec<Entry> {
        let mut entries = match &self.0 {
            Place::Disk => on_disk(folder),
            Place::Instead(instead) => on_disk(&below(instead, folder)),
            Place::Revision(revision) => revision.entries(folder),
        };
        entries.sort();
        entries
    }

    /// Whether there is a folder of this name.
    pub(crate) fn is_folder(&self, path: &Path) -> bool {
        match &self.0 {
            Place::Disk => path.is_dir(),
            Place::Instead(folder) => below(folder, path).is_dir(),
            Place::Revision(revision) => revision.is_folder(path),
        }
    }

    /// Whether there is a file or folder of this name.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        match &self.0 {
            Place::Disk => path.exists(),
            Place::Instead(folder) => below(folder, path).exists(),
            Place::Revision(revision) => revision.exists(path),
        }
    }

    /// The files and folders below `folder` that a path or a pattern stands
    /// for, sorted: `*` and `?` within a name, `**` for any folders. Hidden
    /// ones must be named.
    pub(crate) fn matching(
        &self,
        folder: &Path,
        wanted: &str,
    ) -> Result<Vec<PathBuf>, PatternError> {
        pattern::matching(self, folder, wanted)
    }
}

fn on_disk(folder: &Path) -> Vec<Entry> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some(Entry {
                name: entry.file_name().into_string().ok()?,
                is_folder: entry.file_type().is_ok_and(|kind| kind.is_dir()),
            })
        })
        .collect()
}

/// A path of the current folder as one of another folder. What is not in the
/// current folder is where it is.
fn below(folder: &Path, path: &Path) -> PathBuf {
    let relative = if path.is_absolute() {
        let here = std::path::absolute(".").map(|here| normal(&here));
        here.ok()
            .and_then(|here| normal(path).strip_prefix(here).ok().map(Path::to_owned))
    } else {
        Some(path.to_owned())
    };
    match relative {
        Some(relative) => folder.join(relative),
        None => path.to_owned(),
    }
}

/// A path without `.` and `..`, as far as its text tells.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        let can_go_up = matches!(normal.components().next_back(), Some(Component::Normal(_)));
        match component {
            Component::CurDir => {}
            Component::ParentDir if can_go_up => {
                normal.pop();
            }
            component => normal.push(component),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_short() {
        let check = |path: &str, expected: &str| {
            assert_eq!(normal(Path::new(path)), Path::new(expected), "{path}");
        };
        check("a/./b/../c", "a/c");
        check("../a", "../a");
        check("a/../../b", "../b");
        check("/a/../b", "/b");
    }

    #[test]
    fn another_folder_stands_for_the_current_one() {
        let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
        std::fs::write(folder.path().join("a.yaml"), "x").expect("there is room");
        let files = Files::instead(folder.path());
        assert_eq!(files.read(Path::new("a.yaml")).unwrap(), b"x");
        let whole = std::path::absolute("a.yaml").unwrap();
        assert_eq!(files.read(&whole).unwrap(), b"x");
        assert_eq!(
            files.entries(Path::new("")),
            [Entry {
                name: "a.yaml".into(),
                is_folder: false
            }]
        );
        assert!(files.text(Path::new("b.yaml")).unwrap().is_none());
        assert!(files.exists(Path::new("a.yaml")) && files.is_folder(Path::new("")));
    }
}
