//! A severity that is sent nowhere.

use std::collections::BTreeSet;

use kpbuild_core::{Code, Severity};
use serde_json::Value;

use crate::alerting::{matchers, readable};
use crate::check::{Check, Findings};
use crate::facts::{Facts, items};

pub(super) const CHECK: Check = Check {
    code: Code("severity-unrouted"),
    severity: Severity::Warning,
    page: "\
Alerts of severity `critical` or `warning` end at a receiver that notifies
nobody, while other receivers of the same configuration do notify: the route to
one of them was probably forgotten. A receiver notifies if it has an integration
such as `webhook_configs`.

As long as no receiver notifies anybody, as in the configuration that a stack
starts with, nothing is said: that alerts are not sent is plain then. A receiver
called `null`, `none`, `blackhole` or `devnull` swallows alerts on purpose.

To mend it, let a route for the severity lead to a receiver that notifies.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let used: BTreeSet<&str> = facts
        .rules
        .iter()
        .filter(|rule| rule.is_alert)
        .filter_map(|rule| rule.label("severity"))
        .collect();
    for (object, config) in readable(facts) {
        let receivers: Vec<&Value> = items(&config["receivers"]).collect();
        if !receivers.iter().any(|one| notifies(one)) {
            continue;
        }
        for severity in ["critical", "warning"]
            .into_iter()
            .filter(|severity| used.contains(severity))
        {
            let mut reached = Vec::new();
            reach(&config["route"], severity, "", &mut reached);
            let silent = |name: &str| {
                !receivers
                    .iter()
                    .any(|one| one["name"] == name && notifies(one))
            };
            let on_purpose = |name: &str| {
                ["null", "none", "blackhole", "devnull"].contains(&name.to_lowercase().as_str())
            };
            if let Some(name) = reached
                .first()
                .filter(|_| reached.iter().all(|name| silent(name) && !on_purpose(name)))
            {
                let message = format!(
                    "alerts of severity `{severity}` end at the receiver `{name}` in `{}`, which notifies nobody",
                    object.key()
                );
                findings
                    .on(object, message)
                    .help("add a route for the severity to a receiver that notifies");
            }
        }
    }
}

fn notifies(receiver: &Value) -> bool {
    let fields = receiver.as_object().into_iter().flatten();
    fields.into_iter().any(|(field, value)| {
        field.ends_with("_configs") && value.as_array().is_some_and(|list| !list.is_empty())
    })
}

/// The receivers of an alert of which only the severity is known: routes with
/// other conditions are not for all such alerts.
fn reach(route: &Value, severity: &str, above: &str, reached: &mut Vec<String>) -> bool {
    let receiver = route["receiver"].as_str().unwrap_or(above).to_owned();
    let mut taken = false;
    for below in items(&route["routes"]) {
        let conditions = matchers(below, "");
        let is_for_it = conditions.iter().all(|one| {
            if one.name == "severity" {
                one.is_match(severity)
            } else {
                one.operator.starts_with('!')
            }
        });
        if is_for_it {
            reach(below, severity, &receiver, reached);
            taken = true;
            if below["continue"] != true {
                return true;
            }
        }
    }
    if !taken {
        reached.push(receiver);
    }
    true
}
