//! Evaluates mixins: rules and dashboards with the stack's parameters.
//!
//! The two are evaluated apart: a stack without Grafana needs no dashboards, and one
//! that wants none of a mixin's rules may want its dashboards.

use std::collections::BTreeMap;
use std::sync::Arc;

use kpbuild_stack::Mixin;
use kpbuild_stack::parameters::decided_by;
use serde_json::Value;

use crate::Session;
use crate::dashboards::Shown;
use crate::jsonnet::{Jsonnet, JsonnetError};

/// Dashboards by file name, as they are shown.
pub(crate) fn shown(
    dashboards: impl IntoIterator<Item = (String, Value)>,
) -> BTreeMap<String, Arc<Shown>> {
    let shown = |(file, value)| (file, Arc::new(Shown::from(value)));
    dashboards.into_iter().map(shown).collect()
}

/// The groups of rules of one of the mixins that come with kpbuild, evaluated once
/// for each set of parameters.
pub(crate) fn groups_once(
    session: &Session,
    mixin: &Mixin,
) -> Result<Arc<Vec<Value>>, JsonnetError> {
    let evaluate = || groups(session.templates(), mixin);
    session.groups().get(key(mixin), evaluate)
}

/// The dashboards of one of the mixins that come with kpbuild, likewise.
pub(crate) fn dashboards_once(
    session: &Session,
    mixin: &Mixin,
) -> Result<Arc<BTreeMap<String, Arc<Shown>>>, JsonnetError> {
    let evaluate = || {
        let value = evaluate(session.templates(), mixin, "given.dashboards")?;
        Ok(match value {
            Value::Object(map) => shown(map),
            _ => BTreeMap::new(),
        })
    };
    session.dashboards().get(key(mixin), evaluate)
}

fn key(mixin: &Mixin) -> String {
    format!("{} {}", mixin.name, mixin.config)
}

/// The groups of rules of one of the mixins that come with kpbuild: those of alerts
/// first, then those of recording rules.
pub(crate) fn groups(jsonnet: &Jsonnet, mixin: &Mixin) -> Result<Vec<Value>, JsonnetError> {
    Ok(
        match evaluate(jsonnet, mixin, "given.alerts + given.rules")? {
            Value::Array(groups) => groups,
            _ => Vec::new(),
        },
    )
}

/// Evaluates a part of what a mixin has given, and nothing of the others.
fn evaluate(jsonnet: &Jsonnet, mixin: &Mixin, part: &str) -> Result<Value, JsonnetError> {
    let code = format!(
        "function(config) local given = (import 'lib/mixin.libsonnet')\
         (import 'mixins/{}/mixin.libsonnet', config); {part}",
        mixin.name
    );
    jsonnet.call_snippet(mixin.name, &code, &[("config", &mixin.config)])
}

/// The rules of a mixin as its tests expect them.
pub(crate) fn tested(jsonnet: &Jsonnet, mixin: &Mixin) -> Result<Vec<Value>, JsonnetError> {
    let tested = Mixin {
        config: tested_parameters(mixin),
        ..mixin.clone()
    };
    groups(jsonnet, &tested)
}

/// A mixin's tests hold for its default parameters. Switches by which the stack
/// adds or removes whole groups are kept: what is not installed needs no test,
/// and what is was tested under that switch.
fn tested_parameters(mixin: &Mixin) -> Value {
    let config = mixin.config.as_object().into_iter().flatten();
    let switches =
        config.filter(|(name, value)| value.is_boolean() && decided_by(mixin.name, name).is_some());
    switches
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
