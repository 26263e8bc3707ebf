//! The autoscaler of kube-state-metrics: cluster-proportional-vertical-autoscaler,
//! which sets the resources of a container by the number of nodes.
//!
//! It writes them into the Deployment itself, so that kpbuild leaves them out of
//! what it applies: two owners of one field would take it from each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::KubeStateMetrics;
use crate::context::{self, App, Context, Identity};
use crate::scalar::{Image, Quantity, Version};
use crate::shape::{Amount, Resources};

const VERSION: &str = "0.8.4";

/// How the resources of kube-state-metrics grow with the cluster. A pod of its
/// own, `ksm-autoscaler`, counts the nodes and writes requests and limits into
/// the Deployment; it is placed and secured as kube-state-metrics is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Autoscale {
    /// Whether there is an autoscaler.
    pub enabled: bool,
    /// How many nodes, or a part of so many, make a step. kube-state-metrics is
    /// restarted whenever the number of steps changes.
    #[schemars(range(min = 1, max = 1000))]
    pub nodes_per_step: u32,
    /// The processor time that each step adds to the request and to the limit.
    pub cpu: Amount,
    /// The memory that each step adds to the request and to the limit.
    pub memory: Amount,
    /// The version of cluster-proportional-vertical-autoscaler, without `v`; it
    /// names the image's tag.
    pub version: Option<Version>,
    /// The whole image of the autoscaler, with its tag; `version` then only
    /// labels it.
    pub image: Option<Image>,
    /// What the autoscaler itself asks for and is limited to.
    pub resources: Resources,
}

impl Default for Autoscale {
    fn default() -> Self {
        let amount = |text| Amount::Quantity(Quantity::literal(text));
        Self {
            enabled: true,
            // A millicore and 2 MiB a node, in steps that are worth a restart.
            nodes_per_step: 10,
            cpu: amount("10m"),
            memory: amount("20Mi"),
            version: None,
            image: None,
            resources: Resources::default(),
        }
    }
}

/// The part of the template's input that is about the autoscaler.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Input {
    #[serde(flatten)]
    identity: Identity,
    image: String,
    /// The program's own configuration.
    config: Value,
    resources: Value,
    security_context: Value,
    pod: Value,
}

/// The autoscaler, if the stack file wants one.
pub(super) fn wanted(options: &KubeStateMetrics) -> Option<&Autoscale> {
    let autoscale = options.autoscale.as_ref();
    autoscale.filter(|autoscale| autoscale.enabled)
}

/// The autoscaler, from what the container would have without it.
pub(super) fn resolve(
    context: &Context<'_>,
    options: &KubeStateMetrics,
    autoscale: &Autoscale,
    base: &Value,
) -> Input {
    let version = autoscale.version.as_ref().map_or(VERSION, Version::as_str);
    let app = App {
        name: "ksm-autoscaler",
        component: "autoscaler",
        instance: None,
        version: Some(version),
    };
    let image = autoscale.image.as_ref().map(ToString::to_string);
    let default = || context.image(&format!("registry.k8s.io/cpa/cpvpa:v{version}"));
    Input {
        identity: context.identity(&options.common, app),
        image: image.unwrap_or_else(default),
        config: json!({super::NAME: config(autoscale, base)}),
        resources: context::resources(
            context,
            &autoscale.resources,
            &json!({"requests": {"cpu": "20m", "memory": "10Mi"}}),
        ),
        security_context: super::security_context(options),
        pod: super::pod(context, options),
    }
}

/// What the autoscaler makes of the number of nodes. All resources are in it, for
/// it takes the place of whatever the container had.
fn config(autoscale: &Autoscale, base: &Value) -> Value {
    let scaled = |amounts: &Map<String, Value>| -> Value {
        let one = |(resource, base): (&String, &Value)| {
            (resource.clone(), step(autoscale, resource, base))
        };
        amounts.iter().map(one).collect()
    };
    ["limits", "requests"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), scaled(base[name].as_object()?))))
        .collect()
}

fn step(autoscale: &Autoscale, resource: &str, base: &Value) -> Value {
    let step = match resource {
        "cpu" => &autoscale.cpu,
        "memory" => &autoscale.memory,
        _ => return json!({"base": base}),
    };
    json!({"base": base, "step": step, "nodesPerStep": autoscale.nodes_per_step})
}

#[cfg(test)]
mod tests {
    use crate::shape::StackFile;

    use super::*;

    fn input(stack: &Value, options: &Value) -> Value {
        let mut text = json!({"kind": "Stack", "name": "test"});
        context::merge(&mut text, stack);
        text["components"] = json!({"kube-state-metrics": options});
        let file: StackFile = serde_json::from_value(text).expect("options as users write them");
        super::super::resolve(&Context { file: &file }).input
    }

    #[test]
    fn each_step_is_added_to_what_the_container_would_have() {
        let found = input(
            &json!({}),
            &json!({
                "autoscale": {"nodesPerStep": 5, "memory": "1Gi"},
                "resources": {
                    "requests": {"memory": "500Mi", "ephemeral-storage": "1Gi"},
                    "limits": {"cpu": null},
                },
            }),
        );
        let step = |base: &str, step: &str| json!({"base": base, "step": step, "nodesPerStep": 5});
        assert_eq!(
            found["autoscaler"]["config"]["kube-state-metrics"],
            json!({
                "limits": {"memory": step("500Mi", "1Gi")},
                "requests": {
                    "cpu": step("10m", "10m"),
                    "memory": step("500Mi", "1Gi"),
                    "ephemeral-storage": {"base": "1Gi"},
                },
            })
        );
        assert!(found["resources"].is_null());
    }

    #[test]
    fn without_limits_none_grow() {
        let options = json!({"autoscale": {}});
        let found = input(&json!({"pods": {"limits": "none"}}), &options);
        let config = &found["autoscaler"]["config"]["kube-state-metrics"];
        assert!(config["limits"].is_null());
        assert_eq!(config["requests"]["memory"]["base"], "190Mi");
    }

    #[test]
    fn without_an_autoscaler_the_resources_are_said() {
        let found = input(&json!({}), &json!({"autoscale": {"enabled": false}}));
        assert!(found["autoscaler"].is_null());
        assert!(found["resources"].is_object());
    }
}
