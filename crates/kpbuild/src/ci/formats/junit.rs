//! The report as JUnit's XML, as CI systems show it: a suite of stacks and one of
//! rule tests.

use super::findings::problems;
use crate::ci::outcome::Tested;
use crate::ci::report::Report;
use crate::problems::{self, Case, Problem, Suite, Verdict};

pub(super) fn junit(report: &Report, warnings_fail: bool) -> anyhow::Result<String> {
    let mut suites = vec![stacks(report, warnings_fail)];
    let tests = report.tests();
    if !tests.is_empty() {
        suites.push(Suite {
            title: "rule tests".to_owned(),
            cases: tests.into_iter().map(rule_test).collect(),
        });
    }
    problems::junit("kpbuild ci", &suites)
}

/// A stack passes if nothing is wrong with it.
fn stacks(report: &Report, warnings_fail: bool) -> Suite {
    let problems = problems(report);
    let stacks = report.outcomes.iter().zip(&report.labels);
    let cases = stacks.map(|(outcome, label)| {
        let of_stack = problems.iter();
        let of_stack: Vec<&Problem> = of_stack
            .filter(|problem| problem.stacks.contains(label))
            .collect();
        Case {
            name: outcome.path.display().to_string(),
            verdict: Verdict::of(&of_stack, warnings_fail),
        }
    });
    Suite {
        title: "stacks".to_owned(),
        cases: cases.collect(),
    }
}

fn rule_test(test: &Tested) -> Case {
    Case::of_rule_test(&test.file, test.line, &test.name, &test.outcome())
}
