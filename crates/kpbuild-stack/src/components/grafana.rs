//! Grafana: shows dashboards of what Prometheus knows.
//!
//! Which dashboards there are is known only when the mixins are evaluated: they
//! join the template's input there.

use std::collections::BTreeMap;

use kpbuild_core::yaml;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::anti_affinity::{AntiAffinity, Strictness};
use crate::context::{self, App, Context, Identity, image};
use crate::dashboards::dashboard_providers;
use crate::exposure;
use crate::scalar::Name;
use crate::schema::from_definition;
use crate::shape::{Common, Pods, ServiceMonitor, Storage};
use crate::stack::{Component, Mixin, RuleObject};

const NAME: &str = "grafana";
const VERSION: &str = "13.0.2";

/// How often Prometheus scrapes Grafana.
const INTERVAL: &str = "15s";

/// Grafana, which shows dashboards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Grafana {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub pods: Pods,
    /// How many replicas there are. More than one needs a database that they
    /// share (`config: {database: ...}`): by default each has its own, which
    /// is lost with the pod.
    #[schemars(range(min = 0, max = 100))]
    pub replicas: u32,
    /// Whether replicas keep away from each other: `soft` prefers different
    /// nodes, `hard` demands them; `{strictness: soft, topologyKey: ...}` is
    /// about what another label of nodes tells apart. By default as
    /// `pods.antiAffinity` says, if there are several. It joins what `affinity`
    /// says.
    pub anti_affinity: Option<AntiAffinity>,
    /// A volume for Grafana's database: users, preferences, and dashboards that
    /// people save. Without it they are lost with the pod. The pod is stopped
    /// before another one starts, and there can be one replica only.
    pub storage: Option<Storage>,
    /// Plugins that Grafana installs before it starts, such as
    /// `grafana-clock-panel` or `grafana-clock-panel@2.1.9`.
    #[schemars(inner(length(min = 1)))]
    pub plugins: Vec<String>,
    /// Lets people in by LDAP, with the settings in a Secret of yours.
    pub ldap: Option<Ldap>,
    /// Grafana's own configuration, by section and key, such as
    /// `server: {root_url: "https://grafana.example.com"}`. Merged into the
    /// default, which sets `date_formats: {default_timezone: UTC}`. What Grafana
    /// expects before the first section is in the section `DEFAULT`.
    pub config: Config,
    /// The user and password of the administrator, from a Secret: one of yours,
    /// or one that `kpbuild apply` makes (`{secret: grafana-admin, generate: true}`).
    /// Without it Grafana starts with the user `admin`, password `admin`, and
    /// asks for another one at the first login.
    pub admin: Option<Admin>,
    /// Environment variables of Grafana, as in any container. `config` can use
    /// them: `$__env{NAME}`.
    pub env: EnvVars,
    /// Further data sources, as in Grafana's provisioning files. That of this
    /// stack's Prometheus, called `prometheus`, is there already; one of the
    /// same name replaces it.
    pub data_sources: Vec<DataSource>,
    /// The folder in which Grafana shows the dashboards that are not given
    /// another one (`dashboards.files`).
    pub dashboard_folder: String,
    /// Whether Grafana restarts when a dashboard changes. Without it Grafana
    /// notices by itself, a minute or two after the change.
    pub dashboards_checksum: bool,
    /// How Prometheus scrapes Grafana.
    pub service_monitor: ServiceMonitor,
}

impl Default for Grafana {
    fn default() -> Self {
        Self {
            common: Common::default(),
            pods: Pods::default(),
            replicas: 1,
            anti_affinity: None,
            storage: None,
            plugins: Vec::new(),
            ldap: None,
            config: Config::default(),
            admin: None,
            env: EnvVars(json!([])),
            data_sources: Vec::new(),
            dashboard_folder: "Default".to_owned(),
            dashboards_checksum: false,
            service_monitor: ServiceMonitor::default(),
        }
    }
}

from_definition! {
    /// Environment variables, as in any container.
    EnvVars = "prometheuses/spec/containers/[]/env";
}

/// Grafana's configuration: values by section and key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Config(pub BTreeMap<String, BTreeMap<String, Value>>);

impl JsonSchema for Config {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "GrafanaConfig".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let name = json!({"format": "setting-name", "pattern": "^[A-Za-z0-9_.-]+$"});
        json_schema!({
            "type": "object",
            "propertyNames": name,
            "additionalProperties": {
                "type": "object",
                "propertyNames": name,
                "additionalProperties": {
                    "type": ["string", "number", "boolean"],
                    "format": "setting-value",
                },
            },
        })
    }
}

/// Where the administrator's name and password are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Admin {
    /// The name of the Secret, in the namespace of the stack.
    pub secret: Name,
    /// Whether `kpbuild apply` makes the Secret with a strong password of its
    /// own when there is none. `kpbuild grafana-password` shows it.
    #[serde(default)]
    pub generate: bool,
    /// The key of the Secret that holds the user's name.
    #[serde(default = "user_key")]
    #[schemars(length(min = 1))]
    pub user_key: String,
    /// The key of the Secret that holds the password.
    #[serde(default = "password_key")]
    #[schemars(length(min = 1))]
    pub password_key: String,
}

/// Where the settings of LDAP are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ldap {
    /// The name of the Secret, in the namespace of the stack.
    pub secret: Name,
    /// The key of the Secret with the settings, in Grafana's own format.
    #[serde(default = "ldap_key")]
    #[schemars(length(min = 1))]
    pub key: String,
}

fn ldap_key() -> String {
    "ldap.toml".to_owned()
}

/// Where the Secret of LDAP is mounted.
const LDAP_FOLDER: &str = "/etc/grafana-ldap";

fn user_key() -> String {
    "admin-user".to_owned()
}

fn password_key() -> String {
    "admin-password".to_owned()
}

/// A data source, as in Grafana's provisioning files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DataSource {
    /// The name under which Grafana shows it.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Its type, such as `loki` or `tempo`.
    #[serde(rename = "type")]
    #[schemars(length(min = 1))]
    pub kind: String,
    #[serde(flatten)]
    #[expect(
        missing_docs,
        reason = "flattened: everything else, such as `url`, `uid`, `jsonData`"
    )]
    pub settings: Map<String, Value>,
}

/// The input of `templates/components/grafana`, without the dashboards.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    #[serde(flatten)]
    identity: Identity,
    image: String,
    replicas: u32,
    /// The text of grafana.ini.
    config: String,
    /// The text of datasources.yaml.
    data_sources: String,
    /// The text of dashboards.yaml, which says where dashboards are found.
    dashboard_providers: String,
    /// Whether the pods carry a checksum over all dashboards; the checksum
    /// takes its place when they are known.
    dashboards_checksum: bool,
    env: Vec<Value>,
    storage: Option<&'a Storage>,
    /// The Secret of LDAP and where it is mounted.
    ldap: Option<Value>,
    exposure: exposure::Input<'a>,
    resources: Value,
    security_context: Value,
    pod: Value,
    interval: &'a str,
    service_monitor: &'a Value,
}

pub(crate) fn resolve(context: &Context<'_>) -> Component {
    let options = &context.file.components.grafana;
    let version = context::version(&options.pods, VERSION);
    let identity = context.identity(
        &options.common,
        App {
            name: NAME,
            component: "grafana",
            instance: None,
            version: Some(version),
        },
    );
    let mixin = Mixin {
        name: "grafana",
        config: json!({"runbookURLPattern": context.runbook_pattern("grafana")}),
        rules: Some(RuleObject::of(context, "grafana-rules", &identity.metadata)),
    };
    let pod = context::pod(
        context,
        &options.pods,
        json!({
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "securityContext": {
                "fsGroup": 65534,
                "runAsGroup": 65534,
                "runAsNonRoot": true,
                "runAsUser": 65534,
            },
        }),
    );
    let exposure = &context.file.expose.grafana;
    let input = Input {
        pod: context::spread(context, anti_affinity(options), &identity, pod),
        identity,
        image: image(context, &options.pods, "grafana/grafana", version),
        replicas: options.replicas,
        config: ini(&config(options, exposure::url(None, exposure))),
        data_sources: yaml::document(&data_sources(context, options)),
        dashboard_providers: dashboard_providers(&context.dashboard_folders()),
        dashboards_checksum: options.dashboards_checksum,
        env: env(options),
        storage: options.storage.as_ref(),
        ldap: options
            .ldap
            .as_ref()
            .map(|ldap| json!({"secret": ldap.secret, "folder": LDAP_FOLDER})),
        exposure: exposure::input(exposure),
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
                "seccompProfile": {"type": "RuntimeDefault"},
            }),
        ),
        interval: options.service_monitor.interval(INTERVAL),
        service_monitor: &options.service_monitor.spec.0.0,
    };
    Component {
        name: "grafana",
        input: json!(input),
        mixins: vec![mixin, windows_dashboards()],
        span: None,
    }
}

/// What the stack says about replicas is about several of them.
fn anti_affinity(options: &Grafana) -> Option<&AntiAffinity> {
    const ALONE: AntiAffinity = AntiAffinity::Nodes(Strictness::None);
    let alone = (options.replicas < 2).then_some(&ALONE);
    options.anti_affinity.as_ref().or(alone)
}

/// The user's configuration over the default, and over what follows from other
/// options.
fn config(options: &Grafana, url: Option<String>) -> Config {
    let mut config = Config::default();
    let mut set = |section: &str, key: &str, value: Value| {
        let section = config.0.entry(section.to_owned()).or_default();
        section.insert(key.to_owned(), value);
    };
    set("date_formats", "default_timezone", json!("UTC"));
    if let Some(url) = url {
        set("server", "root_url", json!(url));
    }
    if !options.plugins.is_empty() {
        set(
            "plugins",
            "preinstall_sync",
            json!(options.plugins.join(",")),
        );
    }
    if let Some(ldap) = &options.ldap {
        set("auth.ldap", "enabled", json!(true));
        set(
            "auth.ldap",
            "config_file",
            json!(format!("{LDAP_FOLDER}/{}", ldap.key)),
        );
    }
    for (section, values) in &options.config.0 {
        let merged = config.0.entry(section.clone()).or_default();
        merged.extend(values.clone());
    }
    config
}

/// The section whose values stand before the first heading.
const TOP: &str = "DEFAULT";

/// As Grafana's reader (gopkg.in/ini.v1) reads it back.
fn ini(config: &Config) -> String {
    let lines = |values: &BTreeMap<String, Value>| -> String {
        let line = |(key, value): (&String, &Value)| format!("{key} = {}\n", ini_value(value));
        values.iter().map(line).collect()
    };
    let top = config.0.get(TOP).map(&lines);
    let sections = config.0.iter().filter(|(name, _)| *name != TOP);
    top.into_iter()
        .chain(sections.map(|(name, values)| format!("[{name}]\n{}", lines(values))))
        .collect()
}

/// A value, quoted where the reader would take a part of it for a comment, for
/// quotes, or for the start of another line.
fn ini_value(value: &Value) -> String {
    let Value::String(text) = value else {
        return value.to_string();
    };
    let plain = text.trim() == text
        && !text.contains(['#', ';', '\n', '\r'])
        && !text.starts_with(['`', '"', '\''])
        && !text.ends_with('\\');
    if plain {
        text.clone()
    } else if text.contains('`') {
        format!(r#""""{text}""""#)
    } else {
        format!("`{text}`")
    }
}

/// That of this stack's Prometheus, and the user's.
fn data_sources(context: &Context<'_>, options: &Grafana) -> Value {
    let own = json!({
        "access": "proxy",
        "editable": false,
        "name": "prometheus",
        "orgId": 1,
        "type": "prometheus",
        "url": context.prometheus_url(),
        "version": 1,
    });
    let replaced = || {
        options
            .data_sources
            .iter()
            .any(|source| source.name == "prometheus")
    };
    let installed = context.file.components.prometheus.common.enabled;
    let all: Vec<Value> = (installed && !replaced())
        .then_some(own)
        .into_iter()
        .chain(options.data_sources.iter().map(|source| json!(source)))
        .collect();
    json!({"apiVersion": 1, "datasources": all})
}

/// The dashboards of Windows nodes, as kube-prometheus has them: also where
/// nothing measures such nodes, and then without the rules that they read.
fn windows_dashboards() -> Mixin {
    Mixin {
        name: "windows",
        config: json!({}),
        rules: None,
    }
}

/// The administrator's variables, and the user's.
fn env(options: &Grafana) -> Vec<Value> {
    let from = |name: &str, admin: &Admin, key: &str| {
        let reference = json!({"name": admin.secret, "key": key});
        json!({"name": name, "valueFrom": {"secretKeyRef": reference}})
    };
    let admin = options.admin.iter().flat_map(|admin| {
        [
            from("GF_SECURITY_ADMIN_USER", admin, &admin.user_key),
            from("GF_SECURITY_ADMIN_PASSWORD", admin, &admin.password_key),
        ]
    });
    let further = options.env.0.as_array().into_iter().flatten().cloned();
    admin.chain(further).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(value: Value) -> Grafana {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn configuration_is_merged_by_key_and_written_by_section() {
        let own = json!({"config": {
            "server": {"root_url": "https://g.example.com", "enable_gzip": true, "http_port": 3000},
            "date_formats": {"full_date": "YYYY"},
            "DEFAULT": {"instance_name": "prod"},
        }});
        let written = ini(&config(&options(own), Some("http://ingress".to_owned())));
        insta::assert_snapshot!(written, @r"
        instance_name = prod
        [date_formats]
        default_timezone = UTC
        full_date = YYYY
        [server]
        enable_gzip = true
        http_port = 3000
        root_url = https://g.example.com
        ");
    }

    #[test]
    fn values_that_the_reader_would_change_are_quoted() {
        let written = |text: &str| ini_value(&json!(text));
        assert_eq!(written("a = b \"c\" $__env{D}"), "a = b \"c\" $__env{D}");
        assert_eq!(written("pass#word"), "`pass#word`");
        assert_eq!(written("a;b`c"), "\"\"\"a;b`c\"\"\"");
        assert_eq!(written(" padded "), "` padded `");
        assert_eq!(written("\"quoted\""), "`\"quoted\"`");
        assert_eq!(written("C:\\"), "`C:\\`");
        assert_eq!(written("two\nlines"), "`two\nlines`");
    }

    #[test]
    fn the_administrator_comes_from_a_secret() {
        let env = env(&options(json!({
            "admin": {"secret": "grafana-admin", "passwordKey": "pw"},
            "env": [{"name": "A", "value": "b"}],
        })));
        let names: Vec<_> = env.iter().map(|variable| &variable["name"]).collect();
        assert_eq!(
            names,
            ["GF_SECURITY_ADMIN_USER", "GF_SECURITY_ADMIN_PASSWORD", "A"]
        );
        assert_eq!(
            env[1]["valueFrom"]["secretKeyRef"],
            json!({"name": "grafana-admin", "key": "pw"})
        );
    }
}
