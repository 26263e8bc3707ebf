//! Prometheus: scrapes targets, evaluates rules, answers questions.
//!
//! The rules about the stack as a whole (`kube-prometheus`) come with it: they
//! are about whatever it scrapes.

pub(crate) mod agent;
mod thanos;

use std::collections::BTreeMap;

use kpbuild_core::yaml;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{etcd, pyrra, windows};
use crate::anti_affinity::AntiAffinity;
use crate::context::{self, App, Context, Identity, Metadata, image};
use crate::exposure;
use crate::scalar::{ByteSize, Duration, Label, Name, Url};
use crate::schema::from_definition;
use crate::shape::{Common, LogLevel, Partial, Pods, ServiceMonitor, Storage};
use crate::stack::{Component, Mixin, RuleObject};

pub use agent::Agent;
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
    /// Whether replicas keep away from each other: `soft` prefers different
    /// nodes, `hard` demands them; `{strictness: soft, topologyKey: ...}` is
    /// about what another label of nodes tells apart. By default as
    /// `pods.antiAffinity` says. It joins what `affinity` says.
    pub anti_affinity: Option<AntiAffinity>,
    /// How replicas are spread over nodes and zones, as in any pod.
    pub topology_spread_constraints: Option<TopologySpreadConstraints>,
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
    /// The namespaces whose targets Prometheus may discover, beside its own; or
    /// `all`, by a role of the whole cluster.
    pub namespaces: Namespaces,
    /// Where Prometheus also sends what it measures, as in the Prometheus
    /// object: `[{url: ..., basicAuth: {username: {name: ..., key: ...}, ...}}]`.
    /// Credentials are keys of Secrets.
    pub remote_write: Option<RemoteWrite>,
    /// Other places whose data Prometheus answers with, as in the Prometheus
    /// object.
    pub remote_read: Option<RemoteRead>,
    /// Where alerts are sent, as in the Prometheus object; by default to the
    /// Alertmanager of this stack, if it is installed.
    pub alerting: Option<Alerting>,
    /// Scrape jobs that no monitor can spell, in Prometheus' own format: a list
    /// of them, from a Secret of yours.
    pub additional_scrape_configs: Option<ScrapeConfigsSecret>,
    /// Which rules are evaluated, by labels of PrometheusRule objects; all by
    /// default. The rules of this stack have the labels `role: alert-rules` and
    /// `prometheus` with the name of the Prometheus object.
    pub rule_selector: Option<RuleSelector>,
    /// Features of Prometheus that are off by default, such as
    /// `exemplar-storage`.
    pub enable_features: Vec<String>,
    /// How Prometheus scrapes itself.
    pub service_monitor: ServiceMonitor,
    /// The Thanos sidecar, with its alerts, when it is named here: `{}` is enough.
    pub thanos: Option<Thanos>,
    /// Prometheus as an agent, when it is named here (`{}` is enough): it only
    /// scrapes, and sends what it measures to where `remoteWrite` says. What
    /// needs its data or its answers is left out: all rules, Alertmanager,
    /// Grafana and prometheus-adapter.
    pub agent: Option<Agent>,
    /// Anything else of the Prometheus object's `spec`: maps are merged into
    /// the rendered ones, lists replace them, `null` removes a field.
    pub spec: Partial<Spec>,
}

from_definition! {
    /// The `spec` of a Prometheus object.
    Spec = "prometheuses/spec";
    /// How pods are spread over nodes and zones.
    TopologySpreadConstraints = "prometheuses/spec/topologySpreadConstraints";
    /// Where Prometheus sends what it measures.
    RemoteWrite = "prometheuses/spec/remoteWrite";
    /// Where Prometheus reads from besides its own data.
    RemoteRead = "prometheuses/spec/remoteRead";
    /// Where alerts are sent.
    Alerting = "prometheuses/spec/alerting";
    /// Labels of PrometheusRule objects.
    RuleSelector = "prometheuses/spec/ruleSelector";
}

/// The namespaces whose targets Prometheus may discover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Namespaces {
    /// These, and that of Prometheus itself.
    These(Vec<Label>),
    /// Every one.
    Every(All),
}

/// The word for every namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline, extend("type" = "string"))]
pub enum All {
    /// Every namespace, those to come among them.
    All,
}

/// A Secret with scrape jobs in Prometheus' own format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeConfigsSecret {
    /// The name of the Secret, which is there already, in the namespace of
    /// Prometheus.
    pub secret: Name,
    /// The Secret's key with the list of jobs.
    #[serde(default = "scrape_configs_key")]
    #[schemars(length(min = 1))]
    pub key: String,
}

/// The key under which scrape jobs are found.
const SCRAPE_CONFIGS_KEY: &str = "prometheus-additional.yaml";

fn scrape_configs_key() -> String {
    SCRAPE_CONFIGS_KEY.to_owned()
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
            anti_affinity: None,
            topology_spread_constraints: None,
            retention: None,
            retention_size: None,
            storage: None,
            external_url: None,
            external_labels: ExternalLabels::default(),
            log_level: None,
            scrape_interval: None,
            evaluation_interval: None,
            namespaces: Namespaces::These(vec![
                Label::literal("default"),
                Label::literal("kube-system"),
            ]),
            remote_write: None,
            remote_read: None,
            alerting: None,
            additional_scrape_configs: None,
            rule_selector: None,
            enable_features: Vec::new(),
            service_monitor: ServiceMonitor::default(),
            thanos: None,
            agent: None,
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
    /// Whether the object is a PrometheusAgent, which nobody can ask.
    agent: bool,
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
    /// Whether it may discover those of all namespaces instead.
    every_namespace: bool,
    /// Where alerts are sent; nowhere if none.
    alerting: Option<Value>,
    /// Who asks it, by `app.kubernetes.io/name` of their pods.
    askers: Vec<&'static str>,
    rule_selector: Value,
    enable_features: &'a [String],
    exposure: exposure::Input<'a>,
    interval: &'a str,
    service_monitor: &'a Value,
    /// Secrets that are mounted because other components need them.
    secrets: Vec<&'a str>,
    /// Jobs that no monitor can spell: where they are, and the Secret if it is ours.
    additional_scrape_configs: Option<Value>,
    scrape_configs_secret: Option<ScrapeConfigs>,
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
    external_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_write: Option<&'a RemoteWrite>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_read: Option<&'a RemoteRead>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topology_spread_constraints: Option<&'a TopologySpreadConstraints>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_level: Option<LogLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scrape_interval: Option<&'a Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation_interval: Option<&'a Duration>,
}

impl<'a> Settings<'a> {
    fn of(context: &Context<'_>, options: &'a Prometheus) -> Self {
        Self {
            retention: options.retention.as_ref(),
            retention_size: options.retention_size.as_ref(),
            external_url: exposure::url(
                options.external_url.as_ref(),
                &context.file.expose.prometheus,
            ),
            remote_write: options.remote_write.as_ref(),
            remote_read: options.remote_read.as_ref(),
            topology_spread_constraints: options.topology_spread_constraints.as_ref(),
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
            name: context.prometheus_app(),
            component: "prometheus",
            instance: Some(options.name.as_str()),
            version: Some(version),
        },
    );
    let full_name = context.prometheus_full_name();
    let agent = agent::wanted(&context.file.components);
    let sidecar = thanos::wanted(context);
    let mut mixins = vec![own_rules(context, &identity), stack_rules(context)];
    mixins.extend(sidecar.map(|_| thanos::mixin(context, &identity)));
    let pod = context::operator_pod(
        context,
        &options.pods,
        "prometheus",
        json!({
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "securityContext": {"fsGroup": 2000, "runAsNonRoot": true, "runAsUser": 1000},
        }),
    );
    let scrape_configs_secret = scrape_configs(context);
    let secrets: Vec<&str> = etcd::client_secret(context).into_iter().collect();
    let input = Input {
        pod: context::spread(context, options.anti_affinity.as_ref(), &identity, pod),
        thanos: sidecar.map(|options| thanos::input(context, options, &identity)),
        identity,
        agent: agent.is_some(),
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
            context,
            &options.pods.resources,
            &json!({"requests": {"memory": "400Mi"}}),
        ),
        settings: Settings::of(context, options),
        external_labels: &options.external_labels,
        storage: options.storage.as_ref(),
        namespaces: namespaces(context, &options.namespaces),
        every_namespace: matches!(options.namespaces, Namespaces::Every(_)),
        alerting: alerting(context, options),
        askers: askers(context),
        rule_selector: options
            .rule_selector
            .as_ref()
            .map_or_else(|| json!({}), |selector| json!(selector)),
        enable_features: &options.enable_features,
        exposure: exposure::input(&context.file.expose.prometheus),
        interval: options.service_monitor.interval(INTERVAL),
        service_monitor: &options.service_monitor.spec.0.0,
        additional_scrape_configs: additional_scrape_configs(
            options,
            scrape_configs_secret.as_ref(),
        ),
        scrape_configs_secret,
        spec: spec(
            agent.map_or(&options.spec.0.0, |agent| &agent.spec.0.0),
            &secrets,
        ),
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
fn spec(own: &Value, secrets: &[&str]) -> Value {
    let mut spec = own.clone();
    if let Some(Value::Array(own)) = spec.get_mut("secrets") {
        for name in secrets {
            if !own.contains(&json!(name)) {
                own.push(json!(name));
            }
        }
    }
    spec
}

/// The namespaces that get a role each, in order.
fn namespaces<'a>(context: &'a Context<'_>, chosen: &'a Namespaces) -> Vec<&'a str> {
    let Namespaces::These(chosen) = chosen else {
        return Vec::new();
    };
    let mut namespaces: Vec<&str> = chosen.iter().map(Label::as_str).collect();
    namespaces.push(context.namespace());
    namespaces.sort_unstable();
    namespaces.dedup();
    namespaces
}

/// Where alerts are sent: as the user says, or to this stack's Alertmanager.
fn alerting(context: &Context<'_>, options: &Prometheus) -> Option<Value> {
    let own = || {
        json!({"alertmanagers": [{
            "apiVersion": "v2",
            "name": context.alertmanager_full_name(),
            "namespace": context.namespace(),
            "port": "web",
        }]})
    };
    let installed = context.file.components.alertmanager.common.enabled;
    let chosen = options.alerting.as_ref().map(|alerting| json!(alerting));
    chosen.or_else(|| installed.then(own))
}

/// Who asks it from inside the cluster. An agent has no answers.
fn askers(context: &Context<'_>) -> Vec<&'static str> {
    let components = &context.file.components;
    if agent::wanted(components).is_some() {
        return Vec::new();
    }
    let pyrra = pyrra::wanted(components).map(|_| "pyrra");
    ["prometheus-adapter", "grafana"]
        .into_iter()
        .chain(pyrra)
        .collect()
}

/// The Secret of the user's, or that which other components need.
fn additional_scrape_configs(options: &Prometheus, own: Option<&ScrapeConfigs>) -> Option<Value> {
    let chosen = options.additional_scrape_configs.as_ref();
    let chosen = chosen.map(|chosen| json!({"name": chosen.secret, "key": chosen.key}));
    chosen.or_else(|| own.map(|own| json!({"name": own.secret, "key": own.key})))
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
        secret: format!(
            "{}-additional-scrape-config",
            context.prometheus_full_name()
        ),
        key: SCRAPE_CONFIGS_KEY,
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
    Mixin {
        name: "kube-prometheus",
        config: json!({"runbookURLPattern": context.runbook_pattern("general")}),
        rules: Some(rules_of_the_stack(context, "kube-prometheus-rules")),
    }
}

/// The user's own rules.
pub(crate) fn user_rules(context: &Context<'_>) -> RuleObject {
    rules_of_the_stack(context, "custom-rules")
}

/// Rules that are no component's.
fn rules_of_the_stack(context: &Context<'_>, name: &str) -> RuleObject {
    let identity = context.identity(
        &context.file.components.prometheus.common,
        App {
            name: "kube-prometheus",
            component: "exporter",
            instance: None,
            version: None,
        },
    );
    RuleObject::of(context, name, &identity.metadata)
}
