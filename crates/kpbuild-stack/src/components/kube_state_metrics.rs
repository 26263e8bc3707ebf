//! kube-state-metrics: the state of Kubernetes' own objects as metrics.

use std::collections::BTreeMap;

use kpbuild_core::Diagnostic;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::conflicts::conflict;
use crate::context::{self, App, Context, Identity, image};
use crate::kube_rbac_proxy::{self, KubeRbacProxy, Place};
use crate::parse::StackFile;
use crate::scalar::Duration;
use crate::shape::{Common, Pods, ServiceMonitor};
use crate::stack::{Component, Mixin, RuleObject};

mod autoscaler;

pub use autoscaler::Autoscale;

const NAME: &str = "kube-state-metrics";
const VERSION: &str = "2.19.0";

/// How often Prometheus scrapes kube-state-metrics.
const INTERVAL: &str = "30s";

/// How long a scrape may take: large clusters have many objects.
const TIMEOUT: &str = "30s";

/// Metrics that are numerous and of which little is made: `lite` drops them.
const LITE: [&str; 11] = [
    "^kube_.+_created$",
    "^kube_.+_metadata_resource_version$",
    "^kube_replicaset_metadata_generation$",
    "^kube_replicaset_status_observed_generation$",
    "^kube_pod_restart_policy$",
    "^kube_pod_init_container_status_terminated$",
    "^kube_pod_init_container_status_running$",
    "^kube_pod_container_status_terminated$",
    "^kube_pod_container_status_running$",
    "^kube_pod_completion_time$",
    "^kube_pod_status_scheduled$",
];

/// kube-state-metrics, which shows the state of Kubernetes' own objects.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct KubeStateMetrics {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub pods: Pods,
    /// Whether metrics are left out that are many and seldom used, such as the
    /// creation time of every object; for clusters with very many pods.
    pub lite: bool,
    /// Regular expressions on further metrics to leave out, such as
    /// `^kube_secret_.+$`. No rule or dashboard can use them then.
    pub metric_denylist: Vec<String>,
    /// Labels of Kubernetes objects that become labels of the `..._labels`
    /// metrics, by resource in the plural: `pods: [app.kubernetes.io/name]`;
    /// `[*]` is all of them, which may be many.
    pub metric_labels_allowlist: BTreeMap<String, Vec<String>>,
    /// Annotations of Kubernetes objects that become labels of the
    /// `..._annotations` metrics, written like `metricLabelsAllowlist`.
    pub metric_annotations_allowlist: BTreeMap<String, Vec<String>>,
    /// Lets the resources of kube-state-metrics grow with the cluster: `{}` is
    /// enough. What `resources` says is for an empty cluster then.
    pub autoscale: Option<Autoscale>,
    /// Further arguments of kube-state-metrics, such as `--use-apiserver-cache`.
    pub extra_args: Vec<String>,
    /// How long Prometheus waits for the metrics: 30 seconds, or the scrape
    /// interval if that is shorter. Prometheus refuses a time that is longer
    /// than the interval.
    pub scrape_timeout: Option<Duration>,
    /// The container that lets Prometheus in to the metrics about Kubernetes' objects.
    pub kube_rbac_proxy_main: KubeRbacProxy,
    /// The container that lets Prometheus in to kube-state-metrics' metrics about itself.
    pub kube_rbac_proxy_self: KubeRbacProxy,
    /// How Prometheus scrapes kube-state-metrics.
    pub service_monitor: ServiceMonitor,
}

/// The input of `templates/components/kube-state-metrics`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    #[serde(flatten)]
    identity: Identity,
    image: String,
    extra_args: Vec<String>,
    /// None where the autoscaler says them.
    resources: Option<Value>,
    autoscaler: Option<autoscaler::Input>,
    security_context: Value,
    pod: Value,
    kube_rbac_proxies: [kube_rbac_proxy::Container; 2],
    interval: &'a str,
    timeout: &'a str,
    service_monitor: &'a Value,
}

pub(crate) fn resolve(context: &Context<'_>) -> Component {
    let options = &context.file.components.kube_state_metrics;
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
        name: "kube-state-metrics",
        config: json!({
            "kubeStateMetricsSelector": format!("job=\"{NAME}\""),
            "runbookURLPattern": context.runbook_pattern("kube-state-metrics"),
        }),
        rules: Some(RuleObject::of(
            context,
            "kube-state-metrics-rules",
            &identity.metadata,
        )),
    };
    let resources = resources(context, options);
    let autoscaler = autoscaler::wanted(options)
        .map(|autoscale| autoscaler::resolve(context, options, autoscale, &resources));
    let input = Input {
        identity,
        image: image(
            context,
            &options.pods,
            "registry.k8s.io/kube-state-metrics/kube-state-metrics",
            &format!("v{version}"),
        ),
        extra_args: extra_args(options),
        resources: autoscaler.is_none().then_some(resources),
        autoscaler,
        security_context: security_context(options),
        pod: pod(context, options),
        kube_rbac_proxies: proxies(context, options),
        interval: options.service_monitor.interval(INTERVAL),
        timeout: timeout(options),
        service_monitor: &options.service_monitor.spec.0.0,
    };
    Component {
        name: "kube-state-metrics",
        input: json!(input),
        mixins: vec![mixin],
        span: None,
    }
}

/// Where its pods run, and those of its autoscaler.
fn pod(context: &Context<'_>, options: &KubeStateMetrics) -> Value {
    let default = json!({"nodeSelector": {"kubernetes.io/os": "linux"}});
    context::pod(context, &options.pods, default)
}

/// What its container may do, and that of its autoscaler.
fn security_context(options: &KubeStateMetrics) -> Value {
    let default = json!({
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": true,
        "runAsGroup": 65534,
        "runAsNonRoot": true,
        "runAsUser": 65534,
        "seccompProfile": {"type": "RuntimeDefault"},
    });
    context::security_context(&options.pods, default)
}

/// What an autoscaler starts from, or all there is.
fn resources(context: &Context<'_>, options: &KubeStateMetrics) -> Value {
    let default = json!({
        "requests": {"cpu": "10m", "memory": "190Mi"},
        "limits": {"cpu": "100m", "memory": "250Mi"},
    });
    context::resources(context, &options.pods.resources, &default)
}

/// An autoscaler without anything to start from.
pub(crate) fn check(file: &StackFile) -> Option<Diagnostic> {
    let options = &file.shape.components.kube_state_metrics;
    let context = Context { file: &file.shape };
    let nothing =
        autoscaler::wanted(options).is_some() && resources(&context, options) == json!({});
    nothing.then(|| {
        let place = ["components", NAME, "autoscale"];
        let other = ["components", NAME, "resources"];
        conflict(file, &place, &other)
            .note("what has neither a request nor a limit does not grow")
            .help("leave a request in `resources`: the autoscaler adds to it for each step")
    })
}

fn proxies(context: &Context<'_>, options: &KubeStateMetrics) -> [kube_rbac_proxy::Container; 2] {
    let main = Place {
        name: "kube-rbac-proxy-main",
        host: "",
        port: 8443,
        port_name: "https-main",
        upstream: "127.0.0.1:8081".to_owned(),
        // It encrypts the metrics of every object of the cluster.
        resources: json!({
            "requests": {"cpu": "20m", "memory": "20Mi"},
            "limits": {"cpu": "40m", "memory": "40Mi"},
        }),
    };
    let own = Place {
        name: "kube-rbac-proxy-self",
        host: "",
        port: 9443,
        port_name: "https-self",
        upstream: "127.0.0.1:8082".to_owned(),
        resources: kube_rbac_proxy::default_resources(),
    };
    [
        kube_rbac_proxy::container(context, &options.kube_rbac_proxy_main, main),
        kube_rbac_proxy::container(context, &options.kube_rbac_proxy_self, own),
    ]
}

/// The user's timeout, or the default where the interval has room for it.
fn timeout(options: &KubeStateMetrics) -> &str {
    if let Some(chosen) = &options.scrape_timeout {
        return chosen.as_str();
    }
    let interval = options.service_monitor.interval.as_ref();
    match interval.filter(|interval| interval.milliseconds() < 30_000) {
        Some(shorter) => shorter.as_str(),
        None => TIMEOUT,
    }
}

fn extra_args(options: &KubeStateMetrics) -> Vec<String> {
    let lite = options.lite.then_some(LITE).into_iter().flatten();
    let denied: Vec<&str> = lite
        .chain(options.metric_denylist.iter().map(String::as_str))
        .collect();
    let mut args = Vec::new();
    if !denied.is_empty() {
        // One a line, which kube-state-metrics trims and people can read.
        args.push(format!("--metric-denylist=\n{}\n", denied.join(",\n")));
    }
    let lists = [
        (
            "--metric-labels-allowlist",
            &options.metric_labels_allowlist,
        ),
        (
            "--metric-annotations-allowlist",
            &options.metric_annotations_allowlist,
        ),
    ];
    for (name, list) in lists {
        if !list.is_empty() {
            args.push(format!("{name}={}", allowlist(list)));
        }
    }
    args.extend(options.extra_args.iter().cloned());
    args
}

/// As kube-state-metrics reads it: `namespaces=[*],pods=[app,team]`.
fn allowlist(list: &BTreeMap<String, Vec<String>>) -> String {
    let one =
        |(resource, keys): (&String, &Vec<String>)| format!("{resource}=[{}]", keys.join(","));
    list.iter().map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(value: Value) -> KubeStateMetrics {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn nothing_chosen_adds_no_argument() {
        assert!(extra_args(&options(json!({}))).is_empty());
    }

    #[test]
    fn arguments_are_written_as_kube_state_metrics_reads_them() {
        let args = extra_args(&options(json!({
            "metricDenylist": ["^kube_secret_.+$", "^kube_lease_.+$"],
            "metricLabelsAllowlist": {"pods": ["app", "team"], "namespaces": ["*"]},
            "extraArgs": ["--use-apiserver-cache"],
        })));
        assert_eq!(
            args,
            [
                "--metric-denylist=\n^kube_secret_.+$,\n^kube_lease_.+$\n",
                "--metric-labels-allowlist=namespaces=[*],pods=[app,team]",
                "--use-apiserver-cache",
            ]
        );
    }

    #[test]
    fn lite_comes_before_what_the_user_leaves_out() {
        let args = extra_args(&options(json!({"lite": true, "metricDenylist": ["^x$"]})));
        assert!(args[0].starts_with("--metric-denylist=\n^kube_.+_created$,\n"));
        assert!(args[0].ends_with(",\n^kube_pod_status_scheduled$,\n^x$\n"));
    }

    #[test]
    fn a_scrape_never_takes_longer_than_its_interval() {
        let with = |value| timeout(&options(value)).to_owned();
        assert_eq!(with(json!({})), "30s");
        assert_eq!(with(json!({"serviceMonitor": {"interval": "1m"}})), "30s");
        assert_eq!(with(json!({"serviceMonitor": {"interval": "15s"}})), "15s");
        assert_eq!(with(json!({"scrapeTimeout": "10s"})), "10s");
    }
}
