//! The Prometheus operator: makes Prometheus and Alertmanager run as their
//! custom resources say. The definitions of those come with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::{self, App, Context, Identity, image};
use crate::kube_rbac_proxy::{self, KubeRbacProxy, Place};
use crate::scalar::{Duration, Image};
use crate::shape::{Amount, Common, LogLevel, Pods, ServiceMonitor};
use crate::stack::{Component, Mixin, RuleObject};

const NAME: &str = "prometheus-operator";
const VERSION: &str = "0.92.0";

/// Where the operator itself listens; kube-rbac-proxy is in front of it.
const PORT: u16 = 8080;

/// The Prometheus operator, which runs what the custom resources say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct PrometheusOperator {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub pods: Pods,
    /// The container that the operator adds to every pod of Prometheus and
    /// Alertmanager, to make them read their configuration again.
    pub config_reloader: ConfigReloader,
    /// The Service by which the kubelets of all nodes are found.
    pub kubelet_service: KubeletService,
    /// Whether who may view or edit a namespace may also view or edit its
    /// monitors, probes and rules: cluster roles that Kubernetes adds to its own
    /// roles `view`, `edit` and `admin`.
    pub user_facing_roles: bool,
    /// What the operator writes to its log: `info` by default.
    pub log_level: Option<LogLevel>,
    /// Further arguments of the operator, such as `--deny-namespaces=sandbox`.
    pub extra_args: Vec<String>,
    /// The container that lets Prometheus in.
    pub kube_rbac_proxy: KubeRbacProxy,
    /// How Prometheus scrapes the operator. Without an interval it is scraped
    /// as often as Prometheus scrapes what says nothing (`scrapeInterval`).
    pub service_monitor: ServiceMonitor,
}

/// The container that makes programs read their configuration again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct ConfigReloader {
    /// The whole image, with its tag; by default that of the operator's version.
    pub image: Option<Image>,
    /// Whether Kubernetes asks the containers if they are alive and ready.
    pub probes: bool,
    /// What each such container asks for and is limited to. What is not set has
    /// the operator's own default; `0` removes it.
    pub resources: ReloaderResources,
}

/// The resources of the config reloaders, as far as the operator can set them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct ReloaderResources {
    /// What the scheduler reserves.
    pub requests: CpuAndMemory,
    /// What the container may not exceed.
    pub limits: CpuAndMemory,
}

/// Amounts of processor time and memory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct CpuAndMemory {
    /// Processors, such as `10m` or `0.5`.
    pub cpu: Option<Amount>,
    /// Memory, such as `50Mi`.
    pub memory: Option<Amount>,
}

/// The Service `kubelet` in the namespace `kube-system`, which the operator
/// keeps in step with the cluster's nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct KubeletService {
    /// Whether the operator keeps the Service. Without it, kubelets are scraped
    /// only if something else makes a Service with its label.
    pub enabled: bool,
    /// Whether the nodes are written as `Endpoints`, which Kubernetes 1.33 and
    /// later call deprecated.
    pub endpoints: bool,
    /// Whether the nodes are written as `EndpointSlice`s, which Prometheus reads.
    pub endpoint_slices: bool,
}

impl Default for KubeletService {
    fn default() -> Self {
        Self {
            enabled: true,
            endpoints: true,
            endpoint_slices: true,
        }
    }
}

/// The input of `templates/components/prometheus-operator`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    #[serde(flatten)]
    identity: Identity,
    version: &'a str,
    image: String,
    port: u16,
    args: Vec<String>,
    resources: Value,
    security_context: Value,
    pod: Value,
    kube_rbac_proxy: kube_rbac_proxy::Container,
    user_facing_roles: bool,
    interval: Option<&'a Duration>,
    service_monitor: &'a Value,
}

pub(crate) fn resolve(context: &Context<'_>) -> Component {
    let options = &context.file.components.prometheus_operator;
    let version = context::version(&options.pods, VERSION);
    let identity = context.identity(
        &options.common,
        App {
            name: NAME,
            component: "controller",
            instance: None,
            version: Some(version),
        },
    );
    let mixin = Mixin {
        name: "prometheus-operator",
        config: json!({
            "prometheusOperatorJob": NAME,
            "namespace": context.namespace(),
            "runbookURLPattern": context.runbook_pattern("prometheus-operator"),
        }),
        rules: Some(RuleObject::of(
            context,
            "prometheus-operator-rules",
            &identity.metadata,
        )),
    };
    let input = Input {
        identity,
        version,
        image: image(
            context,
            &options.pods,
            "quay.io/prometheus-operator/prometheus-operator",
            &format!("v{version}"),
        ),
        port: PORT,
        args: arguments(context, options, version),
        resources: context::resources(
            context,
            &options.pods.resources,
            &json!({"requests": {"cpu": "100m", "memory": "100Mi"}, "limits": {"cpu": "200m", "memory": "200Mi"}}),
        ),
        security_context: context::security_context(
            &options.pods,
            json!({
                "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": true,
            }),
        ),
        pod: context::pod(
            context,
            &options.pods,
            json!({
                "nodeSelector": {"kubernetes.io/os": "linux"},
                "securityContext": {
                    "runAsGroup": 65534,
                    "runAsNonRoot": true,
                    "runAsUser": 65534,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
            }),
        ),
        kube_rbac_proxy: proxy(context, options),
        user_facing_roles: options.user_facing_roles,
        interval: options.service_monitor.interval.as_ref(),
        service_monitor: &options.service_monitor.spec.0.0,
    };
    Component {
        name: NAME,
        input: json!(input),
        mixins: vec![mixin],
        span: None,
    }
}

fn proxy(context: &Context<'_>, options: &PrometheusOperator) -> kube_rbac_proxy::Container {
    let place = Place {
        name: "kube-rbac-proxy",
        host: "",
        port: 8443,
        port_name: "https",
        upstream: format!("127.0.0.1:{PORT}"),
        resources: kube_rbac_proxy::default_resources(),
    };
    kube_rbac_proxy::container(context, &options.kube_rbac_proxy, place)
}

fn arguments(context: &Context<'_>, options: &PrometheusOperator, version: &str) -> Vec<String> {
    let reloader = &options.config_reloader;
    let reloader_image = match &reloader.image {
        Some(image) => image.to_string(),
        None => context.image(&format!(
            "quay.io/prometheus-operator/prometheus-config-reloader:v{version}"
        )),
    };
    let mut arguments = vec![
        format!("--prometheus-config-reloader={reloader_image}"),
        // What a custom resource refers to may lie in a namespace of its own.
        "--watch-referenced-objects-in-all-namespaces=true".to_owned(),
        "--disable-unmanaged-prometheus-configuration=true".to_owned(),
    ];
    arguments.extend(kubelet_arguments(&options.kubelet_service));
    arguments.extend(reloader_arguments(&reloader.resources));
    if reloader.probes {
        arguments.push("--enable-config-reloader-probes=true".to_owned());
    }
    if let Some(level) = options.log_level {
        arguments.push(format!("--log-level={}", level.as_str()));
    }
    arguments.extend(options.extra_args.iter().cloned());
    arguments
}

fn kubelet_arguments(service: &KubeletService) -> Vec<String> {
    if !service.enabled {
        return Vec::new();
    }
    vec![
        "--kubelet-service=kube-system/kubelet".to_owned(),
        format!("--kubelet-endpoints={}", service.endpoints),
        format!("--kubelet-endpointslice={}", service.endpoint_slices),
    ]
}

fn reloader_arguments(resources: &ReloaderResources) -> impl Iterator<Item = String> {
    let amounts = [
        ("cpu-request", &resources.requests.cpu),
        ("cpu-limit", &resources.limits.cpu),
        ("memory-request", &resources.requests.memory),
        ("memory-limit", &resources.limits.memory),
    ];
    amounts.into_iter().filter_map(|(name, amount)| {
        let amount = amount.as_ref()?;
        Some(format!("--config-reloader-{name}={amount}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_chosen_resources_of_reloaders_are_arguments() {
        let chosen = json!({"requests": {"cpu": 0.5}, "limits": {"memory": "50Mi"}});
        let resources: ReloaderResources = serde_json::from_value(chosen).unwrap();
        assert_eq!(
            reloader_arguments(&resources).collect::<Vec<_>>(),
            [
                "--config-reloader-cpu-request=0.5",
                "--config-reloader-memory-limit=50Mi"
            ]
        );
    }
}
