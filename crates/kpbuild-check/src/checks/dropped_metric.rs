//! A metric that is thrown away when it is scraped.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::uses;

pub(super) const CHECK: Check = Check {
    code: Code("dropped-metric"),
    severity: Severity::Warning,
    page: "\
A rule reads a metric that is exposed, and that every monitor which scrapes it
drops by a `metricRelabelings` on its name. It is never stored.

To mend it, do not drop the metric, or turn off the rule.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut known = std::collections::BTreeMap::new();
    for rule in &facts.rules {
        let Ok(expr) = &rule.expr else { continue };
        for one in uses(expr) {
            let Some(name) = one.name().filter(|name| !facts.records.contains_key(name)) else {
                continue;
            };
            let sources = facts.sources(name, &one.selector.matchers);
            let mut drops = |scrape: &crate::scrapes::Scrape<'_>| {
                let place = (
                    scrape.endpoint["metricRelabelings"].to_string(),
                    name.to_owned(),
                );
                *known.entry(place).or_insert_with(|| scrape.drops(name))
            };
            if !sources.is_empty() && sources.iter().all(|(scrape, _)| drops(scrape)) {
                let message = format!(
                    "{} in `{}` reads `{name}`, which `{}` drops",
                    rule.words(),
                    rule.object.key(),
                    sources[0].0.monitor.key()
                );
                findings
                    .on_rule(rule, message)
                    .help("remove it from the monitor's `metricRelabelings`, or turn off the rule");
            }
        }
    }
}
