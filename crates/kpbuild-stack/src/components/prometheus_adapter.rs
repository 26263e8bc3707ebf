//! prometheus-adapter: answers the resource metrics API (`kubectl top`,
//! autoscalers) from what Prometheus has scraped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::anti_affinity::AntiAffinity;
use crate::components::metrics_server;
use crate::context::{self, App, Context, Identity, Metadata, image};
use crate::scalar::Url;
use crate::shape::{Common, Pods, ServiceMonitor};
use crate::stack::Component;

const NAME: &str = "prometheus-adapter";
const VERSION: &str = "0.12.0";

/// How often Prometheus scrapes the adapter.
const INTERVAL: &str = "30s";

/// Rates look back over so many scrapes: two are needed, and one or two may be
/// late or missing.
const SCRAPES: u64 = 4;

/// What API servers and their extensions accept over TLS 1.2.
const TLS_CIPHER_SUITES: [&str; 15] = [
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
];

/// prometheus-adapter, which answers `kubectl top` and autoscalers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct PrometheusAdapter {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub pods: Pods,
    /// How many replicas share the questions. With one, autoscalers are blind
    /// while its node is drained.
    #[schemars(range(min = 0, max = 100))]
    pub replicas: u32,
    /// Whether replicas keep away from each other: `soft` prefers different
    /// nodes, `hard` demands them; `{strictness: soft, topologyKey: ...}` is
    /// about what another label of nodes tells apart. By default as
    /// `pods.antiAffinity` says. It joins what `affinity` says.
    pub anti_affinity: Option<AntiAffinity>,
    /// Whether the adapter serves the resource metrics API (`metrics.k8s.io`).
    /// A cluster has one server of it: turn this off where metrics-server is
    /// installed already, as on many managed clusters. It is off where the stack
    /// installs `metrics-server`.
    pub resource_metrics: bool,
    /// Whether the adapter serves the custom metrics API
    /// (`custom.metrics.k8s.io`), by which autoscalers follow what Prometheus
    /// knows about pods and other objects. By default every metric with a
    /// namespace is offered, counters as what they gain a second;
    /// `config: {rules: [...]}` says it otherwise.
    pub custom_metrics: bool,
    /// Whether the adapter serves the external metrics API
    /// (`external.metrics.k8s.io`), by which autoscalers follow metrics that
    /// belong to no object. Which there are is for you to say:
    /// `config: {externalRules: [...]}`.
    pub external_metrics: bool,
    /// The address of what answers the adapter's queries, if it is not this
    /// stack's Prometheus, such as `http://thanos-query.thanos.svc:9090`.
    pub prometheus_url: Option<Url>,
    /// Anything of the adapter's configuration file (`resourceRules`, `rules`,
    /// `externalRules`): maps are merged into the rendered ones, lists replace
    /// them, `null` removes a field.
    pub config: Option<Config>,
    /// The cipher suites that the adapter accepts over TLS 1.2, by their names
    /// in Go, such as `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`; replaces the
    /// default. An empty list leaves the choice to the program.
    pub tls_cipher_suites: Option<Vec<String>>,
    /// Further arguments of the adapter, such as `--v=4`.
    pub extra_args: Vec<String>,
    /// How Prometheus scrapes the adapter.
    pub service_monitor: ServiceMonitor,
}

/// A part of the adapter's configuration file, as a map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Config(pub Map<String, Value>);

impl Default for PrometheusAdapter {
    fn default() -> Self {
        Self {
            common: Common::default(),
            pods: Pods::default(),
            replicas: 2,
            anti_affinity: None,
            resource_metrics: true,
            custom_metrics: false,
            external_metrics: false,
            prometheus_url: None,
            config: None,
            tls_cipher_suites: None,
            extra_args: Vec::new(),
            service_monitor: ServiceMonitor::default(),
        }
    }
}

/// The input of `templates/components/prometheus-adapter`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says that some objects are there"
)]
struct Input<'a> {
    #[serde(flatten)]
    identity: Identity,
    image: String,
    replicas: u32,
    /// Whether drains of nodes must leave a replica.
    pod_disruption_budget: bool,
    resource_metrics: bool,
    /// Whether the roles that read resource metrics are the adapter's to make.
    metrics_reader: bool,
    custom_metrics: bool,
    external_metrics: bool,
    /// `metadata` of the objects for custom and external metrics. One adapter of
    /// a cluster has them, whoever installs it: only the user's labels are on them.
    api_metadata: Metadata,
    prometheus_url: String,
    windows: RateWindows,
    /// A part of the configuration that is merged into the rest.
    config: Value,
    tls_cipher_suites: Vec<String>,
    extra_args: &'a [String],
    resources: Value,
    security_context: Value,
    pod: Value,
    interval: &'a str,
    service_monitor: &'a Value,
}

/// The windows of rates, by the target that is scraped.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RateWindows {
    cadvisor: String,
    node_exporter: String,
    /// Windows nodes are scraped once a minute.
    windows_exporter: &'static str,
}

pub(crate) fn resolve(context: &Context<'_>) -> Component {
    let options = &context.file.components.prometheus_adapter;
    let version = context::version(&options.pods, VERSION);
    let identity = context.identity(
        &options.common,
        App {
            name: NAME,
            component: "metrics-adapter",
            instance: None,
            version: Some(version),
        },
    );
    let pod = context::pod(
        context,
        &options.pods,
        json!({"nodeSelector": {"kubernetes.io/os": "linux"}}),
    );
    let input = Input {
        pod: context::spread(context, options.anti_affinity.as_ref(), &identity, pod),
        identity,
        image: image(
            context,
            &options.pods,
            "registry.k8s.io/prometheus-adapter/prometheus-adapter",
            &format!("v{version}"),
        ),
        replicas: options.replicas,
        pod_disruption_budget: options.replicas > 1,
        resource_metrics: options.resource_metrics,
        metrics_reader: metrics_server::wanted(&context.file.components).is_none(),
        custom_metrics: options.custom_metrics,
        external_metrics: options.external_metrics,
        api_metadata: Metadata {
            namespace: None,
            labels: options.common.labels.0.clone(),
            annotations: options.common.annotations.0.clone(),
        },
        prometheus_url: match &options.prometheus_url {
            Some(url) => url.to_string(),
            None => format!("{}/", context.prometheus_url()),
        },
        windows: RateWindows {
            cadvisor: window(context.cadvisor_interval()),
            node_exporter: window(context.node_exporter_interval()),
            windows_exporter: "4m",
        },
        config: options
            .config
            .as_ref()
            .map_or_else(|| json!({}), |config| json!(config)),
        tls_cipher_suites: options
            .tls_cipher_suites
            .clone()
            .unwrap_or_else(|| TLS_CIPHER_SUITES.map(str::to_owned).to_vec()),
        extra_args: &options.extra_args,
        resources: context::resources(
            context,
            &options.pods.resources,
            &json!({"requests": {"cpu": "102m", "memory": "180Mi"}, "limits": {"cpu": "250m", "memory": "180Mi"}}),
        ),
        security_context: context::security_context(
            &options.pods,
            json!({
                "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": true,
                "runAsNonRoot": true,
                "seccompProfile": {"type": "RuntimeDefault"},
            }),
        ),
        interval: options.service_monitor.interval(INTERVAL),
        service_monitor: &options.service_monitor.spec.0.0,
    };
    Component {
        name: NAME,
        input: json!(input),
        mixins: Vec::new(),
        span: None,
    }
}

/// The window of a rate over what is scraped at an interval.
fn window(interval_milliseconds: u64) -> String {
    let milliseconds = interval_milliseconds.saturating_mul(SCRAPES);
    if milliseconds.is_multiple_of(1000) {
        format!("{}s", milliseconds / 1000)
    } else {
        format!("{milliseconds}ms")
    }
}

#[cfg(test)]
mod tests {
    use crate::shape::StackFile;

    use super::*;

    /// The input of the template for what the user says about components.
    fn input(components: &Value) -> Value {
        let file: StackFile = serde_json::from_value(
            json!({"kind": "Stack", "name": "test", "components": components}),
        )
        .unwrap();
        resolve(&Context { file: &file }).input
    }

    #[test]
    fn windows_follow_the_intervals_in_any_notation() {
        let windows = |components| {
            let windows = &input(&components)["windows"];
            (windows["cadvisor"].clone(), windows["nodeExporter"].clone())
        };
        assert_eq!(windows(json!({})), (json!("120s"), json!("60s")));
        let chosen = json!({
            "kubernetes": {"kubelet": {"serviceMonitor": {"interval": "1m30s"}}},
            "node-exporter": {"serviceMonitor": {"interval": "1s500ms"}},
        });
        assert_eq!(windows(chosen), (json!("360s"), json!("6s")));
        let replaced = json!({
            "prometheus": {"scrapeInterval": "2m"},
            "kubernetes": {"kubelet": {"serviceMonitor": {"spec": {"endpoints": [
                {"port": "https-metrics", "interval": "5s"},
                {"port": "https-metrics", "path": "/metrics/cadvisor", "interval": "20s"},
            ]}}}},
            "node-exporter": {"serviceMonitor": {"spec": {"endpoints": [{"port": "https"}]}}},
        });
        assert_eq!(windows(replaced), (json!("80s"), json!("480s")));
    }

    #[test]
    fn the_address_follows_the_name_of_prometheus() {
        let renamed = input(&json!({"prometheus": {"name": "main"}}));
        assert_eq!(
            renamed["prometheusUrl"],
            "http://prometheus-main.monitoring.svc:9090/"
        );
    }
}
