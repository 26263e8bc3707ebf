//! The shape of a stack file: what users write, with the documentation that
//! their editor shows and the defaults of what they leave out.
//!
//! The options of each component are in [`crate::components`], beside what is
//! made of them.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::anti_affinity::AntiAffinity;
use crate::checking::Check;
use crate::components::Components;
use crate::dashboards::Dashboards;
use crate::exposure::Expose;
use crate::mixins::MixinFile;
use crate::patches::Patch;
use crate::platform::Platform;
use crate::rules::Rules;
use crate::scalar::{
    Duration, Image, KubernetesVersion, Label, Name, Quantity, Registry, Url, Version,
};
use crate::schema::{NULLABLE, from_definition};

/// One cluster's monitoring: everything that `kpbuild render` makes manifests of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "kpbuild stack")]
pub struct StackFile {
    /// Says that this file is a stack.
    pub kind: Kind,
    /// The name of this stack, unique among your stacks; it is not rendered.
    pub name: Label,
    /// Files that this one is written on top of, the lowest first; paths are
    /// relative to this file. Maps merge, lists and other values replace, and
    /// `null` takes back what a base says. Bases start with `kind: StackBase`
    /// (they need no name), or are stacks themselves.
    #[serde(default)]
    pub extends: Vec<String>,
    /// Values by name, for what differs between stacks with a common base:
    /// `${name}` in a text of this file or of its bases stands for the value, and
    /// a text that is nothing else has its type. `null` declares a variable that
    /// each stack must set. `$${` is `${` itself.
    #[serde(default)]
    pub variables: Variables,
    /// The cluster that the stack is for.
    #[serde(default)]
    pub cluster: Cluster,
    /// The namespace that everything is installed into.
    #[serde(default = "monitoring")]
    pub namespace: Label,
    /// Where images are pulled from.
    #[serde(default)]
    pub images: Images,
    /// What holds for the pods of all components.
    #[serde(default)]
    pub pods: AllPods,
    /// Whether every component has a NetworkPolicy, which lets into its pods
    /// only who needs to reach them. Nothing enforces them on clusters
    /// whose network does not know them.
    #[serde(default = "yes")]
    pub network_policies: bool,
    /// How Prometheus, Alertmanager and Grafana are reached from outside of the
    /// cluster.
    #[serde(default)]
    pub expose: Expose,
    /// What is installed, and how.
    #[serde(default)]
    pub components: Components,
    /// Alerts and recording rules.
    #[serde(default)]
    pub rules: Rules,
    /// The dashboards of Grafana.
    #[serde(default)]
    pub dashboards: Dashboards,
    /// Sets of rules and dashboards from elsewhere, in the shape in which the
    /// ecosystem shares them (<https://monitoring.mixins.dev>).
    #[serde(default)]
    pub mixins: Vec<MixinFile>,
    /// Jsonnet that is laid over all of this, for what no field says: files
    /// such as `overlay.jsonnet` with `{ prometheus+: { service+: {...} } }`,
    /// in their order. Paths are relative to the stack file.
    #[serde(default)]
    #[schemars(inner(length(min = 1)))]
    pub overlays: Vec<String>,
    /// Changes of objects after they are rendered, one after the other: for
    /// what no other field says.
    #[serde(default)]
    pub patches: Vec<Patch>,
    /// What `kpbuild check` cannot know, and what it shall pass over.
    #[serde(default)]
    pub check: Check,
}

fn monitoring() -> Label {
    Label::literal("monitoring")
}

fn yes() -> bool {
    true
}

/// The values of variables by their names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Variables(pub BTreeMap<String, serde_json::Value>);

impl JsonSchema for Variables {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Variables".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": {"format": "variable-name"},
            "additionalProperties": {
                "type": ["string", "number", "boolean", "null"],
                NULLABLE: true,
            },
        })
    }
}

/// The kind of file that is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Kind {
    /// A stack.
    Stack,
}

/// The cluster that a stack is for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Cluster {
    /// What the cluster was made by, if it is one of those listed. It sets what
    /// is different there: which parts of the control plane can be scraped and
    /// how they are found, and who serves resource metrics. What the stack file
    /// says itself wins.
    pub platform: Option<Platform>,
    /// The version of Kubernetes that the cluster runs, such as `"1.34"`, in
    /// quotes. `kpbuild check` then knows which versions of the API it serves.
    pub version: Option<KubernetesVersion>,
    /// The kubeconfig context of the cluster; `diff`, `apply` and `delete`
    /// refuse any other.
    pub context: Option<String>,
    /// The address of the cluster's API server, as in the kubeconfig:
    /// `https://10.0.0.1:6443`. `diff`, `apply` and `delete` refuse any other,
    /// whatever the context is called.
    pub server: Option<Url>,
}

/// Where images are pulled from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Images {
    /// A registry (with a path, if it has one) that mirrors all images; it
    /// replaces the registry of each image and keeps the rest of its name.
    /// `registry.example.com/mirror` makes `quay.io/prometheus/prometheus` into
    /// `registry.example.com/mirror/prometheus/prometheus`.
    pub registry: Option<Registry>,
    /// The Secrets with the credentials of registries, in the namespace of the
    /// stack; all pods use them.
    pub pull_secrets: Vec<Name>,
}

/// What holds for the pods of all components.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct AllPods {
    /// `none` leaves out all limits of processor time and memory that the stack
    /// file does not set itself. The containers that the operator adds have
    /// limits of its own: see `prometheus-operator` under
    /// `configReloader.resources`.
    pub limits: Limits,
    /// Keeps the replicas of Prometheus, Alertmanager, blackbox-exporter,
    /// prometheus-adapter and metrics-server apart, and those of Grafana if there
    /// are several:
    /// `soft` prefers different nodes, `hard` demands them;
    /// `{strictness: soft, topologyKey: topology.kubernetes.io/zone}` is about
    /// zones. Components may say otherwise.
    pub anti_affinity: Option<AntiAffinity>,
}

/// Which limits containers have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Limits {
    /// Those of each component.
    #[default]
    Default,
    /// Those that the stack file sets.
    None,
}

/// What every component takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Common {
    /// Whether the component is installed.
    pub enabled: bool,
    /// Whether its mixin is installed: the alerts, recording rules and
    /// dashboards about it. What watches targets of any kind belongs to
    /// `prometheus`, what watches workloads to `kubernetes`.
    pub mixin: bool,
    /// Labels for every object of the component and for its pods. Selectors
    /// stay as they are.
    pub labels: Labels,
    /// Annotations for every object of the component and for its pods.
    pub annotations: Annotations,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            enabled: true,
            mixin: true,
            labels: Labels::default(),
            annotations: Annotations::default(),
        }
    }
}

/// What every component with pods takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Pods {
    /// The version of the component, without `v`; it names the image's tag.
    pub version: Option<Version>,
    /// The whole image, with its tag; `version` then only labels it.
    pub image: Option<Image>,
    /// What the component's main container asks for and is limited to.
    pub resources: Resources,
    /// Labels of the nodes that the pods may run on; replaces the default.
    pub node_selector: Option<Labels>,
    /// Taints of nodes that the pods may run on all the same.
    pub tolerations: Option<Tolerations>,
    /// Rules by which the scheduler prefers or demands nodes and neighbours.
    pub affinity: Option<Affinity>,
    /// The priority class of the pods.
    pub priority_class_name: Option<Name>,
    /// The security settings of the pods, merged into the default; `null`
    /// removes a field.
    pub pod_security_context: Option<Partial<PodSecurityContext>>,
    /// The security settings of the component's main container, merged into
    /// the default; `null` removes a field.
    pub security_context: Option<Partial<SecurityContext>>,
}

/// The resources of one container, over the component's default: what is not
/// named stays as it is there. A default limit that is less than what you
/// request is raised to it, a default request that is more than your limit
/// lowered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Resources {
    /// What the scheduler reserves, such as `{memory: 1Gi}`. `null` removes a
    /// default (`cpu: null`), `{}` removes all.
    pub requests: Option<Quantities>,
    /// What the container may not exceed, such as `{memory: 2Gi}`. `null`
    /// removes a default (`cpu: null`), `{}` removes all.
    pub limits: Option<Quantities>,
}

/// Amounts by resource, such as `cpu` and `memory`; none where a default is removed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantities(pub BTreeMap<String, Option<Amount>>);

impl JsonSchema for Quantities {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Quantities".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut amount = Amount::json_schema(generator);
        amount.insert(
            "type".into(),
            serde_json::json!(["string", "number", "null"]),
        );
        amount.insert(NULLABLE.into(), serde_json::json!(true));
        json_schema!({"type": "object", "additionalProperties": amount})
    }
}

/// An amount of a resource: a number, or a number with a suffix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Amount {
    /// A plain number, such as `2` CPUs.
    Number(serde_json::Number),
    /// A quantity, such as `500m` or `4Gi`.
    Quantity(Quantity),
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Quantity(quantity) => quantity.fmt(f),
        }
    }
}

impl JsonSchema for Amount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Quantity::json_schema(generator);
        schema.insert("type".into(), serde_json::json!(["string", "number"]));
        schema.insert("minimum".into(), serde_json::json!(0));
        schema.insert(
            "x-kpbuild-expected".into(),
            serde_json::json!("a quantity like `500m`, `2` or `4Gi`"),
        );
        schema
    }
}

/// Labels of Kubernetes objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(pub BTreeMap<String, String>);

impl JsonSchema for Labels {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Labels".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": {
                "format": "label-key",
            },
            "additionalProperties": {
                "type": "string",
                "format": "label-value",
            },
        })
    }
}

/// Annotations of Kubernetes objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Annotations(pub BTreeMap<String, String>);

impl JsonSchema for Annotations {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Annotations".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": {
                "format": "label-key",
            },
            "additionalProperties": {"type": "string"},
        })
    }
}

from_definition! {
    /// Tolerations, as in any pod.
    Tolerations = "prometheuses/spec/tolerations";
    /// Affinity, as in any pod.
    Affinity = "prometheuses/spec/affinity";
    /// A pod's security settings.
    PodSecurityContext = "prometheuses/spec/securityContext";
    /// A container's security settings.
    SecurityContext = "prometheuses/spec/containers/[]/securityContext";
    /// The `spec` of a ServiceMonitor, merged into the rendered one.
    ServiceMonitorSpec = "servicemonitors/spec";
}

/// A monitor that Prometheus scrapes a component by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct ServiceMonitor {
    /// How often the component is scraped, such as `30s` or `1m30s`. Rules and
    /// queries that look back over a number of scrapes follow.
    pub interval: Option<Duration>,
    /// Anything of the ServiceMonitor's `spec`: maps are merged into the
    /// rendered ones, lists replace them, `null` removes a field.
    pub spec: Partial<ServiceMonitorSpec>,
}

impl ServiceMonitor {
    /// The interval, or the component's default.
    pub(crate) fn interval<'a>(&'a self, default: &'a str) -> &'a str {
        self.interval.as_ref().map_or(default, Duration::as_str)
    }
}

/// A volume for the data of each replica. Kubernetes can enlarge it later where
/// the storage class allows that, and never shrinks it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// The size of each replica's volume, such as `100Gi`.
    pub size: Quantity,
    /// The storage class of the volumes; without it, the cluster's default class.
    pub class: Option<Name>,
}

/// The least important messages that a program still writes to its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum LogLevel {
    /// Everything, to find a fault.
    Debug,
    /// What happens.
    Info,
    /// What may be wrong.
    Warn,
    /// What is wrong.
    Error,
}

impl LogLevel {
    /// As programs know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A part of a custom resource: nothing in it is required, as the rest is rendered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Partial<T>(pub T);

impl<T: JsonSchema> JsonSchema for Partial<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        schema.insert("x-kpbuild-partial".into(), serde_json::json!(true));
        schema
    }
}
