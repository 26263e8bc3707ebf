//! Components that are only there when a stack names them.

use kpbuild_core::yaml;
use serde_json::{Value, json};

use super::candidates::has;
use super::{Search, pyrra, set};

pub(super) fn each(search: &mut Search<'_>) {
    if has(search, |key| {
        key.kind == "PodMonitor" && key.name == "kube-proxy"
    }) {
        let path = ["components", "kubernetes", "kubeProxy", "enabled"];
        search.attempt(&path, json!(true));
    }
    if has(search, |key| {
        key.kind == "ServiceMonitor" && key.name == "aws-node"
    }) {
        search.attempt(&["components", "aws-vpc-cni"], json!({}));
    }
    if has(search, |key| {
        key.kind == "ServiceMonitor" && key.name == "etcd"
    }) {
        etcd(search);
    }
    metrics_server(search);
    autoscaler(search);
    pyrra::each(search);
    if has(search, |key| {
        key.kind == "ServiceMonitor" && key.name == "weave-net"
    }) {
        search.attempt(&["components", "weave-net"], json!({}));
    }
    windows_hosts(search);
    if has(search, |key| {
        key.kind == "DaemonSet" && key.name == "windows-exporter"
    }) {
        search.attempt(&["components", "windows", "hostProcess"], json!({}));
    }
}

/// A given object by its kind and name.
fn given<'a>(search: &Search<'a>, kind: &str, name: &str) -> Option<&'a Value> {
    let mut objects = search.given.objects();
    let found = objects.find(|(key, _)| key.kind == kind && key.name == name);
    found.map(|(_, object)| &object.value)
}

/// metrics-server, with what its arguments say.
fn metrics_server(search: &mut Search<'_>) {
    let Some(arguments) = arguments(search, "metrics-server") else {
        return;
    };
    let mut server = json!({});
    for argument in &arguments {
        match argument.split_once('=') {
            None if argument == "--kubelet-insecure-tls" => {
                server["kubeletInsecureTls"] = json!(true);
            }
            Some(("--metric-resolution", resolution)) => {
                server["metricResolution"] = json!(resolution);
            }
            Some(("--secure-port", port)) => {
                if let Ok(port) = port.parse::<u16>() {
                    server["securePort"] = json!(port);
                }
            }
            _ => {}
        }
    }
    search.attempt(&["components", "metrics-server"], server);
}

/// The autoscaler of kube-state-metrics, with what its configuration begins with
/// and adds.
fn autoscaler(search: &mut Search<'_>) {
    let Some(arguments) = arguments(search, "ksm-autoscaler") else {
        return;
    };
    let mut configurations = arguments
        .iter()
        .filter_map(|argument| argument.strip_prefix("--default-config="));
    let config: Option<Value> = configurations
        .next()
        .and_then(|text| serde_json::from_str(text).ok());
    let config = config.unwrap_or_default()["kube-state-metrics"].take();
    let requests = &config["requests"];
    let mut autoscale = json!({});
    for (field, value) in [
        ("nodesPerStep", &requests["cpu"]["nodesPerStep"]),
        ("cpu", &requests["cpu"]["step"]),
        ("memory", &requests["memory"]["step"]),
    ] {
        if !value.is_null() {
            autoscale[field] = value.clone();
        }
    }
    let bases = |kind: &str| -> Value {
        let amounts = config[kind].as_object().into_iter().flatten();
        amounts
            .map(|(name, amount)| (name.clone(), amount["base"].clone()))
            .collect()
    };
    let path = ["components", "kube-state-metrics"];
    let mut stack = search.stack.clone();
    set(&mut stack, &[path[0], path[1], "autoscale"], autoscale);
    let resources = json!({"limits": bases("limits"), "requests": bases("requests")});
    set(&mut stack, &[path[0], path[1], "resources"], resources);
    search.attempt_stack(stack);
}

/// The arguments of a Deployment's first container.
fn arguments(search: &Search<'_>, deployment: &str) -> Option<Vec<String>> {
    let pod = &given(search, "Deployment", deployment)?["spec"]["template"]["spec"];
    let arguments = pod["containers"][0]["args"].as_array()?.iter();
    let arguments = arguments.filter_map(Value::as_str).map(str::to_owned);
    Some(arguments.collect())
}

/// etcd at fixed addresses: with the Secret of its certificates if that is not
/// among the manifests, otherwise with the certificates.
fn etcd(search: &mut Search<'_>) {
    let Some(etcd) = etcd_by_addresses(search) else {
        return;
    };
    search.attempt(&["components", "etcd"], etcd.clone());
    let name = etcd["tls"]["secret"]["name"].as_str().unwrap_or_default();
    let texts = given(search, "Secret", name).map(|secret| &secret["stringData"]);
    if let Some(texts) = texts {
        let mut with_certificates = etcd.clone();
        with_certificates["tls"]["secret"] = Value::Null;
        with_certificates["tls"]["certificates"] = json!({
            "ca": texts["etcd-client-ca.crt"],
            "cert": texts["etcd-client.crt"],
            "key": texts["etcd-client.key"],
        });
        let tls = with_certificates["tls"].as_object_mut();
        tls.and_then(|tls| tls.remove("secret"));
        search.attempt(&["components", "etcd"], with_certificates);
    }
}

fn etcd_by_addresses(search: &Search<'_>) -> Option<Value> {
    let subset = &given(search, "Endpoints", "etcd")?["subsets"][0];
    let addresses = subset["addresses"].as_array()?.iter();
    let ips: Vec<Value> = addresses.map(|address| address["ip"].clone()).collect();
    let mut etcd = json!({"ips": ips});
    if subset["ports"][0]["port"] != 2379 {
        etcd["port"] = subset["ports"][0]["port"].clone();
    }
    let monitor = given(search, "ServiceMonitor", "etcd")?;
    let tls = &monitor["spec"]["endpoints"][0]["tlsConfig"];
    if !tls.is_null() {
        etcd["tls"] = etcd_tls(tls);
    }
    Some(etcd)
}

fn etcd_tls(given: &Value) -> Value {
    let mut tls = json!({});
    for field in ["serverName", "insecureSkipVerify"] {
        if !given[field].is_null() {
            tls[field] = given[field].clone();
        }
    }
    if let Some(secret) = certificate_secret(given) {
        tls["secret"] = secret;
    }
    tls
}

/// The Secret that certificates are files of: Prometheus has each in a folder of
/// its name.
fn certificate_secret(tls: &Value) -> Option<Value> {
    let file = |field: &str| {
        let path = tls[field]
            .as_str()?
            .strip_prefix("/etc/prometheus/secrets/")?;
        path.split_once('/')
    };
    let (name, _) = file("caFile")?;
    let mut secret = json!({"name": name});
    for (field, usual, key) in [
        ("caFile", "etcd-client-ca.crt", "ca"),
        ("certFile", "etcd-client.crt", "cert"),
        ("keyFile", "etcd-client.key", "key"),
    ] {
        if let Some((_, text)) = file(field).filter(|(_, text)| *text != usual) {
            secret[key] = json!(text);
        }
    }
    Some(secret)
}

/// Parts of Kubernetes, and the names of their Services.
const FOUND: [(&str, &str); 3] = [
    ("coredns", "kube-dns"),
    ("kubeControllerManager", "kube-controller-manager"),
    ("kubeScheduler", "kube-scheduler"),
];

/// Services by which Prometheus finds parts of Kubernetes, where they are not
/// those of a platform.
pub(super) fn discovery(search: &mut Search<'_>) {
    for (field, name) in FOUND {
        let name = format!("{name}-prometheus-discovery");
        let Some(service) = given(search, "Service", &name) else {
            continue;
        };
        let ports = service["spec"]["ports"].as_array().into_iter().flatten();
        let ports = ports.filter_map(|port| Some((port["name"].as_str()?, &port["port"])));
        let ports: Value = ports
            .map(|(name, port)| (name.to_owned(), port.clone()))
            .collect();
        let mut found = json!({"ports": ports});
        match addresses(search, &name) {
            Some(addresses) => found["addresses"] = addresses,
            None => found["selector"] = service["spec"]["selector"].clone(),
        }
        search.attempt(&["components", "kubernetes", field, "service"], found);
    }
}

/// The addresses behind a Service that selects no pods.
fn addresses(search: &Search<'_>, service: &str) -> Option<Value> {
    let slice = given(search, "EndpointSlice", service)?;
    let endpoints = slice["endpoints"].as_array()?.iter();
    let addresses = endpoints.filter_map(|endpoint| endpoint["addresses"].as_array());
    Some(addresses.flatten().cloned().collect())
}

/// Hosts with windows-exporter, which Prometheus finds in a Secret of scrape jobs.
fn windows_hosts(search: &mut Search<'_>) {
    let secrets = search
        .given
        .objects()
        .filter(|(key, _)| key.kind == "Secret");
    let texts = secrets.filter_map(|(_, secret)| {
        let text = secret.value["stringData"]["prometheus-additional.yaml"].as_str();
        yaml::read(text?).ok()
    });
    let mut targets = texts.filter_map(|jobs: Value| {
        let jobs = jobs.as_array()?;
        let job = jobs
            .iter()
            .find(|job| job["job_name"] == "windows-exporter")?;
        Some(job["static_configs"][0]["targets"].clone())
    });
    if let Some(targets) = targets.next() {
        let mut stack = search.stack.clone();
        set(
            &mut stack,
            &["components", "windows", "hosts", "targets"],
            targets,
        );
        search.attempt_stack(stack);
    }
}
