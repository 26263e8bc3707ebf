//! What kube-prometheus itself installs, and what its users make of it: as far as the reference knows it, which is not part
//! of the project.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use kpbuild_core::yaml;
use kpbuild_tests::{kpbuild, tools};
use serde_json::{Map, Value, json};

use super::Import;
use crate::options::Objects;

fn reference() -> Option<PathBuf> {
    let reference = kpbuild::checkout().join("../shared/reference");
    reference.join("objects.json").exists().then_some(reference)
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("the reference has it");
    yaml::read(&text).expect("the reference is YAML or JSON")
}

/// What the catalogue knows of rules, by object, group and name, in the order in which they are there.
type Catalogue = BTreeMap<String, VecDeque<Value>>;

fn catalogue(reference: &Path) -> Catalogue {
    let mut rules = Catalogue::new();
    for (file, kind) in [
        ("alerts", "alert"),
        ("ondemand_alerts", "alert"),
        ("recording_rules", "record"),
        ("ondemand_recording_rules", "record"),
    ] {
        let list = read(&reference.join(format!("catalogue/{file}.yaml")));
        for rule in list.as_array().expect("the catalogue is a list") {
            let key = format!("{} {} {}", rule["object"], rule["group"], rule[kind]);
            rules.entry(key).or_default().push_back(rule.clone());
        }
    }
    rules
}

/// The objects of a case, with rules as they would be there: the reference knows all but their expressions.
fn installation(reference: &Path, case: Option<&str>) -> Objects {
    let mut objects = map(read(&reference.join("objects.json")));
    if let Some(case) = case {
        let case = read(&reference.join(format!("cases/{case}.json")));
        for key in case["removed"].as_array().into_iter().flatten() {
            objects.remove(key.as_str().expect("it is a name"));
        }
        objects.extend(map(case["changed"].clone()));
        objects.extend(map(case["added"].clone()));
    }
    let mut rules = catalogue(reference);
    for object in objects
        .values_mut()
        .filter(|object| object["kind"] == "PrometheusRule")
    {
        complete(object, &mut rules);
    }
    objects.into_iter().collect()
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => panic!("the reference has maps of objects"),
    }
}

fn complete(object: &mut Value, known: &mut Catalogue) {
    let name = object["metadata"]["name"].clone();
    for group in object["spec"]["groups"]
        .as_array_mut()
        .expect("it has groups")
    {
        let group_name = group["name"].clone();
        // The one group that says how often it is evaluated.
        if group_name == "kube-apiserver-availability.rules" {
            group["interval"] = json!("3m");
        }
        for rule in group["rules"].as_array_mut().expect("it has rules") {
            let kind = if rule["alert"].is_string() {
                "alert"
            } else {
                "record"
            };
            let key = format!("{name} {group_name} {}", rule[kind]);
            let facts = known.get_mut(&key).and_then(VecDeque::pop_front);
            *rule = completed(kind, rule, &facts.unwrap_or_default());
        }
    }
}

fn completed(kind: &str, rule: &Value, facts: &Value) -> Value {
    let mut labels = json!({});
    for field in ["extra_labels", "labels_added"] {
        for (name, value) in facts[field].as_object().into_iter().flatten() {
            labels[name] = value.clone();
        }
    }
    if !rule["severity"].is_null() {
        labels["severity"] = rule["severity"].clone();
    }
    let mut whole = json!({kind: rule[kind], "expr": "vector(1)"});
    if labels != json!({}) {
        whole["labels"] = labels;
    }
    if let Some(hold) = facts["for"].as_str().filter(|hold| *hold != "none") {
        whole["for"] = json!(hold);
    }
    whole
}

/// Every case of the reference, with the stack file that is made of it: a few lines, and all objects as they were.
#[test]
fn kube_prometheus_is_imported_in_a_few_lines() {
    let Some(reference) = reference() else {
        tools::progress(
            "SKIPPED kube_prometheus_is_imported_in_a_few_lines: the reference is not here",
        );
        return;
    };
    let mut shown = String::new();
    let mut cases: Vec<String> = std::fs::read_dir(reference.join("cases"))
        .expect("the reference has cases")
        .map(|entry| entry.expect("a folder lists its entries").path())
        .map(|path| {
            path.file_stem()
                .expect("files have names")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    cases.sort();
    for case in [None]
        .into_iter()
        .chain(cases.iter().map(|case| Some(case.as_str())))
    {
        let import = Import::of(&installation(&reference, case));
        let said = import.run();
        let name = case.unwrap_or("default");
        if case.is_none() {
            writeln!(shown, "{said}").expect("strings grow");
        }
        let summary = said.lines().last().expect("it says how many");
        writeln!(shown, "== {name}: {summary}\n{}", import.read("stack.yaml"))
            .expect("strings grow");
    }
    insta::assert_snapshot!("reference", shown);
}
