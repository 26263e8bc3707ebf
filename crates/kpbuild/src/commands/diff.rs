//! `kpbuild diff`: what applying a stack would change, and what that means; or,
//! without a cluster, what has changed since a revision.

use kpbuild_cluster::{Plan, PlanOptions};
use kpbuild_core::{SourceMap, Style};

use crate::cli::{Diff, PlanFormat};
use crate::cluster_run::{compiled, connect, identity, refusals};
use crate::compare::{Base, Compared, Rendering, Side, labels};
use crate::exit::Exit;
use crate::files::Files;
use crate::plan_report::{self, Changes, Detail};
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &Diff, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    match (Base::of_diff(arguments)?, &arguments.stacks[..]) {
        (Some(base), _) => with_base(&base, arguments, terminal),
        (None, [_]) => with_cluster(arguments, terminal),
        (None, _) => anyhow::bail!(
            "a cluster is compared with one stack: give one, or `--base REVISION` or `--against DIR` to compare several without a cluster"
        ),
    }
}

fn with_cluster(arguments: &Diff, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let Some(compiled) = compiled(&arguments.stacks[0], terminal)? else {
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
    let name = &compiled.stack.name;
    report(name, &Changes::of_one(name, plan), arguments, terminal)?;
    let refusals = refusals(plan);
    terminal.findings(&refusals, &compiled.sources);
    if !refusals.is_empty() || !compiled.allows(plan, terminal) {
        return Ok(Exit::Error);
    }
    Ok(exit(plan.is_empty(), arguments))
}

fn with_base(base: &Base, arguments: &Diff, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let mut all = Vec::new();
    for path in &arguments.stacks {
        let before = Rendering::of(&base.files, path)?;
        let mut after = Rendering::of(&Files::default(), path)?;
        after.tell_new_name(&before);
        if matches!((&before.side, &after.side), (Side::Absent, Side::Absent)) {
            // Says which file was probably meant.
            crate::load::read(&Files::default(), &mut SourceMap::default(), path)?;
        }
        all.push((
            path.as_path(),
            Compared::of(before, after, &arguments.target),
        ));
    }
    for (path, compared) in &all {
        terminal.findings(&compared.after.diagnostics, &compared.after.sources);
        if compared.before().is_broken() {
            terminal.say(&format!(
                "`{}` cannot be rendered in {}, so it cannot be compared:\n",
                path.display(),
                base.name
            ));
            terminal.findings(&compared.before().diagnostics, &compared.before().sources);
        }
    }
    let stacks: Vec<_> = all
        .iter()
        .map(|(path, compared)| {
            let name = compared.after.name().or(compared.before().name());
            (*path, name)
        })
        .collect();
    let names = labels(&stacks);
    let plans: Vec<(&str, &Plan)> = names
        .iter()
        .zip(&all)
        .filter_map(|(name, (_, compared))| Some((name.as_str(), compared.plan.as_ref()?)))
        .collect();
    let is_empty = plans.iter().all(|(_, plan)| plan.is_empty());
    let is_broken = plans.len() < all.len();
    if !plans.is_empty() {
        let title = match &names[..] {
            [name] => format!("{name} compared with {}", base.name),
            names => format!("{} stacks compared with {}", names.len(), base.name),
        };
        report(&title, &Changes::of(plans), arguments, terminal)?;
    }
    Ok(if is_broken {
        Exit::Error
    } else {
        exit(is_empty, arguments)
    })
}

fn report(
    title: &str,
    changes: &Changes<'_>,
    arguments: &Diff,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let text = match arguments.format {
        PlanFormat::Text => plan_report::text(changes, detail(arguments, terminal)),
        PlanFormat::Json => format!("{:#}\n", plan_report::json(changes)),
        PlanFormat::Markdown => plan_report::markdown(title, changes),
    };
    terminal.data(&text)
}

fn exit(is_empty: bool, arguments: &Diff) -> Exit {
    if is_empty || arguments.exit_zero {
        Exit::Done
    } else {
        Exit::Changes
    }
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
