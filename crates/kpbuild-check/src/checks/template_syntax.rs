//! A template that Prometheus cannot read.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::template;

pub(super) const CHECK: Check = Check {
    code: Code("template-syntax"),
    severity: Severity::Error,
    page: "\
Annotations and labels of alerts are templates: `{{ $labels.pod }}` and
`{{ $value | humanize }}` are replaced. A brace that is not closed, a function
that does not exist or an `if` without `end` make Prometheus reject the file, and
with it all rules of the object.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for rule in facts.rules.iter().filter(|rule| rule.is_alert) {
        for (name, text) in rule.templates() {
            if let Err(problem) = template::check(text) {
                let message = format!(
                    "`{name}` of {} in `{}` is no template: {problem}",
                    rule.words(),
                    rule.object.key()
                );
                findings.on_rule(rule, message).help(
                    "mend the template; functions are those of Prometheus' template reference",
                );
            }
        }
    }
}
