//! What the values of the chart are called in a stack.

use serde_json::json;

use super::Given;

/// Values that a stack takes as they are.
const FIELDS: &[(&str, &str)] = &[
    ("namespaceOverride", "namespace"),
    ("global.imageRegistry", "images.registry"),
    ("defaultRules.runbookUrl", "rules.runbooks"),
    (
        "global.rbac.createAggregateClusterRoles",
        "components.prometheus-operator.userFacingRoles",
    ),
    ("alertmanager.config", "components.alertmanager.config"),
    (
        "alertmanager.templateFiles",
        "components.alertmanager.templates.inline",
    ),
    (
        "alertmanager.alertmanagerSpec.configSecret",
        "components.alertmanager.configSecret",
    ),
    (
        "alertmanager.alertmanagerSpec.retention",
        "components.alertmanager.retention",
    ),
    (
        "alertmanager.alertmanagerSpec.externalUrl",
        "components.alertmanager.externalUrl",
    ),
    (
        "alertmanager.alertmanagerSpec.logLevel",
        "components.alertmanager.logLevel",
    ),
    (
        "alertmanager.alertmanagerSpec.podAntiAffinity",
        "components.alertmanager.antiAffinity",
    ),
    (
        "alertmanager.serviceMonitor.interval",
        "components.alertmanager.serviceMonitor.interval",
    ),
    ("grafana.plugins", "components.grafana.plugins"),
    ("grafana.grafana.ini", "components.grafana.config"),
    (
        "grafana.additionalDataSources",
        "components.grafana.dataSources",
    ),
    (
        "grafana.serviceMonitor.interval",
        "components.grafana.serviceMonitor.interval",
    ),
    (
        "grafana.ldap.existingSecret",
        "components.grafana.ldap.secret",
    ),
    (
        "kubeApiServer.serviceMonitor.interval",
        "components.kubernetes.kubeApiserver.serviceMonitor.interval",
    ),
    (
        "kubeControllerManager.serviceMonitor.interval",
        "components.kubernetes.kubeControllerManager.serviceMonitor.interval",
    ),
    (
        "kubeScheduler.serviceMonitor.interval",
        "components.kubernetes.kubeScheduler.serviceMonitor.interval",
    ),
    (
        "kubelet.serviceMonitor.https",
        "components.kubernetes.kubelet.https",
    ),
    (
        "kubelet.serviceMonitor.interval",
        "components.kubernetes.kubelet.serviceMonitor.interval",
    ),
    (
        "coreDns.serviceMonitor.interval",
        "components.kubernetes.coredns.serviceMonitor.interval",
    ),
    (
        "prometheusOperator.serviceMonitor.interval",
        "components.prometheus-operator.serviceMonitor.interval",
    ),
    (
        "prometheusOperator.logLevel",
        "components.prometheus-operator.logLevel",
    ),
    (
        "prometheusOperator.extraArgs",
        "components.prometheus-operator.extraArgs",
    ),
    (
        "prometheus-node-exporter.prometheus.monitor.interval",
        "components.node-exporter.serviceMonitor.interval",
    ),
    (
        "kube-state-metrics.prometheus.monitor.interval",
        "components.kube-state-metrics.serviceMonitor.interval",
    ),
    (
        "prometheus-node-exporter.extraArgs",
        "components.node-exporter.extraArgs",
    ),
    (
        "kube-state-metrics.extraArgs",
        "components.kube-state-metrics.extraArgs",
    ),
    (
        "kube-state-metrics.metricDenylist",
        "components.kube-state-metrics.metricDenylist",
    ),
    (
        "prometheus.prometheusSpec.retention",
        "components.prometheus.retention",
    ),
    (
        "prometheus.prometheusSpec.retentionSize",
        "components.prometheus.retentionSize",
    ),
    (
        "prometheus.prometheusSpec.externalUrl",
        "components.prometheus.externalUrl",
    ),
    (
        "prometheus.prometheusSpec.externalLabels",
        "components.prometheus.externalLabels",
    ),
    (
        "prometheus.prometheusSpec.logLevel",
        "components.prometheus.logLevel",
    ),
    (
        "prometheus.prometheusSpec.scrapeInterval",
        "components.prometheus.scrapeInterval",
    ),
    (
        "prometheus.prometheusSpec.evaluationInterval",
        "components.prometheus.evaluationInterval",
    ),
    (
        "prometheus.prometheusSpec.enableFeatures",
        "components.prometheus.enableFeatures",
    ),
    (
        "prometheus.prometheusSpec.remoteWrite",
        "components.prometheus.remoteWrite",
    ),
    (
        "prometheus.prometheusSpec.remoteRead",
        "components.prometheus.remoteRead",
    ),
    (
        "prometheus.prometheusSpec.podAntiAffinity",
        "components.prometheus.antiAffinity",
    ),
    (
        "prometheus.prometheusSpec.ruleSelector",
        "components.prometheus.ruleSelector",
    ),
    (
        "prometheus.serviceMonitor.interval",
        "components.prometheus.serviceMonitor.interval",
    ),
];

/// Components whose pods are described alike: where the chart has them, and the
/// name in a stack.
pub(super) const PODS: [(&[&str], &str); 6] = [
    (&["alertmanager", "alertmanagerSpec"], "alertmanager"),
    (&["grafana"], "grafana"),
    (&["kube-state-metrics"], "kube-state-metrics"),
    (&["prometheus", "prometheusSpec"], "prometheus"),
    (&["prometheus-node-exporter"], "node-exporter"),
    (&["prometheusOperator"], "prometheus-operator"),
];

/// What they say alike.
const OF_PODS: [&str; 7] = [
    "affinity",
    "nodeSelector",
    "priorityClassName",
    "replicas",
    "resources",
    "tolerations",
    "topologySpreadConstraints",
];

/// Switches that are on unless they are turned off.
const SWITCHES: [(&[&str], &[&str]); 10] = [
    (&["alertmanager", "enabled"], &["alertmanager"]),
    (&["coreDns", "enabled"], &["kubernetes", "coredns"]),
    (&["grafana", "enabled"], &["grafana"]),
    (
        &["kubeApiServer", "enabled"],
        &["kubernetes", "kubeApiserver"],
    ),
    (
        &["kubeControllerManager", "enabled"],
        &["kubernetes", "kubeControllerManager"],
    ),
    (
        &["kubeScheduler", "enabled"],
        &["kubernetes", "kubeScheduler"],
    ),
    (&["kubeStateMetrics", "enabled"], &["kube-state-metrics"]),
    (&["kubelet", "enabled"], &["kubernetes", "kubelet"]),
    (&["nodeExporter", "enabled"], &["node-exporter"]),
    (&["prometheusOperator", "enabled"], &["prometheus-operator"]),
];

pub(super) fn fields(given: &mut Given<'_>) {
    for (from, to) in SWITCHES {
        if given.take_switch(from) == Some(false) {
            let path: Vec<&str> = [&["components"], to, &["enabled"]].concat();
            given.put(from, &path, json!(false));
        }
    }
    if given.take_switch(&["prometheus", "enabled"]) == Some(false) {
        let path = ["components", "prometheus", "enabled"];
        given.put(&["prometheus", "enabled"], &path, json!(false));
    }
    if given.take_switch(&["kubeProxy", "enabled"]) == Some(false) {
        super::text::take(&mut given.stack, &["components", "kubernetes", "kubeProxy"]);
    }
    for (from, to) in FIELDS {
        let from: Vec<&str> = steps(from);
        given.copy(&from, &to.split('.').collect::<Vec<_>>());
    }
    for (place, component) in PODS {
        for field in OF_PODS {
            let from: Vec<&str> = [place, &[field]].concat();
            given.copy(&from, &["components", component, field]);
        }
    }
}

/// The steps of a path. One of the chart's names has a dot in it.
fn steps(path: &'static str) -> Vec<&'static str> {
    match path.strip_suffix(".grafana.ini") {
        Some(before) => before.split('.').chain(["grafana.ini"]).collect(),
        None => path.split('.').collect(),
    }
}

/// The groups of rules that a switch of the chart turns off.
pub(super) const GROUPS: [(&str, &[&str]); 32] = [
    ("alertmanager", &["alertmanager.rules"]),
    ("configReloaders", &["config-reloaders"]),
    ("etcd", &["etcd"]),
    ("general", &["general.rules"]),
    (
        "k8sContainerCpuUsageSecondsTotal",
        &["k8s.rules.container_cpu_usage_seconds_total"],
    ),
    (
        "k8sContainerMemoryCache",
        &["k8s.rules.container_memory_cache"],
    ),
    ("k8sContainerMemoryRss", &["k8s.rules.container_memory_rss"]),
    (
        "k8sContainerMemorySwap",
        &["k8s.rules.container_memory_swap"],
    ),
    (
        "k8sContainerMemoryWorkingSetBytes",
        &["k8s.rules.container_memory_working_set_bytes"],
    ),
    (
        "k8sContainerResource",
        &[
            "k8s.rules.container_*_limits",
            "k8s.rules.container_*_requests",
        ],
    ),
    ("k8sPodOwner", &["k8s.rules.pod_owner"]),
    (
        "kubeApiserverAvailability",
        &["kube-apiserver-availability.rules"],
    ),
    ("kubeApiserverBurnrate", &["kube-apiserver-burnrate.rules"]),
    (
        "kubeApiserverHistogram",
        &["kube-apiserver-histogram.rules"],
    ),
    ("kubeApiserverSlos", &["kube-apiserver-slos"]),
    (
        "kubeControllerManager",
        &["kubernetes-system-controller-manager"],
    ),
    ("kubeProxy", &["kubernetes-system-kube-proxy"]),
    ("kubePrometheusGeneral", &["kube-prometheus-general.rules"]),
    (
        "kubePrometheusNodeRecording",
        &["kube-prometheus-node-recording.rules"],
    ),
    ("kubeSchedulerAlerting", &["kubernetes-system-scheduler"]),
    ("kubeSchedulerRecording", &["kube-scheduler.rules"]),
    ("kubeStateMetrics", &["kube-state-metrics"]),
    ("kubelet", &["kubelet.rules", "kubernetes-system-kubelet"]),
    ("kubernetesApps", &["kubernetes-apps"]),
    ("kubernetesResources", &["kubernetes-resources"]),
    ("kubernetesStorage", &["kubernetes-storage"]),
    (
        "kubernetesSystem",
        &["kubernetes-system", "kubernetes-system-apiserver"],
    ),
    ("network", &["node-network"]),
    ("node", &["node.rules"]),
    ("nodeExporterAlerting", &["node-exporter"]),
    ("nodeExporterRecording", &["node-exporter.rules"]),
    ("prometheus", &["prometheus"]),
];
