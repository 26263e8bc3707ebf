//! An objective that Pyrra makes no rules of.

use kpbuild_core::Severity;
use kpbuild_stack::objective::{OBJECTIVE, is_objective, mistakes};

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: OBJECTIVE,
    severity: Severity::Error,
    page: "\
A ServiceLevelObjective says something that Pyrra cannot make rules of: a `metric`
that is no selector of series, such as an expression with `rate`; a `target` that
is no number between 0 and 100; a `window` that is no duration; no way to measure,
or several. The API server takes such an object. Pyrra's controller then writes an
error to its log, and there are neither recording rules nor alerts.

To mend it, write what the message says. Pyrra adds `rate`, `sum` and the windows
to a selector itself.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for object in facts.bundle.of_kind("ServiceLevelObjective") {
        let key = object.key();
        if !is_objective(&key.group, &key.kind) {
            continue;
        }
        for mistake in mistakes(&object.value()["spec"]) {
            let path = mistake.path.join(".");
            let message = format!("`spec.{path}` of `{key}` {}", mistake.what);
            let pointer = format!("/spec/{}", mistake.path.join("/"));
            findings
                .on_part(object, &pointer, message)
                .help(mistake.help);
        }
    }
}
