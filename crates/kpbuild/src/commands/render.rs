//! `kpbuild render`: stacks become manifests.

use std::path::Path;

use kpbuild_core::{Bundle, Diagnostics};
use kpbuild_stack::Stack;

use crate::batch::{self, Batch, Done, Job, Opened};
use crate::cli::{Format, Render};
use crate::cluster_run::{Compiled, compiled};
use crate::compile;
use crate::exit::Exit;
use crate::files::Files;
use crate::findings;
use crate::folder::{self, FolderError, Summary};
use crate::terminal::Terminal;
use crate::{chart, load, manifests};

pub(crate) fn run(arguments: &Render, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    match arguments.stacks.as_slice() {
        [path] if !path.is_dir() => one(path, arguments, terminal),
        paths => several(batch::find(paths)?, arguments, terminal),
    }
}

fn one(path: &Path, arguments: &Render, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let Some(Compiled { stack, bundle, .. }) = compiled(path, terminal)? else {
        return Ok(Exit::Error);
    };
    if arguments.format == Format::Chart {
        return write_chart(path, arguments, &stack, &bundle, terminal);
    }
    if arguments.output == Path::new("-") {
        print(&bundle, arguments, terminal)?;
    } else {
        let summary = write(&stack, &bundle, arguments, &arguments.output)?;
        terminal.say(&format!(
            "{}: {} objects in {} ({})",
            stack.name,
            bundle.objects().len(),
            arguments.output.display(),
            numbers(summary)
        ));
    }
    Ok(Exit::Done)
}

/// The chart needs the same stack in another namespace, to know where the
/// namespace stands; what is wrong with that was said already.
fn write_chart(
    path: &Path,
    arguments: &Render,
    stack: &Stack,
    bundle: &Bundle,
    terminal: &mut Terminal,
) -> anyhow::Result<Exit> {
    if arguments.output == Path::new("-") {
        anyhow::bail!("a chart is a folder: add -o DIR");
    }
    if arguments.kustomization {
        anyhow::bail!("--kustomization is of no use in a chart");
    }
    let other = compile::read_into(chart::OTHER, &Files::default(), path)?;
    let Ok((_, rendered)) = other.rendered else {
        terminal.findings(&other.diagnostics, &other.sources);
        return Ok(Exit::Error);
    };
    let files = chart::files(stack, bundle, &rendered);
    let summary = folder::write(&arguments.output, &files, arguments.overwrite)?;
    terminal.say(&format!(
        "{}: a chart of {} objects in {} ({} files written, {} unchanged, {} removed)",
        stack.name,
        bundle.objects().len(),
        arguments.output.display(),
        summary.written,
        summary.unchanged,
        summary.removed
    ));
    Ok(Exit::Done)
}

/// Prints one stream. On a terminal the values of Secrets are hidden: what is
/// read over a shoulder or scrolls into a log is not applied.
fn print(bundle: &Bundle, arguments: &Render, terminal: &mut Terminal) -> anyhow::Result<()> {
    if arguments.kustomization {
        anyhow::bail!("--kustomization needs a folder: add -o DIR");
    }
    let hide_secrets = terminal.stdout_is_read_by_a_person();
    terminal.data(&manifests::stream(bundle, arguments.format, hide_secrets))?;
    if hide_secrets && bundle.of_kind("Secret").next().is_some() {
        terminal.say("values of Secrets are hidden on a terminal; redirect stdout or use -o DIR to have them");
    }
    Ok(())
}

fn write(
    stack: &Stack,
    bundle: &Bundle,
    arguments: &Render,
    folder: &Path,
) -> Result<Summary, FolderError> {
    let mut files = manifests::files(bundle, &stack.namespace, arguments.format);
    if arguments.kustomization {
        files.push(manifests::kustomization(&files));
    }
    folder::write(folder, &files, arguments.overwrite)
}

fn numbers(summary: Summary) -> String {
    format!(
        "{} written, {} unchanged, {} removed",
        summary.written, summary.unchanged, summary.removed
    )
}

/// Renders each stack into a folder of its name. A stack that is wrong has its
/// folder left as it is; the others are written all the same.
fn several(stacks: Batch, arguments: &Render, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    if arguments.output == Path::new("-") {
        anyhow::bail!("several stacks need a folder: add -o DIR");
    }
    if arguments.format == Format::Chart {
        anyhow::bail!("a chart is of one stack: call kpbuild for each");
    }
    let names: Vec<Option<String>> = stacks.jobs.iter().map(|job| job.name.clone()).collect();
    let report = stacks.run(|job, opened| into_folder(job, opened, arguments))?;
    terminal.findings(&report.diagnostics(), &report.sources);
    for failure in &report.failures {
        terminal.failure(failure);
    }
    let (mut objects, mut all) = (0, Summary::default());
    for (rendered, summary) in report.values.iter().flatten() {
        objects += rendered;
        all += *summary;
    }
    let written = report.values.iter().flatten().count();
    let stacks = if names.len() == 1 { "stack" } else { "stacks" };
    terminal.say(&format!(
        "{written} of {} {stacks}, {objects} objects in {} ({})",
        names.len(),
        arguments.output.display(),
        numbers(all)
    ));
    if report.left > 0 {
        terminal.say(&format!(
            "interrupted: {} stacks were not begun",
            report.left
        ));
    }
    for folder in others(&arguments.output, &names) {
        let folder = arguments.output.join(folder);
        terminal.say(&format!(
            "{} is of an earlier run, and of none of these stacks; remove it if its stack is gone",
            folder.display()
        ));
    }
    Ok(if written == names.len() {
        Exit::Done
    } else {
        Exit::Error
    })
}

/// How many objects a stack has, and what was written.
type Rendered = (usize, Summary);

fn into_folder(job: &Job, opened: Opened, arguments: &Render) -> Done<Rendered> {
    let Opened { mut sources, file } = opened;
    let mut diagnostics = Diagnostics::default();
    let compiled = compile::compile(
        &Files::default(),
        &job.path,
        file,
        &mut sources,
        &mut diagnostics,
    );
    let mut done = Done {
        value: None,
        found: findings::said(diagnostics),
        sources,
        failure: None,
    };
    if let Ok((stack, bundle)) = compiled
        && !job.is_twice
    {
        let folder = arguments.output.join(&stack.name);
        match write(&stack, &bundle, arguments, &folder) {
            Ok(summary) => done.value = Some((bundle.objects().len(), summary)),
            Err(error) => done.failure = Some(error.into()),
        }
    }
    done
}

/// The folders that an earlier run wrote for stacks which are not among these.
fn others(output: &Path, names: &[Option<String>]) -> Vec<String> {
    let is_here = |folder: &String| names.iter().flatten().any(|name| name == folder);
    let mut folders = load::names_in(&Files::default(), output);
    folders.retain(|folder| !is_here(folder) && folder::is_ours(&output.join(folder)));
    folders
}
