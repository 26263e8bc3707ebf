//! A metric that nothing exposes.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::metrics::metrics;
use crate::promql::uses;

pub(super) const CHECK: Check = Check {
    code: Code("unknown-metric"),
    severity: Severity::Warning,
    page: "\
A rule, panel, query of the adapter or objective of Pyrra reads a metric that no
component which the stack scrapes exposes, at the versions that kpbuild knows (see
crates/kpbuild-check/data/metrics.txt). The rule loads, and never gives anything.

If the stack scrapes something that kpbuild has no facts about (a monitor,
ScrapeConfig or Probe of yours), a name is only reported where the job of its
selector is a component that is known, or where it is a slip of a known name.

Nothing is said about dashboards none of whose metrics is there although kpbuild
knows them all, such as those for Windows in a stack without Windows nodes, nor
about the sides of `or` in queries that are no rules.

To mend it, correct the name, turn on the component that exposes it, or say in
the stack file that it is there: `check: {metrics: [my_metric_*]}`.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let others = facts.scrapes_unknown_targets();
    let mut existing = None;
    for expression in facts.expressions().filter(|one| !facts.is_unmeasured(one)) {
        for one in uses(expression.expr) {
            let Some(name) = one
                .name()
                .filter(|name| !name.contains(':') && !facts.exists(name))
                .filter(|_| !expression.allows_nothing(&one))
            else {
                continue;
            };
            let is_there = |one: &&str| facts.exists(one) || facts.exists(&format!("{one}_count"));
            let existing = existing
                .get_or_insert_with(|| metrics().names().filter(is_there).collect::<Vec<_>>());
            let near = nearest(name, existing.iter().copied());
            let elsewhere: Vec<&str> = metrics()
                .exposing(name)
                .map(|component| component.name)
                .collect();
            let mut of_job = facts
                .scrapes
                .iter()
                .filter(|scrape| scrape.job.is_some() && scrape.fits(&one.selector.matchers))
                .peekable();
            let known_job = one
                .selector
                .matchers
                .matchers
                .iter()
                .any(|matcher| matcher.name == "job")
                && of_job.peek().is_some()
                && of_job.all(|scrape| scrape.component.is_some());
            let slip = elsewhere.is_empty()
                && near.is_some_and(|near| near.len().abs_diff(name.len()) <= 1);
            if others && !known_job && !slip || is_open(name) {
                continue;
            }
            let message = format!(
                "{} reads `{name}`, which nothing exposes",
                expression.place()
            );
            let words = findings.on_expression(&expression, message);
            words.help(match (elsewhere.as_slice(), near) {
                ([], Some(near)) => format!("did you mean `{near}`?"),
                ([], None) => "correct the name, or scrape what exposes it".to_owned(),
                (some, _) => format!(
                    "{} exposes it, at an endpoint that this stack does not scrape",
                    some.join(", ")
                ),
            });
        }
    }
}

/// Families whose names come from the system or from configuration, so that no
/// list of them is complete.
fn is_open(name: &str) -> bool {
    [
        "node_memory_",
        "node_netstat_",
        "node_vmstat_",
        "node_zfs_",
        "node_ethtool_",
        "kube_customresource_",
        "grafana_",
    ]
    .iter()
    .any(|start| name.starts_with(start))
        && nearest(
            name,
            metrics()
                .names()
                .filter(|one| one.len().abs_diff(name.len()) <= 1),
        )
        .is_none_or(|near| near.len() + 2 < name.len())
}
