//! A job that no monitor gives.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};
use promql_parser::label::MatchOp;

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::uses;

pub(super) const CHECK: Check = Check {
    code: Code("unknown-job"),
    severity: Severity::Warning,
    page: "\
The `job` of a series is the name of the Service that was scraped, or the value
of the label that the monitor's `jobLabel` names. A rule asks for a job that no
monitor of the stack gives: it selects nothing. The usual reason is a renamed
Service, or a monitor without its `jobLabel`.

If jobs are scraped that kpbuild cannot know (a ScrapeConfig, a Probe, a monitor
of other namespaces), nothing is said.

To mend it, use the job that is there.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let Some(jobs) = facts.jobs() else { return };
    for expression in facts.expressions().filter(|one| !facts.is_unmeasured(one)) {
        // `absent` asks on purpose for what is not there, and a name that does
        // not exist is another finding.
        for one in uses(expression.expr).iter().filter(|one| {
            one.name()
                .is_some_and(|name| facts.exists(name) && !facts.records.contains_key(name))
                && !expression.allows_nothing(one)
        }) {
            for matcher in one
                .selector
                .matchers
                .matchers
                .iter()
                .filter(|matcher| matcher.name == "job")
            {
                let positive =
                    matches!(matcher.op, MatchOp::Equal | MatchOp::Re(_)) && !matcher.is_match("");
                if positive && !jobs.iter().any(|job| matcher.is_match(job)) {
                    let message = format!(
                        "{} asks for the job `{}`, which no monitor gives",
                        expression.place(),
                        matcher.value
                    );
                    let all: Vec<&str> = jobs.iter().map(String::as_str).collect();
                    let help = nearest(&matcher.value, all.iter().copied())
                        .map_or(format!("the jobs are `{}`", all.join("`, `")), |near| {
                            format!("did you mean `{near}`?")
                        });
                    findings.on_expression(&expression, message).help(help);
                }
            }
        }
    }
}
