//! The rate of something that also falls.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::metrics::Kind;
use crate::promql::{Around, uses};

pub(super) const CHECK: Check = Check {
    code: Code("rate-of-gauge"),
    severity: Severity::Warning,
    page: "\
`rate`, `irate`, `increase` and `resets` take every fall of a value for a restart
of its process and count from zero again: over a gauge, which may fall, the
result is nonsense. Over the sum of counters it is as well, since one restart
looks like a fall of the whole.

Gauges that only grow by their names (`..._timestamp_seconds`, `..._total`) are left
alone.

To mend it, use `deriv` or `delta` for gauges, and take the rate before the sum.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in facts.expressions() {
        for one in uses(expression.expr) {
            let Some(function) = one.around.iter().rev().find_map(of_counters) else {
                continue;
            };
            let Some(name) = one.name() else { continue };
            let place = expression.place();
            let aggregated = one
                .around
                .iter()
                .rev()
                .take_while(|around| of_counters(around).is_none())
                .any(is_sum);
            let sources = facts.sources(name, &one.selector.matchers);
            if aggregated {
                findings
                    .on_expression(
                        &expression,
                        format!("{place} takes {function} of a sum of `{name}`"),
                    )
                    .help("take the rate first, then the sum");
            } else if !sources.is_empty()
                && !only_grows(name)
                && sources.iter().all(|(_, series)| series.kind == Kind::Gauge)
            {
                findings
                    .on_expression(
                        &expression,
                        format!("{place} takes {function} of the gauge `{name}`"),
                    )
                    .help("use `deriv` or `delta`");
            }
        }
    }
}

/// Whether a gauge is one only by its type: it holds a time, or a total.
fn only_grows(name: &str) -> bool {
    name.ends_with("timestamp_seconds") || name.ends_with("_total")
}

/// Of the greatest of several counters the rate may be meant.
fn is_sum(around: &Around) -> bool {
    matches!(around, Around::Aggregate(name) if ["sum", "avg"].contains(&name.as_str()))
}

fn of_counters(around: &Around) -> Option<&'static str> {
    match around {
        Around::Call(name) => ["rate", "irate", "increase", "resets"]
            .into_iter()
            .find(|one| one == name),
        _ => None,
    }
}
