//! A target that refuses Prometheus for want of a permission.

use std::collections::BTreeSet;

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::{Facts, strings};
use crate::permissions::{Account, Action};
use crate::pods::Pods;
use crate::scrapes::Scrape;

pub(super) const CHECK: Check = Check {
    code: Code("rbac-scrape"),
    severity: Severity::Error,
    page: "\
Targets that ask the API server whether their caller may read metrics (those
behind kube-rbac-proxy, the control plane, the kubelets) let Prometheus in only
with the permission: `get` on the path as a non-resource URL, for kubelets `get`
on `nodes/metrics`. Without it, the target is down with 403 Forbidden.

To mend it, add the path, or `nodes/metrics`, to the ClusterRole of Prometheus.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for prometheus in facts
        .prometheuses()
        .filter_map(|object| facts.pods_of(object))
    {
        let account = Account {
            namespace: prometheus.namespace(),
            name: prometheus.account(),
        };
        let mut said = BTreeSet::new();
        for scrape in facts.scrapes.iter().filter(|scrape| asks(facts, scrape)) {
            let kubelet = scrape
                .component
                .is_some_and(|component| component.name == "kubelet");
            let metrics = Action {
                verb: "get",
                group: "",
                resource: "nodes/metrics",
                namespace: None,
            };
            let may = if kubelet {
                account.may(facts.bundle, metrics)
            } else {
                account.may_get(facts.bundle, scrape.path())
            };
            let what = if kubelet {
                "nodes/metrics"
            } else {
                scrape.path()
            };
            if !may && said.insert((what.to_owned(), scrape.monitor.key())) {
                let message = format!(
                    "the account of `{}` may not get `{what}`, which `{}` scrapes",
                    prometheus.object.key(),
                    scrape.monitor.key()
                );
                findings
                    .on(scrape.monitor, message)
                    .help("allow it in the ClusterRole that is bound to the account");
            }
        }
    }
}

/// Whether a target asks who scrapes it: it gets a token, and is no pod of ours
/// without the proxy.
fn asks(facts: &Facts<'_>, scrape: &Scrape<'_>) -> bool {
    let has_proxy = |pods: &Pods<'_>| {
        pods.containers()
            .any(|one| strings(&one["args"]).any(|argument| argument.starts_with("--secure-")))
    };
    let token = scrape.endpoint["bearerTokenFile"].is_string()
        || scrape.endpoint["authorization"].is_object();
    token
        && scrape.endpoint["scheme"] == "https"
        && scrape
            .pods
            .iter()
            .all(|(index, _)| has_proxy(&facts.pods[*index]))
}
