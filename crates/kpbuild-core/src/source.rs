//! Where text came from: the files that were read, and places in them.
//!
//! This is not a reader: files are read at the edge (the binary, the loader of
//! overlays) and handed in as text, so that everything after it is pure.

/// A file that was read, by its number in the [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A place in a file: a range of bytes, the end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file that the bytes are in.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Span {
    /// The place as a range to slice the file's text with.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One file's name, as the user would write it, and its text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The path as the user gave it, shown in messages.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// All files that a run has read, so that a [`Span`] can be shown again.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file and gives the number that its spans carry.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = u32::try_from(self.files.len()).expect("a run reads fewer than 2^32 files");
        self.files.push(SourceFile {
            name: name.into(),
            text: text.into(),
        });
        FileId(id)
    }

    /// The file of a name, if it was read.
    pub fn find(&self, name: &str) -> Option<FileId> {
        let index = self.files.iter().position(|file| file.name == name)?;
        u32::try_from(index).ok().map(FileId)
    }

    /// The file behind a number of this map.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The text that a span covers.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).text.get(span.range()).unwrap_or("")
    }

    /// Line and column of a span's first byte, both counted from 1, the column
    /// in characters.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let text = &self.file(span.file).text;
        let before = &text[..floor_char_boundary(text, span.start as usize)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// The greatest character boundary that is not after `at`.
fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.yaml", "name: é\nü: x\n");
        let at = |start, end| sources.line_column(Span { file, start, end });
        assert_eq!(at(0, 4), (1, 1));
        assert_eq!(at(6, 8), (1, 7));
        assert_eq!(at(13, 14), (2, 4));
    }
}
