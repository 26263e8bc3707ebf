//! The life of a rule: what feeds it, who uses it, and where its alert is sent.

use kpbuild_core::Object;
use serde_json::Value;

use super::Unknown;
use crate::alerting::{Matcher, matchers, readable};
use crate::facts::{Facts, items, strings};
use crate::metrics::metrics;
use crate::promql::uses;
use crate::rules::Rule;

/// Everything about one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleStory {
    /// The rule, with its group and object.
    pub title: String,
    /// Its expression.
    pub expr: String,
    /// Facts about when it is evaluated and fires, in words.
    pub timing: Vec<String>,
    /// What it reads.
    pub reads: Vec<Source>,
    /// Who reads it: rules, panels, the adapter.
    pub used_by: Vec<String>,
    /// Where its alert is sent; none for records.
    pub sent_to: Vec<Receiver>,
}

/// A metric or record that a rule reads, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Where it comes from, a line each; nothing if it does not exist.
    pub from: Vec<String>,
}

/// A receiver of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// The object with the configuration.
    pub object: String,
    /// How it notifies, such as `slack`; nothing if nobody is told.
    pub notifies: Vec<String>,
    /// Conditions on labels that are known only when the alert fires.
    pub only_if: Vec<String>,
    /// Waiting times and grouping, in words.
    pub timing: String,
}

pub(super) fn stories(facts: &Facts<'_>, name: &str) -> Result<Vec<RuleStory>, Unknown> {
    let named: Vec<&Rule<'_>> = facts
        .rules
        .iter()
        .filter(|rule| rule.name == name)
        .collect();
    if named.is_empty() {
        return Err(Unknown::new(
            name,
            facts.rules.iter().map(|rule| rule.name.to_owned()),
        ));
    }
    Ok(named.into_iter().map(|rule| story(facts, rule)).collect())
}

fn story(facts: &Facts<'_>, rule: &Rule<'_>) -> RuleStory {
    let kind = if rule.is_alert { "alert" } else { "record" };
    RuleStory {
        title: format!(
            "{kind} `{}`: {}, group {}",
            rule.name,
            rule.object.key(),
            rule.group
        ),
        expr: rule.text.trim().to_owned(),
        timing: timing(facts, rule),
        reads: reads(facts, rule),
        used_by: used_by(facts, rule),
        sent_to: if rule.is_alert {
            sent_to(facts, rule)
        } else {
            Vec::new()
        },
    }
}

fn timing(facts: &Facts<'_>, rule: &Rule<'_>) -> Vec<String> {
    let groups = items(&rule.object.value()["spec"]["groups"]);
    let own = groups
        .filter(|group| group["name"] == rule.group)
        .find_map(|group| group["interval"].as_str());
    let default = facts
        .bundle
        .of_kind("Prometheus")
        .find_map(|object| object.value()["spec"]["evaluationInterval"].as_str());
    let interval = own.or(default).unwrap_or("30s");
    let mut all = vec![format!("evaluated every {interval}")];
    if rule.is_alert {
        all.push(match rule.value["for"].as_str() {
            Some(time) => format!("fires when it has been true for {time}"),
            None => "fires at once".to_owned(),
        });
    }
    let keep = rule.value["keep_firing_for"].as_str();
    all.extend(keep.map(|time| format!("keeps firing for {time}")));
    all
}

/// What a rule reads, each name once.
fn reads(facts: &Facts<'_>, rule: &Rule<'_>) -> Vec<Source> {
    let Ok(expr) = &rule.expr else {
        return Vec::new();
    };
    let mut all: Vec<Source> = Vec::new();
    for one in uses(expr) {
        let Some(name) = one.name() else { continue };
        let mut from = Vec::new();
        for index in facts.records.get(name).into_iter().flatten() {
            let maker = &facts.rules[*index];
            from.push(format!(
                "recorded in group {} of {}",
                maker.group,
                maker.object.key()
            ));
        }
        if metrics().synthetic(name) {
            from.push("made by Prometheus itself".to_owned());
        }
        for (scrape, _) in facts.sources(name, &one.selector.matchers) {
            let component = scrape.component.map_or("", |component| component.name);
            let dropped = if scrape.drops(name) { ", dropped" } else { "" };
            let job = scrape.job.as_deref().unwrap_or(component);
            from.push(format!(
                "{component}, job {job}, every {}s by {}{dropped}",
                scrape.interval / 1000,
                scrape.monitor.key()
            ));
        }
        if from.is_empty() && facts.is_declared(name) {
            from.push("declared in the stack file".to_owned());
        }
        match all.iter_mut().find(|source| source.name == name) {
            Some(known) => known.from.extend(from),
            None => all.push(Source {
                name: name.to_owned(),
                from,
            }),
        }
    }
    for source in &mut all {
        source.from.sort();
        source.from.dedup();
    }
    all
}

fn used_by(facts: &Facts<'_>, rule: &Rule<'_>) -> Vec<String> {
    let reads = |name: Option<&str>, matchers: &promql_parser::label::Matchers| {
        if rule.is_alert {
            let is_state = name.is_some_and(|name| name.starts_with("ALERTS"));
            let mut named = matchers
                .matchers
                .iter()
                .filter(|one| one.name == "alertname");
            is_state && named.any(|one| one.is_match(rule.name))
        } else {
            name == Some(rule.name)
        }
    };
    let mut all: Vec<String> = facts
        .expressions()
        .filter(|expression| {
            uses(expression.expr)
                .iter()
                .any(|one| reads(one.name(), &one.selector.matchers))
        })
        .map(|expression| expression.place())
        .collect();
    all.dedup();
    if rule.is_alert {
        all.extend(inhibited_by(facts, rule));
    }
    all
}

/// Inhibitions in which the alert is the cause.
fn inhibited_by(facts: &Facts<'_>, rule: &Rule<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for (object, config) in readable(facts) {
        for one in items(&config["inhibit_rules"]) {
            let source = matchers(one, "source_");
            if fits(&source, rule) == Fit::Yes && !source.is_empty() {
                let target: Vec<String> = matchers(one, "target_").iter().map(text).collect();
                all.push(format!(
                    "an inhibition in `{}`: while it fires, alerts with {} are not sent",
                    object.key(),
                    target.join(", ")
                ));
            }
        }
    }
    all
}

/// The receivers of an alert, as far as its labels are known.
fn sent_to(facts: &Facts<'_>, rule: &Rule<'_>) -> Vec<Receiver> {
    let mut all = Vec::new();
    for (object, config) in readable(facts) {
        let top = Inherited::default();
        walk(&config["route"], &top, &[], rule, object, &config, &mut all);
    }
    all
}

/// What a route takes over from those above it.
#[derive(Debug, Clone, Default)]
struct Inherited<'v> {
    receiver: &'v str,
    wait: Option<&'v str>,
    interval: Option<&'v str>,
    repeat: Option<&'v str>,
    group_by: Vec<&'v str>,
}

/// Follows the routes as Alertmanager does; says whether the alert is taken for sure.
fn walk<'v>(
    route: &'v Value,
    above: &Inherited<'v>,
    conditions: &[String],
    rule: &Rule<'_>,
    object: &Object,
    config: &'v Value,
    found: &mut Vec<Receiver>,
) {
    let group_by: Vec<&str> = strings(&route["group_by"]).collect();
    let own = Inherited {
        receiver: route["receiver"].as_str().unwrap_or(above.receiver),
        wait: route["group_wait"].as_str().or(above.wait),
        interval: route["group_interval"].as_str().or(above.interval),
        repeat: route["repeat_interval"].as_str().or(above.repeat),
        group_by: if group_by.is_empty() {
            above.group_by.clone()
        } else {
            group_by
        },
    };
    for below in items(&route["routes"]) {
        let wanted = matchers(below, "");
        let fit = fits(&wanted, rule);
        if fit == Fit::No {
            continue;
        }
        let mut more = conditions.to_vec();
        if fit == Fit::Maybe {
            more.extend(unknown(&wanted, rule).map(text));
        }
        walk(below, &own, &more, rule, object, config, found);
        if fit == Fit::Yes && below["continue"] != true {
            return;
        }
    }
    found.push(Receiver {
        name: own.receiver.to_owned(),
        object: object.key().to_string(),
        notifies: notifiers(config, own.receiver),
        only_if: conditions.to_vec(),
        timing: own.words(),
    });
}

impl Inherited<'_> {
    fn words(&self) -> String {
        let group = match self.group_by.as_slice() {
            [] => "all alerts of the route together".to_owned(),
            labels => format!("grouped by {}", labels.join(", ")),
        };
        format!(
            "{group}; first after {}, more after {}, again after {}",
            self.wait.unwrap_or("30s"),
            self.interval.unwrap_or("5m"),
            self.repeat.unwrap_or("4h")
        )
    }
}

/// How a receiver notifies: the kinds of its configurations.
fn notifiers(config: &Value, name: &str) -> Vec<String> {
    let receiver = items(&config["receivers"]).find(|one| one["name"] == name);
    let fields = receiver.and_then(Value::as_object).into_iter().flatten();
    fields
        .filter(|(_, list)| list.as_array().is_some_and(|list| !list.is_empty()))
        .filter_map(|(field, _)| field.strip_suffix("_configs").map(str::to_owned))
        .collect()
}

/// Whether conditions hold for an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    No,
    /// It depends on labels that only the firing alert has.
    Maybe,
}

fn fits(wanted: &[Matcher], rule: &Rule<'_>) -> Fit {
    let known = wanted
        .iter()
        .filter_map(|one| Some(one.is_match(&label(&one.name, rule)?)));
    if known.clone().any(|fits| !fits) {
        return Fit::No;
    }
    if known.count() == wanted.len() {
        Fit::Yes
    } else {
        Fit::Maybe
    }
}

fn unknown<'m>(wanted: &'m [Matcher], rule: &'m Rule<'_>) -> impl Iterator<Item = &'m Matcher> {
    wanted
        .iter()
        .filter(move |one| label(&one.name, rule).is_none())
}

/// The value of a label of an alert, if the rule decides it.
fn label(name: &str, rule: &Rule<'_>) -> Option<String> {
    if name == "alertname" {
        return Some(rule.name.to_owned());
    }
    let value = rule.label(name)?;
    (!value.contains("{{")).then(|| value.to_owned())
}

fn text(matcher: &Matcher) -> String {
    format!("{}{}\"{}\"", matcher.name, matcher.operator, matcher.value)
}
