//! What a stack could say to come nearer to given manifests, in the order in
//! which it is tried. Only what differs is tried, and wrong guesses cost a render
//! and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_core::ObjectKey;
use serde_json::{Value, json};

use crate::questions::PLATFORMS;

use super::{
    Search, configuration, custom_resources, dashboards, exposure, monitors, on_demand, rules,
    templates, workloads,
};

/// The namespace and the names of instances: what all other names follow from.
pub(super) fn names(search: &mut Search<'_>) {
    let given = search.given;
    let prometheus = given.first("Prometheus").or(given.first("PrometheusAgent"));
    let alertmanager = given.first("Alertmanager");
    let home = prometheus.or(alertmanager).or(given.first("Deployment"));
    if let Some(home) = home {
        search.attempt(&["namespace"], json!(home.namespace));
    }
    for (component, object) in [("prometheus", prometheus), ("alertmanager", alertmanager)] {
        if let Some(object) = object {
            search.attempt(&["components", component, "name"], json!(object.name));
        }
    }
}

/// Everything else.
pub(super) fn try_all(search: &mut Search<'_>) -> anyhow::Result<()> {
    custom_resources::agent(search);
    registry(search);
    components(search);
    on_demand::each(search);
    platform(search);
    on_demand::discovery(search);
    network_policies(search);
    workloads::all_pods(search);
    templates::of_notifications(search)?;
    custom_resources::instances(search);
    workloads::each(search);
    exposure::each(search);
    namespaces(search);
    monitors::each(search);
    configuration::each(search);
    common_metadata(search);
    rules::without_mixin(search);
    search.compare_with_release();
    dashboards::each(search)?;
    rules::each(search)
}

/// The registry that mirrors all images, if there is one.
fn registry(search: &mut Search<'_>) {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (key, ours) in &search.rendered {
        let Some(theirs) = search.given.get(key) else {
            continue;
        };
        let theirs = images(&theirs.value);
        for image in images(ours.object.value()) {
            let path = path_of(&image);
            let mirrored = theirs
                .iter()
                .find_map(|one| name_of(one).strip_suffix(path)?.strip_suffix('/'));
            if let Some(registry) = mirrored.filter(|_| !theirs.contains(&image)) {
                *found.entry(registry.to_owned()).or_default() += 1;
            }
        }
    }
    let most = found.into_iter().max_by_key(|(_, count)| *count);
    if let Some((registry, _)) = most {
        search.attempt(&["images", "registry"], json!(registry));
    }
}

/// The images that an object names.
fn images(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => {
            let own = map.get("image").and_then(Value::as_str).map(str::to_owned);
            own.into_iter()
                .chain(map.values().flat_map(images))
                .collect()
        }
        Value::Array(items) => items.iter().flat_map(images).collect(),
        _ => Vec::new(),
    }
}

/// The path of an image, without its registry and tag.
fn path_of(image: &str) -> &str {
    let name = name_of(image);
    match name.split_once('/') {
        Some((registry, path)) if registry.contains(['.', ':']) => path,
        _ => name,
    }
}

/// An image without its tag and digest; the registry may have a port.
fn name_of(image: &str) -> &str {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

/// Components of which nothing was given.
fn components(search: &mut Search<'_>) {
    let (mut all, mut there) = (BTreeSet::new(), BTreeSet::new());
    for (key, ours) in &search.rendered {
        let component = &ours.object.origin.component;
        all.insert(component.clone());
        if search.given.get(key).is_some() {
            there.insert(component.clone());
        }
    }
    for component in all.difference(&there).filter(|name| *name != "namespace") {
        search.attempt(&["components", component, "enabled"], json!(false));
    }
}

/// The platform, if there are objects that speak for one:
/// some of Kubernetes' monitors lack, or there is something in `kube-system`.
fn platform(search: &mut Search<'_>) {
    let lacks = search.rendered.iter().any(|(key, ours)| {
        let component = &ours.object.origin.component;
        (component == "kubernetes" || key.kind == "APIService")
            && key.kind != "PrometheusRule"
            && search.given.get(key).is_none()
    });
    let is_new = |key: &ObjectKey| !search.rendered.contains_key(key);
    let adds = has(search, |key| is_new(key) && key.namespace == "kube-system");
    if lacks || adds {
        best_platform(search);
    }
    for part in monitors::PARTS {
        let gone =
            |key: &ObjectKey, _: &Value| key.kind == "ServiceMonitor" && key.name == part.object;
        if lacking(search, "kubernetes", gone) {
            search.attempt(
                &["components", "kubernetes", part.field, "enabled"],
                json!(false),
            );
        }
    }
    apis_of_the_adapter(search);
    if has(search, |key| {
        key.kind == "ClusterRole" && key.name.ends_with("monitoring-edit")
    }) {
        search.attempt(
            &["components", "prometheus-operator", "userFacingRoles"],
            json!(true),
        );
    }
}

/// The APIs that prometheus-adapter serves.
fn apis_of_the_adapter(search: &mut Search<'_>) {
    for (api, field) in [
        (".metrics.k8s.io", "resourceMetrics"),
        (".custom.metrics.k8s.io", "customMetrics"),
        (".external.metrics.k8s.io", "externalMetrics"),
    ] {
        let is_api = |key: &ObjectKey| {
            let version = key.name.strip_suffix(api);
            key.kind == "APIService" && version.is_some_and(|version| !version.contains('.'))
        };
        let path = ["components", "prometheus-adapter", field];
        if has(search, is_api) {
            search.attempt(&path, json!(true));
        } else if lacking(search, "prometheus-adapter", |key, _| is_api(key)) {
            search.attempt(&path, json!(false));
        }
    }
}

/// The platform that leads nearest; the first of several.
fn best_platform(search: &mut Search<'_>) {
    for platform in PLATFORMS.into_iter().filter(|name| *name != "none") {
        search.attempt(&["cluster", "platform"], json!(platform));
    }
}

/// Whether an object of a kind was given that is not rendered yet.
pub(super) fn has(search: &Search<'_>, is_meant: impl Fn(&ObjectKey) -> bool) -> bool {
    let mut keys = search.given.objects().map(|(key, _)| key);
    keys.any(|key| is_meant(key) && !search.rendered.contains_key(key))
}

/// Whether an object of a component is rendered that was not given.
fn lacking(
    search: &Search<'_>,
    component: &str,
    is_meant: impl Fn(&ObjectKey, &Value) -> bool,
) -> bool {
    search.rendered.iter().any(|(key, ours)| {
        ours.object.origin.component == component
            && is_meant(key, ours.object.value())
            && search.given.get(key).is_none()
    })
}

fn network_policies(search: &mut Search<'_>) {
    if search.given.first("NetworkPolicy").is_none() {
        search.attempt(&["networkPolicies"], json!(false));
    }
}

/// The namespaces whose targets Prometheus may discover: those in which it has a role.
fn namespaces(search: &mut Search<'_>) {
    let Some((ours, _)) = search.pair("prometheus", &["Prometheus", "PrometheusAgent"]) else {
        return;
    };
    let name = format!(
        "prometheus-{}",
        ours["metadata"]["name"].as_str().unwrap_or_default()
    );
    let home = ours["metadata"]["namespace"].as_str().unwrap_or_default();
    let keys = search.given.objects().map(|(key, _)| key);
    let roles = keys.filter(|key| key.kind == "Role" && key.name == name && key.namespace != home);
    let namespaces: Vec<&String> = roles.map(|key| &key.namespace).collect();
    let path = ["components", "prometheus", "namespaces"];
    if namespaces.is_empty() {
        search.attempt(&path, json!("all"));
    } else if namespaces != ["default", "kube-system"] {
        let namespaces = json!(namespaces);
        search.attempt(&path, namespaces);
    }
}

/// Labels and annotations that all objects of a component have.
fn common_metadata(search: &mut Search<'_>) {
    let mut found: BTreeSet<(String, &str, String, String)> = BTreeSet::new();
    for (key, ours) in &search.rendered {
        let Some(theirs) = search.given.get(key) else {
            continue;
        };
        for field in ["labels", "annotations"] {
            let new = theirs.value["metadata"][field]
                .as_object()
                .into_iter()
                .flatten();
            for (name, value) in new {
                let is_there = ours.object.value()["metadata"][field].get(name) == Some(value);
                if let Some(text) = value.as_str().filter(|_| !is_there) {
                    let component = ours.object.origin.component.clone();
                    found.insert((component, field, name.clone(), text.to_owned()));
                }
            }
        }
    }
    for (component, field, name, text) in found {
        search.attempt(&["components", &component, field, &name], json!(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_a_registry_a_path_and_a_tag() {
        assert_eq!(
            path_of("quay.io/prometheus/prometheus:v3"),
            "prometheus/prometheus"
        );
        assert_eq!(path_of("grafana/grafana:13"), "grafana/grafana");
        assert_eq!(path_of("localhost:5000/a/b"), "a/b");
        let pod = json!({"containers": [{"image": "a"}, {"image": "b"}], "image": "c"});
        assert_eq!(images(&pod), ["c", "a", "b"]);
    }
}
