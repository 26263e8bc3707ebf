//! Reads stack files, and the files that they name, from disk.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use kpbuild_core::suggest::nearest;
use kpbuild_core::{FileId, SourceMap};

/// Reads a file into the map of sources, under the name that the user gave.
pub(crate) fn read(sources: &mut SourceMap, path: &Path) -> anyhow::Result<FileId> {
    let bytes = std::fs::read(path).map_err(|error| with_neighbour(path, error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        anyhow!("byte {at} is not UTF-8 text; is this a stack file?")
    });
    let text = text.with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(sources.add(path.display().to_string(), text))
}

/// The text of a file that is imported, or `None` when there is no such file.
pub(crate) fn text_of(path: &str) -> std::io::Result<Option<String>> {
    use std::io::ErrorKind;
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
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

/// The names of the files in a folder, sorted; none if it cannot be read.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// The reason why a file cannot be read, with the file that was probably meant.
fn with_neighbour(path: &Path, error: std::io::Error) -> anyhow::Error {
    let missing = error.kind() == std::io::ErrorKind::NotFound;
    let cause = anyhow::Error::new(error).context(format!("cannot read `{}`", path.display()));
    let Some(name) = path
        .file_name()
        .and_then(|name| name.to_str())
        .filter(|_| missing)
    else {
        return cause;
    };
    let neighbours = names_in(path.parent().unwrap_or(Path::new("")));
    let is_yaml = |name: &&String| {
        Path::new(name)
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml")
    };
    let stacks = neighbours.iter().filter(is_yaml);
    match nearest(name, stacks.map(String::as_str)) {
        Some(near) => cause.context(format!(
            "there is no file `{}`; did you mean `{}`?",
            path.display(),
            path.with_file_name(near).display()
        )),
        None => cause.context(format!(
            "there is no file `{}`; `kpbuild init` writes one",
            path.display()
        )),
    }
}
