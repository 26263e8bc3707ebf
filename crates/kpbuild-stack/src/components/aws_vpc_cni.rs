//! The AWS VPC CNI plug-in, which gives pods on EKS addresses of the network:
//! a Service and a monitor for what is in the cluster already, and the alert on
//! nodes that run out of addresses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::{App, Context, Metadata};
use crate::shape::{Common, ServiceMonitor};
use crate::stack::{Component, Mixin, RuleObject};

/// The name of the plug-in's pods, and with that of the job.
const NAME: &str = "aws-node";

/// Where EKS runs the plug-in.
const NAMESPACE: &str = "kube-system";

/// How often Prometheus scrapes the plug-in.
const INTERVAL: &str = "30s";

/// The AWS VPC CNI plug-in. It is scraped, with an alert on nodes that run out
/// of addresses, when the stack file names it: `{}` is enough.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct AwsVpcCni {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    /// How Prometheus scrapes the plug-in.
    pub service_monitor: ServiceMonitor,
}

/// The input of `templates/components/aws-vpc-cni`.
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

pub(crate) fn resolve(context: &Context<'_>, options: &AwsVpcCni) -> Component {
    let metadata = metadata(context, options, NAME, "cni");
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
        name: "aws-vpc-cni",
        input: json!(input),
        mixins: vec![mixin(context, options)],
        span: None,
    }
}

fn mixin(context: &Context<'_>, options: &AwsVpcCni) -> Mixin {
    let metadata = self::metadata(context, options, "prometheus-vpc-cni-rules", "prometheus");
    Mixin {
        name: "aws-vpc-cni",
        config: json!({}),
        rules: Some(RuleObject::of(context, "aws-vpc-cni-rules", &metadata)),
    }
}

fn metadata(context: &Context<'_>, options: &AwsVpcCni, name: &str, component: &str) -> Metadata {
    let app = App {
        name,
        component,
        instance: None,
        version: None,
    };
    context.identity(&options.common, app).metadata
}
