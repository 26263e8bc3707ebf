//! `kpbuild delete`: takes a stack away again. Only what the stack's inventory
//! holds goes; what holds data goes only when it is named.

use kpbuild_cluster::{Action, Event, PlanOptions};

use crate::cli::{Delete, RunFormat};
use crate::cluster_run::{begin, compiled, confirmed, connect, finish, identity, run_options};
use crate::exit::Exit;
use crate::plan_report::{self, Changes, Detail};
use crate::progress::Progress;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &Delete, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let Some(compiled) = compiled(&arguments.stack, terminal)? else {
        return Ok(Exit::Error);
    };
    let cluster = connect(&compiled.stack, &arguments.connection)?;
    let stack = identity(&compiled.stack);
    let options = PlanOptions {
        delete_data: arguments.with_data.clone(),
        concurrency: arguments.connection.concurrency,
        check_permissions: true,
        ..PlanOptions::default()
    };
    let planned = cluster.plan_deletion(&stack, &compiled.bundle, &options)?;
    let detail = Detail {
        style: terminal.style(),
        fields: false,
        lines: None,
        whole: false,
    };
    let changes = Changes::of_one(&stack.name, &planned.plan);
    terminal.say(plan_report::text(&changes, detail).trim_end());
    begin(&changes, arguments.format, terminal)?;
    if planned.plan.count(Action::Keep) > 0 {
        terminal.say("what is kept goes too when it is named: --delete-data KIND/NAME");
    }
    let context = cluster.context();
    let question = format!("Delete from {} ({})?", context.name, context.server);
    if !planned.plan.is_empty() && !confirmed(&question, arguments.yes, terminal)? {
        terminal.say("nothing was changed");
        return Ok(Exit::Error);
    }
    let options = run_options(&arguments.connection, &arguments.waiting, &[])?;
    let mut progress = Progress::new(terminal, arguments.format == RunFormat::Json);
    let mut show = |event: &Event<'_>| progress.show(event);
    let (report, result) = cluster.delete(&stack, &planned, &options, &mut show);
    drop(progress);
    finish(&report, result, arguments.format, terminal)?;
    Ok(Exit::Done)
}
