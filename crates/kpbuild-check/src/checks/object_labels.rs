//! Labels and annotations that Kubernetes refuses.

use kpbuild_core::{Code, Severity};
use serde_json::Value;

use crate::check::{Check, Findings};
use crate::facts::{Facts, has_format};

pub(super) const CHECK: Check = Check {
    code: Code("object-labels"),
    severity: Severity::Error,
    page: "\
Keys of labels and annotations are names of at most 63 characters, with an
optional domain before a `/`. Values of labels have at most 63 characters and are
made of letters, digits, `-`, `_` and `.`; both are strings, so numbers and
booleans need quotes. Labels of pod templates are looked at as well.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    // Definitions are generated; reading half a megabyte for their labels would
    // cost more than all other checks.
    for object in facts
        .bundle
        .objects()
        .iter()
        .filter(|object| object.kind() != "CustomResourceDefinition")
    {
        let value = object.value();
        for (place, metadata) in [
            ("metadata", &value["metadata"]),
            ("template", &value["spec"]["template"]["metadata"]),
            ("podMetadata", &value["spec"]["podMetadata"]),
        ] {
            for field in ["labels", "annotations"] {
                for (key, value) in metadata[field].as_object().into_iter().flatten() {
                    let problem = has_format("label-key", key)
                        .and_then(|()| problem(value, field == "labels"));
                    if let Err(reason) = problem {
                        findings.on(object, format!("`{place}.{field}` of `{}` has `{key}`, which Kubernetes refuses", object.key())).help(reason);
                    }
                }
            }
        }
    }
}

fn problem(value: &Value, is_label: bool) -> Result<(), String> {
    match value {
        Value::String(text) if is_label => has_format("label-value", text),
        Value::String(_) => Ok(()),
        other => Err(format!("its value must be a string: write \"{other}\"")),
    }
}
