//! Reads stack files from disk.

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

/// The reason why a file cannot be read, with the file that was probably meant.
fn with_neighbour(path: &Path, error: std::io::Error) -> anyhow::Error {
    let missing = error.kind() == std::io::ErrorKind::NotFound;
    let cause = anyhow::Error::new(error).context(format!("cannot read `{}`", path.display()));
    let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| missing) else {
        return cause;
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let neighbours: Vec<String> = std::fs::read_dir(folder.unwrap_or(Path::new(".")))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".yaml") || name.ends_with(".yml"))
        .collect();
    match nearest(name, neighbours.iter().map(String::as_str)) {
        Some(near) => cause.context(format!(
            "there is no file `{}`; did you mean `{}`?",
            path.display(),
            path.with_file_name(near).display()
        )),
        None => cause.context(format!("there is no file `{}`; `kpbuild init` writes one", path.display())),
    }
}
