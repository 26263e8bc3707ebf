//! An aggregated API without a server.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: Code("api-service"),
    severity: Severity::Error,
    page: "\
An APIService tells the API server which Service answers for a group of
resources. If the Service or its port (443 unless it says another one) does not
exist, `kubectl top` and autoscaling fail, and the deletion of any namespace
hangs, since its contents cannot be listed.

To mend it, use the name and port of the Service.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for object in facts.bundle.of_kind("APIService") {
        let wanted = &object.value()["spec"]["service"];
        let (Some(name), Some(namespace)) = (wanted["name"].as_str(), wanted["namespace"].as_str())
        else {
            continue;
        };
        if !facts.is_ours(namespace) || facts.is_external("Service", namespace, name) {
            continue;
        }
        let port = wanted["port"].as_u64().unwrap_or(443);
        match facts
            .services
            .iter()
            .find(|service| service.name == name && service.namespace == namespace)
        {
            None => {
                let message = format!(
                    "`{}` is served by the Service `{namespace}/{name}`, which does not exist",
                    object.key()
                );
                findings
                    .on(object, message)
                    .help("name the Service of what serves it");
            }
            Some(service) if !service.ports.iter().any(|one| one.number == port) => {
                let message = format!(
                    "`{}` is served on port {port} of `{namespace}/{name}`, which does not have it",
                    object.key()
                );
                findings
                    .on(object, message)
                    .help("set `spec.service.port` to a port of the Service");
            }
            Some(_) => {}
        }
    }
}
