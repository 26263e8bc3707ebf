//! Ports of the nodes, and host names that lead to an interface.

use serde_json::{Value, json};

use super::Search;

pub(super) fn each(search: &mut Search<'_>) {
    for component in ["prometheus", "alertmanager", "grafana"] {
        let Some((_, theirs)) = search.pair(component, &["Service"]) else {
            continue;
        };
        let mut ports = theirs["spec"]["ports"].as_array().into_iter().flatten();
        if let Some(port) = ports.find_map(|port| port["nodePort"].as_u64()) {
            search.attempt(&["expose", component, "nodePort"], json!(port));
            // Where the NetworkPolicy was left as it is, it keeps others out.
            let closed = json!({"nodePort": port, "from": []});
            search.attempt(&["expose", component], closed);
        }
        let service = theirs["metadata"]["name"].as_str().unwrap_or_default();
        for (field, way) in ways_to(search, service) {
            search.attempt(&["expose", component, field], way);
        }
        if let Some(peers) = peers(search, component) {
            search.attempt(&["expose", component, "from"], peers);
        }
    }
}

/// Whom the NetworkPolicy lets in where ours lets in everybody.
fn peers(search: &Search<'_>, component: &str) -> Option<Value> {
    let (ours, theirs) = search.pair(component, &["NetworkPolicy"])?;
    let ways = ours["spec"]["ingress"].as_array()?;
    let open = ways.iter().position(|way| way["from"].is_null())?;
    let from = theirs["spec"]["ingress"][open]["from"].as_array()?;
    from.iter().map(peer).collect()
}

fn peer(given: &Value) -> Option<Value> {
    if let Some(cidr) = given["ipBlock"]["cidr"].as_str() {
        return Some(json!({"cidr": cidr}));
    }
    let mut peer = json!({});
    let namespace = &given["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"];
    if namespace.is_string() {
        peer["namespace"] = namespace.clone();
    }
    let pods = &given["podSelector"]["matchLabels"];
    if pods.is_object() {
        peer["pods"] = pods.clone();
    }
    (peer != json!({})).then_some(peer)
}

/// The Ingress and the route that lead to a Service.
fn ways_to(search: &Search<'_>, service: &str) -> Vec<(&'static str, Value)> {
    let objects = search.given.objects().map(|(_, object)| &object.value);
    let ways = objects.filter_map(|object| match object["kind"].as_str()? {
        "Ingress" => Some(("ingress", ingress_of(object, service)?)),
        "HTTPRoute" => Some(("route", route_of(object, service)?)),
        _ => None,
    });
    ways.collect()
}

/// An Ingress as a stack says it.
fn ingress_of(object: &Value, service: &str) -> Option<Value> {
    let spec = &object["spec"];
    let rule = &spec["rules"][0];
    if rule["http"]["paths"][0]["backend"]["service"]["name"] != service {
        return None;
    }
    let mut ingress = json!({"host": rule["host"].as_str()?});
    let fields = [
        ("class", &spec["ingressClassName"]),
        ("tlsSecret", &spec["tls"][0]["secretName"]),
        ("annotations", &object["metadata"]["annotations"]),
    ];
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_null()) {
        ingress[name] = value.clone();
    }
    Some(ingress)
}

/// A route of the Gateway API as a stack says it.
fn route_of(object: &Value, service: &str) -> Option<Value> {
    let spec = &object["spec"];
    if spec["rules"][0]["backendRefs"][0]["name"] != service {
        return None;
    }
    let parent = &spec["parentRefs"][0];
    let mut gateway = json!({"name": parent["name"]});
    for field in ["namespace", "sectionName"] {
        if !parent[field].is_null() {
            gateway[field] = parent[field].clone();
        }
    }
    let mut route = json!({"hosts": spec["hostnames"].as_array()?, "gateway": gateway});
    let annotations = &object["metadata"]["annotations"];
    if !annotations.is_null() {
        route["annotations"] = annotations.clone();
    }
    Some(route)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_an_interface_are_said_in_a_few_words() {
        let service = json!({"service": {"name": "grafana"}});
        let object = json!({"spec": {
            "ingressClassName": "nginx",
            "rules": [{"host": "g.example.com", "http": {"paths": [{"backend": service}]}}],
            "tls": [{"hosts": ["g.example.com"], "secretName": "g-tls"}],
        }});
        assert_eq!(
            ingress_of(&object, "grafana"),
            Some(json!({"host": "g.example.com", "class": "nginx", "tlsSecret": "g-tls"}))
        );
        assert_eq!(ingress_of(&object, "prometheus-k8s"), None);
        let object = json!({"spec": {
            "hostnames": ["g.example.com"],
            "parentRefs": [{"name": "public", "namespace": "gateways"}],
            "rules": [{"backendRefs": [{"name": "grafana", "port": 3000}]}],
        }});
        assert_eq!(
            route_of(&object, "grafana"),
            Some(json!({
                "hosts": ["g.example.com"],
                "gateway": {"name": "public", "namespace": "gateways"},
            }))
        );
    }
}
