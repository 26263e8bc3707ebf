//! metrics-server: answers the resource metrics API (`kubectl top`, autoscalers)
//! from what the kubelets say, with no Prometheus in between. It takes that part
//! of prometheus-adapter's work; a cluster has one server of the API.

use kpbuild_core::Diagnostic;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::anti_affinity::{AntiAffinity, Strictness};
use crate::components::Components;
use crate::components::prometheus::agent;
use crate::conflicts::{CONFLICT, conflict};
use crate::context::{self, App, Context, Identity, image};
use crate::parse::StackFile;
use crate::platform;
use crate::scalar::Duration;
use crate::shape::{Common, Pods, ServiceMonitor};
use crate::stack::Component;
use crate::validate::OUT_OF_RANGE;

const NAME: &str = "metrics-server";
const VERSION: &str = "0.8.0";

/// How often Prometheus scrapes metrics-server itself.
const INTERVAL: &str = "30s";

/// metrics-server refuses to ask kubelets more often, in milliseconds.
const SHORTEST_RESOLUTION: u64 = 10_000;

/// How long metrics-server waits for a kubelet unless it is told otherwise, in
/// milliseconds.
const REQUEST_TIMEOUT: u64 = 10_000;

/// metrics-server, which answers `kubectl top` and autoscalers in
/// prometheus-adapter's place. It is installed when the stack file names it: `{}`
/// is enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct MetricsServer {
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
    /// `pods.antiAffinity` says, or `hard`: on a cluster of one node, set
    /// `replicas: 1` or `soft`. It joins what `affinity` says.
    pub anti_affinity: Option<AntiAffinity>,
    /// How often the kubelets are asked, such as `30s`; at least 10 seconds.
    /// What `kubectl top` shows and autoscalers follow is so old at most.
    pub metric_resolution: Duration,
    /// Whether the certificates of kubelets are taken unchecked. Kubelets that
    /// sign their own need it, as those of kubeadm do without
    /// `serverTLSBootstrap: true`: `kubectl top` shows nothing there otherwise.
    pub kubelet_insecure_tls: bool,
    /// Which of a node's addresses a kubelet is asked at: the first of these
    /// that the node has.
    #[schemars(length(min = 1))]
    pub kubelet_address_types: Vec<AddressType>,
    /// The port that metrics-server listens on. The control plane must reach it
    /// on the nodes.
    #[schemars(range(min = 1, max = 65535))]
    pub secure_port: u16,
    /// The cipher suites that metrics-server accepts over TLS 1.2, by their names
    /// in Go, such as `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`. The program
    /// chooses if there are none.
    pub tls_cipher_suites: Vec<String>,
    /// Further arguments of metrics-server, such as `--v=4`.
    pub extra_args: Vec<String>,
    /// How Prometheus scrapes metrics-server.
    pub service_monitor: ServiceMonitor,
}

/// A kind of address of a node, as Kubernetes calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, title = "address type", extend("type" = "string"))]
pub enum AddressType {
    /// The name that the node has for itself.
    Hostname,
    /// A name inside the cluster's network.
    InternalDNS,
    /// An address inside the cluster's network.
    InternalIP,
    /// A name outside of it.
    ExternalDNS,
    /// An address outside of it.
    ExternalIP,
}

impl Default for MetricsServer {
    fn default() -> Self {
        use AddressType::{ExternalIP, Hostname, InternalIP};
        Self {
            common: Common::default(),
            pods: Pods::default(),
            replicas: 2,
            anti_affinity: None,
            metric_resolution: Duration::literal("15s"),
            kubelet_insecure_tls: false,
            kubelet_address_types: vec![InternalIP, ExternalIP, Hostname],
            secure_port: 10250,
            tls_cipher_suites: Vec::new(),
            extra_args: Vec::new(),
            service_monitor: ServiceMonitor::default(),
        }
    }
}

/// The input of `templates/components/metrics-server`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    #[serde(flatten)]
    identity: Identity,
    image: String,
    replicas: u32,
    /// Whether drains of nodes must leave a replica.
    pod_disruption_budget: bool,
    port: u16,
    resolution: String,
    /// How long it waits for a kubelet, where its own default is too long.
    request_timeout: Option<String>,
    kubelet_insecure_tls: bool,
    kubelet_address_types: &'a [AddressType],
    tls_cipher_suites: &'a [String],
    extra_args: &'a [String],
    resources: Value,
    security_context: Value,
    pod: Value,
    interval: &'a str,
    service_monitor: &'a Value,
}

/// metrics-server, if the stack file wants it.
pub(crate) fn wanted(components: &Components) -> Option<&MetricsServer> {
    let server = components.metrics_server.as_ref();
    server.filter(|server| server.common.enabled)
}

pub(crate) fn resolve(context: &Context<'_>, options: &MetricsServer) -> Component {
    let version = context::version(&options.pods, VERSION);
    let app = App {
        name: NAME,
        component: NAME,
        instance: None,
        version: Some(version),
    };
    let identity = context.identity(&options.common, app);
    let input = Input {
        pod: pod(context, options, &identity),
        identity,
        image: image(
            context,
            &options.pods,
            "registry.k8s.io/metrics-server/metrics-server",
            &format!("v{version}"),
        ),
        replicas: options.replicas,
        pod_disruption_budget: options.replicas > 1,
        port: options.secure_port,
        resolution: options.metric_resolution.for_go(),
        request_timeout: request_timeout(&options.metric_resolution),
        kubelet_insecure_tls: options.kubelet_insecure_tls,
        kubelet_address_types: &options.kubelet_address_types,
        tls_cipher_suites: &options.tls_cipher_suites,
        extra_args: &options.extra_args,
        resources: context::resources(
            context,
            &options.pods.resources,
            // What its makers found enough for 100 nodes with 70 pods each.
            &json!({"requests": {"cpu": "100m", "memory": "200Mi"}}),
        ),
        security_context: context::security_context(
            &options.pods,
            json!({
                "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": true,
                "runAsNonRoot": true,
                "runAsUser": 1000,
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

fn pod(context: &Context<'_>, options: &MetricsServer, identity: &Identity) -> Value {
    const HARD: AntiAffinity = AntiAffinity::Nodes(Strictness::Hard);
    let own = options.anti_affinity.as_ref();
    let chosen = own.or(context.file.pods.anti_affinity.as_ref());
    let pod = context::pod(
        context,
        &options.pods,
        json!({
            "nodeSelector": {"kubernetes.io/os": "linux"},
            // Autoscalers need it most where nodes are full.
            "priorityClassName": "system-cluster-critical",
        }),
    );
    context::spread(context, chosen.or(Some(&HARD)), identity, pod)
}

/// metrics-server demands that a request to a kubelet ends before the next one
/// is due: after nine tenths of the time in between.
fn request_timeout(resolution: &Duration) -> Option<String> {
    let longest = resolution.milliseconds().saturating_mul(9) / 10;
    (longest < REQUEST_TIMEOUT).then(|| format!("{longest}ms"))
}

/// What lies below the user's words about components in a stack with
/// metrics-server: prometheus-adapter does not serve the same API, and is off
/// unless it is named.
pub(crate) fn defaults(given: &Value) -> Value {
    let components = &given["components"];
    let server = &components[NAME];
    if !server.is_object() || server["enabled"] == false {
        return json!({});
    }
    let adapter = match components.get("prometheus-adapter") {
        Some(_) => json!({"resourceMetrics": false}),
        None => json!({"enabled": false}),
    };
    json!({"components": {"prometheus-adapter": adapter}})
}

const PLACE: [&str; 2] = ["components", NAME];

/// What does not go together with metrics-server.
pub(crate) fn check(file: &StackFile) -> Vec<Diagnostic> {
    let Some(server) = wanted(&file.shape.components) else {
        return Vec::new();
    };
    let found = [
        resolution(file, server),
        second_server(file),
        served_by_the_platform(file),
    ];
    found.into_iter().flatten().collect()
}

fn resolution(file: &StackFile, server: &MetricsServer) -> Option<Diagnostic> {
    let chosen = &server.metric_resolution;
    (chosen.milliseconds() < SHORTEST_RESOLUTION).then(|| {
        let message = format!("`components.{NAME}.metricResolution` is {chosen}, the least is 10s");
        let place = file.tree.at(["components", NAME, "metricResolution"]);
        Diagnostic::error(OUT_OF_RANGE, message)
            .at_some(place.map(|node| node.span), "")
            .note("metrics-server does not start with less")
    })
}

/// An adapter that would serve the same API, or nothing at all.
fn second_server(file: &StackFile) -> Option<Diagnostic> {
    let adapter = &file.shape.components.prometheus_adapter;
    if !adapter.common.enabled || agent::wanted(&file.shape.components).is_some() {
        return None;
    }
    let place = ["components", "prometheus-adapter"];
    if adapter.resource_metrics {
        let field = [place[0], place[1], "resourceMetrics"];
        return Some(
            conflict(file, &field, &PLACE)
                .note("a cluster has one server of the resource metrics API")
                .help(format!(
                    "remove `resourceMetrics: true`, or set `{NAME}: {{enabled: false}}` if a base has it"
                )),
        );
    }
    (!adapter.custom_metrics && !adapter.external_metrics).then(|| {
        let message = format!(
            "`components.prometheus-adapter` serves nothing beside `components.{NAME}`"
        );
        Diagnostic::error(CONFLICT, message)
            .at_some(file.span(&place), "")
            .at_some(file.span(&PLACE), "this serves the resource metrics API")
            .help(
                "remove it, or set `prometheus-adapter: {enabled: false}` if a base has it; for custom or external metrics, set `customMetrics: true` or `externalMetrics: true`",
            )
    })
}

/// A platform that comes with metrics-server, or something in its place. Where
/// users can leave that out, it is a warning until they say outright that they
/// want this one.
fn served_by_the_platform(file: &StackFile) -> Option<Diagnostic> {
    let platform = file.shape.cluster.platform?;
    let own = platform::resource_metrics(platform)?;
    let is_outright = file.tree.at([PLACE[0], NAME, "enabled"]).is_some();
    let name = platform.name();
    let message = format!("`{name}` serves the resource metrics API itself");
    let diagnostic = match own {
        platform::ResourceMetrics::Always => Diagnostic::error(CONFLICT, message).help(format!(
            "remove `{NAME}`: `kubectl top` and autoscalers are answered without it"
        )),
        platform::ResourceMetrics::Unless(_) if is_outright => return None,
        platform::ResourceMetrics::Unless(way) => Diagnostic::warning(CONFLICT, message)
            .note("two servers of one API take it from each other")
            .help(format!(
                "remove `{NAME}`; or {way} and say `{NAME}: {{enabled: true}}` here"
            )),
    };
    let place = ["cluster", "platform"];
    Some(
        diagnostic
            .at_some(file.span(&PLACE), "")
            .at_some(file.span(&place), "and this"),
    )
}

#[cfg(test)]
mod tests {
    use kpbuild_core::{Diagnostics, SourceMap};

    use super::*;

    /// The file as it is read, or the messages about it.
    fn read(text: &str) -> (Option<StackFile>, Vec<String>) {
        let mut sources = SourceMap::default();
        let text = format!("kind: Stack\nname: test\n{text}");
        let file = sources.add("stack.yaml", &text);
        let mut diagnostics = Diagnostics::default();
        let parsed = crate::parse(&sources, file, &mut diagnostics).ok();
        let found = diagnostics.sorted();
        (
            parsed,
            found.iter().map(|one| one.message.clone()).collect(),
        )
    }

    fn input(options: &str) -> Value {
        let (file, found) = read(&format!("components: {{metrics-server: {options}}}\n"));
        let stack = crate::resolve(&file.unwrap_or_else(|| panic!("{found:?}")));
        let mut components = stack.components.into_iter();
        let server = components.find(|component| component.name == NAME);
        server.expect("it is named").input
    }

    #[test]
    fn the_adapter_stays_for_what_it_alone_serves() {
        let adapter = |components: &str| {
            let (file, found) = read(&format!("components: {{{components}}}\n"));
            assert!(found.is_empty(), "{components}: {found:?}");
            let adapter = file
                .expect("nothing is wrong")
                .shape
                .components
                .prometheus_adapter;
            (adapter.common.enabled, adapter.resource_metrics)
        };
        assert!(!adapter("metrics-server: {}").0);
        let custom = "prometheus-adapter: {customMetrics: true}";
        assert_eq!(adapter(custom), (true, true));
        let both = format!("metrics-server: {{}}, {custom}");
        assert_eq!(adapter(&both), (true, false));
        let off = "metrics-server: {enabled: false}, prometheus-adapter: {}";
        assert_eq!(adapter(off), (true, true));
    }

    #[test]
    fn platforms_that_serve_the_api_say_so() {
        let found = |platform: &str| {
            let text = format!(
                "cluster: {{platform: {platform}}}\ncomponents: {{metrics-server: {{}}}}\n"
            );
            let (file, found) = read(&text);
            (file.is_some(), found.len())
        };
        for platform in ["aks", "gke", "openshift"] {
            assert_eq!(found(platform), (false, 1), "{platform}");
        }
        for platform in ["k3s", "rke2"] {
            assert_eq!(found(platform), (true, 1), "{platform}");
        }
        assert_eq!(found("kubeadm"), (true, 0));
        let outright = "cluster: {platform: k3s}\ncomponents: {metrics-server: {enabled: true}}\n";
        assert!(read(outright).1.is_empty());
    }

    #[test]
    fn kubelets_answer_before_they_are_asked_again() {
        let timeout = |resolution: &str| {
            let input = input(&format!("{{metricResolution: {resolution}}}"));
            (input["resolution"].clone(), input["requestTimeout"].clone())
        };
        assert_eq!(timeout("1m"), (json!("1m"), Value::Null));
        assert_eq!(timeout("12s"), (json!("12s"), Value::Null));
        assert_eq!(timeout("11s"), (json!("11s"), json!("9900ms")));
        assert_eq!(timeout("10s"), (json!("10s"), json!("9000ms")));
        let (file, found) = read("components: {metrics-server: {metricResolution: 9s}}\n");
        assert!(file.is_none());
        assert_eq!(
            found,
            ["`components.metrics-server.metricResolution` is 9s, the least is 10s"]
        );
    }

    #[test]
    fn replicas_are_apart_unless_somebody_says_otherwise() {
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        let affinity = |options: &str| input(options)["pod"]["affinity"]["podAntiAffinity"].clone();
        assert!(affinity("{}")[required].is_array());
        assert!(affinity("{antiAffinity: soft}")[required].is_null());
        assert!(affinity("{antiAffinity: none}").is_null());
    }
}
