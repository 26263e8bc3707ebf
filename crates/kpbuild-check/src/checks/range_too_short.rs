//! A window that holds too few samples.

use std::collections::BTreeSet;
use std::time::Duration;

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::uses;

pub(super) const CHECK: Check = Check {
    code: Code("range-too-short"),
    severity: Severity::Warning,
    page: "\
`rate`, `increase` and their like need two samples in the window, and a missed
scrape, or one that is late, must not leave a gap: a window holds at least four
scrapes, one of `irate` and `idelta` two. How often a metric is scraped is read
from the monitors of the stack; of several, the shortest interval counts.

To mend it, widen the window, or scrape more often.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    // Several queries of a panel with one window are one finding.
    let mut said = BTreeSet::new();
    for expression in facts.expressions() {
        for one in uses(expression.expr) {
            let (Some(range), Some(name), Some(function)) = (one.range, one.name(), one.function())
            else {
                continue;
            };
            let Some(scrapes) = needs(function) else {
                continue;
            };
            let sources = facts.sources(name, &one.selector.matchers);
            let Some(interval) = sources.iter().map(|(scrape, _)| scrape.interval).min() else {
                continue;
            };
            if range < Duration::from_millis(interval * scrapes)
                && said.insert((expression.place(), range))
            {
                let message = format!(
                    "{} takes {function} over {}s of `{name}`",
                    expression.place(),
                    range.as_secs()
                );
                let words = findings.on_expression(&expression, message).note(format!(
                    "it is scraped every {}s, and the window needs {scrapes} scrapes",
                    interval / 1000
                ));
                words.help(format!(
                    "widen the window to {}s",
                    interval * scrapes / 1000
                ));
            }
        }
    }
}

/// How many scrapes the window of a function needs.
fn needs(function: &str) -> Option<u64> {
    match function {
        "rate"
        | "increase"
        | "delta"
        | "deriv"
        | "predict_linear"
        | "double_exponential_smoothing" => Some(4),
        "irate" | "idelta" => Some(2),
        _ => None,
    }
}
