//! The Services that a bundle can count on: its own, those that the operator
//! makes, and the one of the Kubernetes API.

use kpbuild_core::{Bundle, Object};
use serde_json::{Value, json};

use crate::pods::Pods;
use crate::selector::{Labels, labels, selects_labels};

/// A Service and the pods behind it.
#[derive(Debug)]
pub(crate) struct Service<'a> {
    /// The object that it is, or that the operator makes it of.
    pub(crate) object: Option<&'a Object>,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) labels: Labels,
    pub(crate) ports: Vec<ServicePort>,
    /// The pods, by their index; none if they are not of this bundle.
    pub(crate) pods: Vec<usize>,
}

/// A port of a Service.
#[derive(Debug)]
pub(crate) struct ServicePort {
    pub(crate) name: String,
    pub(crate) number: u64,
    pub(crate) protocol: String,
    pub(crate) target: Target,
}

/// Where a port of a Service leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The port of this name of each pod.
    Name(String),
    /// This port of each pod.
    Number(u64),
}

impl ServicePort {
    /// The number of the port on a pod.
    pub(crate) fn on(&self, pods: &Pods<'_>) -> Option<u64> {
        match &self.target {
            Target::Name(name) => pods.port(name).map(|port| port.number),
            Target::Number(number) => Some(*number),
        }
    }
}

/// All Services of a bundle.
pub(crate) fn of<'a>(bundle: &'a Bundle, pods: &[Pods<'a>]) -> Vec<Service<'a>> {
    let own = bundle.of_kind("Service").map(|object| own(object, pods));
    let operated = pods.iter().enumerate().filter_map(operated);
    let kubelet = pods.iter().filter_map(kubelet);
    let mut all: Vec<Service<'a>> = own.chain(operated).chain(kubelet).collect();
    all.push(kubernetes());
    all
}

fn own<'a>(object: &'a Object, pods: &[Pods<'a>]) -> Service<'a> {
    let value = object.value();
    let selector = &value["spec"]["selector"];
    let selected = |one: &Pods<'_>| {
        selector.is_object()
            && one.namespace() == object.key().namespace
            && selects_labels(selector, &one.labels)
    };
    Service {
        object: Some(object),
        name: object.key().name.clone(),
        namespace: object.key().namespace.clone(),
        labels: labels(&value["metadata"]["labels"]),
        ports: value["spec"]["ports"]
            .as_array()
            .into_iter()
            .flatten()
            .map(port)
            .collect(),
        pods: (0..pods.len())
            .filter(|index| selected(&pods[*index]))
            .collect(),
    }
}

fn port(value: &Value) -> ServicePort {
    let number = value["port"].as_u64().unwrap_or_default();
    ServicePort {
        name: value["name"].as_str().unwrap_or_default().to_owned(),
        number,
        protocol: value["protocol"].as_str().unwrap_or("TCP").to_owned(),
        target: match &value["targetPort"] {
            Value::String(name) => Target::Name(name.clone()),
            other => Target::Number(other.as_u64().unwrap_or(number)),
        },
    }
}

/// The Service that the operator makes for all Prometheus or Alertmanager
/// objects of a namespace.
fn operated<'a>((index, pods): (usize, &Pods<'a>)) -> Option<Service<'a>> {
    let app = match pods.object.kind() {
        "Prometheus" => "prometheus",
        "PrometheusAgent" => "prometheus-agent",
        "Alertmanager" => "alertmanager",
        "ThanosRuler" => "thanos-ruler",
        _ => return None,
    };
    let ports = pods.ports.iter().map(|one| ServicePort {
        name: one.name.clone(),
        number: one.number,
        protocol: one.protocol.clone(),
        target: Target::Number(one.number),
    });
    let label = format!("operated-{app}");
    Some(Service {
        object: Some(pods.object),
        name: format!("{app}-operated"),
        namespace: pods.namespace().to_owned(),
        labels: labels(&json!({label: "true", "managed-by": "prometheus-operator"})),
        ports: ports.collect(),
        pods: vec![index],
    })
}

/// The Service of all kubelets, which the operator keeps when it is told to.
fn kubelet<'a>(operator: &Pods<'a>) -> Option<Service<'a>> {
    let place = operator.containers().find_map(|one| {
        let mut args = one["args"].as_array()?.iter().filter_map(Value::as_str);
        args.find_map(|arg| arg.strip_prefix("--kubelet-service="))
    })?;
    let (namespace, name) = place.split_once('/')?;
    let ports = [
        ("https-metrics", 10250),
        ("http-metrics", 10255),
        ("cadvisor", 4194),
    ];
    Some(outside(
        namespace,
        name,
        &json!({"k8s-app": "kubelet", "app.kubernetes.io/name": "kubelet", "app.kubernetes.io/managed-by": "prometheus-operator"}),
        &ports,
    ))
}

/// The Service of the Kubernetes API, which every cluster has.
fn kubernetes<'a>() -> Service<'a> {
    let labels = json!({"component": "apiserver", "provider": "kubernetes"});
    outside("default", "kubernetes", &labels, &[("https", 443)])
}

fn outside<'a>(namespace: &str, name: &str, of: &Value, ports: &[(&str, u64)]) -> Service<'a> {
    Service {
        object: None,
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        labels: labels(of),
        ports: ports
            .iter()
            .map(|(name, number)| ServicePort {
                name: (*name).to_owned(),
                number: *number,
                protocol: "TCP".to_owned(),
                target: Target::Number(*number),
            })
            .collect(),
        pods: Vec::new(),
    }
}
