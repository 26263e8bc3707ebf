//! A label that changes with every evaluation.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::template;

pub(super) const CHECK: Check = Check {
    code: Code("template-value"),
    severity: Severity::Error,
    page: "\
A label of an alert holds `$value`. The labels are the identity of an alert: with
every new value it is another alert, whose `for` begins anew, so that it never
fires, or a flood of alerts that all resolve at once.

To mend it, put the value into an annotation.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for rule in facts.rules.iter().filter(|rule| rule.is_alert) {
        for (field, text) in rule.templates() {
            if field.starts_with("labels.") && template::has_value(text) {
                let message = format!(
                    "`{field}` of {} in `{}` holds the value, which changes all the time",
                    rule.words(),
                    rule.object.key()
                );
                findings
                    .on_rule(rule, message)
                    .help("put the value into an annotation");
            }
        }
    }
}
