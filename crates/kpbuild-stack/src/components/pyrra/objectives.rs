//! The objectives: those that come along, about the cluster's own parts, and
//! those of the user's. What nothing in the stack measures is not promised.

use std::collections::BTreeMap;

use kpbuild_core::Diagnostic;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::known::{KNOWN, Known};
use super::{NAME, Pyrra};
use crate::components::Components;
use crate::conflicts::CONFLICT;
use crate::context::{self, Context};
use crate::objective::{OBJECTIVE, mistakes};
use crate::parse::StackFile;
use crate::schema::{FROM_DEFINITION, PARTIAL};

/// Where the schema of an objective's `spec` is.
const SPEC: &str = "servicelevelobjectives/spec";

/// The `spec` of objectives, by their names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Objectives(pub BTreeMap<String, Value>);

impl JsonSchema for Objectives {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Objectives".into()
    }

    /// Of one that comes along, a part is enough.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let known = KNOWN.iter().map(|known| {
            let part = json!({
                "description": known.description,
                FROM_DEFINITION: SPEC,
                PARTIAL: true,
            });
            (known.name.to_owned(), part)
        });
        let known: serde_json::Map<String, Value> = known.collect();
        json_schema!({
            "type": "object",
            "propertyNames": {"format": "kubernetes-name"},
            "properties": known,
            "additionalProperties": {FROM_DEFINITION: SPEC},
        })
    }
}

/// The name of an objective that comes along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KnownName(pub String);

impl JsonSchema for KnownName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KnownName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
        json_schema!({"type": "string", "enum": names})
    }
}

/// The objectives that are installed, with their `spec`.
pub(super) fn installed(context: &Context<'_>, options: &Pyrra) -> BTreeMap<String, Value> {
    let own = &options.objectives.0;
    let left_out = |name: &str| left_out(name, options, &context.file.components).is_some();
    let wanted = |known: &&Known| {
        let is_named = own.contains_key(known.name);
        (options.default_objectives || is_named) && !left_out(known.name)
    };
    let known = KNOWN.iter().filter(wanted);
    let mut all: BTreeMap<String, Value> = known
        .map(|known| (known.name.to_owned(), known.spec(context)))
        .collect();
    for (name, own) in own.iter().filter(|(name, _)| !left_out(name)) {
        lay_over(all.entry(name.clone()).or_insert_with(|| json!({})), own);
    }
    all
}

/// Why an objective that comes along is not there, if it is not.
fn left_out(name: &str, options: &Pyrra, components: &Components) -> Option<LeftOut> {
    let known = Known::of_name(name)?;
    let mut excluded = options.exclude_objectives.iter();
    if let Some(index) = excluded.position(|excluded| excluded.0 == name) {
        return Some(LeftOut::Excluded(index));
    }
    known.of.missing(components).map(LeftOut::Unmeasured)
}

enum LeftOut {
    /// The stack file says so, in this item.
    Excluded(usize),
    /// The component that is off, or the part of it.
    Unmeasured(&'static str),
}

/// Lays what the user says over a `spec`. Another way to measure replaces the one
/// that is there: an objective has one.
fn lay_over(spec: &mut Value, own: &Value) {
    let there = spec.get_mut("indicator").and_then(Value::as_object_mut);
    if let (Some(there), Some(ways)) = (there, own["indicator"].as_object())
        && ways.values().any(|way| !way.is_null())
    {
        there.retain(|way, _| ways.contains_key(way));
    }
    context::merge(spec, own);
}

/// What is wrong with the user's objectives, and what is said in vain.
pub(super) fn check(file: &StackFile, options: &Pyrra) -> Vec<Diagnostic> {
    let context = Context { file: &file.shape };
    let installed = installed(&context, options);
    let names = options.objectives.0.keys();
    let checked = names.flat_map(|name| match installed.get(name) {
        Some(spec) => wrong(file, name, spec),
        None => in_vain(file, name, options).into_iter().collect(),
    });
    checked.collect()
}

fn wrong(file: &StackFile, name: &str, spec: &Value) -> Vec<Diagnostic> {
    let mistakes = mistakes(spec).into_iter();
    let found = mistakes.map(|mistake| {
        let of_name = ["components", NAME, "objectives", name];
        let place = [&of_name, mistake.path.as_slice()].concat();
        let node = file.tree.at(place.iter().copied());
        let span = node.map(|node| node.span).or_else(|| file.span(&place));
        let message = format!("`{}` {}", place.join("."), mistake.what);
        Diagnostic::error(OBJECTIVE, message)
            .at_some(span, "")
            .help(mistake.help)
    });
    found.collect()
}

/// Changes of an objective that is not there. A warning: several stacks may share
/// them.
fn in_vain(file: &StackFile, name: &str, options: &Pyrra) -> Option<Diagnostic> {
    let place = ["components", NAME, "objectives", name];
    let message = format!("the objective `{name}` is not installed");
    let warning = Diagnostic::warning(CONFLICT, message).at_some(file.span(&place), "");
    Some(match left_out(name, options, &file.shape.components)? {
        LeftOut::Excluded(index) => {
            let index = index.to_string();
            let excluded = ["components", NAME, "excludeObjectives", &index];
            let item = file.tree.at(excluded).map(|node| node.span);
            warning
                .at_some(item, "this leaves it out")
                .help("remove one of the two")
        }
        LeftOut::Unmeasured(field) => warning
            .note(format!(
                "nothing measures it, as `components.{field}` is off"
            ))
            .help(format!(
                "turn `components.{field}` on, or remove these fields"
            )),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective;
    use crate::shape;

    /// The objectives of a stack with these components.
    fn objectives(components: &Value) -> BTreeMap<String, Value> {
        let file = json!({"kind": "Stack", "name": "test", "components": components});
        let file: shape::StackFile = serde_json::from_value(file).expect("it is a stack");
        let options = file.components.pyrra.clone().expect("it is named");
        installed(&Context { file: &file }, &options)
    }

    fn metric(spec: &Value, of: &str) -> String {
        let selectors = objective::selectors(spec);
        let mut of = selectors.iter().filter(|(path, _)| path[2] == of);
        of.next().expect("it is there").1.to_owned()
    }

    #[test]
    fn those_that_come_along_are_right() {
        let all = objectives(&json!({"pyrra": {}}));
        assert_eq!(all.len(), KNOWN.len());
        for (name, spec) in &all {
            assert_eq!(mistakes(spec), [], "{name}");
            assert_eq!(objective::selectors(spec).len(), 2, "{name}");
        }
        let queries = &all["prometheus-query-errors"];
        assert_eq!(
            metric(queries, "errors"),
            "prometheus_http_requests_total{job=\"prometheus-k8s\",handler=~\"/api/v1/query.*\",code=~\"5..\"}"
        );
    }

    #[test]
    fn what_is_not_measured_is_not_promised() {
        let names =
            |components: &Value| -> Vec<String> { objectives(components).into_keys().collect() };
        let without = names(&json!({"pyrra": {}, "kubernetes": {"kubelet": {"enabled": false}}}));
        assert_eq!(without.len(), 12);
        assert!(!without.iter().any(|name| name.starts_with("kubelet")));
        let of_prometheus = json!({
            "pyrra": {},
            "kubernetes": {"enabled": false},
            "prometheus-operator": {"enabled": false},
        });
        assert_eq!(names(&of_prometheus).len(), 4);
        let one = json!({"pyrra": {
            "defaultObjectives": false,
            "objectives": {"kubelet-request-errors": {}},
        }});
        assert_eq!(names(&one), ["kubelet-request-errors"]);
        let excluded = json!({"pyrra": {"excludeObjectives": ["coredns-response-errors"]}});
        assert_eq!(names(&excluded).len(), 13);
    }

    #[test]
    fn another_way_to_measure_replaces_the_one_that_is_there() {
        let way = json!({"bool_gauge": {"metric": "up{job=\"kube-dns\"}"}});
        let own = json!({"coredns-response-errors": {"target": "99", "indicator": way}});
        let all = objectives(&json!({"pyrra": {"objectives": own}}));
        let spec = &all["coredns-response-errors"];
        assert_eq!(spec["indicator"], way);
        assert_eq!(spec["target"], "99");
        assert_eq!(spec["window"], "2w");
        let part = json!({"ratio": {"errors": {"metric": "a"}}});
        let own = json!({"coredns-response-errors": {"indicator": part}});
        let all = objectives(&json!({"pyrra": {"objectives": own}}));
        let spec = &all["coredns-response-errors"];
        assert_eq!(metric(spec, "errors"), "a");
        assert_eq!(
            metric(spec, "total"),
            "coredns_dns_responses_total{job=\"kube-dns\"}"
        );
    }

    #[test]
    fn buckets_are_as_prometheus_keeps_them() {
        let bucket = |version: &str| {
            let prometheus = json!({"version": version});
            let all = objectives(&json!({"pyrra": {}, "prometheus": prometheus}));
            metric(&all["apiserver-read-cluster-latency"], "success")
        };
        assert!(bucket("3.4.0").ends_with(",le=\"5.0\"}"));
        assert!(bucket("2.55.1").ends_with(",le=\"5\"}"));
    }
}
