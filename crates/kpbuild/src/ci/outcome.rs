//! What is found out about one stack, in a form that can be kept and shown again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kpbuild_check::Finding;
use kpbuild_cluster::Plan;
use kpbuild_core::{Code, Diagnostic, Severity, SourceMap, Span, Style};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::compare::{Compared, Side};
use crate::files::Files;
use crate::problems::shortest;
use crate::promtool;

/// Everything about one stack.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) path: PathBuf,
    /// The stack's own name, if it could be read.
    pub(crate) name: Option<String>,
    pub(crate) state: State,
    /// How many objects it renders to.
    pub(crate) objects: usize,
    pub(crate) findings: Vec<Found>,
    /// What the stack accepts, with its reasons.
    pub(crate) silenced: Vec<(Found, String)>,
    /// What is wrong with the stack as it was, as text.
    pub(crate) wrong_before: Vec<String>,
    pub(crate) tests: Vec<Tested>,
    /// What the change does, unless a side is broken; stacks that change alike have
    /// one plan.
    pub(crate) plan: Option<Arc<Plan>>,
}

/// How the two sides of a stack stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// Both are there.
    Compared,
    /// There was no such stack.
    New,
    /// There is no such stack any more.
    Gone,
    /// It cannot be rendered.
    Broken,
    /// It could not be rendered before, so there is nothing to compare with.
    BaseBroken,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Found {
    #[serde(deserialize_with = "known")]
    code: Code,
    is_error: bool,
    message: String,
    labels: Vec<Place>,
    notes: Vec<String>,
    help: Option<String>,
    pub(crate) object: Option<String>,
}

/// Reads a code; one that this program does not have is an error.
fn known<'d, D: Deserializer<'d>>(reader: D) -> Result<Code, D::Error> {
    let text = String::deserialize(reader)?;
    let page = kpbuild_check::page(&text);
    page.map(|page| Code(page.code))
        .ok_or_else(|| D::Error::custom(format!("there is no code `{text}`")))
}

/// A place in a file, with what is said about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    file: String,
    start: u32,
    end: u32,
    text: String,
}

/// One rule test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tested {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
    /// What came instead, or why it was not run.
    pub(crate) details: Option<String>,
}

impl Tested {
    /// How it ended, as promtool's reports have it.
    pub(super) fn outcome(&self) -> promtool::Outcome {
        let details = || self.details.clone().unwrap_or_default();
        match self.verdict {
            Verdict::Passed => promtool::Outcome::Passed,
            Verdict::Failed => promtool::Outcome::Failed(details()),
            Verdict::Skipped => promtool::Outcome::Skipped(details()),
        }
    }
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Passed,
    Failed,
    Skipped,
}

impl Found {
    pub(crate) fn of(finding: &Finding, sources: &SourceMap) -> Self {
        let diagnostic = &finding.diagnostic;
        let labels = diagnostic.labels.iter();
        Self {
            code: diagnostic.code,
            is_error: diagnostic.severity == Severity::Error,
            message: diagnostic.message.clone(),
            labels: labels
                .map(|label| Place {
                    file: shortest(&sources.file(label.span.file).name),
                    start: label.span.start,
                    end: label.span.end,
                    text: label.text.clone(),
                })
                .collect(),
            notes: diagnostic.notes.clone(),
            help: diagnostic.help.clone(),
            object: finding.object.as_ref().map(ToString::to_string),
        }
    }

    /// The finding again, its places in files that are read where they are not
    /// among the sources yet.
    pub(crate) fn diagnostic(&self, files: &Files, sources: &mut SourceMap) -> Diagnostic {
        let diagnostic = if self.is_error {
            Diagnostic::error(self.code, &self.message)
        } else {
            Diagnostic::warning(self.code, &self.message)
        };
        let mut diagnostic = self.labels.iter().fold(diagnostic, |diagnostic, place| {
            let file = sources.find(&place.file).or_else(|| {
                let text = files.text(Path::new(&place.file)).ok().flatten()?;
                Some(sources.add(&place.file, text))
            });
            let span = file.map(|file| Span {
                file,
                start: place.start,
                end: place.end,
            });
            diagnostic.at_some(span, &place.text)
        });
        diagnostic.notes.clone_from(&self.notes);
        diagnostic.help.clone_from(&self.help);
        diagnostic
    }
}

impl Outcome {
    /// What is found out about a stack; what is found in it is for the caller to add.
    pub(super) fn new(path: &Path, compared: &Compared, plan: Option<Arc<Plan>>) -> Self {
        let (before, after) = (compared.before(), &compared.after);
        let state = match (&before.side, &after.side) {
            (_, Side::Broken) => State::Broken,
            (Side::Broken, _) => State::BaseBroken,
            (_, Side::Absent) => State::Gone,
            (Side::Absent, _) => State::New,
            (Side::Rendered(_), Side::Rendered(_)) => State::Compared,
        };
        let wrong_before = if before.is_broken() {
            let all = before.diagnostics.sorted().into_iter();
            all.filter(|diagnostic| diagnostic.severity == Severity::Error)
                .map(|diagnostic| diagnostic.render(&before.sources, Style::Plain))
                .collect()
        } else {
            Vec::new()
        };
        Self {
            path: path.to_owned(),
            name: after.name().or(before.name()).map(str::to_owned),
            state,
            objects: after.bundle().map_or(0, |bundle| bundle.objects().len()),
            findings: Vec::new(),
            silenced: Vec::new(),
            wrong_before,
            tests: Vec::new(),
            plan,
        }
    }

    /// The outcome as JSON, with the digest of its plan.
    pub(super) fn to_stored(&self, plan: Option<&str>) -> Value {
        json!({
            "name": self.name,
            "state": self.state,
            "objects": self.objects,
            "findings": self.findings,
            "silenced": self.silenced,
            "wrong_before": self.wrong_before,
            "tests": self.tests,
            "plan": plan,
        })
    }

    /// The outcome again, unless the JSON is none, or its plan is gone.
    pub(super) fn of_stored(
        path: &Path,
        mut value: Value,
        plan: impl FnOnce(&str) -> Option<Arc<Plan>>,
    ) -> Option<Self> {
        fn read<T: serde::de::DeserializeOwned>(value: &mut Value, field: &str) -> Option<T> {
            serde_json::from_value(value.get_mut(field)?.take()).ok()
        }
        let plan = match read::<Option<String>>(&mut value, "plan")? {
            Some(digest) => Some(plan(&digest)?),
            None => None,
        };
        Some(Self {
            path: path.to_owned(),
            name: read(&mut value, "name")?,
            state: read(&mut value, "state")?,
            objects: read(&mut value, "objects")?,
            findings: read(&mut value, "findings")?,
            silenced: read(&mut value, "silenced")?,
            wrong_before: read(&mut value, "wrong_before")?,
            tests: read(&mut value, "tests")?,
            plan,
        })
    }
}
