//! What was asked of a view of files, and what it answered: by this a later run
//! knows, without doing anything again, that its result would be the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::{Entry, Files, Kind};

/// What can be asked about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question {
    Content,
    Entries,
    Kind,
}

/// Answers, as they are before they become short texts.
pub(super) enum Answer<'a> {
    Content(&'a io::Result<Vec<u8>>),
    Entries(&'a [Entry]),
    Kind(Option<Kind>),
}

impl Answer<'_> {
    fn digest(&self) -> String {
        match self {
            Self::Content(Ok(content)) => digest(content),
            Self::Content(Err(error)) => format!("{:?}", error.kind()),
            Self::Entries(entries) => digest(format!("{entries:?}").as_bytes()),
            Self::Kind(kind) => format!("{kind:?}"),
        }
    }
}

/// A short text that stands for a long one.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let sum = Sha256::digest(bytes);
    sum[..16].iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// Questions with the digests of their answers: `content PATH`, `entries PATH`,
/// `kind PATH`.
pub(crate) type Trace = BTreeMap<String, String>;

/// Writes down what a view answers. Clones write on the same list.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorder(Arc<Mutex<Trace>>);

impl Recorder {
    pub(super) fn note(&self, question: Question, path: &Path, answer: &Answer<'_>) {
        let mut trace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Paths that are no text cannot be named by a stack file.
        if let Some(path) = path.to_str() {
            let question = format!("{} {path}", word(question));
            trace.entry(question).or_insert_with(|| answer.digest());
        }
    }

    pub(super) fn note_all(&self, answers: &Trace) {
        let mut trace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        trace.extend(answers.clone());
    }

    pub(super) fn trace(&self) -> Trace {
        let trace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        trace.clone()
    }
}

fn word(question: Question) -> &'static str {
    match question {
        Question::Content => "content",
        Question::Entries => "entries",
        Question::Kind => "kind",
    }
}

/// Answers of a view at one moment, each found out once: many traces share
/// most of their questions.
#[derive(Debug)]
pub(crate) struct Answers {
    files: Files,
    known: Mutex<BTreeMap<String, String>>,
}

impl Answers {
    pub(crate) fn of(files: &Files) -> Self {
        Self {
            files: files.clone(),
            known: Mutex::default(),
        }
    }

    /// Whether the view would answer the same again.
    pub(crate) fn confirm(&self, trace: &Trace) -> bool {
        trace
            .iter()
            .all(|(question, answer)| self.answer(question).as_ref() == Some(answer))
    }

    fn answer(&self, question: &str) -> Option<String> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = known().get(question) {
            return Some(answer.clone());
        }
        let (word, path) = question.split_once(' ')?;
        let path = PathBuf::from(path);
        let place = &self.files.place;
        let answer = match word {
            "content" => Answer::Content(&place.read(&path)).digest(),
            "entries" => {
                let mut entries = place.entries(&path);
                entries.sort();
                Answer::Entries(&entries).digest()
            }
            "kind" => Answer::Kind(place.kind(&path)).digest(),
            _ => return None,
        };
        known().insert(question.to_owned(), answer.clone());
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_holds_until_an_answer_is_another_one() {
        let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
        let file = folder.path().join("a.yaml");
        let write = |path: &Path, text: &str| std::fs::write(path, text).expect("there is room");
        write(&file, "one");
        let files = Files::default().recording();
        files.read(&file).expect("it is there");
        assert!(files.text(&folder.path().join("b.yaml")).is_ok());
        let found = files
            .matching(folder.path(), "*.yaml")
            .expect("it is a pattern");
        assert_eq!(found.len(), 1);
        let trace = files.trace();
        let confirmed = || Answers::of(&Files::default()).confirm(&trace);
        assert!(confirmed());
        write(&file, "two");
        assert!(!confirmed());
        write(&file, "one");
        assert!(confirmed());
        write(&folder.path().join("b.yaml"), "one");
        assert!(!confirmed());
    }
}
