//! A binding of nothing, or to nobody.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::{Facts, items};
use crate::permissions::role;

pub(super) const CHECK: Check = Check {
    code: Code("rbac-binding"),
    severity: Severity::Error,
    page: "\
A RoleBinding or ClusterRoleBinding gives the permissions of a role to service
accounts. Kubernetes takes a binding whose role or account does not exist, and
nobody has the permission. Roles that come with Kubernetes (`system:...`,
`cluster-admin`, `admin`, `edit`, `view`, and those of kube-system) are known;
accounts are looked for only in namespaces in which the stack runs pods.

To mend it, use the names of the stack's own Role, ClusterRole and
ServiceAccount.",
    run,
};

const BUILT_IN: [&str; 5] = [
    "cluster-admin",
    "admin",
    "edit",
    "view",
    "extension-apiserver-authentication-reader",
];

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for binding in facts
        .bundle
        .objects()
        .iter()
        .filter(|object| matches!(object.kind(), "RoleBinding" | "ClusterRoleBinding"))
    {
        let wanted = &binding.value()["roleRef"];
        let (kind, name) = (
            wanted["kind"].as_str().unwrap_or_default(),
            wanted["name"].as_str().unwrap_or_default(),
        );
        if role(facts.bundle, binding).is_none()
            && !name.starts_with("system:")
            && !BUILT_IN.contains(&name)
            && !facts.is_external(kind, &binding.key().namespace, name)
        {
            let message = format!(
                "`{}` binds the {kind} `{name}`, which does not exist",
                binding.key()
            );
            let names = facts
                .bundle
                .of_kind(kind)
                .map(|one| one.key().name.as_str());
            findings.on(binding, message).help(did_you_mean(
                name,
                names,
                "name a role of the stack",
            ));
        }
        for subject in items(&binding.value()["subjects"])
            .filter(|subject| subject["kind"] == "ServiceAccount")
        {
            let (namespace, name) = (
                subject["namespace"].as_str().unwrap_or_default(),
                subject["name"].as_str().unwrap_or_default(),
            );
            if facts.is_ours(namespace)
                && facts.find("ServiceAccount", namespace, name).is_none()
                && !facts.is_external("ServiceAccount", namespace, name)
            {
                let message = format!(
                    "`{}` is for the ServiceAccount `{namespace}/{name}`, which does not exist",
                    binding.key()
                );
                let names = facts
                    .bundle
                    .of_kind("ServiceAccount")
                    .map(|one| one.key().name.as_str());
                findings.on(binding, message).help(did_you_mean(
                    name,
                    names,
                    "name an account of the stack",
                ));
            }
        }
    }
}

fn did_you_mean<'n>(
    name: &str,
    names: impl IntoIterator<Item = &'n str>,
    otherwise: &str,
) -> String {
    nearest(name, names).map_or(otherwise.to_owned(), |near| {
        format!("did you mean `{near}`?")
    })
}
