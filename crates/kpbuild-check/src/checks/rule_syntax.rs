//! An expression that Prometheus does not understand.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: Code("rule-syntax"),
    severity: Severity::Error,
    page: "\
The expression of a rule is not PromQL. The operator refuses the whole
PrometheusRule object, so that all of its rules are missing; where its webhook
runs, the object cannot be applied.

To mend it, try the expression in Prometheus' own query page.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for rule in &facts.rules {
        if let Err(error) = &rule.expr {
            let reason = error.lines().next().unwrap_or_default();
            let message = format!(
                "{} in `{}` is not PromQL: {reason}",
                rule.words(),
                rule.object.key()
            );
            findings
                .on_rule(rule, message)
                .note(format!("the expression is `{}`", rule.text.trim()))
                .help("mend the expression");
        }
    }
}
