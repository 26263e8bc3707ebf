//! Alertmanager: sorts alerts, silences them, and notifies people.

mod templates;

use kpbuild_core::yaml;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::anti_affinity::AntiAffinity;
use crate::context::{self, App, Context, Identity, image};
use crate::exposure;
use crate::scalar::{Duration, Label, Name, Url};
use crate::schema::from_definition;
use crate::shape::{Common, LogLevel, Partial, Pods, ServiceMonitor, Storage};
use crate::stack::{Component, Mixin, RuleObject};

pub use templates::{FUNCTIONS, Inline, InlineTemplate, TemplateChoices, Templates};

pub(crate) use templates::resolve as resolve_templates;

const VERSION: &str = "0.33.0";

/// How often Prometheus scrapes Alertmanager.
const INTERVAL: &str = "30s";

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
    /// How many replicas form the cluster; they agree on what was notified.
    #[schemars(range(min = 1, max = 100))]
    pub replicas: u32,
    /// Whether replicas keep away from each other: `soft` prefers different
    /// nodes, `hard` demands them; `{strictness: soft, topologyKey: ...}` is
    /// about what another label of nodes tells apart. By default as
    /// `pods.antiAffinity` says. It joins what `affinity` says.
    pub anti_affinity: Option<AntiAffinity>,
    /// How long silences and the memory of notifications are kept, such as
    /// `5d`; 120 hours by default.
    pub retention: Option<Duration>,
    /// The volume of each replica; without it silences are lost when all pods
    /// go at once.
    pub storage: Option<Storage>,
    /// The address under which people reach Alertmanager, such as
    /// `https://alertmanager.example.com`; notifications link to it.
    pub external_url: Option<Url>,
    /// What Alertmanager writes to its log: `info` by default.
    pub log_level: Option<LogLevel>,
    /// Alertmanager's own configuration: receivers, routes, inhibitions.
    pub config: Option<Config>,
    /// The name of a Secret with the configuration under `alertmanager.yaml`,
    /// which is there already, instead of `config`: receivers have passwords.
    pub config_secret: Option<Name>,
    /// Templates of notifications. `config` is told where they are; the
    /// configuration in `configSecret` must name the place itself:
    /// `templates: [/etc/alertmanager/configmaps/alertmanager-main-templates/*.tmpl]`.
    pub templates: Templates,
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
            anti_affinity: None,
            retention: None,
            storage: None,
            external_url: None,
            log_level: None,
            config: None,
            config_secret: None,
            templates: Templates::default(),
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
    /// Whether drains of nodes take one replica after the other.
    pod_disruption_budget: bool,
    resources: Value,
    pod: Value,
    /// Fields of the object's `spec` that are as the user says, or missing.
    settings: Settings<'a>,
    storage: Option<&'a Storage>,
    exposure: exposure::Input<'a>,
    /// The text of alertmanager.yaml; none where somebody else's Secret has it.
    config: Option<String>,
    /// Templates of notifications, if there are any.
    templates: Option<templates::Input>,
    interval: &'a str,
    service_monitor: &'a Value,
    spec: Value,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    config_secret: Option<&'a Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_level: Option<LogLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention: Option<String>,
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
            "alertmanagerJob": full_name,
            "namespace": context.namespace(),
            "runbookURLPattern": context.runbook_pattern("alertmanager"),
        }),
        rules: Some(RuleObject::of(
            context,
            format!("{full_name}-rules"),
            &identity.metadata,
        )),
    };
    let config_map = templates::config_map(context);
    let exposure = &context.file.expose.alertmanager;
    let pod = context::operator_pod(
        context,
        &options.pods,
        "alertmanager",
        json!({
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "securityContext": {"fsGroup": 2000, "runAsNonRoot": true, "runAsUser": 1000},
        }),
    );
    let input = Input {
        pod: context::spread(context, options.anti_affinity.as_ref(), &identity, pod),
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
        pod_disruption_budget: options.replicas > 1,
        resources: context::resources(
            context,
            &options.pods.resources,
            &json!({"requests": {"cpu": "4m", "memory": "100Mi"}, "limits": {"cpu": "100m", "memory": "100Mi"}}),
        ),
        settings: Settings {
            config_secret: options.config_secret.as_ref(),
            external_url: exposure::url(options.external_url.as_ref(), exposure),
            log_level: options.log_level,
            retention: options.retention.as_ref().map(Duration::for_go),
        },
        storage: options.storage.as_ref(),
        exposure: exposure::input(exposure),
        config: options
            .config_secret
            .is_none()
            .then(|| yaml::document(&config(options, config_map.as_deref()))),
        templates: templates::input(context),
        interval: options.service_monitor.interval(INTERVAL),
        service_monitor: &options.service_monitor.spec.0.0,
        spec: spec(options, config_map.as_deref()),
    };
    Component {
        name: "alertmanager",
        input: json!(input),
        mixins: vec![mixin],
        span: None,
    }
}

/// The configuration of the user, or the default, with the place of templates.
fn config(options: &Alertmanager, config_map: Option<&str>) -> Value {
    let own = options.config.as_ref();
    let mut config = own.map_or_else(default_config, |config| json!(config));
    if let Some(config_map) = config_map {
        templates::refer(&mut config, config_map);
    }
    config
}

/// What the user adds to the object. A list replaces the rendered one, but
/// templates stay mounted.
fn spec(options: &Alertmanager, config_map: Option<&str>) -> Value {
    let mut spec = options.spec.0.0.clone();
    if let (Some(Value::Array(own)), Some(config_map)) = (spec.get_mut("configMaps"), config_map)
        && !own.contains(&json!(config_map))
    {
        own.push(json!(config_map));
    }
    spec
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
