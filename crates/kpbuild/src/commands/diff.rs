//! `kpbuild diff`: what applying a stack would change, and what that means.

use kpbuild_cluster::PlanOptions;
use kpbuild_core::Style;

use crate::cli::{Diff, PlanFormat};
use crate::cluster_run::{compiled, connect, identity, refusals};
use crate::exit::Exit;
use crate::plan_report::{self, Detail};
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &Diff, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let Some(compiled) = compiled(&arguments.stack, terminal)? else {
        return Ok(Exit::Error);
    };
    let cluster = connect(&compiled.stack, &arguments.connection)?;
    let options = PlanOptions {
        targets: arguments.target.clone(),
        take_from: arguments.taking.take_from.clone(),
        allow_replace: arguments.taking.allow_replace.clone(),
        delete_data: arguments.taking.delete_data.clone(),
        concurrency: arguments.connection.concurrency,
        check_permissions: false,
    };
    let planned = cluster.plan(&identity(&compiled.stack), &compiled.bundle, &options)?;
    let plan = &planned.plan;
    let text = match arguments.format {
        PlanFormat::Text => plan_report::text(plan, detail(arguments, terminal)),
        PlanFormat::Json => plan_report::json(plan),
        PlanFormat::Markdown => plan_report::markdown(&compiled.stack.name, plan),
    };
    terminal.data(&text)?;
    let refusals = refusals(plan);
    if !refusals.is_empty() {
        terminal.findings(&refusals, &compiled.sources);
        return Ok(Exit::Error);
    }
    Ok(if plan.is_empty() || arguments.exit_zero {
        Exit::Done
    } else {
        Exit::Changes
    })
}

fn detail(arguments: &Diff, terminal: &Terminal) -> Detail {
    Detail {
        style: if terminal.colours_on_stdout() {
            Style::Colour
        } else {
            Style::Plain
        },
        fields: !arguments.summary,
        lines: (!arguments.summary).then_some(arguments.around),
        whole: arguments.full,
    }
}
