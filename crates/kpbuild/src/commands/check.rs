//! `kpbuild check`: says what is wrong with a stack, or with manifests, before
//! anything is applied.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use kpbuild_check::Report;
use kpbuild_core::{Bundle, Code, Diagnostics, SourceMap};
use kpbuild_stack::{Checking, Stack};

use crate::batch::{self, Done, Job, Opened};
use crate::check_report;
use crate::ci::discover;
use crate::cli::{Check, CheckFormat, Deny};
use crate::commands::explain;
use crate::compile::compile_with_advice;
use crate::exit::Exit;
use crate::files::Files;
use crate::findings;
use crate::load;
use crate::read_manifests;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &Check, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    for code in &arguments.only {
        anyhow::ensure!(kpbuild_check::page(code).is_some(), explain::unknown(code));
    }
    match arguments.what.as_slice() {
        [what] if !has_stacks(what) => one(what, arguments, terminal),
        _ => several(arguments, terminal),
    }
}

/// Whether it is a folder of stacks; one of manifests has none.
fn has_stacks(what: &Path) -> bool {
    what.is_dir() && !discover::below(what, &Files::default()).is_empty()
}

/// Checks one stack, or manifests.
fn one(what: &Path, arguments: &Check, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let mut sources = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let namespace = arguments.namespace.as_deref();
    let subject = read(what, namespace, &mut sources, &mut diagnostics)?;
    let objects = subject
        .as_ref()
        .map_or(0, |subject| subject.bundle.objects().len());
    let report = found(arguments, subject, diagnostics, &sources);
    let shown = Shown {
        subject: what.display().to_string(),
        objects,
        silenced: report.silenced.len(),
        is_whole: true,
    };
    show(arguments, &report, &sources, &shown, terminal)
}

/// Checks many stacks; what is found in all of them is said once.
fn several(arguments: &Check, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let batch = batch::find(&arguments.what)?;
    let count = batch.jobs.len();
    let done = batch.run(|job, opened| checked(job, opened, arguments))?;
    for failure in &done.failures {
        terminal.failure(failure);
    }
    if done.left > 0 {
        terminal.say(&format!("interrupted: {} stacks were not begun", done.left));
    }
    let numbers = done.values.iter().flatten();
    let (objects, silenced) = numbers.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    let shown = Shown {
        subject: format!("{count} stacks"),
        objects,
        silenced,
        is_whole: done.failures.is_empty() && done.left == 0,
    };
    let report = findings::said(done.diagnostics);
    show(arguments, &report, &done.sources, &shown, terminal)
}

/// Checks one of many stacks; gives how many objects it has, and how many
/// findings it silences.
fn checked(job: &Job, opened: Opened, arguments: &Check) -> Done<(usize, usize)> {
    let Opened { mut sources, file } = opened;
    let mut of_render = Diagnostics::default();
    let files = Files::default();
    let compiled = compile_with_advice(&files, &job.path, file, &mut sources, &mut of_render);
    let subject = compiled.ok().map(Subject::from);
    let objects = subject.as_ref().map(|one| one.bundle.objects().len());
    let report = found(arguments, subject, of_render, &sources);
    let mut diagnostics = Diagnostics::default();
    diagnostics.extend(report.findings.into_iter().map(|one| one.diagnostic));
    Done {
        value: objects.map(|objects| (objects, report.silenced.len())),
        diagnostics,
        sources,
        failure: None,
    }
}

/// What is checked.
pub(crate) struct Subject {
    pub(crate) bundle: Bundle,
    pub(crate) checking: Checking,
}

impl From<(Stack, Bundle)> for Subject {
    fn from((stack, bundle): (Stack, Bundle)) -> Self {
        Self {
            bundle,
            checking: stack.checking,
        }
    }
}

/// Reads a stack file, a folder or file of manifests, or either from stdin.
pub(crate) fn read(
    what: &Path,
    namespace: Option<&str>,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> anyhow::Result<Option<Subject>> {
    let manifests = |bundle| {
        let checking = Checking {
            manifests: true,
            ..Checking::default()
        };
        Some(Subject { bundle, checking })
    };
    let files = Files::default();
    if what.is_dir() {
        let bundle = read_manifests::folder(&files, what, namespace, sources, diagnostics)?;
        return Ok(manifests(bundle));
    }
    let file = if what == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read stdin")?;
        sources.add("<stdin>", text)
    } else {
        load::read(&files, sources, what)?
    };
    if read_manifests::is_manifests(&sources.file(file).text) {
        let bundle = read_manifests::bundle(&[file], namespace, sources, diagnostics);
        return Ok(manifests(bundle));
    }
    let compiled = compile_with_advice(&files, what, file, sources, diagnostics);
    Ok(compiled.ok().map(Subject::from))
}

/// All findings; what is wrong with a stack that cannot be rendered is said
/// whatever is asked for.
fn found(
    arguments: &Check,
    subject: Option<Subject>,
    diagnostics: Diagnostics,
    sources: &SourceMap,
) -> Report {
    let wanted =
        |code: Code| arguments.only.is_empty() || arguments.only.iter().any(|only| only == code.0);
    match subject {
        Some(Subject {
            bundle,
            mut checking,
        }) => {
            if let Some(version) = &arguments.kubernetes {
                checking.kubernetes = Some(version.clone());
            }
            findings::all(&bundle, &checking, diagnostics, sources, wanted)
        }
        None => findings::of_broken(diagnostics, sources),
    }
}

/// What is said beside the findings.
struct Shown {
    /// What was checked.
    subject: String,
    objects: usize,
    /// How many findings are silenced.
    silenced: usize,
    /// Whether all of it was checked.
    is_whole: bool,
}

fn show(
    arguments: &Check,
    report: &Report,
    sources: &SourceMap,
    shown: &Shown,
    terminal: &mut Terminal,
) -> anyhow::Result<Exit> {
    let mut diagnostics = Diagnostics::default();
    diagnostics.extend(report.findings.iter().map(|one| one.diagnostic.clone()));
    let denies_warnings = arguments.deny == Some(Deny::Warnings);
    let subject = &shown.subject;
    match arguments.format {
        CheckFormat::Text => terminal.report(&diagnostics, sources)?,
        CheckFormat::Json => terminal.data(&check_report::json(report, sources))?,
        CheckFormat::Sarif => terminal.data(&check_report::sarif(report, sources, subject))?,
        CheckFormat::Github => terminal.data(&check_report::github(report, sources))?,
        CheckFormat::Junit => {
            let all = kpbuild_check::codes_of_checks();
            let ran: Vec<&str> = all
                .into_iter()
                .filter(|code| {
                    arguments.only.is_empty() || arguments.only.iter().any(|one| one == code)
                })
                .collect();
            let xml = check_report::junit(report, sources, &ran, denies_warnings)?;
            terminal.data(&xml)?;
        }
    }
    if shown.silenced > 0 {
        let count = shown.silenced;
        let noun = if count == 1 { "finding" } else { "findings" };
        terminal.say(&format!("{count} {noun} silenced by `check.silence`"));
    }
    if diagnostics.is_empty() && shown.is_whole {
        let objects = shown.objects;
        terminal.say(&format!("{subject}: {objects} objects, nothing wrong"));
    }
    let denied = denies_warnings && diagnostics.warnings() > 0;
    Ok(if diagnostics.errors() > 0 || denied || !shown.is_whole {
        Exit::Error
    } else {
        Exit::Done
    })
}
