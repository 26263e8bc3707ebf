//! A receiver that no route names.

use kpbuild_core::{Code, Severity};

use crate::alerting::{readable, routes};
use crate::check::{Check, Findings};
use crate::facts::{Facts, items};

pub(super) const CHECK: Check = Check {
    code: Code("receiver-unused"),
    severity: Severity::Warning,
    page: "\
A receiver of the Alertmanager configuration is named by no route: nothing is
ever sent to it. Somebody may believe to be notified.

To mend it, add a route to it, or remove it.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (object, config) in readable(facts) {
        let used: Vec<&str> = routes(&config["route"])
            .into_iter()
            .filter_map(|route| route["receiver"].as_str())
            .collect();
        for name in items(&config["receivers"])
            .filter_map(|receiver| receiver["name"].as_str())
            .filter(|name| !used.contains(name))
        {
            let message = format!(
                "no route in `{}` leads to the receiver `{name}`",
                object.key()
            );
            findings
                .on(object, message)
                .help("add a route to it, or remove it");
        }
    }
}
