//! The address of a Service that does not exist.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::references::references;

pub(super) const CHECK: Check = Check {
    code: Code("service-reference"),
    severity: Severity::Error,
    page: "\
Grafana's data sources, the arguments of the adapter and `spec.alerting` of a
Prometheus object name Services. In a namespace in which the stack runs pods,
the Service must be one of the stack's, and have the port. A stack without a
Prometheus asks one that is somebody else's: then only ports are looked at.

To mend it, use the name and port of the Service, or remove the reference.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for reference in references(facts)
        .into_iter()
        .filter(|one| facts.is_ours(&one.namespace))
    {
        let what = format!("{} of `{}`", reference.what, reference.object.key());
        match reference.service.map(|index| &facts.services[index]) {
            // Who brings a Prometheus of their own brings its Service as well.
            None if facts.prometheuses().next().is_none() => {}
            None if facts.is_external("Service", &reference.namespace, &reference.name) => {}
            None => {
                let names = facts
                    .services
                    .iter()
                    .filter(|one| one.namespace == reference.namespace)
                    .map(|one| one.name.as_str());
                let help = match nearest(&reference.name, names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name a Service of the stack".to_owned(),
                };
                let message = format!(
                    "{what} leads to the Service `{}`, which does not exist",
                    reference.name
                );
                findings.on(reference.object, message).help(help);
            }
            Some(service) if !service.ports.iter().any(|one| reference.port.is(one)) => {
                let known: Vec<String> = service
                    .ports
                    .iter()
                    .map(|one| format!("`{}` ({})", one.name, one.number))
                    .collect();
                let message = format!(
                    "{what} leads to port {} of the Service `{}`, which does not have it",
                    reference.port, reference.name
                );
                findings
                    .on(reference.object, message)
                    .help(format!("its ports are {}", known.join(", ")));
            }
            Some(_) => {}
        }
    }
}
