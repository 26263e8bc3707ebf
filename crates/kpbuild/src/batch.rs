//! Several stacks in one run: which they are, each on the next free thread, and
//! what is said about all of them together.
//!
//! Nothing of a stack but a few numbers and its findings outlives its turn, so
//! that memory does not grow with the number of stacks. What a run of one stack
//! prints is not decided here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::bail;
use kpbuild_check::Finding;
use kpbuild_core::{Code, Diagnostic, Diagnostics, SourceMap, Span};
use kpbuild_stack::Glance;

use crate::ci::discover;
use crate::files::Files;
use crate::{folder, load, workers};

/// Two stacks of a run that have one name.
pub(crate) const NAME_TWICE: Code = Code("stack-name-twice");

/// The stacks of a run.
#[derive(Debug)]
pub(crate) struct Batch {
    /// In the order of the arguments, those of a folder by their paths.
    pub(crate) jobs: Vec<Job>,
    /// The stack files.
    sources: SourceMap,
    /// What is wrong with their names.
    diagnostics: Diagnostics,
}

/// One stack file.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) path: PathBuf,
    /// Its text, unless it cannot be read.
    text: Result<String, anyhow::Error>,
    /// The stack's name, as far as it can be told without reading the whole.
    pub(crate) name: Option<String>,
    /// Whether another stack has its name too.
    pub(crate) is_twice: bool,
}

/// What became of a stack.
#[derive(Debug)]
pub(crate) struct Done<T> {
    /// Something, unless the stack is wrong.
    pub(crate) value: Option<T>,
    /// What was found, and what of it the stack accepts.
    pub(crate) found: kpbuild_check::Report,
    pub(crate) sources: SourceMap,
    /// What failed in the world, such as a write.
    pub(crate) failure: Option<anyhow::Error>,
}

/// What became of all stacks.
#[derive(Debug)]
pub(crate) struct Report<T> {
    /// One for each stack; nothing for those that were not begun.
    pub(crate) values: Vec<Option<T>>,
    /// The findings of all, each once.
    pub(crate) found: Vec<Found>,
    pub(crate) sources: SourceMap,
    pub(crate) failures: Vec<anyhow::Error>,
    /// How many stacks were not begun, because the run was interrupted.
    pub(crate) left: usize,
}

/// A finding of one or several stacks.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// It, with a note about the stacks unless its place says it.
    pub(crate) finding: Finding,
    /// Why it is accepted, if it is.
    pub(crate) silenced: Option<String>,
    /// The stacks that have it.
    pub(crate) stacks: Vec<String>,
    /// The file of the first of them.
    pub(crate) home: PathBuf,
    /// The stacks of which its place says nothing.
    unsaid: Vec<String>,
}

impl<T> Report<T> {
    /// What is to be mended.
    pub(crate) fn diagnostics(&self) -> Diagnostics {
        let open = self.found.iter().filter(|one| one.silenced.is_none());
        let mut diagnostics = Diagnostics::default();
        diagnostics.extend(open.map(|one| one.finding.diagnostic.clone()));
        diagnostics
    }
}

/// The stacks that arguments stand for: files, and all stacks below folders.
pub(crate) fn find(arguments: &[PathBuf]) -> anyhow::Result<Batch> {
    let files = Files::default();
    let mut batch = Batch {
        jobs: Vec::new(),
        sources: SourceMap::default(),
        diagnostics: Diagnostics::default(),
    };
    let mut places: BTreeMap<String, (usize, Span)> = BTreeMap::new();
    for argument in arguments {
        if argument.is_dir() {
            let found = discover::below(argument, &files);
            if found.is_empty() {
                bail!(
                    "there is no stack in `{}`: a stack file ends in `.yaml` and has a line `kind: Stack`",
                    argument.display()
                );
            }
            for path in found {
                batch.add(path, &files, &mut places);
            }
        } else {
            batch.add(argument.clone(), &files, &mut places);
        }
    }
    Ok(batch)
}

impl Batch {
    /// Adds a file, unless it is there already.
    fn add(&mut self, path: PathBuf, files: &Files, places: &mut BTreeMap<String, (usize, Span)>) {
        if self.jobs.iter().any(|job| job.path == path) {
            return;
        }
        let mut job = Job {
            path,
            text: Ok(String::new()),
            name: None,
            is_twice: false,
        };
        match load::read(files, &mut self.sources, &job.path) {
            Err(error) => job.text = Err(error),
            Ok(file) => {
                let named = match kpbuild_stack::glance(&self.sources, file) {
                    Glance::Other => None,
                    Glance::Stack { name } => name,
                };
                job.text = Ok(self.sources.file(file).text.clone());
                if let Some((name, span)) = named {
                    job.is_twice = self.is_twice(&name, span, places);
                    job.name = Some(name);
                }
            }
        }
        self.jobs.push(job);
    }

    /// Whether a name was there before; says so, and marks the first that has it.
    fn is_twice(
        &mut self,
        name: &str,
        span: Span,
        places: &mut BTreeMap<String, (usize, Span)>,
    ) -> bool {
        let Some((first, other)) = places.get(name).copied() else {
            places.insert(name.to_owned(), (self.jobs.len(), span));
            return false;
        };
        self.jobs[first].is_twice = true;
        self.diagnostics.push(
            Diagnostic::error(NAME_TWICE, format!("two stacks are called `{name}`"))
                .at(span, "")
                .at(other, "the other one")
                .help("give each its own name: folders are named after it"),
        );
        true
    }

    /// Does the same to every stack, on as many threads as there are processors.
    pub(crate) fn run<T: Send>(
        self,
        work: impl Fn(&Job, Opened) -> Done<T> + Sync,
    ) -> anyhow::Result<Report<T>> {
        let of_job = |job: &Job| Some(work(job, Opened::of(job)?));
        let done = workers::each(&self.jobs, None, folder::is_interrupted, of_job)?;
        Ok(self.report(done.into_iter().map(Option::flatten).collect()))
    }

    /// Everything about all stacks; `done` has one for each, unless it was not begun.
    fn report<T>(self, done: Vec<Option<Done<T>>>) -> Report<T> {
        let mut report = Report {
            values: Vec::new(),
            found: Vec::new(),
            sources: self.sources,
            failures: Vec::new(),
            left: 0,
        };
        let mut found = Findings::default();
        let count = self.jobs.len();
        for (job, done) in self.jobs.into_iter().zip(done) {
            let value = match (done, &job.text) {
                (_, Err(_)) => {
                    report.failures.extend(job.text.err());
                    None
                }
                (None, Ok(_)) => {
                    report.left += 1;
                    None
                }
                (Some(done), Ok(_)) => {
                    found.add_all(done.found, &job, &done.sources, &mut report.sources);
                    report.failures.extend(done.failure);
                    done.value
                }
            };
            report.values.push(value);
        }
        let of_names = self.diagnostics.into_iter();
        let of_names = of_names.map(|diagnostic| Found::of_names(diagnostic, &report.sources));
        report.found = of_names.chain(found.named(count)).collect();
        report
    }
}

/// The text of a stack file, as a thread of its own needs it.
pub(crate) struct Opened {
    pub(crate) sources: SourceMap,
    pub(crate) file: kpbuild_core::FileId,
}

impl Opened {
    fn of(job: &Job) -> Option<Self> {
        let text = job.text.as_ref().ok()?;
        let mut sources = SourceMap::default();
        let file = sources.add(job.path.display().to_string(), text.as_str());
        Some(Self { sources, file })
    }
}

/// Findings of several stacks, each with the stacks that it is about.
#[derive(Debug, Default)]
struct Findings {
    index: BTreeMap<String, usize>,
    all: Vec<Found>,
}

impl Findings {
    /// Adds what was found in a stack, its places as those of shared sources.
    fn add_all(
        &mut self,
        found: kpbuild_check::Report,
        job: &Job,
        from: &SourceMap,
        to: &mut SourceMap,
    ) {
        let open = found.findings.into_iter().map(|finding| (finding, None));
        let silenced = found.silenced.into_iter();
        let silenced = silenced.map(|one| (one.finding, Some(one.reason)));
        for (mut finding, reason) in open.chain(silenced) {
            finding.diagnostic = finding.diagnostic.moved(from, to);
            self.add(finding, reason, job, to);
        }
    }

    fn add(&mut self, finding: Finding, silenced: Option<String>, job: &Job, sources: &SourceMap) {
        let own = job.path.display().to_string();
        let stack = job.name.clone().unwrap_or_else(|| own.clone());
        let place = finding.diagnostic.labels.first();
        let says_it = place.is_some_and(|label| sources.file(label.span.file).name == own);
        let key = format!("{finding:?} {silenced:?}");
        let index = *self.index.entry(key).or_insert_with(|| {
            self.all.push(Found {
                finding,
                silenced,
                stacks: Vec::new(),
                home: job.path.clone(),
                unsaid: Vec::new(),
            });
            self.all.len() - 1
        });
        let found = &mut self.all[index];
        if found.stacks.last() == Some(&stack) {
            return;
        }
        if !says_it {
            found.unsaid.push(stack.clone());
        }
        found.stacks.push(stack);
    }

    /// The findings, of `count` stacks in all.
    fn named(self, count: usize) -> impl Iterator<Item = Found> {
        self.all.into_iter().map(move |mut found| {
            if count > 1 && !found.unsaid.is_empty() {
                let note = places(&found.unsaid, count);
                found.finding.diagnostic.notes.push(note);
            }
            found
        })
    }
}

/// Some of `count` stacks, in words.
fn places(stacks: &[String], count: usize) -> String {
    let shown = stacks.iter().take(3).map(|name| format!("`{name}`"));
    let shown: Vec<String> = shown.collect();
    let more = stacks.len() - shown.len();
    match (stacks.len(), more) {
        (all, _) if all == count => format!("in all {count} stacks"),
        (1, _) => format!("in the stack {}", shown[0]),
        (_, 0) => format!("in the stacks {}", shown.join(", ")),
        _ => format!("in the stacks {} and {more} others", shown.join(", ")),
    }
}

impl Found {
    /// What is wrong with the stacks' names; its place says all.
    fn of_names(diagnostic: Diagnostic, sources: &SourceMap) -> Self {
        let place = diagnostic.labels.first();
        let file = place.map(|label| sources.file(label.span.file).name.as_str());
        Self {
            home: PathBuf::from(file.unwrap_or_default()),
            finding: Finding {
                object: None,
                diagnostic,
            },
            silenced: None,
            stacks: Vec::new(),
            unsaid: Vec::new(),
        }
    }
}
