//! Where a stack and all that it names are read from: the disk, another folder
//! in its place, or a revision of a git repository.
//!
//! Everything that reads for the compiler asks a [`Files`] for a path as the
//! user wrote it, so both sides of a comparison go the same way. Nothing here
//! writes; a revision is read from git's objects and never checked out.

mod git;
mod pattern;
mod trace;

use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

pub(crate) use git::{GitError, Revision};
pub(crate) use pattern::PatternError;
pub(crate) use trace::{Answers, Trace, digest};

use trace::{Question, Recorder};

/// A view of files. Clones are the same view.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    place: Place,
    recorder: Option<Recorder>,
}

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
        Self::at(Place::Instead(folder.to_owned()))
    }

    /// The files of a revision.
    pub(crate) fn revision(revision: Revision) -> Self {
        Self::at(Place::Revision(Arc::new(revision)))
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            recorder: None,
        }
    }

    /// The same view, which from now on remembers what it was asked and what it
    /// answered: a later run that would get the same answers has the same result.
    pub(crate) fn recording(&self) -> Self {
        Self {
            place: self.place.clone(),
            recorder: Some(Recorder::default()),
        }
    }

    /// What was asked since [`Files::recording`].
    pub(crate) fn trace(&self) -> Trace {
        self.recorder
            .as_ref()
            .map(Recorder::trace)
            .unwrap_or_default()
    }

    /// Remembers answers that were found out otherwise. Those of a revision never
    /// change.
    pub(crate) fn note_all(&self, trace: &Trace) {
        if let (Some(recorder), Place::Disk | Place::Instead(_)) = (&self.recorder, &self.place) {
            recorder.note_all(trace);
        }
    }

    /// Remembers an answer, unless it can never be another one.
    fn note<'a>(
        &self,
        question: Question,
        path: &Path,
        answer: impl FnOnce() -> trace::Answer<'a>,
    ) {
        let is_fixed = match &self.place {
            Place::Revision(revision) => revision.contains(path),
            Place::Disk | Place::Instead(_) => false,
        };
        if let Some(recorder) = self.recorder.as_ref().filter(|_| !is_fixed) {
            recorder.note(question, path, &answer());
        }
    }

    /// A path as messages show it: with the revision before it, as git has it.
    pub(crate) fn name(&self, path: &Path) -> String {
        match &self.place {
            Place::Disk => path.display().to_string(),
            Place::Instead(folder) => below(folder, path).display().to_string(),
            Place::Revision(revision) => format!("{}:{}", revision.name(), path.display()),
        }
    }

    /// The content of a file.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let content = self.place.read(path);
        self.note(Question::Content, path, || trace::Answer::Content(&content));
        content
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
        let mut entries = self.place.entries(folder);
        entries.sort();
        self.note(Question::Entries, folder, || {
            trace::Answer::Entries(&entries)
        });
        entries
    }

    /// Whether there is a folder of this name.
    pub(crate) fn is_folder(&self, path: &Path) -> bool {
        self.kind(path) == Some(Kind::Folder)
    }

    /// Whether there is a file or folder of this name.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        self.kind(path).is_some()
    }

    fn kind(&self, path: &Path) -> Option<Kind> {
        let kind = self.place.kind(path);
        self.note(Question::Kind, path, || trace::Answer::Kind(kind));
        kind
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

/// What there is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
}

impl Place {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self {
            Self::Disk => std::fs::read(path),
            Self::Instead(folder) => std::fs::read(below(folder, path)),
            Self::Revision(revision) => revision.read(path),
        }
    }

    fn entries(&self, folder: &Path) -> Vec<Entry> {
        match self {
            Self::Disk => on_disk(folder),
            Self::Instead(instead) => on_disk(&below(instead, folder)),
            Self::Revision(revision) => revision.entries(folder),
        }
    }

    fn kind(&self, path: &Path) -> Option<Kind> {
        let on_disk = |path: &Path| {
            let about = std::fs::metadata(path).ok()?;
            Some(if about.is_dir() {
                Kind::Folder
            } else {
                Kind::File
            })
        };
        match self {
            // The current folder goes by no name at all.
            Self::Disk if path.as_os_str().is_empty() => Some(Kind::Folder),
            Self::Disk => on_disk(path),
            Self::Instead(folder) => on_disk(&below(folder, path)),
            Self::Revision(revision) => revision.kind(path),
        }
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
