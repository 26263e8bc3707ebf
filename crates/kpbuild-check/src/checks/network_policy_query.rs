//! A NetworkPolicy that keeps a component of the stack from another one.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::network::{Connection, stopped};
use crate::references::{Reference, references};

pub(super) const CHECK: Check = Check {
    code: Code("network-policy-query"),
    severity: Severity::Error,
    page: "\
Components ask each other: Grafana and the adapter query Prometheus, Prometheus
sends alerts to Alertmanager. Where one of them names the Service of another one
(a data source, an argument, `spec.alerting`), the policies of both sides must
let the connection through, or panels stay empty, `kubectl top` fails and alerts
are never sent.

To mend it, let the policy of the asked side allow the port from the labels of
the asking pods.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for Reference {
        from,
        service,
        port,
        ..
    } in references(facts)
    {
        let Some(service) = service.and_then(|index| facts.services.get(index)) else {
            continue;
        };
        let Some(port) = service.ports.iter().find(|one| port.is(one)) else {
            continue;
        };
        for to in service.pods.iter().map(|index| &facts.pods[*index]) {
            let (Some(from), Some(port)) = (from.map(|index| &facts.pods[index]), port.on(to))
            else {
                continue;
            };
            let connection = Connection {
                from,
                to,
                port,
                protocol: "TCP",
            };
            if let Some(policy) = stopped(facts, connection) {
                let message = format!(
                    "`{}` keeps `{}` from port {port} of `{}`",
                    policy.key(),
                    from.object.key(),
                    to.object.key()
                );
                findings.on(policy, message).help(format!(
                    "allow the port, from the labels of the pods of `{}`",
                    from.object.key()
                ));
            }
        }
    }
}
