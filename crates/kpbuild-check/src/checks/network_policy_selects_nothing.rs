//! A NetworkPolicy that protects nothing.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::selector::{selects, words};

pub(super) const CHECK: Check = Check {
    code: Code("network-policy-selects-nothing"),
    severity: Severity::Warning,
    page: "\
A NetworkPolicy is about the pods of its namespace that its `spec.podSelector`
selects. If it selects none of the stack's pods, the pods that it was written
for are open to everybody.

To mend it, use labels that the pod template has.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for policy in facts
        .bundle
        .of_kind("NetworkPolicy")
        .filter(|policy| facts.is_ours(&policy.key().namespace))
    {
        let selector = &policy.value()["spec"]["podSelector"];
        let selected = facts.pods.iter().any(|pods| {
            pods.namespace() == policy.key().namespace && selects(selector, &pods.labels)
        });
        if !selected {
            let message = format!("`{}` selects no pods", policy.key());
            findings
                .on(policy, message)
                .note(format!("it selects {}", words(selector)))
                .help("use labels that the pod template has");
        }
    }
}
