//! `kpbuild check`: says what is wrong with a stack, or with manifests, before
//! anything is applied.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use kpbuild_check::{Finding, Report};
use kpbuild_core::{Bundle, Code, Diagnostics, SourceMap};
use kpbuild_stack::{Checking, Stack};
use serde_json::{Value, json};

use crate::batch::{self, Done, Found, Job, Opened};
use crate::ci::discover;
use crate::cli::{Check, CheckFormat, Deny};
use crate::commands::explain;
use crate::compile::compile_with_advice;
use crate::exit::Exit;
use crate::files::Files;
use crate::findings;
use crate::load;
use crate::problems::{self, Case, Problem, Suite, Verdict};
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
    let problems = of_one(what, &report, &sources);
    let open = report.findings.into_iter().map(|one| one.diagnostic);
    let mut diagnostics = Diagnostics::default();
    diagnostics.extend(open);
    let shown = Shown {
        subject: what.display().to_string(),
        objects,
        diagnostics,
        problems,
        is_whole: true,
    };
    show(arguments, &shown, &sources, terminal)
}

/// What was found in one stack, or in manifests, for programs.
fn of_one(what: &Path, report: &Report, sources: &SourceMap) -> Vec<Problem> {
    let problem = |finding: &Finding| Problem {
        object: finding.object.as_ref().map(ToString::to_string),
        ..Problem::of(&finding.diagnostic, what, sources)
    };
    let silenced = report.silenced.iter().map(|one| Problem {
        silenced: Some(one.reason.clone()),
        ..problem(&one.finding)
    });
    let open = report.findings.iter().map(problem);
    open.chain(silenced).collect()
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
    let shown = Shown {
        subject: format!("{count} stacks"),
        objects: done.values.iter().flatten().sum(),
        diagnostics: done.diagnostics(),
        problems: of_several(&done.found, &done.sources),
        is_whole: done.failures.is_empty() && done.left == 0,
    };
    show(arguments, &shown, &done.sources, terminal)
}

/// What was found in many stacks, for programs: what is accepted comes last.
fn of_several(found: &[Found], sources: &SourceMap) -> Vec<Problem> {
    let problem = |one: &Found| Problem {
        object: one.finding.object.as_ref().map(ToString::to_string),
        stacks: one.stacks.clone(),
        silenced: one.silenced.clone(),
        ..Problem::of(&one.finding.diagnostic, &one.home, sources)
    };
    let mut problems: Vec<Problem> = found.iter().map(problem).collect();
    problems.sort_by_key(|one| one.silenced.is_some());
    problems
}

/// Checks one of many stacks; gives how many objects it has.
fn checked(job: &Job, opened: Opened, arguments: &Check) -> Done<usize> {
    let Opened { mut sources, file } = opened;
    let mut of_render = Diagnostics::default();
    let files = Files::default();
    let compiled = compile_with_advice(&files, &job.path, file, &mut sources, &mut of_render);
    let subject = compiled.ok().map(Subject::from);
    let objects = subject.as_ref().map(|one| one.bundle.objects().len());
    Done {
        value: objects,
        found: found(arguments, subject, of_render, &sources),
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
    let wanted = |code: Code| is_wanted(arguments, code);
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

/// What is said about a run.
struct Shown {
    /// What was checked.
    subject: String,
    objects: usize,
    /// What is to be mended, for people.
    diagnostics: Diagnostics,
    /// The same and what is accepted, for programs.
    problems: Vec<Problem>,
    /// Whether all of it was checked.
    is_whole: bool,
}

fn show(
    arguments: &Check,
    shown: &Shown,
    sources: &SourceMap,
    terminal: &mut Terminal,
) -> anyhow::Result<Exit> {
    let diagnostics = &shown.diagnostics;
    let denies_warnings = arguments.deny == Some(Deny::Warnings);
    match arguments.format {
        CheckFormat::Text => terminal.report(diagnostics, sources)?,
        CheckFormat::Json => terminal.data(&json(&shown.problems))?,
        CheckFormat::Sarif => terminal.data(&problems::sarif(&shown.problems))?,
        CheckFormat::Github => terminal.data(&problems::github(&shown.problems))?,
        CheckFormat::Junit => terminal.data(&junit(arguments, &shown.problems)?)?,
    }
    let silenced = shown.problems.iter().filter(|one| one.silenced.is_some());
    match silenced.count() {
        0 => {}
        1 => terminal.say("1 finding silenced by `check.silence`"),
        count => terminal.say(&format!("{count} findings silenced by `check.silence`")),
    }
    if diagnostics.is_empty() && shown.is_whole {
        let (subject, objects) = (&shown.subject, shown.objects);
        terminal.say(&format!("{subject}: {objects} objects, nothing wrong"));
    }
    let denied = denies_warnings && diagnostics.warnings() > 0;
    Ok(if diagnostics.errors() > 0 || denied || !shown.is_whole {
        Exit::Error
    } else {
        Exit::Done
    })
}

fn json(problems: &[Problem]) -> String {
    let (silenced, open): (Vec<&Problem>, Vec<&Problem>) =
        problems.iter().partition(|one| one.silenced.is_some());
    let values =
        |list: &[&Problem]| -> Vec<Value> { list.iter().map(|one| problems::json(one)).collect() };
    let whole = json!({"findings": values(&open), "silenced": values(&silenced)});
    format!("{whole:#}\n")
}

/// A test for every finding, and one for every check that found nothing. The names
/// stay the same from run to run: those of the code and of the object.
fn junit(arguments: &Check, problems: &[Problem]) -> anyhow::Result<String> {
    let warnings_fail = arguments.deny == Some(Deny::Warnings);
    let mut cases: Vec<Case> = problems
        .iter()
        .map(|problem| Case {
            name: match &problem.object {
                Some(object) => format!("{} {object}", problem.code.0),
                None => problem.code.0.to_owned(),
            },
            verdict: Verdict::of_one(problem, warnings_fail),
        })
        .collect();
    let finds = |code: &str| problems.iter().any(|one| one.code.0 == code);
    let ran = kpbuild_check::codes_of_checks().into_iter();
    let ran = ran.filter(|code: &&'static str| is_wanted(arguments, Code(code)));
    cases.extend(ran.filter(|code| !finds(code)).map(|code| Case {
        name: code.to_owned(),
        verdict: Verdict::Passed,
    }));
    let suite = Suite {
        title: "kpbuild check".to_owned(),
        cases,
    };
    problems::junit("kpbuild check", &[suite])
}

fn is_wanted(arguments: &Check, code: Code) -> bool {
    arguments.only.is_empty() || arguments.only.iter().any(|only| only == code.0)
}
