//! What was found out about all stacks together: every finding, change and rule
//! once, with the stacks that it is about. The formats add nothing to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use kpbuild_cluster::{Plan, RuleChange, RuleKind, Step, What, rule_changes};
use kpbuild_core::{Diagnostic, Severity, SourceMap};
use serde_json::Value;

use super::outcome::{Found, Outcome, State, Tested, Verdict};
use crate::backtest::Tried;
use crate::compare::labels;
use crate::files::Files;
use crate::plan_report::{Changes, listed};

/// The whole of a run.
#[derive(Debug)]
pub(crate) struct Report {
    /// What the stacks are compared with.
    pub(crate) base: String,
    pub(crate) outcomes: Vec<Outcome>,
    /// What each stack is called, in the order of the outcomes.
    pub(crate) labels: Vec<String>,
    pub(crate) findings: Vec<Finding>,
    /// What stacks accept, with their reasons.
    pub(crate) silenced: Vec<(Finding, String)>,
    pub(crate) sources: SourceMap,
    pub(crate) rules: Vec<SharedRule>,
}

/// A finding and the stacks that have it.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) diagnostic: Diagnostic,
    pub(crate) object: Option<String>,
    pub(crate) stacks: Vec<String>,
}

/// A change of a rule and the stacks that have it.
#[derive(Debug)]
pub(crate) struct SharedRule {
    pub(crate) change: RuleChange,
    pub(crate) stacks: Vec<String>,
    /// How the alert would have fired, if it was tried.
    pub(crate) tried: Option<Tried>,
}

impl Report {
    pub(crate) fn new(base: &str, outcomes: Vec<Outcome>, head: &Files) -> Self {
        let named: Vec<_> = outcomes
            .iter()
            .map(|outcome| (outcome.path.as_path(), outcome.name.as_deref()))
            .collect();
        let labels = labels(&named);
        let mut sources = SourceMap::default();
        let findings = findings(&outcomes, &labels, head, &mut sources);
        let silenced = silenced(&outcomes, &labels, head, &mut sources);
        let rules = rules(&outcomes, &labels);
        Self {
            base: base.to_owned(),
            outcomes,
            labels,
            findings,
            silenced,
            sources,
            rules,
        }
    }

    /// What changes, in all stacks that could be compared.
    pub(crate) fn changes(&self) -> Changes<'_> {
        let stacks = self.outcomes.iter().zip(&self.labels);
        Changes::of(
            stacks
                .filter_map(|(outcome, label)| Some((label.as_str(), outcome.plan.as_deref()?)))
                .collect(),
        )
    }

    /// Whether anything at all would be done to a cluster.
    pub(crate) fn has_changes(&self) -> bool {
        let mut plans = self
            .outcomes
            .iter()
            .filter_map(|outcome| outcome.plan.as_ref());
        plans.any(|plan| !plan.is_empty())
    }

    pub(crate) fn count(&self, severity: Severity) -> usize {
        let all = self.findings.iter();
        all.filter(|finding| finding.diagnostic.severity == severity)
            .count()
    }

    /// Every test once: stacks that share rules share their tests.
    pub(crate) fn tests(&self) -> Vec<&Tested> {
        let mut tests: Vec<&Tested> = Vec::new();
        for test in self.outcomes.iter().flat_map(|outcome| &outcome.tests) {
            if !tests.contains(&test) {
                tests.push(test);
            }
        }
        tests
    }

    pub(crate) fn tests_that(&self, verdict: Verdict) -> usize {
        let tests = self.tests().into_iter();
        tests.filter(|test| test.verdict == verdict).count()
    }

    /// Whether something is wrong that nobody can have wanted.
    pub(crate) fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
            || self.tests_that(Verdict::Failed) > 0
            || self.of_state(State::Broken).next().is_some()
    }

    /// The stacks of a state.
    pub(crate) fn of_state(&self, state: State) -> impl Iterator<Item = (&Outcome, &str)> {
        let all = self.outcomes.iter().zip(&self.labels);
        all.filter(move |(outcome, _)| outcome.state == state)
            .map(|(outcome, label)| (outcome, label.as_str()))
    }

    /// The stacks of a finding in a few words, unless its place says it.
    pub(crate) fn places_of(&self, finding: &Finding) -> Option<String> {
        let label = finding.diagnostic.labels.first();
        let file = label.map(|label| self.sources.file(label.span.file).name.as_str());
        let mut stacks = self.outcomes.iter().zip(&self.labels);
        let own = match &finding.stacks[..] {
            [stack] => stacks.find(|(_, label)| *label == stack),
            _ => None,
        };
        let own = own.map(|(outcome, _)| outcome.path.display().to_string());
        if file.is_some() && file == own.as_deref() {
            return None;
        }
        self.places(&finding.stacks)
    }

    /// Some stacks in a few words; nothing where there is only one stack at all.
    pub(crate) fn places(&self, stacks: &[String]) -> Option<String> {
        if self.outcomes.len() < 2 {
            return None;
        }
        if stacks.len() == self.outcomes.len() {
            return Some(format!("all {} stacks", stacks.len()));
        }
        let names: Vec<&str> = stacks.iter().map(String::as_str).collect();
        Some(listed(&names, 5))
    }

    /// `3 stacks: 1 error, 2 warnings; 4 tests passed, 1 failed; 5 changes`.
    pub(crate) fn counts(&self) -> String {
        let mut parts = Vec::new();
        let findings = [
            number(self.count(Severity::Error), "error"),
            number(self.count(Severity::Warning), "warning"),
        ];
        let findings: Vec<String> = findings.into_iter().flatten().collect();
        parts.push(if findings.is_empty() {
            "nothing wrong".to_owned()
        } else {
            findings.join(", ")
        });
        let tests: Vec<String> = [
            (Verdict::Passed, "passed"),
            (Verdict::Failed, "failed"),
            (Verdict::Skipped, "skipped"),
        ]
        .into_iter()
        .map(|(verdict, word)| (self.tests_that(verdict), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
        if !tests.is_empty() {
            parts.push(format!("tests: {}", tests.join(", ")));
        }
        let changes = self.changes().count();
        parts.push(number(changes, "change").unwrap_or_else(|| "no change".to_owned()));
        let stacks = number(self.outcomes.len(), "stack").unwrap_or_default();
        format!("{stacks}: {}", parts.join("; "))
    }
}

/// `1 error`, `2 errors`; nothing for none.
pub(crate) fn number(count: usize, noun: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {noun}")),
        _ => Some(format!("{count} {noun}s")),
    }
}

/// All findings in the order of files and lines.
fn findings(
    outcomes: &[Outcome],
    labels: &[String],
    head: &Files,
    sources: &mut SourceMap,
) -> Vec<Finding> {
    let all = shared(outcomes, labels, |outcome| outcome.findings.iter());
    let mut all: Vec<Finding> = all
        .into_iter()
        .map(|(found, stacks)| Finding::of(found, stacks, head, sources))
        .collect();
    all.sort_by_key(|finding| {
        let place = finding.diagnostic.labels.first().map(|label| {
            let file = sources.file(label.span.file).name.clone();
            (file, label.span.start)
        });
        (finding.diagnostic.severity, place.is_none(), place)
    });
    all
}

/// All findings that stacks accept, with their reasons.
fn silenced(
    outcomes: &[Outcome],
    labels: &[String],
    head: &Files,
    sources: &mut SourceMap,
) -> Vec<(Finding, String)> {
    let all = shared(outcomes, labels, |outcome| outcome.silenced.iter());
    all.into_iter()
        .map(|((found, reason), stacks)| {
            let finding = Finding::of(found, stacks, head, sources);
            (finding, reason.clone())
        })
        .collect()
}

/// What stacks have, each once with their labels, in the order of the first that
/// has it.
fn shared<'o, T: Ord, I: Iterator<Item = &'o T>>(
    outcomes: &'o [Outcome],
    labels: &[String],
    of: impl Fn(&'o Outcome) -> I,
) -> Vec<(&'o T, Vec<String>)> {
    let mut all: Vec<(&T, Vec<String>)> = Vec::new();
    let mut known: BTreeMap<&T, usize> = BTreeMap::new();
    for (outcome, label) in outcomes.iter().zip(labels) {
        for one in of(outcome) {
            let index = *known.entry(one).or_insert(all.len());
            if index == all.len() {
                all.push((one, Vec::new()));
            }
            let stacks = &mut all[index].1;
            if stacks.last() != Some(label) {
                stacks.push(label.clone());
            }
        }
    }
    all
}

impl Finding {
    fn of(found: &Found, stacks: Vec<String>, head: &Files, sources: &mut SourceMap) -> Self {
        Self {
            diagnostic: found.diagnostic(head, sources),
            object: found.object.clone(),
            stacks,
        }
    }
}

/// All changes of rules, alerts before records. Stacks that change alike have one
/// plan, whose rules are compared once.
fn rules(outcomes: &[Outcome], labels: &[String]) -> Vec<SharedRule> {
    let mut all: Vec<SharedRule> = Vec::new();
    for (plan, stacks) in plans(outcomes, labels) {
        for change in rules_of(plan) {
            match all.iter_mut().find(|known| known.change == change) {
                Some(known) => known.stacks.extend(stacks.clone()),
                None => all.push(SharedRule {
                    change,
                    stacks: stacks.clone(),
                    tried: None,
                }),
            }
        }
    }
    let place = |stack: &String| labels.iter().position(|label| label == stack);
    for rule in &mut all {
        rule.stacks.sort_by_key(place);
    }
    all.sort_by_key(|rule| (rule.change.kind, rule.change.what != What::Changed));
    all
}

/// The plans, each with the stacks that have it.
fn plans<'o>(outcomes: &'o [Outcome], labels: &[String]) -> Vec<(&'o Arc<Plan>, Vec<String>)> {
    let mut plans: Vec<(&Arc<Plan>, Vec<String>)> = Vec::new();
    for (outcome, label) in outcomes.iter().zip(labels) {
        let Some(plan) = &outcome.plan else { continue };
        match plans.iter_mut().find(|(known, _)| Arc::ptr_eq(known, plan)) {
            Some((_, stacks)) => stacks.push(label.clone()),
            None => plans.push((plan, vec![label.clone()])),
        }
    }
    plans
}

/// The changes of rules. Of an object that moves to another namespace, they are
/// what is different there.
fn rules_of(plan: &Plan) -> Vec<RuleChange> {
    let single = plan.steps.iter().filter(|step| !plan.is_move(step));
    let of_rules = |step: &&Step| step.object.kind == "PrometheusRule";
    let mut changes = Vec::new();
    for step in single.chain(&plan.moves).filter(of_rules) {
        let (before, after) = (step.before.as_ref(), step.after.as_ref());
        if before.is_some() || after.is_some() {
            add(&mut changes, compared(before, after));
        }
    }
    changes
}

fn compared(before: Option<&Value>, after: Option<&Value>) -> Vec<RuleChange> {
    rule_changes(
        before.unwrap_or(&Value::Null),
        after.unwrap_or(&Value::Null),
    )
}

/// Adds changes; a rule that moves as it is from one object to another is none.
fn add(changes: &mut Vec<RuleChange>, more: impl IntoIterator<Item = RuleChange>) {
    for change in more {
        match changes.iter().position(|other| is_moved(other, &change)) {
            Some(index) => drop(changes.remove(index)),
            None => changes.push(change),
        }
    }
}

/// Whether one of two changes takes away what the other brings.
fn is_moved(one: &RuleChange, other: &RuleChange) -> bool {
    (one.kind, &one.name) == (other.kind, &other.name)
        && matches!(
            (one.what, other.what),
            (What::New, What::Removed) | (What::Removed, What::New)
        )
        && (&one.before, &one.after) == (&other.after, &other.before)
}

impl SharedRule {
    /// Whether this is an alert.
    pub(crate) fn is_alert(&self) -> bool {
        self.change.kind == RuleKind::Alert
    }
}
