//! What components must agree on: names, images, labels. Each is made in one
//! place here, so that renaming a thing moves everything that refers to it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::components::prometheus::agent;
use crate::components::{kubernetes, node_exporter};
use crate::dashboards::{DashboardFiles, DashboardFolder};
use crate::scalar::{Duration, milliseconds};
use crate::shape::{Common, Pods, ServiceMonitor, StackFile};

pub(crate) use crate::anti_affinity::spread;
pub(crate) use crate::resources::resources;

/// The whole stack file, as the components see it.
#[derive(Debug)]
pub struct Context<'a> {
    /// What the user wrote.
    pub file: &'a StackFile,
}

impl Context<'_> {
    /// The namespace that everything is installed into.
    pub fn namespace(&self) -> &str {
        self.file.namespace.as_str()
    }

    /// The name of the Prometheus object: `k8s`.
    pub fn prometheus_name(&self) -> &str {
        self.file.components.prometheus.name.as_str()
    }

    /// The name of Prometheus' Service and of all else that belongs to it: `prometheus-k8s`.
    pub fn prometheus_full_name(&self) -> String {
        format!("prometheus-{}", self.prometheus_name())
    }

    /// `app.kubernetes.io/name` of the pods that scrape, which the operator
    /// gives them.
    pub fn prometheus_app(&self) -> &'static str {
        match agent::wanted(&self.file.components) {
            Some(_) => "prometheus-agent",
            None => "prometheus",
        }
    }

    /// Where Prometheus answers inside the cluster.
    pub fn prometheus_url(&self) -> String {
        format!(
            "http://{}.{}.svc:{}",
            self.prometheus_full_name(),
            self.namespace(),
            PROMETHEUS_PORT
        )
    }

    /// How often the figures of containers are scraped, in milliseconds.
    pub fn cadvisor_interval(&self) -> u64 {
        let kubelet = &self.file.components.kubernetes.kubelet.part.service_monitor;
        self.interval(kubelet, "/metrics/cadvisor", kubernetes::INTERVAL)
    }

    /// How often node-exporter is scraped, in milliseconds.
    pub fn node_exporter_interval(&self) -> u64 {
        let monitor = &self.file.components.node_exporter.service_monitor;
        self.interval(monitor, "/metrics", node_exporter::INTERVAL)
    }

    /// How often a path is scraped by a monitor, in milliseconds: as the user's
    /// own endpoints say if they replace the rendered ones.
    fn interval(&self, monitor: &ServiceMonitor, path: &str, default: &str) -> u64 {
        let is_path = |endpoint: &&Value| endpoint["path"].as_str().unwrap_or("/metrics") == path;
        let text = match monitor.spec.0.0["endpoints"].as_array() {
            None => Some(monitor.interval(default)),
            Some(endpoints) => endpoints
                .iter()
                .find(is_path)
                .and_then(|endpoint| endpoint["interval"].as_str()),
        };
        text.and_then(milliseconds)
            .unwrap_or_else(|| self.scrape_interval())
    }

    /// How often what has no interval of its own is scraped, in milliseconds.
    fn scrape_interval(&self) -> u64 {
        let prometheus = &self.file.components.prometheus;
        let of_spec = prometheus.spec.0.0["scrapeInterval"].as_str();
        let of_option = prometheus.scrape_interval.as_ref().map(Duration::as_str);
        of_spec
            .or(of_option)
            .and_then(milliseconds)
            .unwrap_or(OPERATOR_SCRAPE_INTERVAL)
    }

    /// The folders that Grafana shows dashboards in, the default one first.
    pub fn dashboard_folders(&self) -> Vec<DashboardFolder> {
        let default = self.file.components.grafana.dashboard_folder.as_str();
        let files = &self.file.dashboards.files;
        let mut titles = vec![default];
        for title in files.iter().filter_map(DashboardFiles::folder) {
            if !titles.contains(&title) {
                titles.push(title);
            }
        }
        titles
            .into_iter()
            .enumerate()
            .map(|(number, title)| DashboardFolder::new(number, title))
            .collect()
    }

    /// The name of the Alertmanager object: `main`.
    pub fn alertmanager_name(&self) -> &str {
        self.file.components.alertmanager.name.as_str()
    }

    /// The name of Alertmanager's Service and of all else that belongs to it: `alertmanager-main`.
    pub fn alertmanager_full_name(&self) -> String {
        format!("alertmanager-{}", self.alertmanager_name())
    }

    /// The labels by which the Prometheus object finds rules, if it is told to select them.
    pub fn rule_labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("prometheus".to_owned(), self.prometheus_name().to_owned()),
            ("role".to_owned(), "alert-rules".to_owned()),
        ])
    }

    /// The pattern of a section's runbook addresses: `%s` is the alert's name.
    pub fn runbook_pattern(&self, section: &str) -> String {
        let base = self.file.rules.runbooks.as_str().trim_end_matches('/');
        format!("{base}/{section}/%s")
    }

    /// An image from the mirror, if there is one.
    pub fn image(&self, image: &str) -> String {
        match &self.file.images.registry {
            Some(registry) => mirrored(image, registry.as_str()),
            None => image.to_owned(),
        }
    }

    /// The identity of a component's objects and pods.
    pub fn identity(&self, common: &Common, app: App<'_>) -> Identity {
        let selector = app.selector();
        let mut labels = common.labels.0.clone();
        labels.extend(selector.clone());
        if let Some(version) = app.version {
            labels.insert("app.kubernetes.io/version".into(), version.to_owned());
        }
        let annotations = common.annotations.0.clone();
        Identity {
            metadata: Metadata {
                namespace: Some(self.namespace().to_owned()),
                labels: labels.clone(),
                annotations: annotations.clone(),
            },
            cluster_metadata: Metadata {
                namespace: None,
                labels: labels.clone(),
                annotations: annotations.clone(),
            },
            pod_metadata: Metadata {
                namespace: None,
                labels,
                annotations,
            },
            selector,
            scraper: self.prometheus_app(),
        }
    }
}

/// The port on which Prometheus answers.
pub const PROMETHEUS_PORT: u16 = 9090;

/// What the operator takes where a Prometheus object has no `scrapeInterval`:
/// 30 seconds, in milliseconds.
const OPERATOR_SCRAPE_INTERVAL: u64 = 30_000;

/// What the labels of a component say about it.
#[derive(Debug, Clone, Copy)]
pub struct App<'a> {
    /// `app.kubernetes.io/name`.
    pub name: &'a str,
    /// `app.kubernetes.io/component`.
    pub component: &'a str,
    /// `app.kubernetes.io/instance`, where there may be several.
    pub instance: Option<&'a str>,
    /// `app.kubernetes.io/version`; not part of selectors, which never change.
    pub version: Option<&'a str>,
}

impl App<'_> {
    fn selector(&self) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::from([
            ("app.kubernetes.io/name".to_owned(), self.name.to_owned()),
            (
                "app.kubernetes.io/component".to_owned(),
                self.component.to_owned(),
            ),
            (
                "app.kubernetes.io/part-of".to_owned(),
                "kube-prometheus".to_owned(),
            ),
        ]);
        if let Some(instance) = self.instance {
            labels.insert("app.kubernetes.io/instance".into(), instance.to_owned());
        }
        labels
    }
}

/// Who the objects and pods of a component are; part of every template's input.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// `metadata` of namespaced objects, without the name.
    pub metadata: Metadata,
    /// `metadata` of objects of the whole cluster, without the name.
    pub cluster_metadata: Metadata,
    /// `metadata` of the pods.
    pub pod_metadata: Metadata,
    /// The labels that select the pods.
    pub selector: BTreeMap<String, String>,
    /// `app.kubernetes.io/name` of the pods that scrape them.
    pub scraper: &'static str,
}

/// The part of `metadata` that the objects of a component share.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Metadata {
    /// The namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// The image of a component: what the user names, or the default repository at
/// the version, from the mirror if there is one.
pub fn image(context: &Context<'_>, pods: &Pods, repository: &str, tag: &str) -> String {
    match &pods.image {
        Some(image) => image.to_string(),
        None => context.image(&format!("{repository}:{tag}")),
    }
}

fn mirrored(image: &str, registry: &str) -> String {
    let registry = registry.trim_end_matches('/');
    // The first part is a registry when it could be a host name.
    match image.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
            format!("{registry}/{path}")
        }
        _ => format!("{registry}/{image}"),
    }
}

/// The version that the user names, or the one that comes with kpbuild.
pub(crate) fn version<'a>(pods: &'a Pods, default: &'a str) -> &'a str {
    pods.version
        .as_ref()
        .map_or(default, crate::scalar::Version::as_str)
}

/// The fields of a pod's `spec` that users choose, over a component's defaults.
/// Custom resources of the operator have the same fields under the same names.
pub(crate) fn pod(context: &Context<'_>, pods: &Pods, defaults: Value) -> Value {
    let Value::Object(mut spec) = defaults else {
        panic!("defaults of a pod are a map");
    };
    let secrets = &context.file.images.pull_secrets;
    if !secrets.is_empty() {
        let secrets: Vec<Value> = secrets.iter().map(|name| json!({"name": name})).collect();
        spec.insert("imagePullSecrets".to_owned(), json!(secrets));
    }
    let mut set = |field: &str, value: Option<Value>| {
        if let Some(value) = value {
            spec.insert(field.to_owned(), value);
        }
    };
    set(
        "nodeSelector",
        pods.node_selector.as_ref().map(|labels| json!(labels)),
    );
    set(
        "tolerations",
        pods.tolerations
            .as_ref()
            .map(|tolerations| json!(tolerations)),
    );
    set(
        "affinity",
        pods.affinity.as_ref().map(|affinity| json!(affinity)),
    );
    set(
        "priorityClassName",
        pods.priority_class_name.as_ref().map(|name| json!(name)),
    );
    if let Some(chosen) = &pods.pod_security_context {
        let context = spec.entry("securityContext").or_insert_with(|| json!({}));
        merge(context, &chosen.0.0);
    }
    Value::Object(spec)
}

/// The same for the pod that the operator makes of a custom resource: what is
/// said about its main container goes into a part of that container, which the
/// operator merges into its own.
pub(crate) fn operator_pod(
    context: &Context<'_>,
    pods: &Pods,
    container: &str,
    defaults: Value,
) -> Value {
    let mut spec = pod(context, pods, defaults);
    if pods.security_context.is_some() {
        let chosen = security_context(pods, json!({}));
        spec["containers"] = json!([{"name": container, "securityContext": chosen}]);
    }
    spec
}

/// The security settings of a component's main container.
pub(crate) fn security_context(pods: &Pods, mut default: Value) -> Value {
    if let Some(chosen) = &pods.security_context {
        merge(&mut default, &chosen.0.0);
    }
    default
}

/// Merges a part into a value: maps are merged, everything else replaces, null removes.
pub(crate) fn merge(base: &mut Value, part: &Value) {
    match (base, part) {
        (Value::Object(base), Value::Object(part)) => {
            for (key, value) in part {
                if value.is_null() {
                    base.remove(key);
                } else {
                    merge(
                        base.entry(key.clone())
                            .or_insert_with(|| Value::Object(Map::new())),
                        value,
                    );
                }
            }
        }
        (base, part) => *base = part.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_replaces_the_registry_and_keeps_the_path() {
        let mirror = |image| mirrored(image, "registry.example.com/mirror/");
        assert_eq!(
            mirror("quay.io/prometheus/prometheus:v1"),
            "registry.example.com/mirror/prometheus/prometheus:v1"
        );
        assert_eq!(
            mirror("grafana/grafana:13"),
            "registry.example.com/mirror/grafana/grafana:13"
        );
        assert_eq!(
            mirror("localhost:5000/a/b@sha256:0"),
            "registry.example.com/mirror/a/b@sha256:0"
        );
    }

    #[test]
    fn merging_follows_the_rules_of_a_merge_patch() {
        let mut base = json!({"a": {"b": 1, "c": [1, 2]}, "d": 1});
        merge(
            &mut base,
            &json!({"a": {"c": [3], "e": {"f": null}}, "d": null}),
        );
        assert_eq!(base, json!({"a": {"b": 1, "c": [3], "e": {}}}));
    }
}
