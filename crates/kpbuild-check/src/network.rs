//! Whether NetworkPolicies let pods talk to each other.

use kpbuild_core::Object;
use serde_json::Value;

use crate::facts::{Facts, items, strings};
use crate::pods::Pods;
use crate::selector::selects;

/// A connection between pods.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection<'f, 'a> {
    pub(crate) from: &'f Pods<'a>,
    pub(crate) to: &'f Pods<'a>,
    pub(crate) port: u64,
    pub(crate) protocol: &'static str,
}

/// The policy that stops a connection, if one does.
pub(crate) fn stopped<'a>(facts: &Facts<'a>, connection: Connection<'_, 'a>) -> Option<&'a Object> {
    let Connection { from, to, .. } = connection;
    let ingress = || {
        side(facts, to, "Ingress", |rule| {
            admits(facts, rule, "from", from, connection)
        })
    };
    let egress = || {
        side(facts, from, "Egress", |rule| {
            admits(facts, rule, "to", to, connection)
        })
    };
    // A pod on the node's network has the node's address, about which policies
    // that select pods say nothing.
    if from.on_host_network() || to.on_host_network() {
        return None;
    }
    ingress().or_else(egress)
}

/// The policy that is about one side, if none of those that are lets it through.
fn side<'a>(
    facts: &Facts<'a>,
    pods: &Pods<'a>,
    direction: &str,
    admits: impl Fn(&Value) -> bool,
) -> Option<&'a Object> {
    let field = direction.to_lowercase();
    let about: Vec<&Object> = facts
        .bundle
        .of_kind("NetworkPolicy")
        .filter(|policy| is_about(policy, pods, direction))
        .collect();
    let mut rules = about
        .iter()
        .flat_map(|policy| items(&policy.value()["spec"][field.as_str()]));
    if rules.any(admits) {
        None
    } else {
        about.first().copied()
    }
}

fn is_about(policy: &Object, pods: &Pods<'_>, direction: &str) -> bool {
    let spec = &policy.value()["spec"];
    let mut types = strings(&spec["policyTypes"]).peekable();
    let of_direction = match types.peek() {
        Some(_) => types.any(|one| one == direction),
        None => direction == "Ingress" || spec["egress"].is_array(),
    };
    of_direction
        && policy.key().namespace == pods.namespace()
        && selects(&spec["podSelector"], &pods.labels)
}

fn admits(
    facts: &Facts<'_>,
    rule: &Value,
    field: &str,
    other: &Pods<'_>,
    connection: Connection<'_, '_>,
) -> bool {
    let home = match field {
        "from" => connection.to.namespace(),
        _ => connection.from.namespace(),
    };
    let mut peers = items(&rule[field]).peekable();
    let mut ports = items(&rule["ports"]).peekable();
    (peers.peek().is_none() || peers.any(|peer| is_peer(facts, peer, home, other)))
        && (ports.peek().is_none() || ports.any(|port| is_port(port, connection)))
}

fn is_peer(facts: &Facts<'_>, peer: &Value, home: &str, pods: &Pods<'_>) -> bool {
    // The address of a pod is not known here.
    if peer["ipBlock"].is_object() {
        return true;
    }
    let namespace = match &peer["namespaceSelector"] {
        Value::Null => pods.namespace() == home,
        selector => selects(selector, &facts.namespace_labels(pods.namespace())),
    };
    namespace && (peer["podSelector"].is_null() || selects(&peer["podSelector"], &pods.labels))
}

fn is_port(port: &Value, connection: Connection<'_, '_>) -> bool {
    let number = match &port["port"] {
        Value::Null => true,
        Value::String(name) => connection
            .to
            .port(name)
            .is_some_and(|port| port.number == connection.port),
        number => {
            let first = number.as_u64().unwrap_or_default();
            (first..=port["endPort"].as_u64().unwrap_or(first)).contains(&connection.port)
        }
    };
    number && port["protocol"].as_str().unwrap_or("TCP") == connection.protocol
}
