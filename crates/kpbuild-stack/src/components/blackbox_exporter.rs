//! blackbox-exporter: probes addresses from inside the cluster.

use std::collections::BTreeMap;

use kpbuild_core::yaml;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::anti_affinity::AntiAffinity;
use crate::context::{self, App, Context, Identity, image};
use crate::kube_rbac_proxy::{self, KubeRbacProxy, Place};
use crate::scalar::{Duration, Image, Version};
use crate::shape::{Common, LogLevel, Partial, Pods, Resources, SecurityContext, ServiceMonitor};
use crate::stack::Component;

const NAME: &str = "blackbox-exporter";
const VERSION: &str = "0.28.0";
const CONFIGMAP_RELOAD_VERSION: &str = "0.15.0";

/// How often Prometheus scrapes blackbox-exporter's metrics about itself.
const INTERVAL: &str = "30s";

/// blackbox-exporter, which probes addresses over HTTP, TCP, DNS and so on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct BlackboxExporter {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub pods: Pods,
    /// How many replicas answer probes.
    #[schemars(range(min = 0, max = 100))]
    pub replicas: u32,
    /// Whether replicas keep away from each other: `soft` prefers different
    /// nodes, `hard` demands them; `{strictness: soft, topologyKey: ...}` is
    /// about what another label of nodes tells apart. By default as
    /// `pods.antiAffinity` says. It joins what `affinity` says.
    pub anti_affinity: Option<AntiAffinity>,
    /// Ways to probe, by the name under which a Probe object asks for them.
    /// They join the default ones, or replace one of the same name.
    pub modules: BTreeMap<String, Module>,
    /// Whether there are the default modules `http_2xx`, `http_post_2xx`,
    /// `irc_banner`, `pop3s_banner`, `ssh_banner` and `tcp_connect`.
    pub default_modules: bool,
    /// Whether the container may open raw sockets, which ICMP needs, and runs
    /// as root; by default when a module probes by `icmp`.
    pub privileged: Option<bool>,
    /// The port on which Prometheus scrapes blackbox-exporter's metrics about
    /// itself, through kube-rbac-proxy.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// The port on which blackbox-exporter itself listens, without TLS; the one
    /// for probes.
    #[schemars(range(min = 1, max = 65535))]
    pub internal_port: u16,
    /// What blackbox-exporter writes to its log: `info` by default.
    pub log_level: Option<LogLevel>,
    /// Further arguments of blackbox-exporter, such as `--timeout-offset=1`.
    pub extra_args: Vec<String>,
    /// The container that lets Prometheus in.
    pub kube_rbac_proxy: KubeRbacProxy,
    /// The container that lets blackbox-exporter know of changed modules.
    pub configmap_reload: ConfigmapReload,
    /// How Prometheus scrapes blackbox-exporter's metrics about itself.
    pub service_monitor: ServiceMonitor,
}

/// A way to probe, as in blackbox-exporter's own configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Module {
    /// What the probe speaks.
    pub prober: Prober,
    /// How long the probe may take, such as `5s` or `1m30s`; half a second less
    /// than the scrape by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Settings of the `http` prober, such as `method` and `valid_status_codes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<Map<String, Value>>,
    /// Settings of the `tcp` prober, such as `tls` and `query_response`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<Map<String, Value>>,
    /// Settings of the `dns` prober, such as `query_name` and `query_type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns: Option<Map<String, Value>>,
    /// Settings of the `icmp` prober, such as `payload_size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmp: Option<Map<String, Value>>,
    /// Settings of the `grpc` prober, such as `service`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc: Option<Map<String, Value>>,
    /// Settings of the `unix` prober, such as `query_response`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unix: Option<Map<String, Value>>,
}

/// What a probe speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline, title = "Prober")]
pub enum Prober {
    /// HTTP and HTTPS.
    Http,
    /// TCP, with or without TLS, and dialogues over it.
    Tcp,
    /// DNS, over UDP or TCP.
    Dns,
    /// Echo requests (ping); needs raw sockets.
    Icmp,
    /// The health service of gRPC.
    Grpc,
    /// Unix domain sockets.
    Unix,
}

/// configmap-reload, the container that lets blackbox-exporter know of changed modules.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct ConfigmapReload {
    /// The version of configmap-reload, without `v`; it names the image's tag.
    pub version: Option<Version>,
    /// The whole image, with its tag; `version` is then not used.
    pub image: Option<Image>,
    /// What the container asks for and is limited to.
    pub resources: Resources,
    /// The security settings of the container, merged into the default; `null`
    /// removes a field.
    pub security_context: Option<Partial<SecurityContext>>,
}

impl Default for BlackboxExporter {
    fn default() -> Self {
        Self {
            common: Common::default(),
            pods: Pods::default(),
            replicas: 1,
            anti_affinity: None,
            modules: BTreeMap::new(),
            default_modules: true,
            privileged: None,
            port: 9115,
            internal_port: 19115,
            log_level: None,
            extra_args: Vec::new(),
            kube_rbac_proxy: KubeRbacProxy::default(),
            configmap_reload: ConfigmapReload::default(),
            service_monitor: ServiceMonitor::default(),
        }
    }
}

/// The input of `templates/components/blackbox-exporter`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    #[serde(flatten)]
    identity: Identity,
    image: String,
    replicas: u32,
    port: u16,
    internal_port: u16,
    extra_args: Vec<String>,
    /// The text of config.yml.
    config: String,
    resources: Value,
    security_context: Value,
    pod: Value,
    kube_rbac_proxy: kube_rbac_proxy::Container,
    configmap_reload: Reload,
    interval: &'a str,
    service_monitor: &'a Value,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Reload {
    image: String,
    resources: Value,
    security_context: Value,
}

pub(crate) fn resolve(context: &Context<'_>) -> Component {
    let options = &context.file.components.blackbox_exporter;
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
            "quay.io/prometheus/blackbox-exporter",
            &format!("v{version}"),
        ),
        replicas: options.replicas,
        port: options.port,
        internal_port: options.internal_port,
        extra_args: super::arguments(options.log_level, &options.extra_args),
        config: yaml::document(&json!({"modules": modules(options)})),
        resources: context::resources(context, &options.pods.resources, &small()),
        security_context: context::security_context(
            &options.pods,
            if privileged(options) {
                json!({"capabilities": {"add": ["NET_RAW"], "drop": ["ALL"]}, "runAsNonRoot": false})
            } else {
                nobody()
            },
        ),
        kube_rbac_proxy: proxy(context, options),
        configmap_reload: reload(context, &options.configmap_reload),
        interval: options.service_monitor.interval(INTERVAL),
        service_monitor: &options.service_monitor.spec.0.0,
    };
    Component {
        name: "blackbox-exporter",
        input: json!(input),
        mixins: Vec::new(),
        span: None,
    }
}

/// What each of the containers needs: next to nothing.
fn small() -> Value {
    json!({"requests": {"cpu": "10m", "memory": "20Mi"}, "limits": {"cpu": "20m", "memory": "40Mi"}})
}

fn nobody() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": true,
        "runAsGroup": 65534,
        "runAsNonRoot": true,
        "runAsUser": 65534,
    })
}

fn proxy(context: &Context<'_>, options: &BlackboxExporter) -> kube_rbac_proxy::Container {
    let place = Place {
        name: "kube-rbac-proxy",
        host: "",
        port: options.port,
        port_name: "https",
        upstream: format!("127.0.0.1:{}", options.internal_port),
        resources: kube_rbac_proxy::default_resources(),
    };
    kube_rbac_proxy::container(context, &options.kube_rbac_proxy, place)
}

fn reload(context: &Context<'_>, chosen: &ConfigmapReload) -> Reload {
    let version = chosen
        .version
        .as_ref()
        .map_or(CONFIGMAP_RELOAD_VERSION, Version::as_str);
    let image = match &chosen.image {
        Some(image) => image.to_string(),
        None => context.image(&format!("ghcr.io/jimmidyson/configmap-reload:v{version}")),
    };
    let mut security_context = nobody();
    if let Some(part) = &chosen.security_context {
        context::merge(&mut security_context, &part.0.0);
    }
    Reload {
        image,
        resources: context::resources(context, &chosen.resources, &small()),
        security_context,
    }
}

/// Raw sockets are for root with a capability, which only a module that needs
/// them justifies.
fn privileged(options: &BlackboxExporter) -> bool {
    let pings = || {
        options
            .modules
            .values()
            .any(|module| module.prober == Prober::Icmp)
    };
    options.privileged.unwrap_or_else(pings)
}

fn modules(options: &BlackboxExporter) -> Map<String, Value> {
    let mut modules = match default_modules() {
        Value::Object(defaults) if options.default_modules => defaults,
        _ => Map::new(),
    };
    for (name, module) in &options.modules {
        let mut written = json!(module);
        if let Some(timeout) = &module.timeout {
            written["timeout"] = json!(timeout.for_go());
        }
        modules.insert(name.clone(), written);
    }
    modules
}

/// IPv4 first, unlike the program's own default: clusters without IPv6 are many.
fn default_modules() -> Value {
    json!({
        "http_2xx": {"prober": "http", "http": {"preferred_ip_protocol": "ip4"}},
        "http_post_2xx": {"prober": "http", "http": {"method": "POST", "preferred_ip_protocol": "ip4"}},
        "irc_banner": {
            "prober": "tcp",
            "tcp": {
                "preferred_ip_protocol": "ip4",
                "query_response": [
                    {"send": "NICK prober"},
                    {"send": "USER prober prober prober :prober"},
                    {"expect": "PING :([^ ]+)", "send": "PONG ${1}"},
                    {"expect": "^:[^ ]+ 001"},
                ],
            },
        },
        "pop3s_banner": {
            "prober": "tcp",
            "tcp": {
                "preferred_ip_protocol": "ip4",
                "query_response": [{"expect": "^+OK"}],
                "tls": true,
                "tls_config": {"insecure_skip_verify": false},
            },
        },
        "ssh_banner": {
            "prober": "tcp",
            "tcp": {"preferred_ip_protocol": "ip4", "query_response": [{"expect": "^SSH-2.0-"}]},
        },
        "tcp_connect": {"prober": "tcp", "tcp": {"preferred_ip_protocol": "ip4"}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(value: Value) -> BlackboxExporter {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn modules_join_the_default_ones_or_replace_one() {
        let mine = json!({
            "ping": {"prober": "icmp", "timeout": "1m30s"},
            "tcp_connect": {"prober": "tcp"},
        });
        let joined = modules(&options(json!({"modules": mine})));
        assert_eq!(joined.len(), 7);
        assert_eq!(joined["ping"], json!({"prober": "icmp", "timeout": "90s"}));
        assert_eq!(joined["tcp_connect"], json!({"prober": "tcp"}));
        let alone = modules(&options(json!({"modules": mine, "defaultModules": false})));
        assert_eq!(alone.keys().collect::<Vec<_>>(), ["ping", "tcp_connect"]);
    }

    #[test]
    fn only_a_module_that_pings_needs_privileges_unless_told() {
        let ping = json!({"ping": {"prober": "icmp"}});
        assert!(!privileged(&options(json!({}))));
        assert!(privileged(&options(json!({"modules": ping}))));
        assert!(!privileged(&options(
            json!({"modules": ping, "privileged": false})
        )));
    }
}
