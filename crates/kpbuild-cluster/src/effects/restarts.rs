//! Which pods restart, and how.
//!
//! Pods of a workload are replaced when their template changes; those of a
//! Prometheus or Alertmanager when the operator's StatefulSet gets another
//! template. What the operator only writes into the configuration is reloaded.

use serde_json::Value;

use super::{Changed, Effect, EffectKind};
use crate::compare::FieldChange;

pub(super) fn effects(changed: &Changed<'_>) -> Vec<Effect> {
    let text = match (changed.key.group.as_str(), changed.key.kind.as_str()) {
        ("apps", "Deployment" | "DaemonSet" | "StatefulSet") => of_workload(changed),
        (
            "monitoring.coreos.com",
            "Prometheus" | "PrometheusAgent" | "Alertmanager" | "ThanosRuler",
        ) => of_instance(changed),
        ("batch", "CronJob") if changed.after.is_none() => Some("ends its jobs".to_owned()),
        _ => None,
    };
    text.map(|text| Effect::new(EffectKind::Restart, text))
        .into_iter()
        .collect()
}

fn of_workload(changed: &Changed<'_>) -> Option<String> {
    let Some(after) = changed.after else {
        return Some("ends its pods".to_owned());
    };
    let template = changed
        .changes
        .iter()
        .any(|change| change.path.is_below(&["spec", "template"]));
    if template {
        return Some(format!("restarts its pods, {}", manner(after)));
    }
    scaling(changed.changes)
}

/// How the pods of a workload are replaced.
fn manner(workload: &Value) -> &'static str {
    let spec = &workload["spec"];
    let strategy = [&spec["strategy"]["type"], &spec["updateStrategy"]["type"]];
    match strategy.iter().find_map(|strategy| strategy.as_str()) {
        Some("Recreate") => "all at once",
        Some("OnDelete") => "as each is deleted",
        _ => "one after another",
    }
}

fn scaling(changes: &[FieldChange]) -> Option<String> {
    let replicas = changes
        .iter()
        .find(|change| change.path.is_below(&["spec", "replicas"]))?;
    let number = |value: &Option<Value>| {
        value
            .as_ref()
            .map_or("the default".to_owned(), Value::to_string)
    };
    Some(format!(
        "scales from {} to {} replicas",
        number(&replicas.before),
        number(&replicas.after)
    ))
}

/// Fields of the operator's instances that do not reach the pod template: they
/// select, scale, or end in the configuration, which is reloaded.
const RELOADED: [&str; 50] = [
    "additionalAlertManagerConfigs",
    "additionalAlertRelabelConfigs",
    "additionalScrapeConfigs",
    "alerting",
    "alertmanagerConfigMatcherStrategy",
    "alertmanagerConfigNamespaceSelector",
    "alertmanagerConfigSelector",
    "alertmanagerConfiguration",
    "arbitraryFSAccessThroughSMs",
    "bodySizeLimit",
    "configSecret",
    "convertClassicHistogramsToNHCB",
    "enforcedBodySizeLimit",
    "enforcedKeepDroppedTargets",
    "enforcedLabelLimit",
    "enforcedLabelNameLengthLimit",
    "enforcedLabelValueLengthLimit",
    "enforcedNamespaceLabel",
    "enforcedSampleLimit",
    "enforcedTargetLimit",
    "evaluationInterval",
    "excludedFromEnforcement",
    "exemplars",
    "externalLabels",
    "ignoreNamespaceSelectors",
    "keepDroppedTargets",
    "labelLimit",
    "nameEscapingScheme",
    "nameValidationScheme",
    "overrideHonorLabels",
    "overrideHonorTimestamps",
    "podMonitorNamespaceSelector",
    "podMonitorSelector",
    "probeNamespaceSelector",
    "probeSelector",
    "prometheusExternalLabelName",
    "remoteRead",
    "remoteWrite",
    "replicaExternalLabelName",
    "ruleNamespaceSelector",
    "ruleSelector",
    "sampleLimit",
    "scrapeClasses",
    "scrapeConfigNamespaceSelector",
    "scrapeConfigSelector",
    "scrapeInterval",
    "scrapeTimeout",
    "serviceMonitorNamespaceSelector",
    "serviceMonitorSelector",
    "targetLimit",
];

fn of_instance(changed: &Changed<'_>) -> Option<String> {
    if changed.after.is_none() {
        return Some("ends its pods; volume claims stay".to_owned());
    }
    let set = stateful_set(changed.key.kind.as_str(), &changed.key.name);
    let field = |change: &FieldChange| change.path.fields().get(1).map(|&field| field.to_owned());
    let in_spec = changed
        .changes
        .iter()
        .filter(|change| change.path.is_below(&["spec"]));
    let restarting = in_spec
        .filter_map(field)
        .any(|field| field != "replicas" && !RELOADED.contains(&field.as_str()));
    if restarting {
        return Some(format!(
            "restarts the pods of StatefulSet {set}, one after another"
        ));
    }
    scaling(changed.changes)
}

/// The StatefulSet that the operator makes of an instance.
fn stateful_set(kind: &str, name: &str) -> String {
    let prefix = match kind {
        "Prometheus" => "prometheus",
        "PrometheusAgent" => "prom-agent",
        "Alertmanager" => "alertmanager",
        _ => "thanos-ruler",
    };
    format!("{prefix}-{name}")
}

#[cfg(test)]
mod tests {
    use crate::effects::tests::phrases;
    use serde_json::{Value, json};

    fn deployment(image: &str, replicas: u32, strategy: &str) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "g", "namespace": "m"},
            "spec": {"replicas": replicas, "strategy": {"type": strategy}, "template": {"spec": {"containers": [{"name": "g", "image": image}]}}},
        })
    }

    #[test]
    fn another_template_restarts_pods() {
        let check = |strategy, phrase| {
            let after = deployment("b", 1, strategy);
            assert_eq!(phrases(deployment("a", 1, strategy), Some(after)), [phrase]);
        };
        check("RollingUpdate", "restarts its pods, one after another");
        check("Recreate", "restarts its pods, all at once");
    }

    #[test]
    fn other_replicas_scale() {
        let phrases = phrases(deployment("a", 1, "x"), Some(deployment("a", 2, "x")));
        assert_eq!(phrases, ["scales from 1 to 2 replicas"]);
    }

    #[test]
    fn an_instance_restarts_unless_its_configuration_is_reloaded() {
        let prometheus = |spec: Value| json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": {"name": "k8s", "namespace": "m"}, "spec": spec});
        let check = |after: Value, expected: &[&str]| {
            let before = prometheus(json!({"version": "1", "scrapeInterval": "30s"}));
            assert_eq!(phrases(before, Some(prometheus(after))), expected);
        };
        check(json!({"version": "1", "scrapeInterval": "15s"}), &[]);
        check(
            json!({"version": "2", "scrapeInterval": "30s"}),
            &["restarts the pods of StatefulSet prometheus-k8s, one after another"],
        );
    }
}
