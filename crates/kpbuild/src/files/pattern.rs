//! Which files a path with `*`, `?`, `[...]` and `**` stands for, in any view
//! of files: the same rules for the disk and for a revision.

use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::Files;

/// Why a text is no pattern.
#[derive(Debug, thiserror::Error)]
#[error("`{pattern}` is not a pattern: {reason}")]
pub(crate) struct PatternError {
    pattern: String,
    reason: &'static str,
}

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// One step of a pattern.
enum Step {
    /// A name as it is.
    Name(String),
    /// Any name that fits.
    Any(Pattern),
    /// Any folders, also none.
    Folders,
}

pub(super) fn matching(
    files: &Files,
    folder: &Path,
    wanted: &str,
) -> Result<Vec<PathBuf>, PatternError> {
    // The whole is parsed first: it knows mistakes that no part shows.
    let wrong = |error: &glob::PatternError| PatternError {
        pattern: wanted.to_owned(),
        reason: error.msg,
    };
    Pattern::new(wanted).map_err(|error| wrong(&error))?;
    let (start, rest) = match wanted.strip_prefix('/') {
        Some(rest) => (PathBuf::from("/"), rest),
        None => (folder.to_owned(), wanted),
    };
    let mut steps = Vec::new();
    for part in rest.split('/').filter(|part| !part.is_empty()) {
        steps.push(match part {
            "**" => Step::Folders,
            part if part.contains(['*', '?', '[']) => {
                Step::Any(Pattern::new(part).map_err(|error| wrong(&error))?)
            }
            part => Step::Name(part.to_owned()),
        });
    }
    let mut found = Vec::new();
    walk(files, start, &steps, &mut found);
    found.sort();
    found.dedup();
    Ok(found)
}

fn walk(files: &Files, at: PathBuf, steps: &[Step], found: &mut Vec<PathBuf>) {
    let Some((step, rest)) = steps.split_first() else {
        found.push(at);
        return;
    };
    match step {
        Step::Name(name) => {
            let path = at.join(name);
            if files.exists(&path) {
                walk(files, path, rest, found);
            }
        }
        Step::Any(pattern) => {
            for entry in files.entries(&at) {
                let path = at.join(&entry.name);
                let leads_on = rest.is_empty() || files.is_folder(&path);
                if leads_on && pattern.matches_with(&entry.name, OPTIONS) {
                    walk(files, path, rest, found);
                }
            }
        }
        Step::Folders => {
            if !rest.is_empty() {
                walk(files, at.clone(), rest, found);
            }
            let visible = |name: &str| !name.starts_with('.');
            for entry in files.entries(&at) {
                if entry.is_folder && visible(&entry.name) {
                    let path = at.join(&entry.name);
                    if rest.is_empty() {
                        found.push(path.clone());
                    }
                    walk(files, path, steps, found);
                }
            }
        }
    }
}
