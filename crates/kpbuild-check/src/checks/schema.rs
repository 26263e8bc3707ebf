//! A custom resource that its definition does not allow.

use kpbuild_core::{Code, Severity};
use kpbuild_stack::{definitions, validate};

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: Code("schema"),
    severity: Severity::Error,
    page: "\
An object of the operator (Prometheus, ServiceMonitor, PrometheusRule, ...) has
a field that its definition does not have, a value of another type, none of the
names that are allowed, a text of another form, or lacks a field that must be
there. The API server refuses it, or drops the field without a word.

The definitions are those of the operator's version that comes with kpbuild.
Rules that definitions state in CEL are not evaluated.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for object in facts
        .bundle
        .objects()
        .iter()
        .filter(|object| object.key().group == "monitoring.coreos.com")
    {
        let Some(schema) = definitions::of_kind(object.kind()) else {
            continue;
        };
        // Durations of rules have a check of their own, which names the rule.
        let of_rule = |code| object.kind() == "PrometheusRule" && code == validate::BAD_FORMAT;
        for violation in validate::violations(object.value(), schema)
            .into_iter()
            .filter(|one| !of_rule(one.code))
        {
            let words = findings.on(object, format!("`{}`: {}", object.key(), violation.message));
            let words = violation
                .notes
                .into_iter()
                .fold(words, crate::check::Words::note);
            if let Some(help) = violation.help {
                words.help(help);
            }
        }
    }
}
