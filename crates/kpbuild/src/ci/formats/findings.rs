//! Findings as other tools take them: with the stacks that have them, and failed
//! rule tests among them.

use kpbuild_core::Severity;

use crate::ci::outcome::Verdict;
use crate::ci::report::Report;

/// A finding or a failed test at its place.
pub(super) struct Problem {
    pub(super) code: String,
    pub(super) severity: Severity,
    /// What is wrong, and everything that helps, on several lines.
    pub(super) text: String,
    /// What is wrong, on one line.
    pub(super) title: String,
    /// The file, and where in it; nothing is known of a finding about no file.
    pub(super) place: Option<Place>,
    pub(super) object: Option<String>,
    pub(super) stacks: Vec<String>,
}

/// Lines and columns, from 1.
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
}

/// The code under which failed rule tests are reported.
pub(super) const RULE_TEST: &str = "rule-test";

/// Everything that is wrong, in the order of the report.
pub(super) fn problems(report: &Report) -> Vec<Problem> {
    let mut problems: Vec<Problem> = report
        .findings
        .iter()
        .map(|finding| {
            let diagnostic = &finding.diagnostic;
            let places = report
                .places_of(finding)
                .map(|places| format!("in {places}"));
            let more = diagnostic
                .notes
                .iter()
                .chain(&places)
                .chain(&diagnostic.help);
            Problem {
                code: diagnostic.code.0.to_owned(),
                severity: diagnostic.severity,
                text: more.fold(diagnostic.message.clone(), |text, line| {
                    format!("{text}\n{line}")
                }),
                title: diagnostic.message.clone(),
                place: diagnostic.labels.first().map(|label| {
                    let end = kpbuild_core::Span {
                        start: label.span.end.max(label.span.start),
                        ..label.span
                    };
                    let (line, column) = report.sources.line_column(label.span);
                    let (end_line, end_column) = report.sources.line_column(end);
                    Place {
                        file: report.sources.file(label.span.file).name.clone(),
                        line,
                        column,
                        end_line,
                        end_column,
                    }
                }),
                object: finding.object.clone(),
                stacks: finding.stacks.clone(),
            }
        })
        .collect();
    for test in report.tests() {
        if test.verdict == Verdict::Failed {
            let details = test.details.as_deref().unwrap_or_default();
            problems.push(Problem {
                code: RULE_TEST.to_owned(),
                severity: Severity::Error,
                title: format!("the rule test `{}` fails", test.name),
                text: format!(
                    "the rule test `{}` fails\n{}",
                    test.name,
                    details.trim_end()
                ),
                place: Some(Place {
                    file: test.file.clone(),
                    line: test.line,
                    column: 1,
                    end_line: test.line,
                    end_column: 1,
                }),
                object: None,
                stacks: Vec::new(),
            });
        }
    }
    problems
}

/// How bad a problem is, in the words of all formats.
pub(super) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
