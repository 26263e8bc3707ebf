//! Prometheus: scrapes targets, evaluates rules, answers questions.
//!
//! The rules about the stack as a whole (`kube-prometheus`) come with it: they
//! are about whatever it scrapes.

mod thanos;

use std::collections::BTreeMap;

use kpbuild_core::yaml;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{etcd, windows};
use crate::context::{self, App, Context, Identity, Metadata, image};
use crate::scalar::{ByteSize, Duration, Label, Url};
use crate::schema::from_definition;
use crate::shape::{Common, LogLevel, Partial, Pods, ServiceMonitor, Storage};
use crate::stack::{Component, Mixin, RuleObject};

pub use thanos::{ObjectStorage, Thanos};

const VERSION: &str = "3.12.0";

/// How often Prometheus scrapes itself.
const INTERVAL: &str = "30s";

/// Prometheus, which scrapes targets and evaluates rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Prometheus {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub pods: Pods,
    /// The name of the Prometheus object; its Service, roles and so on are
    /// called `prometheus-` and this name.
    pub name: Label,
    /// How many replicas scrape the same targets. One that is to survive a
    /// node's drain needs a second.
    #[schemars(range(min = 0, max = 100))]
    pub replicas: u32,
    /// How long data is kept, such as `30d`; 24 hours if nothing is said here
    /// or in `retentionSize`.
    pub retention: Option<Duration>,
    /// How much data each replica keeps, such as `90GB`: the oldest goes first.
    /// Leave a tenth of the volume for what Prometheus writes beside it.
    pub retention_size: Option<ByteSize>,
    /// The volume of each replica; without it data is lost with the pod.
    pub storage: Option<Storage>,
    /// The address under which people reach Prometheus, such as
    /// `https://prometheus.example.com`; alerts link to it.
    pub external_url: Option<Url>,
    /// Labels that everything gets that leaves this Prometheus: alerts, remote
    /// writes, federation. A label `cluster` tells clusters apart.
    pub external_labels: ExternalLabels,
    /// What Prometheus writes to its log: `info` by default.
    pub log_level: Option<LogLevel>,
    /// How often targets are scraped whose monitor does not say it; `30s` by default.
    pub scrape_interval: Option<Duration>,
    /// How often rules are evaluated whose group does not say it; `30s` by default.
    pub evaluation_interval: Option<Duration>,
    /// The namespaces whose targets Prometheus may discover, beside its own.
    pub namespaces: Vec<Label>,
    /// How Prometheus scrapes itself.
    pub service_monitor: ServiceMonitor,
    /// The Thanos sidecar, with its alerts, when it is named here: `{}` is enough.
    pub thanos: Option<Thanos>,
    /// Anything else of the Prometheus object's `spec`: maps are merged into
    /// the rendered ones, lists replace them, `null` removes a field.
    pub spec: Partial<Spec>,
}

from_definition! {
    /// The `spec` of a Prometheus object.
    Spec = "prometheuses/spec";
}

/// Labels by Prometheus' rules, which are narrower than those of Kubernetes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExternalLabels(pub BTreeMap<String, String>);

impl JsonSchema for ExternalLabels {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ExternalLabels".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": {
                "format": "prometheus-label",
                "pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$",
            },
            "additionalProperties": {"type": "string"},
        })
    }
}

impl Default for Prometheus {
    fn default() -> Self {
        Self {
            common: Common::default(),
            pods: Pods::default(),
            name: Label::literal("k8s"),
            replicas: 2,
            retention: None,
            retention_size: None,
            storage: None,
            external_url: None,
            external_labels: ExternalLabels::default(),
            log_level: None,
            scrape_interval: None,
            evaluation_interval: None,
            namespaces: vec![Label::literal("default"), Label::literal("kube-system")],
            service_monitor: ServiceMonitor::default(),
            thanos: None,
            spec: Partial::default(),
        }
    }
}

/// The input of `templates/components/prometheus`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    #[serde(flatten)]
    identity: Identity,
    /// The name of the Prometheus object.
    name: &'a str,
    /// The name of everything that belongs to it.
    full_name: String,
    version: &'a str,
    image: String,
    replicas: u32,
    /// Whether drains of nodes must leave a replica.
    pod_disruption_budget: bool,
    resources: Value,
    pod: Value,
    /// Fields of the object's `spec` that are as the user says, or missing.
    settings: Settings<'a>,
    external_labels: &'a ExternalLabels,
    storage: Option<&'a Storage>,
    /// The namespaces whose targets it may discover, its own among them.
    namespaces: Vec<&'a str>,
    /// The Service that alerts are sent to; none without Alertmanager.
    alertmanager: Option<String>,
    interval: &'a str,
    service_monitor: &'a Value,
    /// Secrets that are mounted because other components need them.
    secrets: Vec<&'a str>,
    /// Jobs that no monitor can spell.
    additional_scrape_configs: Option<ScrapeConfigs>,
    thanos: Option<thanos::Input<'a>>,
    spec: Value,
}

/// A Secret with scrape jobs in Prometheus' own format.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ScrapeConfigs {
    metadata: Metadata,
    secret: String,
    key: &'static str,
    /// The text of the jobs.
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    retention: Option<&'a Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_size: Option<&'a ByteSize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_url: Option<&'a Url>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_level: Option<LogLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scrape_interval: Option<&'a Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation_interval: Option<&'a Duration>,
}

impl<'a> Settings<'a> {
    fn of(options: &'a Prometheus) -> Self {
        Self {
            retention: options.retention.as_ref(),
            retention_size: options.retention_size.as_ref(),
            external_url: options.external_url.as_ref(),
            log_level: options.log_level,
            scrape_interval: options.scrape_interval.as_ref(),
            evaluation_interval: options.evaluation_interval.as_ref(),
        }
    }
}

pub(crate) fn resolve(context: &Context<'_>) -> Component {
    let options = &context.file.components.prometheus;
    let version = context::version(&options.pods, VERSION);
    let identity = context.identity(
        &options.common,
        App {
            name: "prometheus",
            component: "prometheus",
            instance: Some(options.name.as_str()),
            version: Some(version),
        },
    );
    let full_name = context.prometheus_full_name();
    let sidecar = thanos::wanted(context);
    let mut mixins = vec![own_rules(context, &identity), stack_rules(context)];
    mixins.extend(sidecar.map(|_| thanos::mixin(context, &identity)));
    let mut namespaces: Vec<&str> = options.namespaces.iter().map(Label::as_str).collect();
    namespaces.push(context.namespace());
    namespaces.sort_unstable();
    namespaces.dedup();
    let alertmanager = context.file.components.alertmanager.common.enabled;
    let secrets: Vec<&str> = etcd::client_secret(context).into_iter().collect();
    let input = Input {
        thanos: sidecar.map(|options| thanos::input(context, options, &identity)),
        identity,
        name: options.name.as_str(),
        full_name,
        version,
        image: image(
            context,
            &options.pods,
            "quay.io/prometheus/prometheus",
            &format!("v{version}"),
        ),
        replicas: options.replicas,
        // A budget for a single replica would block every drain.
        pod_disruption_budget: options.replicas > 1,
        resources: context::resources(
            &options.pods.resources,
            &json!({"requests": {"memory": "400Mi"}}),
        ),
        pod: context::operator_pod(
            &options.pods,
            "prometheus",
            json!({
                "nodeSelector": {"kubernetes.io/os": "linux"},
                "securityContext": {"fsGroup": 2000, "runAsNonRoot": true, "runAsUser": 1000},
            }),
        ),
        settings: Settings::of(options),
        external_labels: &options.external_labels,
        storage: options.storage.as_ref(),
        namespaces,
        alertmanager: alertmanager.then(|| context.alertmanager_full_name()),
        interval: options.service_monitor.interval(INTERVAL),
        service_monitor: &options.service_monitor.spec.0.0,
        additional_scrape_configs: scrape_configs(context),
        spec: spec(options, &secrets),
        secrets,
    };
    Component {
        name: "prometheus",
        input: json!(input),
        mixins,
        span: None,
    }
}

/// What the user adds to the object. A list replaces the rendered one, but the
/// Secrets that other components need stay mounted.
fn spec(options: &Prometheus, secrets: &[&str]) -> Value {
    let mut spec = options.spec.0.0.clone();
    if let Some(Value::Array(own)) = spec.get_mut("secrets") {
        for name in secrets {
            if !own.contains(&json!(name)) {
                own.push(json!(name));
            }
        }
    }
    spec
}

fn scrape_configs(context: &Context<'_>) -> Option<ScrapeConfigs> {
    let jobs = windows::scrape_jobs(context);
    let common = &context.file.components.prometheus.common;
    (!jobs.is_empty()).then(|| ScrapeConfigs {
        // It is found by its name: only the user's own labels are on it.
        metadata: Metadata {
            namespace: Some(context.namespace().to_owned()),
            labels: common.labels.0.clone(),
            annotations: common.annotations.0.clone(),
        },
        secret: format!("{}-additional-scrape-config", context.prometheus_full_name()),
        key: "prometheus-additional.yaml",
        text: yaml::document(&json!(jobs)),
    })
}

/// The rules and dashboards about Prometheus itself.
fn own_rules(context: &Context<'_>, identity: &Identity) -> Mixin {
    let full_name = context.prometheus_full_name();
    Mixin {
        name: "prometheus",
        config: json!({
            "prometheusJob": full_name,
            "namespace": context.namespace(),
            "runbookURLPattern": context.runbook_pattern("prometheus"),
        }),
        rules: Some(RuleObject::of(
            context,
            format!("{full_name}-prometheus-rules"),
            &identity.metadata,
        )),
    }
}

/// The rules about all targets together, whose objects are nobody's but the stack's.
fn stack_rules(context: &Context<'_>) -> Mixin {
    let identity = context.identity(
        &context.file.components.prometheus.common,
        App {
            name: "kube-prometheus",
            component: "exporter",
            instance: None,
            version: None,
        },
    );
    Mixin {
        name: "kube-prometheus",
        config: json!({"runbookURLPattern": context.runbook_pattern("general")}),
        rules: Some(RuleObject::of(
            context,
            "kube-prometheus-rules",
            &identity.metadata,
        )),
    }
}
