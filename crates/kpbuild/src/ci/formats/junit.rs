//! The report as JUnit's XML, as CI systems show it: a suite of stacks and one of
//! rule tests.

use anyhow::Context as _;
use kpbuild_core::Severity;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::findings::{Problem, problems};
use crate::ci::outcome::Verdict;
use crate::ci::report::Report;

pub(super) fn junit(report: &Report, warnings_fail: bool) -> anyhow::Result<String> {
    let mut all = quick_junit::Report::new("kpbuild ci");
    let mut stacks = TestSuite::new("stacks");
    let problems = problems(report);
    for (outcome, label) in report.outcomes.iter().zip(&report.labels) {
        let of_stack: Vec<&Problem> = problems
            .iter()
            .filter(|problem| problem.stacks.contains(label))
            .collect();
        let name = outcome.path.display().to_string();
        stacks.add_test_case(TestCase::new(name, status(&of_stack, warnings_fail)));
    }
    all.add_test_suite(stacks);
    let tests = report.tests();
    if !tests.is_empty() {
        let mut suite = TestSuite::new("rule tests");
        for test in tests {
            let details = test.details.clone().unwrap_or_default();
            let status = match test.verdict {
                Verdict::Passed => TestCaseStatus::success(),
                Verdict::Failed => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    status.set_description(details);
                    status
                }
                Verdict::Skipped => {
                    let mut status = TestCaseStatus::skipped();
                    status.set_message(details);
                    status
                }
            };
            let name = format!("{}:{} {}", test.file, test.line, test.name);
            suite.add_test_case(TestCase::new(name, status));
        }
        all.add_test_suite(suite);
    }
    all.to_string().context("cannot write the report as XML")
}

/// A stack passes if nothing is wrong with it. JUnit has no word for warnings:
/// where they do not fail they are named in a test that passes.
fn status(problems: &[&Problem], warnings_fail: bool) -> TestCaseStatus {
    let fails = |problem: &&&Problem| warnings_fail || problem.severity == Severity::Error;
    let failing: Vec<&&Problem> = problems.iter().filter(fails).collect();
    let Some(first) = failing.first() else {
        return TestCaseStatus::success();
    };
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(match failing.len() {
        1 => first.title.clone(),
        count => format!("{count} findings, the first: {}", first.title),
    });
    status.set_type(first.code.as_str());
    let lines: Vec<String> = failing
        .iter()
        .map(|problem| match &problem.place {
            Some(place) => format!(
                "{}:{}:{}: {}",
                place.file, place.line, place.column, problem.text
            ),
            None => problem.text.clone(),
        })
        .collect();
    status.set_description(lines.join("\n\n"));
    status
}
