//! The command-line program: arguments in, text and an exit code out.
//!
//! One file a subcommand in [`commands`]; only [`terminal`] prints; only `main`
//! exits.

mod administrator;
mod backtest;
mod batch;
mod chart;
mod ci;
mod cli;
mod cluster_run;
mod commands;
mod compare;
mod compile;
mod exit;
mod files;
mod findings;
mod folder;
mod import;
mod listen;
mod load;
mod manifests;
mod plan_report;
mod problems;
mod progress;
mod prometheus;
mod prometheus_api;
mod promtool;
mod query_report;
mod questions;
mod reach;
mod read_manifests;
mod rule_tests;
mod status;
mod terminal;
mod test_report;
mod time_words;
mod vendor;
mod version;
mod workers;

use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::exit::Exit;
use crate::terminal::Terminal;

/// Jsonnet makes very many small objects.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A thread that ends looks through everything that its interpreter has made for
/// garbage, which takes a fifth of the time of a render and is of no use to a
/// process that ends as well. So the work is done in a thread that never ends.
fn main() -> ExitCode {
    let (tell, hear) = mpsc::channel();
    let work = move || {
        // Whoever listens waits for it.
        let _ = tell.send(program());
        loop {
            thread::park();
        }
    };
    // As much as the first thread of a process has.
    let thread = thread::Builder::new().stack_size(8 << 20);
    match thread.spawn(work) {
        // A fault of kpbuild has ended the thread, and has been shown.
        Ok(_) => hear.recv().unwrap_or(ExitCode::from(101)),
        Err(_) => program(),
    }
}

fn program() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return terminal::usage(&error).into(),
    };
    let mut terminal = Terminal::new(cli.global.color);
    run(&cli, &mut terminal)
        .unwrap_or_else(|error| terminal.failure(&error))
        .into()
}

fn run(cli: &Cli, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    match &cli.command {
        Command::Apply(arguments) => commands::apply::run(arguments, terminal),
        Command::Check(arguments) => commands::check::run(arguments, terminal),
        Command::Ci(arguments) => commands::ci::run(arguments, terminal),
        Command::Completions(arguments) => commands::completions::run(arguments, terminal),
        Command::Delete(arguments) => commands::delete::run(arguments, terminal),
        Command::Diff(arguments) => commands::diff::run(arguments, terminal),
        Command::Explain(arguments) => commands::explain::run(arguments, terminal),
        Command::Forward(arguments) => commands::forward::run(arguments, terminal),
        Command::GrafanaPassword(arguments) => commands::grafana_password::run(arguments, terminal),
        Command::Import(arguments) => commands::import::run(arguments, terminal),
        Command::Init(arguments) => commands::init::run(arguments, terminal),
        Command::Man(arguments) => commands::man::run(arguments, terminal),
        Command::Mixin(arguments) => commands::mixin::run(arguments, terminal),
        Command::Query(arguments) => commands::query::run(arguments, terminal),
        Command::Render(arguments) => commands::render::run(arguments, terminal),
        Command::Schema(arguments) => commands::schema::run(arguments, terminal),
        Command::Status(arguments) => commands::status::run(arguments, terminal),
        Command::Test(arguments) => commands::test::run(arguments, terminal),
    }
}
