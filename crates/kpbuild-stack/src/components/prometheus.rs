//! Prometheus: scrapes targets, evaluates rules, answers questions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::{self, App, Context, Identity, image};
use crate::scalar::Label;
use crate::schema::from_definition;
use crate::shape::{Common, Partial, Pods, ServiceMonitor};
use crate::stack::{Component, Mixin, RuleObject};

const VERSION: &str = "3.12.0";

/// Prometheus, which scrapes targets and evaluates rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Prometheus {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub pods: Pods,
    /// The name of the Prometheus object; its Service, roles and so on are
    /// called `prometheus-` and this name.
    pub name: Label,
    /// How many replicas scrape the same targets.
    #[schemars(range(min = 0, max = 100))]
    pub replicas: u32,
    /// The namespaces whose targets Prometheus may discover, beside its own.
    pub namespaces: Vec<Label>,
    /// How Prometheus scrapes itself.
    pub service_monitor: ServiceMonitor,
    /// Anything else of the Prometheus object's `spec`: maps are merged into
    /// the rendered ones, lists replace them, `null` removes a field.
    pub spec: Partial<Spec>,
}

from_definition! {
    /// The `spec` of a Prometheus object.
    Spec = "prometheuses/spec";
}

impl Default for Prometheus {
    fn default() -> Self {
        Self {
            common: Common::default(),
            pods: Pods::default(),
            name: Label::literal("k8s"),
            replicas: 2,
            namespaces: vec![Label::literal("default"), Label::literal("kube-system")],
            service_monitor: ServiceMonitor::default(),
            spec: Partial::default(),
        }
    }
}

/// The input of `templates/components/prometheus`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    #[serde(flatten)]
    identity: Identity,
    /// The name of the Prometheus object.
    name: &'a str,
    /// The name of everything that belongs to it.
    full_name: String,
    version: &'a str,
    image: String,
    replicas: u32,
    resources: Value,
    pod: Value,
    /// The namespaces whose targets it may discover, its own among them.
    namespaces: Vec<&'a str>,
    /// The Service that alerts are sent to; none without Alertmanager.
    alertmanager: Option<String>,
    service_monitor: &'a Value,
    spec: &'a Value,
}

pub(crate) fn resolve(context: &Context<'_>) -> Component {
    let options = &context.file.components.prometheus;
    let version = context::version(&options.pods, VERSION);
    let identity = context.identity(
        &options.common,
        App {
            name: "prometheus",
            component: "prometheus",
            instance: Some(options.name.as_str()),
            version: Some(version),
        },
    );
    let full_name = context.prometheus_full_name();
    let mixin = Mixin {
        name: "prometheus",
        config: json!({
            "prometheusName": full_name,
            "namespace": context.namespace(),
            "runbookURLPattern": context.runbook_pattern("prometheus"),
        }),
        rules: Some(RuleObject::of(
            context,
            format!("{full_name}-prometheus-rules"),
            &identity.metadata,
        )),
    };
    let mut namespaces: Vec<&str> = options.namespaces.iter().map(Label::as_str).collect();
    namespaces.push(context.namespace());
    namespaces.sort_unstable();
    namespaces.dedup();
    let alertmanager = context.file.components.alertmanager.common.enabled;
    let input = Input {
        identity,
        name: options.name.as_str(),
        full_name,
        version,
        image: image(
            context,
            &options.pods,
            "quay.io/prometheus/prometheus",
            &format!("v{version}"),
        ),
        replicas: options.replicas,
        resources: context::resources(
            &options.pods.resources,
            &json!({"requests": {"memory": "400Mi"}}),
        ),
        pod: context::pod(
            &options.pods,
            json!({
                "nodeSelector": {"kubernetes.io/os": "linux"},
                "securityContext": {"fsGroup": 2000, "runAsNonRoot": true, "runAsUser": 1000},
            }),
        ),
        namespaces,
        alertmanager: alertmanager.then(|| context.alertmanager_full_name()),
        service_monitor: &options.service_monitor.spec.0.0,
        spec: &options.spec.0.0,
    };
    Component {
        name: "prometheus",
        input: json!(input),
        mixins: vec![mixin],
        span: None,
    }
}
