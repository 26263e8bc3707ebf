//! Versions of Kubernetes' API that are gone.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: Code("removed-api"),
    severity: Severity::Error,
    page: "\
The object's `apiVersion` is one that Kubernetes no longer serves in any version
that this stack is for. The help names the version that took its place; fields
may have moved.",
    run,
};

/// Versions of the API, a kind (none for all), the Kubernetes version that no
/// longer has them, and what took their place.
const REMOVED: [(&str, &str, &str, &str); 15] = [
    (
        "extensions/v1beta1",
        "",
        "1.22",
        "the group that the kind moved to: apps/v1, networking.k8s.io/v1",
    ),
    ("apps/v1beta1", "", "1.16", "apps/v1"),
    ("apps/v1beta2", "", "1.16", "apps/v1"),
    ("batch/v1beta1", "CronJob", "1.25", "batch/v1"),
    ("policy/v1beta1", "", "1.25", "policy/v1"),
    (
        "networking.k8s.io/v1beta1",
        "Ingress",
        "1.22",
        "networking.k8s.io/v1",
    ),
    (
        "networking.k8s.io/v1beta1",
        "IngressClass",
        "1.22",
        "networking.k8s.io/v1",
    ),
    (
        "rbac.authorization.k8s.io/v1beta1",
        "",
        "1.22",
        "rbac.authorization.k8s.io/v1",
    ),
    (
        "rbac.authorization.k8s.io/v1alpha1",
        "",
        "1.22",
        "rbac.authorization.k8s.io/v1",
    ),
    (
        "apiregistration.k8s.io/v1beta1",
        "",
        "1.22",
        "apiregistration.k8s.io/v1",
    ),
    (
        "apiextensions.k8s.io/v1beta1",
        "",
        "1.22",
        "apiextensions.k8s.io/v1",
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        "ValidatingWebhookConfiguration",
        "1.22",
        "admissionregistration.k8s.io/v1",
    ),
    ("autoscaling/v2beta1", "", "1.25", "autoscaling/v2"),
    ("autoscaling/v2beta2", "", "1.26", "autoscaling/v2"),
    (
        "discovery.k8s.io/v1beta1",
        "",
        "1.25",
        "discovery.k8s.io/v1",
    ),
];

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for object in facts
        .bundle
        .objects()
        .iter()
        .filter(|object| object.kind() != "CustomResourceDefinition")
    {
        let version = object.value()["apiVersion"].as_str().unwrap_or_default();
        let gone = REMOVED.iter().find(|(gone, kind, ..)| {
            *gone == version && (kind.is_empty() || *kind == object.kind())
        });
        if let Some((_, _, since, instead)) = gone {
            let message = format!(
                "`{}` is of {version}, which Kubernetes {since} removed",
                object.key()
            );
            findings.on(object, message).help(format!("use {instead}"));
        }
    }
}
