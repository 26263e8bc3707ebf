//! The rules of a stack: those of its mixins and the user's own, edited as the
//! stack file says, as PrometheusRule objects.

mod edit;
mod parameters;
mod remember;
mod select;

use std::collections::BTreeSet;
use std::rc::Rc;

use kpbuild_core::{Diagnostics, FileId, Object, Origin, SourceMap, Span};
use kpbuild_stack::rules::UserRules;
use kpbuild_stack::{Mixin, RuleChoices, RuleObject, UserGroup, UserMixin};
use serde_json::{Map, Value, json};

pub use edit::{CHANGES_NOTHING, MATCHES_NOTHING, SEVERAL};
pub use parameters::BAD_PARAMETER;
pub use remember::{CHANGED, WITHOUT_WAS};

/// The component that files of the user's rules are named after.
const COMPONENT: &str = "rules";

/// The component that mixins from elsewhere are named after.
pub(crate) const USER_MIXINS: &str = "mixins";

/// All rules of a stack, by the object that they go into.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    objects: Vec<RulesObject>,
}

#[derive(Debug, Clone)]
struct RulesObject {
    object: RuleObject,
    component: &'static str,
    span: Option<Span>,
    groups: Vec<Group>,
}

/// A group of rules.
#[derive(Debug, Clone)]
struct Group {
    /// The mixin of ours that has it, if one has; the user's own have none.
    mixin: Option<Rc<Mixin>>,
    /// Its fields but for its rules.
    fields: Map<String, Value>,
    rules: Vec<Rule>,
}

/// A rule.
#[derive(Debug, Clone)]
struct Rule {
    value: Value,
    /// Where the user wrote it, or what is different in it.
    span: Option<Span>,
}

impl Rule {
    fn name(&self) -> &str {
        let value = &self.value;
        let name = value["alert"].as_str().or(value["record"].as_str());
        name.unwrap_or_default()
    }
}

impl Group {
    fn of_mixin(mixin: Option<&Rc<Mixin>>, group: Value) -> Self {
        let Value::Object(mut fields) = group else {
            panic!("a group of a mixin is a map");
        };
        let rules = match fields.remove("rules") {
            Some(Value::Array(rules)) => rules,
            _ => Vec::new(),
        };
        let rule = |value| Rule { value, span: None };
        Self {
            mixin: mixin.map(Rc::clone),
            fields,
            rules: rules.into_iter().map(rule).collect(),
        }
    }

    fn of_user(group: &UserGroup) -> Self {
        let rules = group.rules.iter().map(|rule| Rule {
            value: rule.value.clone(),
            span: Some(rule.span),
        });
        Self {
            mixin: None,
            fields: group.fields.clone(),
            rules: rules.collect(),
        }
    }

    fn name(&self) -> &str {
        self.fields
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The group as Prometheus takes it.
    fn value(&self) -> Value {
        let mut fields = self.fields.clone();
        let rules = self.rules.iter().map(|rule| rule.value.clone());
        fields.insert("rules".to_owned(), rules.collect());
        Value::Object(fields)
    }
}

impl Rules {
    /// Adds a mixin's groups to the object that it names; the first to name an
    /// object gives it its labels.
    pub(crate) fn add(
        &mut self,
        component: &'static str,
        span: Option<Span>,
        mixin: &Mixin,
        groups: &[Value],
    ) {
        let Some(object) = &mixin.rules else { return };
        let mixin = Rc::new(mixin.clone());
        let groups = groups
            .iter()
            .map(|group| Group::of_mixin(Some(&mixin), group.clone()));
        let known = self
            .objects
            .iter_mut()
            .find(|known| known.object.name == object.name);
        match known {
            Some(known) => known.groups.extend(groups),
            None => self.objects.push(RulesObject {
                object: object.clone(),
                component,
                span,
                groups: groups.collect(),
            }),
        }
    }

    /// Adds the groups of a mixin from elsewhere.
    pub(crate) fn add_user_mixin(&mut self, mixin: &UserMixin, groups: &[Value]) {
        let groups = groups.iter().cloned();
        self.objects.push(RulesObject {
            object: mixin.rules.clone(),
            component: USER_MIXINS,
            span: mixin.span,
            groups: groups.map(|group| Group::of_mixin(None, group)).collect(),
        });
    }

    /// Adds the user's own: the groups of the stack file, and those of files.
    pub(crate) fn add_user(
        &mut self,
        choices: &RuleChoices,
        files: &[FileId],
        sources: &SourceMap,
        diagnostics: &mut Diagnostics,
    ) {
        self.objects.push(RulesObject {
            object: choices.object.clone(),
            component: COMPONENT,
            span: choices.span,
            groups: choices.groups.iter().map(Group::of_user).collect(),
        });
        for file in files {
            for rules in kpbuild_stack::rules::read(sources, *file, diagnostics) {
                self.objects.push(RulesObject {
                    object: object_of_file(&rules, &choices.object),
                    component: COMPONENT,
                    span: Some(rules.span),
                    groups: rules.groups.iter().map(Group::of_user).collect(),
                });
            }
        }
    }

    /// The names of all records.
    pub(crate) fn records(&self) -> BTreeSet<String> {
        let rules = self.groups().flat_map(|group| &group.rules);
        let records = rules.filter_map(|rule| rule.value["record"].as_str());
        records.map(str::to_owned).collect()
    }

    fn groups(&self) -> impl Iterator<Item = &Group> {
        self.objects.iter().flat_map(|object| &object.groups)
    }

    /// The groups of a mixin that have rules, as Prometheus takes them.
    pub(crate) fn of_mixin(&self, name: &str) -> Vec<Value> {
        let of_mixin =
            |group: &&Group| group.mixin.as_ref().is_some_and(|mixin| mixin.name == name);
        let groups = self.groups().filter(of_mixin);
        groups
            .filter(|group| !group.rules.is_empty())
            .map(Group::value)
            .collect()
    }

    /// The objects. Groups without rules are left out, and objects without groups.
    pub(crate) fn into_objects(self) -> impl Iterator<Item = Object> {
        self.objects.into_iter().filter_map(|mut rules| {
            rules.groups.retain(|group| !group.rules.is_empty());
            (!rules.groups.is_empty()).then(|| rules.into_object())
        })
    }
}

impl RulesObject {
    fn into_object(self) -> Object {
        let mut metadata = json!(self.object.metadata);
        metadata["name"] = json!(self.object.name);
        let origin = Origin {
            component: self.component.to_owned(),
            span: self.span,
        };
        let groups: Vec<Value> = self.groups.iter().map(Group::value).collect();
        let value = json!({
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": metadata,
            "spec": {"groups": groups},
        });
        let mut object = Object::new(value, origin).expect("a rule object has a kind and a name");
        for (index, group) in self.groups.iter().enumerate() {
            for (rule, span) in group
                .rules
                .iter()
                .enumerate()
                .filter_map(|(index, rule)| Some((index, rule.span?)))
            {
                object.written_at(format!("/spec/groups/{index}/rules/{rule}"), span);
            }
        }
        object
    }
}

/// The object for the rules of a file: what the file says about it, and the
/// labels by which Prometheus finds it.
fn object_of_file(rules: &UserRules, of_stack: &RuleObject) -> RuleObject {
    let mut object = of_stack.clone();
    object.name.clone_from(&rules.name);
    if let Some(namespace) = rules.metadata["namespace"].as_str() {
        object.metadata.namespace = Some(namespace.to_owned());
    }
    let texts = |field: &str| {
        let map = rules.metadata[field].as_object().into_iter().flatten();
        map.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect::<Vec<_>>()
    };
    object.metadata.labels.extend(texts("labels"));
    object.metadata.annotations.extend(texts("annotations"));
    object
}
