//! Which alerts and recording rules change, by name, and what that means for
//! those who are on call.

mod difference;
mod expression;
mod tendency;

use serde::Serialize;
use serde_json::Value;

use super::{Changed, Effect, EffectKind, count};
pub use difference::{Part, rule_duration};
pub use tendency::Tendency;

/// What has become of one rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleChange {
    /// Whether it is an alert or a recording rule.
    pub kind: RuleKind,
    /// The alert's or the record's name.
    pub name: String,
    /// Whether it comes, goes or changes.
    pub what: What,
    /// What differs, in words; nothing for what comes and goes.
    pub parts: Vec<Part>,
    /// The rule as it was.
    #[serde(skip)]
    pub before: Option<Value>,
    /// The rule as it will be.
    #[serde(skip)]
    pub after: Option<Value>,
}

/// The two kinds of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleKind {
    /// Tells somebody.
    Alert,
    /// Computes a series.
    Record,
}

/// What happens to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// It is new.
    New,
    /// It goes.
    Removed,
    /// It is another one.
    Changed,
}

impl RuleChange {
    /// Whether the alert will fire more or less often, if all that differs
    /// points the same way.
    pub fn tendency(&self) -> Option<Tendency> {
        let mut all = self.parts.iter().filter_map(|part| part.tendency);
        let first = all.next()?;
        all.all(|other| other == first).then_some(first)
    }

    /// `alert X` or `record x:y`.
    pub fn title(&self) -> String {
        let kind = match self.kind {
            RuleKind::Alert => "alert",
            RuleKind::Record => "record",
        };
        format!("{kind} {}", self.name)
    }

    /// The whole in one phrase.
    pub fn phrase(&self) -> String {
        let what = match self.what {
            What::New => "new".to_owned(),
            What::Removed => "removed".to_owned(),
            What::Changed => {
                let parts: Vec<String> = self.parts.iter().map(Part::to_string).collect();
                parts.join(", ")
            }
        };
        format!("{}: {what}", self.title())
    }
}

pub(super) fn effects(changed: &Changed<'_>) -> Vec<Effect> {
    if changed.key.kind != "PrometheusRule" {
        return Vec::new();
    }
    let texts = match (changed.before.is_null(), changed.after) {
        (true, Some(after)) => whole("brings", after).into_iter().collect(),
        (_, None) => whole("removes", changed.before).into_iter().collect(),
        (false, Some(after)) => rule_changes(changed.before, after)
            .iter()
            .map(RuleChange::phrase)
            .collect::<Vec<_>>(),
    };
    texts
        .into_iter()
        .map(|text| Effect::new(EffectKind::Rule, text))
        .collect()
}

/// What differs between the rules of two PrometheusRule objects, of which either
/// may be null: changes first, then what goes, then what comes.
pub fn rule_changes(before: &Value, after: &Value) -> Vec<RuleChange> {
    let (before, after) = (rules(before), rules(after));
    let mut new: Vec<&Rule<'_>> = after.iter().collect();
    let mut changes = Vec::new();
    let mut gone = Vec::new();
    for old in &before {
        match partner(old, &new) {
            Some(index) => changes.extend(changed(old, new.remove(index))),
            None => gone.push(old.change(What::Removed)),
        }
    }
    changes.extend(gone);
    changes.extend(new.into_iter().map(|rule| rule.change(What::New)));
    changes
}

/// A rule with what it is known by.
struct Rule<'a> {
    group: &'a str,
    kind: RuleKind,
    name: &'a str,
    value: &'a Value,
}

impl Rule<'_> {
    /// Rules of one name are told apart by their labels, or else by their order.
    fn labels(&self) -> Option<&Value> {
        self.value.get("labels")
    }

    fn change(&self, what: What) -> RuleChange {
        RuleChange {
            kind: self.kind,
            name: self.name.to_owned(),
            what,
            parts: Vec::new(),
            before: (what == What::Removed).then(|| self.value.clone()),
            after: (what == What::New).then(|| self.value.clone()),
        }
    }
}

fn changed(old: &Rule<'_>, new: &Rule<'_>) -> Option<RuleChange> {
    let mut parts = Vec::new();
    if old.group != new.group {
        let text = format!("moves from group {} to {}", old.group, new.group);
        parts.push(Part::new(text));
    }
    parts.extend(difference::parts(new.kind, old.value, new.value));
    (!parts.is_empty()).then(|| RuleChange {
        parts,
        before: Some(old.value.clone()),
        after: Some(new.value.clone()),
        ..new.change(What::Changed)
    })
}

fn rules(object: &Value) -> Vec<Rule<'_>> {
    let groups = object["spec"]["groups"].as_array().into_iter().flatten();
    groups.flat_map(rules_of_group).collect()
}

fn rules_of_group(group: &Value) -> impl Iterator<Item = Rule<'_>> {
    group["rules"].as_array().into_iter().flatten().map(|rule| {
        let (kind, name) = match rule["record"].as_str() {
            Some(name) => (RuleKind::Record, name),
            None => (
                RuleKind::Alert,
                rule["alert"].as_str().unwrap_or("without a name"),
            ),
        };
        Rule {
            group: group["name"].as_str().unwrap_or_default(),
            kind,
            name,
            value: rule,
        }
    })
}

/// The phrase for a whole object of rules that comes or goes.
fn whole(verb: &str, object: &Value) -> Option<String> {
    let rules = rules(object);
    let alerts = rules
        .iter()
        .filter(|rule| rule.kind == RuleKind::Alert)
        .count();
    let parts: Vec<String> = [(alerts, "alert"), (rules.len() - alerts, "recording rule")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| count(number, noun))
        .collect();
    (!parts.is_empty()).then(|| format!("{verb} {}", parts.join(" and ")))
}

/// The rule that an old one has become: of the same name, and of the same group
/// and labels if there is such a one.
fn partner(old: &Rule<'_>, new: &[&Rule<'_>]) -> Option<usize> {
    let likeness = |candidate: &Rule<'_>| {
        usize::from(candidate.value == old.value) * 8
            + usize::from(candidate.labels() == old.labels()) * 4
            + usize::from(candidate.group == old.group) * 2
    };
    new.iter()
        .enumerate()
        .filter(|(_, candidate)| (candidate.kind, candidate.name) == (old.kind, old.name))
        .max_by_key(|(index, candidate)| (likeness(candidate), std::cmp::Reverse(*index)))
        .map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use crate::effects::tests::phrases;
    use serde_json::{Value, json};

    #[expect(clippy::needless_pass_by_value, reason = "cases read better")]
    fn object(rules: Value) -> Value {
        json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "r", "namespace": "m"}, "spec": {"groups": [{"name": "g", "rules": rules}]}})
    }

    #[test]
    fn rules_change_come_and_go_by_name() {
        let before = json!([
            {"alert": "A", "expr": "x", "for": "15m", "labels": {"severity": "warning"}},
            {"alert": "A", "expr": "y", "for": "1m", "labels": {"severity": "critical"}},
            {"record": "a:b", "expr": "z"},
        ]);
        let after = json!([
            {"alert": "B", "expr": "x"},
            {"alert": "A", "expr": "rate(y[1m]) > 1", "for": "1m", "labels": {"severity": "critical"}},
            {"alert": "A", "expr": "x", "for": "5m", "labels": {"severity": "warning"}, "annotations": {"summary": "s"}},
        ]);
        assert_eq!(
            phrases(object(before), Some(object(after))),
            [
                "alert A: for 15m to 5m (noisier), summary changed",
                "alert A: expression changed",
                "record a:b: removed",
                "alert B: new",
            ]
        );
    }

    #[test]
    fn an_object_that_goes_is_counted() {
        let rules = json!([{"alert": "A", "expr": "x"}, {"alert": "B", "expr": "x"}, {"record": "r", "expr": "x"}]);
        assert_eq!(
            phrases(object(rules), None),
            ["removes 2 alerts and 1 recording rule"]
        );
    }
}
