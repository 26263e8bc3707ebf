//! A group that is evaluated so seldom that its records vanish in between.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::{Facts, items};

pub(super) const CHECK: Check = Check {
    code: Code("group-interval"),
    severity: Severity::Warning,
    page: "\
A query finds a sample that is at most five minutes old. The records of a group
that is evaluated less often than that are gone for a part of the time, and its
alerts resolve and fire again.

To mend it, set `interval` of the group to at most 5m.",
    run,
};

/// How far back a query looks for a sample, in milliseconds.
const LOOKBACK: u64 = 5 * 60 * 1000;

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for object in facts.bundle.of_kind("PrometheusRule") {
        for group in items(&object.value()["spec"]["groups"]) {
            let Some(text) = group["interval"].as_str() else {
                continue;
            };
            if kpbuild_stack::format::milliseconds(text).is_some_and(|long| long > LOOKBACK) {
                let message = format!(
                    "the group `{}` in `{}` is evaluated only every {text}",
                    group["name"].as_str().unwrap_or_default(),
                    object.key()
                );
                findings
                    .on(object, message)
                    .help("set its `interval` to at most 5m");
            }
        }
    }
}
