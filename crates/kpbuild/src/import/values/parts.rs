//! Values that a stack says in another shape.

use serde_json::{Map, Value, json};

use super::table::{GROUPS, PODS};
use super::{Given, says_nothing};
use crate::import::custom_resources::storage;

pub(super) fn each(given: &mut Given<'_>) {
    pull_secrets(given);
    for (place, component) in PODS {
        image(given, place, component);
    }
    volumes(given);
    for component in ["prometheus", "alertmanager", "grafana"] {
        exposure(given, component);
    }
    administrator(given);
    environment(given);
    scrape_configs(given);
    etcd(given);
    windows(given);
    rules(given);
    for (component, spec) in [
        ("prometheus", "prometheusSpec"),
        ("alertmanager", "alertmanagerSpec"),
    ] {
        passed_through(given, component, spec);
    }
    labels_allowlist(given);
}

fn pull_secrets(given: &mut Given<'_>) {
    let from = ["global", "imagePullSecrets"];
    if let Some(Value::Array(secrets)) = given.take(&from) {
        let name = |secret: &Value| {
            if secret.is_string() {
                secret.clone()
            } else {
                secret["name"].clone()
            }
        };
        let names: Vec<Value> = secrets.iter().map(name).collect();
        given.put(&from, &["images", "pullSecrets"], Value::Array(names));
    }
}

/// A tag alone is a version; with a repository it is an image.
fn image(given: &mut Given<'_>, place: &[&str], component: &str) {
    let from = [place, &["image"]].concat();
    let mut part = |name: &str| given.take(&[&from[..], &[name]].concat());
    let (registry, repository, tag) = (part("registry"), part("repository"), part("tag"));
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    match (text(&registry), text(&repository), text(&tag)) {
        (registry, Some(repository), Some(tag)) => {
            let registry = registry.map_or_else(String::new, |registry| registry + "/");
            let image = format!("{registry}{repository}:{tag}");
            given.put(&from, &["components", component, "image"], json!(image));
        }
        (None, None, Some(tag)) => {
            let version = json!(tag.trim_start_matches('v'));
            given.put(&from, &["components", component, "version"], version);
        }
        (None, None, None) => {}
        _ => given.refused.push((
            from.iter().map(|step| (*step).to_owned()).collect(),
            "an image is said as a whole: set `image` of the component".to_owned(),
        )),
    }
}

fn volumes(given: &mut Given<'_>) {
    for (from, component) in [
        (
            ["prometheus", "prometheusSpec", "storageSpec"],
            "prometheus",
        ),
        (
            ["alertmanager", "alertmanagerSpec", "storage"],
            "alertmanager",
        ),
    ] {
        let Some(value) = given.take(&from) else {
            continue;
        };
        let to = ["components", component];
        let claim = &value["volumeClaimTemplate"];
        match storage(&claim["spec"]).filter(|_| is_plain(claim)) {
            Some(volume) => given.put(&from, &[to[0], to[1], "storage"], volume),
            None => given.put(&from, &[to[0], to[1], "spec", "storage"], value),
        };
    }
    let from = ["grafana", "persistence"];
    if given.take_switch(&["grafana", "persistence", "enabled"]) == Some(true) {
        let size = given.take(&["grafana", "persistence", "size"]);
        let mut volume = json!({"size": size.unwrap_or_else(|| json!("10Gi"))});
        if let Some(class) = given.take(&["grafana", "persistence", "storageClassName"]) {
            volume["class"] = class;
        }
        given.put(&from, &["components", "grafana", "storage"], volume);
    }
}

/// Whether a claim says nothing but size and class.
fn is_plain(claim: &Value) -> bool {
    let has_only = |map: &Value, names: &[&str]| {
        let map = map.as_object();
        map.is_some_and(|map| map.keys().all(|key| names.contains(&key.as_str())))
    };
    let modes = &claim["spec"]["accessModes"];
    has_only(claim, &["spec"])
        && has_only(
            &claim["spec"],
            &["accessModes", "resources", "storageClassName"],
        )
        && (modes.is_null() || *modes == json!(["ReadWriteOnce"]))
}

/// Ports of the nodes and an Ingress.
fn exposure(given: &mut Given<'_>, component: &str) {
    let service = [component, "service", "type"];
    match given.take(&service) {
        Some(kind) if kind == "NodePort" => {
            let from = [component, "service", "nodePort"];
            given.copy(&from, &["expose", component, "nodePort"]);
        }
        Some(kind) if kind != "ClusterIP" => {
            given.refuse(
                &service,
                "a stack has Services of the types ClusterIP and NodePort",
            );
        }
        _ => {}
    }
    let from = [component, "ingress"];
    if given.take_switch(&[component, "ingress", "enabled"]) != Some(true) {
        return;
    }
    let mut part = |name: &str| given.take(&[component, "ingress", name]);
    let (hosts, class, tls) = (part("hosts"), part("ingressClassName"), part("tls"));
    let annotations = part("annotations");
    let Some(host) = hosts
        .as_ref()
        .map(|hosts| hosts[0].clone())
        .filter(Value::is_string)
    else {
        given.refuse(&from, "an Ingress needs its host in a list: `hosts: [...]`");
        return;
    };
    let has_more = |list: &Option<Value>| list.as_ref().is_some_and(|list| !list[1].is_null());
    if has_more(&hosts) || has_more(&tls) {
        given.refuse(
            &from,
            "a stack has one host for each page; the first one is taken",
        );
    }
    let mut ingress = json!({"host": host});
    let secret = tls
        .map(|tls| tls[0]["secretName"].clone())
        .filter(Value::is_string);
    for (name, value) in [
        ("class", class),
        ("tlsSecret", secret),
        ("annotations", annotations),
    ] {
        if let Some(value) = value {
            ingress[name] = value;
        }
    }
    given.put(&from, &["expose", component, "ingress"], ingress);
}

/// The Secret of Grafana's administrator. A password itself stays out of the stack.
fn administrator(given: &mut Given<'_>) {
    let from = ["grafana", "admin"];
    let mut part = |name: &str| given.take(&["grafana", "admin", name]);
    let (secret, user, password) = (part("existingSecret"), part("userKey"), part("passwordKey"));
    if let Some(secret) = secret {
        let mut admin = json!({"secret": secret});
        for (name, key) in [("userKey", user), ("passwordKey", password)] {
            if let Some(key) = key {
                admin[name] = key;
            }
        }
        given.put(&from, &["components", "grafana", "admin"], admin);
    }
    if given.take(&["grafana", "adminPassword"]).is_some() {
        given.refused.push((
            ["grafana", "adminPassword"].map(str::to_owned).to_vec(),
            "a stack file holds no password: put it into a Secret and name that in `components.grafana.admin`".to_owned(),
        ));
    }
}

fn environment(given: &mut Given<'_>) {
    let from = ["grafana", "env"];
    if let Some(Value::Object(variables)) = given.take(&from) {
        let variables = variables.into_iter();
        let env: Vec<Value> = variables
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        given.put(&from, &["components", "grafana", "env"], Value::Array(env));
    }
}

fn scrape_configs(given: &mut Given<'_>) {
    let from = [
        "prometheus",
        "prometheusSpec",
        "additionalScrapeConfigsSecret",
    ];
    if let Some(secret) = given.take(&from)
        && secret["enabled"] == true
    {
        let value = json!({"secret": secret["name"], "key": secret["key"]});
        given.put(
            &from,
            &["components", "prometheus", "additionalScrapeConfigs"],
            value,
        );
    }
}

/// etcd at fixed addresses; that of pods is none that a stack could find.
fn etcd(given: &mut Given<'_>) {
    let is_on = given.take_switch(&["kubeEtcd", "enabled"]) != Some(false);
    let from = ["kubeEtcd", "endpoints"];
    if let Some(ips) = given.take(&from).filter(|_| is_on) {
        let mut etcd = json!({"ips": ips});
        if let Some(port) = given.take(&["kubeEtcd", "service", "port"]) {
            etcd["port"] = port;
        }
        given.put(&from, &["components", "etcd"], etcd);
    }
}

fn windows(given: &mut Given<'_>) {
    let from = ["windowsMonitoring", "enabled"];
    if given.take_switch(&from) == Some(true) {
        given.put(&from, &["components", "windows", "hostProcess"], json!({}));
    }
}

fn rules(given: &mut Given<'_>) {
    let mut disabled = Vec::new();
    if given.take_switch(&["defaultRules", "create"]) == Some(false) {
        disabled.push((vec!["defaultRules", "create"], json!("*")));
    }
    if let Some(Value::Object(alerts)) = given.take(&["defaultRules", "disabled"]) {
        let alerts = alerts
            .into_iter()
            .filter(|(_, is_disabled)| is_disabled == true);
        disabled.extend(alerts.map(|(name, _)| (vec!["defaultRules", "disabled"], json!(name))));
    }
    for (name, groups) in GROUPS {
        if given.take_switch(&["defaultRules", "rules", name]) == Some(false) {
            let from = vec!["defaultRules", "rules", name];
            disabled.extend(
                groups
                    .iter()
                    .map(|group| (from.clone(), json!({"group": group}))),
            );
        }
    }
    for (from, selector) in disabled {
        append(given, &from, "disable", selector);
    }
    changed_rules(given);
    own_rules(given);
}

fn changed_rules(given: &mut Given<'_>) {
    if let Some(Value::Object(alerts)) = given.take(&["customRules"]) {
        for (name, changes) in alerts {
            let mut patch = json!({"alert": name});
            for field in ["for", "severity"] {
                if !changes[field].is_null() {
                    patch[field] = changes[field].clone();
                }
            }
            append(given, &["customRules"], "patch", patch);
        }
    }
}

fn own_rules(given: &mut Given<'_>) {
    if let Some(Value::Object(files)) = given.take(&["additionalPrometheusRulesMap"]) {
        let groups = files.values().filter_map(|file| file["groups"].as_array());
        for group in groups.flatten() {
            append(
                given,
                &["additionalPrometheusRulesMap"],
                "groups",
                group.clone(),
            );
        }
    }
}

/// Adds an item to a list of the section `rules`.
fn append(given: &mut Given<'_>, from: &[&str], field: &str, item: Value) {
    let mut list = given.stack["rules"][field]
        .as_array()
        .cloned()
        .unwrap_or_default();
    list.push(item);
    given.put(from, &["rules", field], Value::Array(list));
}

/// What the chart passes on to the object is passed on by a stack, too.
fn passed_through(given: &mut Given<'_>, component: &str, spec: &str) {
    let fields = given.left[component][spec]
        .as_object()
        .cloned()
        .unwrap_or_default();
    for (name, value) in fields.into_iter().filter(|(_, value)| !says_nothing(value)) {
        if name.ends_with("NilUsesHelmValues") {
            continue;
        }
        let from = [component, spec, name.as_str()];
        given.take(&from);
        given.put(
            &from,
            &["components", component, "spec", name.as_str()],
            value,
        );
    }
}

/// `[pods=[*]]` of kube-state-metrics' own chart, by resource.
fn labels_allowlist(given: &mut Given<'_>) {
    for field in ["metricLabelsAllowlist", "metricAnnotationsAllowList"] {
        let from = ["kube-state-metrics", field];
        let Some(Value::Array(items)) = given.take(&from) else {
            continue;
        };
        let resource = |item: &Value| {
            let (resource, keys) = item.as_str()?.split_once('=')?;
            let keys = keys
                .trim_start_matches('[')
                .trim_end_matches(']')
                .split(',');
            let keys: Vec<Value> = keys.map(|key| json!(key.trim())).collect();
            Some((resource.to_owned(), Value::Array(keys)))
        };
        let list: Map<String, Value> = items.iter().filter_map(resource).collect();
        let name = field.replace("AllowList", "Allowlist");
        given.put(
            &from,
            &["components", "kube-state-metrics", &name],
            Value::Object(list),
        );
    }
}
