//! An alert about an absent series that fires at every restart.

use kpbuild_core::{Code, Severity};
use promql_parser::parser::Expr;

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::{parts, uses};

pub(super) const CHECK: Check = Check {
    code: Code("absent-without-for"),
    severity: Severity::Warning,
    page: "\
`absent(x)` is true until the first scrape after a restart of Prometheus or of the
target. An alert on it needs a `for` of at least two scrapes, or it fires at every
restart. `absent_over_time(x[10m])` has its patience in the window.

To mend it, set `for: 5m`.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for rule in facts.rules.iter().filter(|rule| rule.is_alert) {
        let Ok(expr) = &rule.expr else { continue };
        let patience = rule.value["for"]
            .as_str()
            .map_or(Some(0), kpbuild_stack::format::milliseconds);
        let Some(patience) = patience else { continue };
        for call in parts(expr).into_iter().filter_map(absent) {
            let scraped = uses(call).into_iter().flat_map(|one| {
                let name = one.name().unwrap_or_default().to_owned();
                facts.sources(&name, &one.selector.matchers)
            });
            let interval = scraped.map(|(scrape, _)| scrape.interval).min();
            let needed = 2 * interval.unwrap_or(30_000);
            if patience < needed {
                let message = format!(
                    "{} in `{}` fires as soon as `{call}` is true, as it is after every restart",
                    rule.words(),
                    rule.object.key()
                );
                findings.on_rule(rule, message).help(format!(
                    "set `for` to at least {}s, two scrapes",
                    needed / 1000
                ));
            }
        }
    }
}

fn absent(part: &Expr) -> Option<&Expr> {
    match part {
        Expr::Call(call) if call.func.name == "absent" => Some(part),
        _ => None,
    }
}
