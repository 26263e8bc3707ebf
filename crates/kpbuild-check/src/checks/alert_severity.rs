//! An alert without a severity that routes know.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: Code("alert-severity"),
    severity: Severity::Warning,
    page: "\
The label `severity` decides where an alert is sent and what it inhibits. Alerts
of this stack have `critical` (somebody must act now), `warning` (somebody must
act soon), `info` (good to know beside another alert) or `none` (not for people).
An alert without it, or with another word that no route of the Alertmanager
configuration names, falls through to the default receiver.

To mend it, use one of the four, or name yours in a route.",
    run,
};

const KNOWN: [&str; 4] = ["critical", "warning", "info", "none"];

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let routed = crate::alerting::values(facts, "severity");
    for rule in facts.rules.iter().filter(|rule| rule.is_alert) {
        let place = format!("{} in `{}`", rule.words(), rule.object.key());
        match rule.label("severity") {
            None => findings
                .on_rule(rule, format!("{place} has no severity"))
                .help(format!(
                    "set the label `severity` to one of `{}`",
                    KNOWN.join("`, `")
                )),
            Some(severity)
                if !KNOWN.contains(&severity)
                    && !severity.contains("{{")
                    && !routed.iter().any(|one| one == severity) =>
            {
                let help = nearest(severity, KNOWN).map_or(
                    format!("use one of `{}`, or name it in a route", KNOWN.join("`, `")),
                    |near| format!("did you mean `{near}`?"),
                );
                findings
                    .on_rule(
                        rule,
                        format!("{place} has the severity `{severity}`, which no route knows"),
                    )
                    .help(help);
            }
            Some(_) => {}
        }
    }
}
