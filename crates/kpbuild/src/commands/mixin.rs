//! `kpbuild mixin`: brings mixins into `vendor/`, and keeps them at a version.

use std::path::Path;

use crate::cli::{Mixin, MixinCommand};
use crate::exit::Exit;
use crate::terminal::Terminal;
use crate::vendor::{Project, Report};

pub(crate) fn run(arguments: &Mixin, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let project = Project::open(&arguments.dir)?;
    let report = match &arguments.command {
        MixinCommand::Add { packages } => project.add(packages)?,
        MixinCommand::Update { packages } => project.update(packages)?,
        MixinCommand::Vendor => project.vendor()?,
    };
    for line in &report.lines {
        terminal.say(line);
    }
    for note in &report.notes {
        terminal.say(&format!("note: {note}"));
    }
    let packages = if report.count == 1 {
        "package"
    } else {
        "packages"
    };
    let dir = arguments.dir.strip_prefix(".").unwrap_or(&arguments.dir);
    let vendor = dir.join("vendor");
    terminal.say(&format!(
        "{} {packages} in {} ({} changed)",
        report.count,
        vendor.display(),
        report.lines.len()
    ));
    say_how_to_use(&report, dir, terminal);
    Ok(Exit::Done)
}

/// The lines for the stack file, where it is clear which file is the mixin.
fn say_how_to_use(report: &Report, dir: &Path, terminal: &mut Terminal) {
    let files = report
        .added
        .iter()
        .map(|folder| folder.join("mixin.libsonnet"));
    let mut mixins = files.filter(|file| file.is_file()).peekable();
    if mixins.peek().is_none() {
        return;
    }
    terminal.say("in the stack file:\n  mixins:");
    for file in mixins {
        let path = file.strip_prefix(dir).unwrap_or(&file);
        terminal.say(&format!("  - path: {}", path.display()));
    }
}
