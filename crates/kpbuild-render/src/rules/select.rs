//! Which rules a name in the stack file means, and what is said when it means none.

use std::collections::BTreeSet;

use glob::Pattern;
use kpbuild_core::suggest::nearest;
use kpbuild_stack::rules::{DisabledRules, RuleSelector};

use super::{Group, Rule, Rules};
use crate::library;

/// A rule's place: its object, its group and itself, by their numbers.
pub(super) type Place = (usize, usize, usize);

/// What is said when a name means no rule.
pub(super) struct Nothing {
    pub(super) message: String,
    pub(super) help: String,
}

impl Rules {
    /// The rules that are disabled by a name, or why there are none.
    pub(super) fn disabled(&self, wanted: &DisabledRules) -> Result<Vec<Place>, Nothing> {
        match wanted {
            DisabledRules::Selected(selector) => self.selected(selector),
            DisabledRules::Name(name) => {
                let is_meant = |group: &Group, rule: &Rule| {
                    matches(name, rule.name()) || matches(name, group.name())
                };
                let places = self.places(is_meant);
                if places.is_empty() {
                    return Err(self.nothing("alert, record or group", name, |group, rule| {
                        [Some(rule.name()), Some(group.name())]
                    }));
                }
                Ok(places)
            }
        }
    }

    /// The rules that are selected, or why there are none.
    pub(super) fn selected(&self, selector: &RuleSelector) -> Result<Vec<Place>, Nothing> {
        let places = self.places(|group, rule| {
            is_named(selector, rule) && is_in_group(selector, group) && is_labelled(selector, rule)
        });
        if places.is_empty() {
            return Err(self.selected_nothing(selector));
        }
        Ok(places)
    }

    /// The group and the rule at a place.
    pub(super) fn at(&self, (object, group, rule): Place) -> (&Group, &Rule) {
        let group = &self.objects[object].groups[group];
        (group, &group.rules[rule])
    }

    fn places(&self, is_meant: impl Fn(&Group, &Rule) -> bool) -> Vec<Place> {
        let mut places = Vec::new();
        for (o, object) in self.objects.iter().enumerate() {
            for (g, group) in object.groups.iter().enumerate() {
                let meant = group.rules.iter().enumerate();
                let meant = meant.filter(|(_, rule)| is_meant(group, rule));
                places.extend(meant.map(|(r, _)| (o, g, r)));
            }
        }
        places
    }

    fn selected_nothing(&self, selector: &RuleSelector) -> Nothing {
        let of_name = self.places(|_, rule| is_named(selector, rule));
        let (kind, name) = match (&selector.alert, &selector.record, &selector.group) {
            (Some(alert), _, _) => ("alert", alert),
            (None, Some(record), _) => ("record", record),
            (None, None, Some(group)) if selector.labels.is_none() => {
                return self.nothing("group", group, |group, _| [Some(group.name()), None]);
            }
            _ => return self.no_variant("rule", "", selector, &of_name),
        };
        if of_name.is_empty() {
            return self.nothing(kind, name, |_, rule| [rule.value[kind].as_str(), None]);
        }
        self.no_variant(kind, name, selector, &of_name)
    }

    /// That there are rules of a name, but not in this group or with these labels.
    fn no_variant(
        &self,
        kind: &str,
        name: &str,
        selector: &RuleSelector,
        of_name: &[Place],
    ) -> Nothing {
        let mut message = match name {
            "" => format!("there is no {kind}"),
            _ => format!("there is no {kind} `{name}`"),
        };
        if let Some(group) = &selector.group {
            message = format!("{message} in the group `{group}`");
        }
        let in_group: Vec<Place> = of_name
            .iter()
            .copied()
            .filter(|place| is_in_group(selector, self.at(*place).0))
            .collect();
        let help = match &selector.labels {
            Some(labels) if !in_group.is_empty() => {
                message = format!("{message} with {}", labels_in_words(&labels.0));
                let variants = in_group.iter().map(|place| labels_of(self.at(*place).1));
                format!("there is {}", list(variants))
            }
            _ => {
                let groups = of_name
                    .iter()
                    .map(|place| format!("`{}`", self.at(*place).0.name()));
                format!("it is in {}", list(groups))
            }
        };
        Nothing { message, help }
    }

    /// That no rule has a name, with the one that was probably meant.
    fn nothing<'s>(
        &'s self,
        kind: &str,
        name: &str,
        names: impl Fn(&'s Group, &'s Rule) -> [Option<&'s str>; 2],
    ) -> Nothing {
        let groups = self.objects.iter().flat_map(|object| &object.groups);
        let rules = groups.flat_map(|group| group.rules.iter().map(move |rule| (group, rule)));
        let known: BTreeSet<&str> = rules
            .flat_map(|(group, rule)| names(group, rule))
            .flatten()
            .collect();
        let message = if is_pattern(name) {
            format!("no {kind} matches `{name}`")
        } else {
            format!("there is no {kind} `{name}`")
        };
        let word = name.trim_matches('*');
        let help = match library::mixin_with(name) {
            Some(mixin) => format!(
                "kpbuild has it in the mixin `{mixin}`, but this stack does not install it: remove these lines"
            ),
            None => match nearest(word, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "names are those in the rendered PrometheusRule objects".to_owned(),
            },
        };
        Nothing { message, help }
    }
}

fn is_named(selector: &RuleSelector, rule: &Rule) -> bool {
    let is = |wanted: &Option<String>, field: &str| match wanted {
        Some(name) => rule.value[field]
            .as_str()
            .is_some_and(|text| matches(name, text)),
        None => true,
    };
    is(&selector.alert, "alert") && is(&selector.record, "record")
}

fn is_in_group(selector: &RuleSelector, group: &Group) -> bool {
    let wanted = selector.group.as_ref();
    wanted.is_none_or(|wanted| matches(wanted, group.name()))
}

fn is_labelled(selector: &RuleSelector, rule: &Rule) -> bool {
    let wanted = selector.labels.iter().flat_map(|labels| &labels.0);
    wanted
        .into_iter()
        .all(|(name, value)| rule.value["labels"][name] == value.as_str())
}

/// Whether a name is meant by one of the stack file, in which `*` stands for
/// any characters.
fn matches(wanted: &str, name: &str) -> bool {
    wanted == name || Pattern::new(wanted).is_ok_and(|pattern| pattern.matches(name))
}

fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// The labels of a rule, as they are written in a stack file.
pub(super) fn labels_of(rule: &Rule) -> String {
    let labels = rule.value["labels"].as_object().into_iter().flatten();
    let labels = labels.filter_map(|(name, value)| Some((name, value.as_str()?)));
    labels_in_words(labels)
}

fn labels_in_words<N: AsRef<str>, V: AsRef<str>>(
    labels: impl IntoIterator<Item = (N, V)>,
) -> String {
    let labels = labels.into_iter();
    let labels: Vec<String> = labels
        .map(|(name, value)| format!("{}: {}", name.as_ref(), value.as_ref()))
        .collect();
    format!("`{{{}}}`", labels.join(", "))
}

/// Texts in a sentence, each once.
pub(super) fn list(texts: impl Iterator<Item = String>) -> String {
    const MOST: usize = 8;
    let mut unique: Vec<String> = Vec::new();
    for text in texts {
        if !unique.contains(&text) {
            unique.push(text);
        }
    }
    let more = unique.len().saturating_sub(MOST);
    unique.truncate(MOST);
    match more {
        0 => unique.join(", "),
        _ => format!("{} and {more} more", unique.join(", ")),
    }
}
