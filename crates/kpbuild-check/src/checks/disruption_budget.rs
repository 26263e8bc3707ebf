//! A budget for no pods, or one that never lets a node be drained.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::selector::{selects, words};

pub(super) const CHECK: Check = Check {
    code: Code("disruption-budget"),
    severity: Severity::Error,
    page: "\
A PodDisruptionBudget says how many of the pods that it selects may be missing
while nodes are drained. One that selects nothing protects nothing; one that
wants as many pods as there are (`minAvailable` not below the replicas, or
`maxUnavailable: 0`) stops every drain, and with it upgrades of the cluster.

To mend it, use the labels of the pods, and leave room for one pod.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for budget in facts
        .bundle
        .of_kind("PodDisruptionBudget")
        .filter(|budget| facts.is_ours(&budget.key().namespace))
    {
        let spec = &budget.value()["spec"];
        let selector = &spec["selector"];
        let mut selected = facts
            .pods
            .iter()
            .filter(|pods| {
                pods.namespace() == budget.key().namespace && selects(selector, &pods.labels)
            })
            .peekable();
        if selected.peek().is_none() {
            let message = format!("`{}` selects no pods", budget.key());
            findings
                .on(budget, message)
                .note(format!("it selects {}", words(selector)))
                .help("use labels that the pods have");
        }
        for pods in selected {
            let Some(replicas) = pods.replicas else {
                continue;
            };
            let stuck = spec["minAvailable"]
                .as_u64()
                .is_some_and(|least| least >= replicas)
                || spec["maxUnavailable"].as_u64() == Some(0);
            let whole = spec["minAvailable"] == "100%" || spec["maxUnavailable"] == "0%";
            if replicas > 0 && (stuck || whole) {
                let message = format!(
                    "`{}` never lets a pod of `{}` go: it has {replicas}",
                    budget.key(),
                    pods.object.key()
                );
                findings
                    .on(budget, message)
                    .help("leave room for one pod, with `maxUnavailable: 1`");
            }
        }
    }
}
