//! Alertmanager: sorts alerts, silences them, and notifies people.

use kpbuild_core::yaml;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::{self, App, Context, Identity, image};
use crate::scalar::Label;
use crate::schema::from_definition;
use crate::shape::{Common, Partial, Pods, ServiceMonitor};
use crate::stack::{Component, Mixin, RuleObject};

const VERSION: &str = "0.33.0";

/// Alertmanager, which sorts alerts and notifies people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Alertmanager {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub pods: Pods,
    /// The name of the Alertmanager object; its Service, Secret and so on are
    /// called `alertmanager-` and this name.
    pub name: Label,
    /// How many replicas form the cluster.
    #[schemars(range(min = 1, max = 100))]
    pub replicas: u32,
    /// Alertmanager's own configuration: receivers, routes, inhibitions.
    pub config: Option<Config>,
    /// How Prometheus scrapes Alertmanager.
    pub service_monitor: ServiceMonitor,
    /// Anything else of the Alertmanager object's `spec`: maps are merged into
    /// the rendered ones, lists replace them, `null` removes a field.
    pub spec: Partial<Spec>,
}

from_definition! {
    /// The `spec` of an Alertmanager object.
    Spec = "alertmanagers/spec";
}

/// Alertmanager's own configuration file, as a map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Config(pub serde_json::Map<String, Value>);

impl Default for Alertmanager {
    fn default() -> Self {
        Self {
            common: Common::default(),
            pods: Pods::default(),
            name: Label::literal("main"),
            replicas: 3,
            config: None,
            service_monitor: ServiceMonitor::default(),
            spec: Partial::default(),
        }
    }
}

/// The input of `templates/components/alertmanager`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    #[serde(flatten)]
    identity: Identity,
    /// The name of the Alertmanager object.
    name: &'a str,
    /// The name of everything that belongs to it.
    full_name: String,
    version: &'a str,
    image: String,
    replicas: u32,
    resources: Value,
    pod: Value,
    /// The text of alertmanager.yaml.
    config: String,
    service_monitor: &'a Value,
    spec: &'a Value,
}

pub(crate) fn resolve(context: &Context<'_>) -> Component {
    let options = &context.file.components.alertmanager;
    let version = context::version(&options.pods, VERSION);
    let identity = context.identity(
        &options.common,
        App {
            name: "alertmanager",
            component: "alert-router",
            instance: Some(options.name.as_str()),
            version: Some(version),
        },
    );
    let full_name = context.alertmanager_full_name();
    let mixin = Mixin {
        name: "alertmanager",
        config: json!({
            "alertmanagerName": full_name,
            "namespace": context.namespace(),
            "runbookURLPattern": context.runbook_pattern("alertmanager"),
        }),
        rules: Some(RuleObject::of(
            context,
            format!("{full_name}-rules"),
            &identity.metadata,
        )),
    };
    let config = options
        .config
        .as_ref()
        .map_or_else(default_config, |config| json!(config));
    let input = Input {
        identity,
        name: options.name.as_str(),
        full_name,
        version,
        image: image(
            context,
            &options.pods,
            "quay.io/prometheus/alertmanager",
            &format!("v{version}"),
        ),
        replicas: options.replicas,
        resources: context::resources(
            &options.pods.resources,
            &json!({"requests": {"cpu": "4m", "memory": "100Mi"}, "limits": {"cpu": "100m", "memory": "100Mi"}}),
        ),
        pod: context::pod(
            &options.pods,
            json!({
                "nodeSelector": {"kubernetes.io/os": "linux"},
                "securityContext": {"fsGroup": 2000, "runAsNonRoot": true, "runAsUser": 1000},
            }),
        ),
        config: yaml::document(&config),
        service_monitor: &options.service_monitor.spec.0.0,
        spec: &options.spec.0.0,
    };
    Component {
        name: "alertmanager",
        input: json!(input),
        mixins: vec![mixin],
        span: None,
    }
}

/// Routes by severity, with a receiver for each that the user only has to fill:
/// nothing is sent anywhere until one names a way.
fn default_config() -> Value {
    let inhibit = |source: &str, target: &str, equal: &[&str]| json!({"source_matchers": [source], "target_matchers": [target], "equal": equal});
    json!({
        "global": {"resolve_timeout": "5m"},
        "inhibit_rules": [
            inhibit("severity = critical", "severity =~ warning|info", &["namespace", "alertname"]),
            inhibit("severity = warning", "severity = info", &["namespace", "alertname"]),
            inhibit("alertname = InfoInhibitor", "severity = info", &["namespace"]),
        ],
        "receivers": [{"name": "Default"}, {"name": "Watchdog"}, {"name": "Critical"}, {"name": "null"}],
        "route": {
            "group_by": ["namespace"],
            "group_interval": "5m",
            "group_wait": "30s",
            "receiver": "Default",
            "repeat_interval": "12h",
            "routes": [
                {"matchers": ["alertname = Watchdog"], "receiver": "Watchdog"},
                {"matchers": ["alertname = InfoInhibitor"], "receiver": "null"},
                {"matchers": ["severity = critical"], "receiver": "Critical"},
            ],
        },
    })
}
