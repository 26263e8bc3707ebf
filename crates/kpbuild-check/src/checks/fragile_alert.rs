//! An alert that fires by chance.

use std::collections::BTreeSet;

use kpbuild_core::{Code, Severity};
use promql_parser::parser::{AggregateExpr, BinaryExpr, Expr};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::{parts, uses};

pub(super) const CHECK: Check = Check {
    code: Code("fragile-alert"),
    severity: Severity::Warning,
    page: "\
`topk`, `bottomk`, `limitk` and `limit_ratio` pick other series from one evaluation
to the next: an alert on what they give resolves and fires again although nothing
has changed. Arithmetic between sums over different jobs is wrong for a moment when
Prometheus restarts and has scraped only one of them; without a `for` the alert
fires on that.

To mend it, alert on all series, or set `for`.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for rule in facts.rules.iter().filter(|rule| rule.is_alert) {
        let Ok(expr) = &rule.expr else { continue };
        let place = format!("{} in `{}`", rule.words(), rule.object.key());
        for part in parts(expr) {
            match part {
                Expr::Aggregate(aggregate) if picks(aggregate) => findings
                    .on_rule(
                        rule,
                        format!("{place} is about what `{}` picks", aggregate.op),
                    )
                    .help("alert on all series: which ones are picked changes all the time"),
                Expr::Binary(binary)
                    if rule.value["for"].is_null() && mixes_jobs(facts, binary) =>
                {
                    findings
                        .on_rule(
                            rule,
                            format!(
                                "{place} calculates with sums over different jobs and has no `for`"
                            ),
                        )
                        .help("set `for`: after a restart one of them is scraped first");
                }
                _ => {}
            }
        }
    }
}

/// One of each group is picked where a join needs one, whichever it is.
fn picks(aggregate: &AggregateExpr) -> bool {
    let operator = aggregate.op.to_string();
    let is_one = matches!(aggregate.param.as_deref(), Some(Expr::NumberLiteral(number)) if number.val <= 1.0);
    ["topk", "bottomk", "limitk", "limit_ratio"].contains(&operator.as_str())
        && !(is_one && aggregate.modifier.is_some())
}

/// Whether an operator calculates with aggregations over jobs that differ.
fn mixes_jobs(facts: &Facts<'_>, binary: &BinaryExpr) -> bool {
    let is_arithmetic = !binary.op.is_set_operator() && !binary.op.is_comparison_operator();
    let jobs = |side: &Expr| -> Option<BTreeSet<String>> {
        let aggregates = parts(side)
            .iter()
            .any(|part| matches!(part, Expr::Aggregate(_)));
        let jobs = uses(side).into_iter().flat_map(|one| {
            let sources = facts.sources(one.name().unwrap_or_default(), &one.selector.matchers);
            sources
                .into_iter()
                .filter_map(|(scrape, _)| scrape.job.clone())
        });
        aggregates.then(|| jobs.collect())
    };
    let (Some(left), Some(right)) = (jobs(&binary.lhs), jobs(&binary.rhs)) else {
        return false;
    };
    is_arithmetic && !left.is_empty() && !right.is_empty() && left.is_disjoint(&right)
}
