//! Prometheus as an agent: it scrapes and sends what it measures elsewhere, and
//! keeps nothing that could be asked.
//!
//! What needs a Prometheus that answers is left out as a whole: rules,
//! Alertmanager, Grafana, prometheus-adapter. Whoever asks for it nevertheless
//! is told so.

use kpbuild_core::node::NodeKind;
use kpbuild_core::{Diagnostic, Node};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::components::Components;
use crate::conflicts::{CONFLICT, conflict};
use crate::parse::StackFile;
use crate::schema::from_definition;
use crate::shape::Partial;

/// Prometheus as an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Agent {
    /// Whether Prometheus is an agent.
    pub enabled: bool,
    /// Anything else of the PrometheusAgent object's `spec`: maps are merged
    /// into the rendered ones, lists replace them, `null` removes a field.
    pub spec: Partial<Spec>,
}

from_definition! {
    /// The `spec` of a PrometheusAgent object.
    Spec = "prometheusagents/spec";
}

impl Default for Agent {
    fn default() -> Self {
        Self {
            enabled: true,
            spec: Partial::default(),
        }
    }
}

/// The components that ask Prometheus, or are told by it.
const ASKING: [(&str, &str); 3] = [
    ("alertmanager", "an agent evaluates no alerts to send there"),
    (
        "grafana",
        "an agent answers no queries: install Grafana where the data is",
    ),
    (
        "prometheus-adapter",
        "an agent answers no queries; `metrics-server: {}` serves `kubectl top` without Prometheus",
    ),
];

/// What is about a Prometheus with data of its own.
const NEEDS_DATA: [(&str, &str); 8] = [
    ("alerting", "an agent evaluates no alerts"),
    ("evaluationInterval", "an agent evaluates no rules"),
    ("remoteRead", "an agent answers no queries"),
    ("retention", "an agent keeps only what it has not sent yet"),
    (
        "retentionSize",
        "an agent keeps only what it has not sent yet",
    ),
    ("ruleSelector", "an agent evaluates no rules"),
    (
        "spec",
        "it is about a Prometheus object, and this is a PrometheusAgent: use `agent.spec`",
    ),
    (
        "thanos",
        "an agent has no blocks to upload: Thanos receives what `remoteWrite` sends",
    ),
];

/// The agent, if the stack file wants one.
pub(crate) fn wanted(components: &Components) -> Option<&Agent> {
    let prometheus = &components.prometheus;
    let agent = prometheus.agent.as_ref();
    agent.filter(|agent| agent.enabled && prometheus.common.enabled)
}

/// What lies below the user's words about components in a stack with an agent:
/// those that would have nothing to ask are off unless they are named.
pub(crate) fn defaults(given: &Value) -> Value {
    let components = &given["components"];
    let prometheus = &components["prometheus"];
    let agent = &prometheus["agent"];
    if !agent.is_object() || agent["enabled"] == false || prometheus["enabled"] == false {
        return json!({});
    }
    let unnamed = ASKING
        .iter()
        .filter(|(name, _)| components.get(name).is_none());
    let off: Map<String, Value> = unnamed
        .map(|(name, _)| ((*name).to_owned(), json!({"enabled": false})))
        .collect();
    json!({"components": off})
}

/// What an agent cannot do, and the user asks for.
pub(crate) fn check(file: &StackFile) -> Vec<Diagnostic> {
    if wanted(&file.shape.components).is_none() {
        return Vec::new();
    }
    let mut found: Vec<Diagnostic> = without_destination(file).into_iter().collect();
    found.extend(needing_data(file));
    found.extend(asking(file));
    found.extend(of_rules(file));
    found.extend(shown(file));
    found
}

const PLACE: [&str; 3] = ["components", "prometheus", "agent"];

/// An agent that sends nowhere measures for nobody.
fn without_destination(file: &StackFile) -> Option<Diagnostic> {
    let prometheus = &file.shape.components.prometheus;
    let by_option = prometheus.remote_write.as_ref().map(|write| &write.0);
    let in_spec = prometheus.agent.as_ref()?.spec.0.0.get("remoteWrite");
    let is_there = |write: &Value| write.as_array().is_some_and(|all| !all.is_empty());
    // A list in `spec` replaces the other one.
    if in_spec.or(by_option).is_some_and(is_there) {
        return None;
    }
    let message = "an agent without `remoteWrite` sends what it measures nowhere";
    let span = file
        .tree
        .at(["components", "prometheus", "remoteWrite"])
        .map(|node| node.span)
        .or_else(|| file.span(&PLACE));
    Some(
        Diagnostic::error(CONFLICT, message)
            .at_some(span, "")
            .note("it keeps nothing that could be asked")
            .help("say where the data goes: `remoteWrite: [{url: https://...}]`"),
    )
}

/// Fields about data that an agent does not have.
fn needing_data(file: &StackFile) -> Vec<Diagnostic> {
    let prometheus = file.tree.at(["components", "prometheus"]);
    let thanos = file.shape.components.prometheus.thanos.as_ref();
    let says = |field: &str| match field {
        // `{}` asks for the sidecar.
        "thanos" => thanos.is_some_and(|thanos| thanos.enabled),
        _ => prometheus
            .and_then(|prometheus| prometheus.get(field))
            .is_some_and(|node| !is_empty(node)),
    };
    let wanted = NEEDS_DATA.iter().filter(|(field, _)| says(field));
    wanted
        .map(|(field, reason)| {
            conflict(file, &["components", "prometheus", field], &PLACE).help(*reason)
        })
        .collect()
}

/// Components that would have nothing to ask.
fn asking(file: &StackFile) -> Vec<Diagnostic> {
    let components = &file.shape.components;
    let is_on = |name: &str| match name {
        "alertmanager" => components.alertmanager.common.enabled,
        "grafana" => components.grafana.common.enabled,
        _ => components.prometheus_adapter.common.enabled,
    };
    let wanted = ASKING.iter().filter(|(name, _)| is_on(name));
    wanted
        .map(|(name, reason)| {
            conflict(file, &["components", name], &PLACE)
                .note(*reason)
                .help(format!(
                    "remove it, or set `{name}: {{enabled: false}}` if a base has it"
                ))
        })
        .collect()
}

/// Rules are evaluated where the data is.
fn of_rules(file: &StackFile) -> Vec<Diagnostic> {
    let rules = file.tree.get("rules").map(|rules| &rules.kind);
    let entries = match rules {
        Some(NodeKind::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    let fields = entries
        .iter()
        .filter(|entry| !is_empty(&entry.value))
        .map(|entry| vec!["rules", entry.key.as_str()]);
    let mixins = file.tree.get("mixins").filter(|mixins| !is_empty(mixins));
    let mixins = mixins.map(|_| vec!["mixins"]);
    fields
        .chain(mixins)
        .map(|place| {
            conflict(file, &place, &PLACE)
                .help("an agent evaluates no rules: keep them where the data is sent to")
        })
        .collect()
}

/// Pages and dashboards of what an agent's stack does not have.
fn shown(file: &StackFile) -> Vec<Diagnostic> {
    let places: [&[&str]; 3] = [
        &["dashboards"],
        &["expose", "alertmanager"],
        &["expose", "grafana"],
    ];
    let is_said = |place: &&&[&str]| {
        let node = file.tree.at(place.iter().copied());
        node.is_some_and(|node| !is_empty(node))
    };
    let said = places.iter().filter(is_said);
    said.map(|place| {
        conflict(file, place, &PLACE).help(
            "an agent answers no queries: show dashboards and alerts where the data is sent to",
        )
    })
    .collect()
}

/// Whether a value says nothing: a base's list is taken back by an empty one.
fn is_empty(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Null => true,
        NodeKind::Map(entries) => entries.is_empty(),
        NodeKind::List(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use kpbuild_core::{Diagnostics, SourceMap};

    /// The messages about a stack with this Prometheus.
    fn messages(prometheus: &str) -> Vec<String> {
        let text =
            format!("kind: Stack\nname: test\ncomponents: {{prometheus: {{{prometheus}}}}}\n");
        let mut sources = SourceMap::default();
        let file = sources.add("stack.yaml", text);
        let mut diagnostics = Diagnostics::default();
        let _ = crate::parse(&sources, file, &mut diagnostics);
        let found = diagnostics.sorted();
        found.iter().map(|one| one.message.clone()).collect()
    }

    #[test]
    fn an_agent_needs_somebody_to_send_to() {
        const NOWHERE: &str = "an agent without `remoteWrite` sends what it measures nowhere";
        let write = "remoteWrite: [{url: 'http://a'}]";
        assert_eq!(messages("agent: {}"), [NOWHERE]);
        assert!(messages(&format!("agent: {{}}, {write}")).is_empty());
        assert!(messages(&format!("agent: {{spec: {{{write}}}}}")).is_empty());
        let replaced = format!("agent: {{spec: {{remoteWrite: []}}}}, {write}");
        assert_eq!(messages(&replaced), [NOWHERE]);
    }

    #[test]
    fn what_is_off_or_says_nothing_stands_beside_an_agent() {
        let agent = "agent: {}, remoteWrite: [{url: 'http://a'}]";
        for beside in ["thanos: {enabled: false}", "spec: {}", "remoteRead: []"] {
            let found = messages(&format!("{agent}, {beside}"));
            assert!(found.is_empty(), "{beside}: {found:?}");
        }
        assert!(messages("agent: {enabled: false}, retention: 1d").is_empty());
        assert!(messages("enabled: false, agent: {}").is_empty());
        assert_eq!(messages(&format!("{agent}, thanos: {{}}")).len(), 1);
    }
}
