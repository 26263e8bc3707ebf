//! A window or offset that reaches further back than Prometheus keeps data.

use std::time::Duration;

use kpbuild_core::{Code, Severity};
use promql_parser::parser::{Expr, Offset};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::parts;

pub(super) const CHECK: Check = Check {
    code: Code("beyond-retention"),
    severity: Severity::Warning,
    page: "\
A rule or query looks back further than `spec.retention` of the Prometheus object:
the window is never full, or the offset leads to where nothing is any more.

Nothing is said where the object names no retention (the operator then takes 24h),
or where a Thanos sidecar or remote read keeps data longer. To mend
it, shorten the window, or lengthen the retention.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let Some(retention) = retention(facts) else {
        return;
    };
    for expression in facts.expressions() {
        let longest = parts(expression.expr).into_iter().filter_map(reach).max();
        if let Some(longest) = longest.filter(|longest| *longest > retention) {
            let message = format!(
                "{} looks back {}, and Prometheus keeps data for {}",
                expression.place(),
                words(longest),
                words(retention)
            );
            findings
                .on_expression(&expression, message)
                .help("shorten the window, or lengthen the retention");
        }
    }
}

/// How long data is kept, if that is known.
fn retention(facts: &Facts<'_>) -> Option<Duration> {
    let object = facts.bundle.of_kind("Prometheus").next()?;
    let spec = &object.value()["spec"];
    let elsewhere = spec["thanos"].is_object() || spec["remoteRead"].is_array();
    let text = spec["retention"].as_str()?;
    let milliseconds = kpbuild_stack::format::milliseconds(text)?;
    (!elsewhere && milliseconds > 0).then(|| Duration::from_millis(milliseconds))
}

fn reach(part: &Expr) -> Option<Duration> {
    let back = |offset: &Option<Offset>| match offset {
        Some(Offset::Pos(offset)) => *offset,
        _ => Duration::ZERO,
    };
    match part {
        Expr::VectorSelector(selector) => Some(back(&selector.offset)),
        Expr::MatrixSelector(matrix) => Some(matrix.range + back(&matrix.vs.offset)),
        Expr::Subquery(subquery) => Some(subquery.range + back(&subquery.offset)),
        _ => None,
    }
}

fn words(duration: Duration) -> String {
    let hours = duration.as_secs() / 3600;
    match hours {
        0 => format!("{}s", duration.as_secs()),
        _ if hours.is_multiple_of(24) => format!("{}d", hours / 24),
        _ => format!("{hours}h"),
    }
}
