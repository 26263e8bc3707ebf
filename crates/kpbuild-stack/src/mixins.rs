//! The section `mixins`: sets of rules and dashboards from elsewhere.
//!
//! Here is only what the stack file says. The files are read by the binary and
//! evaluated by `kpbuild-render`, which knows what is in them.

use kpbuild_core::{Node, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::context::{Context, Metadata};
use crate::parse::StackFile;
use crate::scalar::Label;
use crate::stack::RuleObject;

/// A mixin from elsewhere: a jsonnet file with `prometheusAlerts`,
/// `prometheusRules` and `grafanaDashboards`, or some of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UserMixin")]
pub struct MixinFile {
    /// The file, such as `vendor/loki-mixin/mixin.libsonnet`: relative to the
    /// stack file, then below `vendor/` beside it, where `kpbuild mixin add`
    /// and jsonnet-bundler put them.
    #[schemars(length(min = 1))]
    pub path: String,
    /// What the mixin is called, here and in the name of the PrometheusRule
    /// object with its rules: by default that of its file, or of its folder if
    /// the file is called `mixin`.
    pub name: Option<Label>,
    /// What is different in the mixin's `_config`: maps are merged into it,
    /// everything else replaces. What `_config` does not have is an error.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// Which of its alerts are installed.
    #[serde(default)]
    pub alerts: Filter,
    /// Which of its dashboards are installed, by file name without `.json`.
    #[serde(default)]
    pub dashboards: Filter,
    /// The folder in which Grafana shows its dashboards: by default, the
    /// mixin's own (`grafanaDashboardFolder`), or that of all others.
    #[schemars(length(min = 1))]
    pub folder: Option<String>,
}

/// A choice by names, in which `*` stands for any characters. A name that is
/// not there is an error.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Filter {
    /// Only these; all if it is left out.
    #[schemars(inner(length(min = 1)))]
    pub include: Option<Vec<String>>,
    /// Without these.
    #[schemars(inner(length(min = 1)))]
    pub exclude: Vec<String>,
}

/// A mixin from elsewhere, with all choices made.
#[derive(Debug, Clone)]
pub struct UserMixin {
    /// What it is called.
    pub name: String,
    /// What is different in its `_config`.
    pub config: Value,
    /// Which alerts are wanted.
    pub alerts: Choice,
    /// Which dashboards are wanted.
    pub dashboards: Choice,
    /// The folder of Grafana, when the stack file names one.
    pub folder: Option<String>,
    /// The object that its rules go into.
    pub rules: RuleObject,
    /// Where the stack file names its file.
    pub span: Option<Span>,
    /// Where the stack file has its configuration.
    pub config_places: Option<Node>,
}

/// A choice by patterns, with their places.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Only these, if there are any patterns.
    pub include: Option<Vec<(String, Option<Span>)>>,
    /// Not these.
    pub exclude: Vec<(String, Option<Span>)>,
}

impl MixinFile {
    /// What the mixin is called.
    pub(crate) fn name(&self) -> String {
        match &self.name {
            Some(name) => name.to_string(),
            None => named_by(&self.path),
        }
    }
}

/// File names that say nothing about what is inside.
const PLAIN: [&str; 4] = ["mixin", "main", "index", "default"];

/// The name of a file or, if that says nothing, of a folder around it, in the
/// form of a name in Kubernetes.
fn named_by(path: &str) -> String {
    let stem = |part: &str| part.split('.').next().unwrap_or_default().to_owned();
    let parts = path.split('/').rev().map(stem);
    let mut saying = parts.filter(|part| !part.is_empty() && !PLAIN.contains(&part.as_str()));
    let name = saying
        .next()
        .unwrap_or_else(|| "mixin".to_owned())
        .to_lowercase();
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(63 - "-rules".len()).collect();
    name.trim_end_matches('-').to_owned()
}

pub(crate) fn resolve(file: &StackFile, context: &Context<'_>) -> Vec<UserMixin> {
    let mixins = file.shape.mixins.iter().enumerate();
    mixins
        .map(|(index, mixin)| {
            let entry = file.tree.at(["mixins", &index.to_string()]);
            let at = |path: &[&str]| entry.and_then(|entry| entry.at(path.iter().copied()));
            let name = mixin.name();
            UserMixin {
                config: Value::Object(mixin.config.clone()),
                alerts: choice(&mixin.alerts, at(&["alerts"])),
                dashboards: choice(&mixin.dashboards, at(&["dashboards"])),
                folder: mixin.folder.clone(),
                rules: RuleObject::of(context, format!("{name}-rules"), &metadata(context, &name)),
                span: at(&["path"]).map(|node| node.span),
                config_places: at(&["config"]).cloned(),
                name,
            }
        })
        .collect()
}

fn metadata(context: &Context<'_>, name: &str) -> Metadata {
    let label = |key: &str, value: &str| (format!("app.kubernetes.io/{key}"), value.to_owned());
    Metadata {
        namespace: Some(context.namespace().to_owned()),
        labels: [label("name", name), label("part-of", "kube-prometheus")].into(),
        ..Metadata::default()
    }
}

fn choice(filter: &Filter, node: Option<&Node>) -> Choice {
    let placed = |patterns: &[String], field: &str| -> Vec<(String, Option<Span>)> {
        let place = |index: usize| {
            let node = node.and_then(|node| node.at([field, &index.to_string()]));
            node.map(|node| node.span)
        };
        let patterns = patterns.iter().enumerate();
        patterns
            .map(|(index, pattern)| (pattern.clone(), place(index)))
            .collect()
    };
    Choice {
        include: filter
            .include
            .as_ref()
            .map(|include| placed(include, "include")),
        exclude: placed(&filter.exclude, "exclude"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixin_is_called_what_its_path_says() {
        assert_eq!(named_by("vendor/loki-mixin/mixin.libsonnet"), "loki-mixin");
        assert_eq!(named_by("mixins/Shop_API.libsonnet"), "shop-api");
        assert_eq!(named_by("mixin.libsonnet"), "mixin");
        assert_eq!(named_by(&format!("{}.jsonnet", "a".repeat(99))).len(), 57);
    }
}
