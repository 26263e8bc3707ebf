//! What is wrong, as other programs take it: findings with the stacks that have
//! them, and failed rule tests among them.

use std::path::Path;

use kpbuild_core::{Diagnostic, SourceMap};

use crate::ci::outcome::{Tested, Verdict};
use crate::ci::report::{Finding, Report};
use crate::problems::{Place, Problem};
use crate::rule_tests;

/// Everything that is to be mended, in the order of the report.
pub(super) fn problems(report: &Report) -> Vec<Problem> {
    let failed = report.tests().into_iter();
    let failed = failed.filter(|test| test.verdict == Verdict::Failed);
    let findings = report.findings.iter();
    let findings = findings.map(|finding| of_finding(report, finding));
    findings.chain(failed.map(of_test)).collect()
}

/// What stacks accept.
pub(super) fn silenced(report: &Report) -> Vec<Problem> {
    let silenced = report.silenced.iter();
    silenced
        .map(|(finding, reason)| Problem {
            silenced: Some(reason.clone()),
            ..of_finding(report, finding)
        })
        .collect()
}

fn of_finding(report: &Report, finding: &Finding) -> Problem {
    let has_it = |label: &String| finding.stacks.contains(label);
    let first = report.labels.iter().position(has_it).unwrap_or(0);
    let home = report.outcomes.get(first);
    let home = home.map_or(Path::new(""), |outcome| &outcome.path);
    let mut problem = Problem {
        object: finding.object.clone(),
        stacks: finding.stacks.clone(),
        ..Problem::of(&finding.diagnostic, home, &report.sources)
    };
    let places = report.places_of(finding);
    problem
        .notes
        .extend(places.map(|places| format!("in {places}")));
    problem
}

/// What a failed test says, at its line.
fn of_test(test: &Tested) -> Problem {
    let error = Diagnostic::error(rule_tests::FAILS, rule_tests::fails(&test.name));
    let details = test.details.as_deref().unwrap_or_default().trim_end();
    Problem {
        notes: vec![details.to_owned()],
        places: vec![Place::of_line(&test.file, test.line)],
        ..Problem::of(&error, Path::new(&test.file), &SourceMap::default())
    }
}
