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
mod facts;
mod labels;
mod metrics;
mod network;
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
mod template;

pub use check::{Check, Finding};
pub use checks::CHECKS;
pub use pages::{Page, codes, page};

use kpbuild_core::Bundle;

/// Runs all checks, or those that are wanted, over a bundle.
pub fn check(bundle: &Bundle, wanted: impl Fn(&Check) -> bool) -> Vec<Finding> {
    let facts = facts::Facts::new(bundle);
    let mut findings: Vec<Finding> = Vec::new();
    for check in CHECKS.iter().filter(|check| wanted(check)) {
        for finding in check.findings(&facts) {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings
}
