//! A route to a receiver that does not exist.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::alerting::{readable, routes};
use crate::check::{Check, Findings};
use crate::facts::{Facts, items};

pub(super) const CHECK: Check = Check {
    code: Code("receiver-missing"),
    severity: Severity::Error,
    page: "\
A route of the Alertmanager configuration names a receiver that `receivers` does
not have. Alertmanager does not load such a configuration.

To mend it, correct the name, or add the receiver.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (object, config) in readable(facts) {
        let names: Vec<&str> = items(&config["receivers"])
            .filter_map(|receiver| receiver["name"].as_str())
            .collect();
        for wanted in routes(&config["route"])
            .into_iter()
            .filter_map(|route| route["receiver"].as_str())
        {
            if !names.contains(&wanted) {
                let message = format!(
                    "a route in `{}` leads to the receiver `{wanted}`, which does not exist",
                    object.key()
                );
                let help = nearest(wanted, names.iter().copied())
                    .map_or("add it to `receivers`".to_owned(), |near| {
                        format!("did you mean `{near}`?")
                    });
                findings.on(object, message).help(help);
            }
        }
    }
}
