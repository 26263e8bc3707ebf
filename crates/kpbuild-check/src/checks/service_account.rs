//! Pods that run as an account that does not exist.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: Code("service-account"),
    severity: Severity::Error,
    page: "\
Pods whose `serviceAccountName` does not exist are never made: the workload stays
at zero replicas with a message in its events only.

To mend it, use the name of a ServiceAccount of the stack.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for pods in facts.pods.iter().filter(|pods| pods.account() != "default") {
        if facts
            .find("ServiceAccount", pods.namespace(), pods.account())
            .is_none()
            && !facts.is_external("ServiceAccount", pods.namespace(), pods.account())
        {
            let message = format!(
                "`{}` runs as the ServiceAccount `{}`, which does not exist",
                pods.object.key(),
                pods.account()
            );
            let names = facts
                .bundle
                .of_kind("ServiceAccount")
                .map(|one| one.key().name.as_str());
            let help = nearest(pods.account(), names)
                .map_or("name an account of the stack".to_owned(), |near| {
                    format!("did you mean `{near}`?")
                });
            findings.on(pods.object, message).help(help);
        }
    }
}
