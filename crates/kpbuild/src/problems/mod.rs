//! Findings as other programs take them: JSON, SARIF, JUnit's XML, and the
//! annotations of GitHub's workflows. `kpbuild check` and `kpbuild ci` make
//! [`Problem`]s of what they find, so that each format is written once and none
//! says more or less than another.

mod github;
mod json;
mod junit;
mod sarif;

use std::path::Path;

use kpbuild_core::{Code, Diagnostic, Severity, SourceMap, Span};

use crate::files::normal;

pub(crate) use github::github;
pub(crate) use json::json;
pub(crate) use junit::{Case, Suite, Verdict, junit};
pub(crate) use sarif::sarif;

/// Something that is wrong, as far as it can be said without the user's lines.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) severity: Severity,
    /// What is wrong, on one line.
    pub(crate) title: String,
    /// Facts that help to understand it.
    pub(crate) notes: Vec<String>,
    /// The way out.
    pub(crate) help: Option<String>,
    /// Where it is wrong: the first is the place to go to, others explain it.
    pub(crate) places: Vec<Place>,
    /// The object that it is about, if it is about one.
    pub(crate) object: Option<String>,
    /// The stacks that have it; none where it was not looked for in stacks.
    pub(crate) stacks: Vec<String>,
    /// The file that stands for it where it has no place.
    pub(crate) home: String,
    /// Why it is accepted, if it is.
    pub(crate) silenced: Option<String>,
}

/// A place in a file: lines and columns from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) end_line: usize,
    pub(crate) end_column: usize,
}

impl Problem {
    /// What a finding says, and where. What it is about is for the caller to add.
    pub(crate) fn of(diagnostic: &Diagnostic, home: &Path, sources: &SourceMap) -> Self {
        let labels = diagnostic.labels.iter();
        Self {
            code: diagnostic.code,
            severity: diagnostic.severity,
            title: diagnostic.message.clone(),
            notes: diagnostic.notes.clone(),
            help: diagnostic.help.clone(),
            places: labels.map(|one| Place::of(one.span, sources)).collect(),
            object: None,
            stacks: Vec::new(),
            home: shortest(&home.display().to_string()),
            silenced: None,
        }
    }

    /// The place to go to.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.places.first()
    }

    /// Everything that it says, a line each.
    pub(crate) fn text(&self) -> String {
        let more = self.notes.iter().chain(&self.help);
        more.fold(self.title.clone(), |text, line| format!("{text}\n{line}"))
    }

    /// The same, with its place before it.
    fn placed_text(&self) -> String {
        match self.place() {
            Some(place) => format!(
                "{}:{}:{}: {}",
                place.file,
                place.line,
                place.column,
                self.text()
            ),
            None => self.text(),
        }
    }
}

impl Place {
    fn of(span: Span, sources: &SourceMap) -> Self {
        let (line, column) = sources.line_column(span);
        let end = Span {
            start: span.end.max(span.start),
            ..span
        };
        let (end_line, end_column) = sources.line_column(end);
        Self {
            file: shortest(&sources.file(span.file).name),
            line,
            column,
            end_line,
            end_column,
        }
    }

    /// The beginning of a line.
    pub(crate) fn of_line(file: &str, line: usize) -> Self {
        Self {
            file: file.to_owned(),
            line,
            column: 1,
            end_line: line,
            end_column: 1,
        }
    }
}

/// A file by its shortest name, as git and code hosts know it: what a stack in
/// `stacks/` names is read as `stacks/../dashboards/a.json`.
pub(crate) fn shortest(name: &str) -> String {
    normal(Path::new(name)).display().to_string()
}

/// How bad a problem is, in the words of all formats.
pub(crate) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One problem with places, one without, and one that is silenced.
    pub(super) fn problems() -> Vec<Problem> {
        let mut sources = SourceMap::default();
        let file = sources.add("stacks/../a,b.yaml", "name: x\nkind: y\n");
        let span = |start, end| Span { file, start, end };
        let error = Diagnostic::error(Code("rule-syntax"), "100% wrong")
            .at(span(8, 12), "")
            .at(span(0, 4), "the other one")
            .help("mend it");
        let warning = |message| Problem {
            object: Some("Service/m/s".to_owned()),
            stacks: vec!["x".to_owned()],
            ..Problem::of(
                &Diagnostic::warning(Code("unknown-job"), message).note("a fact"),
                Path::new("./stack.yaml"),
                &sources,
            )
        };
        vec![
            Problem::of(&error, Path::new("stack.yaml"), &sources),
            warning("nowhere"),
            Problem {
                silenced: Some("we know".to_owned()),
                ..warning("accepted")
            },
        ]
    }

    #[test]
    fn texts_have_all_that_is_known() {
        let texts: Vec<String> = problems().iter().map(Problem::placed_text).collect();
        assert_eq!(
            texts,
            [
                "a,b.yaml:2:1: 100% wrong\nmend it",
                "nowhere\na fact",
                "accepted\na fact"
            ]
        );
    }
}
