//! Numbers of expressions that were changed by hand, in rules that kpbuild has in
//! words of its own: the parameters that say them.
//!
//! A parameter is right for a rule if it had the old number, and with the new one
//! the rule changes as it was changed by hand and in nothing else. It is set for
//! all rules if all that it changes were changed alike, and for the rule alone
//! otherwise. Where parameters do not say it, or several might, the expression is
//! taken over as it was given.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::meaning::Texts;
use super::release::{self, ChangedRule};
use super::rules::{Rule, ours, rules_of, selected};
use super::{Rendered, Search, set};

/// How a number may be written otherwise: as it is, in percent, or as a share.
const FACTORS: [f64; 3] = [1.0, 100.0, 0.01];

/// What the stack file's schema says of parameters, by mixin.
static PARAMETERS: LazyLock<Value> = LazyLock::new(|| {
    let schema = kpbuild_stack::schema::published();
    let parameters = schema.pointer("/$defs/Rules/properties/parameters/properties");
    parameters
        .cloned()
        .expect("the schema has parameters of rules")
});

/// A parameter with another value: the steps below `rules.parameters`.
#[derive(Debug, Clone)]
struct Parameter {
    path: Vec<String>,
    value: Value,
}

impl Parameter {
    fn name(&self) -> String {
        format!("{}={}", self.path.join("."), self.value)
    }
}

/// The rules that a parameter changes, by their keys: before and after.
type Effect = BTreeMap<String, (Rule, Rule)>;

/// What was tried, by the name of the parameter.
type Tried = BTreeMap<String, (Parameter, Effect)>;

/// The names of the parameters that say the numbers of a rule, by its key.
type Choices = BTreeMap<String, Vec<String>>;

pub(super) fn each(search: &mut Search<'_>) {
    if !search.told.is_of_release {
        return;
    }
    let changed = search.told.rules.clone();
    let mut tried = Tried::new();
    let mut choices = Choices::new();
    for rule in &changed {
        let right = right_for(search, rule, &mut tried);
        if !right.is_empty() {
            choices.insert(rule.keys[0].clone(), right);
        }
    }
    let stack = with_parameters(search, &choices, &tried);
    if !choices.is_empty() && search.render(&stack).is_some() {
        search.stack = stack;
        settle(search, &choices);
        search.measure_anew();
    }
}

/// Compares expressions no more that parameters say.
fn settle(search: &mut Search<'_>, choices: &Choices) {
    let rules = search.told.rules.iter_mut();
    for rule in rules.filter(|rule| choices.contains_key(&rule.keys[0])) {
        rule.is_parameter = true;
        if let Texts::Others(changed) = &mut search.texts {
            rule.keys.iter().for_each(|key| changed.settle(key, "expr"));
        }
    }
}

/// The stack with what is right: for all rules of a mixin, or for one alone.
fn with_parameters(search: &Search<'_>, choices: &Choices, tried: &Tried) -> Value {
    let is_for_all = |name: &String| {
        let mut changed = tried[name].1.keys();
        changed.all(|rule| {
            choices
                .get(rule)
                .is_some_and(|chosen| chosen.contains(name))
        })
    };
    let mut stack = search.stack.clone();
    let all = ours(search);
    let mut patches = Vec::new();
    for (key, chosen) in choices {
        let mut alone = json!({});
        for name in chosen {
            let parameter = &tried[name].0;
            if is_for_all(name) {
                set(&mut stack, &below_rules(parameter), parameter.value.clone());
            } else {
                set(&mut alone, &parameter.path[1..], parameter.value.clone());
            }
        }
        let rule = all.iter().find(|rule| release::key(rule) == *key);
        if let Some(rule) = rule.filter(|_| alone != json!({})) {
            let mut patch = selected(rule, &all);
            patch["parameters"] = alone;
            patches.push(patch);
        }
    }
    if !patches.is_empty() {
        set(&mut stack, &["rules", "patch"], Value::Array(patches));
    }
    stack
}

fn below_rules(parameter: &Parameter) -> Vec<String> {
    let path = ["rules", "parameters"].map(str::to_owned);
    path.into_iter().chain(parameter.path.clone()).collect()
}

/// The names of the parameters that together make the numbers of a rule what they
/// were changed to; none if there are none, or if others would do, too.
fn right_for(search: &Search<'_>, rule: &ChangedRule, tried: &mut Tried) -> Vec<String> {
    let pairs: BTreeSet<(&str, &str)> = rule.pairs().into_iter().collect();
    let mut right: BTreeMap<String, Change> = BTreeMap::new();
    let mut is_unique = true;
    for pair in pairs {
        let fitting = fitting(search, rule, pair, tried);
        is_unique &= fitting.len() == 1;
        right.extend(fitting);
    }
    let (Some([old, new]), Some(change)) = (&rule.numbers, right.values().next()) else {
        return Vec::new();
    };
    // Where kpbuild has other numbers in the expression, there is one for each.
    let is_right = if is_same_list(&change.before, old) {
        let mut places: Vec<usize> = right.values().flat_map(Change::places).collect();
        places.sort_unstable();
        places == differing(old, new)
    } else {
        is_unique
    };
    let names = right.into_keys().filter(|_| is_right);
    names.collect()
}

/// The parameters that change a rule of kpbuild as a pair of an old and a new
/// number was changed in the given one.
fn fitting(
    search: &Search<'_>,
    rule: &ChangedRule,
    pair: (&str, &str),
    tried: &mut Tried,
) -> Vec<(String, Change)> {
    let Some([old, new]) = &rule.numbers else {
        return Vec::new();
    };
    let changes = candidates(pair).into_iter().filter_map(|parameter| {
        let name = parameter.name();
        let (_, effect) = tried.entry(name.clone()).or_insert_with(|| {
            let effect = effect(search, &parameter);
            (parameter, effect)
        });
        let (before, after) = effect.get(&rule.keys[0])?;
        Some((name, Change::between(before, after)?))
    });
    let fits = |change: &Change| {
        if is_same_list(&change.before, old) {
            let mut places = change.places().into_iter();
            places.all(|place| is_same(&change.after[place], &new[place]))
        } else {
            change.says_all(pair, old, new)
        }
    };
    changes.filter(|(_, change)| fits(change)).collect()
}

/// How the numbers of a rule of kpbuild change.
#[derive(Debug)]
struct Change {
    before: Vec<String>,
    after: Vec<String>,
}

impl Change {
    /// The change of a rule, if its numbers are all that changes.
    fn between(before: &Rule, after: &Rule) -> Option<Self> {
        let expression = |rule: &Rule| {
            let text = rule.value["expr"].as_str().unwrap_or_default();
            release::expression(text)
        };
        let (before, after) = (expression(before), expression(after));
        let change = Self {
            before: before.numbers.clone(),
            after: after.numbers.clone(),
        };
        (before.has_words_of(&after) && !change.places().is_empty()).then_some(change)
    }

    fn places(&self) -> Vec<usize> {
        differing(&self.before, &self.after)
    }

    /// Whether a number that stands at other places in the given rule changes as a
    /// whole: all of the old ones, in both.
    fn says_all(&self, (old, new): (&str, &str), theirs: &[String], changed: &[String]) -> bool {
        let both = theirs.iter().zip(changed);
        let mut same_old = both.filter(|(one, _)| is_same(one, old));
        let says = |factor: f64| {
            let [old, new] = [old, new].map(|number| times(number, factor));
            let is_pair = |place: usize| {
                is_same(&self.before[place], &old) && is_same(&self.after[place], &new)
            };
            self.places().into_iter().all(is_pair)
                && !self.after.iter().any(|number| is_same(number, &old))
        };
        FACTORS.into_iter().any(says) && same_old.all(|(_, changed)| is_same(changed, new))
    }
}

/// A number many times as large; a duration is one of another kind.
fn times(number: &str, factor: f64) -> String {
    match number.parse::<f64>() {
        // Shares are written with few digits, which must not become many.
        Ok(amount) => ((amount * factor * 1e9).round() / 1e9).to_string(),
        Err(_) => number.to_owned(),
    }
}

/// Where two lists of numbers differ, which are as long.
fn differing(before: &[String], after: &[String]) -> Vec<usize> {
    let both = before.iter().zip(after).enumerate();
    let differing = both.filter(|(_, (before, after))| !is_same(before, after));
    differing.map(|(place, _)| place).collect()
}

fn is_same_list(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && differing(one, other).is_empty()
}

/// Whether two numbers or durations are the same, however they are written.
fn is_same(one: &str, other: &str) -> bool {
    let amount = |text: &str| text.parse::<f64>().ok();
    one == other || amount(one).is_some_and(|one| Some(one) == amount(other))
}

/// The parameters that have the old number, with the new one.
fn candidates((old, new): (&str, &str)) -> Vec<Parameter> {
    let mut found = Vec::new();
    for (mixin, parameters) in PARAMETERS.as_object().into_iter().flatten() {
        collect(parameters, &mut vec![mixin.clone()], (old, new), &mut found);
    }
    found
}

fn collect(
    schema: &Value,
    path: &mut Vec<String>,
    (old, new): (&str, &str),
    found: &mut Vec<Parameter>,
) {
    if let Some(value) = changed(&schema["default"], old, new) {
        let path = path.clone();
        found.push(Parameter { path, value });
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        path.push(name.clone());
        collect(field, path, (old, new), found);
        path.pop();
    }
}

/// What a parameter with this default would be, if it has the old number.
fn changed(default: &Value, old: &str, new: &str) -> Option<Value> {
    match default {
        Value::String(text) => (text == old).then(|| json!(new)),
        Value::Number(number) => FACTORS.into_iter().find_map(|factor| {
            let value = times(new, factor);
            let is_old = is_same(&number.to_string(), &times(old, factor));
            let value: Value = serde_json::from_str(&value).ok()?;
            (is_old && value.is_number()).then_some(value)
        }),
        _ => None,
    }
}

/// What a parameter changes in rules.
fn effect(search: &Search<'_>, parameter: &Parameter) -> Effect {
    let mut stack = search.stack.clone();
    set(&mut stack, &below_rules(parameter), parameter.value.clone());
    let Some(after) = search.render(&stack) else {
        return Effect::new();
    };
    let (before, after) = (by_place(&search.rendered), by_place(&after));
    let both = before.into_iter().zip(after);
    let both = both.map(|(before, after)| (release::key(&before), (before, after)));
    // Another number of rules makes no pairs of them.
    let changed = both.filter(|(key, (before, after))| {
        *key == release::key(after) && before.value["expr"] != after.value["expr"]
    });
    changed.collect()
}

fn by_place(rendered: &Rendered) -> Vec<Rule> {
    let objects = rendered
        .iter()
        .filter(|(key, _)| key.kind == "PrometheusRule");
    objects
        .flat_map(|(_, ours)| rules_of(ours.object.value()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_has_the_old_number_or_its_percentage() {
        let parameter = |old: &str, new: &str| {
            let found = candidates((old, new)).into_iter();
            let names: Vec<String> = found.map(|parameter| parameter.name()).collect();
            let name = "kubernetes.volumeWarningPercent=";
            names
                .iter()
                .find_map(|one| one.strip_prefix(name).map(str::to_owned))
        };
        assert_eq!(parameter("15", "20"), Some("20".to_owned()));
        assert_eq!(parameter("0.15", "0.07"), Some("7".to_owned()));
        assert_eq!(parameter("15m", "20m"), None);
        let windows = candidates(("6h", "1d")).into_iter();
        let windows: Vec<String> = windows.map(|parameter| parameter.name()).collect();
        assert_eq!(
            windows,
            [
                "kubernetes.volumeTrendWindow=\"1d\"",
                "node-exporter.fsFillingUpWindow=\"1d\""
            ]
        );
    }

    #[test]
    fn a_number_at_other_places_is_changed_as_a_whole() {
        let list = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let says = |theirs: [&str; 2], ours: [&str; 2]| {
            let ([old, new], [before, after]) = (theirs.map(list), ours.map(list));
            Change { before, after }.says_all(("25", "50"), &old, &new)
        };
        assert!(says(["25 100", "50 100"], ["1 0.25", "1 0.5"]));
        assert!(
            !says(["25 100", "50 100"], ["1 0.25", "1 0.6"]),
            "another number"
        );
        assert!(
            !says(["25 25", "50 25"], ["25", "50"]),
            "one of two in theirs"
        );
        assert!(
            !says(["25 1", "50 1"], ["25 25 2", "50 25 2"]),
            "one of two in ours"
        );
    }
}
