//! What a stack could say to come nearer to given manifests, in the order in
//! which it is tried. Only what differs is tried, and wrong guesses cost a render
//! and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_core::ObjectKey;
use serde_json::{Value, json};

use super::{
    Search, configuration, custom_resources, dashboards, monitors, on_demand, rules, workloads,
};

/// The namespace and the names of instances: what all other names follow from.
pub(super) fn names(search: &mut Search<'_>) {
    let given = search.given;
    let (prometheus, alertmanager) = (given.first("Prometheus"), given.first("Alertmanager"));
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
    registry(search);
    components(search);
    on_demand::each(search);
    platform(search);
    on_demand::discovery(search);
    network_policies(search);
    workloads::all_pods(search);
    custom_resources::instances(search);
    workloads::each(search);
    exposure(search);
    namespaces(search);
    monitors::each(search);
    configuration::each(search);
    common_metadata(search);
    rules::without_mixin(search);
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

/// What kube-prometheus has a platform for.
const PLATFORMS: [&str; 13] = [
    "aks",
    "aws",
    "bootkube",
    "eks",
    "gke",
    "kops",
    "kops-coredns",
    "k3s",
    "kubeadm",
    "kubespray",
    "openshift",
    "rke2",
    "talos",
];

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
    for platform in PLATFORMS {
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

/// Ports of the nodes, and host names that lead to an interface.
fn exposure(search: &mut Search<'_>) {
    for component in ["prometheus", "alertmanager", "grafana"] {
        let Some((_, theirs)) = search.pair(component, &["Service"]) else {
            continue;
        };
        let mut ports = theirs["spec"]["ports"].as_array().into_iter().flatten();
        if let Some(port) = ports.find_map(|port| port["nodePort"].as_u64()) {
            search.attempt(&["expose", component, "nodePort"], json!(port));
            // Where the NetworkPolicy was left as it is, it keeps others out.
            let closed = json!({"nodePort": port, "from": []});
            search.attempt(&["expose", component], closed);
        }
        let service = theirs["metadata"]["name"].as_str().unwrap_or_default();
        for (field, way) in ways_to(search, service) {
            search.attempt(&["expose", component, field], way);
        }
        if let Some(peers) = peers(search, component) {
            search.attempt(&["expose", component, "from"], peers);
        }
    }
}

/// Whom the NetworkPolicy lets in where ours lets in everybody.
fn peers(search: &Search<'_>, component: &str) -> Option<Value> {
    let (ours, theirs) = search.pair(component, &["NetworkPolicy"])?;
    let ways = ours["spec"]["ingress"].as_array()?;
    let open = ways.iter().position(|way| way["from"].is_null())?;
    let from = theirs["spec"]["ingress"][open]["from"].as_array()?;
    from.iter().map(peer).collect()
}

fn peer(given: &Value) -> Option<Value> {
    if let Some(cidr) = given["ipBlock"]["cidr"].as_str() {
        return Some(json!({"cidr": cidr}));
    }
    let mut peer = json!({});
    let namespace = &given["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"];
    if namespace.is_string() {
        peer["namespace"] = namespace.clone();
    }
    let pods = &given["podSelector"]["matchLabels"];
    if pods.is_object() {
        peer["pods"] = pods.clone();
    }
    (peer != json!({})).then_some(peer)
}

/// The Ingress and the route that lead to a Service.
fn ways_to(search: &Search<'_>, service: &str) -> Vec<(&'static str, Value)> {
    let objects = search.given.objects().map(|(_, object)| &object.value);
    let ways = objects.filter_map(|object| match object["kind"].as_str()? {
        "Ingress" => Some(("ingress", ingress_of(object, service)?)),
        "HTTPRoute" => Some(("route", route_of(object, service)?)),
        _ => None,
    });
    ways.collect()
}

/// An Ingress as a stack says it.
fn ingress_of(object: &Value, service: &str) -> Option<Value> {
    let spec = &object["spec"];
    let rule = &spec["rules"][0];
    if rule["http"]["paths"][0]["backend"]["service"]["name"] != service {
        return None;
    }
    let mut ingress = json!({"host": rule["host"].as_str()?});
    let fields = [
        ("class", &spec["ingressClassName"]),
        ("tlsSecret", &spec["tls"][0]["secretName"]),
        ("annotations", &object["metadata"]["annotations"]),
    ];
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_null()) {
        ingress[name] = value.clone();
    }
    Some(ingress)
}

/// A route of the Gateway API as a stack says it.
fn route_of(object: &Value, service: &str) -> Option<Value> {
    let spec = &object["spec"];
    if spec["rules"][0]["backendRefs"][0]["name"] != service {
        return None;
    }
    let parent = &spec["parentRefs"][0];
    let mut gateway = json!({"name": parent["name"]});
    for field in ["namespace", "sectionName"] {
        if !parent[field].is_null() {
            gateway[field] = parent[field].clone();
        }
    }
    let mut route = json!({"hosts": spec["hostnames"].as_array()?, "gateway": gateway});
    let annotations = &object["metadata"]["annotations"];
    if !annotations.is_null() {
        route["annotations"] = annotations.clone();
    }
    Some(route)
}

/// The namespaces whose targets Prometheus may discover: those in which it has a role.
fn namespaces(search: &mut Search<'_>) {
    let Some((ours, _)) = search.pair("prometheus", &["Prometheus"]) else {
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

    #[test]
    fn ways_to_an_interface_are_said_in_a_few_words() {
        let service = json!({"service": {"name": "grafana"}});
        let object = json!({"spec": {
            "ingressClassName": "nginx",
            "rules": [{"host": "g.example.com", "http": {"paths": [{"backend": service}]}}],
            "tls": [{"hosts": ["g.example.com"], "secretName": "g-tls"}],
        }});
        assert_eq!(
            ingress_of(&object, "grafana"),
            Some(json!({"host": "g.example.com", "class": "nginx", "tlsSecret": "g-tls"}))
        );
        assert_eq!(ingress_of(&object, "prometheus-k8s"), None);
        let object = json!({"spec": {
            "hostnames": ["g.example.com"],
            "parentRefs": [{"name": "public", "namespace": "gateways"}],
            "rules": [{"backendRefs": [{"name": "grafana", "port": 3000}]}],
        }});
        assert_eq!(
            route_of(&object, "grafana"),
            Some(json!({
                "hosts": ["g.example.com"],
                "gateway": {"name": "public", "namespace": "gateways"},
            }))
        );
    }
}
