//! Two sides of an operator that can never match.

use kpbuild_core::{Code, Severity};
use promql_parser::parser::{BinaryExpr, Expr, LabelModifier};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::Names;

pub(super) const CHECK: Check = Check {
    code: Code("vector-match"),
    severity: Severity::Warning,
    page: "\
An operator between two vectors pairs series whose labels named in `on (...)`
have equal values. If one side has such a label and the other side cannot have
it, no pair is ever found and the result is empty. The labels of each side
follow from its metrics, functions and aggregations.

`cluster` is left alone: it comes from outside of a single cluster.

To mend it, keep the label on both sides, or remove it from `on (...)`.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for rule in &facts.rules {
        let Ok(expr) = &rule.expr else { continue };
        for binary in operators(expr) {
            let Some(LabelModifier::Include(on)) = binary
                .modifier
                .as_ref()
                .and_then(|modifier| modifier.matching.as_ref())
            else {
                continue;
            };
            let sides = [&binary.lhs, &binary.rhs].map(|side| facts.labels(side));
            let [Names::Only(left), Names::Only(right)] = &sides else {
                continue;
            };
            for label in on.labels.iter().filter(|label| label.as_str() != "cluster") {
                let side = match (left.contains(label), right.contains(label)) {
                    (true, false) => "right",
                    (false, true) => "left",
                    _ => continue,
                };
                let message = format!(
                    "{} in `{}` matches on `{label}`, which the {side} side of `{}` cannot have",
                    rule.words(),
                    rule.object.key(),
                    binary.op
                );
                findings
                    .on_rule(rule, message)
                    .help("keep the label on both sides, or remove it from `on (...)`");
            }
        }
    }
}

fn operators(expr: &Expr) -> Vec<&BinaryExpr> {
    let mut found = Vec::new();
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Binary(binary) => {
                found.push(binary);
                open.extend([&*binary.lhs, &*binary.rhs]);
            }
            Expr::Paren(paren) => open.push(&paren.expr),
            Expr::Unary(unary) => open.push(&unary.expr),
            Expr::Aggregate(aggregate) => open.push(&aggregate.expr),
            Expr::Subquery(subquery) => open.push(&subquery.expr),
            Expr::Call(call) => open.extend(call.args.args.iter().map(|one| &**one)),
            _ => {}
        }
    }
    found
}
