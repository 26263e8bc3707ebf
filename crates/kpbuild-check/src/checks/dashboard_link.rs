//! A link to a dashboard that is not there.

use std::collections::BTreeSet;

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: Code("dashboard-link"),
    severity: Severity::Warning,
    page: "\
A link in a dashboard (`/d/UID/...`) leads to a uid that no dashboard of the
objects has: who follows it sees `Dashboard not found`. It may have been excluded,
or its uid may have changed.

To mend it, correct the uid, or install the dashboard.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let uids: BTreeSet<&str> = facts
        .dashboards
        .iter()
        .filter_map(|dashboard| dashboard.uid())
        .collect();
    for dashboard in &facts.dashboards {
        for uid in &dashboard.model().links {
            if uids.contains(uid.as_str()) {
                continue;
            }
            let help = match nearest(uid, uids.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "correct the uid, or install the dashboard".to_owned(),
            };
            let message = format!(
                "{} in `{}` links to the dashboard `{uid}`, which does not exist",
                dashboard.words(),
                dashboard.object.key()
            );
            findings.on(dashboard.object, message).help(help);
        }
    }
}
