//! The Prometheus, PrometheusAgent and Alertmanager objects: fields that a stack has as fields of
//! its own, and those that it passes through.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::workloads::{merge_patch, metadata_of_pods, resources};
use super::{Search, meaning, set};

/// Fields that a stack takes as the object has them.
const FIELDS: [&str; 22] = [
    "image",
    "replicas",
    "retention",
    "retentionSize",
    "externalUrl",
    "externalLabels",
    "configSecret",
    "logLevel",
    "scrapeInterval",
    "evaluationInterval",
    "enableFeatures",
    "remoteWrite",
    "remoteRead",
    "nodeSelector",
    "tolerations",
    "affinity",
    "priorityClassName",
    "topologySpreadConstraints",
    "ruleSelector",
    "alerting",
    "securityContext",
    "thanos",
];

/// Where a stack takes whatever it has no field for, by component and kind.
const SPECS: [(&str, &str, &[&str]); 3] = [
    ("prometheus", "Prometheus", &["spec"]),
    ("prometheus", "PrometheusAgent", &["agent", "spec"]),
    ("alertmanager", "Alertmanager", &["spec"]),
];

pub(super) fn instances(search: &mut Search<'_>) {
    for (component, kind, place) in SPECS {
        fields(search, component, kind);
        secret_elsewhere(search, component);
        passed_through(search, component, kind, place);
    }
}

/// Prometheus as an agent, which needs somebody to send to.
pub(super) fn agent(search: &mut Search<'_>) {
    let given = search.given;
    let Some(agent) = given
        .first("PrometheusAgent")
        .and_then(|key| given.get(key))
    else {
        return;
    };
    let mut stack = search.stack.clone();
    let place = ["components", "prometheus"];
    let with = |field: &'static str| [place[0], place[1], field];
    let write = agent.value["spec"]["remoteWrite"].clone();
    set(&mut stack, &with("remoteWrite"), write);
    set(&mut stack, &with("agent"), json!({}));
    search.attempt_stack(stack);
}

fn fields(search: &mut Search<'_>, component: &str, kind: &str) {
    let Some((ours, theirs)) = search.pair(component, &[kind]) else {
        return;
    };
    let (ours, theirs) = (&ours["spec"], &theirs["spec"]);
    let mut set =
        |name: &str, value: Value| search.attempt(&["components", component, name], value);
    if let Some(version) = theirs["version"]
        .as_str()
        .filter(|_| ours["version"] != theirs["version"])
    {
        set("version", json!(version.trim_start_matches('v')));
    }
    let storage = storage(&theirs["storage"]["volumeClaimTemplate"]["spec"]);
    if let Some(storage) = storage.filter(|_| ours["storage"] != theirs["storage"]) {
        set("storage", storage);
    }
    if ours["resources"] != theirs["resources"] {
        set(
            "resources",
            resources(&ours["resources"], &theirs["resources"]),
        );
    }
    for name in FIELDS {
        let (ours, theirs) = (&ours[name], &theirs[name]);
        if theirs.is_null() || meaning::is_same(kind, name, ours, theirs) {
            continue;
        }
        match name {
            "securityContext" => set("podSecurityContext", merge_patch(ours, theirs)),
            "thanos" => set("thanos", thanos(theirs)),
            _ => set(name, theirs.clone()),
        };
    }
    additional_scrape_configs(search, component, theirs);
    metadata_of_pods(
        search,
        component,
        &ours["podMetadata"],
        &theirs["podMetadata"],
    );
}

/// The volume of a claim, as a stack says it.
pub(super) fn storage(claim: &Value) -> Option<Value> {
    let size = claim["resources"]["requests"]["storage"].as_str()?;
    let mut storage = json!({"size": size});
    if let Some(class) = claim["storageClassName"].as_str() {
        storage["class"] = json!(class);
    }
    Some(storage)
}

/// The Thanos sidecar, with its place for objects if it has one.
fn thanos(theirs: &Value) -> Value {
    match &theirs["objectStorageConfig"] {
        Value::Null => json!({}),
        key => json!({"objectStorage": {"secret": key["name"], "key": key["key"]}}),
    }
}

fn additional_scrape_configs(search: &mut Search<'_>, component: &str, theirs: &Value) {
    let key = &theirs["additionalScrapeConfigs"];
    if key.is_null() {
        return;
    }
    let value = json!({"secret": key["name"], "key": key["key"]});
    search.attempt(&["components", component, "additionalScrapeConfigs"], value);
}

/// The Secret with the configuration, where it is not among the manifests.
fn secret_elsewhere(search: &mut Search<'_>, component: &str) {
    let name = match search.pair(component, &["Alertmanager"]) {
        Some((ours, theirs)) if theirs["spec"]["configSecret"].is_null() => {
            format!(
                "alertmanager-{}",
                ours["metadata"]["name"].as_str().unwrap_or_default()
            )
        }
        _ => return,
    };
    let is_there = search
        .given
        .objects()
        .any(|(key, _)| key.kind == "Secret" && key.name == name);
    if !is_there {
        search.attempt(&["components", component, "configSecret"], json!(name));
    }
}

/// Whatever is left of the object's `spec`.
fn passed_through(search: &mut Search<'_>, component: &str, kind: &str, place: &[&str]) {
    let Some((ours, theirs)) = search.pair(component, &[kind]) else {
        return;
    };
    let (ours, theirs) = (&ours["spec"], &theirs["spec"]);
    let both = [ours, theirs].into_iter().filter_map(Value::as_object);
    let names: BTreeSet<&String> = both.flat_map(Map::keys).collect();
    for name in names {
        let (ours, theirs) = (&ours[name], &theirs[name]);
        if !meaning::is_same(kind, name, ours, theirs) {
            let value = merge_patch(ours, theirs);
            let path = [&["components", component], place, &[name]].concat();
            search.attempt(&path, value);
        }
    }
}
