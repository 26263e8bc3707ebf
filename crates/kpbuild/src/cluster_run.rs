//! What `diff`, `apply` and `delete` share: the stack's cluster, and how runs
//! on it are reported.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context as _, bail};
use kpbuild_cluster::{
    Action, Cluster, ClusterError, Obstacle, Plan, Report, RunOptions, StackId, Target,
};
use kpbuild_core::{Bundle, Code, Diagnostic, Diagnostics, ObjectKey, Severity, SourceMap};
use kpbuild_stack::Stack;

use crate::cli::{Connection, RunFormat, Waiting};
use crate::compile;
use crate::files::Files;
use crate::plan_report::{self, Changes};
use crate::progress::word;
use crate::terminal::Terminal;

/// The server does not take an object.
pub(crate) const REFUSED: Code = Code("cluster-refused");

/// A stack that was compiled without errors.
pub(crate) struct Compiled {
    pub(crate) stack: Stack,
    pub(crate) bundle: Bundle,
    pub(crate) sources: SourceMap,
}

impl Compiled {
    /// What the server cannot judge yet, because its definition or namespace is
    /// still to come, is held to the definitions that come with kpbuild: the
    /// server's own refusal would come in the middle of the work.
    pub(crate) fn allows(&self, plan: &Plan, terminal: &mut Terminal) -> bool {
        let unjudged = |key: &ObjectKey| {
            let mut steps = plan.steps.iter();
            steps.any(|step| step.is_premature && step.object == *key)
        };
        if !plan.steps.iter().any(|step| step.is_premature) {
            return true;
        }
        let offline = |code: Code| OFFLINE.contains(&code.0);
        let mut diagnostics = Diagnostics::default();
        diagnostics.extend(
            kpbuild_check::check(&self.bundle, &self.stack.checking, offline)
                .into_iter()
                .filter(|finding| finding.diagnostic.severity == Severity::Error)
                .filter(|finding| finding.object.as_ref().is_some_and(unjudged))
                .map(|finding| finding.diagnostic),
        );
        terminal.findings(&diagnostics, &self.sources);
        diagnostics.is_empty()
    }
}

/// The checks of what the API server would refuse.
const OFFLINE: [&str; 4] = ["schema", "object-name", "object-namespace", "object-labels"];

/// Compiles a stack and says what is wrong with it; nothing if it is too wrong.
pub(crate) fn compiled(path: &Path, terminal: &mut Terminal) -> anyhow::Result<Option<Compiled>> {
    let compiled = compile::read(&Files::default(), path)?;
    terminal.findings(&compiled.diagnostics, &compiled.sources);
    Ok(compiled.rendered.ok().map(|(stack, bundle)| Compiled {
        stack,
        bundle,
        sources: compiled.sources,
    }))
}

/// Connects to the cluster that is meant, and to no other.
pub(crate) fn connect(stack: &Stack, connection: &Connection) -> anyhow::Result<Cluster> {
    let target = Target {
        kubeconfig: connection.kubeconfig.clone(),
        context: connection.context.clone(),
    };
    let cluster = Cluster::connect(&target)?;
    let context = cluster.context();
    if let Some(wanted) = stack.context.as_ref().filter(|name| **name != context.name) {
        bail!(
            "stack `{}` is for the context `{wanted}`, not for `{}` ({}); use `--context {wanted}`",
            stack.name,
            context.name,
            context.server
        );
    }
    // A context is a name in somebody's own file: two people may call different clusters the same.
    let same = |address: &&String| address.trim_end_matches('/') == context.server;
    if let Some(wanted) = stack.server.as_ref().filter(|address| !same(address)) {
        bail!(
            "stack `{}` is for the server {wanted}, and the context `{}` leads to {}; choose another with `--context`",
            stack.name,
            context.name,
            context.server
        );
    }
    Ok(cluster)
}

/// By what the cluster knows the stack.
pub(crate) fn identity(stack: &Stack) -> StackId {
    StackId {
        name: stack.name.clone(),
        namespace: stack.namespace.clone(),
    }
}

/// What the server refuses, each at the line of the stack that asks for it.
pub(crate) fn refusals(plan: &Plan) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    for step in plan.refused() {
        let message = step.obstacles.iter().find_map(|obstacle| match obstacle {
            Obstacle::Refused { message, .. } => Some(message.as_str()),
            _ => None,
        });
        let text = format!(
            "`{}` is refused: {}",
            step.object,
            message.unwrap_or("no reason given")
        );
        let mut diagnostic = Diagnostic::error(REFUSED, text);
        if let Some(origin) = &step.origin {
            diagnostic = diagnostic
                .at_some(origin.span, "asked for here")
                .note(format!("it comes from `{}`", origin.component));
        }
        diagnostics.push(diagnostic);
    }
    diagnostics
}

/// How a plan is carried out, from the arguments.
pub(crate) fn run_options(
    connection: &Connection,
    waiting: &Waiting,
    take_from: &[String],
) -> anyhow::Result<RunOptions> {
    Ok(RunOptions {
        concurrency: connection.concurrency,
        wait: (!waiting.no_wait).then_some(waiting.timeout),
        take_from: take_from.to_vec(),
        holder: holder(),
        stop: stop_on_signals()?,
    })
}

/// Who runs this, for others who find the lock.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge where the environment is read"
)]
fn holder() -> String {
    let variable = |name| {
        std::env::var(name)
            .ok()
            .filter(|value: &String| !value.is_empty())
    };
    let user = variable("USER")
        .or_else(|| variable("USERNAME"))
        .unwrap_or_else(|| "somebody".to_owned());
    let host = variable("HOSTNAME")
        .or_else(|| std::fs::read_to_string("/etc/hostname").ok())
        .unwrap_or_else(|| "a machine without a name".to_owned());
    format!("{user} on {} (process {})", host.trim(), std::process::id())
}

/// The first Ctrl-C lets the requests that are under way finish, the second does not.
pub(crate) fn stop_on_signals() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let registered =
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)));
        registered.context("cannot listen for Ctrl-C")?;
    }
    Ok(stop)
}

/// Asks for confirmation, unless it was given.
pub(crate) fn confirmed(
    question: &str,
    yes: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !terminal.can_ask() {
        bail!(
            "nobody can be asked here, so nothing was changed: look at the plan above and add `--yes`"
        );
    }
    terminal.confirm(question)
}

/// The last line of a run: what was done, with how many requests.
pub(crate) fn report_line(report: &Report) -> String {
    let mut parts: Vec<String> = report
        .outcomes
        .iter()
        .map(|(outcome, number)| format!("{number} {}", word(*outcome)))
        .collect();
    for (number, word) in [(report.failed, "failed"), (report.left, "not begun")] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    let done = if parts.is_empty() {
        "nothing to do".to_owned()
    } else {
        parts.join(", ")
    };
    format!("{done} ({} requests)", report.requests)
}

/// The first event of a run: what it is about to do.
pub(crate) fn begin(
    changes: &Changes<'_>,
    format: RunFormat,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    if format == RunFormat::Text {
        return Ok(());
    }
    let mut event = plan_report::json(changes);
    event["event"] = "plan".into();
    terminal.data(&format!("{event}\n"))
}

/// Says what is done and what is not, however the run has ended.
pub(crate) fn finish(
    report: &Report,
    result: Result<(), ClusterError>,
    format: RunFormat,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    if format == RunFormat::Json {
        let mut event = serde_json::to_value(report).expect("a report is JSON");
        event["event"] = "end".into();
        event["error"] = result.as_ref().err().map(ToString::to_string).into();
        terminal.data(&format!("{event}\n"))?;
    }
    terminal.say(&report_line(report));
    Ok(result?)
}

/// Why a plan cannot be carried out.
pub(crate) fn refuse_obstacles(plan: &Plan) -> anyhow::Result<()> {
    let blocked = plan
        .steps
        .iter()
        .filter(|step| !step.obstacles.is_empty())
        .count();
    match (plan.count(Action::Unknown), blocked) {
        (_, 0) => Ok(()),
        (0, 1) => bail!("1 object cannot be applied as it is; nothing was written"),
        (0, blocked) => {
            bail!("{blocked} objects cannot be applied as they are; nothing was written")
        }
        (refused, _) => bail!("the server refuses {refused} of the objects; nothing was written"),
    }
}
