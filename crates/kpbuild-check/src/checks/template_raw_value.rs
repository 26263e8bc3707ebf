//! A number that nobody can read at night.

use kpbuild_core::{Code, Severity};
use promql_parser::parser::{AggregateExpr, BinaryExpr, Call, Expr};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::template;

pub(super) const CHECK: Check = Check {
    code: Code("template-raw-value"),
    severity: Severity::Warning,
    page: "\
An annotation shows `{{ $value }}` as it is calculated, and what is calculated is
hardly ever a whole number: `0.03333333333333333 errors`, `1.6777216e+07 bytes`.

It is said where the expression is a rate, an average, a quantile or a quotient,
also by way of records; counts and rounded values are left alone.

To mend it, let a function write the number: `humanize` (1.23k), `humanize1024`
(1.5Gi), `humanizeDuration` (1m 30s) for seconds, `humanizePercentage` (12.3%) for
a ratio, or `printf \"%.2f\" $value`.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for rule in facts.rules.iter().filter(|rule| rule.is_alert) {
        let Ok(expr) = &rule.expr else { continue };
        for (field, text) in rule.templates() {
            let is_shown = field.starts_with("annotations.") && template::shows_raw_value(text);
            if is_shown && is_fraction(facts, expr, 0) {
                let message = format!(
                    "`{field}` of {} in `{}` shows the value with all its decimals",
                    rule.words(),
                    rule.object.key()
                );
                findings.on_rule(rule, message).help(
                    "`{{ $value | humanize }}`, or `humanizePercentage`, `humanizeDuration`, `humanize1024`",
                );
            }
        }
    }
}

/// Records of records are followed so far.
const DEEPEST: usize = 5;

/// Whether the value of an expression is hardly ever a whole number.
fn is_fraction(facts: &Facts<'_>, expr: &Expr, depth: usize) -> bool {
    let inner = |expr: &Expr| is_fraction(facts, expr, depth);
    match expr {
        Expr::Paren(paren) => inner(&paren.expr),
        Expr::Unary(unary) => inner(&unary.expr),
        Expr::Subquery(subquery) => inner(&subquery.expr),
        Expr::Aggregate(aggregate) => of_aggregate(aggregate, inner),
        Expr::Call(call) => of_call(call, inner),
        Expr::Binary(binary) => of_operator(binary, inner),
        Expr::NumberLiteral(number) => number.val.fract() != 0.0,
        Expr::VectorSelector(selector) => {
            let name = selector.name.as_deref().unwrap_or_default();
            let records = facts.records.get(name).into_iter().flatten();
            let mut rules = records.filter_map(|index| facts.rules[*index].expr.as_deref().ok());
            depth < DEEPEST && rules.any(|expr| is_fraction(facts, expr, depth + 1))
        }
        Expr::MatrixSelector(_) | Expr::StringLiteral(_) | Expr::Extension(_) => false,
    }
}

fn of_aggregate(aggregate: &AggregateExpr, inner: impl Fn(&Expr) -> bool) -> bool {
    match aggregate.op.to_string().as_str() {
        "count" | "count_values" | "group" => false,
        "avg" | "quantile" | "stddev" | "stdvar" => true,
        _ => inner(&aggregate.expr),
    }
}

/// The functions whose results are hardly ever whole numbers.
const FRACTIONS: [&str; 18] = [
    "avg_over_time",
    "delta",
    "deriv",
    "exp",
    "histogram_avg",
    "histogram_fraction",
    "histogram_quantile",
    "increase",
    "irate",
    "ln",
    "log10",
    "log2",
    "predict_linear",
    "quantile_over_time",
    "rate",
    "sqrt",
    "stddev_over_time",
    "stdvar_over_time",
];

fn of_call(call: &Call, inner: impl Fn(&Expr) -> bool) -> bool {
    match call.func.name {
        name if FRACTIONS.contains(&name) => true,
        // With a second argument it rounds to something else.
        "round" => call.args.args.get(1).is_some_and(|to| inner(to)),
        "ceil" | "floor" | "changes" | "resets" | "count_over_time" => false,
        _ => call.args.args.iter().any(|one| inner(one)),
    }
}

fn of_operator(binary: &BinaryExpr, inner: impl Fn(&Expr) -> bool) -> bool {
    let modifier = binary.modifier.as_ref();
    let gives_bool = modifier.is_some_and(|modifier| modifier.return_bool);
    match binary.op.to_string().as_str() {
        "/" | "atan2" => true,
        "and" | "unless" => inner(&binary.lhs),
        _ if binary.op.is_comparison_operator() && gives_bool => false,
        // The value is that of the vector: a number on the other side is a threshold.
        _ if binary.op.is_comparison_operator() => match &*binary.lhs {
            Expr::NumberLiteral(_) => inner(&binary.rhs),
            left => inner(left),
        },
        _ => inner(&binary.lhs) || inner(&binary.rhs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kpbuild_core::{Bundle, Diagnostics, Object, Origin};
    use kpbuild_stack::Checking;
    use serde_json::json;

    fn is_found(text: &str) -> bool {
        let rules = json!([{"record": "a:ratio", "expr": "b / c"}, {"record": "a:copy", "expr": "a:ratio"}]);
        let value = json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "r", "namespace": "m"}, "spec": {"groups": [{"name": "g", "rules": rules}]}});
        let origin = Origin {
            component: "test".into(),
            span: None,
        };
        let object = Object::new(value, origin).expect("it is whole");
        let bundle = Bundle::new(vec![object], &mut Diagnostics::default());
        let checking = Checking::default();
        let facts = Facts::new(&bundle, &checking);
        let expr = promql_parser::parser::parse(text).expect("cases are PromQL");
        is_fraction(&facts, &expr, 0)
    }

    #[test]
    fn numbers_with_decimals_are_told_from_whole_ones() {
        for text in [
            "rate(x[5m]) > 0.1",
            "avg by (job) (x) > 3",
            "100 * x / y > 5 and on (job) z",
            "1 < histogram_quantile(0.99, sum by (le) (rate(x[5m])))",
            "a:copy > 0",
            "round(x, 0.1) > 1",
        ] {
            assert!(is_found(text), "{text}");
        }
        for text in [
            "x > 0.5",
            "count(rate(x[5m]) > 0) > 3",
            "ceil(increase(x[5m])) > 3",
            "x > bool 3",
            "changes(x[5m]) * 2 > 4",
            "x unless y / z > 1",
            "x > y / 2",
        ] {
            assert!(!is_found(text), "{text}");
        }
    }
}
