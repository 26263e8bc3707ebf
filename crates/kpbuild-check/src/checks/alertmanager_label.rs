//! A condition of Alertmanager that no alert can meet.

use std::collections::BTreeSet;

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::alerting::{Matcher, matchers, readable, routes};
use crate::check::{Check, Findings};
use crate::facts::{Facts, items, strings};
use crate::metrics::metrics;

pub(super) const CHECK: Check = Check {
    code: Code("alertmanager-label"),
    severity: Severity::Warning,
    page: "\
A route or an inhibition of the Alertmanager configuration asks for a label that
no alert of the stack can have, or for a value of `severity` or `alertname` that
no alert has: the route is never taken, the inhibition never works. Labels of
alerts are those that rules set, those of the metrics that they read, and the
external labels of Prometheus.

If alerts of other sources arrive at this Alertmanager, the finding may be wrong
about them.

To mend it, correct the label or the value.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let alerts: Vec<_> = facts.rules.iter().filter(|rule| rule.is_alert).collect();
    if alerts.is_empty() {
        return;
    }
    let mut labels: BTreeSet<&str> = facts
        .rules
        .iter()
        .flat_map(|rule| rule.labels().map(|(name, _)| name))
        .collect();
    let external = facts.prometheuses().flat_map(|one| {
        one.value()["spec"]["externalLabels"]
            .as_object()
            .into_iter()
            .flatten()
    });
    labels.extend(external.map(|(name, _)| name.as_str()));
    labels.extend([
        "alertname",
        "prometheus",
        "prometheus_replica",
        "cluster",
        "job",
        "namespace",
        "service",
        "pod",
        "container",
        "endpoint",
        "instance",
        "node",
    ]);
    let severities: BTreeSet<&str> = alerts
        .iter()
        .filter_map(|rule| rule.label("severity"))
        .collect();
    let names: BTreeSet<&str> = alerts.iter().map(|rule| rule.name).collect();
    for (object, config) in readable(facts) {
        let mut conditions: Vec<Matcher> = routes(&config["route"])
            .into_iter()
            .flat_map(|route| matchers(route, ""))
            .collect();
        let mut equal = Vec::new();
        for inhibition in items(&config["inhibit_rules"]) {
            conditions.extend(
                matchers(inhibition, "source_")
                    .into_iter()
                    .chain(matchers(inhibition, "target_")),
            );
            equal.extend(strings(&inhibition["equal"]).map(str::to_owned));
        }
        let asked = conditions
            .iter()
            .filter(|one| one.operator.starts_with('='))
            .map(|one| one.name.clone())
            .chain(equal);
        for label in asked.collect::<BTreeSet<String>>() {
            if !labels.contains(label.as_str()) && !metrics().has_label(&label) {
                let message = format!(
                    "the configuration in `{}` asks for the label `{label}`, which no alert has",
                    object.key()
                );
                let help = nearest(&label, labels.iter().copied())
                    .map_or("correct the label".to_owned(), |near| {
                        format!("did you mean `{near}`?")
                    });
                findings.on(object, message).help(help);
            }
        }
        for one in conditions
            .iter()
            .filter(|one| one.operator.starts_with('='))
        {
            let known = match one.name.as_str() {
                "severity" => &severities,
                "alertname" => &names,
                _ => continue,
            };
            if !known
                .iter()
                .any(|value| one.is_match(value) || value.contains("{{"))
            {
                let message = format!(
                    "the configuration in `{}` asks for {} `{}`, which no alert has",
                    object.key(),
                    one.name,
                    one.value
                );
                let help = nearest(&one.value, known.iter().copied())
                    .map_or("correct the value".to_owned(), |near| {
                        format!("did you mean `{near}`?")
                    });
                findings.on(object, message).help(help);
            }
        }
    }
}
