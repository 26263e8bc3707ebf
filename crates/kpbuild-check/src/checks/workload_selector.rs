//! A workload that does not select its own pods.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::selector::{selects, words};

pub(super) const CHECK: Check = Check {
    code: Code("workload-selector"),
    severity: Severity::Error,
    page: "\
The selector of a Deployment, StatefulSet or DaemonSet must select the labels of
its own pod template; the API server refuses the workload otherwise. The
selector of an existing workload cannot be changed.

To mend it, add the labels of `spec.selector` to the template.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for pods in facts
        .pods
        .iter()
        .filter(|pods| pods.object.key().group == "apps")
    {
        let selector = &pods.object.value()["spec"]["selector"];
        if !selects(selector, &pods.labels) {
            let message = format!(
                "`{}` does not select the pods of its own template",
                pods.object.key()
            );
            findings
                .on(pods.object, message)
                .note(format!("it selects {}", words(selector)))
                .help("add these labels to the template");
        }
    }
}
