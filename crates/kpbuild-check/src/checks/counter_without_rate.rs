//! The value of a counter, which only says how long a process has run.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::metrics::Kind;
use crate::promql::{Around, Use, uses};

pub(super) const CHECK: Check = Check {
    code: Code("counter-without-rate"),
    severity: Severity::Warning,
    page: "\
A counter grows until its process restarts: a threshold on its value is crossed
one day whatever happens, and forgotten at the next restart. Use `rate` or
`increase`. Functions for which the value does not matter (`count`, `absent`,
`changes`, `resets`, `timestamp`, `group`), sides of `and`, `or` and `unless`,
and counts of a histogram that are compared with nothing else than 0 are fine.

To mend it, write `rate(metric[5m])`.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for rule in facts.rules.iter().filter(|rule| rule.is_alert) {
        let Ok(expr) = &rule.expr else { continue };
        for one in uses(expr).into_iter().filter(|one| !is_fine(one)) {
            let Some(name) = one.name().filter(|name| !name.ends_with("_count")) else {
                continue;
            };
            let sources = facts.sources(name, &one.selector.matchers);
            if !sources.is_empty()
                && sources
                    .iter()
                    .all(|(_, series)| series.kind == Kind::Counter)
            {
                let message = format!(
                    "{} in `{}` uses the value of the counter `{name}`",
                    rule.words(),
                    rule.object.key()
                );
                findings
                    .on_rule(rule, message)
                    .help(format!("write `rate({name}[5m])`"));
            }
        }
    }
}

fn is_fine(one: &Use<'_>) -> bool {
    matches!(one.around.last(), Some(Around::Set | Around::Alternative))
        || one.around.iter().any(|around| match around {
            Around::Call(name) => CALLS.contains(name),
            Around::Aggregate(name) => ["count", "group"].contains(&name.as_str()),
            _ => false,
        })
}

const CALLS: [&str; 14] = [
    "rate",
    "irate",
    "increase",
    "resets",
    "changes",
    "absent",
    "absent_over_time",
    "present_over_time",
    "count_over_time",
    "timestamp",
    "delta",
    "idelta",
    "deriv",
    "label_replace",
];
