//! The rules of a bundle's PrometheusRule objects, each parsed once.

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
    pub(crate) expr: Result<Expr, String>,
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
    let objects = bundle.of_kind("PrometheusRule");
    let groups = objects.flat_map(|object| {
        let groups = items(&object.value()["spec"]["groups"]).enumerate();
        groups.map(move |(index, group)| (object, format!("/spec/groups/{index}"), group))
    });
    groups
        .flat_map(|(object, pointer, group)| {
            let rules = items(&group["rules"]).enumerate();
            rules
                .map(move |(index, rule)| (object, format!("{pointer}/rules/{index}"), group, rule))
        })
        .filter_map(|(object, pointer, group, value)| {
            let group = group["name"].as_str().unwrap_or_default();
            rule(object, pointer, group, value)
        })
        .collect()
}

fn rule<'a>(
    object: &'a Object,
    pointer: String,
    group: &'a str,
    value: &'a Value,
) -> Option<Rule<'a>> {
    let alert = value["alert"].as_str();
    let text = match &value["expr"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(Rule {
        object,
        group,
        pointer,
        value,
        name: alert.or(value["record"].as_str())?,
        is_alert: alert.is_some(),
        expr: parse(&text),
        text,
    })
}
