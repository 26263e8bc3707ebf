//! Kubernetes itself: how Prometheus scrapes the control plane and the nodes'
//! kubelets, and the rules and dashboards about what runs in the cluster.
//!
//! Nothing is installed here but monitors and rules; the parts of Kubernetes
//! are there already, or a provider runs them out of sight.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::{App, Context, Metadata};
use crate::shape::{Common, ServiceMonitor};
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
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Monitor<'a> {
    metadata: Metadata,
    interval: &'a str,
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
    };
    Component {
        name: "kubernetes",
        input: json!(input),
        mixins: vec![rules(context, options), windows_dashboards()],
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
        interval: part.service_monitor.interval(interval),
        spec: &part.service_monitor.spec.0.0,
    }
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
            "kubelet": options.kubelet.enabled,
            "runbookURLPattern": context.runbook_pattern("kubernetes"),
        }),
        rules: Some(RuleObject::of(
            context,
            "kubernetes-monitoring-rules",
            &metadata(context, "kube-prometheus"),
        )),
    }
}

/// The dashboards of Windows nodes, which any cluster may get. Its recording
/// rules would be evaluated for nothing where there are none.
fn windows_dashboards() -> Mixin {
    Mixin {
        name: "windows",
        config: json!({}),
        rules: None,
    }
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
