//! A ConfigMap or Secret that is not in the bundle.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::objects::config_references;

pub(super) const CHECK: Check = Check {
    code: Code("missing-config"),
    severity: Severity::Warning,
    page: "\
Pods that mount a ConfigMap or Secret, or read one into their environment, do
not start until it exists; the operator does not make pods whose configuration
it cannot find. References that say `optional: true` may lead nowhere.

A Secret with credentials is often kept outside of the stack on purpose. Say so in
the stack file, and nothing more is said about it:
`check: {external: [Secret/etcd-client]}`.

To mend it, correct the name, or create the object before you apply the stack.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for reference in facts.pods.iter().flat_map(config_references) {
        let namespace = reference.pods.namespace();
        if facts
            .find(reference.kind, namespace, &reference.name)
            .is_some()
            || facts.is_external(reference.kind, namespace, &reference.name)
        {
            continue;
        }
        let message = format!(
            "`{}` needs the {} `{}`, which is not part of the stack",
            reference.pods.object.key(),
            reference.kind,
            reference.name
        );
        let names = facts
            .bundle
            .of_kind(reference.kind)
            .map(|one| one.key().name.as_str());
        let help = match nearest(&reference.name, names) {
            Some(near) => {
                format!("did you mean `{near}`? if not, create it before you apply the stack")
            }
            None => format!(
                "if others create it, say so: `check: {{external: [{}/{}]}}`",
                reference.kind, reference.name
            ),
        };
        findings.on(reference.pods.object, message).help(help);
    }
}
