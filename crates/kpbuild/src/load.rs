//! Reads stack files, and the files that they name.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, anyhow};
use kpbuild_core::suggest::nearest;
use kpbuild_core::{FileId, SourceMap};

use crate::files::Files;

/// Reads a file into the map of sources, under the name that the user gave.
pub(crate) fn read(files: &Files, sources: &mut SourceMap, path: &Path) -> anyhow::Result<FileId> {
    let bytes = files
        .read(path)
        .map_err(|error| with_neighbour(files, path, error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        anyhow!("byte {at} is not UTF-8 text; is this a stack file?")
    });
    let text = text.with_context(|| format!("cannot read `{}`", files.name(path)))?;
    Ok(sources.add(path.display().to_string(), text))
}

/// Reads the bases of one stack: each file once, by whatever path it is reached.
pub(crate) struct Bases<'a> {
    files: &'a Files,
    read: BTreeMap<PathBuf, FileId>,
}

impl<'a> Bases<'a> {
    /// Begins with the stack file itself.
    pub(crate) fn of(files: &'a Files, stack: &Path, file: FileId) -> Self {
        let read = BTreeMap::from([(shortest(stack), file)]);
        Self { files, read }
    }

    /// Reads a file; otherwise says what is wrong with its path, and the way out.
    pub(crate) fn read(
        &mut self,
        sources: &mut SourceMap,
        path: &str,
    ) -> Result<FileId, (String, String)> {
        let path = shortest(Path::new(path));
        if let Some(file) = self.read.get(&path) {
            return Ok(*file);
        }
        if !self.files.exists(&path) {
            return Err(self.missing(&path));
        }
        let file = read(self.files, sources, &path).map_err(|error| {
            let help = "`extends` names YAML files, relative to the file that it is in";
            (format!("{error:#}"), help.to_owned())
        })?;
        self.read.insert(path, file);
        Ok(file)
    }

    fn missing(&self, path: &Path) -> (String, String) {
        let names = names_in(self.files, path.parent().unwrap_or(Path::new("")));
        let name = path.file_name().and_then(|name| name.to_str());
        let near = nearest(name.unwrap_or_default(), names.iter().map(String::as_str));
        let help = match near {
            Some(near) => format!("did you mean `{}`?", path.with_file_name(near).display()),
            None => "paths are relative to the file that names them".to_owned(),
        };
        (
            format!("there is no file `{}`", self.files.name(path)),
            help,
        )
    }
}

/// A path without `.` and `a/..`: a file has one name.
fn shortest(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for step in path.components() {
        match (step, short.components().next_back()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                short.pop();
            }
            _ => short.push(step),
        }
    }
    short
}

/// The names of the files in a folder, sorted; none if it cannot be read.
pub(crate) fn names_in(files: &Files, folder: &Path) -> Vec<String> {
    let entries = files.entries(folder).into_iter();
    entries.map(|entry| entry.name).collect()
}

/// The reason why a file cannot be read, with the file that was probably meant.
fn with_neighbour(files: &Files, path: &Path, error: std::io::Error) -> anyhow::Error {
    let missing = error.kind() == std::io::ErrorKind::NotFound;
    let cause = anyhow::Error::new(error).context(format!("cannot read `{}`", files.name(path)));
    let Some(name) = path
        .file_name()
        .and_then(|name| name.to_str())
        .filter(|_| missing)
    else {
        return cause;
    };
    let neighbours = names_in(files, path.parent().unwrap_or(Path::new("")));
    let is_yaml = |name: &&String| {
        Path::new(name)
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml")
    };
    let stacks = neighbours.iter().filter(is_yaml);
    match nearest(name, stacks.map(String::as_str)) {
        Some(near) => cause.context(format!(
            "there is no file `{}`; did you mean `{}`?",
            files.name(path),
            path.with_file_name(near).display()
        )),
        None => cause.context(format!(
            "there is no file `{}`; `kpbuild init` writes one",
            files.name(path)
        )),
    }
}
