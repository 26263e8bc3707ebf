//! What is wrong with a bundle: whether its objects are right, and whether they
//! fit together so that the monitoring will work.
//!
//! One check a file in [`checks`], listed once. A check reads the [`facts`] of
//! a bundle and says what it finds; nothing here changes a bundle, reads a file
//! or asks a cluster. What is wrong with the text of a stack file is said by
//! `kpbuild-stack`, dashboards of the user's own are checked by
//! `kpbuild-render` when they are read.

mod alerting;
mod check;
mod checks;
mod constraints;
mod dashboards;
pub mod explain;
mod expression;
mod expressions;
mod facts;
mod kinds;
mod labels;
mod metrics;
mod network;
mod notifications;
mod objects;
mod pages;
mod permissions;
mod pods;
mod promql;
mod references;
mod rules;
mod scrapes;
mod selector;
mod services;
mod silence;
mod template;

pub use check::{Check, Finding};
pub use checks::{CHECKS, is_namespaced, is_of_cluster};
pub use expression::{Mistake, mistake};
pub use pages::{Page, codes, page};
pub use silence::{Report, Silenced, report};

use kpbuild_core::{Bundle, Code};
use kpbuild_stack::Checking;

/// The codes of everything that [`check`] looks for, sorted.
pub fn codes_of_checks() -> Vec<&'static str> {
    let own = CHECKS.iter().map(|check| check.code.0);
    let of_dashboards = kpbuild_dashboard::CODES.iter().map(|code| code.0);
    let mut all: Vec<&str> = own.chain(of_dashboards).collect();
    all.sort_unstable();
    all
}

/// Runs all checks, or those whose codes are wanted, over a bundle.
pub fn check(bundle: &Bundle, checking: &Checking, wanted: impl Fn(Code) -> bool) -> Vec<Finding> {
    let facts = facts::Facts::new(bundle, checking);
    let mut findings: Vec<Finding> = Vec::new();
    let of_checks = CHECKS
        .iter()
        .filter(|check| wanted(check.code))
        .flat_map(|check| check.findings(&facts));
    let of_dashboards = dashboards::findings(&facts)
        .into_iter()
        .filter(|one| wanted(one.diagnostic.code));
    for finding in of_checks.chain(of_dashboards) {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}
