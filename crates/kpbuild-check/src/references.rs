//! Where objects of a bundle name a Service that they talk to.

use std::fmt;

use kpbuild_core::{Object, yaml};
use serde_json::Value;

use crate::facts::{Facts, items, strings};
use crate::services::ServicePort;

/// One reference to a Service.
#[derive(Debug)]
pub(crate) struct Reference<'a> {
    /// The object that has it.
    pub(crate) object: &'a Object,
    /// What has it, in a sentence.
    pub(crate) what: String,
    /// The pods that use it, by their index.
    pub(crate) from: Option<usize>,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) port: WantedPort,
    /// The Service, by its index, if it is there.
    pub(crate) service: Option<usize>,
}

/// A port by name or by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WantedPort {
    Name(String),
    Number(u64),
}

impl WantedPort {
    /// Whether a Service's port is the one.
    pub(crate) fn is(&self, port: &ServicePort) -> bool {
        match self {
            Self::Name(name) => port.name == *name,
            Self::Number(number) => port.number == *number && port.protocol == "TCP",
        }
    }
}

impl fmt::Display for WantedPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// All references of a bundle.
pub(crate) fn references<'a>(facts: &Facts<'a>) -> Vec<Reference<'a>> {
    let mut all = Vec::new();
    for (index, pods) in facts.pods.iter().enumerate() {
        let arguments = pods.containers().flat_map(|one| strings(&one["args"]));
        for (flag, value) in arguments.filter_map(|argument| argument.split_once('=')) {
            if let Some(address) = address(value) {
                all.push(reference(
                    facts,
                    pods.object,
                    format!("the argument `{flag}`"),
                    Some(index),
                    address,
                ));
            }
        }
        if pods.object.kind() == "ThanosRuler" {
            for field in ["queryEndpoints", "alertmanagersUrl"] {
                let urls = strings(&pods.spec[field]);
                for url in
                    urls.map(|url| url.trim_start_matches("dnssrv+").trim_start_matches("dns+"))
                {
                    if let Some(address) = address(url) {
                        let what = format!("`spec.{field}`");
                        all.push(reference(facts, pods.object, what, Some(index), address));
                    }
                }
            }
        }
        for one in items(&pods.spec["alerting"]["alertmanagers"]) {
            let namespace = one["namespace"].as_str().unwrap_or(pods.namespace());
            if let Some(name) = one["name"].as_str() {
                let port = match &one["port"] {
                    Value::String(name) => WantedPort::Name(name.clone()),
                    number => WantedPort::Number(number.as_u64().unwrap_or_default()),
                };
                let address = (name.to_owned(), namespace.to_owned(), port);
                all.push(reference(
                    facts,
                    pods.object,
                    "`spec.alerting`".to_owned(),
                    Some(index),
                    address,
                ));
            }
        }
    }
    all.extend(data_sources(facts));
    all.extend(probes(facts));
    all
}

/// The blackbox-exporters that probes ask, and the Services among the targets of
/// scrape configurations: Prometheus asks them.
fn probes<'a>(facts: &Facts<'a>) -> Vec<Reference<'a>> {
    let from = facts
        .pods
        .iter()
        .position(|pods| matches!(pods.object.kind(), "Prometheus" | "PrometheusAgent"));
    let mut all = Vec::new();
    for probe in facts.bundle.of_kind("Probe") {
        let prober = &probe.value()["spec"]["prober"];
        let url = prober["url"].as_str().unwrap_or_default();
        let scheme = prober["scheme"].as_str().unwrap_or("http").to_lowercase();
        if let Some(address) = address(&format!("{scheme}://{url}")) {
            let what = "`spec.prober`".to_owned();
            all.push(reference(facts, probe, what, from, address));
        }
    }
    for config in facts.bundle.of_kind("ScrapeConfig") {
        let statics = items(&config.value()["spec"]["staticConfigs"]);
        for target in statics.flat_map(|one| strings(&one["targets"])) {
            if let Some(address) = address(&format!("http://{target}")) {
                let what = "`spec.staticConfigs`".to_owned();
                all.push(reference(facts, config, what, from, address));
            }
        }
    }
    all
}

/// The data sources that are provisioned for Grafana.
fn data_sources<'a>(facts: &Facts<'a>) -> Vec<Reference<'a>> {
    let mut all = Vec::new();
    for object in facts
        .bundle
        .objects()
        .iter()
        .filter(|object| matches!(object.kind(), "Secret" | "ConfigMap"))
    {
        let Some(text) = Facts::text(object, "datasources.yaml") else {
            continue;
        };
        let Ok(value) = yaml::read(&text) else {
            continue;
        };
        let mounts = |pods: &crate::pods::Pods<'_>| {
            let volumes = items(&pods.spec["volumes"]);
            let name = object.key().name.as_str();
            let mut names = volumes.map(|volume| {
                volume["secret"]["secretName"]
                    .as_str()
                    .or(volume["configMap"]["name"].as_str())
            });
            pods.namespace() == object.key().namespace && names.any(|one| one == Some(name))
        };
        let from = facts.pods.iter().position(mounts);
        for source in items(&value["datasources"]) {
            if let Some(address) = source["url"].as_str().and_then(address) {
                let what = format!(
                    "the data source `{}`",
                    source["name"].as_str().unwrap_or_default()
                );
                all.push(reference(facts, object, what, from, address));
            }
        }
    }
    all
}

pub(crate) type Address = (String, String, WantedPort);

fn reference<'a>(
    facts: &Facts<'a>,
    object: &'a Object,
    what: String,
    from: Option<usize>,
    (name, namespace, port): Address,
) -> Reference<'a> {
    let service = facts
        .services
        .iter()
        .position(|service| service.name == name && service.namespace == namespace);
    Reference {
        object,
        what,
        from,
        namespace,
        name,
        port,
        service,
    }
}

/// Name, namespace and port of `http://name.namespace.svc:9090/path`.
pub(crate) fn address(url: &str) -> Option<Address> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?']).next()?;
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (host, if scheme == "https" { 443 } else { 80 }),
    };
    let parts: Vec<&str> = host.split('.').collect();
    match parts.as_slice() {
        [name, namespace, "svc", ..] => Some((
            (*name).to_owned(),
            (*namespace).to_owned(),
            WantedPort::Number(port),
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{WantedPort, address};

    #[test]
    fn addresses_of_services_are_read() {
        let is =
            |name: &str, port| Some((name.to_owned(), "m".to_owned(), WantedPort::Number(port)));
        assert_eq!(
            address("http://prometheus-k8s.m.svc:9090/"),
            is("prometheus-k8s", 9090)
        );
        assert_eq!(address("https://a.m.svc.cluster.local/x:y"), is("a", 443));
        assert_eq!(address("http://localhost:80"), None);
        assert_eq!(address("https://example.com"), None);
    }
}
