//! Objects that go from one namespace and come to another one: what differs in
//! them besides the namespace, as one change each.
//!
//! Nothing moves in a cluster: the steps of the plan stay one that makes and one
//! that removes. This is for readers, who would otherwise compare the two by hand.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use kpbuild_core::{Bundle, Object, ObjectKey};
use serde_json::{Map, Value};

use crate::compare::{NAMES, compare};
use crate::effects::{Changed, EffectKind, effects};
use crate::plan::{Action, Plan, Step, bare, shown};

/// The objects that move, in the order in which they come. One that goes from
/// several namespaces, or comes to several, does not.
pub(crate) fn moves(steps: &[Step], before: &Bundle, after: &Bundle) -> Vec<Step> {
    let with = |action| steps.iter().filter(move |step| step.action == action);
    let gone = by_name(with(Action::Prune));
    let new = by_name(with(Action::Create));
    let moved = with(Action::Create).filter_map(|step| {
        let name = name(&step.object);
        let ([old], [new]) = (&gone.get(&name)?[..], &new[&name][..]) else {
            return None;
        };
        let (old, new) = (before.get(old)?, after.get(new)?);
        Some(moved(old, new))
    });
    moved.collect()
}

/// Group, kind and name: an object's identity but for its namespace.
fn name(key: &ObjectKey) -> (&str, &str, &str) {
    (&key.group, &key.kind, &key.name)
}

type ByName<'a> = BTreeMap<(&'a str, &'a str, &'a str), Vec<&'a ObjectKey>>;

fn by_name<'a>(steps: impl Iterator<Item = &'a Step>) -> ByName<'a> {
    let mut all = ByName::new();
    for key in steps.map(|step| &step.object) {
        if !key.namespace.is_empty() {
            all.entry(name(key)).or_default().push(key);
        }
    }
    all
}

fn moved(old: &Object, new: &Object) -> Step {
    let (key, from) = (new.key(), &old.key().namespace);
    let way = Way {
        from,
        to: &key.namespace,
    };
    let (before, after) = shown(&way.follow(old.value(), new.value()), new.value());
    let changes = compare(&before, &after);
    let mut meaning = effects(&Changed {
        key,
        before: &before,
        after: Some(&after),
        changes: &changes,
    });
    // Every pod that moves is a new one.
    meaning.retain(|effect| effect.kind != EffectKind::Restart);
    Step {
        moved_from: Some(from.clone()),
        changes,
        effects: meaning,
        before: Some(before),
        after: Some(after),
        origin: Some(new.origin.clone()),
        ..bare(key, Action::Move)
    }
}

impl Plan {
    /// Whether a step makes or removes an object that moves.
    pub fn is_move(&self, step: &Step) -> bool {
        let is_end = |moved: &Step| {
            let namespace = match step.action {
                Action::Create => Some(&moved.object.namespace),
                Action::Prune => moved.moved_from.as_ref(),
                _ => None,
            };
            namespace == Some(&step.object.namespace) && name(&moved.object) == name(&step.object)
        };
        self.moves.iter().any(is_end)
    }
}

impl Step {
    /// Whether the object changes only because it names a namespace from which
    /// objects move to another one.
    pub fn follows(&self, from: &str, to: &str) -> bool {
        let way = Way { from, to };
        self.action == Action::Update
            && self
                .changes
                .iter()
                .all(|change| match (&change.before, &change.after) {
                    (Some(before), Some(after)) => way.is_same(before, after),
                    _ => false,
                })
    }
}

/// From one namespace to another one.
#[derive(Clone, Copy)]
struct Way<'a> {
    from: &'a str,
    to: &'a str,
}

impl Way<'_> {
    /// The present value, with the new namespace where it names the old one and
    /// the future value names the new one: what is then different is a change of
    /// its own.
    fn follow(self, before: &Value, after: &Value) -> Value {
        match (before, after) {
            _ if self.is_same(before, after) => after.clone(),
            (Value::Object(before), Value::Object(after)) => self.map(before, after),
            (Value::Array(before), Value::Array(after)) => self.list(before, after),
            (Value::String(before), Value::String(after)) => self.text(before, after).into(),
            _ => before.clone(),
        }
    }

    fn map(self, before: &Map<String, Value>, after: &Map<String, Value>) -> Value {
        let entry = |(name, value): (&String, &Value)| {
            let followed = match after.get(name) {
                // What a checksum is of moves too, and is shown where it changes.
                Some(other) if name.starts_with("checksum/") => other.clone(),
                Some(other) => self.follow(value, other),
                None => value.clone(),
            };
            (name.clone(), followed)
        };
        Value::Object(before.iter().map(entry).collect())
    }

    fn list(self, before: &[Value], after: &[Value]) -> Value {
        let item = |(index, value): (usize, &Value)| {
            let same = after.iter().find(|other| self.is_same(value, other));
            match same.or_else(|| counterpart(value, index, after)) {
                Some(other) => self.follow(value, other),
                None => value.clone(),
            }
        };
        before.iter().enumerate().map(item).collect()
    }

    fn text(self, before: &str, after: &str) -> String {
        let known: BTreeMap<String, &str> = after
            .split_inclusive('\n')
            .map(|line| (self.neutral(line), line))
            .collect();
        let lines = before.split_inclusive('\n');
        lines
            .map(|line| known.get(&self.neutral(line)).copied().unwrap_or(line))
            .collect()
    }

    /// Whether two values are the same when one namespace stands for the other one.
    fn is_same(self, before: &Value, after: &Value) -> bool {
        match (before, after) {
            (Value::Object(before), Value::Object(after)) => {
                let has = |(name, value)| {
                    let other = after.get(name);
                    other.is_some_and(|other| self.is_same(value, other))
                };
                before.len() == after.len() && before.iter().all(has)
            }
            (Value::Array(before), Value::Array(after)) => {
                let mut both = before.iter().zip(after);
                before.len() == after.len()
                    && both.all(|(before, after)| self.is_same(before, after))
            }
            (Value::String(before), Value::String(after)) => {
                before == after || self.neutral(before) == self.neutral(after)
            }
            (before, after) => before == after,
        }
    }

    /// The text with one and the same mark in the place of both namespaces.
    fn neutral(self, text: &str) -> String {
        let mut names = [self.from, self.to];
        // One may be the beginning of the other.
        names.sort_by_key(|name| Reverse(name.len()));
        text.replace(names[0], "\0").replace(names[1], "\0")
    }
}

/// What has become of an item: the one of its name, or of its place where items
/// have no names.
fn counterpart<'v>(item: &Value, index: usize, others: &'v [Value]) -> Option<&'v Value> {
    match NAMES.iter().find(|name| item.get(name).is_some()) {
        Some(name) => others
            .iter()
            .find(|other| other.get(name) == item.get(name)),
        None => others.get(index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::between;
    use serde_json::json;

    fn bundle(values: Vec<Value>) -> Bundle {
        Bundle::of_manifests("test", values).expect("cases are whole")
    }

    fn object(kind: &str, namespace: &str, name: &str, text: &str) -> Value {
        let field = if kind == "Secret" {
            "stringData"
        } else {
            "data"
        };
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, field: {"a": text}})
    }

    /// What is said of the objects that move.
    fn check(before: Vec<Value>, after: Vec<Value>, expected: &[&str]) {
        let plan = between(&bundle(before), &bundle(after), &[]);
        let line = |step: &Step| {
            let changes = step.changes.iter();
            let changes = changes.map(|change| {
                let text = |value: &Option<Value>| value.clone().unwrap_or_default().to_string();
                format!(
                    " {} {} {}",
                    change.path,
                    text(&change.before),
                    text(&change.after)
                )
            });
            let from = step.moved_from.as_deref().expect("it moves");
            format!("{from} {}:{}", step.object, changes.collect::<String>())
        };
        let moves: Vec<String> = plan.moves.iter().map(line).collect();
        assert_eq!(moves, expected);
    }

    #[test]
    fn what_is_different_besides_the_namespace_is_shown() {
        check(
            vec![
                object("ConfigMap", "old", "same", "x.old.svc"),
                object("ConfigMap", "old", "other", "a.old.svc\n1\nb.old.svc\n"),
            ],
            vec![
                object("ConfigMap", "new", "same", "x.new.svc"),
                object("ConfigMap", "new", "other", "a.new.svc\n2\nb.new.svc\n"),
            ],
            &[
                r#"old ConfigMap/new/other: data.a "a.new.svc\n1\nb.new.svc\n" "a.new.svc\n2\nb.new.svc\n""#,
                "old ConfigMap/new/same:",
            ],
        );
    }

    #[test]
    fn one_name_may_be_the_beginning_of_the_other() {
        let map = |namespace: &str| {
            vec![object(
                "ConfigMap",
                namespace,
                "x",
                &format!("a.{namespace}.svc"),
            )]
        };
        check(map("old"), map("old-eu"), &["old ConfigMap/old-eu/x:"]);
        check(map("old-eu"), map("old"), &["old-eu ConfigMap/old/x:"]);
    }

    #[test]
    fn a_secret_that_moves_is_seen_to_change_and_not_read() {
        let secret = |namespace: &str, text: &str| vec![object("Secret", namespace, "s", text)];
        check(
            secret("old", "url: x.old.svc/one"),
            secret("new", "url: x.new.svc/two"),
            &[r#"old Secret/new/s: stringData.a "*** (before)" "*** (after)""#],
        );
        check(
            secret("old", "url: x.old.svc/one"),
            secret("new", "url: x.new.svc/one"),
            &["old Secret/new/s:"],
        );
    }

    #[test]
    fn items_are_found_again_where_others_came() {
        let list = |namespace: &str, items: Value| {
            vec![
                json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "x", "namespace": namespace}, "spec": {"items": items}}),
            ]
        };
        check(
            list(
                "old",
                json!([{"name": "a", "v": "old"}, {"name": "b", "v": "old"}]),
            ),
            list(
                "new",
                json!([{"name": "c"}, {"name": "a", "v": "new"}, {"name": "b", "v": 1}]),
            ),
            &[r#"old X/new/x: spec.items[b].v "old" 1 spec.items[c] null {"name":"c"}"#],
        );
    }

    #[test]
    fn an_object_that_comes_twice_does_not_move() {
        let map = |namespace: &str| object("ConfigMap", namespace, "x", "");
        check(vec![map("old")], vec![map("one"), map("two")], &[]);
        check(vec![map("one"), map("two")], vec![map("new")], &[]);
    }

    #[test]
    fn others_follow_when_they_name_nothing_else() {
        let binding = |namespace: &str, role: &str| {
            vec![
                json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "b"}, "role": role, "subjects": [{"name": "s", "namespace": namespace}]}),
            ]
        };
        let follows = |after: Vec<Value>| {
            let plan = between(&bundle(binding("old", "r")), &bundle(after), &[]);
            plan.steps[0].follows("old", "new")
        };
        assert!(follows(binding("new", "r")));
        assert!(!follows(binding("new", "other")));
        assert!(!follows(binding("old", "r")));
    }
}
