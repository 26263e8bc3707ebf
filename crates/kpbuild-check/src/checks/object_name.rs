//! A name that Kubernetes refuses.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::{Facts, has_format};

pub(super) const CHECK: Check = Check {
    code: Code("object-name"),
    severity: Severity::Error,
    page: "\
Names of objects are made of lower-case letters, digits, `-` and `.` and have at
most 253 characters; names of Services and Namespaces have no `.` and at most
63. Names of roles and their bindings are free but for `/` and `%`.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for object in facts.bundle.objects() {
        let key = object.key();
        let format = match key.kind.as_str() {
            "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding" => {
                if key.name.contains(['/', '%']) {
                    findings
                        .on(
                            object,
                            format!("the name of `{key}` is none that Kubernetes takes"),
                        )
                        .help("remove `/` and `%`");
                }
                continue;
            }
            "Service" | "Namespace" => "dns-label",
            _ => "kubernetes-name",
        };
        if let Err(reason) = has_format(format, &key.name) {
            findings
                .on(
                    object,
                    format!("the name of `{key}` is none that Kubernetes takes"),
                )
                .help(reason);
        }
    }
}
