//! The dashboards of a bundle: ConfigMaps with Grafana's JSON in them.

use std::sync::Arc;

use kpbuild_core::{Bundle, Diagnostic, Object, Severity};
use kpbuild_dashboard::is_dashboard;
use promql_parser::parser::Expr;
use serde_json::Value;

use crate::check::{Finding, label};
use crate::expressions;
use crate::facts::Facts;

/// A dashboard in a ConfigMap.
#[derive(Debug)]
pub(crate) struct Dashboard<'a> {
    pub(crate) object: &'a Object,
    /// All dashboards of the ConfigMap.
    all: Arc<Read>,
    /// Which of them it is.
    index: usize,
}

/// The dashboards of a ConfigMap, and what can be told of them without anything else.
#[derive(Debug)]
struct Read(Vec<Model>);

/// A dashboard by itself.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) value: Value,
    pub(crate) queries: Vec<PanelQuery>,
    /// The uids of the dashboards that it links to.
    pub(crate) links: Vec<String>,
    /// The data sources that it names.
    pub(crate) sources: Vec<String>,
    findings: Vec<kpbuild_dashboard::Finding>,
}

/// A query of a panel or variable that is PromQL.
#[derive(Debug)]
pub(crate) struct PanelQuery {
    /// What has it, in a sentence.
    pub(crate) words: String,
    /// Whether a variable asks.
    pub(crate) is_variable: bool,
    pub(crate) expr: Arc<Expr>,
}

impl Dashboard<'_> {
    /// It by itself.
    pub(crate) fn model(&self) -> &Model {
        &self.all.0[self.index]
    }

    /// What it is called in a sentence.
    pub(crate) fn words(&self) -> String {
        words(&self.model().value)
    }

    /// Its uid.
    pub(crate) fn uid(&self) -> Option<&str> {
        self.model().value["uid"].as_str()
    }
}

/// What a dashboard is called: by its title, or its uid where it has none.
fn words(dashboard: &Value) -> String {
    let names = dashboard["title"].as_str().or(dashboard["uid"].as_str());
    format!("the dashboard `{}`", names.unwrap_or_default())
}

/// All dashboards of a bundle. Each ConfigMap is read once, however many bundles
/// have it: this is most of the work of checking.
pub(crate) fn of(bundle: &Bundle) -> Vec<Dashboard<'_>> {
    let objects = bundle.of_kind("ConfigMap");
    objects
        .flat_map(|object| {
            let all = object.derived(Read::of);
            (0..all.0.len()).map(move |index| Dashboard {
                object,
                all: Arc::clone(&all),
                index,
            })
        })
        .collect()
}

impl Read {
    fn of(object: &Value) -> Self {
        let data = object["data"].as_object().into_iter().flatten();
        let texts = data.filter(|(name, _)| is_json(name));
        let models = texts.filter_map(|(_, text)| {
            let value: Value = serde_json::from_str(text.as_str()?).ok()?;
            is_dashboard(&value).then(|| Model::of(value))
        });
        Self(models.collect())
    }
}

impl Model {
    fn of(value: Value) -> Self {
        let links = kpbuild_dashboard::links(&value).into_iter();
        let sources = kpbuild_dashboard::sources(&value).into_iter();
        Self {
            links: links.map(|(_, uid)| uid.to_owned()).collect(),
            sources: sources.map(|(_, name, _)| name.to_owned()).collect(),
            queries: expressions::of_dashboard(&value, &words(&value)),
            findings: kpbuild_dashboard::check(&value),
            value,
        }
    }
}

fn is_json(name: &str) -> bool {
    std::path::Path::new(name)
        .extension()
        .is_some_and(|ending| ending == "json")
}

/// What is wrong with dashboards by themselves. The model of dashboards has checks
/// of its own, which users' files pass as well when they are read.
pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    for dashboard in &facts.dashboards {
        for finding in &dashboard.model().findings {
            let make = match finding.severity {
                Severity::Error => Diagnostic::error,
                Severity::Warning => Diagnostic::warning,
            };
            let key = dashboard.object.key();
            let message = format!("{} in `{key}`: {}", dashboard.words(), finding.message);
            let span = dashboard.object.origin.span;
            let mut diagnostic = make(finding.code, message)
                .at_some(span, label(dashboard.object, facts.checking.manifests));
            diagnostic.help.clone_from(&finding.help);
            all.push(Finding {
                object: Some(key.clone()),
                diagnostic,
            });
        }
    }
    all
}
