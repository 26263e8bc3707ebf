//! The pods behind a Service, as port-forwards need them: which one is ready,
//! and which are still there.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::answer::Refusal;
use crate::pods;
use crate::server::Server;

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The namespace of the Service.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The Service's own number of the port.
    pub port: u16,
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "service {}/{}", self.namespace, self.name)
    }
}

/// A pod that can be connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    /// The number of the port on the pod.
    pub(crate) port: u16,
}

/// What is behind a Service at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Behind {
    /// The pods that are ready, in the order of their names.
    pub(crate) ready: Vec<Pod>,
    /// The identities of all pods that are there, also of those that end.
    pub(crate) present: BTreeSet<String>,
    /// Why none is ready.
    pub(crate) reason: String,
}

/// Looks once: a look that fails is repeated by whoever looks again anyway.
pub(crate) async fn behind(server: &Server, service: &Service) -> Result<Behind, Refusal> {
    let path = format!(
        "/api/v1/namespaces/{}/services/{}",
        service.namespace, service.name
    );
    let object = match look(server, &path).await {
        Err(refusal) if refusal.is_not_found() => {
            return Ok(Behind::nothing(format!(
                "there is no {service}; is the stack applied?"
            )));
        }
        object => object?,
    };
    let Some(target) = target(&object, service.port) else {
        return Ok(Behind::nothing(format!(
            "{service} has no port {}",
            service.port
        )));
    };
    let Some(selector) = selector(&object) else {
        return Ok(Behind::nothing(format!("{service} selects no pods")));
    };
    let path = format!(
        "/api/v1/namespaces/{}/pods?labelSelector={selector}",
        service.namespace
    );
    let list = look(server, &path).await?;
    let pods: Vec<&Value> = list["items"].as_array().into_iter().flatten().collect();
    Ok(of_pods(&pods, target, service))
}

async fn look(server: &Server, path: &str) -> Result<Value, Refusal> {
    let text = server.text(path).await?;
    serde_json::from_str(&text)
        .map_err(|error| Refusal::unreachable(format!("its answer is not JSON: {error}")))
}

impl Behind {
    fn nothing(reason: String) -> Self {
        Self {
            reason,
            ..Self::default()
        }
    }
}

/// Where a port of a Service leads: a number, or the name of a container's port.
fn target(service: &Value, port: u16) -> Option<&Value> {
    let ports = service["spec"]["ports"].as_array()?;
    let port = ports.iter().find(|candidate| candidate["port"] == port)?;
    match &port["targetPort"] {
        Value::Null => Some(&port["port"]),
        target => Some(target),
    }
}

/// The Service's selector, as a parameter of a URL.
fn selector(service: &Value) -> Option<String> {
    let labels = service["spec"]["selector"].as_object()?;
    let pair = |(name, value): (&String, &Value)| {
        Some(format!(
            "{}%3D{}",
            name.replace('/', "%2F"),
            value.as_str()?
        ))
    };
    let pairs: Vec<String> = labels.iter().filter_map(pair).collect();
    (!pairs.is_empty()).then(|| pairs.join("%2C"))
}

fn of_pods(pods: &[&Value], target: &Value, service: &Service) -> Behind {
    let mut behind = Behind::default();
    let mut waiting = Vec::new();
    for pod in pods {
        let text = |field: &str| {
            pod["metadata"][field]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        if pod["status"]["phase"] == "Succeeded" || pod["status"]["phase"] == "Failed" {
            continue;
        }
        behind.present.insert(text("uid"));
        let port = number(pod, target);
        if let (true, Some(port)) = (is_ready(pod), port) {
            behind.ready.push(Pod {
                namespace: service.namespace.clone(),
                name: text("name"),
                uid: text("uid"),
                port,
            });
        } else {
            waiting.push(why_not(pod, port));
        }
    }
    behind.ready.sort_by(|a, b| a.name.cmp(&b.name));
    waiting.sort();
    behind.reason = match waiting.first() {
        None => format!("no pod is behind {service}"),
        Some(first) if waiting.len() == 1 => first.clone(),
        Some(first) => format!("{first}; neither is any of {} others", waiting.len() - 1),
    };
    behind
}

/// Whether traffic may be sent to a pod: as for the endpoints of a Service.
fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    let ready = conditions
        .into_iter()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    ready && pod["metadata"]["deletionTimestamp"].is_null()
}

fn why_not(pod: &Value, port: Option<u16>) -> String {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        return format!("pod {name} ends");
    }
    if port.is_none() {
        return format!("pod {name} has not the port that the Service leads to");
    }
    match pods::words(pod) {
        Some(problem) => format!("pod {name} is not ready: {problem}"),
        None => format!("pod {name} is not ready yet"),
    }
}

/// The number of the target port on a pod.
fn number(pod: &Value, target: &Value) -> Option<u16> {
    let Some(name) = target.as_str() else {
        return u16::try_from(target.as_u64()?).ok();
    };
    let containers = pod["spec"]["containers"].as_array()?;
    let mut ports = containers
        .iter()
        .filter_map(|container| container["ports"].as_array())
        .flatten();
    let port = ports.find(|port| port["name"] == name)?;
    u16::try_from(port["containerPort"].as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(name: &str, ready: &str) -> Value {
        json!({
            "metadata": {"name": name, "uid": format!("uid-{name}")},
            "spec": {"containers": [{"ports": [{"name": "web", "containerPort": 9090}]}]},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        })
    }

    fn of(pods: &[Value], target: &Value) -> Behind {
        let service = Service {
            namespace: "monitoring".to_owned(),
            name: "prometheus-k8s".to_owned(),
            port: 9090,
        };
        of_pods(&pods.iter().collect::<Vec<_>>(), target, &service)
    }

    #[test]
    fn ready_pods_are_found_and_named_ports_resolved() {
        let behind = of(
            &[pod("b", "True"), pod("a", "True"), pod("c", "False")],
            &json!("web"),
        );
        let found: Vec<_> = behind
            .ready
            .iter()
            .map(|pod| (pod.name.as_str(), pod.port))
            .collect();
        assert_eq!(found, [("a", 9090), ("b", 9090)]);
        assert_eq!(behind.present.len(), 3);
    }

    #[test]
    fn what_is_waited_for_is_said() {
        let mut ending = pod("a", "True");
        ending["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        let reason = |pods: &[Value], target: Value| of(pods, &target).reason;
        assert_eq!(reason(&[ending], json!("web")), "pod a ends");
        assert_eq!(
            reason(&[], json!("web")),
            "no pod is behind service monitoring/prometheus-k8s"
        );
        assert_eq!(
            reason(&[pod("a", "True"), pod("b", "False")], json!("https")),
            "pod a has not the port that the Service leads to; neither is any of 1 others"
        );
        assert_eq!(
            reason(&[pod("a", "False")], json!(9090)),
            "pod a is not ready yet"
        );
    }

    #[test]
    fn a_port_without_a_target_is_its_own() {
        let service = json!({"spec": {"ports": [{"port": 80}, {"port": 81, "targetPort": "web"}]}});
        assert_eq!(target(&service, 80), Some(&json!(80)));
        assert_eq!(target(&service, 81), Some(&json!("web")));
        assert_eq!(target(&service, 82), None);
    }
}
