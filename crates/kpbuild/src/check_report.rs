//! Findings for programs: JSON, SARIF, JUnit's XML, and the annotations of
//! GitHub's workflows. All of them are made from one [`Report`], so that none
//! says more or less than another.

mod github;
mod json;
mod junit;
mod sarif;

pub(crate) use github::github;
pub(crate) use json::json;
pub(crate) use junit::junit;
pub(crate) use sarif::sarif;

use kpbuild_check::Finding;
use kpbuild_core::{Diagnostic, Severity, SourceMap};

/// How bad a finding is, in the words of a report.
fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Where a finding is to be seen: the file's name, line and column, from 1.
fn place<'s>(finding: &Finding, sources: &'s SourceMap) -> Option<(&'s str, usize, usize)> {
    let label = finding.diagnostic.labels.first()?;
    let (line, column) = sources.line_column(label.span);
    Some((&sources.file(label.span.file).name, line, column))
}

/// Everything that a finding says, a line each.
fn whole(diagnostic: &Diagnostic) -> String {
    let more = diagnostic.notes.iter().chain(&diagnostic.help);
    more.fold(diagnostic.message.clone(), |text, line| {
        format!("{text}\n{line}")
    })
}

#[cfg(test)]
mod tests {
    use kpbuild_check::{Finding, Report, Silenced};
    use kpbuild_core::{Code, Diagnostic, ObjectKey, SourceMap, Span};

    /// One finding with a place, one without, and one that is silenced.
    pub(super) fn report() -> (Report, SourceMap) {
        let mut sources = SourceMap::default();
        let file = sources.add("a,b.yaml", "name: x\nkind: y\n");
        let span = Span {
            file,
            start: 8,
            end: 12,
        };
        let key = ObjectKey {
            group: String::new(),
            kind: "Service".to_owned(),
            namespace: "m".to_owned(),
            name: "s".to_owned(),
        };
        let error = Diagnostic::error(Code("rule-syntax"), "100% wrong")
            .at(span, "")
            .help("mend it");
        let warning = |message| Finding {
            object: Some(key.clone()),
            diagnostic: Diagnostic::warning(Code("unknown-job"), message),
        };
        let report = Report {
            findings: vec![
                Finding {
                    object: None,
                    diagnostic: error,
                },
                warning("nowhere"),
            ],
            silenced: vec![Silenced {
                finding: warning("accepted"),
                reason: "we know".to_owned(),
            }],
        };
        (report, sources)
    }
}
