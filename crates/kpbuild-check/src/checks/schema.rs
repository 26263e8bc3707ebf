//! An object that its schema does not allow.

use std::collections::BTreeMap;
use std::sync::Arc;

use kpbuild_core::{Code, Diagnostic, Object, Severity};
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
comes with (crates/kpbuild-check/data/kubernetes.json), the operator's and Pyrra's
against their definitions, with the rules that these state in CEL; if the objects
that are checked bring definitions of their own, those count. Kinds of others are
not looked at.",
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
        let violations = if schema.is_of_the_program() {
            object.derived(|_| Violations::of(object, schema))
        } else {
            Arc::new(Violations::of(object, schema))
        };
        for one in &violations.0 {
            let words = findings.on(object, format!("`{}`: {}", object.key(), one.message));
            let words = one.notes.iter().fold(words, Words::note);
            if let Some(help) = &one.help {
                words.help(help);
            }
        }
    }
}

/// What a schema does not allow in an object. It is found out once however many
/// bundles have the object, unless the schema is one of the bundle.
struct Violations(Vec<Violation>);

struct Violation {
    message: String,
    notes: Vec<String>,
    help: Option<String>,
}

impl Violations {
    fn of(object: &Object, schema: &Schema<'_>) -> Self {
        let of_schema = validate::violations(object.value(), schema.root(), schema.whole())
            .into_iter()
            .filter(|one| !is_said_elsewhere(one, object))
            .map(|one| Violation {
                message: one.message,
                notes: one.notes,
                help: one.help,
            });
        let (root, structural) = schema.structural();
        let said_elsewhere = |one: &Broken| {
            one.message.contains(".volumeMounts` has the mountPath")
                || one.message.starts_with("`spec.groups` has the name")
        };
        let of_constraints = broken(object.value(), root, structural)
            .into_iter()
            .filter(|one| !said_elsewhere(one))
            .map(|one| Violation {
                message: one.message,
                notes: Vec::new(),
                help: one.help,
            });
        Self(of_schema.chain(of_constraints).collect())
    }
}

/// What has a check of its own is said there, with more words.
fn is_said_elsewhere(one: &Diagnostic, object: &Object) -> bool {
    let is_label = ["metadata.labels.", "metadata.annotations."]
        .iter()
        .any(|place| one.message.contains(place));
    let is_format = one.code == validate::BAD_FORMAT
        && (object.kind() == "PrometheusRule" || one.message.contains(".resources."));
    is_format || (is_label && one.code == validate::WRONG_TYPE)
}
