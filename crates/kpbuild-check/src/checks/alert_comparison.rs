//! An alert that always fires.

use kpbuild_core::{Code, Severity};
use promql_parser::parser::{BinaryExpr, Expr};

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: Code("alert-comparison"),
    severity: Severity::Warning,
    page: "\
An alert fires for every series that its expression returns, whatever its value.
Without a comparison, `absent`, `unless` or a selector of a series that only
exists in trouble, it fires all the time; a comparison with `bool` returns 0 or 1
and therefore always something.

An alert that shall always fire, to show that alerting works, is recognised by
`vector(1)` or by the name `Watchdog`; one that reads `ALERTS` has the condition
in the alerts that it reads.

To mend it, compare the value with a threshold.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for rule in facts
        .rules
        .iter()
        .filter(|rule| rule.is_alert && rule.name != "Watchdog")
    {
        let Ok(expr) = &rule.expr else { continue };
        if !is_condition(expr) {
            let message = format!(
                "{} in `{}` compares nothing, so that it always fires",
                rule.words(),
                rule.object.key()
            );
            findings
                .on_rule(rule, message)
                .help("compare the value with a threshold");
        }
    }
}

fn is_condition(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(paren) => is_condition(&paren.expr),
        Expr::Unary(unary) => is_condition(&unary.expr),
        Expr::Aggregate(aggregate) => is_condition(&aggregate.expr),
        Expr::Subquery(subquery) => is_condition(&subquery.expr),
        Expr::Call(call) => {
            ["absent", "absent_over_time", "vector"].contains(&call.func.name)
                || call.args.args.iter().any(|one| is_condition(one))
        }
        Expr::Binary(binary) => of_operator(binary),
        Expr::VectorSelector(selector) => selector
            .name
            .as_deref()
            .is_some_and(|name| name.starts_with("ALERTS")),
        Expr::MatrixSelector(_)
        | Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::Extension(_) => false,
    }
}

fn of_operator(binary: &BinaryExpr) -> bool {
    let sides = [&binary.lhs, &binary.rhs].map(|side| is_condition(side));
    match binary.op.to_string().as_str() {
        "unless" => true,
        "and" => sides[0] || sides[1],
        "or" => sides[0] && sides[1],
        _ if binary.op.is_comparison_operator() => !binary
            .modifier
            .as_ref()
            .is_some_and(|modifier| modifier.return_bool),
        _ => sides[0] || sides[1],
    }
}

#[cfg(test)]
mod tests {
    use super::is_condition;

    #[test]
    fn conditions_can_be_false() {
        for text in [
            "up == 0",
            "absent(up)",
            "(a > 1) * 100",
            "a unless b",
            "vector(1)",
            "sum(rate(a[5m])) > 0 or b < 1",
            "count(up == 0)",
        ] {
            assert!(
                is_condition(&promql_parser::parser::parse(text).unwrap()),
                "{text}"
            );
        }
        for text in ["up", "up == bool 0", "a > 1 or b", "rate(a[5m]) * 100"] {
            assert!(
                !is_condition(&promql_parser::parser::parse(text).unwrap()),
                "{text}"
            );
        }
    }
}
