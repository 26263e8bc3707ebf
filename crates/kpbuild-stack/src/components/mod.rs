//! The components: for each, one file with what users can say about it and
//! what is made of that.
//!
//! A component's `resolve` gives the complete input of its template
//! (`templates/components/<name>/`): whatever is a choice is made here, the
//! template only spells objects.

pub mod alertmanager;
pub mod blackbox_exporter;
pub mod grafana;
pub mod kube_state_metrics;
pub mod kubernetes;
pub mod namespace;
pub mod node_exporter;
pub mod prometheus;
pub mod prometheus_adapter;
pub mod prometheus_operator;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::shape::LogLevel;
use crate::stack::Component;

/// What is installed, and how.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct Components {
    /// Alertmanager, which sorts alerts and notifies people.
    pub alertmanager: alertmanager::Alertmanager,
    /// blackbox-exporter, which probes addresses from inside the cluster.
    pub blackbox_exporter: blackbox_exporter::BlackboxExporter,
    /// Grafana, which shows dashboards.
    pub grafana: grafana::Grafana,
    /// kube-state-metrics, which shows the state of Kubernetes' own objects.
    pub kube_state_metrics: kube_state_metrics::KubeStateMetrics,
    /// The monitors of Kubernetes itself, and the rules and dashboards about
    /// what runs in the cluster.
    pub kubernetes: kubernetes::Kubernetes,
    /// node-exporter, which measures the hardware and kernel of every node.
    pub node_exporter: node_exporter::NodeExporter,
    /// Prometheus, which scrapes targets and evaluates rules.
    pub prometheus: prometheus::Prometheus,
    /// prometheus-adapter, which answers `kubectl top` and autoscalers.
    pub prometheus_adapter: prometheus_adapter::PrometheusAdapter,
    /// The Prometheus operator, which runs what the custom resources say.
    pub prometheus_operator: prometheus_operator::PrometheusOperator,
}

/// The components that are on, with their inputs.
pub(crate) fn resolve(context: &Context<'_>) -> Vec<Component> {
    let components = &context.file.components;
    let on = |enabled: bool, component: fn(&Context<'_>) -> Component| {
        enabled.then(|| component(context))
    };
    [
        Some(namespace::resolve(context)),
        on(
            components.alertmanager.common.enabled,
            alertmanager::resolve,
        ),
        on(
            components.blackbox_exporter.common.enabled,
            blackbox_exporter::resolve,
        ),
        on(components.grafana.common.enabled, grafana::resolve),
        on(
            components.kube_state_metrics.common.enabled,
            kube_state_metrics::resolve,
        ),
        on(components.kubernetes.common.enabled, kubernetes::resolve),
        on(
            components.node_exporter.common.enabled,
            node_exporter::resolve,
        ),
        on(components.prometheus.common.enabled, prometheus::resolve),
        on(
            components.prometheus_adapter.common.enabled,
            prometheus_adapter::resolve,
        ),
        on(
            components.prometheus_operator.common.enabled,
            prometheus_operator::resolve,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What the user adds to the arguments of an exporter.
fn arguments(log_level: Option<LogLevel>, further: &[String]) -> Vec<String> {
    let log_level = log_level.map(|level| format!("--log.level={}", level.as_str()));
    log_level.into_iter().chain(further.iter().cloned()).collect()
}
