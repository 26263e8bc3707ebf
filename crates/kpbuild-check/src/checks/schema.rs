//! An object that its schema does not allow.

use std::collections::BTreeMap;

use kpbuild_core::{Code, Severity};
use kpbuild_stack::validate;

use crate::check::{Check, Findings, Words};
use crate::constraints::{Broken, broken};
use crate::facts::Facts;
use crate::kinds::Schema;

pub(super) const CHECK: Check = Check {
    code: Code("schema"),
    severity: Severity::Error,
    page: "\
An object has a field that its kind does not have, a value of another type, none
of the names that are allowed, a number out of range, a text of another form, two
items of a list under one key, or lacks a field that must be there. The API
server refuses it, or drops the field without a word.

Kubernetes' own kinds are checked against the API of the version that kpbuild
comes with (crates/kpbuild-check/data/kubernetes.json), the operator's against
its definitions, with the rules that these state in CEL; if the objects that are
checked bring definitions of their own, those count. Kinds of others are not
looked at.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut schemas = BTreeMap::new();
    for object in facts
        .bundle
        .objects()
        .iter()
        .filter(|object| !object.is_of_the_program())
    {
        let version = object.value()["apiVersion"].as_str().unwrap_or_default();
        let schema = schemas
            .entry((version, object.kind()))
            .or_insert_with(|| Schema::of(facts, object));
        let Some(schema) = schema else { continue };
        // What has a check of its own is said there, with more words.
        let elsewhere = |one: &kpbuild_core::Diagnostic| {
            let is_label = ["metadata.labels.", "metadata.annotations."]
                .iter()
                .any(|place| one.message.contains(place));
            let is_format = one.code == validate::BAD_FORMAT
                && (object.kind() == "PrometheusRule" || one.message.contains(".resources."));
            is_format || (is_label && one.code == validate::WRONG_TYPE)
        };
        let whole = (schema.root(), schema.whole());
        for violation in validate::violations(object.value(), whole.0, whole.1)
            .into_iter()
            .filter(|one| !elsewhere(one))
        {
            let words = findings.on(object, format!("`{}`: {}", object.key(), violation.message));
            let words = violation.notes.into_iter().fold(words, Words::note);
            if let Some(help) = violation.help {
                words.help(help);
            }
        }
        let (root, structural) = schema.structural();
        let said_elsewhere = |one: &Broken| {
            one.message.contains(".volumeMounts` has the mountPath")
                || one.message.starts_with("`spec.groups` has the name")
        };
        for one in broken(object.value(), root, structural)
            .into_iter()
            .filter(|one| !said_elsewhere(one))
        {
            let words = findings.on(object, format!("`{}`: {}", object.key(), one.message));
            if let Some(help) = one.help {
                words.help(help);
            }
        }
    }
}
