//! Parts that objects of several kinds have.

use serde_json::Value;

use crate::facts::{items, strings};
use crate::pods::Pods;

/// A ConfigMap or Secret that pods cannot start without.
#[derive(Debug)]
pub(crate) struct ConfigReference<'f, 'a> {
    pub(crate) pods: &'f Pods<'a>,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) key: Option<String>,
}

/// All ConfigMaps and Secrets that pods cannot start without.
pub(crate) fn config_references<'f, 'a>(pods: &'f Pods<'a>) -> Vec<ConfigReference<'f, 'a>> {
    let mut all = Vec::new();
    let mut add = |kind, place: &Value, name: &Value, key: Option<&Value>| {
        if let Some(name) = name.as_str().filter(|_| place["optional"] != true) {
            let key = key.and_then(Value::as_str).map(str::to_owned);
            all.push(ConfigReference {
                pods,
                kind,
                name: name.to_owned(),
                key,
            });
        }
    };
    let volumes = items(&pods.spec["volumes"]);
    let projected =
        items(&pods.spec["volumes"]).flat_map(|volume| items(&volume["projected"]["sources"]));
    for volume in volumes {
        for (kind, place, name) in [
            ("ConfigMap", &volume["configMap"], "name"),
            ("Secret", &volume["secret"], "secretName"),
        ] {
            add(kind, place, &place[name], None);
            items(&place["items"])
                .for_each(|item| add(kind, place, &place[name], Some(&item["key"])));
        }
    }
    for source in projected {
        for (kind, place) in [
            ("ConfigMap", &source["configMap"]),
            ("Secret", &source["secret"]),
        ] {
            add(kind, place, &place["name"], None);
            items(&place["items"])
                .for_each(|item| add(kind, place, &place["name"], Some(&item["key"])));
        }
    }
    for container in pods.containers() {
        for from in items(&container["envFrom"]) {
            add(
                "ConfigMap",
                &from["configMapRef"],
                &from["configMapRef"]["name"],
                None,
            );
            add(
                "Secret",
                &from["secretRef"],
                &from["secretRef"]["name"],
                None,
            );
        }
        for from in items(&container["env"]).map(|variable| &variable["valueFrom"]) {
            for (kind, place) in [
                ("ConfigMap", &from["configMapKeyRef"]),
                ("Secret", &from["secretKeyRef"]),
            ] {
                add(kind, place, &place["name"], Some(&place["key"]));
            }
        }
    }
    if pods.object.key().group == "monitoring.coreos.com" {
        of_operator(pods, &mut all);
    }
    all
}

/// What the operator mounts for Prometheus and Alertmanager objects.
fn of_operator<'f, 'a>(pods: &'f Pods<'a>, all: &mut Vec<ConfigReference<'f, 'a>>) {
    let mut add = |kind, name: &str, key: Option<&str>| {
        let key = key.map(str::to_owned);
        all.push(ConfigReference {
            pods,
            kind,
            name: name.to_owned(),
            key,
        });
    };
    strings(&pods.spec["secrets"]).for_each(|name| add("Secret", name, None));
    strings(&pods.spec["configMaps"]).for_each(|name| add("ConfigMap", name, None));
    for field in [
        "additionalScrapeConfigs",
        "additionalAlertRelabelConfigs",
        "additionalAlertManagerConfigs",
    ] {
        let place = &pods.spec[field];
        if let Some(name) = place["name"].as_str().filter(|_| place["optional"] != true) {
            add("Secret", name, place["key"].as_str());
        }
    }
    if let Some(name) = pods.spec["configSecret"].as_str() {
        add("Secret", name, Some("alertmanager.yaml"));
    }
}
