//! What a change means, beyond the fields that differ: one rule a file.
//!
//! An effect is a phrase for people with a kind for programs. It is derived
//! from the object before and after, both without noise and with values of
//! Secrets hidden; nothing is asked here.

mod access;
mod dashboards;
mod data;
mod readers;
mod restarts;
mod rules;

use kpbuild_core::ObjectKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::compare::FieldChange;
pub(crate) use data::what_goes_with;
pub(crate) use readers::add_readers_of_gone_records;
pub use rules::{Part, RuleChange, RuleKind, Tendency, What, rule_changes, rule_duration};

/// What a change does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// What sort of thing happens.
    pub kind: EffectKind,
    /// What happens, as a phrase.
    pub text: String,
}

/// The sorts of things that a change can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EffectKind {
    /// Data is lost.
    Data,
    /// The object is deleted and created anew.
    Replace,
    /// Pods stop or start again.
    Restart,
    /// Somebody may do or reach more or less than before.
    Access,
    /// An alert or a recording rule is another one.
    Rule,
    /// A dashboard is another one.
    Dashboard,
}

impl Effect {
    pub(crate) fn new(kind: EffectKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }
}

/// An object that is to change, or to go when there is no `after`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Changed<'a> {
    pub(crate) key: &'a ObjectKey,
    pub(crate) before: &'a Value,
    pub(crate) after: Option<&'a Value>,
    pub(crate) changes: &'a [FieldChange],
}

/// A rule that reads a meaning from a change.
type Rule = fn(&Changed<'_>) -> Vec<Effect>;

/// Every rule, in the order in which effects are shown.
const RULES: [Rule; 5] = [
    data::effects,
    restarts::effects,
    access::effects,
    rules::effects,
    dashboards::effects,
];

/// Everything that a change means.
pub(crate) fn effects(changed: &Changed<'_>) -> Vec<Effect> {
    RULES.iter().flat_map(|rule| rule(changed)).collect()
}

/// What a new object brings: who may do or reach more, and what people know by
/// name, rules and dashboards. That it starts pods goes without saying.
pub(crate) fn effects_of_new(key: &ObjectKey, after: &Value) -> Vec<Effect> {
    let changed = Changed {
        key,
        before: &Value::Null,
        after: Some(after),
        changes: &[],
    };
    let mut effects = access::effects(&changed);
    effects.extend(rules::effects(&changed));
    effects.extend(dashboards::effects(&changed));
    effects
}

/// A number with its noun: `1 rule`, `2 rules`.
fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The phrases of all effects of a change.
    #[expect(clippy::needless_pass_by_value, reason = "cases read better")]
    pub(crate) fn phrases(before: Value, after: Option<Value>) -> Vec<String> {
        let object = kpbuild_core::Object::new(
            before.clone(),
            kpbuild_core::Origin {
                component: "test".into(),
                span: None,
            },
        );
        let object = object.expect("tests give whole objects");
        let changes = after
            .as_ref()
            .map(|after| crate::compare::compare(&before, after))
            .unwrap_or_default();
        let change = Changed {
            key: object.key(),
            before: &before,
            after: after.as_ref(),
            changes: &changes,
        };
        effects(&change)
            .into_iter()
            .map(|effect| effect.text)
            .collect()
    }
}
