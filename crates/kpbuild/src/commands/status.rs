//! `kpbuild status`: whether monitoring itself is healthy.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kpbuild_cluster::Cluster;
use kpbuild_core::Style;

use crate::cli::{Status as Arguments, StatusFormat};
use crate::cluster_run::{Compiled, compiled, connect, identity, stop_on_signals};
use crate::exit::Exit;
use crate::status::{self, Expected, Status};
use crate::terminal::Terminal;

/// How long a screen stays before it is drawn anew.
const PAUSE: Duration = Duration::from_secs(5);

pub(crate) fn run(arguments: &Arguments, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let Some(compiled) = compiled(&arguments.stack, terminal)? else {
        return Ok(Exit::Error);
    };
    let cluster = connect(&compiled.stack, &arguments.connection)?;
    let concurrency = arguments.connection.concurrency;
    let stop = stop_on_signals()?;
    loop {
        let status = of(&compiled, &cluster, concurrency)?;
        if arguments.watch {
            terminal.clear();
        }
        show(&status, arguments.format, terminal)?;
        let end = if status.healthy {
            Exit::Done
        } else {
            Exit::Error
        };
        if !arguments.watch || !pause(&stop) {
            return Ok(end);
        }
    }
}

/// The status of a stack now.
fn of(compiled: &Compiled, cluster: &Cluster, concurrency: usize) -> anyhow::Result<Status> {
    let expected = Expected {
        bundle: &compiled.bundle,
        id: identity(&compiled.stack),
    };
    let asked = status::ask(&expected, cluster, concurrency)?;
    Ok(status::judge(&expected, &asked))
}

fn show(status: &Status, format: StatusFormat, terminal: &mut Terminal) -> anyhow::Result<()> {
    let style = if terminal.colours_on_stdout() {
        Style::Colour
    } else {
        Style::Plain
    };
    terminal.data(&match format {
        StatusFormat::Text => status::text(status, style),
        StatusFormat::Json => serde_json::to_string(status).expect("a status is JSON") + "\n",
    })
}

/// Waits for the next look; false when the user has had enough.
fn pause(stop: &AtomicBool) -> bool {
    const STEP: Duration = Duration::from_millis(100);
    let mut waited = Duration::ZERO;
    while waited < PAUSE && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(STEP);
        waited += STEP;
    }
    !stop.load(Ordering::Relaxed)
}

/// Looks until all is well, for `apply --verify`: targets are scraped and rules
/// evaluated only some time after everything is ready.
pub(crate) fn verify(
    compiled: &Compiled,
    cluster: &Cluster,
    concurrency: usize,
    patience: Duration,
    stop: &AtomicBool,
    terminal: &mut Terminal,
) -> anyhow::Result<Exit> {
    let mut waited = Duration::ZERO;
    loop {
        let status = of(compiled, cluster, concurrency)?;
        let unscraped = status
            .targets
            .as_ref()
            .is_some_and(|targets| targets.up < targets.total);
        let unevaluated = status.rules.as_ref().is_some_and(|rules| rules.waiting > 0);
        let settled = status.healthy && !unscraped && !unevaluated;
        if settled || waited >= patience || !pause(stop) {
            terminal.say(status::text(&status, terminal.style()).trim_end());
            return Ok(if status.healthy {
                Exit::Done
            } else {
                Exit::Error
            });
        }
        if waited.is_zero() {
            terminal.say("waiting until all targets are up and all rules evaluated");
        }
        waited += PAUSE;
    }
}
