//! Who still reads a record that goes: what stays of the bundle would be empty
//! without a word.

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_core::Bundle;
use serde_json::Value;

use super::{Effect, EffectKind};
use crate::plan::Step;

/// Adds to each step that takes a record away who of the future bundle reads it.
pub(crate) fn add_readers_of_gone_records(steps: &mut [Step], after: &Bundle) {
    let is_changed =
        |step: &&mut Step| step.object.kind == "PrometheusRule" && step.before.is_some();
    let changed: Vec<&mut Step> = steps.iter_mut().filter(is_changed).collect();
    if changed.is_empty() {
        return;
    }
    let rules = || {
        after
            .of_kind("PrometheusRule")
            .flat_map(|object| rules(object.value()))
    };
    let recorded: BTreeSet<&str> = rules().filter_map(|rule| rule["record"].as_str()).collect();
    let is_gone = |record: &&str| !recorded.contains(*record);
    let gone_of = |step: &Step| -> BTreeSet<String> {
        let before = step.before.as_ref().into_iter().flat_map(rules_of);
        let records = before.filter_map(|rule| rule["record"].as_str());
        records.filter(is_gone).map(str::to_owned).collect()
    };
    let gone: BTreeSet<String> = changed.iter().flat_map(|step| gone_of(step)).collect();
    if gone.is_empty() {
        return;
    }
    let readers = readers(&gone, after);
    for step in changed {
        let of_step = gone_of(step).into_iter();
        let lost = of_step.filter_map(|record| Some((readers.get(&record)?, record)));
        let effects: Vec<Effect> = lost
            .map(|(readers, record)| {
                let text = format!("record {record} goes, but is read by {}", list(readers));
                Effect::new(EffectKind::Rule, text)
            })
            .collect();
        step.effects.extend(effects);
    }
}

fn rules_of(object: &Value) -> Vec<&Value> {
    rules(object).collect()
}

fn rules(object: &Value) -> impl Iterator<Item = &Value> {
    let groups = object["spec"]["groups"].as_array().into_iter().flatten();
    groups.flat_map(|group| group["rules"].as_array().into_iter().flatten())
}

/// The rules and dashboards that read some records, by record.
fn readers(records: &BTreeSet<String>, bundle: &Bundle) -> BTreeMap<String, Vec<String>> {
    let mut readers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |text: &str, reader: &str| {
        let used: BTreeSet<&str> = names(text).filter(|name| records.contains(*name)).collect();
        for record in used {
            let list = readers.entry(record.to_owned()).or_default();
            if !list.iter().any(|known| known == reader) {
                list.push(reader.to_owned());
            }
        }
    };
    for rule in bundle
        .of_kind("PrometheusRule")
        .flat_map(|object| rules(object.value()))
    {
        let title = ["alert", "record"]
            .iter()
            .find_map(|kind| Some(format!("{kind} {}", rule[kind].as_str()?)));
        if let (Some(title), Some(expression)) = (title, rule["expr"].as_str()) {
            add(expression, &title);
        }
    }
    for map in bundle.of_kind("ConfigMap") {
        let files = map
            .at(&["data"])
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        for (file, text) in files {
            if let Some(name) = file.strip_suffix(".json") {
                let reader = format!("dashboard {name}");
                add(text.as_str().unwrap_or_default(), &reader);
            }
        }
    }
    readers
}

/// Everything in a text that could be the name of a metric.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
}

/// The first of a list, and how many more.
fn list(readers: &[String]) -> String {
    const MOST: usize = 4;
    let shown: Vec<&str> = readers.iter().take(MOST).map(String::as_str).collect();
    match readers.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use crate::offline::between;
    use kpbuild_core::Bundle;
    use serde_json::{Value, json};

    #[test]
    fn a_record_that_goes_names_its_readers() {
        let rules = |rules: Value| json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "r"}, "spec": {"groups": [{"name": "g", "rules": rules}]}});
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d"}, "data": {"nodes.json": "{\"expr\": \"sum(a:b) + a:bc\"}"}});
        let bundle =
            |values: Vec<Value>| Bundle::of_manifests("test", values).expect("cases are whole");
        let alert = json!({"alert": "A", "expr": "a:b > 0"});
        let before = bundle(vec![
            rules(
                json!([{"record": "a:b", "expr": "x"}, {"record": "unread", "expr": "x"}, alert]),
            ),
            map.clone(),
        ]);
        let after = bundle(vec![rules(json!([alert])), map]);
        let plan = between(&before, &after, &[]);
        let texts: Vec<&str> = plan
            .steps
            .iter()
            .flat_map(|step| &step.effects)
            .map(|effect| effect.text.as_str())
            .collect();
        assert_eq!(
            texts,
            [
                "record a:b: removed",
                "record unread: removed",
                "record a:b goes, but is read by alert A, dashboard nodes",
            ]
        );
    }
}
