//! Evaluates mixins: rules and dashboards with the stack's parameters.

use std::collections::BTreeMap;
use std::sync::Arc;

use kpbuild_stack::Mixin;
use kpbuild_stack::parameters::decided_by;
use serde_json::{Map, Value};

use crate::Session;
use crate::dashboards::Shown;
use crate::jsonnet::{Jsonnet, JsonnetError};

/// What a mixin gives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evaluated {
    /// Groups of alerts, then groups of recording rules.
    pub(crate) groups: Vec<Value>,
    /// Dashboards by file name.
    pub(crate) dashboards: BTreeMap<String, Arc<Shown>>,
}

impl Evaluated {
    pub(crate) fn new(
        groups: Vec<Value>,
        dashboards: impl IntoIterator<Item = (String, Value)>,
    ) -> Self {
        let shown = |(file, value)| (file, Arc::new(Shown::from(value)));
        Self {
            groups,
            dashboards: dashboards.into_iter().map(shown).collect(),
        }
    }
}

/// What one of the mixins that come with kpbuild gives, evaluated once for each
/// set of parameters.
pub(crate) fn evaluate_once(
    session: &Session,
    mixin: &Mixin,
) -> Result<Arc<Evaluated>, JsonnetError> {
    let key = format!("{} {}", mixin.name, mixin.config);
    let evaluate = || evaluate(session.templates(), mixin);
    session.mixins().get(key, evaluate)
}

/// Evaluates one of the mixins that come with kpbuild.
pub(crate) fn evaluate(jsonnet: &Jsonnet, mixin: &Mixin) -> Result<Evaluated, JsonnetError> {
    let code = format!(
        "function(config) (import 'lib/mixin.libsonnet')(import 'mixins/{}/mixin.libsonnet', config)",
        mixin.name
    );
    let value = jsonnet.call_snippet(mixin.name, &code, &[("config", &mixin.config)])?;
    Ok(evaluated(value))
}

/// The rules of a mixin as its tests expect them.
pub(crate) fn tested(jsonnet: &Jsonnet, mixin: &Mixin) -> Result<Vec<Value>, JsonnetError> {
    let tested = Mixin {
        config: tested_parameters(mixin),
        ..mixin.clone()
    };
    Ok(evaluate(jsonnet, &tested)?.groups)
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

fn evaluated(mut value: Value) -> Evaluated {
    let mut groups = Vec::new();
    for part in ["alerts", "rules"] {
        if let Value::Array(list) = value[part].take() {
            groups.extend(list);
        }
    }
    let dashboards = match value["dashboards"].take() {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    Evaluated::new(groups, dashboards)
}
