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
    if let Some(secrets) = given.take_list(&from) {
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
    let mut part = |name: &str| given.take_text(&[&from[..], &[name]].concat());
    match (part("registry"), part("repository"), part("tag")) {
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
        _ => given.refuse(
            &from,
            "an image is said as a whole: set `image` of the component",
        ),
    }
    given.refuse_rest(
        &from,
        "of an image, a stack says registry, repository and tag",
    );
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
        match storage(&claim["spec"]).filter(|_| is_plain(&value)) {
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

/// Whether storage is a claim that says nothing but size and class.
fn is_plain(storage: &Value) -> bool {
    let has_only = |map: &Value, names: &[&str]| {
        let map = map.as_object();
        map.is_some_and(|map| map.keys().all(|key| names.contains(&key.as_str())))
    };
    let spec = &storage["volumeClaimTemplate"]["spec"];
    let modes = &spec["accessModes"];
    has_only(storage, &["volumeClaimTemplate"])
        && has_only(&storage["volumeClaimTemplate"], &["spec"])
        && has_only(spec, &["accessModes", "resources", "storageClassName"])
        && has_only(&spec["resources"], &["requests"])
        && has_only(&spec["resources"]["requests"], &["storage"])
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
    if given.take_switch(&[component, "ingress", "enabled"]) == Some(true) {
        ingress(given, component);
    }
}

fn ingress(given: &mut Given<'_>, component: &str) {
    let from = [component, "ingress"];
    let with = |field: &'static str| [component, "ingress", field];
    let hosts = given.take_list(&with("hosts")).unwrap_or_default();
    let Some(host) = hosts.first().filter(|host| host.is_string()) else {
        given.refuse(&from, "an Ingress needs its host in a list: `hosts: [...]`");
        given.refuse_rest(&from, "the Ingress has no host");
        return;
    };
    if hosts.len() > 1 {
        given.refuse(
            &with("hosts"),
            "a stack has one host for each page; the first one is taken",
        );
    }
    let mut ingress = json!({"host": host});
    for (name, value) in [
        ("class", given.take(&with("ingressClassName"))),
        ("tlsSecret", certificate(given, &with("tls"), host)),
        ("annotations", given.take(&with("annotations"))),
    ] {
        if let Some(value) = value {
            ingress[name] = value;
        }
    }
    given.put(&from, &["expose", component, "ingress"], ingress);
}

/// The Secret with the certificate of a host.
fn certificate(given: &mut Given<'_>, from: &[&str], host: &Value) -> Option<Value> {
    let tls = given.take_list(from)?;
    let secret = tls.first().map(|one| one["secretName"].clone());
    let secret = secret.filter(Value::is_string);
    let is_of_host = |one: &Value| one["hosts"].is_null() || one["hosts"] == json!([host]);
    if tls.len() > 1 || secret.is_none() || !tls.iter().all(is_of_host) {
        given.refuse(
            from,
            "a stack has one certificate for each page, by `secretName`; the first one is taken",
        );
    }
    secret
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
    } else if user.is_some() || password.is_some() {
        given.refuse(
            &from,
            "keys are those of a Secret: name it in `existingSecret`",
        );
    }
    if given.take(&["grafana", "adminPassword"]).is_some() {
        given.refuse(
            &["grafana", "adminPassword"],
            "a stack file holds no password: put it into a Secret and name that in `components.grafana.admin`",
        );
    }
}

fn environment(given: &mut Given<'_>) {
    let from = ["grafana", "env"];
    let mut env = Vec::new();
    for (name, value) in given.take_map(&from) {
        if may_be_secret(&name) {
            given.refuse(
                &[from[0], from[1], &name],
                "a stack file holds no password: put it into a Secret and take it from there, by `valueFrom` in `components.grafana.env`",
            );
        } else {
            env.push(json!({"name": name, "value": value}));
        }
    }
    if !env.is_empty() {
        given.put(&from, &["components", "grafana", "env"], Value::Array(env));
    }
}

/// Whether the value of a variable is a password, by the variable's name.
fn may_be_secret(name: &str) -> bool {
    let name = name.to_uppercase();
    ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "PRIVATE_KEY"]
        .iter()
        .any(|word| name.contains(word))
}

/// Scrape jobs, which a stack takes from a Secret only.
fn scrape_configs(given: &mut Given<'_>) {
    let spec = ["prometheus", "prometheusSpec"];
    let from = [spec[0], spec[1], "additionalScrapeConfigsSecret"];
    let with = |field: &'static str| [from[0], from[1], from[2], field];
    if given.take_switch(&with("enabled")) == Some(true) {
        let (name, key) = (given.take(&with("name")), given.take(&with("key")));
        let mut secret = json!({"secret": name});
        if let Some(key) = key {
            secret["key"] = key;
        }
        let to = ["components", "prometheus", "additionalScrapeConfigs"];
        given.put(&from, &to, secret);
    }
    given.refuse_rest(
        &from,
        "a Secret of jobs is named by `enabled: true`, `name` and `key`",
    );
    for (field, what) in [
        (
            "additionalScrapeConfigs",
            "name it in `components.prometheus.additionalScrapeConfigs`",
        ),
        (
            "additionalAlertManagerConfigs",
            "name it in `components.prometheus.spec`",
        ),
        (
            "additionalAlertRelabelConfigs",
            "name it in `components.prometheus.spec`",
        ),
    ] {
        let from = [spec[0], spec[1], field];
        if given.take(&from).is_some_and(|jobs| jobs != json!([])) {
            given.refuse(
                &from,
                &format!("a stack reads it from a Secret: put it into one, and {what}"),
            );
        }
    }
}

/// etcd at fixed addresses; that of pods is none that a stack could find.
fn etcd(given: &mut Given<'_>) {
    let (switch, from) = (["kubeEtcd", "enabled"], ["kubeEtcd", "endpoints"]);
    let is_on = given.take_switch(&switch);
    if is_on == Some(false) {
        given.refuse_rest(&["kubeEtcd"], "etcd is off by `enabled: false`");
    } else if let Some(ips) = given.take(&from).filter(|ips| *ips != json!([])) {
        let mut etcd = json!({"ips": ips});
        if let Some(port) = given.take(&["kubeEtcd", "service", "port"]) {
            etcd["port"] = port;
        }
        given.put(&from, &["components", "etcd"], etcd);
    } else if is_on == Some(true) {
        given.refuse(
            &switch,
            "a stack finds etcd by its addresses: say them in `components.etcd`",
        );
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
    let alerts = given.take_map(&["defaultRules", "disabled"]);
    for (name, is_disabled) in &alerts {
        let from = vec!["defaultRules", "disabled", name.as_str()];
        match is_disabled {
            Value::Bool(true) => disabled.push((from, json!(name))),
            Value::Bool(false) => {}
            _ => given.refuse(&from, "it must be `true` or `false`, without quotes"),
        }
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
    for (name, changes) in given.take_map(&["customRules"]) {
        let from = ["customRules", name.as_str()];
        let mut patch = json!({"alert": name});
        for (field, value) in changes.as_object().into_iter().flatten() {
            if ["for", "severity"].contains(&field.as_str()) {
                patch[field] = value.clone();
            } else {
                given.refuse(
                    &[from[0], from[1], field],
                    "of a rule, `for` and `severity` are taken",
                );
            }
        }
        append(given, &from, "patch", patch);
    }
}

/// Rules by the names of their files, and as a list of files.
fn own_rules(given: &mut Given<'_>) {
    for (name, file) in given.take_map(&["additionalPrometheusRulesMap"]) {
        groups(given, &["additionalPrometheusRulesMap", &name], &file);
    }
    let from = ["additionalPrometheusRules"];
    for file in given.take_list(&from).unwrap_or_default() {
        groups(given, &from, &file);
    }
}

/// The groups of a file. Labels of the object that they are in would be others.
fn groups(given: &mut Given<'_>, from: &[&str], file: &Value) {
    let is_known = |field: &&String| ["name", "groups"].contains(&field.as_str());
    let fields = file
        .as_object()
        .into_iter()
        .flatten()
        .map(|(field, _)| field);
    for field in fields.filter(|field| !is_known(field)) {
        let reason = format!(
            "`{field}` is left out: the object of a stack's rules has the labels by which Prometheus finds them"
        );
        given.refuse(from, &reason);
    }
    let Some(groups) = file["groups"].as_array() else {
        given.refuse(from, "rules are a list of `groups`");
        return;
    };
    for group in groups {
        append(given, from, "groups", group.clone());
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
        let from = [component, spec, name.as_str()];
        given.take(&from);
        // To the operator, an empty list is as good as none.
        if value == json!([]) {
            continue;
        }
        if name.ends_with("NilUsesHelmValues") {
            if value != json!(false) {
                given.refuse(&from, "a stack's Prometheus takes all there are: set a selector in `components.prometheus.spec`");
            }
            continue;
        }
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
        let Some(items) = given.take_list(&from) else {
            continue;
        };
        let resource = |item: &Value| {
            let (resource, keys) = item.as_str()?.split_once('=')?;
            let keys = keys.strip_prefix('[')?.strip_suffix(']')?.split(',');
            let keys: Vec<Value> = keys.map(|key| json!(key.trim())).collect();
            Some((resource.trim().to_owned(), Value::Array(keys)))
        };
        let list: Option<Map<String, Value>> = items.iter().map(resource).collect();
        let Some(list) = list.filter(|list| list.len() == items.len()) else {
            given.refuse(
                &from,
                "an item is a resource and its labels, each resource once: `pods=[app,team]`",
            );
            continue;
        };
        let name = field.replace("AllowList", "Allowlist");
        given.put(
            &from,
            &["components", "kube-state-metrics", &name],
            Value::Object(list),
        );
    }
}
