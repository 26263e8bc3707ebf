//! A metric that is thrown away when it is scraped.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::uses;

pub(super) const CHECK: Check = Check {
    code: Code("dropped-metric"),
    severity: Severity::Warning,
    page: "\
A rule, panel or query of the adapter reads a metric that is exposed, and that every monitor which scrapes it
drops by a `metricRelabelings` on its name. It is never stored.

To mend it, do not drop the metric, or turn off the rule.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in facts.expressions().filter(|one| !facts.is_unmeasured(one)) {
        for one in uses(expression.expr) {
            let Some(name) = one.name().filter(|name| !facts.records.contains_key(name)) else {
                continue;
            };
            let sources = facts.sources(name, &one.selector.matchers);
            if !sources.is_empty() && sources.iter().all(|(scrape, _)| scrape.drops(name)) {
                let message = format!(
                    "{} reads `{name}`, which `{}` drops",
                    expression.place(),
                    sources[0].0.monitor.key()
                );
                findings
                    .on_expression(&expression, message)
                    .help("remove it from the monitor's `metricRelabelings`, or turn off the rule");
            }
        }
    }
}
