//! `kpbuild check`: says what is wrong with a stack before anything is applied.

use kpbuild_check::Check as OneCheck;
use kpbuild_core::{Diagnostics, Severity, SourceMap};

use crate::check_report;
use crate::cli::{Check, CheckFormat, Deny};
use crate::commands::explain;
use crate::compile::compile_with_advice;
use crate::exit::Exit;
use crate::files::Files;
use crate::load;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &Check, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    for code in &arguments.only {
        anyhow::ensure!(kpbuild_check::page(code).is_some(), explain::unknown(code));
    }
    let files = Files::default();
    let mut sources = SourceMap::default();
    let file = load::read(&files, &mut sources, &arguments.stack)?;
    let mut diagnostics = Diagnostics::default();
    let compiled = compile_with_advice(
        &files,
        &arguments.stack,
        file,
        &mut sources,
        &mut diagnostics,
    );
    // A stack that cannot be rendered cannot be checked further; what is wrong
    // with it is said whatever is asked for.
    let mut objects = 0;
    if let Ok((_, bundle)) = &compiled {
        let mut of_render = std::mem::take(&mut diagnostics)
            .into_iter()
            .collect::<Vec<_>>();
        of_render.retain(|one| wants(arguments, one.code.0));
        let found = kpbuild_check::check(bundle, |check: &OneCheck| wants(arguments, check.code.0));
        objects = bundle.objects().len();
        diagnostics.extend(
            of_render
                .into_iter()
                .chain(found.into_iter().map(|finding| finding.diagnostic)),
        );
    }
    match arguments.format {
        CheckFormat::Text => terminal.report(&diagnostics, &sources)?,
        CheckFormat::Json => terminal.data(&check_report::json(&diagnostics, &sources))?,
        CheckFormat::Github => terminal.data(&check_report::github(&diagnostics, &sources))?,
    }
    if diagnostics.is_empty() {
        terminal.say(&format!(
            "{}: {objects} objects, nothing wrong",
            arguments.stack.display()
        ));
    }
    let denied = arguments.deny == Some(Deny::Warnings) && diagnostics.warnings() > 0;
    Ok(if diagnostics.errors() > 0 || denied {
        Exit::Error
    } else {
        Exit::Done
    })
}

fn wants(arguments: &Check, code: &str) -> bool {
    arguments.only.is_empty() || arguments.only.iter().any(|only| only == code)
}

/// How bad a finding is, in the words of a report.
pub(crate) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
