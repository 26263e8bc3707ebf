//! What is said about the dashboards of a mixin from elsewhere.

use std::collections::BTreeMap;

use kpbuild_core::{Code, Diagnostic, Severity, Span};
use kpbuild_dashboard::{Finding, OLD_SCHEMA};

use super::user::Place;

/// What is wrong with the dashboards of a mixin from elsewhere, at one place:
/// who uses a mixin has not written it. So warnings of one kind come as one,
/// and nothing is said about the age of the model, which Grafana converts.
pub(super) fn findings(place: Span, found: Vec<(String, Finding)>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut warnings: BTreeMap<Code, Vec<(String, Finding)>> = BTreeMap::new();
    for (dashboard, finding) in found {
        match finding.severity {
            Severity::Error => diagnostics.push(named(finding, &dashboard, place)),
            Severity::Warning if finding.code == OLD_SCHEMA => {}
            Severity::Warning => warnings
                .entry(finding.code)
                .or_default()
                .push((dashboard, finding)),
        }
    }
    for mut alike in warnings.into_values() {
        let (dashboard, first) = alike.remove(0);
        let mut others: Vec<String> = alike.into_iter().map(|(dashboard, _)| dashboard).collect();
        let count = others.len();
        others.dedup();
        let diagnostic = named(first, &dashboard, place);
        diagnostics.push(match count {
            0 => diagnostic,
            _ => diagnostic.note(format!(
                "the like {count} more times, in {}",
                others.join(", ")
            )),
        });
    }
    diagnostics
}

/// A finding about one of several dashboards that have one place.
fn named(finding: Finding, dashboard: &str, place: Span) -> Diagnostic {
    let message = format!("`{dashboard}`: {}", finding.message);
    Place::whole(place).diagnostic(Finding { message, ..finding })
}
