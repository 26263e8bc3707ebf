//! The report for people at a terminal or in a log.

use std::fmt::Write as _;

use kpbuild_core::Style;

use crate::ci::outcome::{State, Verdict};
use crate::ci::report::{Report, SharedRule};
use crate::plan_report::{self, Detail};

const GROWS: &str = "writing to a string cannot fail";

pub(super) fn text(report: &Report, style: Style) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let mut diagnostic = finding.diagnostic.clone();
        diagnostic.notes.extend(
            report
                .places_of(finding)
                .map(|places| format!("in {places}")),
        );
        writeln!(out, "{}\n", diagnostic.render(&report.sources, style)).expect(GROWS);
    }
    for test in report.tests() {
        if test.verdict == Verdict::Failed {
            writeln!(out, "FAILED {}:{} {}", test.file, test.line, test.name).expect(GROWS);
            let details = test.details.as_deref().unwrap_or_default().lines();
            for line in details.filter(|line| !line.trim().is_empty()) {
                writeln!(out, "      {}", line.trim_end()).expect(GROWS);
            }
            out.push('\n');
        }
    }
    let changes = report.changes();
    if !changes.is_empty() {
        let detail = Detail {
            style,
            fields: true,
            lines: Some(3),
            whole: false,
        };
        out.push_str(&plan_report::text(&changes, detail));
        out.push('\n');
    }
    for rule in report.rules.iter().filter(|rule| rule.tried.is_some()) {
        out.push_str(&tried(rule));
    }
    for (outcome, label) in report.of_state(State::Broken) {
        let path = outcome.path.display();
        writeln!(out, "{label}: `{path}` cannot be rendered, see above").expect(GROWS);
    }
    for (outcome, label) in report.of_state(State::BaseBroken) {
        writeln!(
            out,
            "{label}: it could not be rendered in {}, so it is not compared:",
            report.base
        )
        .expect(GROWS);
        for wrong in &outcome.wrong_before {
            for line in wrong.lines() {
                writeln!(out, "    {line}").expect(GROWS);
            }
        }
    }
    writeln!(out, "compared with {}", report.base).expect(GROWS);
    writeln!(out, "{}", report.counts()).expect(GROWS);
    out
}

/// How an alert would have fired.
fn tried(rule: &SharedRule) -> String {
    let Some(tried) = &rule.tried else {
        return String::new();
    };
    let mut out = format!("{}\n", rule.change.phrase());
    for line in tried.lines() {
        writeln!(out, "    {line}").expect(GROWS);
    }
    out.push('\n');
    out
}
