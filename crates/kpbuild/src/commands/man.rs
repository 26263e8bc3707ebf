//! `kpbuild man`: manual pages, for those who make packages.

use std::path::Path;

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::cli::{self, Cli};
use crate::exit::Exit;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &cli::Man, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create `{}`", folder.display()))?;
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let mut pages = vec![program.clone()];
    pages.extend(
        program
            .get_subcommands()
            .filter(|one| !one.is_hide_set())
            .cloned(),
    );
    for page in &pages {
        write(folder, page)?;
    }
    terminal.say(&format!(
        "{} manual pages in {}; `man {}` shows the first",
        pages.len(),
        folder.display(),
        folder.join("kpbuild.1").display()
    ));
    Ok(Exit::Done)
}

/// The page of the program, or of a subcommand: `kpbuild-render.1`.
fn write(folder: &Path, command: &Command) -> anyhow::Result<()> {
    let name = match command.get_name() {
        "kpbuild" => "kpbuild".to_owned(),
        subcommand => format!("kpbuild-{subcommand}"),
    };
    let path = folder.join(format!("{name}.1"));
    let mut page = Vec::new();
    // No date: the same program gives the same page.
    Man::new(command.clone())
        .title(name)
        .date("")
        .source(concat!("kpbuild ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)
        .and_then(|()| std::fs::write(&path, &page))
        .with_context(|| format!("cannot write `{}`", path.display()))
}
