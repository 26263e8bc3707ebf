//! What a patch was written against: whether the rule is still like that.

use kpbuild_core::{Code, Diagnostic, Diagnostics};
use kpbuild_stack::rules::{Before, RuleEdit, Was};
use serde_json::{Map, Value, json};

use super::select::Place;
use super::{Rule, Rules};

/// A rule that is not any more what its patch was written for.
pub const CHANGED: Code = Code("rule-patch-outdated");
/// A patch that does not say what it was written for.
pub const WITHOUT_WAS: Code = Code("rule-patch-without-was");

type Fields = Map<String, Value>;

/// Compares what a patch remembers with the rules that it is about.
pub(super) fn check(
    edit: &RuleEdit,
    rules: &Rules,
    places: &[Place],
    advise: bool,
    diagnostics: &mut Diagnostics,
) {
    let sets = edit.patch.sets().fields();
    let rules: Vec<&Rule> = places.iter().map(|place| rules.at(*place).1).collect();
    let now = || written(rules.iter().map(|rule| state(&rule.value, &sets)));
    match &edit.patch.was {
        None if advise && !sets.is_empty() => diagnostics.push(without_was(edit, &now())),
        None => {}
        Some(was) => {
            let changes = changes(was, &sets, &rules);
            if !changes.is_empty() {
                diagnostics.push(changed(edit, rules[0], changes, &now()));
            }
        }
    }
}

fn without_was(edit: &RuleEdit, now: &str) -> Diagnostic {
    let message = format!(
        "the patch of {} does not say what it replaces",
        subject(edit)
    );
    Diagnostic::warning(WITHOUT_WAS, message)
        .at_some(edit.span, "")
        .note(
            "so nobody notices when a newer kpbuild has other rules than those it was written for",
        )
        .help(format!("add `was: {now}`"))
}

fn changed(edit: &RuleEdit, rule: &Rule, changes: Vec<String>, now: &str) -> Diagnostic {
    let message = format!("`{}` is not what its patch was written for", rule.name());
    let diagnostic = Diagnostic::warning(CHANGED, message).at_some(edit.place(&["was"]), "");
    changes
        .into_iter()
        .fold(diagnostic, Diagnostic::note)
        .help(format!(
            "see whether the patch is still right, then write `was: {now}`"
        ))
}

fn subject(edit: &RuleEdit) -> String {
    let rules = edit.selector();
    let name = rules.alert.as_ref().or(rules.record.as_ref());
    name.map_or_else(|| "a rule".to_owned(), |name| format!("`{name}`"))
}

/// In which fields rules are not as they were, in words.
fn changes(was: &Was, sets: &Fields, rules: &[&Rule]) -> Vec<String> {
    let each: Vec<&Before> = match was {
        Was::Same(same) => vec![same; rules.len()],
        Was::Each(each) if each.len() == rules.len() => each.iter().collect(),
        Was::Each(each) => {
            return vec![format!(
                "it was written for {} rules, and matches {}",
                each.len(),
                rules.len()
            )];
        }
    };
    let mut found: Vec<String> = Vec::new();
    for (was, rule) in each.into_iter().zip(rules) {
        let was = was.fields();
        let mut words = Vec::new();
        differences("", &was, &state(&rule.value, &was), sets, &mut words);
        words.retain(|words| !found.contains(words));
        found.extend(words);
    }
    found
}

fn differences(path: &str, was: &Fields, now: &Fields, sets: &Fields, found: &mut Vec<String>) {
    for (field, old) in was {
        let new = &now[field];
        let wanted = sets.get(field);
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => {
                let none = Fields::new();
                let wanted = wanted.and_then(Value::as_object).unwrap_or(&none);
                differences(&format!("{field}."), old, new, wanted, found);
            }
            _ if is_same(old, new) => {}
            _ => found.push(difference(&format!("{path}{field}"), old, new, wanted)),
        }
    }
}

fn difference(field: &str, old: &Value, new: &Value, wanted: Option<&Value>) -> String {
    let change = format!("`{field}` was {} and is now {}", words(old), words(new));
    match wanted {
        Some(wanted) if is_same(wanted, new) => {
            format!("{change}, which is what the patch says: it is not needed any more")
        }
        Some(wanted) => format!("{change}; the patch makes it {}", words(wanted)),
        None => change,
    }
}

/// Whether two values are the same; spaces and line ends in texts do not count.
fn is_same(one: &Value, other: &Value) -> bool {
    words(one) == words(other)
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => "not there".to_owned(),
        Value::String(text) => format!("`{}`", in_one_line(text)),
        other => format!("`{other}`"),
    }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a rule has in the fields of some others.
fn state(rule: &Value, fields: &Fields) -> Fields {
    let of_rule = |field: &str, value: &Value| match field {
        "for" | "keep_firing_for" if rule[field].is_null() => json!("0s"),
        "severity" => rule["labels"]["severity"].clone(),
        "labels" | "annotations" => {
            let names = value.as_object().into_iter().flatten();
            let texts = names.map(|(name, _)| (name.clone(), rule[field][name].clone()));
            Value::Object(texts.collect())
        }
        _ => rule[field].clone(),
    };
    fields
        .iter()
        .map(|(field, value)| (field.clone(), of_rule(field, value)))
        .collect()
}

/// What rules were like, as it is written after `was:`, in one line.
fn written(states: impl Iterator<Item = Fields>) -> String {
    let mut texts: Vec<String> = states.map(|state| flow(&Value::Object(state))).collect();
    if texts.iter().all(|text| *text == texts[0]) {
        return texts.swap_remove(0);
    }
    format!("[{}]", texts.join(", "))
}

/// YAML in one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{key}: {}", flow(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::String(text) if is_plain(text) => text.clone(),
        Value::String(text) => json!(in_one_line(text)).to_string(),
        other => other.to_string(),
    }
}

/// Whether a text needs no quotes, whoever reads it: a duration or a plain word.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        && !WORDS.contains(&text.to_lowercase().as_str());
    is_word || kpbuild_stack::scalar::milliseconds(text).is_some()
}
