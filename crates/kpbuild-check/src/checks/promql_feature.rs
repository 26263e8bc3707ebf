//! Functions that Prometheus has only behind a feature flag.

use kpbuild_core::{Code, Severity};
use promql_parser::parser::Expr;

use crate::check::{Check, Findings};
use crate::facts::{Facts, strings};
use crate::promql::parts;

pub(super) const CHECK: Check = Check {
    code: Code("promql-feature"),
    severity: Severity::Error,
    page: "\
An experimental function or aggregation (`sort_by_label`, `mad_over_time`,
`limitk`, `info`, ...) is an error unless Prometheus runs with the feature
`promql-experimental-functions`; one such rule makes Prometheus refuse the whole
object.

To mend it, turn the feature on
(`components: {prometheus: {spec: {enableFeatures: [promql-experimental-functions]}}}`),
or do without the function.",
    run,
};

const FEATURE: &str = "promql-experimental-functions";

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut servers = facts.bundle.of_kind("Prometheus").peekable();
    let is_on = servers.peek().is_none()
        || servers.all(|one| {
            strings(&one.value()["spec"]["enableFeatures"]).any(|feature| feature == FEATURE)
        });
    if is_on {
        return;
    }
    for expression in facts.expressions() {
        for name in parts(expression.expr).into_iter().filter_map(experimental) {
            let message = format!(
                "{} uses `{name}`, which is experimental and not turned on",
                expression.place()
            );
            findings.on_expression(&expression, message).help(format!(
                "add `{FEATURE}` to `enableFeatures` of Prometheus, or do without it"
            ));
        }
    }
}

fn experimental(part: &Expr) -> Option<String> {
    match part {
        Expr::Call(call) if call.func.experimental => Some(call.func.name.to_owned()),
        Expr::Aggregate(aggregate) => {
            let name = aggregate.op.to_string();
            ["limitk", "limit_ratio"]
                .contains(&name.as_str())
                .then_some(name)
        }
        _ => None,
    }
}
