//! Everything that is found in what was read or rendered: one way for all
//! commands that report findings, so that silences count in each of them.

use kpbuild_check::{Finding, Report};
use kpbuild_core::{Bundle, Code, Diagnostic, Diagnostics, SourceMap};
use kpbuild_stack::Checking;

/// What reading and rendering have said, and what the checks find, without what
/// the stack file silences; of the codes that are wanted.
pub(crate) fn all(
    bundle: &Bundle,
    checking: &Checking,
    diagnostics: Diagnostics,
    sources: &SourceMap,
    wanted: impl Fn(Code) -> bool,
) -> Report {
    let mut all: Vec<Finding> = of_files(diagnostics)
        .filter(|one| wanted(one.diagnostic.code))
        .collect();
    let of_checks = kpbuild_check::check(bundle, checking, &wanted);
    let new: Vec<Finding> = of_checks
        .into_iter()
        .filter(|one| !all.iter().any(|other| is_said(other, one)))
        .collect();
    all.extend(new);
    kpbuild_check::report(all, &checking.silences, sources, wanted)
}

/// What stands against a stack that cannot be rendered: it cannot be checked
/// further, and nothing of it can be silenced.
pub(crate) fn of_broken(diagnostics: Diagnostics, sources: &SourceMap) -> Report {
    kpbuild_check::report(of_files(diagnostics).collect(), &[], sources, |_| true)
}

/// What reading and rendering have said, where nothing is checked and silenced.
pub(crate) fn said(diagnostics: Diagnostics) -> Report {
    Report {
        findings: of_files(diagnostics).collect(),
        silenced: Vec::new(),
    }
}

fn of_files(diagnostics: Diagnostics) -> impl Iterator<Item = Finding> {
    diagnostics.into_iter().map(|diagnostic| Finding {
        object: None,
        diagnostic,
    })
}

/// Whether what a check finds in an object has been said already, at its line in
/// the user's file of which the object was made: users' dashboards pass the same
/// checks when they are read.
fn is_said(of_file: &Finding, of_check: &Finding) -> bool {
    const SAME: [(&str, &str); 1] = [("dashboard-without-rules", "unknown-record")];
    let (first, second) = (&of_file.diagnostic, &of_check.diagnostic);
    let same_code = first.code == second.code || SAME.contains(&(first.code.0, second.code.0));
    let file = |one: &Diagnostic| one.labels.first().map(|label| label.span.file);
    same_code && file(first).is_some() && file(first) == file(second)
}
