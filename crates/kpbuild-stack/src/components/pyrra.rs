//! Pyrra: service level objectives as objects, from which its controller makes
//! recording rules and alerts, and an API with pages that show how much of each
//! error budget is left.

mod known;
mod objectives;

use std::collections::BTreeMap;

use kpbuild_core::{Diagnostic, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::components::Components;
use crate::components::prometheus::agent;
use crate::conflicts::conflict;
use crate::context::{self, App, Context, Identity, Metadata, image};
use crate::parse::StackFile;
use crate::shape::{Common, Pods};
use crate::stack::Component;

pub use known::description;
pub use objectives::{KnownName, Objectives};

const NAME: &str = "pyrra";
const VERSION: &str = "0.10.0";

/// Pyrra, which makes recording rules and alerts of service level objectives and
/// shows how much of each error budget is left. It is installed, with objectives
/// for the cluster's own parts, when the stack file names it: `{}` is enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Pyrra {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub pods: Pods,
    /// How many replicas there are of the API, and how many of the controller.
    #[schemars(range(min = 0, max = 100))]
    pub replicas: u32,
    /// Objectives by their names: the `spec` of a ServiceLevelObjective each. One
    /// that comes along is changed by what is said here, another one is added.
    pub objectives: Objectives,
    /// Whether all objectives come along that are about what this stack measures.
    /// Otherwise there are those that `objectives` names.
    pub default_objectives: bool,
    /// Objectives that come along and are not wanted, by their names.
    pub exclude_objectives: Vec<KnownName>,
}

impl Default for Pyrra {
    fn default() -> Self {
        Self {
            common: Common::default(),
            pods: Pods::default(),
            replicas: 1,
            objectives: Objectives::default(),
            default_objectives: true,
            exclude_objectives: Vec::new(),
        }
    }
}

/// The input of `templates/components/pyrra`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    /// Who the API is.
    api: Identity,
    /// Who the controller is.
    kubernetes: Identity,
    image: String,
    replicas: u32,
    resources: Value,
    security_context: Value,
    pod: Value,
    /// Where Prometheus answers.
    prometheus: String,
    /// `metadata` of objectives, without the name. Pyrra gives their labels to the
    /// rules that it makes.
    objective_metadata: Metadata,
    /// The `spec` of each objective, by its name.
    objectives: BTreeMap<String, Value>,
}

/// Pyrra, if the stack file wants it.
pub(crate) fn wanted(components: &Components) -> Option<&Pyrra> {
    let pyrra = components.pyrra.as_ref();
    pyrra.filter(|pyrra| pyrra.common.enabled)
}

pub(crate) fn resolve(context: &Context<'_>, options: &Pyrra) -> Component {
    let version = context::version(&options.pods, VERSION);
    let identity = |component| {
        let app = App {
            name: NAME,
            component,
            instance: None,
            version: Some(version),
        };
        context.identity(&options.common, app)
    };
    let input = Input {
        api: identity("api"),
        kubernetes: identity("kubernetes"),
        image: image(
            context,
            &options.pods,
            "ghcr.io/pyrra-dev/pyrra",
            &format!("v{version}"),
        ),
        replicas: options.replicas,
        // kube-prometheus asks for nothing, and how much it takes was not measured.
        resources: context::resources(context, &options.pods.resources, &json!({})),
        security_context: context::security_context(
            &options.pods,
            json!({
                "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": true,
                "runAsNonRoot": true,
                "seccompProfile": {"type": "RuntimeDefault"},
            }),
        ),
        pod: context::pod(
            context,
            &options.pods,
            json!({"nodeSelector": {"kubernetes.io/os": "linux"}}),
        ),
        prometheus: context.prometheus_url(),
        objective_metadata: objective_metadata(context, options),
        objectives: objectives::installed(context, options),
    };
    Component {
        name: NAME,
        input: json!(input),
        mixins: Vec::new(),
        span: None,
    }
}

/// Objectives have the labels by which Prometheus finds rules.
fn objective_metadata(context: &Context<'_>, options: &Pyrra) -> Metadata {
    let mut labels = options.common.labels.0.clone();
    labels.extend(context.rule_labels());
    Metadata {
        namespace: Some(context.namespace().to_owned()),
        labels,
        annotations: options.common.annotations.0.clone(),
    }
}

const PLACE: [&str; 2] = ["components", NAME];

/// Where the stack file says something about an objective, by the name of that.
pub(crate) fn places(file: &StackFile) -> BTreeMap<String, Span> {
    let options = wanted(&file.shape.components);
    let names = options
        .into_iter()
        .flat_map(|options| options.objectives.0.keys());
    let place = |name: &String| {
        let span = file.span(&[PLACE[0], NAME, "objectives", name])?;
        Some((name.clone(), span))
    };
    names.filter_map(place).collect()
}

/// What does not go together with Pyrra, and what is wrong with its objectives.
pub(crate) fn check(file: &StackFile) -> Vec<Diagnostic> {
    match wanted(&file.shape.components) {
        Some(options) => match without_answers(file) {
            Some(alone) => vec![alone],
            None => objectives::check(file, options),
        },
        None => Vec::new(),
    }
}

/// A stack whose Prometheus answers nothing and evaluates nothing, or is not there.
fn without_answers(file: &StackFile) -> Option<Diagnostic> {
    let components = &file.shape.components;
    let (other, note): (&[&str], _) = if !components.prometheus.common.enabled {
        (
            &["components", "prometheus", "enabled"],
            "its rules are evaluated by the stack's Prometheus, which its pages ask too",
        )
    } else if agent::wanted(components).is_some() {
        (
            &["components", "prometheus", "agent"],
            "an agent evaluates no rules and answers no queries",
        )
    } else {
        return None;
    };
    Some(conflict(file, &PLACE, other).note(note).help(format!(
        "remove it, or set `{NAME}: {{enabled: false}}` if a base has it"
    )))
}
