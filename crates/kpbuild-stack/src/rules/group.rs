//! Groups of rules in Prometheus' own form, under its own names.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Number, json};

use super::RuleLabels;
use crate::scalar::{Duration, Metric};

/// A group of rules, which are evaluated one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleGroup {
    /// The name of the group, unique in its file.
    #[schemars(length(min = 1))]
    pub name: String,
    /// How often the rules are evaluated; by default as often as Prometheus
    /// evaluates all others.
    pub interval: Option<Duration>,
    /// How far in the past the rules are evaluated, for series that come late.
    pub query_offset: Option<Duration>,
    /// The most alerts or series that one rule may give; 0 for any number.
    #[schemars(range(min = 0))]
    pub limit: Option<u64>,
    /// Labels for all rules of the group; those of a rule win.
    pub labels: Option<RuleLabels>,
    /// What Thanos Ruler does when a store does not answer: `warn` or `abort`.
    pub partial_response_strategy: Option<PartialResponse>,
    /// The rules, in the order of their evaluation.
    pub rules: Vec<Rule>,
}

/// What Thanos Ruler does with an answer that is not complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum PartialResponse {
    /// It takes it, and warns.
    Warn,
    /// It does not take it.
    Abort,
}

/// An alert or a recording rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// The name of the alert. A rule has this or `record`.
    #[schemars(length(min = 1))]
    pub alert: Option<String>,
    /// The name of the series that the rule records. A rule has this or `alert`.
    pub record: Option<Metric>,
    /// The expression, in PromQL.
    pub expr: Expression,
    /// How long the condition must hold before the alert fires.
    #[serde(rename = "for")]
    pub hold: Option<Duration>,
    /// How long the alert still fires after its condition has ended.
    pub keep_firing_for: Option<Duration>,
    /// Labels that the alert or the recorded series gets.
    pub labels: Option<RuleLabels>,
    /// Texts about the alert for people, such as `summary`, `description` and
    /// `runbook_url`.
    pub annotations: Option<RuleLabels>,
}

/// An expression in PromQL. A number is one too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Expression {
    /// As it is written.
    Text(String),
    /// A constant.
    Number(Number),
}

impl std::fmt::Display for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl JsonSchema for Expression {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Expression".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let schema = json!({
            "type": ["string", "number"],
            "minLength": 1,
            "x-kpbuild-expected": "an expression in PromQL",
        });
        Schema::try_from(schema).expect("an object is a schema")
    }
}
