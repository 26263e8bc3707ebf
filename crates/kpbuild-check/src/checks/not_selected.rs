//! Rules and monitors that no Prometheus takes.

use kpbuild_core::{Code, Object, Severity};
use serde_json::Value;

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::selector::{labels, selects, words};

pub(super) const CHECK: Check = Check {
    code: Code("not-selected"),
    severity: Severity::Error,
    page: "\
A Prometheus object takes the ServiceMonitors, PodMonitors, Probes,
ScrapeConfigs and PrometheusRules that its selectors select, in the namespaces
that its namespace selectors select; an Alertmanager object takes
AlertmanagerConfigs in the same way. An empty selector (`{}`) takes all; one
that is absent takes nothing, and an absent namespace selector means its own
namespace. What none selects is ignored without a word.

To mend it, set the labels that the selector asks for, or widen the selector.",
    run,
};

/// Kinds of objects, who takes them, and the beginning of the selector's field.
const TAKEN: [(&str, &str, &str); 6] = [
    ("ServiceMonitor", "Prometheus", "serviceMonitor"),
    ("PodMonitor", "Prometheus", "podMonitor"),
    ("Probe", "Prometheus", "probe"),
    ("ScrapeConfig", "Prometheus", "scrapeConfig"),
    ("PrometheusRule", "Prometheus", "rule"),
    ("AlertmanagerConfig", "Alertmanager", "alertmanagerConfig"),
];

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (kind, taker, field) in TAKEN {
        let takers: Vec<&Object> = facts
            .bundle
            .objects()
            .iter()
            .filter(|one| takes(one, taker, kind))
            .collect();
        for object in facts.bundle.of_kind(kind).filter(|_| !takers.is_empty()) {
            let reasons: Vec<Option<String>> = takers
                .iter()
                .map(|taker| refusal(facts, taker, object, field))
                .collect();
            if let Some(Some(reason)) = reasons
                .iter()
                .find(|reason| reason.is_none())
                .or(reasons.first())
            {
                let message = format!("`{}` is taken by no {taker} object", object.key());
                findings
                    .on(object, message)
                    .note(reason.clone())
                    .help("set the labels that are asked for, or widen the selector");
            }
        }
    }
}

fn takes(object: &Object, taker: &str, kind: &str) -> bool {
    let agent =
        taker == "Prometheus" && object.kind() == "PrometheusAgent" && kind != "PrometheusRule";
    let ruler = kind == "PrometheusRule" && object.kind() == "ThanosRuler";
    object.kind() == taker || agent || ruler
}

/// Why an object is not taken.
fn refusal(facts: &Facts<'_>, taker: &Object, object: &Object, field: &str) -> Option<String> {
    let spec = &taker.value()["spec"];
    let (of_labels, of_namespaces) = (
        format!("{field}Selector"),
        format!("{field}NamespaceSelector"),
    );
    let own = labels(&object.value()["metadata"]["labels"]);
    let namespace = &object.key().namespace;
    if spec[&of_labels].is_null() {
        return Some(format!("`{}` has no `spec.{of_labels}`", taker.key()));
    }
    if !selects(&spec[&of_labels], &own) {
        return Some(format!(
            "`spec.{of_labels}` of `{}` selects {}",
            taker.key(),
            words(&spec[&of_labels])
        ));
    }
    let there = match &spec[&of_namespaces] {
        Value::Null => *namespace == taker.key().namespace,
        selector => selects(selector, &facts.namespace_labels(namespace)),
    };
    (!there).then(|| {
        format!(
            "`spec.{of_namespaces}` of `{}` does not select the namespace `{namespace}`",
            taker.key()
        )
    })
}
