//! Unit tests of rules, as promtool takes them, made ready to run.
//!
//! A test file is promtool's own format; `rule_files` may be left out, because
//! kpbuild knows the rules. Tests without a name get one from the alerts and
//! records that they are about, so that one can be picked and found again.

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_core::node::{NodeKind, read_documents};
use kpbuild_core::{Bundle, Code, Diagnostic, Diagnostics, FileId, Node, SourceMap};
use kpbuild_render::MixinRules;
use serde_json::{Value, json};

use crate::promtool::{Case, Suite};

/// A file of rule tests that promtool could not read.
pub(crate) const BAD_TEST_FILE: Code = Code("rule-test-file");

/// A rule test that fails.
pub(crate) const FAILS: Code = Code("rule-test");

/// That a rule test fails, in one line.
pub(crate) fn fails(name: &str) -> String {
    format!("the rule test `{name}` fails")
}

/// The tests of a mixin that comes with kpbuild. They are written for its
/// default parameters: a test whose rules the stack has changed is skipped, and
/// says so. Tests of rules that the stack does not install are none of it.
pub(crate) fn of_mixin(
    sources: &SourceMap,
    file: FileId,
    mixin: &MixinRules,
    diagnostics: &mut Diagnostics,
) -> Option<Suite> {
    let changed = changed_rules(mixin);
    let expected = rules_by_name(&mixin.defaults);
    let rendered = rules_by_name(&mixin.groups);
    let mut suite = read(sources, file, &mixin.groups, diagnostics)?;
    suite
        .cases
        .retain(|case| case.rules.iter().any(|rule| expected.contains_key(rule)));
    for case in &mut suite.cases {
        case.skipped = skipped(case, &changed, &rendered);
    }
    (!suite.cases.is_empty()).then_some(suite)
}

/// Why a test is not run, if the stack has not the rules that it is about.
fn skipped(
    case: &Case,
    changed: &BTreeSet<String>,
    rendered: &BTreeMap<String, Vec<&Value>>,
) -> Option<String> {
    let touched = case.rules.iter().filter(|rule| changed.contains(*rule));
    let (there, gone): (Vec<&str>, Vec<&str>) = touched
        .map(String::as_str)
        .partition(|rule| rendered.contains_key(*rule));
    let words = |what: &str, rules: &[&str]| {
        (!rules.is_empty()).then(|| format!("{what} {}", rules.join(", ")))
    };
    let said: Vec<String> = [words("disables", &gone), words("changes", &there)]
        .into_iter()
        .flatten()
        .collect();
    (!said.is_empty()).then(|| format!("this stack {}", said.join(" and ")))
}

/// The tests of a file that the stack names, on all rules of the stack.
pub(crate) fn of_user(
    sources: &SourceMap,
    file: FileId,
    groups: &[Value],
    diagnostics: &mut Diagnostics,
) -> Option<Suite> {
    read(sources, file, groups, diagnostics)
}

/// All groups of rules of a bundle.
pub(crate) fn groups(bundle: &Bundle) -> Vec<Value> {
    bundle
        .of_kind("PrometheusRule")
        .filter_map(|object| object.at(&["spec", "groups"])?.as_array().cloned())
        .flatten()
        .collect()
}

/// The names of alerts and records that are not as the mixin's defaults have
/// them, with those that are computed from them.
fn changed_rules(mixin: &MixinRules) -> BTreeSet<String> {
    let rendered = rules_by_name(&mixin.groups);
    let default = rules_by_name(&mixin.defaults);
    let mut changed: BTreeSet<String> = default
        .keys()
        .chain(rendered.keys())
        .filter(|name| rendered.get(*name) != default.get(*name))
        .cloned()
        .collect();
    loop {
        let dependent: Vec<String> = rendered
            .iter()
            .filter(|(name, _)| !changed.contains(*name))
            .filter(|(_, rules)| rules.iter().any(|rule| uses_any(rule, &changed)))
            .map(|(name, _)| name.clone())
            .collect();
        if dependent.is_empty() {
            return changed;
        }
        changed.extend(dependent);
    }
}

fn rules_by_name(groups: &[Value]) -> BTreeMap<String, Vec<&Value>> {
    let mut by_name: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for rule in groups
        .iter()
        .flat_map(|group| group["rules"].as_array().into_iter().flatten())
    {
        if let Some(name) = name_of(rule) {
            by_name.entry(name.to_owned()).or_default().push(rule);
        }
    }
    by_name
}

/// Whether a rule's expression names one of some records.
fn uses_any(rule: &Value, records: &BTreeSet<String>) -> bool {
    let expression = rule["expr"].as_str().unwrap_or_default();
    records
        .iter()
        .any(|record| names(expression).any(|name| name == record))
}

/// Everything in an expression that could be the name of a metric.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
}

fn read(
    sources: &SourceMap,
    file: FileId,
    groups: &[Value],
    diagnostics: &mut Diagnostics,
) -> Option<Suite> {
    let root = match read_documents(sources, file) {
        Ok(mut documents) if documents.len() == 1 => documents.remove(0),
        Ok(_) => {
            let start = kpbuild_core::Span {
                file,
                start: 0,
                end: 0,
            };
            diagnostics.push(
                Diagnostic::error(BAD_TEST_FILE, "a file of rule tests holds one document")
                    .at(start, ""),
            );
            return None;
        }
        Err(error) => {
            diagnostics.push(error);
            return None;
        }
    };
    let Some(NodeKind::List(tests)) = root.get("tests").map(|tests| &tests.kind) else {
        let help = "it holds a list `tests`, as `promtool test rules` takes it";
        diagnostics.push(
            Diagnostic::error(BAD_TEST_FILE, "this is no file of rule tests")
                .at(root.span, "")
                .help(help),
        );
        return None;
    };
    let rules = rules_by_name(groups);
    let mut settings = root.to_json();
    settings.as_object_mut()?.remove("tests");
    let cases: Vec<Case> = tests
        .iter()
        .map(|test| case(sources, test, &rules))
        .collect();
    Some(Suite {
        file: sources.file(file).name.clone(),
        settings,
        rules: json!({"groups": needed(groups, &cases)}),
        cases,
    })
}

/// The groups reduced to what the tests depend on: promtool evaluates every
/// rule of a file at every step of every test.
fn needed(groups: &[Value], cases: &[Case]) -> Vec<Value> {
    let rules = rules_by_name(groups);
    let mut wanted: BTreeSet<String> = cases
        .iter()
        .flat_map(|case| case.rules.iter().cloned())
        .collect();
    // `ALERTS` may hold any alert.
    if cases
        .iter()
        .any(|case| case.test.to_string().contains("ALERTS"))
    {
        return groups.to_vec();
    }
    let mut open: Vec<String> = wanted.iter().cloned().collect();
    while let Some(name) = open.pop() {
        let expressions = rules
            .get(&name)
            .into_iter()
            .flatten()
            .filter_map(|rule| rule["expr"].as_str());
        for used in expressions
            .flat_map(names)
            .filter(|used| rules.contains_key(*used))
        {
            if wanted.insert(used.to_owned()) {
                open.push(used.to_owned());
            }
        }
    }
    let keep = |rule: &Value| name_of(rule).is_some_and(|name| wanted.contains(name));
    groups
        .iter()
        .map(|group| {
            let mut group = group.clone();
            if let Some(rules) = group["rules"].as_array_mut() {
                rules.retain(keep);
            }
            group
        })
        .filter(|group| {
            group["rules"]
                .as_array()
                .is_some_and(|rules| !rules.is_empty())
        })
        .collect()
}

fn name_of(rule: &Value) -> Option<&str> {
    rule["alert"].as_str().or(rule["record"].as_str())
}

fn case(sources: &SourceMap, test: &Node, rules: &BTreeMap<String, Vec<&Value>>) -> Case {
    let value = test.to_json();
    let tests = |field: &str| value[field].as_array().cloned().unwrap_or_default();
    let alerts = tests("alert_rule_test")
        .into_iter()
        .filter_map(|test| test["alertname"].as_str().map(str::to_owned));
    let expressions = tests("promql_expr_test")
        .into_iter()
        .filter_map(|test| test["expr"].as_str().map(str::to_owned));
    let expressions: Vec<String> = expressions.collect();
    let recorded = expressions
        .iter()
        .flat_map(|expression| names(expression))
        .filter(|name| rules.contains_key(*name))
        .map(str::to_owned);
    let about: BTreeSet<String> = alerts.chain(recorded).collect();
    let list = || {
        about
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let name = match value["name"].as_str() {
        Some(name) if !name.is_empty() => format!("{name} ({})", list()),
        _ => list(),
    };
    Case {
        name,
        line: sources.line_column(test.span).0,
        rules: about,
        test: value,
        skipped: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixin(threshold: &str) -> MixinRules {
        let groups = |threshold: &str| {
            vec![json!({"name": "g", "rules": [
                {"record": "a:b", "expr": format!("sum(x) > {threshold}")},
                {"alert": "Uses", "expr": "a:b > 0"},
                {"alert": "Other", "expr": "y > 0"},
            ]})]
        };
        MixinRules {
            mixin: "m",
            groups: groups(threshold),
            defaults: groups("1"),
        }
    }

    const FILE: &str = "tests:\n- alert_rule_test: [{alertname: Uses, eval_time: 1m}]\n- name: the other\n  alert_rule_test: [{alertname: Other, eval_time: 1m}]\n- promql_expr_test: [{expr: 'a:b', eval_time: 1m}]\n";

    fn read_with(threshold: &str) -> Suite {
        let mut sources = SourceMap::default();
        let file = sources.add("tests.yaml", FILE);
        of_mixin(
            &sources,
            file,
            &mixin(threshold),
            &mut Diagnostics::default(),
        )
        .unwrap()
    }

    #[test]
    fn tests_are_named_by_what_they_are_about() {
        let suite = read_with("1");
        let names: Vec<_> = suite
            .cases
            .iter()
            .map(|case| (case.line, case.name.as_str()))
            .collect();
        assert_eq!(names, [(2, "Uses"), (3, "the other (Other)"), (5, "a:b")]);
        assert!(suite.cases.iter().all(|case| case.skipped.is_none()));
    }

    #[test]
    fn tests_of_changed_rules_and_of_what_uses_them_are_skipped() {
        let suite = read_with("2");
        let skipped: Vec<_> = suite
            .cases
            .iter()
            .map(|case| case.skipped.as_deref())
            .collect();
        assert_eq!(
            skipped,
            [
                Some("this stack changes Uses"),
                None,
                Some("this stack changes a:b")
            ]
        );
    }
}
