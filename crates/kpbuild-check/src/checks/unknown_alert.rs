//! The state of an alert that no rule makes.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::uses;

pub(super) const CHECK: Check = Check {
    code: Code("unknown-alert"),
    severity: Severity::Warning,
    page: "\
`ALERTS{alertname=\"...\"}` is the state of an alert. No rule of the objects makes
an alert of this name: it may have been renamed or turned off, and what reads its
state gets nothing.

To mend it, correct the name.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let alerts: Vec<&str> = facts
        .rules
        .iter()
        .filter(|rule| rule.is_alert)
        .map(|rule| rule.name)
        .collect();
    if alerts.is_empty() {
        return;
    }
    for expression in facts.expressions() {
        for one in uses(expression.expr).into_iter().filter(|one| {
            one.name()
                .is_some_and(|name| ["ALERTS", "ALERTS_FOR_STATE"].contains(&name))
        }) {
            let matchers = &one.selector.matchers.matchers;
            for matcher in matchers.iter().filter(|one| one.name == "alertname") {
                if matcher.is_match("") || alerts.iter().any(|alert| matcher.is_match(alert)) {
                    continue;
                }
                let message = format!(
                    "{} reads the state of the alert `{}`, which does not exist",
                    expression.place(),
                    matcher.value
                );
                let help = match nearest(&matcher.value, alerts.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "correct the name".to_owned(),
                };
                findings.on_expression(&expression, message).help(help);
            }
        }
    }
}
