//! What is wrong with the user's input: where, why, and the way out.
//!
//! Nothing here prints: a diagnostic is data, collected by the stages and
//! rendered once by the binary. A failure of the world (a file that cannot be
//! read, a server that does not answer) is not a diagnostic but an error type
//! of the crate that met it.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet,
};
use serde::Serialize;

use crate::secret;
use crate::source::{SourceMap, Span};

/// The stable name of a kind of finding, as `kpbuild explain` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Code(pub &'static str);

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing may be rendered or applied.
    Error,
    /// It works, but hardly as intended.
    Warning,
}

/// A place with what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The bytes to underline.
    pub span: Span,
    /// The words beside the underline; may be empty.
    pub text: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of finding.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: a lowercase phrase without a full stop.
    pub message: String,
    /// Where: the first is the place to go to, others explain it.
    pub labels: Vec<Label>,
    /// Facts that help to understand it.
    pub notes: Vec<String>,
    /// The way out.
    pub help: Option<String>,
}

/// Whether colours may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Characters only, for files, pipes and tests.
    Plain,
    /// ANSI colours, for a terminal.
    Colour,
}

impl Diagnostic {
    /// A finding that stops the run.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// A finding that does not stop the run.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
        }
    }

    /// Adds a place; the first one added is the primary one.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Adds a place when there is one.
    #[must_use]
    pub fn at_some(self, span: Option<Span>, text: impl Into<String>) -> Self {
        match span {
            Some(span) => self.at(span, text),
            None => self,
        }
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says the way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same finding about the same files in another map of sources, which
    /// gets those that it lacks.
    #[must_use]
    pub fn moved(mut self, from: &SourceMap, to: &mut SourceMap) -> Self {
        for label in &mut self.labels {
            let file = from.file(label.span.file);
            label.span.file = to
                .find(&file.name)
                .unwrap_or_else(|| to.add(&file.name, &file.text));
        }
        self
    }

    /// The finding as text, with the user's lines underlined.
    pub fn render(&self, sources: &SourceMap, style: Style) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut notes: Vec<String> = self.notes.iter().map(|note| wrapped(note)).collect();
        let mut labels = self.labels.iter();
        if labels.any(|label| is_hidden(label, sources)) {
            notes.push(wrapped(
                "the lines are not shown because they may hold values of a Secret",
            ));
        }
        let help = self.help.as_deref().map(wrapped);
        let title = level.primary_title(&self.message).id(self.code.0);
        let group = self
            .places(sources)
            .fold(Group::with_title(title), Group::element)
            .elements(notes.iter().map(|note| Level::NOTE.message(note)))
            .elements(help.iter().map(|help| Level::HELP.message(help)));
        renderer(style).render(&[group])
    }

    /// One snippet a file, in the order in which the labels name the files; of a
    /// file whose lines may hold a password, the place alone.
    fn places<'a>(&'a self, sources: &'a SourceMap) -> impl Iterator<Item = Element<'a>> {
        let mut files = Vec::new();
        for label in &self.labels {
            if !files.contains(&label.span.file) {
                files.push(label.span.file);
            }
        }
        files.into_iter().map(move |file| {
            let source = sources.file(file);
            let labels = self.labels.iter().enumerate();
            let mut labels = labels.filter(move |(_, label)| label.span.file == file);
            if labels.clone().any(|(_, label)| is_hidden(label, sources)) {
                let first = labels.next().map(|(_, label)| label.span);
                let (line, column) = first.map_or((1, 1), |span| sources.line_column(span));
                let origin = Origin::path(&source.name).line(line);
                return origin.char_column(column).into();
            }
            let snippet = Snippet::source(&source.text).path(&source.name);
            snippet
                .annotations(labels.map(|(index, label)| annotation(index, label, &source.text)))
                .into()
        })
    }
}

/// Whether the line of a label may hold a password.
fn is_hidden(label: &Label, sources: &SourceMap) -> bool {
    let text = &sources.file(label.span.file).text;
    secret::is_near(text, label.span.range())
}

/// A label at its place; of a place of several lines, the first is underlined.
fn annotation<'a>(index: usize, label: &'a Label, text: &str) -> Annotation<'a> {
    let kind = match index {
        0 => AnnotationKind::Primary,
        _ => AnnotationKind::Context,
    };
    let mut range = label.span.range();
    let covered = text.get(range.clone()).unwrap_or("");
    range.end = range.start + covered.lines().next().unwrap_or("").len();
    let annotation = kind.span(range);
    if label.text.is_empty() {
        annotation
    } else {
        annotation.label(&label.text)
    }
}

/// How wide findings are, in characters. The same everywhere, so that a log, a
/// narrow terminal and the tests show the same; longer lines of the user's are
/// cut around the underlined part.
const COLUMNS: usize = 80;

fn renderer(style: Style) -> Renderer {
    match style {
        Style::Plain => Renderer::plain(),
        Style::Colour => Renderer::styled(),
    }
    .decor_style(DecorStyle::Ascii)
    .term_width(COLUMNS)
}

/// A note on several lines, broken between words so that it fits beside its
/// margin (`   = help: `).
fn wrapped(text: &str) -> String {
    const MARGIN: usize = 12;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < COLUMNS - MARGIN => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// Proof that at least one error was recorded: only [`Diagnostics`] makes it,
/// so no stage can fail without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported(());

/// All findings of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Records a finding, unless it is there already.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !self.list.contains(&diagnostic) {
            self.list.push(diagnostic);
        }
    }

    /// Records an error and gives the proof of it.
    pub fn error(&mut self, diagnostic: Diagnostic) -> Reported {
        debug_assert_eq!(diagnostic.severity, Severity::Error);
        self.push(diagnostic);
        Reported(())
    }

    /// Records all of another collection.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        others
            .into_iter()
            .for_each(|diagnostic| self.push(diagnostic));
    }

    /// The proof that an error was recorded, if one was.
    pub fn reported(&self) -> Result<(), Reported> {
        match self.errors() {
            0 => Ok(()),
            _ => Err(Reported(())),
        }
    }

    /// How many errors were recorded.
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// How many warnings were recorded.
    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|d| d.severity == severity).count()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The findings in the order of the files and lines they are about, those
    /// without a place last.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<_> = self.list.iter().collect();
        sorted.sort_by_key(|d| {
            let place = d.labels.first().map(|label| label.span);
            (place.is_none(), place, d.severity, d.code, &d.message)
        });
        sorted
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rendering_shows_place_reason_and_way_out() {
        let mut sources = SourceMap::default();
        let file = sources.add("stacks/prod.yaml", "name: prod\nreplicas: two\nname: x\n");
        let diagnostic = Diagnostic::error(Code("stack-type"), "`replicas` is not an integer")
            .at(
                Span {
                    file,
                    start: 21,
                    end: 24,
                },
                "expected an integer, found a string",
            )
            .at(
                Span {
                    file,
                    start: 0,
                    end: 4,
                },
                "of this stack",
            )
            .note("a Prometheus needs at least one replica")
            .help("write `replicas: 2`");
        insta::assert_snapshot!(diagnostic.render(&sources, Style::Plain), @"
        error[stack-type]: `replicas` is not an integer
         --> stacks/prod.yaml:2:11
          |
        1 | name: prod
          | ---- of this stack
        2 | replicas: two
          |           ^^^ expected an integer, found a string
          |
          = note: a Prometheus needs at least one replica
          = help: write `replicas: 2`
        ");
    }

    #[test]
    fn a_finding_of_another_run_keeps_its_place() {
        let mut sources = SourceMap::default();
        sources.add("a.yaml", "name: a\n");
        let mut others = SourceMap::default();
        let file = others.add("b.yaml", "name: b\n");
        let span = Span {
            file,
            start: 6,
            end: 7,
        };
        let finding = Diagnostic::error(Code("x"), "m").at(span, "");
        let moved = finding.clone().moved(&others, &mut sources);
        let again = finding.moved(&others, &mut sources);
        assert_eq!(moved, again);
        let span = moved.labels[0].span;
        assert_eq!(sources.file(span.file).name, "b.yaml");
        assert_eq!(sources.text(span), "b");
    }

    #[test]
    fn findings_are_sorted_by_place_and_said_once() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.yaml", "a: 1\nb: 2\n");
        let at = |start| {
            Diagnostic::error(Code("x"), "m").at(
                Span {
                    file,
                    start,
                    end: start + 1,
                },
                "",
            )
        };
        let mut all = Diagnostics::default();
        all.push(Diagnostic::warning(Code("x"), "nowhere"));
        all.push(at(5));
        all.push(at(0));
        all.push(at(5));
        let starts: Vec<_> = all
            .sorted()
            .iter()
            .map(|d| d.labels.first().map(|l| l.span.start))
            .collect();
        assert_eq!(starts, [Some(0), Some(5), None]);
        assert_eq!((all.errors(), all.warnings()), (2, 1));
    }
}
