//! Patches for what no field of a stack says.

use std::collections::BTreeSet;

use kpbuild_core::{ObjectKey, yaml};
use kpbuild_render::{ListKind, list_kind};
use serde_json::{Map, Value, json};

use super::meaning::{self, Texts};
use super::{Search, given, rules};

/// What patches were made for.
#[derive(Debug, Default)]
pub(super) struct Patched {
    /// Objects that differ and that no patch brings nearer.
    pub(super) beyond: Vec<ObjectKey>,
}

/// Adds the patches that make rendered objects the given ones.
pub(super) fn add(search: &mut Search<'_>) -> Patched {
    let mut patched = Patched::default();
    let differing = search.rendered.iter().filter(|(_, ours)| ours.left > 0);
    for key in differing.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
        let found = changes(search, &key).into_iter().any(|change| {
            let list = &search.stack["patches"];
            let mut list = list.as_array().cloned().unwrap_or_default();
            list.push(json!({"target": target(&key), "patch": change}));
            search.attempt(&["patches"], Value::Array(list))
        });
        if !found {
            patched.beyond.push(key);
        }
    }
    patched
}

fn target(key: &ObjectKey) -> Value {
    let mut target = json!({"kind": key.kind, "name": key.name});
    if !key.namespace.is_empty() {
        target["namespace"] = json!(key.namespace);
    }
    target
}

/// The ways to make a rendered object the given one, the one with the fewest
/// words first.
fn changes(search: &Search<'_>, key: &ObjectKey) -> Vec<Value> {
    let ours = search.rendered[key].object.value();
    let Some(theirs) = search.given.get(key) else {
        return vec![json!({"$patch": "delete"})];
    };
    let theirs = expected(key, ours, &theirs.value, &search.texts);
    let mut all = Vec::new();
    let change = Change { key };
    if let Some(merged) = change.merge(ours, &theirs, &mut Vec::new()) {
        all.push(merged);
    }
    let mut operations = Vec::new();
    change.operations(ours, &theirs, "", "", &mut operations);
    all.push(Value::Array(operations));
    // Fields are easier to read and fit longer than numbers of items do.
    let words = |change: &Value| {
        let length = yaml::document(change).len();
        if change.is_object() {
            length
        } else {
            2 * length
        }
    };
    all.sort_by_key(words);
    all
}

/// What the object shall be, as far as it is compared.
pub(super) fn expected(key: &ObjectKey, ours: &Value, theirs: &Value, texts: &Texts) -> Value {
    let mut theirs = theirs.clone();
    if key.kind == "PrometheusRule" {
        return rules::in_our_order(ours, &theirs, texts);
    }
    if key.kind == "Secret" {
        theirs = given::encoded_as(ours, theirs);
        if is_opaque(ours) && is_opaque(&theirs) {
            theirs["type"] = ours["type"].clone();
        }
    }
    if key.kind == "ConfigMap" && !texts.compares(key) {
        theirs["data"] = ours["data"].clone();
    }
    theirs
}

/// Whether a Secret is of the type that it has without one.
fn is_opaque(secret: &Value) -> bool {
    secret["type"].is_null() || secret["type"] == "Opaque"
}

/// How one object becomes another.
struct Change<'k> {
    key: &'k ObjectKey,
}

impl Change<'_> {
    fn is_same(&self, field: &str, ours: &Value, theirs: &Value) -> bool {
        let is_text = matches!(self.key.kind.as_str(), "ConfigMap" | "Secret");
        if let (true, Some(ours), Some(theirs)) = (is_text, ours.as_str(), theirs.as_str()) {
            return meaning::content(field, ours) == meaning::content(field, theirs);
        }
        meaning::is_same(&self.key.kind, field, ours, theirs)
    }

    /// The fields to merge; nothing where merging cannot say it.
    fn merge(&self, ours: &Value, theirs: &Value, steps: &mut Vec<String>) -> Option<Value> {
        let (before, after) = (ours.as_object()?, theirs.as_object()?);
        let mut patch = Map::new();
        let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
        for (key, value) in gone.filter(|(key, value)| !self.is_same(key, value, &Value::Null)) {
            if !meaning::is_nothing(key, value) {
                patch.insert(key.clone(), Value::Null);
            }
        }
        for (key, value) in after {
            let old = before.get(key).unwrap_or(&Value::Null);
            if self.is_same(key, old, value) || is_both_nothing(key, old, value) {
                continue;
            }
            steps.push(key.clone());
            let change = self.field(old, value, steps)?;
            steps.pop();
            // Of a map whose texts mean the same, nothing is left to say.
            if !old.is_object() || change != json!({}) {
                patch.insert(key.clone(), change);
            }
        }
        Some(Value::Object(patch))
    }

    fn field(&self, old: &Value, new: &Value, steps: &mut Vec<String>) -> Option<Value> {
        match (old, new) {
            (_, Value::Null) => Some(Value::Null),
            (Value::Object(_), Value::Object(_)) => self.merge(old, new, steps),
            (Value::Array(old), Value::Array(new)) => self.list(old, new, steps),
            (Value::Null, _) => (!holds_null(new)).then(|| new.clone()),
            (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => {
                None
            }
            _ => Some(new.clone()),
        }
    }

    fn list(&self, old: &[Value], new: &[Value], steps: &mut Vec<String>) -> Option<Value> {
        let path: Vec<&str> = steps.iter().map(String::as_str).collect();
        let keys = match list_kind(self.key, &path) {
            ListKind::Whole => return Some(Value::Array(new.to_vec())),
            ListKind::ByKeys(keys) => keys,
            ListKind::Set => {
                let added = new
                    .iter()
                    .filter(|item| !old.contains(item))
                    .cloned()
                    .collect();
                return old
                    .iter()
                    .all(|item| new.contains(item))
                    .then_some(Value::Array(added));
            }
        };
        let of =
            |item: &Value| -> Vec<Value> { keys.iter().map(|key| item[*key].clone()).collect() };
        let mut items = Vec::new();
        for item in old
            .iter()
            .filter(|item| !new.iter().any(|other| of(other) == of(item)))
        {
            let mut gone = json!({"$patch": "delete"});
            for key in keys.iter().filter(|key| !item[**key].is_null()) {
                gone[*key] = item[*key].clone();
            }
            items.push(gone);
        }
        for item in new {
            let Some(before) = old.iter().find(|other| of(other) == of(item)) else {
                items.push(item.clone());
                continue;
            };
            if self.is_same("", before, item) {
                continue;
            }
            let mut changed = self.merge(before, item, steps)?;
            for key in keys.iter().filter(|key| !item[**key].is_null()) {
                changed[*key] = item[*key].clone();
            }
            items.push(changed);
        }
        Some(Value::Array(items))
    }

    /// The operations of a JSON patch.
    fn operations(
        &self,
        ours: &Value,
        theirs: &Value,
        at: &str,
        field: &str,
        all: &mut Vec<Value>,
    ) {
        if self.is_same(field, ours, theirs) || is_both_nothing(field, ours, theirs) {
            return;
        }
        match (ours, theirs) {
            (Value::Object(before), Value::Object(after)) => {
                for (key, value) in before {
                    let below = format!("{at}/{}", escaped(key));
                    match after.get(key) {
                        Some(other) => self.operations(value, other, &below, key, all),
                        None if meaning::is_nothing(key, value) => {}
                        None => all.push(json!({"op": "remove", "path": below})),
                    }
                }
                for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
                    if !meaning::is_nothing(key, value) {
                        let path = format!("{at}/{}", escaped(key));
                        all.push(json!({"op": "add", "path": path, "value": value}));
                    }
                }
            }
            (Value::Array(before), Value::Array(after)) => {
                self.operations_on_items(before, after, at, field, all);
            }
            _ => all.push(json!({"op": "replace", "path": at, "value": theirs})),
        }
    }

    /// Changes an item, if it still is the one that was meant.
    fn operations_on_item(&self, ours: &Value, theirs: &Value, at: &str, all: &mut Vec<Value>) {
        let begin = all.len();
        self.operations(ours, theirs, at, "", all);
        if all.len() > begin {
            all.splice(begin..begin, test(ours, at));
        }
    }

    /// Changes items that are the same ones, removes from the end those that are
    /// gone, and appends those that are new; or replaces the list, where its
    /// order is not what would come of that.
    fn operations_on_items(
        &self,
        before: &[Value],
        after: &[Value],
        at: &str,
        field: &str,
        all: &mut Vec<Value>,
    ) {
        let names = |items: &[Value]| items.iter().map(identity).collect::<Vec<_>>();
        let (old, new) = (names(before), names(after));
        if is_in_place(&old, &new) {
            for (index, (ours, theirs)) in before.iter().zip(after).enumerate() {
                self.operations_on_item(ours, theirs, &format!("{at}/{index}"), all);
            }
            return;
        }
        let mut outcome: Vec<&String> = old.iter().filter(|name| new.contains(name)).collect();
        outcome.extend(new.iter().filter(|name| !old.contains(name)));
        let is_in_order = outcome.iter().copied().eq(&new);
        let is_free = is_in_order || meaning::is_unordered(&self.key.kind, field);
        if !is_free || has_twins(&old) || has_twins(&new) {
            all.push(json!({"op": "replace", "path": at, "value": after}));
            return;
        }
        for (index, (name, item)) in old.iter().zip(before).enumerate() {
            if let Some(other) = new.iter().position(|one| one == name) {
                self.operations_on_item(item, &after[other], &format!("{at}/{index}"), all);
            }
        }
        for (index, _) in old
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, name)| !new.contains(name))
        {
            let place = format!("{at}/{index}");
            all.extend(test(&before[index], &place));
            all.push(json!({"op": "remove", "path": place}));
        }
        for (_, item) in new
            .iter()
            .zip(after)
            .filter(|(name, _)| !old.contains(name))
        {
            all.push(json!({"op": "add", "path": format!("{at}/-"), "value": item}));
        }
    }
}

/// An operation that fails when another item has taken the place of one that is
/// named by its number.
fn test(item: &Value, at: &str) -> Option<Value> {
    let test = |path: String, value: &Value| json!({"op": "test", "path": path, "value": value});
    let mut names = ["name", "alert", "record", "port"].into_iter();
    match names.find(|field| item[*field].is_string()) {
        Some(field) => Some(test(format!("{at}/{field}"), &item[field])),
        None if item.is_object() || item.is_array() => None,
        None => Some(test(at.to_owned(), item)),
    }
}

/// Whether every item is where it was, changed or not.
fn is_in_place(old: &[String], new: &[String]) -> bool {
    let is_new = |(before, after): (&String, &String)| {
        before == after || (!new.contains(before) && !old.contains(after))
    };
    old.len() == new.len() && old.iter().zip(new).all(is_new)
}

/// Whether items cannot be told apart.
fn has_twins(names: &[String]) -> bool {
    let unique: BTreeSet<&String> = names.iter().collect();
    unique.len() < names.len()
}

/// By what an item of a list is the same one over time.
fn identity(item: &Value) -> String {
    let rule = item["alert"].as_str().or(item["record"].as_str());
    match rule {
        Some(name) => format!("{name} {}", item["labels"]),
        None => match item["port"]
            .as_str()
            .filter(|_| item["interval"].is_string())
        {
            // An endpoint of a monitor.
            Some(port) => format!("{port} {}", item["path"]),
            None => meaning::name_of(item),
        },
    }
}

fn is_both_nothing(field: &str, ours: &Value, theirs: &Value) -> bool {
    meaning::is_nothing(field, ours) && meaning::is_nothing(field, theirs)
}

/// Whether merging a value would take something of it for a removal.
fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.values().any(holds_null),
        _ => false,
    }
}

/// A key as a step of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: &str) -> ObjectKey {
        ObjectKey {
            group: String::new(),
            kind: kind.to_owned(),
            namespace: String::new(),
            name: String::new(),
        }
    }

    fn operations(ours: &Value, theirs: &Value) -> Vec<Value> {
        let mut all = Vec::new();
        Change {
            key: &key("Deployment"),
        }
        .operations(ours, theirs, "", "", &mut all);
        all
    }

    #[test]
    fn operations_say_what_differs_and_nothing_else() {
        let ours = json!({
            "a": 1, "gone": {}, "k/y": 1, "args": ["--a", "--b"],
            "env": [{"name": "x", "value": "1"}, {"name": "y"}], "command": ["a", "b"],
            "changed": ["x", "y"],
        });
        let theirs = json!({
            "a": 1, "k/y": 2, "args": ["--b", "--c"], "new": {"x": 1},
            "env": [{"name": "x", "value": "2"}], "command": ["b", "a"],
            "changed": ["x", "z"],
        });
        assert_eq!(
            operations(&ours, &theirs),
            [
                json!({"op": "test", "path": "/args/0", "value": "--a"}),
                json!({"op": "remove", "path": "/args/0"}),
                json!({"op": "add", "path": "/args/-", "value": "--c"}),
                json!({"op": "test", "path": "/changed/1", "value": "y"}),
                json!({"op": "replace", "path": "/changed/1", "value": "z"}),
                json!({"op": "replace", "path": "/command", "value": ["b", "a"]}),
                json!({"op": "test", "path": "/env/0/name", "value": "x"}),
                json!({"op": "replace", "path": "/env/0/value", "value": "2"}),
                json!({"op": "test", "path": "/env/1/name", "value": "y"}),
                json!({"op": "remove", "path": "/env/1"}),
                json!({"op": "remove", "path": "/gone"}),
                json!({"op": "replace", "path": "/k~1y", "value": 2}),
                json!({"op": "add", "path": "/new", "value": {"x": 1}}),
            ]
        );
    }

    #[test]
    fn fields_are_merged_by_the_keys_of_kubernetes() {
        let pod =
            |containers: Value| json!({"spec": {"template": {"spec": {"containers": containers}}}});
        let ours = pod(json!([{"name": "a", "image": "x", "tty": true}, {"name": "b"}]));
        let theirs = pod(json!([{"name": "a", "image": "y"}, {"name": "c"}]));
        let key = key("Deployment");
        let patch = Change { key: &key }.merge(&ours, &theirs, &mut Vec::new());
        let items = json!([
            {"$patch": "delete", "name": "b"},
            {"name": "a", "image": "y", "tty": null},
            {"name": "c"},
        ]);
        assert_eq!(patch, Some(pod(items)));
    }
}
