//! The pods of a bundle: those of its workloads, and those that the operator
//! makes of Prometheus and Alertmanager objects.

use kpbuild_core::{Bundle, Object};
use serde_json::{Value, json};

use crate::selector::{Labels, labels};

/// Pods that are all alike.
#[derive(Debug)]
pub(crate) struct Pods<'a> {
    /// The object that they are made of.
    pub(crate) object: &'a Object,
    /// Their `spec` as far as the bundle says it; of a custom resource, its own
    /// `spec`, in which the fields of a pod have the same names.
    pub(crate) spec: &'a Value,
    /// Their labels, those of the operator among them.
    pub(crate) labels: Labels,
    /// The ports that their containers declare.
    pub(crate) ports: Vec<Port>,
    /// How many there are; none for one on each node.
    pub(crate) replicas: Option<u64>,
}

/// A port of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) number: u64,
    pub(crate) protocol: String,
}

impl<'a> Pods<'a> {
    /// Their namespace.
    pub(crate) fn namespace(&self) -> &'a str {
        &self.object.key().namespace
    }

    /// The account as which they run.
    pub(crate) fn account(&self) -> &'a str {
        self.spec["serviceAccountName"]
            .as_str()
            .unwrap_or("default")
    }

    /// Whether they have no network of their own, so that no policy is about it.
    pub(crate) fn on_host_network(&self) -> bool {
        self.spec["hostNetwork"] == true
    }

    /// The containers that the bundle spells, those that run first included.
    pub(crate) fn containers(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let spec = self.spec;
        ["initContainers", "containers"]
            .into_iter()
            .flat_map(move |field| spec[field].as_array().into_iter().flatten())
    }

    /// The port of a name.
    pub(crate) fn port(&self, name: &str) -> Option<&Port> {
        self.ports.iter().find(|port| port.name == name)
    }
}

/// All pods of a bundle.
pub(crate) fn of(bundle: &Bundle) -> Vec<Pods<'_>> {
    bundle.objects().iter().filter_map(pods).collect()
}

fn pods(object: &Object) -> Option<Pods<'_>> {
    let value = || object.value();
    match (object.key().group.as_str(), object.kind()) {
        ("apps", "Deployment" | "StatefulSet") => {
            let replicas = value()["spec"]["replicas"].as_u64().unwrap_or(1);
            Some(of_template(
                object,
                &value()["spec"]["template"],
                Some(replicas),
            ))
        }
        ("apps", "DaemonSet") => Some(of_template(object, &value()["spec"]["template"], None)),
        ("batch", "Job") => Some(of_template(object, &value()["spec"]["template"], Some(1))),
        ("monitoring.coreos.com", "Prometheus") => Some(of_prometheus(object)),
        ("monitoring.coreos.com", "PrometheusAgent") => Some(of_agent(object)),
        ("monitoring.coreos.com", "Alertmanager") => Some(of_alertmanager(object)),
        ("monitoring.coreos.com", "ThanosRuler") => Some(of_ruler(object)),
        _ => None,
    }
}

fn of_template<'a>(object: &'a Object, template: &'a Value, replicas: Option<u64>) -> Pods<'a> {
    Pods {
        object,
        spec: &template["spec"],
        labels: labels(&template["metadata"]["labels"]),
        ports: declared(&template["spec"]),
        replicas,
    }
}

/// What the operator adds is its own contract: names of ports and labels by
/// which its Services and users' policies find the pods.
fn of_prometheus(object: &Object) -> Pods<'_> {
    let spec = &object.value()["spec"];
    let mut ports = vec![
        tcp(spec["portName"].as_str().unwrap_or("web"), 9090),
        tcp("reloader-web", 8080),
    ];
    if spec["thanos"].is_object() {
        ports.extend([tcp("grpc", 10901), tcp("http", 10902)]);
    }
    of_operator(object, "prometheus", ports)
}

fn of_agent(object: &Object) -> Pods<'_> {
    let spec = &object.value()["spec"];
    let ports = vec![
        tcp(spec["portName"].as_str().unwrap_or("web"), 9090),
        tcp("reloader-web", 8080),
    ];
    let mut pods = of_operator(object, "prometheus-agent", ports);
    let name = object.key().name.clone();
    pods.labels
        .insert("operator.prometheus.io/name".into(), name);
    pods.labels
        .insert("operator.prometheus.io/mode".into(), "agent".into());
    pods
}

fn of_ruler(object: &Object) -> Pods<'_> {
    let spec = &object.value()["spec"];
    let ports = vec![
        tcp(spec["portName"].as_str().unwrap_or("web"), 10902),
        tcp("grpc", 10901),
        tcp("reloader-web", 8080),
    ];
    of_operator(object, "thanos-ruler", ports)
}

fn of_alertmanager(object: &Object) -> Pods<'_> {
    let spec = &object.value()["spec"];
    let gossip = |name: &str, protocol: &str| Port {
        name: name.to_owned(),
        number: 9094,
        protocol: protocol.to_owned(),
    };
    let ports = vec![
        tcp(spec["portName"].as_str().unwrap_or("web"), 9093),
        tcp("reloader-web", 8080),
        gossip("mesh-tcp", "TCP"),
        gossip("mesh-udp", "UDP"),
    ];
    of_operator(object, "alertmanager", ports)
}

fn of_operator<'a>(object: &'a Object, app: &str, mut ports: Vec<Port>) -> Pods<'a> {
    let spec = &object.value()["spec"];
    let name = object.key().name.as_str();
    let mut all = labels(&spec["podMetadata"]["labels"]);
    all.extend(labels(&json!({
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/managed-by": "prometheus-operator",
        "app.kubernetes.io/name": app,
        app: name,
    })));
    if app == "prometheus" {
        all.insert("operator.prometheus.io/name".into(), name.into());
    }
    ports.extend(declared(spec));
    Pods {
        object,
        spec,
        labels: all,
        ports,
        replicas: Some(spec["replicas"].as_u64().unwrap_or(1)),
    }
}

fn tcp(name: &str, number: u64) -> Port {
    Port {
        name: name.to_owned(),
        number,
        protocol: "TCP".to_owned(),
    }
}

fn declared(spec: &Value) -> Vec<Port> {
    let containers = spec["containers"].as_array().into_iter().flatten();
    let ports = containers.flat_map(|one| one["ports"].as_array().into_iter().flatten());
    ports
        .map(|port| Port {
            name: port["name"].as_str().unwrap_or_default().to_owned(),
            number: port["containerPort"].as_u64().unwrap_or_default(),
            protocol: port["protocol"].as_str().unwrap_or("TCP").to_owned(),
        })
        .collect()
}
