//! A record that no rule makes.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::uses;

pub(super) const CHECK: Check = Check {
    code: Code("unknown-record"),
    severity: Severity::Warning,
    page: "\
A name with a colon is by convention one that a recording rule makes. No rule of
the stack records it: what reads it gets nothing. It may have been renamed, or
the rules that record it may be turned off.

To mend it, correct the name, or turn the rules on that record it.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in facts.expressions().filter(|one| !facts.is_unmeasured(one)) {
        for one in uses(expression.expr) {
            let Some(name) = one
                .name()
                .filter(|name| name.contains(':') && !facts.exists(name))
                .filter(|_| !expression.allows_nothing(&one))
            else {
                continue;
            };
            let message = format!(
                "{} reads `{name}`, which no rule records",
                expression.place()
            );
            let near = nearest(name, facts.records.keys().copied());
            let help = near.map_or("turn the rule on that records it".to_owned(), |near| {
                format!("did you mean `{near}`?")
            });
            findings.on_expression(&expression, message).help(help);
        }
    }
}
