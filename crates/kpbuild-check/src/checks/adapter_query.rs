//! A query of prometheus-adapter that is not PromQL.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: Code("adapter-query"),
    severity: Severity::Error,
    page: "\
prometheus-adapter fills `<<.Series>>`, `<<.LabelMatchers>>` and `<<.GroupBy>>` into
the queries of its configuration and asks Prometheus for the result. A query that
is no PromQL then is answered with an error: `kubectl top` and autoscaling have no
figures.

To mend it, correct the query.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for query in &facts.queries {
        if let Err(reason) = &query.expr {
            let message = format!(
                "{} in `{}` is not PromQL: {reason}",
                query.words,
                query.object.key()
            );
            findings
                .on(query.object, message)
                .help("correct the query; the adapter's placeholders are `<<.Series>>`, `<<.LabelMatchers>>` and `<<.GroupBy>>`");
        }
    }
}
