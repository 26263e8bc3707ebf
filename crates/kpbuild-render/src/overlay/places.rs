//! Where the parts of an overlay are written, in its own file and in those that
//! it imports.

use std::collections::BTreeSet;

use kpbuild_core::{FileId, SourceMap, Span};

use crate::jsonnet::{Field, fields, imports};
use crate::user_files::UserFiles;

/// The fields of one overlay.
pub(super) struct Places {
    file: FileId,
    fields: Vec<(FileId, Field)>,
}

impl Places {
    /// Those of an overlay, which was read. Imported files that hold fields are
    /// added to the sources.
    pub(super) fn of(file: FileId, files: &UserFiles, sources: &mut SourceMap) -> Self {
        let mut found = Vec::new();
        let mut seen = BTreeSet::from([file]);
        let mut open = vec![file];
        while let Some(file) = open.pop() {
            let source = sources.file(file).clone();
            found.extend(fields(&source.text).into_iter().map(|field| (file, field)));
            for wanted in imports(&source.text) {
                let imported = imported(&source.name, &wanted, files, sources);
                open.extend(imported.filter(|file| seen.insert(*file)));
            }
        }
        Self {
            file,
            fields: found,
        }
    }

    /// The start of the overlay.
    pub(super) fn start(&self) -> Span {
        Span {
            file: self.file,
            start: 0,
            end: 1,
        }
    }

    /// Where a path is written. Of an imported file it may be the end of a
    /// path: the file may be what a field is made of.
    pub(super) fn exact(&self, path: &[&str]) -> Option<Span> {
        let is_there = |(file, field): &&(FileId, Field)| {
            field.is(path) || (*file != self.file && path.len() > 1 && field.is(&path[1..]))
        };
        let (file, field) = self.fields.iter().find(is_there)?;
        Some(Span {
            file: *file,
            start: field.place.0,
            end: field.place.1,
        })
    }

    /// Where a path is written, or the nearest part around it.
    pub(super) fn nearest(&self, path: &[&str]) -> Span {
        (1..=path.len())
            .rev()
            .find_map(|length| self.exact(&path[..length]))
            .unwrap_or_else(|| self.start())
    }
}

fn imported(
    from: &str,
    wanted: &str,
    files: &UserFiles,
    sources: &mut SourceMap,
) -> Option<FileId> {
    let candidates = files.candidates(from, wanted);
    candidates.iter().find_map(|path| {
        let known = sources.find(path);
        known.or_else(|| {
            let text = files.read(path).ok().flatten()?;
            Some(sources.add(path, text))
        })
    })
}
