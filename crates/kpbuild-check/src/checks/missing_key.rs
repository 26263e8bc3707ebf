//! A key that a ConfigMap or Secret does not have.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::objects::config_references;

pub(super) const CHECK: Check = Check {
    code: Code("missing-key"),
    severity: Severity::Error,
    page: "\
A reference names a key of a ConfigMap or Secret that is part of the stack and
does not have that key: the pods do not start.

To mend it, use a key that the object has.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for reference in facts.pods.iter().flat_map(config_references) {
        let Some(key) = &reference.key else { continue };
        let Some(object) = facts.find(reference.kind, reference.pods.namespace(), &reference.name)
        else {
            continue;
        };
        let fields = ["data", "stringData", "binaryData"]
            .into_iter()
            .filter_map(|field| object.value()[field].as_object());
        let keys: Vec<&str> = fields
            .flat_map(|map| map.keys().map(String::as_str))
            .collect();
        if !keys.contains(&key.as_str()) {
            let message = format!(
                "`{}` reads the key `{key}` of `{}`, which does not have it",
                reference.pods.object.key(),
                object.key()
            );
            let help = nearest(key, keys.iter().copied())
                .map_or(format!("its keys are `{}`", keys.join("`, `")), |near| {
                    format!("did you mean `{near}`?")
                });
            findings.on(reference.pods.object, message).help(help);
        }
    }
}
