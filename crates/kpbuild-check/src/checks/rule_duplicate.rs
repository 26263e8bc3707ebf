//! Rules that are there twice.

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_core::{Code, Severity};
use serde_json::Value;

use crate::check::{Check, Findings};
use crate::facts::{Facts, items};

pub(super) const CHECK: Check = Check {
    code: Code("rule-duplicate"),
    severity: Severity::Error,
    page: "\
Two rules record the same series (the same name with the same labels and the
same expression), two alerts are the same in name, labels and expression, or two
groups of one object have the same name. Prometheus refuses samples of the
second record, notifies twice, or rejects the object.

To mend it, remove one of the two.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut seen: BTreeMap<(&str, String, String), String> = BTreeMap::new();
    for rule in &facts.rules {
        let expression: String = rule.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let identity = (rule.name, rule.value["labels"].to_string(), expression);
        if let Some(first) = seen.get(&identity) {
            let message = format!(
                "{} in `{}` is the same as {first}",
                rule.words(),
                rule.object.key()
            );
            findings
                .on_rule(rule, message)
                .help("remove one of the two");
        }
        seen.insert(
            identity,
            format!("{} in `{}`", rule.words(), rule.object.key()),
        );
    }
    for object in facts.bundle.of_kind("PrometheusRule") {
        let mut names = BTreeSet::new();
        for name in items(&object.value()["spec"]["groups"])
            .filter_map(|group: &Value| group["name"].as_str())
        {
            if !names.insert(name) {
                let message = format!("`{}` has two groups `{name}`", object.key());
                findings
                    .on(object, message)
                    .help("rename one of them, or join their rules");
            }
        }
    }
}
