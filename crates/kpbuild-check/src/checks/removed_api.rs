//! Versions of Kubernetes' API that are gone.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::kinds::kubernetes_version;

pub(super) const CHECK: Check = Check {
    code: Code("removed-api"),
    severity: Severity::Error,
    page: "\
The object's `apiVersion` is one that Kubernetes no longer serves, or does not
serve yet, in the version that the stack names (`cluster: {version: \"1.34\"}`).
Without it, the version counts that kpbuild was made for (see the page of
`schema`). The help names the version of the API to use; fields may have moved.",
    run,
};

/// A version of the API with a kind (none for all), the minor versions of
/// Kubernetes that first had and that no longer have it, and what to use instead.
type Served = (&'static str, &'static str, u32, u32, &'static str);

const NEVER: u32 = u32::MAX;

const SERVED: [Served; 30] = [
    (
        "extensions/v1beta1",
        "",
        0,
        22,
        "the group that the kind moved to: apps/v1, networking.k8s.io/v1",
    ),
    ("apps/v1beta1", "", 0, 16, "apps/v1"),
    ("apps/v1beta2", "", 0, 16, "apps/v1"),
    ("batch/v1beta1", "CronJob", 0, 25, "batch/v1"),
    ("batch/v1", "CronJob", 21, NEVER, "batch/v1beta1"),
    ("policy/v1beta1", "", 0, 25, "policy/v1"),
    (
        "policy/v1",
        "PodDisruptionBudget",
        21,
        NEVER,
        "policy/v1beta1",
    ),
    (
        "networking.k8s.io/v1beta1",
        "Ingress",
        0,
        22,
        "networking.k8s.io/v1",
    ),
    (
        "networking.k8s.io/v1",
        "Ingress",
        19,
        NEVER,
        "networking.k8s.io/v1beta1",
    ),
    (
        "networking.k8s.io/v1beta1",
        "IngressClass",
        0,
        22,
        "networking.k8s.io/v1",
    ),
    (
        "rbac.authorization.k8s.io/v1beta1",
        "",
        0,
        22,
        "rbac.authorization.k8s.io/v1",
    ),
    (
        "rbac.authorization.k8s.io/v1alpha1",
        "",
        0,
        22,
        "rbac.authorization.k8s.io/v1",
    ),
    (
        "apiregistration.k8s.io/v1beta1",
        "",
        0,
        22,
        "apiregistration.k8s.io/v1",
    ),
    (
        "apiextensions.k8s.io/v1beta1",
        "",
        0,
        22,
        "apiextensions.k8s.io/v1",
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        "ValidatingWebhookConfiguration",
        0,
        22,
        "admissionregistration.k8s.io/v1",
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        "MutatingWebhookConfiguration",
        0,
        22,
        "admissionregistration.k8s.io/v1",
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy",
        30,
        NEVER,
        "admissionregistration.k8s.io/v1beta1",
    ),
    ("autoscaling/v2beta1", "", 0, 25, "autoscaling/v2"),
    ("autoscaling/v2beta2", "", 0, 26, "autoscaling/v2"),
    ("autoscaling/v2", "", 23, NEVER, "autoscaling/v2beta2"),
    ("discovery.k8s.io/v1beta1", "", 0, 25, "discovery.k8s.io/v1"),
    (
        "discovery.k8s.io/v1",
        "",
        21,
        NEVER,
        "discovery.k8s.io/v1beta1",
    ),
    (
        "storage.k8s.io/v1beta1",
        "StorageClass",
        0,
        22,
        "storage.k8s.io/v1",
    ),
    (
        "storage.k8s.io/v1beta1",
        "CSIStorageCapacity",
        0,
        27,
        "storage.k8s.io/v1",
    ),
    (
        "scheduling.k8s.io/v1beta1",
        "",
        0,
        22,
        "scheduling.k8s.io/v1",
    ),
    ("node.k8s.io/v1beta1", "", 0, 25, "node.k8s.io/v1"),
    (
        "coordination.k8s.io/v1beta1",
        "Lease",
        0,
        22,
        "coordination.k8s.io/v1",
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1beta2",
        "",
        0,
        29,
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "",
        0,
        32,
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1",
        "",
        29,
        NEVER,
        "flowcontrol.apiserver.k8s.io/v1beta3",
    ),
];

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let wanted = facts.checking.kubernetes.as_deref();
    let version = wanted.unwrap_or_else(|| kubernetes_version());
    let Some(minor) = minor(version) else { return };
    for object in
        facts.bundle.objects().iter().filter(|object| {
            object.kind() != "CustomResourceDefinition" || !object.is_of_the_program()
        })
    {
        let api = object.value()["apiVersion"].as_str().unwrap_or_default();
        let known = SERVED
            .iter()
            .find(|(one, kind, ..)| *one == api && (kind.is_empty() || *kind == object.kind()));
        let Some((_, _, since, until, instead)) = known else {
            continue;
        };
        let key = object.key();
        let message = if minor >= *until {
            format!("`{key}` is of {api}, which Kubernetes 1.{until} removed")
        } else if minor < *since {
            format!("`{key}` is of {api}, which Kubernetes has only since 1.{since}")
        } else {
            continue;
        };
        let words = findings.on(object, message);
        let words = match wanted {
            Some(version) => words.note(format!("the stack is for Kubernetes {version}")),
            None => words,
        };
        words.help(format!("use {instead}"));
    }
}

/// The second number of a version.
fn minor(version: &str) -> Option<u32> {
    version.split('.').nth(1)?.parse().ok()
}
