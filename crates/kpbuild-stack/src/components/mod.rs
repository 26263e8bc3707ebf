//! The components: for each, one file with what users can say about it and
//! what is made of that.
//!
//! A component's `resolve` gives the complete input of its template
//! (`templates/components/<name>/`): whatever is a choice is made here, the
//! template only spells objects.

pub mod alertmanager;
pub mod namespace;
pub mod prometheus;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::stack::Component;

/// What is installed, and how.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct Components {
    /// Alertmanager, which sorts alerts and notifies people.
    pub alertmanager: alertmanager::Alertmanager,
    /// Prometheus, which scrapes targets and evaluates rules.
    pub prometheus: prometheus::Prometheus,
}

/// The components that are on, with their inputs.
pub(crate) fn resolve(context: &Context<'_>) -> Vec<Component> {
    let components = &context.file.components;
    let on = |enabled: bool, component: fn(&Context<'_>) -> Component| {
        enabled.then(|| component(context))
    };
    [
        Some(namespace::resolve(context)),
        on(
            components.alertmanager.common.enabled,
            alertmanager::resolve,
        ),
        on(components.prometheus.common.enabled, prometheus::resolve),
    ]
    .into_iter()
    .flatten()
    .collect()
}
