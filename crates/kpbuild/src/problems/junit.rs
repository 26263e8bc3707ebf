//! JUnit's XML, as CI systems show it. What a test case is, a check or a stack or
//! a rule test, is for the caller to say.

use anyhow::Context as _;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{Problem, word};
use crate::promtool::Outcome;
use crate::rule_tests;

/// Some test cases under one title.
pub(crate) struct Suite {
    pub(crate) title: String,
    pub(crate) cases: Vec<Case>,
}

/// A test case. Its name stays the same from run to run.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
}

impl Case {
    /// A rule test at a line of a file.
    pub(crate) fn of_rule_test(file: &str, line: usize, name: &str, outcome: &Outcome) -> Self {
        let verdict = match outcome {
            Outcome::Passed => Verdict::Passed,
            Outcome::Skipped(reason) => Verdict::Skipped {
                reason: reason.clone(),
                details: String::new(),
            },
            Outcome::Failed(details) => Verdict::Failed {
                kind: rule_tests::FAILS.0.to_owned(),
                message: rule_tests::fails(name),
                details: details.clone(),
            },
        };
        Self {
            name: format!("{file}:{line} {name}"),
            verdict,
        }
    }
}

/// How a test case ended.
pub(crate) enum Verdict {
    Passed,
    /// Not run, or not to be counted, with the reason.
    Skipped {
        reason: String,
        details: String,
    },
    Failed {
        /// What kind of fault it is.
        kind: String,
        /// It on one line.
        message: String,
        details: String,
    },
}

impl Verdict {
    /// What becomes of a case in which these problems were found. JUnit has no word
    /// for warnings: where they do not fail, they are no fault of the case.
    pub(crate) fn of(problems: &[&Problem], warnings_fail: bool) -> Self {
        let fails = |problem: &&&Problem| {
            let is_error = problem.severity == kpbuild_core::Severity::Error;
            problem.silenced.is_none() && (warnings_fail || is_error)
        };
        let failing: Vec<&&Problem> = problems.iter().filter(fails).collect();
        let Some(first) = failing.first() else {
            return Self::Passed;
        };
        let texts: Vec<String> = failing.iter().map(|one| one.placed_text()).collect();
        Self::Failed {
            kind: first.code.0.to_owned(),
            message: match failing.len() {
                1 => first.title.clone(),
                count => format!("{count} findings, the first: {}", first.title),
            },
            details: texts.join("\n\n"),
        }
    }

    /// What becomes of a case that is one problem: where it does not fail, it is a
    /// skipped test, which CI systems show beside the failed ones.
    pub(crate) fn of_one(problem: &Problem, warnings_fail: bool) -> Self {
        match (Self::of(&[problem], warnings_fail), &problem.silenced) {
            (Self::Passed, Some(reason)) => Self::Skipped {
                reason: format!("silenced: {reason}"),
                details: String::new(),
            },
            (Self::Passed, None) => Self::Skipped {
                reason: format!("{}: {}", word(problem.severity), problem.title),
                details: problem.placed_text(),
            },
            (failed, _) => failed,
        }
    }

    fn status(&self) -> TestCaseStatus {
        match self {
            Self::Passed => TestCaseStatus::success(),
            Self::Skipped { reason, details } => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(reason.as_str());
                if !details.is_empty() {
                    status.set_description(details.as_str());
                }
                status
            }
            Self::Failed {
                kind,
                message,
                details,
            } => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_type(kind.as_str());
                status.set_message(message.as_str());
                status.set_description(details.as_str());
                status
            }
        }
    }
}

/// The report of a run.
pub(crate) fn junit(title: &str, suites: &[Suite]) -> anyhow::Result<String> {
    let mut all = quick_junit::Report::new(title);
    for suite in suites {
        let mut written = TestSuite::new(suite.title.as_str());
        for case in &suite.cases {
            written.add_test_case(TestCase::new(case.name.as_str(), case.verdict.status()));
        }
        all.add_test_suite(written);
    }
    all.to_string().context("cannot write the report as XML")
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems;
    use super::*;

    /// How many elements of a tag there are when each problem is a case.
    fn count(warnings_fail: bool, tag: &str) -> usize {
        let case = |problem: &Problem| Case {
            name: problem.code.0.to_owned(),
            verdict: Verdict::of_one(problem, warnings_fail),
        };
        let cases = problems().iter().map(case).collect();
        let suite = Suite {
            title: "checks".to_owned(),
            cases,
        };
        let xml = junit("kpbuild", &[suite]).expect("it can be written");
        let back = roxmltree::Document::parse(&xml).expect("it is XML");
        let tags = back.descendants().filter(|node| node.has_tag_name(tag));
        tags.count()
    }

    #[test]
    fn problems_are_failed_or_skipped_tests() {
        assert_eq!(count(false, "testcase"), 3);
        assert_eq!((count(false, "failure"), count(false, "skipped")), (1, 2));
        assert_eq!((count(true, "failure"), count(true, "skipped")), (2, 1));
    }

    #[test]
    fn a_case_of_several_problems_fails_with_the_first() {
        let problems = problems();
        let all: Vec<&Problem> = problems.iter().collect();
        let message =
            |problems: &[&Problem], warnings_fail| match Verdict::of(problems, warnings_fail) {
                Verdict::Failed { message, .. } => message,
                Verdict::Passed | Verdict::Skipped { .. } => String::new(),
            };
        assert_eq!(message(&all, false), "100% wrong");
        assert_eq!(message(&all, true), "2 findings, the first: 100% wrong");
        assert_eq!(message(&all[1..], false), "");
        assert_eq!(message(&all[2..], true), "", "it is silenced");
    }
}
