//! Which labels the result of an expression may have: from the metrics that it
//! selects, through functions, aggregations and operators.
//!
//! It errs on the side of more labels: a label that is said to be missing is.

use promql_parser::label::MatchOp;
use promql_parser::parser::{
    AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorMatchCardinality, VectorSelector,
};

use crate::facts::Facts;
use crate::metrics::metrics;
use crate::promql::Names;

/// Records of records of records: deeper than this, nothing is said.
const DEEPEST: usize = 6;

pub(crate) fn of(facts: &Facts<'_>, expr: &Expr, depth: usize) -> Names {
    match expr {
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Names::none(),
        Expr::Extension(_) => Names::Any,
        Expr::Paren(paren) => of(facts, &paren.expr, depth),
        Expr::Unary(unary) => of(facts, &unary.expr, depth),
        Expr::Subquery(subquery) => of(facts, &subquery.expr, depth),
        Expr::VectorSelector(selector) => selected(facts, selector, depth),
        Expr::MatrixSelector(matrix) => selected(facts, &matrix.vs, depth),
        Expr::Aggregate(aggregate) => aggregated(facts, aggregate, depth),
        Expr::Call(call) => called(facts, call, depth),
        Expr::Binary(binary) => combined(facts, binary, depth),
    }
}

/// The labels of what a selector selects.
pub(crate) fn selected(facts: &Facts<'_>, selector: &VectorSelector, depth: usize) -> Names {
    let Some(name) = selector.name.as_deref().filter(|_| depth < DEEPEST) else {
        return Names::Any;
    };
    if let Some(rules) = facts.records.get(name) {
        if let Some(known) = facts.record_labels.borrow().get(name) {
            return known.clone();
        }
        let labels = rules.iter().map(|index| {
            let rule = &facts.rules[*index];
            let own = Names::only(rule.labels().map(|(name, _)| name.to_owned()));
            rule.expr
                .as_ref()
                .map_or(Names::Any, |expr| of(facts, expr, depth + 1).or(own))
        });
        let labels = labels.reduce(Names::or).unwrap_or(Names::Any);
        let mut known = facts.record_labels.borrow_mut();
        known.insert(name.to_owned(), labels.clone());
        return labels;
    }
    if metrics().synthetic(name) {
        let scrapes = facts
            .scrapes
            .iter()
            .filter(|scrape| scrape.fits(&selector.matchers));
        let labels = scrapes
            .map(crate::scrapes::Scrape::target_labels)
            .reduce(Names::or);
        return labels
            .filter(|_| !name.starts_with("ALERTS") && !facts.scrapes_unknown_targets())
            .unwrap_or(Names::Any);
    }
    facts.labels_of_sources(name, &selector.matchers)
}

fn aggregated(facts: &Facts<'_>, aggregate: &AggregateExpr, depth: usize) -> Names {
    let inner = of(facts, &aggregate.expr, depth);
    let op = aggregate.op.to_string();
    if ["topk", "bottomk", "limitk", "limit_ratio"].contains(&op.as_str()) {
        return inner;
    }
    let kept = match &aggregate.modifier {
        None => Names::none(),
        Some(LabelModifier::Include(list)) => inner.among(&list.labels),
        Some(LabelModifier::Exclude(list)) => inner.without(&list.labels),
    };
    match (op.as_str(), aggregate.param.as_deref()) {
        ("count_values", Some(Expr::StringLiteral(label))) => {
            kept.or(Names::only([label.val.clone()]))
        }
        _ => kept,
    }
}

fn called(facts: &Facts<'_>, call: &Call, depth: usize) -> Names {
    let argument = |index: usize| call.args.args.get(index).map(|one| &**one);
    let inner = |index| argument(index).map_or(Names::none(), |expr| of(facts, expr, depth));
    match call.func.name {
        "label_replace" | "label_join" => {
            let target = match argument(1) {
                Some(Expr::StringLiteral(text)) => Names::only([text.val.clone()]),
                _ => Names::Any,
            };
            inner(0).or(target)
        }
        "absent" | "absent_over_time" => match argument(0) {
            Some(Expr::VectorSelector(selector)) => equal(selector),
            Some(Expr::MatrixSelector(matrix)) => equal(&matrix.vs),
            _ => Names::none(),
        },
        "histogram_quantile" | "histogram_fraction" => {
            inner(call.args.args.len() - 1).without(&["le".to_owned()])
        }
        "vector" | "time" | "scalar" | "pi" => Names::none(),
        "info" => Names::Any,
        "quantile_over_time" | "histogram_quantiles" => inner(1),
        _ => inner(0),
    }
}

/// The labels that equality matchers give the result of `absent`.
fn equal(selector: &VectorSelector) -> Names {
    let matchers = selector.matchers.matchers.iter();
    let equal = matchers.filter(|matcher| matches!(matcher.op, MatchOp::Equal));
    Names::only(equal.map(|matcher| matcher.name.clone()))
}

fn combined(facts: &Facts<'_>, binary: &BinaryExpr, depth: usize) -> Names {
    let is_scalar =
        |expr: &Expr| expr.value_type() == promql_parser::parser::value::ValueType::Scalar;
    let left = of(facts, &binary.lhs, depth);
    let right = of(facts, &binary.rhs, depth);
    if is_scalar(&binary.lhs) {
        return right;
    }
    if is_scalar(&binary.rhs) {
        return left;
    }
    if binary.op.is_set_operator() {
        return match binary.op.to_string().as_str() {
            "or" => left.or(right),
            _ => left,
        };
    }
    let modifier = binary.modifier.as_ref();
    let matching = modifier.and_then(|modifier| modifier.matching.as_ref());
    match modifier.map(|modifier| &modifier.card) {
        Some(VectorMatchCardinality::ManyToOne(extra)) => {
            left.or(Names::only(extra.labels.iter().cloned()))
        }
        Some(VectorMatchCardinality::OneToMany(extra)) => {
            right.or(Names::only(extra.labels.iter().cloned()))
        }
        _ => match matching {
            Some(LabelModifier::Include(list)) => left.among(&list.labels),
            Some(LabelModifier::Exclude(list)) => left.without(&list.labels),
            None => left,
        },
    }
}
