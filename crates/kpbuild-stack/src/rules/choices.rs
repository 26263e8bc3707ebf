//! What is to be done with rules, and where the stack file says so.

use kpbuild_core::node::NodeKind;
use kpbuild_core::{Node, Span};
use serde_json::{Map, Value};

use super::{DisabledRules, RulePatch, RuleSelector};
use crate::components::prometheus;
use crate::context::Context;
use crate::parse::StackFile;
use crate::stack::RuleObject;

/// What is to be done with the rules of a stack.
#[derive(Debug, Clone)]
pub struct RuleChoices {
    /// Rules that are not wanted.
    pub disable: Vec<Disabled>,
    /// Rules that are wanted differently, in the order in which it is done.
    pub patch: Vec<RuleEdit>,
    /// The user's own groups.
    pub groups: Vec<UserGroup>,
    /// The object that these groups go into; those of files are alike but for
    /// the name.
    pub object: RuleObject,
    /// Where the stack file says its groups.
    pub span: Option<Span>,
}

/// Rules that are not wanted.
#[derive(Debug, Clone)]
pub struct Disabled {
    /// Which.
    pub rules: DisabledRules,
    /// Where that is written.
    pub span: Option<Span>,
}

/// Rules that are wanted differently.
#[derive(Debug, Clone)]
pub struct RuleEdit {
    /// Which, and how.
    pub patch: RulePatch,
    /// Where the name of the rules is written.
    pub span: Option<Span>,
    /// Where each field of the patch is written.
    pub fields: Node,
}

impl RuleEdit {
    /// Which rules it is about.
    pub fn selector(&self) -> &RuleSelector {
        &self.patch.rules
    }

    /// Where a field of the patch is written, or the patch itself.
    pub fn place(&self, path: &[&str]) -> Option<Span> {
        let node = self.fields.at(path.iter().copied());
        node.map(|node| node.span).or(self.span)
    }
}

/// A group of the user's own rules.
#[derive(Debug, Clone)]
pub struct UserGroup {
    /// Its fields but for its rules.
    pub fields: Map<String, Value>,
    /// Its rules.
    pub rules: Vec<UserRule>,
}

/// A rule of the user's own.
#[derive(Debug, Clone)]
pub struct UserRule {
    /// The rule, as Prometheus takes it.
    pub value: Value,
    /// Where it is written.
    pub span: Span,
}

pub(crate) fn resolve(file: &StackFile, context: &Context<'_>) -> RuleChoices {
    let section = &file.shape.rules;
    let item = |list: &str, index: usize| file.tree.at(["rules", list, &index.to_string()]);
    let disable = section.disable.iter().enumerate();
    let disable = disable.map(|(index, rules)| Disabled {
        rules: rules.clone(),
        span: item("disable", index).map(named),
    });
    let patch = section.patch.iter().enumerate();
    let patch = patch.filter_map(|(index, patch)| {
        let fields = item("patch", index)?;
        Some(RuleEdit {
            patch: patch.clone(),
            span: Some(named(fields)),
            fields: fields.clone(),
        })
    });
    let written = file.tree.at(["rules", "groups"]);
    RuleChoices {
        disable: disable.collect(),
        patch: patch.collect(),
        groups: written.map(groups).unwrap_or_default(),
        object: prometheus::user_rules(context),
        span: file.span(&["rules", "groups"]),
    }
}

/// Where it is written which rules are meant.
fn named(item: &Node) -> Span {
    let name = ["alert", "record", "group"]
        .iter()
        .find_map(|field| item.get(field));
    name.unwrap_or(item).span
}

/// The groups of a list that was checked.
pub(super) fn groups(list: &Node) -> Vec<UserGroup> {
    let NodeKind::List(items) = &list.kind else {
        return Vec::new();
    };
    items.iter().map(group).collect()
}

fn group(node: &Node) -> UserGroup {
    let mut fields = said(node);
    fields.remove("rules");
    let rules = match node.get("rules").map(|rules| &rules.kind) {
        Some(NodeKind::List(rules)) => rules.as_slice(),
        _ => &[],
    };
    let rule = |node: &Node| {
        let mut value = said(node);
        if let Some(Value::Number(number)) = value.get("expr") {
            let text = number.to_string();
            value.insert("expr".to_owned(), text.into());
        }
        UserRule {
            value: Value::Object(value),
            span: named(node),
        }
    };
    UserGroup {
        fields,
        rules: rules.iter().map(rule).collect(),
    }
}

/// The fields of a map that have a value.
fn said(node: &Node) -> Map<String, Value> {
    match node.to_json() {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect(),
        _ => Map::new(),
    }
}
