//! A NetworkPolicy that keeps Prometheus from a target.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::network::{Connection, stopped};

pub(super) const CHECK: Check = Check {
    code: Code("network-policy-scrape"),
    severity: Severity::Error,
    page: "\
As soon as one NetworkPolicy selects a pod, only what a policy allows reaches
it. For every endpoint of every monitor, Prometheus' pods must be let in at the
target's port by a policy that selects the target, and be let out by the
policies that select Prometheus. A target behind a policy that forgets it is
down, with a timeout as the only hint.

Pods on the network of their node are outside of policies and not looked at.

To mend it, add the port, or the labels of Prometheus' pods, to the policy.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for prometheus in facts
        .prometheuses()
        .filter_map(|object| facts.pods_of(object))
    {
        for scrape in &facts.scrapes {
            for (pods, port) in scrape
                .pods
                .iter()
                .filter_map(|(pods, port)| Some((&facts.pods[*pods], (*port)?)))
            {
                let connection = Connection {
                    from: prometheus,
                    to: pods,
                    port,
                    protocol: "TCP",
                };
                let Some(policy) = stopped(facts, connection) else {
                    continue;
                };
                let message = format!(
                    "`{}` keeps `{}` from port {port} of `{}`",
                    policy.key(),
                    prometheus.object.key(),
                    pods.object.key()
                );
                findings
                    .on(policy, message)
                    .note(format!(
                        "`{}` asks for it to be scraped",
                        scrape.monitor.key()
                    ))
                    .help("allow the port, from the labels of Prometheus' pods");
            }
        }
    }
}
