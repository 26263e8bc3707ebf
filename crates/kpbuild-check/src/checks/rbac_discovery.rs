//! A namespace in which Prometheus may not look for targets.

use std::collections::BTreeSet;

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::permissions::{Account, Action};
use crate::pods::Pods;
use crate::scrapes::Namespaces;

pub(super) const CHECK: Check = Check {
    code: Code("rbac-discovery"),
    severity: Severity::Error,
    page: "\
To find targets, Prometheus gets, lists and watches Services, pods and
EndpointSlices (Endpoints, if its `serviceDiscoveryRole` is not EndpointSlice)
in every namespace that a monitor names. Without a Role there that is bound to
its ServiceAccount, or a ClusterRole that is bound for the whole cluster, the
monitor has no targets and Prometheus logs `forbidden`.

To mend it, name the namespace under `components.prometheus.namespaces`, or add
a Role and RoleBinding.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for prometheus in facts
        .prometheuses()
        .filter_map(|object| facts.pods_of(object))
    {
        let mut said = BTreeSet::new();
        for scrape in &facts.scrapes {
            let namespaces = match Namespaces::of(scrape.monitor) {
                Namespaces::All => vec![None],
                Namespaces::Only(names) => names.into_iter().map(Some).collect(),
            };
            for namespace in namespaces
                .into_iter()
                .filter(|one| said.insert(one.clone()))
            {
                let lacks = lacks(facts, prometheus, namespace.as_deref());
                if lacks.is_empty() {
                    continue;
                }
                let place = namespace.map_or("any namespace".to_owned(), |name| {
                    format!("the namespace `{name}`")
                });
                let message = format!(
                    "the account of `{}` may not look for targets in {place}",
                    prometheus.object.key()
                );
                let words = findings.on(scrape.monitor, message).note(format!(
                    "`{}` looks there; it may not {}",
                    scrape.monitor.key(),
                    lacks.join(", ")
                ));
                words.help("name the namespace in `components.prometheus.namespaces`, or bind a Role there");
            }
        }
    }
}

/// What the account of Prometheus may not do in a namespace, none for all of the
/// cluster, and would have to in order to find targets there.
pub(crate) fn lacks(
    facts: &Facts<'_>,
    prometheus: &Pods<'_>,
    namespace: Option<&str>,
) -> Vec<String> {
    let account = Account {
        namespace: prometheus.namespace(),
        name: prometheus.account(),
    };
    let slices = prometheus.spec["serviceDiscoveryRole"] == "EndpointSlice";
    let found = if slices {
        ("discovery.k8s.io", "endpointslices")
    } else {
        ("", "endpoints")
    };
    let resources = [("", "services"), ("", "pods"), found];
    let wanted = resources.iter().flat_map(|(group, resource)| {
        ["get", "list", "watch"].map(|verb| (verb, *group, *resource))
    });
    wanted
        .filter(|(verb, group, resource)| {
            let action = Action {
                verb,
                group,
                resource,
                namespace,
            };
            !account.may(facts.bundle, action)
        })
        .map(|(verb, _, resource)| format!("{verb} {resource}"))
        .collect()
}
