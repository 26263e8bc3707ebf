//! Kubernetes itself: how Prometheus scrapes the control plane and the nodes'
//! kubelets, and the rules and dashboards about what runs in the cluster.
//!
//! Nothing is installed here but monitors and rules; the parts of Kubernetes
//! are there already, or a provider runs them out of sight.

use std::iter;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::windows;
use crate::context::{App, Context, Metadata};
use crate::scalar::Duration;
use crate::schema::from_definition;
use crate::shape::{Common, Partial, ServiceMonitor};
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
    pub kube_controller_manager: Part,
    /// The scheduler, which gives pods their nodes. Providers of managed
    /// clusters often hide it: turn it off there, or its absence is an alert.
    pub kube_scheduler: Part,
    /// The kubelets, which run the pods of each node; with them come the
    /// figures of containers and volumes.
    pub kubelet: Part,
    /// CoreDNS, the cluster's name server.
    pub coredns: Part,
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
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Monitor<'a> {
    metadata: Metadata,
    /// None leaves it to Prometheus.
    interval: Option<&'a str>,
    spec: &'a Value,
}

pub(crate) fn resolve(context: &Context<'_>) -> Component {
    let options = &context.file.components.kubernetes;
    let monitor =
        |part, name, interval| on(part).map(|part| monitor(context, part, name, interval));
    let input = Input {
        kube_apiserver: monitor(&options.kube_apiserver, "apiserver", INTERVAL),
        kube_controller_manager: monitor(
            &options.kube_controller_manager,
            "kube-controller-manager",
            INTERVAL,
        ),
        kube_scheduler: monitor(&options.kube_scheduler, "kube-scheduler", INTERVAL),
        kubelet: monitor(&options.kubelet, "kubelet", INTERVAL),
        coredns: monitor(&options.coredns, "coredns", DNS_INTERVAL),
        kube_proxy: proxy(context, &options.kube_proxy),
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

fn on(part: &Part) -> Option<&Part> {
    part.enabled.then_some(part)
}

fn monitor<'a>(
    context: &Context<'a>,
    part: &'a Part,
    name: &'static str,
    interval: &'static str,
) -> Monitor<'a> {
    Monitor {
        metadata: metadata(context, name),
        interval: Some(part.service_monitor.interval(interval)),
        spec: &part.service_monitor.spec.0.0,
    }
}

/// The labels of its monitor are those of the rules, as its pods are labelled
/// by nobody but Kubernetes.
fn proxy<'a>(context: &Context<'a>, options: &'a KubeProxy) -> Option<Monitor<'a>> {
    options.enabled.then(|| Monitor {
        metadata: metadata(context, "kube-prometheus"),
        interval: options.pod_monitor.interval.as_ref().map(Duration::as_str),
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
            "kubeControllerManager": options.kube_controller_manager.enabled,
            "kubeScheduler": options.kube_scheduler.enabled,
            "kubeProxy": options.kube_proxy.enabled,
            "kubelet": options.kubelet.enabled,
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
