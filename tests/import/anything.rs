//! Any change of any object: fields that go, that say something else, or that come to others. None of the program's
//! fields is made for them, and all must come back.

use kpbuild_core::yaml;
use serde_json::{Value, json};

use super::release::release;
use super::{Import, default, plain};
use crate::options::{Objects, difference};

/// Numbers that look like chance and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        // The constants are those of Knuth's MMIX.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("it has 31 bits") % end
    }
}

/// Fields that make another object, that have a meaning without being there, or that must stay PromQL.
const SPARED: [&str; 9] = [
    "apiVersion",
    "kind",
    "name",
    "namespace",
    "type",
    "for",
    "expr",
    "alert",
    "record",
];

/// The pointers of all fields that may be changed.
fn fields(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map
                .iter()
                .filter(|(key, _)| !SPARED.contains(&key.as_str()))
            {
                let below = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                fields(value, &below, found);
                found.push(below);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                fields(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Changes one field of one object, and says which.
fn change(all: &mut Objects, chance: &mut Chance) -> String {
    let keys: Vec<String> = all
        .keys()
        .filter(|key| !key.contains("grafana-dashboard-"))
        .cloned()
        .collect();
    let keys: Vec<String> = keys
        .into_iter()
        .filter(|key| !key.starts_with("CustomResource"))
        .collect();
    let key = &keys[chance.below(keys.len())];
    let object = all.get_mut(key).expect("it is one of them");
    let mut found = Vec::new();
    fields(object, "", &mut found);
    // Without these, it is nothing that anybody would apply.
    let whole = ["/metadata", "/spec", "/spec/groups", "/spec/groups/0/rules"];
    found.retain(|pointer| !whole.contains(&pointer.as_str()));
    let pointer = &found[chance.below(found.len())];
    let (parent, field) = pointer.rsplit_once('/').expect("pointers have a slash");
    let parent = object
        .pointer_mut(parent)
        .and_then(Value::as_object_mut)
        .expect("it has fields");
    let field = field.replace("~1", "/").replace("~0", "~");
    let is_gone = chance.below(3) == 0;
    match parent.get_mut(&field).expect("it was just found") {
        Value::String(text) if !is_gone => text.push('x'),
        Value::Bool(value) if !is_gone => *value = !*value,
        Value::Object(map) if !is_gone => drop(map.insert("added".to_owned(), json!("yes"))),
        _ => drop(parent.remove(&field)),
    }
    format!("{key} {pointer}")
}

/// Objects with their lists sorted: an item that is another one now may be at the end of a list whose order means nothing.
/// Labels and lists that are empty mean nothing, either.
fn unordered(objects: &Objects) -> Objects {
    plain(objects)
        .into_iter()
        .map(|(key, object)| (key, sorted(object)))
        .collect()
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let fields = map.into_iter().map(|(key, value)| (key, sorted(value)));
            fields
                .filter(|(key, value)| key != "labels" || *value != json!({}))
                .filter(|(_, value)| *value != json!([]))
                .collect()
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(sorted).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        other => other,
    }
}

/// The same for kube-prometheus itself: where its texts are compared with digests, and its lists are in another order.
#[test]
fn any_change_of_the_release_comes_back() {
    let Some(release) = release("any_change_of_the_release_comes_back") else {
        return;
    };
    for seed in 0..4 {
        let mut given = release.clone();
        let mut chance = Chance(seed);
        let changes: Vec<String> = (0..15).map(|_| change(&mut given, &mut chance)).collect();
        let import = Import::of(&given);
        let said = import.run();
        let told = |objects: &Objects| unordered(&without_words(objects));
        let left = difference(&told(&given), &told(&import.rendered()));
        assert_eq!(left, "", "seed {seed}: {changes:#?}\n{said}");
    }
}

/// Objects without what kpbuild says in words of its own.
fn without_words(objects: &Objects) -> Objects {
    let mut objects = objects.clone();
    for (key, object) in &mut objects {
        if key.contains("grafana-dashboard-") || key.contains("adapter-config") {
            object["data"] = json!({});
        }
        for field in ["data", "stringData"] {
            let texts = object[field].as_object_mut().into_iter().flatten();
            texts.for_each(|(_, text)| *text = told(text.as_str().expect("it is text")));
        }
        let groups = object["spec"]["groups"].as_array_mut();
        for group in groups.into_iter().flatten() {
            let Some(rules) = group["rules"].as_array_mut() else {
                continue;
            };
            rules.iter_mut().for_each(without_words_of_rule);
            rules.sort_by_key(Value::to_string);
            // kpbuild makes one rule of some that are several there.
            rules.dedup();
        }
    }
    objects
}

/// A text as what it says: YAML, or lines.
fn told(text: &str) -> Value {
    let lines = || text.lines().map(|line| json!(line.replace(' ', "")));
    let read = yaml::read(text).ok().filter(Value::is_object);
    read.unwrap_or_else(|| lines().filter(|line| *line != "").collect())
}

/// Of annotations, those are left that were changed.
fn without_words_of_rule(rule: &mut Value) {
    let fields = rule.as_object_mut().expect("a rule is a map");
    fields.remove("expr");
    let texts = fields.get_mut("annotations").and_then(Value::as_object_mut);
    if let Some(texts) = texts {
        texts.retain(|_, text| {
            text.as_str()
                .is_some_and(|text| text.ends_with('x') || text == "yes")
        });
    }
    if fields
        .get("annotations")
        .is_none_or(|texts| *texts == json!({}))
    {
        fields.remove("annotations");
    }
}

#[test]
fn any_change_comes_back() {
    for seed in 0..4 {
        let mut given = default();
        let mut chance = Chance(seed);
        let changes: Vec<String> = (0..15).map(|_| change(&mut given, &mut chance)).collect();
        let import = Import::of(&given);
        let said = import.run();
        let left = difference(&unordered(&given), &unordered(&import.rendered()));
        assert_eq!(left, "", "seed {seed}: {changes:#?}\n{said}");
    }
}
