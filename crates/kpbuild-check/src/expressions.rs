//! All PromQL of a bundle: of rules, of panels and variables of dashboards, of
//! prometheus-adapter, and of Pyrra's objectives.

use std::sync::Arc;

use kpbuild_core::{Bundle, Object, yaml};
use kpbuild_dashboard::UNKNOWN;
use kpbuild_stack::objective::{is_objective, selectors};
use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::{Expr, VectorSelector};
use serde_json::Value;

use crate::dashboards::{Dashboard, PanelQuery};
use crate::facts::{Facts, items};
use crate::rules::Rule;

/// An expression that is PromQL, and what has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expression<'f, 'a> {
    pub(crate) object: &'a Object,
    pub(crate) expr: &'f Expr,
    pub(crate) of: Of<'f, 'a>,
}

/// What has an expression.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Of<'f, 'a> {
    Rule(&'f Rule<'a>),
    Query(&'f Query<'a>),
}

impl Expression<'_, '_> {
    /// What has it, in a sentence.
    pub(crate) fn place(&self) -> String {
        let words = match self.of {
            Of::Rule(rule) => rule.words(),
            Of::Query(query) => query.words.clone(),
        };
        format!("{words} in `{}`", self.object.key())
    }

    /// The rule, if one has it.
    pub(crate) fn rule(&self) -> Option<&Rule<'_>> {
        match self.of {
            Of::Rule(rule) => Some(rule),
            Of::Query(_) => None,
        }
    }

    /// Whether what it asks for may be missing: a fallback of a query for other
    /// clusters, such as those with Windows nodes.
    pub(crate) fn allows_nothing(&self, one: &crate::promql::Use<'_>) -> bool {
        self.rule().is_none() && one.is_alternative()
    }
}

/// A query that is no rule.
#[derive(Debug)]
pub(crate) struct Query<'a> {
    pub(crate) object: &'a Object,
    /// What has it, in a sentence.
    pub(crate) words: String,
    /// The number of its dashboard, if one has it.
    pub(crate) dashboard: Option<usize>,
    /// Whether a variable asks.
    pub(crate) is_variable: bool,
    /// The query, or why it is none. In those of dashboards, names and texts that
    /// depend on variables are unknown: they select everything.
    pub(crate) expr: Result<Arc<Expr>, String>,
}

/// The queries of dashboards; what is not PromQL is said by the dashboards' own checks.
pub(crate) fn of_dashboards<'a>(dashboards: &[Dashboard<'a>]) -> Vec<Query<'a>> {
    let all = dashboards.iter().enumerate();
    all.flat_map(|(index, dashboard)| {
        let queries = dashboard.model().queries.iter();
        queries.map(move |query| Query {
            object: dashboard.object,
            words: query.words.clone(),
            dashboard: Some(index),
            is_variable: query.is_variable,
            expr: Ok(Arc::clone(&query.expr)),
        })
    })
    .collect()
}

/// The queries of one dashboard, which is called `words`.
pub(crate) fn of_dashboard(dashboard: &Value, words: &str) -> Vec<PanelQuery> {
    let queries = kpbuild_dashboard::queries(dashboard);
    queries
        .filter_map(|query| {
            let mut expr = kpbuild_dashboard::parse(query.expr)?;
            forget_variables(&mut expr);
            Some(PanelQuery {
                words: format!("{} of {words}", query.of),
                is_variable: query.is_variable,
                expr: Arc::new(expr),
            })
        })
        .collect()
}

/// The queries of prometheus-adapter.
pub(crate) fn of_adapter(bundle: &Bundle) -> Vec<Query<'_>> {
    let mut all = Vec::new();
    for object in bundle.of_kind("ConfigMap") {
        let Some(text) = Facts::text(object, "config.yaml") else {
            continue;
        };
        let Ok(config) = yaml::read(&text) else {
            continue;
        };
        let mut add = |words: String, value: &Value| {
            if let Some(text) = value.as_str() {
                all.push(of_template(object, words, text));
            }
        };
        for (resource, rule) in config["resourceRules"].as_object().into_iter().flatten() {
            for field in ["containerQuery", "nodeQuery"] {
                let words = format!("`resourceRules.{resource}.{field}`");
                add(words, &rule[field]);
            }
        }
        for list in ["rules", "externalRules"] {
            for (index, rule) in items(&config[list]).enumerate() {
                for field in ["seriesQuery", "metricsQuery"] {
                    add(format!("`{list}[{index}].{field}`"), &rule[field]);
                }
            }
        }
    }
    all
}

/// The selectors of Pyrra's objectives; what is none is said by the check of these.
/// Whether a histogram is scraped as a native one, under its plain name, is not
/// known.
pub(crate) fn of_objectives(bundle: &Bundle) -> Vec<Query<'_>> {
    let objects = bundle.of_kind("ServiceLevelObjective");
    let objectives = objects.filter(|object| is_objective(&object.key().group, &object.key().kind));
    objectives
        .flat_map(|object| {
            let selectors = selectors(&object.value()["spec"]).into_iter();
            let known = selectors.filter(|(path, _)| !path.contains(&"latencyNative"));
            known.filter_map(|(path, text)| {
                Some(Query {
                    object,
                    words: format!("`spec.{}`", path.join(".")),
                    dashboard: None,
                    is_variable: false,
                    expr: Ok(Arc::new(promql_parser::parser::parse(text).ok()?)),
                })
            })
        })
        .collect()
}

/// A query of the adapter, with something in place of its placeholders.
fn of_template<'a>(object: &'a Object, words: String, text: &str) -> Query<'a> {
    let filled = text
        .replace("<<.Series>>", UNKNOWN)
        .replace("<<.LabelMatchers>>", &format!("{UNKNOWN}=~\".*\""))
        .replace("<<.GroupBy>>", UNKNOWN);
    let expr = promql_parser::parser::parse(&filled).map(|mut expr| {
        forget_variables(&mut expr);
        Arc::new(expr)
    });
    Query {
        object,
        words,
        dashboard: None,
        is_variable: false,
        expr: expr.map_err(|error| error.lines().next().unwrap_or_default().to_owned()),
    }
}

/// Makes selectors select everything where a variable decides.
fn forget_variables(expr: &mut Expr) {
    match expr {
        Expr::VectorSelector(selector) => forget_in(selector),
        Expr::MatrixSelector(matrix) => forget_in(&mut matrix.vs),
        Expr::Paren(paren) => forget_variables(&mut paren.expr),
        Expr::Unary(unary) => forget_variables(&mut unary.expr),
        Expr::Subquery(subquery) => forget_variables(&mut subquery.expr),
        Expr::Aggregate(aggregate) => {
            forget_variables(&mut aggregate.expr);
            if let Some(parameter) = &mut aggregate.param {
                forget_variables(parameter);
            }
        }
        Expr::Call(call) => call
            .args
            .args
            .iter_mut()
            .for_each(|one| forget_variables(one)),
        Expr::Binary(binary) => {
            forget_variables(&mut binary.lhs);
            forget_variables(&mut binary.rhs);
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

fn forget_in(selector: &mut VectorSelector) {
    if selector
        .name
        .as_ref()
        .is_some_and(|name| name.contains(UNKNOWN))
    {
        selector.name = None;
    }
    forget_matchers(&mut selector.matchers);
}

fn forget_matchers(matchers: &mut Matchers) {
    matchers.matchers.retain(|one| {
        let value = match &one.op {
            MatchOp::Re(regex) | MatchOp::NotRe(regex) => regex.as_str(),
            _ => one.value.as_str(),
        };
        !value.contains(UNKNOWN) && !one.value.contains(UNKNOWN) && !one.name.contains(UNKNOWN)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_variables_decide_is_forgotten() {
        let text = |query: &str| {
            let mut expr = kpbuild_dashboard::parse(query).expect("it is PromQL");
            forget_variables(&mut expr);
            expr.to_string()
        };
        assert_eq!(
            text(r#"sum by (job) (rate(a{job=~"$job",b="c"}[$__rate_interval]))"#),
            r#"sum by (job) (rate(a{b="c"}[1h]))"#
        );
    }
}
