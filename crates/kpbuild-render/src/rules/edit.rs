//! Rules that the stack does not want, or wants differently.

use std::collections::BTreeSet;

use kpbuild_core::{Code, Diagnostic, Diagnostics};
use kpbuild_stack::rules::{Before, RuleEdit};
use kpbuild_stack::{Mixin, RuleChoices};
use serde_json::{Map, Value, json};

use super::select::{Nothing, Place, labels_of, list};
use super::{Rule, Rules, parameters, remember};
use crate::jsonnet::JsonnetError;

/// A name that no rule has.
pub const MATCHES_NOTHING: Code = Code("rule-matches-nothing");
/// A patch after which a rule is as before.
pub const CHANGES_NOTHING: Code = Code("rule-patch-changes-nothing");
/// A patch that is about one rule, and matches several.
pub const SEVERAL: Code = Code("rule-patch-of-several");

/// How the groups of a mixin are made anew, with other parameters.
pub(crate) type Evaluate<'e> = dyn Fn(&Mixin) -> Result<Vec<Value>, JsonnetError> + 'e;

impl Rules {
    /// Disables and patches rules. What is to be said about patches that do not
    /// remember what they replace is only said when `advise` is set.
    pub(crate) fn edit(
        &mut self,
        choices: &RuleChoices,
        evaluate: &Evaluate<'_>,
        advise: bool,
        diagnostics: &mut Diagnostics,
    ) {
        let mut gone: BTreeSet<Place> = BTreeSet::new();
        for disabled in &choices.disable {
            match self.disabled(&disabled.rules) {
                Ok(places) => gone.extend(places),
                Err(nothing) => diagnostics.push(nothing.diagnostic().at_some(disabled.span, "")),
            }
        }
        if !choices.patch.is_empty() {
            let before = self.clone();
            for edit in &choices.patch {
                match before.patched(edit, &gone) {
                    Ok(places) => {
                        self.patch(&before, edit, &places, evaluate, diagnostics);
                        remember::check(edit, &before, &places, advise, diagnostics);
                    }
                    Err(problem) => diagnostics.push(problem),
                }
            }
        }
        self.remove(&gone);
    }

    /// The rules that a patch is about.
    fn patched(&self, edit: &RuleEdit, gone: &BTreeSet<Place>) -> Result<Vec<Place>, Diagnostic> {
        let mut places = match self.selected(edit.selector()) {
            Ok(places) => places,
            Err(nothing) => return Err(nothing.diagnostic().at_some(edit.span, "")),
        };
        places.retain(|place| !gone.contains(place));
        if places.is_empty() {
            let message = "the rule that is patched here is disabled by this stack";
            return Err(Diagnostic::error(MATCHES_NOTHING, message)
                .at_some(edit.span, "")
                .help("remove the patch, or the rule's name from `rules.disable`"));
        }
        if edit.patch.expr.is_some() && places.len() > 1 {
            let message = format!(
                "one expression cannot replace those of {} rules",
                places.len()
            );
            let variants = places.iter().map(|place| labels_of(self.at(*place).1));
            return Err(Diagnostic::error(SEVERAL, message)
                .at_some(edit.place(&["expr"]), "")
                .help(format!(
                    "pick one by `group` or by `where`, which is one of {}",
                    list(variants)
                )));
        }
        Ok(places)
    }

    fn patch(
        &mut self,
        before: &Self,
        edit: &RuleEdit,
        places: &[Place],
        evaluate: &Evaluate<'_>,
        diagnostics: &mut Diagnostics,
    ) {
        let sets = edit.patch.sets();
        let mut changes = Vec::new();
        for place in places {
            let (group, rule) = before.at(*place);
            match parameters::changes(edit, group, rule, evaluate, diagnostics) {
                Some(fields) => changes.push(fields),
                None => return,
            }
        }
        if edit.patch.parameters.is_some() && changes.iter().all(Map::is_empty) {
            let rule = before.at(places[0]).1;
            diagnostics.push(
                Diagnostic::error(
                    CHANGES_NOTHING,
                    format!("these parameters change nothing in `{}`", rule.name()),
                )
                .at_some(edit.place(&["parameters"]), "")
                .help("look up in its expression which parameters it has, or set `expr`"),
            );
        }
        for (&(object, group, rule), changed) in places.iter().zip(changes) {
            let rule = &mut self.objects[object].groups[group].rules[rule];
            for (field, value) in changed {
                rule.value[field] = value;
            }
            set(rule, &sets);
            rule.span = edit.span;
        }
    }

    fn remove(&mut self, gone: &BTreeSet<Place>) {
        for (o, object) in self.objects.iter_mut().enumerate() {
            for (g, group) in object.groups.iter_mut().enumerate() {
                let mut index = 0..;
                group.rules.retain(|_| {
                    let r = index.next().expect("there is always a next number");
                    !gone.contains(&(o, g, r))
                });
            }
        }
    }
}

impl Nothing {
    fn diagnostic(self) -> Diagnostic {
        Diagnostic::error(MATCHES_NOTHING, self.message).help(self.help)
    }
}

/// Sets in a rule what a patch says.
fn set(rule: &mut Rule, sets: &Before) {
    let value = &mut rule.value;
    if let Some(hold) = &sets.hold {
        value["for"] = json!(hold);
    }
    if let Some(keep) = &sets.keep_firing_for {
        value["keep_firing_for"] = json!(keep);
    }
    if let Some(expr) = &sets.expr {
        value["expr"] = json!(expr.to_string());
    }
    if let Some(severity) = &sets.severity {
        value["labels"]["severity"] = json!(severity);
    }
    for (field, texts) in [("labels", &sets.labels), ("annotations", &sets.annotations)] {
        for (name, text) in texts.iter().flat_map(|texts| &texts.0) {
            match text {
                Some(text) => value[field][name] = json!(text),
                None => remove(value, field, name),
            }
        }
    }
}

/// Removes a label or annotation, and the map when it was the last.
fn remove(value: &mut Value, field: &str, name: &str) {
    let Some(map) = value[field].as_object_mut() else {
        return;
    };
    map.remove(name);
    if map.is_empty()
        && let Some(rule) = value.as_object_mut()
    {
        rule.remove(field);
    }
}
