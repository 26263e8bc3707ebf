//! A template that names a label which the alert does not have.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::Names;
use crate::template;

pub(super) const CHECK: Check = Check {
    code: Code("template-label"),
    severity: Severity::Warning,
    page: "\
A template names a label with `$labels.name` that the expression of the alert
does not keep: an aggregation removed it, or the metric never had it. The text
shows nothing in its place.

`cluster` is left alone: it comes from outside of a single cluster.

To mend it, keep the label with `by (...)`, or do not mention it.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for rule in facts.rules.iter().filter(|rule| rule.is_alert) {
        let Ok(expr) = &rule.expr else { continue };
        let Names::Only(labels) = facts.labels(expr) else {
            continue;
        };
        for (field, text) in rule.templates() {
            for name in template::labels(text)
                .into_iter()
                .filter(|name| !labels.contains(*name) && *name != "cluster")
            {
                let message = format!(
                    "`{field}` of {} in `{}` names the label `{name}`, which the expression does not keep",
                    rule.words(),
                    rule.object.key()
                );
                let near = nearest(name, labels.iter().map(String::as_str));
                let help = near.map_or(
                    "keep the label with `by (...)`, or do not mention it".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                findings.on_rule(rule, message).help(help);
            }
        }
    }
}
