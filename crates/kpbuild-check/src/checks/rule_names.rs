//! Names and durations of rules that Prometheus refuses.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::{Facts, has_format, items};

pub(super) const CHECK: Check = Check {
    code: Code("rule-format"),
    severity: Severity::Error,
    page: "\
The name of a record must be the name of a metric, names of labels and
annotations must be names of labels, and `for`, `keep_firing_for` and `interval`
must be durations such as `15m`. A record has no `for`, no `keep_firing_for` and
no annotations. Prometheus loads none of the rules of a file that has one such
mistake.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for object in facts.bundle.of_kind("PrometheusRule") {
        for group in items(&object.value()["spec"]["groups"]) {
            for field in ["interval", "query_offset"] {
                if let Some(Err(reason)) = group[field]
                    .as_str()
                    .map(|text| has_format("prometheus-duration", text))
                {
                    let message = format!(
                        "`{field}` of the group `{}` in `{}` is not a duration",
                        group["name"].as_str().unwrap_or_default(),
                        object.key()
                    );
                    findings.on(object, message).help(reason);
                }
            }
        }
    }
    for rule in &facts.rules {
        let place = format!("{} in `{}`", rule.words(), rule.object.key());
        if !rule.is_alert && !is_metric(rule.name) {
            findings
                .on_rule(rule, format!("{place} has a name that no metric can have"))
                .help("names are made of letters, digits, `_` and `:`");
        }
        for field in ["for", "keep_firing_for"]
            .into_iter()
            .filter(|field| !rule.value[*field].is_null())
        {
            if !rule.is_alert {
                findings
                    .on_rule(
                        rule,
                        format!("{place} has `{field}`, which only alerts have"),
                    )
                    .help("remove it");
            } else if let Some(Err(reason)) = rule.value[field]
                .as_str()
                .map(|text| has_format("prometheus-duration", text))
            {
                findings
                    .on_rule(rule, format!("`{field}` of {place} is not a duration"))
                    .help(reason);
            }
        }
        for (text, _) in rule.templates() {
            let name = text.split_once('.').map_or("", |(_, name)| name);
            if !is_label(name) {
                findings
                    .on_rule(
                        rule,
                        format!("{place} has `{text}`, which is no name of a label"),
                    )
                    .help("names are made of letters, digits and `_`");
            }
        }
    }
}

fn is_metric(name: &str) -> bool {
    is_label(&name.replace(':', "_"))
}

fn is_label(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
