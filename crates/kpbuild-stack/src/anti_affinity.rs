//! Replicas that keep away from each other, so that one node or zone does not
//! take all of them along.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::{Context, Identity};

/// The label by which nodes differ.
const NODE: &str = "kubernetes.io/hostname";

/// How strictly replicas of a component keep away from each other: `soft`,
/// `hard` or `none`, and over what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AntiAffinity {
    /// Over nodes.
    Nodes(Strictness),
    /// Over what a label of nodes tells apart.
    Across(Across),
}

/// How strictly replicas keep away from each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline, title = "anti-affinity", extend("type" = "string"))]
pub enum Strictness {
    /// Not at all.
    None,
    /// The scheduler prefers to keep them apart.
    #[default]
    Soft,
    /// A replica that would have to share waits.
    Hard,
}

/// Replicas that keep away from each other over what a label of nodes tells apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Across {
    /// How strictly.
    pub strictness: Strictness,
    /// The label of nodes, such as `topology.kubernetes.io/zone`.
    #[schemars(length(min = 1))]
    pub topology_key: String,
}

impl Default for Across {
    fn default() -> Self {
        Self {
            strictness: Strictness::default(),
            topology_key: NODE.to_owned(),
        }
    }
}

/// Adds the rule to the affinity of a component's pods: the component's own, or
/// that of the stack.
pub(crate) fn spread(
    context: &Context<'_>,
    own: Option<&AntiAffinity>,
    identity: &Identity,
    mut pod: Value,
) -> Value {
    let chosen = own.or(context.file.pods.anti_affinity.as_ref());
    if let Some((list, term)) = chosen.and_then(|chosen| rule(context, chosen, identity)) {
        let rules = &mut pod["affinity"]["podAntiAffinity"][list];
        match rules.as_array_mut() {
            Some(rules) => rules.push(term),
            None => *rules = json!([term]),
        }
    }
    pod
}

/// The list that the rule belongs to, and the rule.
fn rule(
    context: &Context<'_>,
    chosen: &AntiAffinity,
    identity: &Identity,
) -> Option<(&'static str, Value)> {
    let (strictness, key) = match chosen {
        AntiAffinity::Nodes(strictness) => (*strictness, NODE),
        AntiAffinity::Across(across) => (across.strictness, across.topology_key.as_str()),
    };
    let term = json!({
        "labelSelector": {"matchLabels": identity.selector},
        "namespaces": [context.namespace()],
        "topologyKey": key,
    });
    match strictness {
        Strictness::None => None,
        Strictness::Soft => Some((
            "preferredDuringSchedulingIgnoredDuringExecution",
            json!({"podAffinityTerm": term, "weight": 100}),
        )),
        Strictness::Hard => Some(("requiredDuringSchedulingIgnoredDuringExecution", term)),
    }
}

#[cfg(test)]
mod tests {
    use crate::shape::StackFile;

    use super::*;

    fn affinity(stack: &Value, own: &Value) -> Value {
        let file: StackFile = serde_json::from_value(json!({
            "kind": "Stack",
            "name": "test",
            "pods": stack,
            "components": {"prometheus": own},
        }))
        .expect("options as users write them");
        let components = crate::components::resolve(&Context { file: &file });
        let prometheus = components
            .iter()
            .find(|component| component.name == "prometheus");
        prometheus.expect("it is on").input["pod"]["affinity"].clone()
    }

    #[test]
    fn a_component_says_it_for_itself() {
        let soft = json!({"antiAffinity": "soft"});
        let list = "preferredDuringSchedulingIgnoredDuringExecution";
        assert!(affinity(&soft, &json!({}))["podAntiAffinity"][list].is_array());
        assert!(affinity(&soft, &json!({"antiAffinity": "none"})).is_null());
        let zones = json!({"antiAffinity": {"strictness": "hard", "topologyKey": "zone"}});
        let hard = &affinity(&soft, &zones)["podAntiAffinity"];
        assert!(hard[list].is_null());
        assert_eq!(
            hard["requiredDuringSchedulingIgnoredDuringExecution"][0]["topologyKey"],
            "zone"
        );
    }

    #[test]
    fn it_joins_the_affinity_of_the_user() {
        let mine = json!({
            "nodeAffinity": {},
            "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone"}]},
        });
        let both = affinity(
            &json!({}),
            &json!({"antiAffinity": "hard", "affinity": mine}),
        );
        let rules = &both["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        assert_eq!(rules.as_array().map(Vec::len), Some(2));
        assert!(both["nodeAffinity"].is_object());
    }
}
