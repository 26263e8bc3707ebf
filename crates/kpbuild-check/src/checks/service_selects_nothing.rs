//! A Service without pods.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: Code("service-selects-nothing"),
    severity: Severity::Error,
    page: "\
A Service sends connections to the pods of its namespace that have all labels of
its `spec.selector`. If no workload of the stack makes such pods, every
connection to it fails and monitors that select it have no targets.

Pods that the operator makes of Prometheus and Alertmanager objects are known,
with the labels that the operator gives them. Services in namespaces in which
the stack runs nothing are not looked at.

To mend it, use the labels of the pod template.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for service in &facts.services {
        let Some(object) = service.object.filter(|object| object.kind() == "Service") else {
            continue;
        };
        let selector = &object.value()["spec"]["selector"];
        let selects = selector.as_object().is_some_and(|map| !map.is_empty());
        if selects && service.pods.is_empty() && facts.is_ours(&service.namespace) {
            let wanted: Vec<String> = crate::selector::labels(selector)
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let message = format!("`{}` selects no pods", object.key());
            let words = findings
                .on(object, message)
                .note(format!("it selects {}", wanted.join(", ")));
            words.help("use labels that the pod template has");
        }
    }
}
