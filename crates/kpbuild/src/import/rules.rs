//! Alerts and recording rules: those that were not given, those that were given
//! otherwise, and objects with rules of somebody's own.

use std::collections::BTreeMap;

use kpbuild_core::{ObjectKey, yaml};
use serde_json::{Map, Value, json};

use super::meaning::Texts;
use super::text::is_file_name;
use super::workloads::merge_patch;
use super::{Search, SideFile, set, thresholds};

/// One rule and the group that it is in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub(super) group: String,
    pub(super) value: Value,
}

impl Rule {
    /// `alert` or `record`, and the name.
    pub(super) fn name(&self) -> (&'static str, &str) {
        match self.value["alert"].as_str() {
            Some(alert) => ("alert", alert),
            None => ("record", self.value["record"].as_str().unwrap_or_default()),
        }
    }

    fn severity(&self) -> Option<&str> {
        self.value["labels"]["severity"].as_str()
    }
}

/// The rules of an object.
pub(super) fn rules_of(object: &Value) -> Vec<Rule> {
    let groups = object["spec"]["groups"].as_array().into_iter().flatten();
    let rules = groups.flat_map(|group| {
        let name = group["name"].as_str().unwrap_or_default();
        let rules = group["rules"].as_array().into_iter().flatten();
        rules.map(move |rule| Rule {
            group: name.to_owned(),
            value: rule.clone(),
        })
    });
    rules.collect()
}

/// Whether kpbuild wrote the rules that were given: most of its expressions are
/// among them, or there are none to tell by.
pub(super) fn are_ours(search: &Search<'_>) -> bool {
    let (mut same, mut all) = (0, 0);
    for (ours, theirs) in pairs(search) {
        let theirs = rules_of(&theirs);
        let ours = rules_of(&ours);
        let is_there = |rule: &&Rule| {
            theirs
                .iter()
                .any(|one| one.value["expr"] == rule.value["expr"])
        };
        all += ours.len();
        same += ours.iter().filter(is_there).count();
    }
    2 * same >= all
}

/// The rules of an object that are the same ones as some that were given.
pub(super) struct Pairs {
    /// As they are rendered, and as they were given.
    pub(super) rules: Vec<(Rule, Rule)>,
    /// All that were given.
    pub(super) given: Vec<Rule>,
}

pub(super) fn paired_rules(search: &Search<'_>) -> Vec<Pairs> {
    let objects = pairs(search).into_iter();
    let objects = objects.map(|(ours, theirs)| {
        let (ours, given) = (rules_of(&ours), rules_of(&theirs));
        let found = matched(&ours, &given);
        let both = ours.iter().zip(found);
        let both = both.filter_map(|(ours, theirs)| Some((ours.clone(), theirs?.clone())));
        let rules = both.collect();
        Pairs { rules, given }
    });
    objects.collect()
}

/// The objects of rules that were given too.
fn pairs(search: &Search<'_>) -> Vec<(Value, Value)> {
    let objects = search
        .rendered
        .iter()
        .filter(|(key, _)| key.kind == "PrometheusRule");
    let pairs = objects.filter_map(|(key, ours)| {
        let theirs = search.given.get(key)?;
        Some((ours.object.value().clone(), theirs.value.clone()))
    });
    pairs.collect()
}

/// All rules as they are rendered, of objects that were given too.
pub(super) fn ours(search: &Search<'_>) -> Vec<Rule> {
    let objects = pairs(search).into_iter();
    objects.flat_map(|(ours, _)| rules_of(&ours)).collect()
}

/// Whether two rules are the same one.
type IsSame = fn(&Rule, &Rule) -> bool;

/// Which rules of two lists are the same, by their numbers in the first: the
/// same group and name, and the same labels where there are several.
fn matched<'t>(ours: &[Rule], theirs: &'t [Rule]) -> Vec<Option<&'t Rule>> {
    let mut left: Vec<&Rule> = theirs.iter().collect();
    let mut found = vec![None; ours.len()];
    let rounds: [IsSame; 3] = [Rule::eq, is_same_variant, is_same_name];
    for is_same in rounds {
        for (rule, found) in ours.iter().zip(&mut found) {
            if found.is_none()
                && let Some(at) = left.iter().position(|other| is_same(rule, other))
            {
                *found = Some(left.remove(at));
            }
        }
    }
    found
}

fn is_same_name(one: &Rule, other: &Rule) -> bool {
    one.group == other.group && one.name() == other.name()
}

fn is_same_variant(one: &Rule, other: &Rule) -> bool {
    is_same_name(one, other) && one.value["labels"] == other.value["labels"]
}

pub(super) fn each(search: &mut Search<'_>) -> anyhow::Result<()> {
    disable(search);
    runbooks(search);
    thresholds::each(search);
    patch(search);
    files(search)
}

/// Components whose rules were not given at all.
pub(super) fn without_mixin(search: &mut Search<'_>) {
    let lacking = search
        .rendered
        .iter()
        .filter(|(key, _)| key.kind == "PrometheusRule" && search.given.get(key).is_none());
    let lacking = lacking.map(|(_, ours)| ours.object.origin.component.clone());
    for component in lacking.collect::<Vec<_>>() {
        search.attempt(&["components", &component, "mixin"], json!(false));
    }
}

/// Where the pages about alerts are by default.
pub(super) const RUNBOOKS: &str = "https://runbooks.prometheus-operator.dev/runbooks";

/// Where the pages about most alerts are, if that is elsewhere.
pub(super) fn runbooks_elsewhere(search: &Search<'_>) -> Option<String> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    let pairs = paired_rules(search);
    for (ours, theirs) in pairs.iter().flat_map(|pairs| &pairs.rules) {
        let page = |rule: &Rule| {
            let page = rule.value["annotations"]["runbook_url"].as_str();
            page.map(str::to_owned)
        };
        let base = page(ours).and_then(|ours| {
            let below = ours.strip_prefix(RUNBOOKS)?.to_owned();
            Some(page(theirs)?.strip_suffix(&below)?.to_owned())
        });
        *found.entry(base.unwrap_or_default()).or_default() += 1;
    }
    found.remove("");
    let (base, _) = found.into_iter().max_by_key(|(_, count)| *count)?;
    (base != RUNBOOKS).then_some(base)
}

fn runbooks(search: &mut Search<'_>) {
    let Some(base) = runbooks_elsewhere(search) else {
        return;
    };
    let path = ["rules", "runbooks"];
    if search.texts.are_ours() {
        search.attempt(&path, json!(base));
        return;
    }
    // Texts that are not compared are not nearer with it.
    let mut stack = search.stack.clone();
    set(&mut stack, &path, json!(base));
    if search.render(&stack).is_some() {
        search.stack = stack;
        search.measure_anew();
    }
}

/// Leaves out what was not given.
fn disable(search: &mut Search<'_>) {
    let all = ours(search);
    let mut gone = Vec::new();
    for (ours, theirs) in pairs(search) {
        let (ours, theirs) = (rules_of(&ours), rules_of(&theirs));
        let found = matched(&ours, &theirs);
        let lacking = ours
            .into_iter()
            .zip(found)
            .filter(|(_, found)| found.is_none());
        gone.extend(lacking.map(|(rule, _)| rule));
    }
    let selectors = selectors(&gone, &all);
    if !selectors.is_empty() {
        search.attempt(&["rules", "disable"], Value::Array(selectors));
    }
}

/// The fewest words that mean these rules and no others.
fn selectors(gone: &[Rule], all: &[Rule]) -> Vec<Value> {
    let mut selectors: Vec<Value> = Vec::new();
    let is_gone = |rule: &Rule| gone.contains(rule);
    for rule in gone {
        let same_group = |other: &&Rule| other.group == rule.group;
        let same_name = |other: &&Rule| other.name() == rule.name();
        let (kind, name) = rule.name();
        let selector = if all.iter().filter(same_group).all(is_gone) {
            json!({"group": rule.group})
        } else if all.iter().filter(same_name).all(is_gone) {
            json!(name)
        } else {
            selector(rule, kind, name, all)
        };
        if !selectors.contains(&selector) {
            selectors.push(selector);
        }
    }
    selectors
}

/// What selects a rule among all.
pub(super) fn selected(rule: &Rule, all: &[Rule]) -> Value {
    let (kind, name) = rule.name();
    selector(rule, kind, name, all)
}

/// What tells a rule from others of its name.
fn selector(rule: &Rule, kind: &str, name: &str, all: &[Rule]) -> Value {
    let same: Vec<&Rule> = all
        .iter()
        .filter(|other| other.name() == rule.name())
        .collect();
    let mut selector = json!({kind: name});
    if same.iter().any(|other| other.group != rule.group) {
        selector["group"] = json!(rule.group);
    }
    let others = same
        .iter()
        .filter(|other| other.group == rule.group && **other != rule);
    let others: Vec<&&Rule> = others.collect();
    if others.is_empty() {
        return selector;
    }
    let is_unique = others
        .iter()
        .all(|other| other.severity() != rule.severity());
    selector["where"] = match rule.severity().filter(|_| is_unique) {
        Some(severity) => json!({"severity": severity}),
        None => map_of(&rule.value["labels"]),
    };
    selector
}

/// Changes what was given otherwise, one rule after the other.
fn patch(search: &mut Search<'_>) {
    let all = ours(search);
    let begun = search.stack["rules"]["patch"].as_array();
    let mut patches = begun.cloned().unwrap_or_default();
    let begun = patches.len();
    for (rule, found) in paired_rules(search).iter().flat_map(|pairs| &pairs.rules) {
        let theirs = with_text_of(rule, found, &search.texts);
        if let Some((sets, was)) = changes(&rule.value, &theirs) {
            let mut patch = selected(rule, &all);
            for (field, value) in sets {
                patch[field] = value;
            }
            patch["was"] = Value::Object(was);
            patches.push(patch);
        }
    }
    let mut stack = search.stack.clone();
    set(
        &mut stack,
        &["rules", "patch"],
        Value::Array(patches.clone()),
    );
    if patches.len() == begun || search.attempt_stack(stack) {
        return;
    }
    // One of them is not right: the others are.
    let mut kept: Vec<Value> = patches.drain(..begun).collect();
    for patch in patches {
        kept.push(patch);
        if !search.attempt(&["rules", "patch"], Value::Array(kept.clone())) {
            kept.pop();
        }
    }
}

type Fields = Map<String, Value>;

/// What a patch sets in a rule, and what it replaces.
fn changes(ours: &Value, theirs: &Value) -> Option<(Fields, Fields)> {
    let (mut sets, mut was) = (Fields::new(), Fields::new());
    for field in ["for", "keep_firing_for"] {
        let of = |rule: &Value| rule[field].as_str().unwrap_or("0s").to_owned();
        if of(ours) != of(theirs) {
            sets.insert(field.to_owned(), json!(of(theirs)));
            was.insert(field.to_owned(), json!(of(ours)));
        }
    }
    let severity = |rule: &Value| rule["labels"]["severity"].clone();
    if severity(ours) != severity(theirs) && severity(theirs).is_string() {
        sets.insert("severity".to_owned(), severity(theirs));
        was.insert("severity".to_owned(), severity(ours));
    }
    for field in ["labels", "annotations"] {
        let (ours, theirs) = (map_of(&ours[field]), map_of(&theirs[field]));
        let set = differing(&merge_patch(&ours, &theirs));
        if !set.is_empty() {
            let before = set.keys().map(|name| (name.clone(), ours[name].clone()));
            was.insert(field.to_owned(), Value::Object(before.collect()));
            sets.insert(field.to_owned(), Value::Object(set));
        }
    }
    if ours["expr"] != theirs["expr"] {
        sets.insert("expr".to_owned(), theirs["expr"].clone());
        was.insert("expr".to_owned(), ours["expr"].clone());
    }
    (!sets.is_empty()).then_some((sets, was))
}

fn map_of(value: &Value) -> Value {
    if value.is_object() {
        value.clone()
    } else {
        json!({})
    }
}

/// What differs but for the severity, which has a field of its own.
fn differing(patch: &Value) -> Fields {
    let fields = patch.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, value)| *name != "severity" || value.is_null());
    fields
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Objects with rules of somebody's own become files.
fn files(search: &mut Search<'_>) -> anyhow::Result<()> {
    let is_new = |key: &ObjectKey| {
        key.kind == "PrometheusRule"
            && is_file_name(&key.name)
            && !search.rendered.contains_key(key)
    };
    let new = search.given.objects().filter(|(key, _)| is_new(key));
    let new: Vec<(String, String)> = new
        .map(|(key, object)| {
            let path = format!("rules/{}.yaml", key.name);
            (path, yaml::document(&object.value))
        })
        .collect();
    for (path, text) in new {
        if search.beside.iter().any(|file| file.path == path) {
            continue;
        }
        let list = &search.stack["rules"]["files"];
        let mut list = list.as_array().cloned().unwrap_or_default();
        list.push(json!(path));
        search.put_beside(SideFile {
            path,
            text,
            is_secret: false,
        })?;
        if !search.attempt(&["rules", "files"], Value::Array(list)) {
            search.beside.pop();
        }
    }
    Ok(())
}

/// A given object of rules in the order of ours, with the rules that only it has
/// after them; where texts are not compared, with our texts.
pub(super) fn in_our_order(ours: &Value, theirs: &Value, texts: &Texts) -> Value {
    let (our_rules, their_rules) = (rules_of(ours), rules_of(theirs));
    let found = matched(&our_rules, &their_rules);
    let mut by_group: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (rule, found) in our_rules.iter().zip(&found) {
        if let Some(found) = found {
            let rules = by_group.entry(&rule.group).or_default();
            rules.push(with_text_of(rule, found, texts));
        }
    }
    for rule in only_theirs(&our_rules, &their_rules, texts) {
        by_group
            .entry(&rule.group)
            .or_default()
            .push(rule.value.clone());
    }
    let mut object = theirs.clone();
    let groups = object["spec"]["groups"].as_array_mut();
    let Some(groups) = groups else {
        return object;
    };
    let place = |group: &Value| {
        let ours = ours["spec"]["groups"].as_array();
        let known = ours.and_then(|ours| ours.iter().position(|one| one["name"] == group["name"]));
        known.unwrap_or(usize::MAX)
    };
    groups.sort_by_key(place);
    for group in groups {
        let name = group["name"].as_str().unwrap_or_default().to_owned();
        if let Some(rules) = by_group.remove(name.as_str()) {
            group["rules"] = Value::Array(rules);
        }
    }
    object
}

/// A given rule, with our texts in place of those that are not compared.
fn with_text_of(ours: &Rule, theirs: &Rule, texts: &Texts) -> Value {
    let mut rule = theirs.value.clone();
    if theirs.value.get("for").is_none() && ours.value["for"] == "0s" {
        rule["for"] = ours.value["for"].clone();
    }
    let Texts::Others(changed) = texts else {
        return rule;
    };
    let is_said = changed.fields(theirs);
    if !is_said("expr") {
        rule["expr"] = ours.value["expr"].clone();
    }
    let of = |rule: &Rule, is_wanted: &dyn Fn(&str) -> bool| {
        let texts = map_of(&rule.value["annotations"]);
        let texts = texts.as_object().cloned().unwrap_or_default().into_iter();
        let wanted = texts.filter(|(name, _)| is_wanted(name));
        wanted.collect::<Fields>()
    };
    let mut annotations = of(ours, &|name| !is_said(name));
    annotations.extend(of(theirs, &is_said));
    if annotations.is_empty() {
        rule.as_object_mut()
            .and_then(|rule| rule.remove("annotations"));
    } else {
        rule["annotations"] = Value::Object(annotations);
    }
    rule
}

/// The rules of an object that kpbuild does not have, by their names.
pub(super) fn only_given(ours: &Value, theirs: &Value, texts: &Texts) -> Vec<String> {
    let (ours, theirs) = (rules_of(ours), rules_of(theirs));
    let only = only_theirs(&ours, &theirs, texts).into_iter();
    only.map(|rule| rule.name().1.to_owned()).collect()
}

/// The rules that are the same as none of ours. Where texts are not compared,
/// what is several rules of one name there may be one of ours.
fn only_theirs<'t>(ours: &[Rule], theirs: &'t [Rule], texts: &Texts) -> Vec<&'t Rule> {
    let found = matched(ours, theirs);
    let is_found = |rule: &Rule| {
        found
            .iter()
            .flatten()
            .any(|found| std::ptr::eq(*found, rule))
    };
    let is_covered = |rule: &Rule| {
        let mut ours = ours.iter();
        !texts.are_ours() && ours.any(|one| is_same_variant(one, rule))
    };
    let only = theirs
        .iter()
        .filter(|rule| !is_found(rule) && !is_covered(rule));
    only.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::release;

    fn rule(group: &str, alert: &str, severity: &str) -> Rule {
        Rule {
            group: group.to_owned(),
            value: json!({"alert": alert, "labels": {"severity": severity}}),
        }
    }

    #[test]
    fn rules_are_named_in_the_fewest_words() {
        let all = [
            rule("g", "A", "critical"),
            rule("g", "A", "warning"),
            rule("g", "B", "warning"),
            rule("h", "B", "warning"),
            rule("h", "C", "warning"),
            rule("i", "D", "warning"),
            rule("i", "E", "warning"),
        ];
        let gone = [&all[0], &all[2], &all[4], &all[5], &all[6]].map(Clone::clone);
        assert_eq!(
            selectors(&gone, &all),
            [
                json!({"alert": "A", "where": {"severity": "critical"}}),
                json!({"alert": "B", "group": "g"}),
                json!("C"),
                json!({"group": "i"}),
            ]
        );
    }

    #[test]
    fn a_change_remembers_what_it_replaces() {
        let ours = json!({
            "alert": "A", "expr": "1", "for": "5m",
            "labels": {"severity": "warning", "team": "a"}, "annotations": {"s": "t"},
        });
        let theirs = json!({
            "alert": "A", "expr": "2",
            "labels": {"severity": "info"}, "annotations": {"s": "u"},
        });
        let (sets, was) = changes(&ours, &theirs).expect("they differ");
        assert_eq!(
            Value::Object(sets),
            json!({
                "for": "0s", "severity": "info", "expr": "2",
                "labels": {"team": null}, "annotations": {"s": "u"},
            })
        );
        assert_eq!(
            Value::Object(was),
            json!({
                "for": "5m", "severity": "warning", "expr": "1",
                "labels": {"team": "a"}, "annotations": {"s": "t"},
            })
        );
        assert_eq!(changes(&ours, &ours), None);
    }

    #[test]
    fn texts_that_are_not_compared_are_ours() {
        let of = |value: Value| Rule {
            group: "g".to_owned(),
            value,
        };
        let ours = of(json!({"alert": "A", "expr": "1", "annotations": {"s": "t", "d": "x"}}));
        let theirs = of(json!({"alert": "A", "expr": "2", "for": "1m", "annotations": {"s": "u"}}));
        let texts = Texts::Others(release::Changed::default());
        assert_eq!(
            with_text_of(&ours, &theirs, &texts),
            json!({"alert": "A", "expr": "1", "for": "1m", "annotations": {"s": "t", "d": "x"}})
        );
    }
}
