//! Targets that are scraped twice.

use std::collections::BTreeMap;

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: Code("duplicate-scrape"),
    severity: Severity::Warning,
    page: "\
Two endpoints scrape the same port and path of the same pods under the same job.
Every series then exists twice or its samples are refused as duplicates; sums
count everything double.

To mend it, remove one of the endpoints, or let one monitor select only what the
other does not.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut first = BTreeMap::new();
    for scrape in &facts.scrapes {
        for (pods, port) in scrape
            .pods
            .iter()
            .filter_map(|(pods, port)| Some((*pods, (*port)?)))
        {
            let parameters = scrape.endpoint["params"].to_string();
            let place = (pods, port, scrape.path(), parameters, scrape.job.clone());
            if let Some(other) = first.insert(place, scrape.monitor) {
                let message = format!(
                    "`{}` scrapes port {port} of `{}` a second time",
                    scrape.monitor.key(),
                    facts.pods[pods].object.key()
                );
                findings.on(scrape.monitor, message).help(format!(
                    "`{}` scrapes it already: remove one of the two endpoints",
                    other.key()
                ));
            }
        }
    }
}
