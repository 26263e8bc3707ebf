//! Windows nodes: how Prometheus scrapes windows-exporter on them, and the
//! recording rules behind the Windows dashboards.
//!
//! There are two ways, which may be used together: hosts on which
//! windows-exporter runs as a service are static targets; nodes of the cluster
//! get it as a DaemonSet of host-process containers. The dashboards themselves
//! are part of every stack (see [`super::kubernetes`]).

use kpbuild_core::yaml;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kubernetes::{self, PodMonitor};
use crate::context::{self, App, Context, Identity, image};
use crate::scalar::{Duration, HostPort};
use crate::shape::{Common, LogLevel, Pods};
use crate::stack::{Component, Mixin};

/// The name of the exporter, of its objects and of both jobs.
const NAME: &str = "windows-exporter";
const VERSION: &str = "0.31.3";

/// How often Prometheus scrapes the DaemonSet.
const INTERVAL: &str = "30s";

/// What rules and dashboards are made of.
const COLLECTORS: [&str; 7] = [
    "container",
    "cpu",
    "logical_disk",
    "memory",
    "net",
    "os",
    "system",
];

/// Windows nodes. They are scraped, with recording rules for their dashboards,
/// when the stack file names them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Windows {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    /// Hosts on which windows-exporter runs as a service of Windows.
    pub hosts: Hosts,
    /// windows-exporter as a DaemonSet on the cluster's Windows nodes, when it
    /// is named here: `{}` is enough.
    pub host_process: Option<HostProcess>,
}

/// Hosts on which windows-exporter runs as a service of Windows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
#[schemars(rename = "WindowsHosts")]
pub struct Hosts {
    /// Address and port of windows-exporter on each host, such as
    /// `10.180.160.68:9182`.
    pub targets: Vec<HostPort>,
    /// How often the hosts are scraped, such as `30s`; by default as often as
    /// Prometheus scrapes what says nothing (`scrapeInterval`).
    pub interval: Option<Duration>,
}

/// windows-exporter as a DaemonSet. Its containers are processes of the node
/// itself (host-process containers): Windows has no other way to see a node
/// from a pod.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
#[schemars(rename = "WindowsHostProcess")]
pub struct HostProcess {
    /// Whether the DaemonSet is installed.
    pub enabled: bool,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub pods: Pods,
    /// The port of each node on which windows-exporter answers. The pods open
    /// it in the node's firewall.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// What is measured, by the names of windows-exporter's collectors; replaces
    /// the default. The rules and dashboards need `container`, `cpu`,
    /// `logical_disk`, `memory`, `net`, `os` and `system`.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub collectors: Vec<String>,
    /// What windows-exporter writes to its log: `info` by default.
    pub log_level: Option<LogLevel>,
    /// Further arguments of windows-exporter, such as
    /// `--collector.service.include=kubelet`.
    pub extra_args: Vec<String>,
    /// How Prometheus scrapes windows-exporter.
    pub pod_monitor: PodMonitor,
}

impl Default for HostProcess {
    fn default() -> Self {
        Self {
            enabled: true,
            pods: Pods::default(),
            port: 9182,
            collectors: COLLECTORS.map(str::to_owned).to_vec(),
            log_level: None,
            extra_args: Vec::new(),
            pod_monitor: PodMonitor::default(),
        }
    }
}

/// The input of `templates/components/windows`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    #[serde(flatten)]
    identity: Identity,
    host_process: Option<DaemonSet<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DaemonSet<'a> {
    name: &'static str,
    image: String,
    port: u16,
    /// The text of config.yml.
    config: String,
    extra_args: Vec<String>,
    resources: Value,
    security_context: Value,
    pod: Value,
    interval: &'a str,
    pod_monitor: &'a Value,
}

/// What the stack file says about Windows, if it wants it.
pub(crate) fn wanted<'a>(context: &Context<'a>) -> Option<&'a Windows> {
    let windows = context.file.components.windows.as_ref();
    windows.filter(|windows| windows.common.enabled)
}

/// The jobs by which Prometheus scrapes hosts: static targets have no monitor.
pub(crate) fn scrape_jobs(context: &Context<'_>) -> Vec<Value> {
    let hosts = wanted(context).map(|windows| &windows.hosts);
    hosts
        .filter(|hosts| !hosts.targets.is_empty())
        .map(job)
        .into_iter()
        .collect()
}

fn job(hosts: &Hosts) -> Value {
    let mut job = json!({
        "job_name": NAME,
        "static_configs": [{"targets": hosts.targets}],
        // A host that discovery knows by a name is called so; one that is known
        // by its address only keeps that as its instance.
        "relabel_configs": [{
            "action": "replace",
            "source_labels": ["__meta_kubernetes_endpoint_address_target_name"],
            "regex": "(.*)",
            "replacement": "$1",
            "target_label": "instance",
        }],
    });
    if let Some(interval) = &hosts.interval {
        job["scrape_interval"] = json!(interval);
    }
    job
}

pub(crate) fn resolve(context: &Context<'_>, options: &Windows) -> Component {
    let daemon_set = daemon_set(options);
    let version = daemon_set.map(|exporter| context::version(&exporter.pods, VERSION));
    let app = App {
        name: NAME,
        component: "exporter",
        instance: None,
        version,
    };
    let input = Input {
        identity: context.identity(&options.common, app),
        host_process: daemon_set.map(|exporter| daemon_set_input(context, exporter)),
    };
    Component {
        name: "windows",
        input: json!(input),
        mixins: vec![mixin(context, options)],
        span: None,
    }
}

fn daemon_set(options: &Windows) -> Option<&HostProcess> {
    options
        .host_process
        .as_ref()
        .filter(|exporter| exporter.enabled)
}

fn daemon_set_input<'a>(context: &Context<'_>, options: &'a HostProcess) -> DaemonSet<'a> {
    let version = context::version(&options.pods, VERSION);
    DaemonSet {
        name: NAME,
        image: image(
            context,
            &options.pods,
            "ghcr.io/prometheus-community/windows-exporter",
            version,
        ),
        port: options.port,
        config: yaml::document(&json!({
            "collectors": {"enabled": options.collectors.join(",")},
            "web": {"listen-address": format!(":{}", options.port)},
        })),
        extra_args: super::arguments(options.log_level, &options.extra_args),
        resources: context::resources(
            context,
            &options.pods.resources,
            &json!({"requests": {"cpu": "300m", "memory": "200Mi"}, "limits": {"memory": "200Mi"}}),
        ),
        security_context: context::security_context(&options.pods, json!({})),
        pod: context::pod(context, &options.pods, default_pod()),
        interval: options
            .pod_monitor
            .interval
            .as_ref()
            .map_or(INTERVAL, Duration::as_str),
        pod_monitor: &options.pod_monitor.spec.0.0,
    }
}

/// On every Windows node, whatever its taints, as a process that may read the
/// counters of all others.
fn default_pod() -> Value {
    json!({
        "nodeSelector": {"kubernetes.io/os": "windows"},
        "securityContext": {
            "windowsOptions": {"hostProcess": true, "runAsUserName": "NT AUTHORITY\\system"},
        },
        "tolerations": [{"operator": "Exists"}],
    })
}

/// The rules join those about Kubernetes, whose dashboards they serve.
fn mixin(context: &Context<'_>, options: &Windows) -> Mixin {
    let only_daemon_set = daemon_set(options).is_some() && options.hosts.targets.is_empty();
    Mixin {
        name: "windows",
        config: json!({"hostProcess": only_daemon_set}),
        rules: Some(kubernetes::rule_object(context)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(value: Value) -> Hosts {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn hosts_are_one_job_of_static_targets() {
        let plain = job(&hosts(json!({"targets": ["10.0.0.1:9182", "[::1]:9182"]})));
        assert_eq!(
            plain["static_configs"],
            json!([{"targets": ["10.0.0.1:9182", "[::1]:9182"]}])
        );
        assert!(plain.get("scrape_interval").is_none());
        let timed = job(&hosts(json!({"targets": ["a:1"], "interval": "1m"})));
        assert_eq!(timed["scrape_interval"], "1m");
    }

    #[test]
    fn the_daemon_set_is_on_when_it_is_named_and_not_turned_off() {
        let windows = |value: Value| serde_json::from_value::<Windows>(value).unwrap();
        assert!(daemon_set(&windows(json!({}))).is_none());
        assert!(daemon_set(&windows(json!({"hostProcess": {}}))).is_some());
        assert!(daemon_set(&windows(json!({"hostProcess": {"enabled": false}}))).is_none());
    }
}
