//! Weave Net, the network of clusters that still run it: a Service and a monitor
//! for what is in the cluster already, alerts and two dashboards.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::{App, Context, Metadata};
use crate::shape::{Common, ServiceMonitor};
use crate::stack::{Component, Mixin, RuleObject};

/// The name of the Service, and with that of the job.
const NAME: &str = "weave-net";

/// Where the manifests of Weave Net run its pods.
const NAMESPACE: &str = "kube-system";

/// How often Prometheus scrapes Weave Net.
const INTERVAL: &str = "15s";

/// Weave Net, the cluster's network. It is scraped, with alerts and dashboards
/// about it, when the stack file names it: `{}` is enough.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct WeaveNet {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    /// How Prometheus scrapes Weave Net.
    pub service_monitor: ServiceMonitor,
}

/// The input of `templates/components/weave-net`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    name: &'static str,
    /// The metadata of the Service, which lies beside the pods.
    service_metadata: Metadata,
    metadata: Metadata,
    interval: &'a str,
    service_monitor: &'a Value,
}

pub(crate) fn resolve(context: &Context<'_>, options: &WeaveNet) -> Component {
    let app = App {
        name: NAME,
        component: "cni",
        instance: None,
        version: None,
    };
    let metadata = context.identity(&options.common, app).metadata;
    let rules = RuleObject::of(context, "weave-net-rules", &metadata);
    let input = Input {
        name: NAME,
        service_metadata: Metadata {
            namespace: Some(NAMESPACE.to_owned()),
            ..metadata.clone()
        },
        metadata,
        interval: options.service_monitor.interval(INTERVAL),
        service_monitor: &options.service_monitor.spec.0.0,
    };
    Component {
        name: "weave-net",
        input: json!(input),
        mixins: vec![Mixin {
            name: "weave-net",
            config: json!({}),
            rules: Some(rules),
        }],
        span: None,
    }
}
