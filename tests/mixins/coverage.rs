//! No rule without a test: every alert fires in one case and stays silent all through another, every record has a value.
//!
//! Rules of one name are told apart by the labels that they add, such as their severity.

use std::collections::BTreeSet;
use std::fs;

use kpbuild_core::yaml;
use kpbuild_tests::kpbuild;
use serde_json::Value;

use super::{EVERYTHING, groups, items, rules};

/// The expression of an alert that is meant to fire always, and has no case in which it does not.
const ALWAYS: &str = "vector(1)";

#[test]
fn every_alert_fires_and_stays_silent_and_every_record_has_a_value() {
    let groups = groups(EVERYTHING);
    let cases = cases();
    let mut untested = BTreeSet::new();
    let mut count = 0;
    for rule in rules(&groups) {
        count += 1;
        let lacks = if rule["alert"].is_string() {
            missing_of_alert(rule, &cases)
        } else {
            missing_of_record(rule, &cases)
        };
        untested.extend(lacks.map(|lack| format!("{} {lack}", title(rule))));
    }
    assert!(count > 250, "only {count} rules were looked at");
    assert!(untested.is_empty(), "{untested:#?}");
}

/// All cases of all mixins, as promtool takes them.
fn cases() -> Vec<Value> {
    let mixins = kpbuild::checkout().join("templates/mixins");
    let mut cases = Vec::new();
    for mixin in fs::read_dir(mixins).expect("the checkout has mixins") {
        let folder = mixin.expect("the folder can be read").path().join("tests");
        // Beside the mixins lies the table of their parameters.
        let Ok(files) = fs::read_dir(&folder) else {
            continue;
        };
        for file in files {
            let path = file.expect("the folder can be read").path();
            let text = fs::read_to_string(&path).expect("tests are text");
            let mut tests = yaml::read(&text).expect("tests are YAML");
            match tests["tests"].take() {
                Value::Array(list) => cases.extend(list),
                other => panic!("{}: `tests` is {other}", path.display()),
            }
        }
    }
    cases
}

fn missing_of_alert(rule: &Value, cases: &[Value]) -> Option<&'static str> {
    let name = &rule["alert"];
    let about: Vec<Vec<&Value>> = cases
        .iter()
        .map(|case| {
            items(&case["alert_rule_test"])
                .filter(|test| test["alertname"] == *name)
                .collect()
        })
        .filter(|tests: &Vec<_>| !tests.is_empty())
        .collect();
    let fires = |test: &&Value| {
        items(&test["exp_alerts"]).any(|alert| has_labels(&alert["exp_labels"], rule))
    };
    if !about.iter().flatten().any(&fires) {
        Some("has no case in which it fires")
    } else if rule["expr"] == ALWAYS {
        None
    } else if !about.iter().any(|tests| !tests.iter().any(fires)) {
        Some("has no case in which it stays silent")
    } else {
        None
    }
}

fn missing_of_record(rule: &Value, cases: &[Value]) -> Option<&'static str> {
    let name = rule["record"].as_str().expect("a rule is one of the two");
    let labels = rule["labels"].as_object().into_iter().flatten();
    let labels: Vec<String> = labels
        .map(|(label, value)| format!("{label}={value}"))
        .collect();
    // Tests often round a value or add series up, so the name is looked for in what they ask.
    let has_value = cases
        .iter()
        .flat_map(|case| items(&case["promql_expr_test"]))
        .any(|test| {
            let asked = test["expr"].as_str().unwrap_or_default();
            names(asked).any(|word| word == name)
                && items(&test["exp_samples"]).any(|sample| {
                    let series = sample["labels"].as_str().unwrap_or_default();
                    let said = |label: &String| series.contains(label) || asked.contains(label);
                    labels.iter().all(said)
                })
        });
    (!has_value).then_some("has no case that expects a value")
}

/// Everything in an expression that could be the name of a metric.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
}

/// Whether the labels hold all that a rule adds. What a template fills in is unknown here.
fn has_labels(labels: &Value, rule: &Value) -> bool {
    let added = rule["labels"].as_object().into_iter().flatten();
    added
        .filter(|(_, value)| !value.as_str().unwrap_or_default().contains("{{"))
        .all(|(label, value)| labels[label] == *value)
}

fn title(rule: &Value) -> String {
    let name = rule["alert"].as_str().or(rule["record"].as_str());
    format!("{} {}", name.unwrap_or_default(), rule["labels"])
}
