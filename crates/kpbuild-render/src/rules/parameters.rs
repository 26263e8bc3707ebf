//! Parameters of a mixin that are different for one rule alone.

use kpbuild_core::{Code, Diagnostic, Diagnostics};
use kpbuild_stack::rules::RuleEdit;
use kpbuild_stack::{Mixin, parameters};
use serde_json::{Map, Value};

use super::edit::Evaluate;
use super::{Group, Rule};

/// Parameters for a rule that takes none, or that make another rule of it.
pub const BAD_PARAMETER: Code = Code("rule-patch-parameters");

/// The fields of a rule that are different under the parameters of a patch;
/// nothing if that is an error, which was reported.
pub(super) fn changes(
    edit: &RuleEdit,
    group: &Group,
    rule: &Rule,
    evaluate: &Evaluate<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Map<String, Value>> {
    let Some(wanted) = &edit.patch.parameters else {
        return Some(Map::new());
    };
    let node = edit.fields.get("parameters")?;
    let Some(mixin) = &group.mixin else {
        let message = format!(
            "`{}` is a rule of your own, which has no parameters",
            rule.name()
        );
        diagnostics.push(
            Diagnostic::error(BAD_PARAMETER, message)
                .at(node.span, "")
                .help("change the rule where it is written"),
        );
        return None;
    };
    let before = diagnostics.errors();
    parameters::check(mixin.name, node, diagnostics);
    if diagnostics.errors() > before {
        return None;
    }
    let mut config = mixin.config.clone();
    parameters::configure(mixin.name, &wanted.0, &mut config);
    let changed = Mixin {
        config,
        ..Mixin::clone(mixin)
    };
    let groups = match evaluate(&changed) {
        Ok(groups) => groups,
        Err(error) => {
            diagnostics.push(crate::template_failed(mixin.name, &error));
            return None;
        }
    };
    let Some(counterpart) = counterpart(&groups, group, rule) else {
        let message = format!(
            "with these parameters there is no such rule as `{}`",
            rule.name()
        );
        diagnostics.push(
            Diagnostic::error(BAD_PARAMETER, message)
                .at(node.span, "")
                .help("set them under `rules.parameters`, for all rules"),
        );
        return None;
    };
    let fields = counterpart.as_object()?.iter();
    let differs = |(field, value): &(&String, &Value)| rule.value.get(*field) != Some(*value);
    Some(
        fields
            .filter(differs)
            .map(|(field, value)| (field.clone(), value.clone()))
            .collect(),
    )
}

/// The same rule under other parameters: of the same group, name and labels.
fn counterpart<'v>(groups: &'v [Value], group: &Group, rule: &Rule) -> Option<&'v Value> {
    let is_alike = |other: &Value| {
        ["alert", "record", "labels"]
            .iter()
            .all(|field| other[field] == rule.value[field])
    };
    // Some groups have several rules of a name and labels: they are told apart by their order.
    let alike_before = group
        .rules
        .iter()
        .take_while(|one| !std::ptr::eq(*one, rule));
    let number = alike_before.filter(|one| is_alike(&one.value)).count();
    let same_group = groups
        .iter()
        .find(|other| other["name"].as_str() == Some(group.name()))?;
    let mut alike = same_group["rules"]
        .as_array()?
        .iter()
        .filter(|other| is_alike(other));
    alike.nth(number)
}
