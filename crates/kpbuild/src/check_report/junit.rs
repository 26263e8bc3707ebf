//! Findings as JUnit's XML: a test case for every finding, and one for every check
//! that found nothing.

use std::collections::BTreeSet;

use anyhow::Context as _;
use kpbuild_check::{Finding, Report};
use kpbuild_core::{Severity, SourceMap};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{place, whole, word};

/// The report of a run of the checks of these codes. Warnings fail only where they
/// are denied; JUnit has no word for them, so that otherwise they are skipped tests.
pub(crate) fn junit(
    report: &Report,
    sources: &SourceMap,
    codes: &[&str],
    warnings_fail: bool,
) -> anyhow::Result<String> {
    let mut suite = TestSuite::new("kpbuild check");
    let mut found = BTreeSet::new();
    for finding in &report.findings {
        found.insert(finding.diagnostic.code.0);
        let fails = warnings_fail || finding.diagnostic.severity == Severity::Error;
        let mut status = if fails {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        } else {
            TestCaseStatus::skipped()
        };
        status.set_type(word(finding.diagnostic.severity));
        status.set_message(finding.diagnostic.message.as_str());
        status.set_description(description(finding, sources));
        suite.add_test_case(case(finding, status));
    }
    for silenced in &report.silenced {
        found.insert(silenced.finding.diagnostic.code.0);
        let mut status = TestCaseStatus::skipped();
        status.set_message(format!("silenced: {}", silenced.reason));
        suite.add_test_case(case(&silenced.finding, status));
    }
    for code in codes.iter().filter(|code| !found.contains(*code)) {
        suite.add_test_case(TestCase::new(*code, TestCaseStatus::success()));
    }
    let mut all = quick_junit::Report::new("kpbuild check");
    all.add_test_suite(suite);
    all.to_string().context("cannot write the report as XML")
}

/// Names that stay the same from run to run: those of the code and of the object.
fn case(finding: &Finding, status: TestCaseStatus) -> TestCase {
    let code = finding.diagnostic.code.0;
    let name = match &finding.object {
        Some(key) => format!("{code} {key}"),
        None => code.to_owned(),
    };
    TestCase::new(name, status)
}

fn description(finding: &Finding, sources: &SourceMap) -> String {
    let text = whole(&finding.diagnostic);
    match place(finding, sources) {
        Some((file, line, column)) => format!("{file}:{line}:{column}: {text}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    /// How many elements of a tag there are.
    fn count(warnings_fail: bool, tag: &str) -> usize {
        let (report, sources) = report();
        let codes = ["rule-syntax", "schema", "unknown-job"];
        let xml = junit(&report, &sources, &codes, warnings_fail).expect("it can be written");
        let back = roxmltree::Document::parse(&xml).expect("it is XML");
        back.descendants()
            .filter(|node| node.has_tag_name(tag))
            .count()
    }

    #[test]
    fn checks_are_tests() {
        assert_eq!(count(false, "testcase"), 4);
        assert_eq!((count(false, "failure"), count(false, "skipped")), (1, 2));
        assert_eq!((count(true, "failure"), count(true, "skipped")), (2, 1));
    }
}
