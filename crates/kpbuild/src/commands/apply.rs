//! `kpbuild apply`: makes the cluster what the stack says.

use kpbuild_cluster::{Event, PlanOptions};

use crate::administrator;
use crate::cli::{Apply, RunFormat};
use crate::cluster_run::{
    begin, compiled, confirmed, connect, finish, identity, refusals, refuse_obstacles, run_options,
};
use crate::commands::status;
use crate::exit::Exit;
use crate::plan_report::{self, Changes, Detail};
use crate::progress::Progress;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &Apply, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let Some(compiled) = compiled(&arguments.stack, terminal)? else {
        return Ok(Exit::Error);
    };
    let cluster = connect(&compiled.stack, &arguments.connection)?;
    let stack = identity(&compiled.stack);
    let options = PlanOptions {
        targets: arguments.target.clone(),
        take_from: arguments.taking.take_from.clone(),
        allow_replace: arguments.taking.allow_replace.clone(),
        delete_data: arguments.taking.delete_data.clone(),
        concurrency: arguments.connection.concurrency,
        check_permissions: true,
    };
    let mut planned = cluster.plan(&stack, &compiled.bundle, &options)?;
    let password_is_due = administrator::is_due(&compiled.stack, &cluster)?;
    let detail = Detail {
        style: terminal.style(),
        fields: true,
        lines: None,
        whole: false,
    };
    let changes = Changes::of_one(&stack.name, &planned.plan);
    terminal.say(plan_report::text(&changes, detail).trim_end());
    begin(&changes, arguments.format, terminal)?;
    let refusals = refusals(&planned.plan);
    terminal.findings(&refusals, &compiled.sources);
    refuse_obstacles(&planned.plan)?;
    if !compiled.allows(&planned.plan, terminal) {
        return Ok(Exit::Error);
    }
    let context = cluster.context();
    let question = format!("Apply to {} ({})?", context.name, context.server);
    if password_is_due {
        terminal.say("+ a Secret with a password for Grafana's administrator is made, once");
    }
    if (password_is_due || !planned.plan.is_empty())
        && !confirmed(&question, arguments.yes, terminal)?
    {
        terminal.say("nothing was changed");
        return Ok(Exit::Error);
    }
    let plan_options = options;
    let options = run_options(
        &arguments.connection,
        &arguments.waiting,
        &arguments.taking.take_from,
    )?;
    let mut progress = Progress::new(terminal, arguments.format == RunFormat::Json);
    let mut show = |event: &Event<'_>| progress.show(event);
    if password_is_due && arguments.target.is_empty() {
        let concurrency = arguments.connection.concurrency;
        administrator::make(&compiled, &cluster, &options, concurrency, &mut show)?;
        planned = cluster.plan(&stack, &compiled.bundle, &plan_options)?;
    }
    let (report, result) = cluster.apply(&stack, &compiled.bundle, &planned, &options, &mut show);
    drop(progress);
    finish(&report, result, arguments.format, terminal)?;
    if password_is_due && arguments.target.is_empty() {
        terminal.say("a password for Grafana was made: `kpbuild grafana-password` shows it");
    }
    if arguments.verify {
        return status::verify(
            &compiled,
            &cluster,
            arguments.connection.concurrency,
            arguments.waiting.timeout,
            &options.stop,
            terminal,
        );
    }
    Ok(Exit::Done)
}
