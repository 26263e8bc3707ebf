//! The section `rules`: alerts and recording rules that are not wanted, that
//! are wanted differently, and those of the user's own.
//!
//! Here is what the stack file and files of rules say. That a name matches a
//! rule is known when the rules are, in `kpbuild-render`.

mod check;
mod choices;
mod files;
mod group;

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::parameters::Parameters;
use crate::scalar::{Duration, Url};
use crate::schema::NULLABLE;

pub use check::SYNTAX;
pub use choices::{Disabled, RuleChoices, RuleEdit, UserGroup, UserRule};
pub use files::{NOT_RULES, UserRules, read};
pub use group::{Expression, Rule, RuleGroup};

pub(crate) use check::check;
pub(crate) use choices::resolve;

/// Alerts and recording rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Rules {
    /// Where the runbooks are: each alert's `runbook_url` is a page below it.
    pub runbooks: Url,
    /// Parameters of rules and dashboards, such as thresholds, windows and
    /// selectors, by the set of rules (mixin) that has them:
    /// `node-exporter: {fsSpaceFillingUpWarningThreshold: 20}`.
    pub parameters: Parameters,
    /// Rules that are not installed, by the name of an alert, a record or a
    /// group; `*` stands for any characters. `{alert: KubePod*, group:
    /// kubernetes-apps}` names them within a group. A name that matches nothing
    /// is an error.
    pub disable: Vec<DisabledRules>,
    /// Rules that are installed differently:
    /// `{alert: KubePodNotReady, for: 30m, severity: critical}`.
    pub patch: Vec<RulePatch>,
    /// Groups of your own rules, in the form of Prometheus' rule files.
    pub groups: Vec<RuleGroup>,
    /// Files of your own rules, such as `rules/*.yaml`: rule files of
    /// Prometheus (`groups: [...]`), or PrometheusRule objects. Paths are
    /// relative to the stack file.
    #[schemars(inner(length(min = 1)))]
    pub files: Vec<String>,
    /// Files of unit tests for the stack's rules, in the format of
    /// `promtool test rules` without `rule_files`; `kpbuild test` runs them.
    /// Paths are relative to the stack file.
    pub tests: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            runbooks: Url::literal("https://runbooks.prometheus-operator.dev/runbooks"),
            parameters: Parameters::default(),
            disable: Vec::new(),
            patch: Vec::new(),
            groups: Vec::new(),
            files: Vec::new(),
            tests: Vec::new(),
        }
    }
}

/// Rules that are not installed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DisabledRules {
    /// The name of an alert, a record or a group; `*` stands for any characters.
    Name(#[schemars(length(min = 1))] String),
    /// Rules of a name within a group, or with certain labels.
    Selected(RuleSelector),
}

/// Which rules are meant. What is not said may be anything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleSelector {
    /// The name of an alert; `*` stands for any characters.
    #[schemars(length(min = 1))]
    pub alert: Option<String>,
    /// The name of a record; `*` stands for any characters.
    #[schemars(length(min = 1))]
    pub record: Option<String>,
    /// The name of the group that the rule is in; `*` stands for any characters.
    #[schemars(length(min = 1))]
    pub group: Option<String>,
    /// Labels that the rule sets, which tell the variants of an alert apart:
    /// `{severity: warning}`. Without it, all variants are meant.
    #[serde(rename = "where")]
    pub labels: Option<RuleLabels>,
}

/// How rules are installed instead. Rules are named by `alert` or `record`;
/// everything that is not said stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RulePatch {
    /// Which rules are meant.
    #[serde(flatten)]
    pub rules: RuleSelector,
    /// How long the condition must hold before the alert fires; `0s` fires at once.
    #[serde(rename = "for")]
    pub hold: Option<Duration>,
    /// How long the alert still fires after its condition has ended; `0s` for not at all.
    pub keep_firing_for: Option<Duration>,
    /// The label `severity`: `critical`, `warning` and `info` are those that
    /// all rules and the default routes of Alertmanager use.
    #[schemars(length(min = 1))]
    pub severity: Option<String>,
    /// Labels that are added or replaced; `null` removes one.
    pub labels: Option<RuleTexts>,
    /// Annotations that are added or replaced; `null` removes one.
    pub annotations: Option<RuleTexts>,
    /// Another expression, in PromQL.
    pub expr: Option<Expression>,
    /// Parameters of the rule's mixin that are different for this rule alone,
    /// under the names that `rules.parameters` has:
    /// `{fsSpaceFillingUpWarningThreshold: 20}`.
    pub parameters: Option<RuleParameters>,
    /// What the patch replaces, so that `kpbuild check` can say when a newer
    /// kpbuild has other rules than those the patch was written for:
    /// `{for: 15m}`. `kpbuild check` prints it; if the rules that are patched
    /// differ in it, it is a list with one for each.
    pub was: Option<Was>,
}

/// What rules were like before they were patched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Was {
    /// All of them.
    Same(Before),
    /// Each of them, in their order.
    Each(Vec<Before>),
}

/// What a rule was like before it was patched.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Before {
    /// The rule's `for`; `0s` for none.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub hold: Option<Duration>,
    /// The rule's `keep_firing_for`; `0s` for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_firing_for: Option<Duration>,
    /// The rule's label `severity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// Labels of the rule; `null` for one that was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<RuleTexts>,
    /// Annotations of the rule; `null` for one that was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<RuleTexts>,
    /// The rule's expression; spaces and line ends do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expr: Option<Expression>,
}

/// Labels by Prometheus' rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleLabels(pub BTreeMap<String, String>);

/// Labels or annotations; none where one is removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleTexts(pub BTreeMap<String, Option<String>>);

/// Parameters of the mixin that a rule is of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleParameters(pub Map<String, Value>);

/// Declares a map whose keys are names of labels.
macro_rules! by_label {
    ($($name:ident: $values:expr;)*) => {$(
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "object",
                    "propertyNames": {
                        "format": "prometheus-label",
                        "pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$",
                    },
                    "additionalProperties": $values,
                })
            }
        }
    )*};
}

by_label! {
    RuleLabels: json!({"type": "string"});
    RuleTexts: json!({"type": ["string", "null"], NULLABLE: true});
}

impl JsonSchema for RuleParameters {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RuleParameters".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

impl RulePatch {
    /// What it sets, under the names that `was` has too.
    pub fn sets(&self) -> Before {
        Before {
            hold: self.hold.clone(),
            keep_firing_for: self.keep_firing_for.clone(),
            severity: self.severity.clone(),
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            expr: self.expr.clone(),
        }
    }
}

impl Before {
    /// As data: the fields that are said.
    pub fn fields(&self) -> Map<String, Value> {
        match json!(self) {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}
