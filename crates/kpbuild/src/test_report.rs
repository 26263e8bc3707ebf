//! What `kpbuild test` found, for people and for programs.

use std::fmt::Write as _;

use serde_json::json;

use crate::problems;
use crate::promtool::{Case, Outcome, Suite};

/// One line a problem, then the counts.
pub(crate) fn text(suites: &[Suite], outcomes: &[Vec<Outcome>]) -> String {
    let mut out = String::new();
    for (suite, case, outcome) in results(suites, outcomes) {
        match outcome {
            Outcome::Passed => {}
            Outcome::Skipped(reason) => writeln!(
                out,
                "skipped {}:{} {}: {reason}",
                suite.file, case.line, case.name
            )
            .expect(GROWS),
            Outcome::Failed(details) => {
                writeln!(out, "FAILED  {}:{} {}", suite.file, case.line, case.name).expect(GROWS);
                for line in details.lines().filter(|line| !line.trim().is_empty()) {
                    writeln!(out, "      {}", line.trim_end()).expect(GROWS);
                }
            }
        }
    }
    let count = |wanted: fn(&Outcome) -> bool| {
        outcomes
            .iter()
            .flatten()
            .filter(|outcome| wanted(outcome))
            .count()
    };
    let passed = count(|outcome| matches!(outcome, Outcome::Passed));
    let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    writeln!(out, "{passed} passed, {failed} failed, {skipped} skipped").expect(GROWS);
    out
}

const GROWS: &str = "writing to a string cannot fail";

/// Everything, as one JSON document.
pub(crate) fn json(suites: &[Suite], outcomes: &[Vec<Outcome>]) -> String {
    let tests: Vec<_> = results(suites, outcomes)
        .map(|(suite, case, outcome)| {
            let (result, details) = match outcome {
                Outcome::Passed => ("passed", None),
                Outcome::Failed(details) => ("failed", Some(details)),
                Outcome::Skipped(reason) => ("skipped", Some(reason)),
            };
            json!({
                "file": suite.file,
                "line": case.line,
                "name": case.name,
                "rules": case.rules,
                "result": result,
                "details": details,
            })
        })
        .collect();
    format!("{:#}\n", json!({"tests": tests}))
}

/// JUnit's XML, as CI systems show it: a suite a file.
pub(crate) fn junit(suites: &[Suite], outcomes: &[Vec<Outcome>]) -> anyhow::Result<String> {
    let suites = suites.iter().zip(outcomes).map(|(suite, outcomes)| {
        let cases = suite.cases.iter().zip(outcomes);
        let cases = cases.map(|(case, outcome)| {
            problems::Case::of_rule_test(&suite.file, case.line, &case.name, outcome)
        });
        problems::Suite {
            title: suite.file.clone(),
            cases: cases.collect(),
        }
    });
    problems::junit("kpbuild test", &suites.collect::<Vec<_>>())
}

fn results<'a>(
    suites: &'a [Suite],
    outcomes: &'a [Vec<Outcome>],
) -> impl Iterator<Item = (&'a Suite, &'a Case, &'a Outcome)> {
    suites.iter().zip(outcomes).flat_map(|(suite, outcomes)| {
        suite
            .cases
            .iter()
            .zip(outcomes)
            .map(move |(case, outcome)| (suite, case, outcome))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn suite() -> (Vec<Suite>, Vec<Vec<Outcome>>) {
        let case = |name: &str, line| Case {
            name: name.to_owned(),
            line,
            rules: BTreeSet::from([name.to_owned()]),
            test: json!({}),
            skipped: None,
        };
        let suite = Suite {
            file: "tests/rules.yaml".to_owned(),
            settings: json!({}),
            rules: json!({}),
            cases: vec![case("A", 2), case("B", 9), case("C", 20)],
        };
        let outcomes = vec![
            Outcome::Passed,
            Outcome::Failed(
                "    alertname: B, time: 5m,\n\n        exp:[],\n        got:[x]".to_owned(),
            ),
            Outcome::Skipped("this stack changes C".to_owned()),
        ];
        (vec![suite], vec![outcomes])
    }

    #[test]
    fn people_see_what_is_wrong_and_how_much_was_tried() {
        let (suites, outcomes) = suite();
        insta::assert_snapshot!(text(&suites, &outcomes), @r"
        FAILED  tests/rules.yaml:9 B
                  alertname: B, time: 5m,
                      exp:[],
                      got:[x]
        skipped tests/rules.yaml:20 C: this stack changes C
        1 passed, 1 failed, 1 skipped
        ");
    }

    #[test]
    fn programs_see_every_test() {
        let (suites, outcomes) = suite();
        let value: serde_json::Value = serde_json::from_str(&json(&suites, &outcomes)).unwrap();
        assert_eq!(value["tests"][1]["result"], "failed");
        assert_eq!(value["tests"][2]["details"], "this stack changes C");
        let xml = junit(&suites, &outcomes).unwrap();
        let back = roxmltree::Document::parse(&xml).unwrap();
        let count = |tag| {
            back.descendants()
                .filter(|node| node.has_tag_name(tag))
                .count()
        };
        assert_eq!(
            (count("testcase"), count("failure"), count("skipped")),
            (3, 1, 1)
        );
    }
}
