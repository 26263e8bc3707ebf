//! Objects in no namespace, or in one of which nothing is known.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: Code("object-namespace"),
    severity: Severity::Error,
    page: "\
An object that lives in a namespace does not say which one: it would land in
whatever namespace the kubeconfig names. Or an object of the whole cluster names
one.

To mend it, set or remove `metadata.namespace`.",
    run,
};

const OF_CLUSTER: [&str; 11] = [
    "Namespace",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "APIService",
    "PriorityClass",
    "StorageClass",
    "PersistentVolume",
    "IngressClass",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
];

const NAMESPACED: [&str; 33] = [
    "ServiceMonitor",
    "PodMonitor",
    "Probe",
    "ScrapeConfig",
    "PrometheusRule",
    "Prometheus",
    "PrometheusAgent",
    "Alertmanager",
    "AlertmanagerConfig",
    "ThanosRuler",
    "ServiceLevelObjective",
    "ConfigMap",
    "Secret",
    "Service",
    "ServiceAccount",
    "Endpoints",
    "EndpointSlice",
    "Deployment",
    "DaemonSet",
    "StatefulSet",
    "Job",
    "CronJob",
    "Role",
    "RoleBinding",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Ingress",
    "HorizontalPodAutoscaler",
    "HTTPRoute",
    "Lease",
    "LimitRange",
    "PersistentVolumeClaim",
    "Pod",
];

/// Whether objects of a kind live in a namespace.
pub fn is_namespaced(kind: &str) -> bool {
    NAMESPACED.contains(&kind)
}

/// Whether objects of a kind belong to the whole cluster.
pub fn is_of_cluster(kind: &str) -> bool {
    OF_CLUSTER.contains(&kind)
}

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for object in facts.bundle.objects() {
        let key = object.key();
        if key.namespace.is_empty() && is_namespaced(object.kind()) {
            findings
                .on(object, format!("`{key}` is in no namespace"))
                .help("set `metadata.namespace`");
        }
        if !key.namespace.is_empty() && is_of_cluster(object.kind()) {
            findings
                .on(
                    object,
                    format!("`{key}` is an object of the whole cluster and names a namespace"),
                )
                .help("remove `metadata.namespace`");
        }
    }
}
