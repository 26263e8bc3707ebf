//! `kpbuild render`: a stack becomes manifests.

use std::path::Path;

use kpbuild_core::{Bundle, Diagnostics, SourceMap};
use kpbuild_stack::Stack;

use crate::cli::Render;
use crate::compile::compile;
use crate::exit::Exit;
use crate::files::Files;
use crate::terminal::Terminal;
use crate::{folder, load, manifests};

pub(crate) fn run(arguments: &Render, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let files = Files::default();
    let mut sources = SourceMap::default();
    let file = load::read(&files, &mut sources, &arguments.stack)?;
    let mut diagnostics = Diagnostics::default();
    let rendered = compile(
        &files,
        &arguments.stack,
        file,
        &mut sources,
        &mut diagnostics,
    );
    terminal.findings(&diagnostics, &sources);
    let Ok((stack, bundle)) = rendered else {
        return Ok(Exit::Error);
    };
    if arguments.output == Path::new("-") {
        print(&bundle, arguments, terminal)?;
    } else {
        write(&stack, &bundle, arguments, terminal)?;
    }
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
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let mut files = manifests::files(bundle, &stack.namespace, arguments.format);
    if arguments.kustomization {
        files.push(manifests::kustomization(&files));
    }
    let summary = folder::write(&arguments.output, &files, arguments.overwrite)?;
    terminal.say(&format!(
        "{}: {} objects in {} ({} written, {} unchanged, {} removed)",
        stack.name,
        bundle.objects().len(),
        arguments.output.display(),
        summary.written,
        summary.unchanged,
        summary.removed
    ));
    Ok(())
}
