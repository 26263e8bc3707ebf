//! Resources that cannot be had.

use kpbuild_core::{Code, Object, Severity};
use serde_json::Value;

use crate::check::{Check, Findings};
use crate::facts::{Facts, has_format};

pub(super) const CHECK: Check = Check {
    code: Code("resources"),
    severity: Severity::Error,
    page: "\
Amounts of CPU, memory and storage are quantities such as `500m`, `2` or `4Gi`,
and a container may not request more than its own limit: the API server refuses
the workload, or the operator's StatefulSet never gets a pod.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for pods in &facts.pods {
        for container in pods.containers() {
            let name = format!(
                "the container `{}` of `{}`",
                container["name"].as_str().unwrap_or_default(),
                pods.object.key()
            );
            look(pods.object, &container["resources"], &name, findings);
        }
        if pods.object.key().group == "monitoring.coreos.com" {
            look(
                pods.object,
                &pods.spec["resources"],
                &format!("`{}`", pods.object.key()),
                findings,
            );
            let claim = &pods.spec["storage"]["volumeClaimTemplate"]["spec"]["resources"];
            look(
                pods.object,
                claim,
                &format!("the storage of `{}`", pods.object.key()),
                findings,
            );
        }
    }
}

fn look(object: &Object, resources: &Value, who: &str, findings: &mut Findings<'_>) {
    for field in ["requests", "limits"] {
        for (name, value) in resources[field].as_object().into_iter().flatten() {
            if let Some(Err(reason)) = value
                .as_str()
                .map(|text| has_format("kubernetes-quantity", text))
            {
                findings
                    .on(
                        object,
                        format!("{who} has `{value}` of {name} in `{field}`, which is no quantity"),
                    )
                    .help(reason);
            }
        }
    }
    for (name, request) in resources["requests"].as_object().into_iter().flatten() {
        let limit = &resources["limits"][name];
        if let (Some(wanted), Some(most)) = (amount(request), amount(limit))
            && wanted > most
        {
            findings
                .on(
                    object,
                    format!("{who} requests {request} of {name}, more than its limit of {limit}"),
                )
                .help("raise the limit, or request less");
        }
    }
}

/// A quantity as a number.
fn amount(value: &Value) -> Option<f64> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.as_f64()?.to_string(),
    };
    let at = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let factor = match &text[at..] {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(text[..at].parse::<f64>().ok()? * factor)
}
