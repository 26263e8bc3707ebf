//! A sum over quotients of which one may be no number.

use kpbuild_core::{Code, Severity};
use promql_parser::parser::{AggregateExpr, BinaryExpr, Expr, LabelModifier};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::{Names, parts};

pub(super) const CHECK: Check = Check {
    code: Code("nan-spreads"),
    severity: Severity::Warning,
    page: "\
A sum or an average is taken over quotients. Where nothing happens, a rate is 0,
and 0 divided by 0 is NaN, no number: a single quiet series makes the whole sum
NaN. An alert on it stays silent, since NaN is neither more nor less than anything,
and a panel has a gap, while all other series would have something to say.

It is said where the divisor is a rate, an increase, a difference or a comparison
with `bool`, which are 0 in good times, and nothing keeps zeros out. `max`, `min`
and `count` are not looked at, as NaN does not spread through them, nor are sums
with one series in each group, such as `sum by (instance)` of what a target has
once.

To mend it, divide the sums (`sum(a) / sum(b)`), which is also right where series
differ in weight, or leave out what is 0: `a / (b > 0)`.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in facts.expressions() {
        for part in parts(expression.expr) {
            let Some((outer, inner)) = spreading(part) else {
                continue;
            };
            let merges = || match part {
                Expr::Aggregate(aggregate) => merges(facts, aggregate),
                _ => true,
            };
            if divisions(inner).any(|division| may_be_zero(&division.rhs)) && merges() {
                let message = format!(
                    "{} takes `{outer}` of quotients, and one with the divisor 0 makes it NaN",
                    expression.place()
                );
                findings
                    .on_expression(&expression, message)
                    .help("divide the sums instead, or leave out what is 0: `a / (b > 0)`");
            }
        }
    }
}

/// Labels that say which target a series is of, beside `instance`.
const OF_TARGET: [&str; 8] = [
    "job",
    "namespace",
    "pod",
    "container",
    "endpoint",
    "service",
    "node",
    "cluster",
];

/// Whether several series come into one group, as far as their labels tell.
fn merges(facts: &Facts<'_>, aggregate: &AggregateExpr) -> bool {
    let Names::Only(labels) = facts.labels(&aggregate.expr) else {
        return true;
    };
    let is_kept = |label: &str| match &aggregate.modifier {
        Some(LabelModifier::Include(list)) => list.labels.iter().any(|one| one == label),
        Some(LabelModifier::Exclude(list)) => !list.labels.iter().any(|one| one == label),
        None => false,
    };
    let mut lost = labels.iter().filter(|label| !is_kept(label));
    lost.any(|label| !is_kept("instance") || !OF_TARGET.contains(&label.as_str()))
}

/// What NaN spreads through: its name, and what it is taken of.
fn spreading(expr: &Expr) -> Option<(String, &Expr)> {
    match expr {
        Expr::Aggregate(aggregate) => {
            let operator = aggregate.op.to_string();
            let spreads = ["sum", "avg", "stddev", "stdvar"].contains(&operator.as_str());
            spreads.then_some((operator, &*aggregate.expr))
        }
        Expr::Call(call) => {
            let of_time = ["sum_over_time", "avg_over_time", "stddev_over_time"];
            let name = call.func.name;
            let inner = call.args.args.first().filter(|_| of_time.contains(&name))?;
            Some((name.to_owned(), &**inner))
        }
        _ => None,
    }
}

/// The divisions whose quotients come out of an expression as they are. What is
/// compared, or has to be among other series, is no longer NaN.
fn divisions(expr: &Expr) -> Box<dyn Iterator<Item = &BinaryExpr> + '_> {
    match expr {
        Expr::Paren(paren) => divisions(&paren.expr),
        Expr::Unary(unary) => divisions(&unary.expr),
        Expr::Subquery(subquery) => divisions(&subquery.expr),
        Expr::Call(call) => Box::new(call.args.args.iter().flat_map(|one| divisions(one))),
        Expr::Binary(binary) if binary.op.is_comparison_operator() => Box::new(std::iter::empty()),
        Expr::Binary(binary) => {
            let operator = binary.op.to_string();
            if operator == "and" {
                return Box::new(std::iter::empty());
            }
            let own = (operator == "/").then_some(binary);
            let sides = [&binary.lhs, &binary.rhs].into_iter();
            Box::new(
                own.into_iter()
                    .chain(sides.flat_map(|side| divisions(side))),
            )
        }
        // An aggregation inside is looked at by itself.
        Expr::Aggregate(_)
        | Expr::MatrixSelector(_)
        | Expr::VectorSelector(_)
        | Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::Extension(_) => Box::new(std::iter::empty()),
    }
}

/// Whether a divisor is 0 in good times.
fn may_be_zero(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(paren) => may_be_zero(&paren.expr),
        Expr::Unary(unary) => may_be_zero(&unary.expr),
        Expr::Subquery(subquery) => may_be_zero(&subquery.expr),
        Expr::Aggregate(aggregate) => {
            let counts = ["count", "group", "count_values"];
            !counts.contains(&aggregate.op.to_string().as_str()) && may_be_zero(&aggregate.expr)
        }
        Expr::Call(call) => match call.func.name {
            "rate" | "irate" | "increase" | "delta" | "idelta" | "deriv" | "changes" | "resets" => {
                true
            }
            "clamp_min" | "count_over_time" => false,
            _ => call.args.args.iter().any(|one| may_be_zero(one)),
        },
        Expr::Binary(binary) => of_operator(binary),
        Expr::NumberLiteral(number) => number.val == 0.0,
        Expr::MatrixSelector(_)
        | Expr::VectorSelector(_)
        | Expr::StringLiteral(_)
        | Expr::Extension(_) => false,
    }
}

fn of_operator(binary: &BinaryExpr) -> bool {
    let [left, right] = [&binary.lhs, &binary.rhs].map(|side| may_be_zero(side));
    let gives_bool = |binary: &BinaryExpr| {
        let modifier = binary.modifier.as_ref();
        modifier.is_some_and(|modifier| modifier.return_bool)
    };
    match binary.op.to_string().as_str() {
        // What is compared has been thought about.
        "and" | "unless" => false,
        "or" => left || right,
        "-" => true,
        "+" => left && right,
        _ if binary.op.is_comparison_operator() => gives_bool(binary),
        _ => left || right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in an expression.
    fn found(text: &str) -> Vec<String> {
        let expr = promql_parser::parser::parse(text).expect("cases are PromQL");
        let all = parts(&expr).into_iter().filter_map(spreading);
        all.filter(|(_, inner)| divisions(inner).any(|one| may_be_zero(&one.rhs)))
            .map(|(outer, _)| outer)
            .collect()
    }

    #[test]
    fn quotients_that_may_be_nan_are_found() {
        for text in [
            "sum(rate(a[5m]) / rate(b[5m]))",
            "avg by (job) (100 * (a / (b - c)))",
            "sum(a / sum by (x) (increase(b[5m])))",
            "stddev(a / on (x) (b > bool 1))",
            "avg(1 - a / (rate(b[5m]) or c))",
        ] {
            assert_eq!(found(text).len(), 1, "{text}");
        }
        assert_eq!(
            found("avg_over_time((rate(a[5m]) / rate(b[5m]))[1h:1m])"),
            ["avg_over_time"]
        );
    }

    #[test]
    fn what_cannot_be_nan_or_does_not_spread_is_not() {
        for text in [
            "sum(rate(a[5m])) / sum(rate(b[5m]))",
            "sum(rate(a[5m]) / (rate(b[5m]) > 0))",
            "sum(rate(a[5m]) / rate(b[5m]) > 0.5)",
            "sum(rate(a[5m]) / rate(b[5m]) and c > 0)",
            "max(rate(a[5m]) / rate(b[5m]))",
            "sum(a / b)",
            "sum(a / 60)",
            "avg(a / count by (x) (rate(b[5m])))",
            "sum(a / clamp_min(rate(b[5m]), 1))",
            "sum(max(rate(a[5m]) / rate(b[5m])))",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
