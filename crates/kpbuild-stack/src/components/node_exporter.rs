//! node-exporter: the metrics of each node's hardware and kernel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::{self, App, Context, Identity, image};
use crate::kube_rbac_proxy::{self, KubeRbacProxy, Place};
use crate::scalar::IpAddress;
use crate::shape::{Common, LogLevel, Pods, ServiceMonitor};
use crate::stack::{Component, Mixin, RuleObject};

const NAME: &str = "node-exporter";
const VERSION: &str = "1.11.1";

/// How often Prometheus scrapes node-exporter: twice as often as most, as its
/// rates are shown over short windows.
pub(crate) const INTERVAL: &str = "15s";

/// Where containers have their own mounts: not the node's file systems.
const MOUNT_POINTS_EXCLUDE: &str =
    "^/(dev|proc|sys|run/k3s/containerd/.+|var/lib/docker/.+|var/lib/kubelet/pods/.+)($|/)";

/// The host ends of pod links, which come and go with pods.
const IGNORED_NETWORK_DEVICES: &str = "^(veth.*|[a-f0-9]{15})$";

/// node-exporter, which measures the hardware and kernel of every node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct NodeExporter {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub pods: Pods,
    /// The port of each node on which Prometheus scrapes node-exporter, through
    /// kube-rbac-proxy. The pods have the network of their node: choose another
    /// port if something else on the nodes has this one.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// The port of each node on which node-exporter itself listens, without TLS.
    #[schemars(range(min = 1, max = 65535))]
    pub internal_port: u16,
    /// The address of each node on which node-exporter itself listens. Only
    /// kube-rbac-proxy beside it has to reach it; `0.0.0.0` or `::` lets
    /// anything in that reaches the node.
    pub listen_address: IpAddress,
    /// Regular expression on the mount points that are not measured, such as
    /// those of containers; replaces the default.
    #[schemars(length(min = 1))]
    pub filesystem_mount_points_exclude: String,
    /// Regular expression on the network devices that are not measured, such
    /// as the host ends of pod links; replaces the default.
    #[schemars(length(min = 1))]
    pub ignored_network_devices: String,
    /// What node-exporter writes to its log: `info` by default.
    pub log_level: Option<LogLevel>,
    /// Further arguments of node-exporter, such as `--collector.processes`.
    pub extra_args: Vec<String>,
    /// The container that lets Prometheus in.
    pub kube_rbac_proxy: KubeRbacProxy,
    /// How Prometheus scrapes node-exporter.
    pub service_monitor: ServiceMonitor,
}

impl Default for NodeExporter {
    fn default() -> Self {
        Self {
            common: Common::default(),
            pods: Pods::default(),
            port: 9100,
            internal_port: 9101,
            listen_address: IpAddress::literal("127.0.0.1"),
            filesystem_mount_points_exclude: MOUNT_POINTS_EXCLUDE.to_owned(),
            ignored_network_devices: IGNORED_NETWORK_DEVICES.to_owned(),
            log_level: None,
            extra_args: Vec::new(),
            kube_rbac_proxy: KubeRbacProxy::default(),
            service_monitor: ServiceMonitor::default(),
        }
    }
}

/// The input of `templates/components/node-exporter`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    #[serde(flatten)]
    identity: Identity,
    image: String,
    /// Address and port of node-exporter itself.
    listen: String,
    port: u16,
    mount_points_exclude: &'a str,
    ignored_devices: &'a str,
    extra_args: Vec<String>,
    resources: Value,
    security_context: Value,
    pod: Value,
    kube_rbac_proxy: kube_rbac_proxy::Container,
    interval: &'a str,
    service_monitor: &'a Value,
}

pub(crate) fn resolve(context: &Context<'_>) -> Component {
    let options = &context.file.components.node_exporter;
    let version = context::version(&options.pods, VERSION);
    let identity = context.identity(
        &options.common,
        App {
            name: NAME,
            component: "exporter",
            instance: None,
            version: Some(version),
        },
    );
    let mixin = Mixin {
        name: "node-exporter",
        config: mixin_config(context),
        rules: Some(RuleObject::of(
            context,
            "node-exporter-rules",
            &identity.metadata,
        )),
    };
    let input = Input {
        identity,
        image: image(
            context,
            &options.pods,
            "quay.io/prometheus/node-exporter",
            &format!("v{version}"),
        ),
        listen: options.listen_address.with_port(options.internal_port),
        port: options.port,
        mount_points_exclude: &options.filesystem_mount_points_exclude,
        ignored_devices: &options.ignored_network_devices,
        extra_args: super::arguments(options.log_level, &options.extra_args),
        resources: context::resources(
            context,
            &options.pods.resources,
            &json!({"requests": {"cpu": "102m", "memory": "180Mi"}, "limits": {"cpu": "250m", "memory": "180Mi"}}),
        ),
        security_context: context::security_context(
            &options.pods,
            // It reads the clock's state by a system call that could also set it.
            json!({
                "allowPrivilegeEscalation": false,
                "capabilities": {"add": ["SYS_TIME"], "drop": ["ALL"]},
                "readOnlyRootFilesystem": true,
            }),
        ),
        pod: context::pod(context, &options.pods, default_pod()),
        kube_rbac_proxy: proxy(context, options),
        interval: options.service_monitor.interval(INTERVAL),
        service_monitor: &options.service_monitor.spec.0.0,
    };
    Component {
        name: "node-exporter",
        input: json!(input),
        mixins: vec![mixin],
        span: None,
    }
}

/// The windows of the mixin's rates and changes, in seconds.
const WINDOWS: [(&str, u64); 5] = [
    ("clockWindow", 300),
    ("cpuHighUsageWindow", 120),
    ("networkErrsWindow", 120),
    ("saturationWindow", 300),
    ("systemdRestartsWindow", 300),
];

/// Windows that would hold fewer than four scrapes are widened: a rate over two
/// is lost with one of them.
fn mixin_config(context: &Context<'_>) -> Value {
    let mut config = json!({
        "nodeExporterSelector": format!("job=\"{NAME}\""),
        "runbookURLPattern": context.runbook_pattern("node"),
    });
    let needed = context
        .node_exporter_interval()
        .saturating_mul(4)
        .div_ceil(1000);
    for (name, seconds) in WINDOWS {
        if needed > seconds {
            config[name] = json!(format!("{needed}s"));
        }
    }
    config
}

/// A node without its metrics is a blind spot, so the pods run on every node,
/// whatever its taints, and are among the last to be evicted.
fn default_pod() -> Value {
    json!({
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "priorityClassName": "system-cluster-critical",
        "securityContext": {"runAsGroup": 65534, "runAsNonRoot": true, "runAsUser": 65534},
        "tolerations": [{"operator": "Exists"}],
    })
}

fn proxy(context: &Context<'_>, options: &NodeExporter) -> kube_rbac_proxy::Container {
    let place = Place {
        name: "kube-rbac-proxy",
        // In the node's network, all addresses would be too many; the template
        // sets the variable to the pod's.
        host: "[$(IP)]",
        port: options.port,
        port_name: "https",
        upstream: options
            .listen_address
            .reached_locally()
            .with_port(options.internal_port),
        resources: kube_rbac_proxy::default_resources(),
    };
    kube_rbac_proxy::container(context, &options.kube_rbac_proxy, place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::StackFile;

    fn resolved(options: &Value) -> Component {
        let file: StackFile = serde_json::from_value(json!({
            "kind": "Stack",
            "name": "test",
            "components": {"node-exporter": options},
        }))
        .expect("options as users write them");
        resolve(&Context { file: &file })
    }

    #[test]
    fn the_proxy_asks_where_node_exporter_listens() {
        let input =
            resolved(&json!({"listenAddress": "::", "internalPort": 9999, "port": 9200})).input;
        assert_eq!(input["listen"], "[::]:9999");
        assert_eq!(input["kubeRbacProxy"]["upstream"], "http://[::1]:9999/");
        assert_eq!(input["kubeRbacProxy"]["listenAddress"], "[$(IP)]:9200");
    }

    #[test]
    fn windows_hold_four_scrapes() {
        let config = |interval: &str| {
            let options = json!({"serviceMonitor": {"interval": interval}});
            resolved(&options).mixins[0].config.clone()
        };
        assert_eq!(config("30s"), config("15s"));
        let minute = config("1m");
        assert_eq!(minute["networkErrsWindow"], "240s");
        assert_eq!(minute["clockWindow"], Value::Null);
        assert_eq!(config("2m")["clockWindow"], "480s");
    }
}
