//! A monitor that finds nothing to scrape.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Object, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::scrapes::{Namespaces, finds, finds_pods};
use crate::selector::words;

pub(super) const CHECK: Check = Check {
    code: Code("monitor-selects-nothing"),
    severity: Severity::Error,
    page: "\
A ServiceMonitor selects Services, and a PodMonitor pods, by their labels in the
namespaces that it names (its own if it names none). If nothing matches,
Prometheus has no target: nothing is scraped, and nothing says so.

Only namespaces in which the stack itself runs pods are looked at: what runs in
others (kube-system, your applications) is not known here.

To mend it, compare the labels of the Service with `spec.selector`, and its
namespace with `spec.namespaceSelector`.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for monitor in facts
        .bundle
        .of_kind("ServiceMonitor")
        .filter(|monitor| is_inside(facts, monitor))
    {
        if !facts.services.iter().any(|service| finds(monitor, service)) {
            let message = format!("`{}` selects no Service", monitor.key());
            let words = findings.on(monitor, message).note(wanted(monitor));
            let names = facts.services.iter().map(|service| service.name.as_str());
            let near = nearest(&monitor.key().name, names)
                .and_then(|name| facts.services.iter().find(|one| one.name == name));
            words.help(match near {
                Some(near) => format!(
                    "the Service `{}/{}` has the labels {}",
                    near.namespace,
                    near.name,
                    listed(&near.labels)
                ),
                None => "give it the labels of the Service that it is for".to_owned(),
            });
        }
    }
    for monitor in facts
        .bundle
        .of_kind("PodMonitor")
        .filter(|monitor| is_inside(facts, monitor))
    {
        if !facts.pods.iter().any(|pods| finds_pods(monitor, pods)) {
            let message = format!("`{}` selects no pods", monitor.key());
            findings
                .on(monitor, message)
                .note(wanted(monitor))
                .help("give it the labels of the pods that it is for");
        }
    }
}

/// Whether all namespaces that it looks in are ours.
fn is_inside(facts: &Facts<'_>, monitor: &Object) -> bool {
    match Namespaces::of(monitor) {
        Namespaces::All => false,
        Namespaces::Only(names) => names.iter().all(|name| facts.is_ours(name)),
    }
}

fn wanted(monitor: &Object) -> String {
    format!("it selects {}", words(&monitor.value()["spec"]["selector"]))
}

fn listed(labels: &crate::selector::Labels) -> String {
    let all: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    all.join(", ")
}
