//! Parts of an expression that can never give anything.

use kpbuild_core::{Code, Severity};
use promql_parser::label::MatchOp;
use promql_parser::parser::{BinaryExpr, Expr};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::parts;

pub(super) const CHECK: Check = Check {
    code: Code("dead-branch"),
    severity: Severity::Warning,
    page: "\
A part of an expression is always empty, or always hides the part beside it:
numbers are compared that are not so (`vector(0) > 0`), a matcher demands two
values of one label, or the right side of `or` can never be seen, because the left
side is a number for all series.

To mend it, write what was meant, or remove the part.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in facts.expressions() {
        for part in parts(expression.expr) {
            if let Some(problem) = problem(part) {
                let message = format!("{} {problem}", expression.place());
                findings
                    .on_expression(&expression, message)
                    .help("write what was meant, or remove the part");
            }
        }
    }
}

fn problem(part: &Expr) -> Option<String> {
    match part {
        Expr::Binary(binary) => comparison(binary).or_else(|| hidden(binary)),
        Expr::VectorSelector(selector) => {
            let equal: Vec<_> = selector
                .matchers
                .matchers
                .iter()
                .filter(|one| one.op == MatchOp::Equal)
                .collect();
            let twice = equal.iter().find(|one| {
                let mut others = equal.iter();
                others.any(|other| other.name == one.name && other.value != one.value)
            })?;
            Some(format!(
                "asks for two values of the label `{}` at once",
                twice.name
            ))
        }
        _ => None,
    }
}

/// A comparison of numbers that does not hold.
fn comparison(binary: &BinaryExpr) -> Option<String> {
    let is_filter = binary.op.is_comparison_operator()
        && !binary
            .modifier
            .as_ref()
            .is_some_and(|modifier| modifier.return_bool);
    let (left, right) = (constant(&binary.lhs)?, constant(&binary.rhs)?);
    let holds = match binary.op.to_string().as_str() {
        ">" => left > right,
        ">=" => left >= right,
        "<" => left < right,
        "<=" => left <= right,
        "==" => (left - right).abs() < f64::EPSILON,
        "!=" => (left - right).abs() >= f64::EPSILON,
        _ => return None,
    };
    (is_filter && !holds).then(|| format!("has `{binary}`, which is never true"))
}

/// `vector(0) or x`: series without labels are all that is ever seen of numbers, so
/// only a right side without labels is hidden.
fn hidden(binary: &BinaryExpr) -> Option<String> {
    let is_or = binary.op.to_string() == "or";
    let both = constant(&binary.lhs).is_some() && constant(&binary.rhs).is_some();
    (is_or && both).then(|| format!("has `{binary}`, whose right side is never seen"))
}

/// The number that an expression is, whatever is measured.
fn constant(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::NumberLiteral(number) => Some(number.val),
        Expr::Paren(paren) => constant(&paren.expr),
        Expr::Unary(unary) => constant(&unary.expr).map(|value| -value),
        Expr::Call(call) if call.func.name == "vector" => constant(call.args.args.first()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::problem;
    use crate::promql::parts;
    use promql_parser::parser::parse;

    #[test]
    fn dead_parts_are_found() {
        let found = |text: &str| {
            let expr = parse(text).expect("it is PromQL");
            parts(&expr).into_iter().any(|part| problem(part).is_some())
        };
        for text in [
            "vector(0) > 0",
            "(a or vector(0)) and vector(1) < 1",
            r#"a{b="c", b="d"}"#,
            "vector(1) or vector(2)",
        ] {
            assert!(found(text), "{text}");
        }
        for text in [
            "vector(1)",
            "vector(1) > 0",
            "a or vector(0)",
            r#"a{b="c", b!="d"}"#,
            "1 > bool 2",
        ] {
            assert!(!found(text), "{text}");
        }
    }
}
