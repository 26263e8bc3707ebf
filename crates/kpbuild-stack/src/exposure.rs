//! How the user interfaces are reached from outside of the cluster: ports of
//! the nodes, Ingress, routes of the Gateway API, and the NetworkPolicy that
//! lets those in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::scalar::{Cidr, Hostname, Label, Name, Url};
use crate::shape::{Annotations, Labels};

/// How the user interfaces are reached from outside of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Expose {
    /// Prometheus' port 9090. Prometheus asks nobody who they are.
    pub prometheus: Exposure,
    /// Alertmanager's port 9093. Alertmanager asks nobody who they are.
    pub alertmanager: Exposure,
    /// Grafana's port 3000.
    pub grafana: Exposure,
}

/// How one user interface is reached. Several ways may be used together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Exposure {
    /// A port of every node, usually one of 30000 to 32767, that leads there.
    #[schemars(range(min = 1, max = 65535))]
    pub node_port: Option<u16>,
    /// A host name that the cluster's ingress controller leads there.
    pub ingress: Option<Ingress>,
    /// Host names that a Gateway leads there (`gateway.networking.k8s.io/v1`,
    /// whose definitions the cluster must have).
    pub route: Option<Route>,
    /// Whom the NetworkPolicy lets in besides the stack itself, once one of the
    /// ways above is set; everybody by default. `[]` leaves the NetworkPolicy
    /// as it is.
    pub from: Option<Vec<Peer>>,
}

/// An Ingress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ingress {
    /// The host name, such as `grafana.example.com`. Unless they are set, the
    /// `externalUrl` of Prometheus and Alertmanager and the `root_url` of
    /// Grafana follow from it.
    pub host: Hostname,
    /// The class of the ingress controller; without it the cluster's default.
    pub class: Option<Name>,
    /// The Secret with the certificate of the host, in the namespace of the
    /// stack; cert-manager makes it when told to by an annotation. Without it
    /// the host is reached by plain HTTP.
    pub tls_secret: Option<Name>,
    /// Annotations, which most ingress controllers are configured by.
    #[serde(default)]
    pub annotations: Annotations,
}

/// A route of the Gateway API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "GatewayRoute")]
pub struct Route {
    /// The host names, such as `[grafana.example.com]`.
    #[schemars(length(min = 1))]
    pub hosts: Vec<Hostname>,
    /// The Gateway.
    pub gateway: Gateway,
    /// Annotations of the route.
    #[serde(default)]
    pub annotations: Annotations,
}

/// A Gateway that is there already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gateway {
    /// The name of the Gateway.
    pub name: Name,
    /// Its namespace; by default that of the stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Label>,
    /// The listener of the Gateway, if it is to be one only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section_name: Option<Name>,
}

/// Who is let in: pods, or addresses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Peer {
    /// The namespace of the pods; by default that of the stack.
    pub namespace: Option<Label>,
    /// Labels of the pods; by default all of the namespace.
    pub pods: Labels,
    /// Addresses outside of the cluster, such as `10.0.0.0/8`, instead of pods.
    pub cidr: Option<Cidr>,
}

/// The part of a template's input that `lib/exposure.libsonnet` spells.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input<'a> {
    /// Fields of the Service's `spec`, and of its port.
    service: Value,
    port: Value,
    /// What the NetworkPolicy lets in: `from` lists, or nothing for everybody.
    ways: Vec<Value>,
    ingress: Option<&'a Ingress>,
    route: Option<RouteInput<'a>>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct RouteInput<'a> {
    hosts: &'a [Hostname],
    parent: &'a Gateway,
    annotations: &'a Annotations,
}

/// What the templates need to know.
pub(crate) fn input(exposure: &Exposure) -> Input<'_> {
    Input {
        service: exposure
            .node_port
            .map_or_else(|| json!({}), |_| json!({"type": "NodePort"})),
        port: exposure
            .node_port
            .map_or_else(|| json!({}), |port| json!({"nodePort": port})),
        ways: ways(exposure),
        ingress: exposure.ingress.as_ref(),
        route: exposure.route.as_ref().map(|route| RouteInput {
            hosts: &route.hosts,
            parent: &route.gateway,
            annotations: &route.annotations,
        }),
    }
}

fn ways(exposure: &Exposure) -> Vec<Value> {
    let exposed =
        exposure.node_port.is_some() || exposure.ingress.is_some() || exposure.route.is_some();
    match &exposure.from {
        _ if !exposed => Vec::new(),
        None => vec![json!({})],
        Some(peers) if peers.is_empty() => Vec::new(),
        Some(peers) => vec![json!({"from": peers.iter().map(peer).collect::<Vec<_>>()})],
    }
}

fn peer(peer: &Peer) -> Value {
    if let Some(cidr) = &peer.cidr {
        return json!({"ipBlock": {"cidr": cidr}});
    }
    let mut written = json!({});
    if let Some(namespace) = &peer.namespace {
        written["namespaceSelector"] =
            json!({"matchLabels": {"kubernetes.io/metadata.name": namespace}});
    }
    if !peer.pods.0.is_empty() || peer.namespace.is_none() {
        let labels = if peer.pods.0.is_empty() {
            json!({})
        } else {
            json!({"matchLabels": peer.pods})
        };
        written["podSelector"] = labels;
    }
    written
}

/// The address that people know an exposed interface by: the user's own, or
/// that of the Ingress.
pub(crate) fn url(own: Option<&Url>, exposure: &Exposure) -> Option<String> {
    own.map(ToString::to_string).or_else(|| {
        let ingress = exposure.ingress.as_ref()?;
        let scheme = if ingress.tls_secret.is_some() {
            "https"
        } else {
            "http"
        };
        Some(format!("{scheme}://{}", ingress.host))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposure(value: Value) -> Exposure {
        serde_json::from_value(value).expect("options as users write them")
    }

    #[test]
    fn the_policy_opens_only_for_what_is_exposed() {
        assert!(ways(&exposure(json!({"from": [{"cidr": "10.0.0.0/8"}]}))).is_empty());
        assert_eq!(ways(&exposure(json!({"nodePort": 30900}))), [json!({})]);
        assert!(ways(&exposure(json!({"nodePort": 30900, "from": []}))).is_empty());
    }

    #[test]
    fn pods_are_found_by_namespace_and_labels() {
        let from = json!([
            {"namespace": "ingress"},
            {"pods": {"app": "proxy"}},
            {"namespace": "ingress", "pods": {"app": "proxy"}},
            {"cidr": "10.0.0.0/8"},
        ]);
        let namespace = json!({"matchLabels": {"kubernetes.io/metadata.name": "ingress"}});
        let pods = json!({"matchLabels": {"app": "proxy"}});
        assert_eq!(
            ways(&exposure(json!({"nodePort": 30900, "from": from})))[0]["from"],
            json!([
                {"namespaceSelector": namespace},
                {"podSelector": pods},
                {"namespaceSelector": namespace, "podSelector": pods},
                {"ipBlock": {"cidr": "10.0.0.0/8"}},
            ])
        );
    }

    #[test]
    fn links_lead_to_the_host_of_the_ingress() {
        let plain = exposure(json!({"ingress": {"host": "a.example.com"}}));
        assert_eq!(url(None, &plain).as_deref(), Some("http://a.example.com"));
        let own = Url::literal("https://b.example.com");
        assert_eq!(
            url(Some(&own), &plain).as_deref(),
            Some("https://b.example.com")
        );
        let tls = exposure(json!({"ingress": {"host": "a.example.com", "tlsSecret": "a-tls"}}));
        assert_eq!(url(None, &tls).as_deref(), Some("https://a.example.com"));
    }
}
