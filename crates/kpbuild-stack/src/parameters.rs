//! The parameters of rules and dashboards: which there are, what users may set
//! them to, and which of them follow from the rest of the stack.
//!
//! The parameters are those of the mixins (`templates/mixins/<name>/config.libsonnet`).
//! `templates/mixins/parameters.json` repeats their names, defaults and comments
//! as data; a test of `kpbuild-render` holds the two together.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use kpbuild_core::{Diagnostics, Node};

use crate::context::merge;
use crate::schema::DECIDED_BY;
use crate::validate::validate_at;

/// Mixin, then parameter, to its type, default and description.
static TABLE: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../templates/mixins/parameters.json"))
        .expect("the table of parameters is generated as JSON")
});

/// Parameters that the stack decides: mixin (or `*` for every one), parameter,
/// and the field of the stack file that says it.
const DECIDED: &[(&str, &str, &str)] = &[
    ("*", "runbookURLPattern", "rules.runbooks"),
    ("*", "namespace", "namespace"),
    (
        "alertmanager",
        "alertmanagerJob",
        "components.alertmanager.name",
    ),
    ("prometheus", "prometheusJob", "components.prometheus.name"),
    (
        "etcd",
        "scrape_interval_seconds",
        "components.etcd.serviceMonitor.interval",
    ),
    (
        "kubernetes",
        "kubeApiserver",
        "components.kubernetes.kubeApiserver.enabled",
    ),
    (
        "kubernetes",
        "kubeControllerManager",
        "components.kubernetes.kubeControllerManager.enabled",
    ),
    (
        "kubernetes",
        "kubeProxy",
        "components.kubernetes.kubeProxy.enabled",
    ),
    (
        "kubernetes",
        "kubeScheduler",
        "components.kubernetes.kubeScheduler.enabled",
    ),
    (
        "kubernetes",
        "kubelet",
        "components.kubernetes.kubelet.enabled",
    ),
    ("windows", "hostProcess", "components.windows.hostProcess"),
];

/// The field of the stack file that says what a parameter is, if there is one:
/// such a parameter cannot be set by itself.
pub fn decided_by(mixin: &str, parameter: &str) -> Option<&'static str> {
    DECIDED
        .iter()
        .find(|(of, name, _)| *name == parameter && (*of == mixin || *of == "*"))
        .map(|(_, _, field)| *field)
}

/// Parameters of rules and dashboards, by mixin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Parameters(BTreeMap<String, Map<String, Value>>);

impl Parameters {
    /// The mixins whose parameters are set.
    pub(crate) fn mixins(&self) -> impl Iterator<Item = &str> {
        let set = self
            .0
            .iter()
            .filter(|(_, parameters)| !parameters.is_empty());
        set.map(|(mixin, _)| mixin.as_str())
    }

    /// Adds what the user set to the configuration of a mixin.
    pub(crate) fn configure(&self, mixin: &str, config: &mut Value) {
        if let Some(parameters) = self.0.get(mixin) {
            self::configure(mixin, parameters, config);
        }
    }
}

/// Adds parameters to the configuration of a mixin.
pub fn configure(mixin: &str, parameters: &Map<String, Value>, config: &mut Value) {
    for (name, value) in parameters {
        config[name] = complete(&TABLE[mixin][name], value);
    }
}

/// Reports what is wrong with parameters of a mixin.
pub fn check(mixin: &str, node: &Node, diagnostics: &mut Diagnostics) {
    let schema = mixin_schema(mixin, &TABLE[mixin]);
    validate_at(&["rules", "parameters", mixin], node, &schema, diagnostics);
}

/// A map of parameters is passed as a whole: its other fields keep their defaults.
fn complete(entry: &Value, value: &Value) -> Value {
    let mut whole = defaults(entry);
    merge(&mut whole, value);
    whole
}

fn defaults(entry: &Value) -> Value {
    match entry["fields"].as_object() {
        Some(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), defaults(field)))
            .collect(),
        None => entry["default"].clone(),
    }
}

impl JsonSchema for Parameters {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Parameters".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mixins = TABLE.as_object().expect("the table is a map of mixins");
        let properties = mixins
            .iter()
            .map(|(mixin, parameters)| (mixin.clone(), mixin_schema(mixin, parameters)));
        let mut schema = Map::new();
        schema.insert("type".into(), json!("object"));
        schema.insert("properties".into(), properties.collect());
        schema.insert("additionalProperties".into(), json!(false));
        schema.into()
    }
}

fn mixin_schema(mixin: &str, parameters: &Value) -> Value {
    let mut properties = Map::new();
    let mut decided = Map::new();
    for (name, entry) in parameters.as_object().into_iter().flatten() {
        match decided_by(mixin, name) {
            Some(field) => decided.insert(name.clone(), json!(field)),
            None => properties.insert(name.clone(), schema(name, entry)),
        };
    }
    json!({
        "type": "object",
        "description": format!("Parameters of the rules and dashboards of `{mixin}`."),
        "properties": properties,
        "additionalProperties": false,
        DECIDED_BY: decided,
    })
}

/// The schema of one parameter: of the type of its default.
fn schema(name: &str, entry: &Value) -> Value {
    let mut schema = match entry["fields"].as_object() {
        Some(fields) => map_schema(
            fields
                .iter()
                .map(|(name, field)| (name, schema(name, field))),
        ),
        None => of_default(name, &entry["default"]),
    };
    for part in ["default", "description"] {
        if let Some(value) = entry.get(part) {
            schema[part] = value.clone();
        }
    }
    schema
}

fn of_default(name: &str, default: &Value) -> Value {
    match default {
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Number(_) => json!({"type": "number", "minimum": 0}),
        Value::String(text) if is_time(name, text) => {
            json!({"type": "string", "format": "prometheus-duration"})
        }
        // Without matchers, an alert would be about the series of everybody.
        Value::String(text) if name.ends_with("elector") && !text.is_empty() => {
            json!({"type": "string", "minLength": 1})
        }
        Value::Array(items) => {
            let item = items
                .first()
                .map_or(json!({"type": "string"}), |item| of_default("", item));
            json!({"type": "array", "items": item})
        }
        Value::Object(fields) => {
            let required: Vec<&String> = fields.keys().collect();
            let mut schema = map_schema(
                fields
                    .iter()
                    .map(|(name, value)| (name, of_default(name, value))),
            );
            schema["required"] = json!(required);
            schema
        }
        _ => json!({"type": "string"}),
    }
}

fn map_schema<'a>(properties: impl Iterator<Item = (&'a String, Value)>) -> Value {
    let properties: Map<String, Value> = properties
        .map(|(name, schema)| (name.clone(), schema))
        .collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

/// Whether a parameter is a span of time. How often a dashboard reloads is not:
/// Grafana knows other words for it, and none at all.
fn is_time(name: &str, default: &str) -> bool {
    crate::scalar::milliseconds(default).is_some() && !name.to_lowercase().contains("refresh")
}

#[cfg(test)]
mod tests {
    use kpbuild_core::{Diagnostics, SourceMap};

    use super::*;

    fn parameters(value: Value) -> Parameters {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_parameter_joins_what_the_stack_decides() {
        let mut config = json!({"namespace": "monitoring"});
        parameters(
            json!({"prometheus": {"prometheusWindow": "10m"}, "grafana": {"dashboardTags": []}}),
        )
        .configure("prometheus", &mut config);
        assert_eq!(
            config,
            json!({"namespace": "monitoring", "prometheusWindow": "10m"})
        );
    }

    #[test]
    fn a_part_of_a_map_keeps_the_rest_of_its_defaults() {
        let mut config = json!({});
        parameters(json!({"kubernetes": {"SLOs": {"apiserver": {"target": 0.999}}}}))
            .configure("kubernetes", &mut config);
        let slo = &config["SLOs"]["apiserver"];
        assert_eq!((&slo["target"], &slo["days"]), (&json!(0.999), &json!(30)));
        assert_eq!(slo["latency"]["write"], 1);
        assert_eq!(slo["windows"].as_array().map(Vec::len), Some(4));
    }

    /// What is said about a stack file with these parameters: message and help.
    fn findings(parameters: &str) -> Vec<(String, String)> {
        let text = format!("kind: Stack\nname: test\nrules: {{parameters: {{{parameters}}}}}\n");
        let mut sources = SourceMap::default();
        let file = sources.add("stack.yaml", text);
        let mut diagnostics = Diagnostics::default();
        let _ = crate::parse(&sources, file, &mut diagnostics);
        let said = diagnostics.sorted().into_iter();
        said.map(|finding| {
            (
                finding.message.clone(),
                finding.help.clone().unwrap_or_default(),
            )
        })
        .collect()
    }

    #[track_caller]
    fn assert_finding(parameters: &str, message: &str, help: &str) {
        let found = findings(parameters);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0.contains(message), "{found:?}");
        assert!(found[0].1.contains(help), "{found:?}");
    }

    #[test]
    fn mistakes_are_found_where_they_are_written() {
        assert_finding(
            "nod-exporter: {}",
            "there is no mixin `nod-exporter`",
            "did you mean `node-exporter`?",
        );
        assert_finding(
            "node-exporter: {fsSpaceFillingUpWarningTreshold: 20}",
            "the mixin `node-exporter` has no parameter `fsSpaceFillingUpWarningTreshold`",
            "did you mean `fsSpaceFillingUpWarningThreshold`?",
        );
        assert_finding(
            "node-exporter: {fsSpaceFillingUpWarningThreshold: \"20\"}",
            "must be a number",
            "",
        );
        assert_finding(
            "prometheus: {prometheusWindow: 5}",
            "`rules.parameters.prometheus.prometheusWindow` must be a duration",
            "the number `5` has no unit",
        );
        assert_finding(
            "prometheus: {prometheusWindow: 5min}",
            "must be a duration",
            "`min` is no unit of time",
        );
        assert_finding("etcd: {etcd_selector: \"\"}", "is empty", "");
        assert_finding(
            "kubernetes: {SLOs: {apiserver: {days: many}}}",
            "`rules.parameters.kubernetes.SLOs.apiserver.days` must be a number",
            "",
        );
    }

    #[test]
    fn what_the_stack_decides_is_refused_with_the_field_that_says_it() {
        assert_finding(
            "alertmanager: {alertmanagerJob: a}",
            "`alertmanagerJob` in `rules.parameters.alertmanager` follows from the stack's `components.alertmanager.name`",
            "set the stack's `components.alertmanager.name` instead",
        );
        assert_finding(
            "grafana: {runbookURLPattern: a}",
            "follows from the stack's `rules.runbooks`",
            "set the stack's `rules.runbooks` instead",
        );
    }

    #[test]
    fn what_the_stack_decides_is_a_parameter() {
        for (mixin, name, _) in DECIDED {
            let mut of = TABLE.as_object().unwrap().iter();
            let known = of.any(|(known, entries)| {
                (known == mixin || *mixin == "*") && entries.get(name).is_some()
            });
            assert!(known, "{mixin} has no parameter {name}");
        }
    }

    #[test]
    fn the_type_is_that_of_the_default() {
        let of = |name: &str, default: Value| of_default(name, &default);
        assert_eq!(
            of("kubeletWindow", json!("5m"))["format"],
            "prometheus-duration"
        );
        assert_eq!(
            of("dashboardRefresh", json!("30s")),
            json!({"type": "string"})
        );
        assert_eq!(of("fsSelector", json!("fstype!=\"\""))["minLength"], 1);
        assert_eq!(
            of("podTrafficSelector", json!("")),
            json!({"type": "string"})
        );
        assert_eq!(of("percent", json!(90))["type"], "number");
        assert_eq!(of("tags", json!([]))["items"]["type"], "string");
    }
}
