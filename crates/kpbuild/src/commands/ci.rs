//! `kpbuild ci`: what a change does to all stacks, for a pull request.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use kpbuild_core::{Severity, Style};

use crate::backtest;
use crate::ci::formats::{self, Wishes};
use crate::ci::report::Report;
use crate::ci::{Cache, Setting, Tests, discover, examine};
use crate::cli::{Ci, CiFormat, FailOn};
use crate::compare::Base;
use crate::exit::Exit;
use crate::files::Files;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &Ci, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let head = Files::default();
    let base = match (&arguments.base, &arguments.against) {
        (Some(revision), _) => Base::revision(beside(&arguments.stacks), revision)?,
        (None, Some(folder)) => Base::folder(folder)?,
        (None, None) => unreachable!("clap asks for one of the two"),
    };
    let stacks = discover::stacks(&arguments.stacks, &head, &base.files)?;
    let setting = Setting {
        head,
        base,
        tests: Tests::with(arguments.promtool.clone()),
        cache: cache(arguments)?,
        jobs: arguments.jobs,
    };
    let outcomes = examine(&stacks, &setting)?;
    if let Some(cache) = &setting.cache {
        cache.tidy();
        if cache.hits() > 0 {
            terminal.say(&format!(
                "{} of {} stacks are as in an earlier run",
                cache.hits(),
                stacks.len()
            ));
        }
    }
    let mut report = Report::new(&setting.base.name, outcomes, &setting.head);
    backtest::run(&mut report, &arguments.backtest)?;
    for (format, file) in &arguments.report {
        let text = formats::write(*format, &report, wishes(arguments, Style::Plain))?;
        write(file, &text)?;
    }
    let style = if arguments.format == CiFormat::Text && terminal.colours_on_stdout() {
        Style::Colour
    } else {
        Style::Plain
    };
    let text = formats::write(arguments.format, &report, wishes(arguments, style))?;
    terminal.data(&text)?;
    let exit = exit(&report, &arguments.fail_on);
    if let (Exit::Error | Exit::Changes, Some(reason)) = (exit, reason(&report, exit)) {
        terminal.say(&reason);
    }
    Ok(exit)
}

/// A path in the repository whose revision is meant.
fn beside(stacks: &[PathBuf]) -> &Path {
    stacks.first().map_or(Path::new("."), PathBuf::as_path)
}

fn wishes(arguments: &Ci, style: Style) -> Wishes<'_> {
    Wishes {
        style,
        url: arguments.report_url.as_deref(),
        warnings_fail: arguments.fail_on.contains(&FailOn::Warnings),
    }
}

/// Writes a report as a whole or not at all.
fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let failed = || format!("cannot write the report `{}`", file.display());
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).with_context(failed)?;
    let mut new = tempfile::Builder::new()
        .permissions(readable())
        .tempfile_in(folder)
        .with_context(failed)?;
    new.write_all(text.as_bytes()).with_context(failed)?;
    new.persist(file).with_context(failed)?;
    Ok(())
}

/// Reports are for others too: temporary files are otherwise their owner's only.
#[cfg(unix)]
fn readable() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::Permissions::from_mode(0o644)
}

/// The results of earlier runs, unless they are not wanted.
fn cache(arguments: &Ci) -> anyhow::Result<Option<Cache>> {
    if arguments.no_cache {
        return Ok(None);
    }
    match arguments.cache.clone().or_else(usual_cache) {
        Some(folder) => Cache::open(&folder).map(Some),
        None => Ok(None),
    }
}

/// Where programs keep what they can find out again: XDG's folder, or that of
/// macOS. Without a home there is none.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge where the environment is read"
)]
fn usual_cache() -> Option<PathBuf> {
    let folder = |name: &str| {
        let value = std::env::var_os(name).map(PathBuf::from);
        value.filter(|path| path.is_absolute())
    };
    let below_home = if cfg!(target_os = "macos") {
        "Library/Caches"
    } else {
        ".cache"
    };
    let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(below_home)))?;
    Some(caches.join("kpbuild/ci"))
}

fn exit(report: &Report, fail_on: &[FailOn]) -> Exit {
    let fails = |what| fail_on.contains(&what);
    if fails(FailOn::Never) {
        return Exit::Done;
    }
    // Whoever fails on changes does not pass with errors.
    let has_warnings = report.count(Severity::Warning) > 0;
    if report.has_errors() || (fails(FailOn::Warnings) && has_warnings) {
        Exit::Error
    } else if fails(FailOn::Changes) && report.has_changes() {
        Exit::Changes
    } else {
        Exit::Done
    }
}

/// Why the run fails, when that is not to be seen at once.
fn reason(report: &Report, exit: Exit) -> Option<String> {
    match exit {
        Exit::Changes => Some("there are changes (`--fail-on changes`)".to_owned()),
        Exit::Error if !report.has_errors() => {
            Some("there are warnings (`--fail-on warnings`)".to_owned())
        }
        _ => None,
    }
}
