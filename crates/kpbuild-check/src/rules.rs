//! The rules of a bundle's PrometheusRule objects, each parsed once.

use std::sync::Arc;

use kpbuild_core::{Bundle, Object};
use promql_parser::parser::{Expr, parse};
use serde_json::Value;

use crate::facts::items;

/// A rule in its group in its object.
#[derive(Debug)]
pub(crate) struct Rule<'a> {
    pub(crate) object: &'a Object,
    /// The name of its group.
    pub(crate) group: &'a str,
    /// Where it is in the object.
    pub(crate) pointer: String,
    /// The rule as it is written.
    pub(crate) value: &'a Value,
    /// The alert's or the record's name.
    pub(crate) name: &'a str,
    pub(crate) is_alert: bool,
    /// The expression as it is written.
    pub(crate) text: String,
    /// The expression, or why it is none.
    pub(crate) expr: Result<Arc<Expr>, String>,
}

/// The expressions of an object's rules in their order, parsed once however many
/// bundles have the object.
struct Expressions(Vec<Result<Arc<Expr>, String>>);

impl Expressions {
    fn of(object: &Value) -> Self {
        let groups = items(&object["spec"]["groups"]);
        let rules = groups.flat_map(|group| items(&group["rules"]));
        let parsed = rules.map(|rule| parse(&text(rule)).map(Arc::new));
        Self(parsed.collect())
    }
}

/// An expression as it is written.
fn text(rule: &Value) -> String {
    match &rule["expr"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl<'a> Rule<'a> {
    /// The labels that it sets.
    pub(crate) fn labels(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let labels = self.value["labels"].as_object().into_iter().flatten();
        labels.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }

    /// The value of a label that it sets.
    pub(crate) fn label(&self, name: &str) -> Option<&'a str> {
        self.value["labels"][name].as_str()
    }

    /// Its texts in which templates may be: what they are called, and they.
    pub(crate) fn templates(&self) -> impl Iterator<Item = (String, &'a str)> + use<'a> {
        let value = self.value;
        ["annotations", "labels"]
            .into_iter()
            .flat_map(move |field| {
                let map = value[field].as_object().into_iter().flatten();
                map.filter_map(move |(name, text)| {
                    Some((format!("{field}.{name}"), text.as_str()?))
                })
            })
    }

    /// What it is called in a sentence.
    pub(crate) fn words(&self) -> String {
        let kind = if self.is_alert { "alert" } else { "record" };
        format!("the {kind} `{}` of group `{}`", self.name, self.group)
    }
}

/// All rules of a bundle.
pub(crate) fn of(bundle: &Bundle) -> Vec<Rule<'_>> {
    bundle
        .of_kind("PrometheusRule")
        .flat_map(of_object)
        .collect()
}

fn of_object(object: &Object) -> Vec<Rule<'_>> {
    let parsed = object.derived(Expressions::of);
    let groups = items(&object.value()["spec"]["groups"]).enumerate();
    let rules = groups.flat_map(|(index, group)| {
        let name = group["name"].as_str().unwrap_or_default();
        let rules = items(&group["rules"]).enumerate();
        rules.map(move |(rule, value)| {
            let pointer = format!("/spec/groups/{index}/rules/{rule}");
            (pointer, name, value)
        })
    });
    rules
        .zip(&parsed.0)
        .filter_map(|((pointer, group, value), expr)| {
            let alert = value["alert"].as_str();
            Some(Rule {
                object,
                group,
                pointer,
                value,
                name: alert.or(value["record"].as_str())?,
                is_alert: alert.is_some(),
                expr: expr.clone(),
                text: text(value),
            })
        })
        .collect()
}
