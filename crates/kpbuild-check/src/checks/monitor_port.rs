//! A monitor's port that its Services or pods do not have.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::scrapes::{endpoints, finds, finds_pods, has_port, pod_port};

pub(super) const CHECK: Check = Check {
    code: Code("monitor-port"),
    severity: Severity::Error,
    page: "\
An endpoint of a ServiceMonitor names a port of the Service (`port`) or of the
pods behind it (`targetPort`); an endpoint of a PodMonitor names a port of the
pods. It is a name, not a number, unless the field says so. If no Service or pod
that the monitor selects has that port, the endpoint has no target.

To mend it, use the name of a port that the Service has.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for monitor in facts.bundle.of_kind("ServiceMonitor") {
        let selected: Vec<_> = facts
            .services
            .iter()
            .filter(|service| finds(monitor, service))
            .collect();
        for endpoint in endpoints(monitor).filter(|_| !selected.is_empty()) {
            if selected
                .iter()
                .any(|service| has_port(endpoint, service, &facts.pods))
            {
                continue;
            }
            let wanted = name(endpoint);
            let known: Vec<&str> = selected
                .iter()
                .flat_map(|service| &service.ports)
                .map(|port| port.name.as_str())
                .collect();
            let service = format!("{}/{}", selected[0].namespace, selected[0].name);
            let message = format!(
                "`{}` scrapes the port `{wanted}`, which the Service `{service}` does not have",
                monitor.key()
            );
            findings.on(monitor, message).help(way_out(&wanted, &known));
        }
    }
    for monitor in facts.bundle.of_kind("PodMonitor") {
        let selected: Vec<_> = facts
            .pods
            .iter()
            .filter(|pods| finds_pods(monitor, pods))
            .collect();
        for endpoint in endpoints(monitor).filter(|_| !selected.is_empty()) {
            let wanted = if endpoint["port"].is_string() {
                &endpoint["port"]
            } else {
                &endpoint["portNumber"]
            };
            if wanted.is_null() || selected.iter().any(|pods| pod_port(wanted, pods).is_some()) {
                continue;
            }
            let known: Vec<&str> = selected
                .iter()
                .flat_map(|pods| &pods.ports)
                .map(|port| port.name.as_str())
                .collect();
            let message = format!(
                "`{}` scrapes the port `{}`, which the pods of `{}` do not have",
                monitor.key(),
                name(endpoint),
                selected[0].object.key()
            );
            findings
                .on(monitor, message)
                .help(way_out(&name(endpoint), &known));
        }
    }
}

fn name(endpoint: &serde_json::Value) -> String {
    let fields = ["port", "targetPort", "portNumber"];
    let value = fields
        .iter()
        .map(|field| &endpoint[*field])
        .find(|value| !value.is_null());
    value.map_or_else(String::new, |value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    })
}

fn way_out(wanted: &str, known: &[&str]) -> String {
    match nearest(wanted, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "declare the port there".to_owned(),
        None => format!("its ports are `{}`", known.join("`, `")),
    }
}
