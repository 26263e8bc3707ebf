//! What the user should know about a stack that was made of manifests: what it
//! does not say, and what it says that one might not expect. No value of a
//! Secret is among it.

use std::collections::BTreeSet;

use kpbuild_core::ObjectKey;

use super::meaning::{Texts, is_own_text};
use super::patches::Patched;
use super::{Search, rules};

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
        texts(search),
        rules_added(search),
        versions(search),
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
        "not in the stack, because the operator does not need them; go on applying these beside it:",
        search.given.foreign_definitions().map(ToString::to_string),
    )
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

/// What kpbuild has in words of its own.
fn texts(search: &Search<'_>) -> Option<String> {
    if search.texts == Texts::Ours {
        return None;
    }
    let both = search
        .rendered
        .keys()
        .filter(|key| search.given.get(key).is_some());
    let (mut dashboards, mut objects, mut adapter) = (0, 0, "");
    for key in both {
        match key.kind.as_str() {
            "PrometheusRule" => objects += 1,
            "ConfigMap" if key.name == "adapter-config" => {
                adapter = ", and the queries of prometheus-adapter";
            }
            "ConfigMap" if is_own_text(key) => dashboards += 1,
            _ => {}
        }
    }
    if dashboards + objects == 0 {
        return None;
    }
    Some(format!(
        "kpbuild's own text stands in place of the expressions and annotations in {objects} PrometheusRule \
         objects, of {dashboards} dashboards{adapter}.\n  \
         They say the same in other words, so a change of yours cannot be told from that: write it into the \
         stack, by `rules.patch`, `rules.parameters` or `dashboards.files`"
    ))
}

/// Rules that only the given objects have, where they may be those of an older
/// release as well as the user's own.
fn rules_added(search: &Search<'_>) -> Option<String> {
    if search.texts == Texts::Ours {
        return None;
    }
    let names = added_rules(search).into_iter().map(|(key, rules)| {
        let rules: Vec<String> = rules.into_iter().collect();
        format!("{key}: {}", rules.join(", "))
    });
    list(
        "rules that kpbuild does not have are added by patches; remove those of an older release:",
        names,
    )
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
        let added = rules::only_given(before, &theirs.value, search.texts);
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
