//! A NetworkPolicy that keeps Alertmanagers from each other.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::network::{Connection, stopped};

pub(super) const CHECK: Check = Check {
    code: Code("network-policy-gossip"),
    severity: Severity::Error,
    page: "\
Replicas of Alertmanager tell each other what they have sent, over TCP and UDP
on port 9094. If a NetworkPolicy stops that, each replica notifies on its own:
every alert comes several times.

To mend it, let the policy allow port 9094, TCP and UDP, from the labels of
Alertmanager's own pods.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for pods in facts
        .pods
        .iter()
        .filter(|pods| pods.object.kind() == "Alertmanager")
    {
        for protocol in ["TCP", "UDP"]
            .into_iter()
            .filter(|_| pods.replicas > Some(1))
        {
            let connection = Connection {
                from: pods,
                to: pods,
                port: 9094,
                protocol,
            };
            if let Some(policy) = stopped(facts, connection) {
                let message = format!(
                    "`{}` keeps the replicas of `{}` from each other: port 9094, {protocol}",
                    policy.key(),
                    pods.object.key()
                );
                findings
                    .on(policy, message)
                    .help("allow the port from the labels of Alertmanager's pods");
            }
        }
    }
}
