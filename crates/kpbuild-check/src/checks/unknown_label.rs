//! A label that a metric does not have.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::labels::selected;
use crate::promql::{Names, uses};

pub(super) const CHECK: Check = Check {
    code: Code("unknown-label"),
    severity: Severity::Warning,
    page: "\
A selector asks for a value of a label that the metric does not have: neither
the program that exposes it sets the label, nor the target, nor a relabelling of
the monitor. It selects nothing. For records, the labels are those that the
recording expression keeps.

`cluster` is left alone: it comes from outside of a single cluster.

To mend it, correct the label.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in facts.expressions().filter(|one| !facts.is_unmeasured(one)) {
        for one in uses(expression.expr) {
            let Names::Only(labels) = selected(facts, one.selector, 0) else {
                continue;
            };
            for matcher in one
                .selector
                .matchers
                .matchers
                .iter()
                .filter(|matcher| !matcher.is_match(""))
            {
                let asked = matcher.name.as_str();
                if labels.contains(asked) || ["cluster", "__name__"].contains(&asked) {
                    continue;
                }
                let name = one.name().unwrap_or_default();
                let message = format!(
                    "{} asks `{name}` for the label `{asked}`, which it does not have",
                    expression.place()
                );
                let all: Vec<&str> = labels.iter().map(String::as_str).collect();
                let help = nearest(asked, all.iter().copied())
                    .map_or(format!("its labels are `{}`", all.join("`, `")), |near| {
                        format!("did you mean `{near}`?")
                    });
                findings.on_expression(&expression, message).help(help);
            }
        }
    }
}
