//! Evaluates mixins: rules and dashboards with the stack's parameters.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use kpbuild_stack::Mixin;
use kpbuild_stack::parameters::decided_by;
use serde_json::{Map, Value};

use crate::MixinRules;
use crate::jsonnet::{Garbage, Jsonnet, JsonnetError};

/// What a mixin gives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evaluated {
    /// Groups of alerts, then groups of recording rules.
    pub(crate) groups: Vec<Value>,
    /// Dashboards by file name.
    pub(crate) dashboards: BTreeMap<String, Value>,
}

/// Evaluates mixins, as many at a time as there are processors; the results come
/// in the order of the mixins.
pub(crate) fn evaluate_all<'a>(
    mixins: impl Iterator<Item = &'a Mixin>,
    garbage: Garbage,
) -> Vec<Result<Evaluated, JsonnetError>> {
    let mixins: Vec<&Mixin> = mixins.collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let jsonnet = Jsonnet::new(garbage);
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            match mixins.get(index) {
                Some(mixin) => done.push((index, evaluate(&jsonnet, mixin))),
                None => return done,
            }
        }
    };
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(mixins.len());
    let mut evaluated = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let results = workers
            .into_iter()
            .map(|worker| worker.join().expect("an evaluation does not panic"));
        results.flatten().collect::<Vec<_>>()
    });
    evaluated.sort_by_key(|(index, _)| *index);
    evaluated.into_iter().map(|(_, result)| result).collect()
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

/// The rules of a mixin, as the stack wants them and as its tests expect them.
pub(crate) fn rules(jsonnet: &Jsonnet, mixin: &Mixin) -> Result<MixinRules, JsonnetError> {
    let tested = Mixin {
        config: tested_parameters(mixin),
        ..mixin.clone()
    };
    Ok(MixinRules {
        mixin: mixin.name,
        groups: evaluate(jsonnet, mixin)?.groups,
        defaults: evaluate(jsonnet, &tested)?.groups,
    })
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
        Value::Object(map) => map.into_iter().collect(),
        _ => Map::new().into_iter().collect(),
    };
    Evaluated { groups, dashboards }
}
