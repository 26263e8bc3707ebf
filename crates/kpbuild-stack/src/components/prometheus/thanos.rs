//! The Thanos sidecar beside each Prometheus: it uploads blocks of data to an
//! object store and answers queries of Thanos. The other parts of Thanos are
//! not installed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::{self, Context, Identity, Metadata};
use crate::scalar::{Image, Name, Version};
use crate::schema::from_definition;
use crate::shape::{LogLevel, Partial, Resources, ServiceMonitor};
use crate::stack::{Mixin, RuleObject};

const VERSION: &str = "0.41.0";

/// `app.kubernetes.io/component` of its Service, and with that the job.
const COMPONENT: &str = "thanos-sidecar";

/// How often Prometheus scrapes the sidecars.
const INTERVAL: &str = "30s";

/// The Thanos sidecar of Prometheus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Thanos {
    /// Whether Prometheus has the sidecar.
    pub enabled: bool,
    /// The version of Thanos, without `v`; it names the image's tag.
    pub version: Option<Version>,
    /// The whole image, with its tag.
    pub image: Option<Image>,
    /// Where the sidecar uploads data to. Without it, it only answers queries
    /// about what Prometheus has.
    pub object_storage: Option<ObjectStorage>,
    /// What the sidecar writes to its log: `info` by default.
    pub log_level: Option<LogLevel>,
    /// What the sidecar's container asks for and is limited to.
    pub resources: Resources,
    /// How Prometheus scrapes the sidecars.
    pub service_monitor: ServiceMonitor,
    /// Anything else of `spec.thanos` of the Prometheus object: maps are merged
    /// into the rendered ones, lists replace them, `null` removes a field.
    pub spec: Partial<Spec>,
}

from_definition! {
    /// The part `spec.thanos` of a Prometheus object.
    Spec = "prometheuses/spec/thanos";
}

/// The Secret with the configuration of an object store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ThanosObjectStorage")]
pub struct ObjectStorage {
    /// The name of the Secret, which is there already, in the namespace of
    /// Prometheus.
    pub secret: Name,
    /// The Secret's key with the configuration, in Thanos' own format.
    #[serde(default = "configuration_key")]
    #[schemars(length(min = 1))]
    pub key: String,
}

fn configuration_key() -> String {
    "thanos.yaml".to_owned()
}

impl Default for Thanos {
    fn default() -> Self {
        Self {
            enabled: true,
            version: None,
            image: None,
            object_storage: None,
            log_level: None,
            resources: Resources::default(),
            service_monitor: ServiceMonitor::default(),
            spec: Partial::default(),
        }
    }
}

/// The part of the input of `templates/components/prometheus` about the sidecar.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Input<'a> {
    /// The name of its Service.
    service: String,
    /// The name of its monitor.
    monitor: &'static str,
    metadata: Metadata,
    /// The labels by which the monitor finds the Service.
    selector: Value,
    /// `spec.thanos` of the Prometheus object.
    spec: Value,
    interval: &'a str,
    service_monitor: &'a Value,
}

/// What the stack file says about the sidecar, if it wants it.
pub(super) fn wanted<'a>(context: &Context<'a>) -> Option<&'a Thanos> {
    let thanos = context.file.components.prometheus.thanos.as_ref();
    thanos.filter(|thanos| thanos.enabled)
}

pub(super) fn input<'a>(
    context: &Context<'_>,
    options: &'a Thanos,
    prometheus: &Identity,
) -> Input<'a> {
    let component = || {
        (
            "app.kubernetes.io/component".to_owned(),
            COMPONENT.to_owned(),
        )
    };
    let mut metadata = prometheus.metadata.clone();
    metadata.labels.extend([component()]);
    let mut selector = prometheus.selector.clone();
    selector.extend([component()]);
    Input {
        service: format!("{}-thanos-sidecar", context.prometheus_full_name()),
        monitor: COMPONENT,
        metadata,
        selector: json!(selector),
        spec: spec(context, options),
        interval: options.service_monitor.interval(INTERVAL),
        service_monitor: &options.service_monitor.spec.0.0,
    }
}

fn spec(context: &Context<'_>, options: &Thanos) -> Value {
    let version = options.version.as_ref().map_or(VERSION, Version::as_str);
    let image = match &options.image {
        Some(image) => image.to_string(),
        None => context.image(&format!("quay.io/thanos/thanos:v{version}")),
    };
    let mut spec = json!({"image": image, "version": version});
    if let Some(storage) = &options.object_storage {
        spec["objectStorageConfig"] = json!({"name": storage.secret, "key": storage.key});
    }
    if let Some(level) = options.log_level {
        spec["logLevel"] = json!(level);
    }
    let resources = context::resources(context, &options.resources, &json!({}));
    if resources != json!({}) {
        spec["resources"] = resources;
    }
    context::merge(&mut spec, &options.spec.0.0);
    spec
}

/// The alerts about the sidecars.
pub(super) fn mixin(context: &Context<'_>, prometheus: &Identity) -> Mixin {
    Mixin {
        name: "thanos-sidecar",
        config: json!({"runbookURLPattern": context.runbook_pattern("prometheus")}),
        rules: Some(RuleObject::of(
            context,
            format!("{}-thanos-sidecar-rules", context.prometheus_full_name()),
            &prometheus.metadata,
        )),
    }
}
