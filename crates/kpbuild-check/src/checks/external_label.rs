//! Labels of rules and the labels that Prometheus adds to everything it sends.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};
use serde_json::Value;

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::template;

pub(super) const CHECK: Check = Check {
    code: Code("external-label"),
    severity: Severity::Warning,
    page: "\
Prometheus adds its external labels (`spec.externalLabels`, and `prometheus` and
`prometheus_replica` from the operator) to the alerts that it sends. A template
that names one which does not exist shows nothing; a rule that sets a label of the
same name hides it, so that alerts and series of two clusters cannot be told apart.

To mend it, set the external label, or name the rule's label differently.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let Some(known) = external_labels(facts) else {
        return;
    };
    for rule in &facts.rules {
        let place = format!("{} in `{}`", rule.words(), rule.object.key());
        for (field, text) in rule.templates() {
            for name in template::external_labels(text) {
                if known.iter().any(|one| one == name) {
                    continue;
                }
                let message = format!(
                    "`{field}` of {place} names the external label `{name}`, which does not exist"
                );
                let help = match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("set `externalLabels: {{{name}: ...}}` of Prometheus"),
                };
                findings.on_rule(rule, message).help(help);
            }
        }
        for (name, _) in rule
            .labels()
            .filter(|(name, _)| known.iter().any(|one| one == name))
        {
            findings
                .on_rule(
                    rule,
                    format!("{place} sets the label `{name}`, which is an external label"),
                )
                .help("name the rule's label differently");
        }
    }
}

/// The external labels of all Prometheus objects; none if there is no Prometheus.
fn external_labels(facts: &Facts<'_>) -> Option<Vec<String>> {
    let mut all = Vec::new();
    let mut is_there = false;
    for object in facts.bundle.of_kind("Prometheus") {
        is_there = true;
        let spec = &object.value()["spec"];
        all.extend(
            spec["externalLabels"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name.clone()),
        );
        for (field, default) in [
            ("prometheusExternalLabelName", "prometheus"),
            ("replicaExternalLabelName", "prometheus_replica"),
        ] {
            match &spec[field] {
                Value::String(name) => all.push(name.clone()),
                _ => all.push(default.to_owned()),
            }
        }
    }
    is_there.then_some(all)
}
