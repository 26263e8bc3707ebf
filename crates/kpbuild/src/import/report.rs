//! What the user should know about a stack that was made of manifests: what it
//! does not say, and what it says that one might not expect. No value of a
//! Secret is among it.

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_core::ObjectKey;

use super::patches::Patched;
use super::release::ChangedRule;
use super::{Search, dashboards, release, rules};

/// What is said, and how many objects are as they were.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) notes: Vec<String>,
    pub(super) objects: usize,
    pub(super) same: usize,
}

pub(super) fn of(search: &Search<'_>, patched: &Patched) -> Report {
    let given: Vec<&ObjectKey> = search.given.objects().map(|(key, _)| key).collect();
    let same = |key: &&ObjectKey| {
        let ours = search.rendered.get(*key);
        ours.is_some_and(|ours| ours.left == 0)
    };
    let notes = [
        not_rendered(search),
        foreign_definitions(search),
        differing(search, patched),
        as_shipped(search),
        changed(search),
        joined(search),
        numbers(search),
        unknown(search),
        rules_added(search),
        versions(search),
        mended(search),
    ];
    Report {
        notes: notes.into_iter().flatten().collect(),
        objects: given.len(),
        same: given.into_iter().filter(same).count(),
    }
}

/// Lines below a heading; nothing where there are none.
pub(super) fn list(heading: &str, lines: impl IntoIterator<Item = String>) -> Option<String> {
    let lines: Vec<String> = lines.into_iter().map(|line| format!("  {line}")).collect();
    (!lines.is_empty()).then(|| format!("{heading}\n{}", lines.join("\n")))
}

fn not_rendered(search: &Search<'_>) -> Option<String> {
    let given = search.given.objects();
    let left = given.filter(|(key, _)| !search.rendered.contains_key(*key));
    list(
        "not in the stack, because no field says it; go on applying these beside it:",
        left.map(|(key, object)| format!("{key} ({})", object.place)),
    )
}

fn foreign_definitions(search: &Search<'_>) -> Option<String> {
    list(
        "not in the stack, because none of its components needs them; go on applying these beside it:",
        search.given.foreign_definitions().map(ToString::to_string),
    )
}

/// What is not as it was given on purpose.
fn mended(search: &Search<'_>) -> Option<String> {
    let text = "Pyrra comes with what kube-prometheus' addon lacks: NetworkPolicies for its pods, a way for it through that\n\
                of Prometheus, and the controller's own port and security settings";
    search.given.is_mended().then(|| text.to_owned())
}

/// Objects that are not quite what was given.
fn differing(search: &Search<'_>, patched: &Patched) -> Option<String> {
    let differing = search.rendered.iter().filter(|(_, ours)| ours.left > 0);
    let line = |key: &ObjectKey, left: usize| {
        let place = search
            .given
            .get(key)
            .map_or("", |object| object.place.as_str());
        let why = match search.given.get(key) {
            None => "is rendered although it was not given".to_owned(),
            Some(_) if patched.beyond.contains(key) => {
                format!("differs in {left} fields, which no patch says")
            }
            Some(_) => format!("differs in {left} fields after its patch"),
        };
        match place {
            "" => format!("{key} {why}"),
            place => format!("{key} {why} ({place})"),
        }
    };
    list(
        "not as it was given; compare it by hand:",
        differing.map(|(key, ours)| line(key, ours.left)),
    )
}

/// What kpbuild has in words of its own, and rightly so.
fn as_shipped(search: &Search<'_>) -> Option<String> {
    let (told, release) = (&search.told, release::name());
    let counts = [
        (told.rules_as_shipped, "rules"),
        (told.dashboards_as_shipped, "dashboards"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    (!counts.is_empty()).then(|| {
        let counts = counts.join(" and ");
        format!("kpbuild says in words of its own what is as in {release}: {counts}")
    })
}

/// What is not as it was shipped: names, by the group that they are in.
fn changed(search: &Search<'_>) -> Option<String> {
    let (told, release) = (&search.told, release::name());
    let rules = told.rules.iter().map(|rule| {
        let what = match (told.is_of_release, &rule.numbers) {
            (false, None) => rule.name.clone(),
            (false, Some(_)) => format!("{} ({})", rule.name, pairs(rule)),
            (true, _) => format!("{} ({})", rule.name, what(rule)),
        };
        (rule.group.clone(), what)
    });
    let lines = rules.chain(of_texts(&told.texts));
    if told.is_of_release {
        let heading = format!("changed by hand in {release}, and taken over into the stack:");
        return list(&heading, by_group(lines));
    }
    let lines = by_group(lines.chain(told.joined_rules.iter().cloned()));
    let heading = format!(
        "not as in {release}, changed by you or of another release; kpbuild's own text stands in place.\n\
         Write changes of yours into the stack, by `rules.patch`, `rules.parameters` or `dashboards.files`:"
    );
    list(&heading, lines)
}

/// What of a rule was changed: fields, and of numbers the old and the new one.
fn what(rule: &ChangedRule) -> String {
    let fields = rule.fields.iter().map(|field| match field.as_str() {
        "expr" if rule.numbers.is_some() => pairs(rule),
        field => field.to_owned(),
    });
    fields.collect::<Vec<_>>().join(", ")
}

fn pairs(rule: &ChangedRule) -> String {
    let pairs: BTreeSet<String> = rule
        .pairs()
        .into_iter()
        .map(|(old, new)| format!("{old} is now {new}"))
        .collect();
    pairs.into_iter().collect::<Vec<_>>().join(", ")
}

/// Thresholds that were changed, and that no parameter says.
fn numbers(search: &Search<'_>) -> Option<String> {
    let rules = search.told.rules.iter();
    let unsaid = rules.filter(|rule| rule.numbers.is_some() && !rule.is_parameter);
    let lines = unsaid.map(|rule| format!("{}: {}", rule.name, pairs(rule)));
    let lines: Vec<String> = lines.collect();
    list(
        "numbers that no parameter says, or that several might; the expression stands in `rules.patch` as it was given:",
        lines.into_iter().filter(|_| search.told.is_of_release),
    )
}

/// What kpbuild has one rule for where the release has several.
fn joined(search: &Search<'_>) -> Option<String> {
    let told = &search.told;
    let rules = told.joined_rules.iter().cloned();
    let heading = format!(
        "changed by hand in {}, where kpbuild has one rule in place of several; its own text stands there:",
        release::name()
    );
    list(&heading, by_group(rules.filter(|_| told.is_of_release)))
}

/// What the release does not have, either.
fn unknown(search: &Search<'_>) -> Option<String> {
    let told = &search.told;
    let rules = told.unknown_rules.iter().cloned();
    let heading = format!(
        "not in {}; kpbuild's own text stands in place, and a change of yours cannot be told:",
        release::name()
    );
    list(
        &heading,
        by_group(rules.chain(of_texts(&told.unknown_texts))),
    )
}

/// ConfigMaps, as people call what is in them.
fn of_texts(names: &[String]) -> impl Iterator<Item = (String, String)> {
    names
        .iter()
        .map(|name| match name.strip_prefix(dashboards::START) {
            Some(dashboard) => ("dashboards".to_owned(), dashboard.to_owned()),
            None => ("configurations".to_owned(), name.clone()),
        })
}

/// A line for each group.
fn by_group(names: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (group, name) in names {
        let names = groups.entry(group).or_default();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let lines = groups.into_iter();
    lines
        .map(|(group, names)| format!("{group}: {}", names.join(", ")))
        .collect()
}

/// Rules that only the given objects have, where they may be those of an older
/// release as well as the user's own.
fn rules_added(search: &Search<'_>) -> Option<String> {
    if search.texts.are_ours() {
        return None;
    }
    let names = added_rules(search).into_iter().map(|(key, rules)| {
        let rules: Vec<String> = rules.into_iter().collect();
        format!("{key}: {}", rules.join(", "))
    });
    let heading = if search.told.is_of_release {
        "rules of yours in objects of kube-prometheus are added by patches:"
    } else {
        "rules that kpbuild does not have are added by patches; remove those of an older release:"
    };
    list(heading, names)
}

fn added_rules<'s>(search: &'s Search<'_>) -> Vec<(&'s ObjectKey, BTreeSet<String>)> {
    let objects = search
        .rendered
        .iter()
        .filter(|(key, _)| key.kind == "PrometheusRule");
    let added = objects.filter_map(|(key, ours)| {
        let theirs = search.given.get(key)?;
        let before = search.unpatched.get(key)?;
        let is_there = ours.left == 0;
        let added = rules::only_given(before, &theirs.value, &search.texts);
        (is_there && !added.is_empty()).then(|| (key, added.into_iter().collect()))
    });
    added.collect()
}

/// Components whose version is written down.
fn versions(search: &Search<'_>) -> Option<String> {
    let components = search.stack["components"].as_object().into_iter().flatten();
    let lines = components.filter_map(|(name, options)| {
        let version = options["version"].as_str()?;
        Some(format!("{name} {version}"))
    });
    list(
        "versions are those of the manifests; without these fields they are those of this kpbuild:",
        lines,
    )
}
