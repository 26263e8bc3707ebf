//! A priority class of which nothing is known.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: Code("priority-class"),
    severity: Severity::Warning,
    page: "\
Pods name a priority class that is neither one of the objects nor one of the two
that every cluster has (`system-cluster-critical`, `system-node-critical`). If the
cluster does not have it, the API server refuses the pods: the workload stays at
zero replicas.

To mend it, correct the name, or say in the stack file that it is there:
`check: {external: [PriorityClass/monitoring]}`.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for pods in &facts.pods {
        let Some(class) = pods.spec["priorityClassName"].as_str() else {
            continue;
        };
        let known = ["", "system-cluster-critical", "system-node-critical"].contains(&class)
            || facts.find("PriorityClass", "", class).is_some()
            || facts.is_external("PriorityClass", "", class);
        if !known {
            let message = format!(
                "the pods of `{}` have the priority class `{class}`, of which nothing is known",
                pods.object.key()
            );
            findings.on(pods.object, message).help(format!(
                "if the cluster has it, say so: `check: {{external: [PriorityClass/{class}]}}`"
            ));
        }
    }
}
