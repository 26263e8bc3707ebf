//! Walking through PromQL: which selectors an expression has and what is done
//! to them. Parsing is `promql-parser`'s; this is about meaning.

use std::collections::BTreeSet;
use std::time::Duration;

use promql_parser::parser::{BinaryExpr, Expr, VectorSelector};

/// Names of labels that something may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Names {
    /// Nothing is known about them.
    Any,
    /// None but these.
    Only(BTreeSet<String>),
}

impl Names {
    /// These and no others.
    pub(crate) fn only(names: impl IntoIterator<Item = String>) -> Self {
        Self::Only(names.into_iter().collect())
    }

    /// No label.
    pub(crate) fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// The names of both.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(mut names), Self::Only(others)) => {
                names.extend(others);
                Self::Only(names)
            }
            _ => Self::Any,
        }
    }

    /// Without some.
    pub(crate) fn without(self, gone: &[String]) -> Self {
        match self {
            Self::Only(mut names) => {
                names.retain(|name| !gone.contains(name));
                Self::Only(names)
            }
            Self::Any => Self::Any,
        }
    }

    /// Those of a list.
    pub(crate) fn among(self, list: &[String]) -> Self {
        match self {
            Self::Only(mut names) => {
                names.retain(|name| list.contains(name));
                Self::Only(names)
            }
            Self::Any => Self::only(list.iter().cloned()),
        }
    }

    /// Whether a label may be there.
    #[cfg(test)]
    pub(crate) fn may_have(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => names.contains(name),
        }
    }
}

/// A selector in an expression, and what is around it.
#[derive(Debug, Clone)]
pub(crate) struct Use<'e> {
    pub(crate) selector: &'e VectorSelector,
    /// The range of a matrix selector.
    pub(crate) range: Option<Duration>,
    /// What is done to it, from the outside to the inside.
    pub(crate) around: Vec<Around>,
}

/// One thing that is done to the value of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Around {
    /// A function is called with it.
    Call(&'static str),
    /// It is aggregated.
    Aggregate(String),
    /// It is compared.
    Compare,
    /// It is a side of `and` or `unless`.
    Set,
    /// It is a side of `or`, which the other side may stand in for.
    Alternative,
    /// It is calculated with.
    Calculate,
    /// It is evaluated several times.
    Subquery,
}

impl Use<'_> {
    /// The name of the metric, if the selector says one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.selector.name.as_deref()
    }

    /// Whether something else stands in where it is missing.
    pub(crate) fn is_alternative(&self) -> bool {
        self.around.contains(&Around::Alternative)
    }

    /// The function that is called with it directly.
    pub(crate) fn function(&self) -> Option<&'static str> {
        match self.around.last() {
            Some(Around::Call(name)) => Some(name),
            _ => None,
        }
    }
}

/// All selectors of an expression, in its order.
pub(crate) fn uses(expr: &Expr) -> Vec<Use<'_>> {
    let mut found = Vec::new();
    walk(expr, &mut Vec::new(), &mut found);
    found
}

fn walk<'e>(expr: &'e Expr, around: &mut Vec<Around>, found: &mut Vec<Use<'e>>) {
    let mut below = |what: Option<Around>, inner: &[&'e Expr]| {
        let depth = around.len();
        around.extend(what);
        for expr in inner {
            walk(expr, around, found);
        }
        around.truncate(depth);
    };
    match expr {
        Expr::VectorSelector(selector) => found.push(Use {
            selector,
            range: None,
            around: around.clone(),
        }),
        Expr::MatrixSelector(matrix) => found.push(Use {
            selector: &matrix.vs,
            range: Some(matrix.range),
            around: around.clone(),
        }),
        Expr::Paren(paren) => below(None, &[&paren.expr]),
        Expr::Unary(unary) => below(Some(Around::Calculate), &[&unary.expr]),
        Expr::Subquery(subquery) => below(Some(Around::Subquery), &[&subquery.expr]),
        Expr::Aggregate(aggregate) => {
            let what = Around::Aggregate(aggregate.op.to_string());
            below(Some(what), &[&aggregate.expr]);
            if let Some(parameter) = &aggregate.param {
                below(Some(Around::Calculate), &[parameter]);
            }
        }
        Expr::Call(call) => {
            let inner: Vec<&Expr> = call.args.args.iter().map(|one| &**one).collect();
            below(Some(Around::Call(call.func.name)), &inner);
        }
        Expr::Binary(binary) => below(Some(operator(binary)), &[&binary.lhs, &binary.rhs]),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

fn operator(binary: &BinaryExpr) -> Around {
    if binary.op.is_set_operator() && binary.op.to_string() == "or" {
        Around::Alternative
    } else if binary.op.is_set_operator() {
        Around::Set
    } else if binary.op.is_comparison_operator() {
        Around::Compare
    } else {
        Around::Calculate
    }
}

/// An expression and all that it consists of, from the outside to the inside.
pub(crate) fn parts(expr: &Expr) -> Vec<&Expr> {
    let mut all = vec![expr];
    let mut next = 0;
    while let Some(part) = all.get(next).copied() {
        match part {
            Expr::Paren(paren) => all.push(&paren.expr),
            Expr::Unary(unary) => all.push(&unary.expr),
            Expr::Subquery(subquery) => all.push(&subquery.expr),
            Expr::Aggregate(aggregate) => {
                all.push(&aggregate.expr);
                all.extend(aggregate.param.as_deref());
            }
            Expr::Call(call) => all.extend(call.args.args.iter().map(|one| &**one)),
            Expr::Binary(binary) => all.extend([&*binary.lhs, &*binary.rhs]),
            Expr::MatrixSelector(_)
            | Expr::VectorSelector(_)
            | Expr::NumberLiteral(_)
            | Expr::StringLiteral(_)
            | Expr::Extension(_) => {}
        }
        next += 1;
    }
    all
}
