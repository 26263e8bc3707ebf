//! `kpbuild check`: says what is wrong with a stack, or with manifests, before
//! anything is applied.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use kpbuild_check::Report;
use kpbuild_core::{Bundle, Code, Diagnostics, SourceMap};
use kpbuild_stack::Checking;

use crate::check_report;
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
    let mut sources = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let subject = subject(arguments, &mut sources, &mut diagnostics)?;
    let objects = subject
        .as_ref()
        .map_or(0, |subject| subject.bundle.objects().len());
    let report = found(arguments, subject, diagnostics, &sources);
    show(arguments, &report, &sources, objects, terminal)
}

/// What is checked.
pub(crate) struct Subject {
    pub(crate) bundle: Bundle,
    pub(crate) checking: Checking,
}

/// Reads what is to be checked; nothing if errors stand against it.
fn subject(
    arguments: &Check,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> anyhow::Result<Option<Subject>> {
    let mut subject = read(
        &arguments.what,
        arguments.namespace.as_deref(),
        sources,
        diagnostics,
    )?;
    if let (Some(subject), Some(version)) = (&mut subject, &arguments.kubernetes) {
        subject.checking.kubernetes = Some(version.clone());
    }
    Ok(subject)
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
    Ok(compiled.ok().map(|(stack, bundle)| Subject {
        bundle,
        checking: stack.checking,
    }))
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
        Some(Subject { bundle, checking }) => {
            findings::all(&bundle, &checking, diagnostics, sources, wanted)
        }
        None => findings::of_broken(diagnostics, sources),
    }
}

fn show(
    arguments: &Check,
    report: &Report,
    sources: &SourceMap,
    objects: usize,
    terminal: &mut Terminal,
) -> anyhow::Result<Exit> {
    let mut diagnostics = Diagnostics::default();
    diagnostics.extend(report.findings.iter().map(|one| one.diagnostic.clone()));
    let denies_warnings = arguments.deny == Some(Deny::Warnings);
    let subject = arguments.what.display().to_string();
    match arguments.format {
        CheckFormat::Text => terminal.report(&diagnostics, sources)?,
        CheckFormat::Json => terminal.data(&check_report::json(report, sources))?,
        CheckFormat::Sarif => terminal.data(&check_report::sarif(report, sources, &subject))?,
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
    if !report.silenced.is_empty() {
        let count = report.silenced.len();
        let noun = if count == 1 { "finding" } else { "findings" };
        terminal.say(&format!("{count} {noun} silenced by `check.silence`"));
    }
    if diagnostics.is_empty() {
        terminal.say(&format!("{subject}: {objects} objects, nothing wrong"));
    }
    let denied = denies_warnings && diagnostics.warnings() > 0;
    Ok(if diagnostics.errors() > 0 || denied {
        Exit::Error
    } else {
        Exit::Done
    })
}
