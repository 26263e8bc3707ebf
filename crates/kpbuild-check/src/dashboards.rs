//! The dashboards of a bundle: ConfigMaps with Grafana's JSON in them.

use kpbuild_core::{Bundle, Diagnostic, Object, Severity};
use kpbuild_dashboard::is_dashboard;
use serde_json::Value;

use crate::check::{Finding, label};
use crate::facts::Facts;

/// A dashboard in a ConfigMap.
#[derive(Debug)]
pub(crate) struct Dashboard<'a> {
    pub(crate) object: &'a Object,
    pub(crate) value: Value,
}

impl Dashboard<'_> {
    /// What it is called in a sentence.
    pub(crate) fn words(&self) -> String {
        format!("the dashboard `{}`", self.title())
    }

    /// Its title, or its uid where it has none.
    pub(crate) fn title(&self) -> &str {
        self.value["title"]
            .as_str()
            .or(self.value["uid"].as_str())
            .unwrap_or_default()
    }

    /// Its uid.
    pub(crate) fn uid(&self) -> Option<&str> {
        self.value["uid"].as_str()
    }
}

/// All dashboards of a bundle.
pub(crate) fn of(bundle: &Bundle) -> Vec<Dashboard<'_>> {
    let files = bundle.of_kind("ConfigMap").flat_map(|object| {
        let data = object.value()["data"].as_object().into_iter().flatten();
        data.filter(|(name, _)| is_json(name))
            .map(move |(_, text)| (object, text))
    });
    files
        .filter_map(|(object, text)| {
            let value: Value = serde_json::from_str(text.as_str()?).ok()?;
            is_dashboard(&value).then_some(Dashboard { object, value })
        })
        .collect()
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
        for finding in kpbuild_dashboard::check(&dashboard.value) {
            let make = match finding.severity {
                Severity::Error => Diagnostic::error,
                Severity::Warning => Diagnostic::warning,
            };
            let key = dashboard.object.key();
            let message = format!("{} in `{key}`: {}", dashboard.words(), finding.message);
            let span = dashboard.object.origin.span;
            let mut diagnostic = make(finding.code, message)
                .at_some(span, label(dashboard.object, facts.checking.manifests));
            diagnostic.help = finding.help;
            all.push(Finding {
                object: Some(key.clone()),
                diagnostic,
            });
        }
    }
    all
}
