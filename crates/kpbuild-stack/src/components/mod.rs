//! The components: for each, one file with what users can say about it and
//! what is made of that.
//!
//! A component's `resolve` gives the complete input of its template
//! (`templates/components/<name>/`): whatever is a choice is made here, the
//! template only spells objects.

pub mod alertmanager;
pub mod aws_vpc_cni;
pub mod blackbox_exporter;
pub mod etcd;
pub mod grafana;
pub mod kube_state_metrics;
pub mod kubernetes;
pub mod metrics_server;
pub mod namespace;
pub mod node_exporter;
pub mod prometheus;
pub mod prometheus_adapter;
pub mod prometheus_operator;
pub mod pyrra;
pub mod weave_net;
pub mod windows;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::shape::{Common, LogLevel};
use crate::stack::Component;

/// What is installed, and how.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct Components {
    /// Alertmanager, which sorts alerts and notifies people.
    pub alertmanager: alertmanager::Alertmanager,
    /// The AWS VPC CNI plug-in, which gives pods on EKS their addresses. It is
    /// scraped, with its alert, when it is named here: `{}` is enough.
    pub aws_vpc_cni: Option<aws_vpc_cni::AwsVpcCni>,
    /// blackbox-exporter, which probes addresses from inside the cluster.
    pub blackbox_exporter: blackbox_exporter::BlackboxExporter,
    /// etcd that is found by fixed addresses. It is scraped, with alerts and a
    /// dashboard about it, when it is named here.
    pub etcd: Option<etcd::Etcd>,
    /// Grafana, which shows dashboards.
    pub grafana: grafana::Grafana,
    /// kube-state-metrics, which shows the state of Kubernetes' own objects.
    pub kube_state_metrics: kube_state_metrics::KubeStateMetrics,
    /// The monitors of Kubernetes itself, and the rules and dashboards about
    /// what runs in the cluster.
    pub kubernetes: kubernetes::Kubernetes,
    /// metrics-server, which answers `kubectl top` and autoscalers in
    /// prometheus-adapter's place. It is installed when it is named here: `{}`
    /// is enough. prometheus-adapter is then off, unless it serves custom or
    /// external metrics.
    pub metrics_server: Option<metrics_server::MetricsServer>,
    /// node-exporter, which measures the hardware and kernel of every node.
    pub node_exporter: node_exporter::NodeExporter,
    /// Prometheus, which scrapes targets and evaluates rules.
    pub prometheus: prometheus::Prometheus,
    /// prometheus-adapter, which answers `kubectl top` and autoscalers.
    pub prometheus_adapter: prometheus_adapter::PrometheusAdapter,
    /// The Prometheus operator, which runs what the custom resources say.
    pub prometheus_operator: prometheus_operator::PrometheusOperator,
    /// Pyrra, which makes recording rules and alerts of service level objectives
    /// and shows how much of each error budget is left. It is installed, with
    /// objectives for the cluster's own parts, when it is named here: `{}` is
    /// enough.
    pub pyrra: Option<pyrra::Pyrra>,
    /// Weave Net, the network of clusters that still run it. It is scraped, with
    /// alerts and dashboards about it, when it is named here: `{}` is enough.
    pub weave_net: Option<weave_net::WeaveNet>,
    /// Windows nodes. They are scraped, with recording rules for their
    /// dashboards, when they are named here.
    pub windows: Option<windows::Windows>,
}

/// The components that are on, with their inputs.
pub(crate) fn resolve(context: &Context<'_>) -> Vec<Component> {
    let all = &context.file.components;
    let on = |common: &Common, component: fn(&Context<'_>) -> Component| {
        common.enabled.then(|| watched(component(context), common))
    };
    let mut components: Vec<Component> = [
        Some(namespace::resolve(context)),
        on(&all.alertmanager.common, alertmanager::resolve),
        all.aws_vpc_cni
            .as_ref()
            .filter(|options| options.common.enabled)
            .map(|options| watched(aws_vpc_cni::resolve(context, options), &options.common)),
        on(&all.blackbox_exporter.common, blackbox_exporter::resolve),
        etcd::wanted(context)
            .map(|options| watched(etcd::resolve(context, options), &options.common)),
        on(&all.grafana.common, grafana::resolve),
        on(&all.kube_state_metrics.common, kube_state_metrics::resolve),
        on(&all.kubernetes.common, kubernetes::resolve),
        metrics_server::wanted(all).map(|options| metrics_server::resolve(context, options)),
        on(&all.node_exporter.common, node_exporter::resolve),
        on(&all.prometheus.common, prometheus::resolve),
        on(&all.prometheus_adapter.common, prometheus_adapter::resolve),
        on(
            &all.prometheus_operator.common,
            prometheus_operator::resolve,
        ),
        pyrra::wanted(all).map(|options| pyrra::resolve(context, options)),
        all.weave_net
            .as_ref()
            .filter(|options| options.common.enabled)
            .map(|options| watched(weave_net::resolve(context, options), &options.common)),
        windows::wanted(context)
            .map(|options| watched(windows::resolve(context, options), &options.common)),
    ]
    .into_iter()
    .flatten()
    .collect();
    if prometheus::agent::wanted(all).is_some() {
        // Nobody evaluates rules, and there is no Grafana for dashboards.
        for component in &mut components {
            component.mixins.clear();
        }
    }
    components
}

/// A component without what watches it, if nobody wants that. Dashboards that
/// it only shows stay: they come without rules.
fn watched(mut component: Component, common: &Common) -> Component {
    if !common.mixin {
        component.mixins.retain(|mixin| mixin.rules.is_none());
    }
    component
}

/// What the user adds to the arguments of an exporter.
fn arguments(log_level: Option<LogLevel>, further: &[String]) -> Vec<String> {
    let log_level = log_level.map(|level| format!("--log.level={}", level.as_str()));
    log_level
        .into_iter()
        .chain(further.iter().cloned())
        .collect()
}
