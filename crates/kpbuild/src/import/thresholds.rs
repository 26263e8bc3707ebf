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

pub(super) fn each(search: &mut Search<'_>) {
    if !search.told.is_of_release {
        return;
    }
    let changed: Vec<ChangedRule> = search.told.rules.clone();
    let changed = changed.iter().filter(|rule| rule.numbers.is_some());
    let mut tried = Tried::new();
    let mut choices: BTreeMap<&String, Vec<String>> = BTreeMap::new();
    for rule in changed.clone() {
        let right = right_for(search, rule, &mut tried);
        if !right.is_empty() {
            choices.insert(&rule.keys[0], right);
        }
    }
    let is_chosen_by = |name: &String, rule: &String| {
        let chosen = choices.get(rule);
        chosen.is_some_and(|chosen| chosen.contains(name))
    };
    let for_all: BTreeSet<&String> = choices
        .values()
        .flatten()
        .filter(|name| tried[*name].1.keys().all(|rule| is_chosen_by(name, rule)))
        .collect();
    let stack = with_parameters(search, &choices, &for_all, &tried);
    if choices.is_empty() || search.render(&stack).is_none() {
        return;
    }
    search.stack = stack;
    for rule in search
        .told
        .rules
        .iter_mut()
        .filter(|rule| choices.contains_key(&rule.keys[0]))
    {
        rule.is_parameter = true;
        if let Texts::Others(changed) = &mut search.texts {
            rule.keys.iter().for_each(|key| changed.settle(key, "expr"));
        }
    }
    search.measure_anew();
}

/// The stack with what is right: for all rules of a mixin, or for one alone.
fn with_parameters(
    search: &Search<'_>,
    choices: &BTreeMap<&String, Vec<String>>,
    for_all: &BTreeSet<&String>,
    tried: &Tried,
) -> Value {
    let mut stack = search.stack.clone();
    let all = ours(search);
    let mut patches = Vec::new();
    for (key, chosen) in choices {
        let mut alone = json!({});
        for name in chosen {
            let parameter = &tried[name].0;
            if for_all.contains(name) {
                set(&mut stack, &below_rules(parameter), parameter.value.clone());
            } else {
                set(&mut alone, &parameter.path[1..], parameter.value.clone());
            }
        }
        let rule = all.iter().find(|rule| release::key(rule) == **key);
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
    let Some([old, new]) = &rule.numbers else {
        return Vec::new();
    };
    let pairs: BTreeSet<(&str, &str)> = rule.pairs().into_iter().collect();
    let mut right: Vec<(String, Vec<usize>)> = Vec::new();
    let mut is_in_order = false;
    for pair in &pairs {
        for parameter in candidates(*pair) {
            let name = parameter.name();
            let entry = tried.entry(name.clone()).or_insert_with(|| {
                let effect = effect(search, &parameter);
                (parameter, effect)
            });
            let Some((before, after)) = entry.1.get(&rule.keys[0]) else {
                continue;
            };
            let (before, after) = (numbers(before), numbers(after));
            let Some(places) = places(&before, &after) else {
                continue;
            };
            is_in_order =
                before.len() == old.len() && before.iter().zip(old).all(|(a, b)| is_same(a, b));
            let fits = if is_in_order {
                places
                    .iter()
                    .all(|place| is_same(&after[*place], &new[*place]))
            } else {
                says_all(*pair, (old, new), (&before, &after), &places)
            };
            if fits && !right.iter().any(|(known, _)| *known == name) {
                right.push((name, places));
            }
        }
    }
    let wanted: Vec<usize> = places(old, new).unwrap_or_default();
    let mut said: Vec<usize> = right
        .iter()
        .flat_map(|(_, places)| places.clone())
        .collect();
    said.sort_unstable();
    // Where kpbuild has other numbers in the expression, there is one for each.
    let is_right = if is_in_order {
        said == wanted
    } else {
        right.len() == pairs.len()
    };
    if is_right {
        right.into_iter().map(|(name, _)| name).collect()
    } else {
        Vec::new()
    }
}

/// Whether a number that stands at other places was changed as a whole: all of
/// the old ones, in both expressions.
fn says_all(
    (old, new): (&str, &str),
    theirs: (&[String], &[String]),
    (before, after): (&[String], &[String]),
    places: &[usize],
) -> bool {
    let both = theirs.0.iter().zip(theirs.1);
    let mut same_old = both.filter(|(one, _)| is_same(one, old));
    FACTORS.into_iter().any(|factor| {
        let [old, new] = [old, new].map(|number| times(number, factor));
        places
            .iter()
            .all(|place| is_same(&before[*place], &old) && is_same(&after[*place], &new))
            && !after.iter().any(|number| is_same(number, &old))
    }) && same_old.all(|(_, changed)| is_same(changed, new))
}

/// A number many times as large; a duration is one of another kind.
fn times(number: &str, factor: f64) -> String {
    match number.parse::<f64>() {
        // Shares are written with few digits, which must not become many.
        Ok(amount) => ((amount * factor * 1e9).round() / 1e9).to_string(),
        Err(_) => number.to_owned(),
    }
}

/// Where two lists of numbers differ; nothing if one is longer.
fn places(before: &[String], after: &[String]) -> Option<Vec<usize>> {
    let both = || before.iter().zip(after).enumerate();
    let differing = both().filter(|(_, (before, after))| !is_same(before, after));
    (before.len() == after.len()).then(|| differing.map(|(place, _)| place).collect())
}

fn numbers(rule: &Rule) -> Vec<String> {
    let text = rule.value["expr"].as_str().unwrap_or_default();
    release::expression(text).numbers
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
            let places = places(&before, &after).expect("they are as long");
            says_all(("25", "50"), (&old, &new), (&before, &after), &places)
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
