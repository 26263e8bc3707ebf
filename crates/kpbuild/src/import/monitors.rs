//! The monitors that components are scraped by.

use serde_json::{Value, json};

use super::Search;
use super::workloads::merge_patch;

/// A part of Kubernetes that has a monitor.
pub(super) struct Part {
    /// The name of the ServiceMonitor.
    pub(super) object: &'static str,
    /// The field of `components.kubernetes`.
    pub(super) field: &'static str,
}

/// The parts of Kubernetes.
pub(super) const PARTS: [Part; 5] = [
    Part {
        object: "coredns",
        field: "coredns",
    },
    Part {
        object: "kube-apiserver",
        field: "kubeApiserver",
    },
    Part {
        object: "kube-controller-manager",
        field: "kubeControllerManager",
    },
    Part {
        object: "kube-scheduler",
        field: "kubeScheduler",
    },
    Part {
        object: "kubelet",
        field: "kubelet",
    },
];

pub(super) fn each(search: &mut Search<'_>) {
    for component in search.components_with(&["ServiceMonitor"]) {
        let pair = search.pair(&component, &["ServiceMonitor"]);
        monitor(search, &["components", &component], pair);
    }
    kubelet_over_http(search);
    for part in PARTS {
        let mut pairs = search.pairs("kubernetes", &["ServiceMonitor"]);
        let pair = pairs.find(|(ours, _)| ours["metadata"]["name"] == part.object);
        let pair = pair.map(|(ours, theirs)| (ours.clone(), theirs.clone()));
        drop(pairs);
        port(search, &part, pair.as_ref());
        monitor(search, &["components", "kubernetes", part.field], pair);
    }
}

fn kubelet_over_http(search: &mut Search<'_>) {
    let is_http = search.given.objects().any(|(key, object)| {
        key.kind == "ServiceMonitor"
            && key.name == "kubelet"
            && object.value["spec"]["endpoints"][0]["scheme"] == "http"
    });
    if is_http {
        let path = ["components", "kubernetes", "kubelet", "https"];
        search.attempt(&path, json!(false));
    }
}

/// The port of a part of Kubernetes, by name or number.
fn port(search: &mut Search<'_>, part: &Part, pair: Option<&(Value, Value)>) {
    let Some((ours, theirs)) = pair else { return };
    let of = |monitor: &Value| {
        let endpoint = &monitor["spec"]["endpoints"][0];
        [&endpoint["port"], &endpoint["targetPort"]]
            .into_iter()
            .find(|port| !port.is_null())
            .cloned()
    };
    if let Some(theirs) = of(theirs).filter(|theirs| of(ours).as_ref() != Some(theirs)) {
        search.attempt(&["components", "kubernetes", part.field, "port"], theirs);
    }
}

/// The interval, and whatever else of its `spec`.
fn monitor(search: &mut Search<'_>, place: &[&str], pair: Option<(Value, Value)>) {
    let Some((ours, theirs)) = pair else { return };
    let path = |field: &'static str| {
        let below = ["serviceMonitor", field];
        place.iter().copied().chain(below).collect::<Vec<&str>>()
    };
    let interval = |monitor: &Value| monitor["spec"]["endpoints"][0]["interval"].clone();
    if interval(&ours) != interval(&theirs) && interval(&theirs).is_string() {
        search.attempt(&path("interval"), interval(&theirs));
    }
    if ours["spec"] != theirs["spec"] {
        // Endpoints are a list, which only a patch says in few words.
        let mut spec = merge_patch(&ours["spec"], &theirs["spec"]);
        if let Some(fields) = spec.as_object_mut() {
            fields.remove("endpoints");
        }
        if spec != json!({}) {
            search.attempt(&path("spec"), spec);
        }
    }
}
