//! Kubernetes itself: how Prometheus scrapes the control plane and the nodes'
//! kubelets, and the rules and dashboards about what runs in the cluster.
//!
//! Nothing is installed here but monitors and rules; the parts of Kubernetes
//! are there already, or a provider runs them out of sight.

use std::collections::BTreeMap;
use std::iter;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::windows;
use crate::context::{App, Context, Metadata};
use crate::scalar::{Duration, IpAddress, Name};
use crate::schema::from_definition;
use crate::shape::{Common, Labels, Partial, ServiceMonitor};
use crate::stack::{Component, Mixin, RuleObject};

/// How often most of Kubernetes is scraped.
pub(crate) const INTERVAL: &str = "30s";

/// How often DNS is scraped.
const DNS_INTERVAL: &str = "15s";

/// The monitors of Kubernetes itself, and the rules and dashboards about what
/// runs in the cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Kubernetes {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    /// The API server, which everything else in the cluster talks to.
    pub kube_apiserver: Part,
    /// The controller manager, which makes the cluster follow its objects.
    /// Providers of managed clusters often hide it: turn it off there, or its
    /// absence is an alert.
    pub kube_controller_manager: FoundPart,
    /// The scheduler, which gives pods their nodes. Providers of managed
    /// clusters often hide it: turn it off there, or its absence is an alert.
    pub kube_scheduler: FoundPart,
    /// The kubelets, which run the pods of each node; with them come the
    /// figures of containers and volumes.
    pub kubelet: Kubelet,
    /// CoreDNS, the cluster's name server.
    pub coredns: FoundPart,
    /// kube-proxy, which leads packets for a Service to its pods.
    pub kube_proxy: KubeProxy,
}

/// A part of Kubernetes that Prometheus scrapes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
#[schemars(rename = "KubernetesPart")]
pub struct Part {
    /// Whether the part is scraped. Rules and dashboards that need its metrics
    /// come and go with it.
    pub enabled: bool,
    /// How Prometheus scrapes it. The interval is not that of the objectives
    /// under `/metrics/slis`, which are read every 5 seconds.
    pub service_monitor: ServiceMonitor,
}

/// A part of Kubernetes that Prometheus scrapes by way of a Service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
#[schemars(rename = "KubernetesFoundPart")]
pub struct FoundPart {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub part: Part,
    /// The port with the metrics: the name of a port of the Service, or the
    /// number of a port of the pods. By default `https-metrics`, for CoreDNS
    /// `metrics`.
    pub port: Option<Port>,
    /// A Service by which Prometheus finds the part, where Kubernetes has none;
    /// most platforms (`cluster.platform`) bring what they need.
    pub service: Option<Discovery>,
}

/// A port by name or number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Port {
    /// The number of a port of the pods.
    Number(#[schemars(range(min = 1, max = 65535))] u16),
    /// The name of a port of the Service.
    Name(#[schemars(length(min = 1, max = 63))] String),
}

/// A Service without an address of its own in the namespace `kube-system`, by
/// which Prometheus finds a part of Kubernetes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
#[schemars(rename = "DiscoveryService")]
pub struct Discovery {
    /// Whether the Service is installed.
    pub enabled: bool,
    /// Its name; by default that of the part and `-prometheus-discovery`.
    pub name: Option<Name>,
    /// Further labels of the Service. Those by which its monitor finds it are
    /// there already.
    pub labels: Labels,
    /// The labels of the part's pods, such as `component: kube-scheduler`.
    pub selector: Labels,
    /// Its ports: name and number, which is that of the pods too. By default
    /// `https-metrics: 10257` for the controller manager, `https-metrics: 10259`
    /// for the scheduler, `metrics: 9153` for CoreDNS.
    #[schemars(length(min = 1), inner(range(min = 1, max = 65535)))]
    pub ports: Option<BTreeMap<String, u16>>,
    /// The addresses of the part where it does not run in pods: those of the
    /// servers of the control plane. All IPv4, or all IPv6. The selector is not
    /// used then.
    pub addresses: Vec<IpAddress>,
}

impl Default for Discovery {
    fn default() -> Self {
        Self {
            enabled: true,
            name: None,
            labels: Labels::default(),
            selector: Labels::default(),
            ports: None,
            addresses: Vec::new(),
        }
    }
}

/// The kubelets, which Prometheus scrapes on every node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Kubelet {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub part: Part,
    /// Whether kubelets are scraped over HTTPS, on port 10250. Otherwise it is
    /// their port 10255, where they ask nobody who they are and which most
    /// clusters have turned off.
    pub https: bool,
}

impl Default for Kubelet {
    fn default() -> Self {
        Self {
            part: Part::default(),
            https: true,
        }
    }
}

/// kube-proxy, which Prometheus scrapes by a PodMonitor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct KubeProxy {
    /// Whether kube-proxy is scraped, and its alert and rules installed. Off by
    /// default: some clusters have none (Cilium replaces it), and most let it
    /// listen on 127.0.0.1 only, which `metricsBindAddress` of its
    /// configuration changes.
    pub enabled: bool,
    /// How Prometheus scrapes it.
    pub pod_monitor: PodMonitor,
}

/// A monitor that Prometheus scrapes pods by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct PodMonitor {
    /// How often the pods are scraped, such as `30s`; by default as often as
    /// Prometheus scrapes what says nothing (`scrapeInterval`).
    pub interval: Option<Duration>,
    /// Anything of the PodMonitor's `spec`: maps are merged into the rendered
    /// ones, lists replace them, `null` removes a field.
    pub spec: Partial<PodMonitorSpec>,
}

from_definition! {
    /// The `spec` of a PodMonitor.
    PodMonitorSpec = "podmonitors/spec";
}

impl Default for Part {
    fn default() -> Self {
        Self {
            enabled: true,
            service_monitor: ServiceMonitor::default(),
        }
    }
}

/// The input of `templates/components/kubernetes`: a part is missing when it is off.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    kube_apiserver: Option<Monitor<'a>>,
    kube_controller_manager: Option<Monitor<'a>>,
    kube_scheduler: Option<Monitor<'a>>,
    kubelet: Option<Monitor<'a>>,
    coredns: Option<Monitor<'a>>,
    kube_proxy: Option<Monitor<'a>>,
    /// Services by which parts are found.
    discovery: Vec<DiscoveryInput>,
}

/// A Service and, if it selects no pods, its endpoints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DiscoveryInput {
    name: String,
    metadata: Metadata,
    selector: Option<Labels>,
    ports: BTreeMap<String, u16>,
    /// `IPv4` or `IPv6`, and the addresses.
    address_type: &'static str,
    addresses: Vec<IpAddress>,
}

/// What is found by a Service, and how.
struct Found {
    /// `app.kubernetes.io/name` of its Service, from which the job has its name.
    name: &'static str,
    /// That of its monitor.
    monitor: &'static str,
    port_name: &'static str,
    port: u16,
    interval: &'static str,
}

const CONTROLLER_MANAGER: Found = Found {
    name: "kube-controller-manager",
    monitor: "kube-controller-manager",
    port_name: "https-metrics",
    port: 10257,
    interval: INTERVAL,
};

const SCHEDULER: Found = Found {
    name: "kube-scheduler",
    monitor: "kube-scheduler",
    port_name: "https-metrics",
    port: 10259,
    interval: INTERVAL,
};

/// Kubernetes still calls it by the name of its forerunner.
const COREDNS: Found = Found {
    name: "kube-dns",
    monitor: "coredns",
    port_name: "metrics",
    port: 9153,
    interval: DNS_INTERVAL,
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Monitor<'a> {
    metadata: Metadata,
    /// None leaves it to Prometheus.
    interval: Option<&'a str>,
    /// Which port is scraped, and how it is spoken with.
    endpoint: Value,
    spec: &'a Value,
}

pub(crate) fn resolve(context: &Context<'_>) -> Component {
    let options = &context.file.components.kubernetes;
    let found = [
        (&CONTROLLER_MANAGER, &options.kube_controller_manager),
        (&SCHEDULER, &options.kube_scheduler),
        (&COREDNS, &options.coredns),
    ];
    let [kube_controller_manager, kube_scheduler, coredns] =
        found.map(|(found, part)| found_monitor(context, found, part));
    let kubelet = &options.kubelet;
    let input = Input {
        kube_apiserver: monitor(
            context,
            &options.kube_apiserver,
            "apiserver",
            INTERVAL,
            json!({"port": "https"}),
        ),
        kube_controller_manager,
        kube_scheduler,
        kubelet: monitor(
            context,
            &kubelet.part,
            "kubelet",
            INTERVAL,
            transport(kubelet),
        ),
        coredns,
        kube_proxy: proxy(context, &options.kube_proxy),
        discovery: found
            .into_iter()
            .filter_map(|(found, part)| discovery(context, found, part))
            .collect(),
    };
    Component {
        name: "kubernetes",
        input: json!(input),
        mixins: iter::once(rules(context, options))
            .chain(windows_dashboards(context))
            .collect(),
        span: None,
    }
}

/// The monitor of a part, if it is on.
fn monitor<'a>(
    context: &Context<'a>,
    part: &'a Part,
    name: &'static str,
    interval: &'static str,
    endpoint: Value,
) -> Option<Monitor<'a>> {
    part.enabled.then(|| Monitor {
        metadata: metadata(context, name),
        interval: Some(part.service_monitor.interval(interval)),
        endpoint,
        spec: &part.service_monitor.spec.0.0,
    })
}

fn found_monitor<'a>(
    context: &Context<'a>,
    found: &Found,
    options: &'a FoundPart,
) -> Option<Monitor<'a>> {
    let endpoint = match &options.port {
        None => json!({"port": found.port_name}),
        Some(Port::Name(name)) => json!({"port": name}),
        Some(Port::Number(number)) => json!({"targetPort": number}),
    };
    monitor(
        context,
        &options.part,
        found.monitor,
        found.interval,
        endpoint,
    )
}

/// A token that is sent without TLS is everybody's.
fn transport(kubelet: &Kubelet) -> Value {
    if kubelet.https {
        json!({
            "bearerTokenFile": "/var/run/secrets/kubernetes.io/serviceaccount/token",
            "port": "https-metrics",
            "scheme": "https",
            "tlsConfig": {"insecureSkipVerify": true},
        })
    } else {
        json!({"port": "http-metrics", "scheme": "http"})
    }
}

/// The Service of a part that is on and has one.
fn discovery(context: &Context<'_>, found: &Found, options: &FoundPart) -> Option<DiscoveryInput> {
    let service = options.service.as_ref().filter(|service| service.enabled)?;
    if !options.part.enabled {
        return None;
    }
    let common = &context.file.components.kubernetes.common;
    let mut labels = common.labels.0.clone();
    labels.extend(service.labels.0.clone());
    labels.insert("app.kubernetes.io/name".to_owned(), found.name.to_owned());
    if found.name == COREDNS.name {
        // By this one its monitor finds it.
        labels.insert("k8s-app".to_owned(), found.name.to_owned());
    }
    let name = service.name.as_ref().map(ToString::to_string);
    let ports = service.ports.clone();
    let v6 = service
        .addresses
        .iter()
        .any(|address| address.as_str().contains(':'));
    Some(DiscoveryInput {
        name: name.unwrap_or_else(|| format!("{}-prometheus-discovery", found.name)),
        metadata: Metadata {
            namespace: Some("kube-system".to_owned()),
            labels,
            annotations: common.annotations.0.clone(),
        },
        selector: service
            .addresses
            .is_empty()
            .then(|| service.selector.clone()),
        ports: ports.unwrap_or_else(|| BTreeMap::from([(found.port_name.to_owned(), found.port)])),
        address_type: if v6 { "IPv6" } else { "IPv4" },
        addresses: service.addresses.clone(),
    })
}

/// The labels of its monitor are those of the rules, as its pods are labelled
/// by nobody but Kubernetes.
fn proxy<'a>(context: &Context<'a>, options: &'a KubeProxy) -> Option<Monitor<'a>> {
    options.enabled.then(|| Monitor {
        metadata: metadata(context, "kube-prometheus"),
        interval: options.pod_monitor.interval.as_ref().map(Duration::as_str),
        endpoint: Value::Null,
        spec: &options.pod_monitor.spec.0.0,
    })
}

fn metadata(context: &Context<'_>, name: &str) -> Metadata {
    let app = App {
        name,
        component: "kubernetes",
        instance: None,
        version: None,
    };
    let common = &context.file.components.kubernetes.common;
    context.identity(common, app).metadata
}

/// The rules and dashboards, without those about parts that are not scraped.
fn rules(context: &Context<'_>, options: &Kubernetes) -> Mixin {
    Mixin {
        name: "kubernetes",
        config: json!({
            "kubeApiserver": options.kube_apiserver.enabled,
            "kubeControllerManager": options.kube_controller_manager.part.enabled,
            "kubeScheduler": options.kube_scheduler.part.enabled,
            "kubeProxy": options.kube_proxy.enabled,
            "kubelet": options.kubelet.part.enabled,
            "runbookURLPattern": context.runbook_pattern("kubernetes"),
        }),
        rules: Some(rule_object(context)),
    }
}

/// The object of all rules about what runs in the cluster.
pub(super) fn rule_object(context: &Context<'_>) -> RuleObject {
    RuleObject::of(
        context,
        "kubernetes-monitoring-rules",
        &metadata(context, "kube-prometheus"),
    )
}

/// The dashboards of Windows nodes, which any cluster may get. Its recording
/// rules would be evaluated for nothing where there are none; where there are,
/// both come with them ([`windows`]).
fn windows_dashboards(context: &Context<'_>) -> Option<Mixin> {
    windows::wanted(context).is_none().then(|| Mixin {
        name: "windows",
        config: json!({}),
        rules: None,
    })
}

#[cfg(test)]
mod tests {
    use crate::shape::StackFile;

    use super::*;

    #[test]
    fn what_needs_a_part_goes_with_it() {
        let file: StackFile = serde_json::from_value(json!({
            "kind": "Stack",
            "name": "test",
            "components": {"kubernetes": {
                "kubeScheduler": {"enabled": false},
                "coredns": {"serviceMonitor": {"interval": "1m"}},
            }},
        }))
        .unwrap();
        let component = resolve(&Context { file: &file });
        assert_eq!(component.input["kubeScheduler"], Value::Null);
        assert_eq!(component.input["coredns"]["interval"], "1m");
        assert_eq!(component.input["kubelet"]["interval"], "30s");
        let config = &component.mixins[0].config;
        assert_eq!(config["kubeScheduler"], false);
        assert_eq!(config["kubeControllerManager"], true);
    }
}
