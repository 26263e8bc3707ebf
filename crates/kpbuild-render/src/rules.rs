//! PrometheusRule objects, from the groups that mixins give.

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_core::{Object, Origin, Span};
use kpbuild_stack::{Mixin, RuleObject};
use serde_json::{Value, json};

/// Collects the groups of several mixins by the object that they go into.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    objects: BTreeMap<String, Rule>,
}

#[derive(Debug)]
struct Rule {
    object: RuleObject,
    component: &'static str,
    span: Option<Span>,
    groups: Vec<Value>,
}

impl Rules {
    /// Adds a mixin's groups to the object that it names; the first to name an
    /// object gives it its labels.
    pub(crate) fn add(
        &mut self,
        component: &'static str,
        span: Option<Span>,
        mixin: &Mixin,
        groups: Vec<Value>,
    ) {
        let Some(object) = &mixin.rules else { return };
        if groups.is_empty() {
            return;
        }
        self.objects
            .entry(object.name.clone())
            .or_insert_with(|| Rule {
                object: object.clone(),
                component,
                span,
                groups: Vec::new(),
            })
            .groups
            .extend(groups);
    }

    /// The names of all records.
    pub(crate) fn records(&self) -> BTreeSet<String> {
        let groups = self.objects.values().flat_map(|rule| &rule.groups);
        groups
            .flat_map(|group| group["rules"].as_array().into_iter().flatten())
            .filter_map(|rule| rule["record"].as_str().map(str::to_owned))
            .collect()
    }

    /// The objects, in the order of their names.
    pub(crate) fn into_objects(self) -> impl Iterator<Item = Object> {
        self.objects.into_values().map(|rule| {
            let mut metadata = json!(rule.object.metadata);
            metadata["name"] = json!(rule.object.name);
            let origin = Origin {
                component: rule.component.to_owned(),
                span: rule.span,
            };
            let value = json!({
                "apiVersion": "monitoring.coreos.com/v1",
                "kind": "PrometheusRule",
                "metadata": metadata,
                "spec": {"groups": rule.groups},
            });
            Object::new(value, origin).expect("a rule object has a kind and a name")
        })
    }
}
