//! Two sides of an operator that can never match.

use kpbuild_core::{Code, Severity};
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{BinaryExpr, Expr, LabelModifier};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::{Names, parts};

pub(super) const CHECK: Check = Check {
    code: Code("vector-match"),
    severity: Severity::Warning,
    page: "\
An operator between two vectors pairs series whose labels named in `on (...)`, or
all labels without it, have equal values. If one side has such a label and the other side cannot have
it, no pair is ever found and the result is empty. The labels of each side
follow from its metrics, functions and aggregations.

`cluster` is left alone: it comes from outside of a single cluster.

To mend it, keep the label on both sides, or remove it from `on (...)`.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in facts.expressions().filter(|one| !facts.is_unmeasured(one)) {
        for binary in operators(expression.expr) {
            for (label, side) in one_sided(facts, binary) {
                let message = format!(
                    "{} matches on `{label}`, which the {side} side of `{}` cannot have",
                    expression.place(),
                    binary.op
                );
                findings
                    .on_expression(&expression, message)
                    .help("keep the label on both sides, or remove it from `on (...)`");
            }
        }
    }
}

/// The labels that are compared and that one side cannot have, with that side.
fn one_sided(facts: &Facts<'_>, binary: &BinaryExpr) -> Vec<(String, &'static str)> {
    let modifier = binary.modifier.as_ref();
    let matching = modifier.and_then(|modifier| modifier.matching.as_ref());
    let sides = [&binary.lhs, &binary.rhs].map(|side| facts.labels(side));
    let [Names::Only(left), Names::Only(right)] = &sides else {
        return Vec::new();
    };
    let compared: Vec<&String> = match matching {
        Some(LabelModifier::Include(on)) => on.labels.iter().collect(),
        // Without `on`, all labels are compared: what is kept by name is there.
        _ if !is_kept_by_name(&binary.lhs) || !is_kept_by_name(&binary.rhs) => Vec::new(),
        _ if binary.op.to_string() == "or" => Vec::new(),
        Some(LabelModifier::Exclude(list)) => left
            .union(right)
            .filter(|label| !list.labels.contains(label))
            .collect(),
        None => left.union(right).collect(),
    };
    let side = |label: &String| match (left.contains(label), right.contains(label)) {
        (true, false) => Some("right"),
        (false, true) => Some("left"),
        _ => None,
    };
    compared
        .into_iter()
        .filter(|label| label.as_str() != "cluster")
        .filter_map(|label| Some((label.clone(), side(label)?)))
        .collect()
}

/// Whether the labels of a vector are those that an aggregation names.
fn is_kept_by_name(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(paren) => is_kept_by_name(&paren.expr),
        Expr::Aggregate(aggregate) => {
            !matches!(aggregate.modifier, Some(LabelModifier::Exclude(_)))
        }
        Expr::Binary(binary) if !binary.op.is_set_operator() => {
            let side =
                |side: &Expr| side.value_type() == ValueType::Scalar || is_kept_by_name(side);
            side(&binary.lhs) && side(&binary.rhs)
        }
        _ => false,
    }
}

fn operators(expr: &Expr) -> impl Iterator<Item = &BinaryExpr> {
    parts(expr).into_iter().filter_map(|part| match part {
        Expr::Binary(binary) => Some(binary),
        _ => None,
    })
}
