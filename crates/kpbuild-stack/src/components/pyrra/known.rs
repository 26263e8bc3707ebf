//! The objectives that come along, about the cluster's own parts: a table, and what
//! it means in a stack.

use serde_json::{Value, json};

use crate::components::Components;
use crate::context::Context;

/// An objective that comes along.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) of: Part,
    target: &'static str,
    pub(super) description: &'static str,
    measure: Measure,
}

/// What an objective that comes along says about itself.
pub fn description(name: &str) -> Option<&'static str> {
    Known::of_name(name).map(|known| known.description)
}

/// What an objective is about.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Apiserver,
    Coredns,
    Kubelet,
    Operator,
    Prometheus,
}

/// How an objective is measured. `among` are further labels of all that counts.
enum Measure {
    /// Errors among all: the two counters, and the labels of errors.
    Errors {
        errors: &'static str,
        total: &'static str,
        among: &'static str,
        failed: &'static str,
        grouping: &'static [&'static str],
    },
    /// Answers of a histogram that took no longer than this.
    Fast {
        histogram: &'static str,
        among: &'static str,
        seconds: f64,
    },
}

const READS: &str = "verb=~\"LIST|GET\"";
const FAILURES: &str = "code=~\"5..\"";
const REQUESTS: &str = "apiserver_request_total";
const DURATIONS: &str = "apiserver_request_duration_seconds";

/// Errors of a counter that says by a label which they are.
const fn failed(
    counter: &'static str,
    among: &'static str,
    failed: &'static str,
    grouping: &'static [&'static str],
) -> Measure {
    Measure::Errors {
        errors: counter,
        total: counter,
        among,
        failed,
        grouping,
    }
}

/// Errors that have a counter of their own.
const fn counted(
    errors: &'static str,
    total: &'static str,
    grouping: &'static [&'static str],
) -> Measure {
    Measure::Errors {
        errors,
        total,
        among: "",
        failed: "",
        grouping,
    }
}

const fn fast(among: &'static str, seconds: f64) -> Measure {
    Measure::Fast {
        histogram: DURATIONS,
        among,
        seconds,
    }
}

pub(super) static KNOWN: [Known; 14] = [
    Known {
        name: "apiserver-read-response-errors",
        of: Part::Apiserver,
        target: "99",
        description: "The API server answers what reads objects without an error of its own.",
        measure: failed(REQUESTS, READS, FAILURES, &[]),
    },
    Known {
        name: "apiserver-write-response-errors",
        of: Part::Apiserver,
        target: "99",
        description: "The API server answers what writes objects without an error of its own.",
        measure: failed(REQUESTS, "verb=~\"POST|PUT|PATCH|DELETE\"", FAILURES, &[]),
    },
    Known {
        name: "apiserver-read-resource-latency",
        of: Part::Apiserver,
        target: "99",
        description: "The API server gives single objects within 100 milliseconds.",
        measure: fast("scope=~\"resource|\",verb=~\"LIST|GET\"", 0.1),
    },
    Known {
        name: "apiserver-read-namespace-latency",
        of: Part::Apiserver,
        target: "99",
        description: "The API server lists the objects of a namespace within 5 seconds.",
        measure: fast("scope=~\"namespace|\",verb=~\"LIST|GET\"", 5.0),
    },
    Known {
        name: "apiserver-read-cluster-latency",
        of: Part::Apiserver,
        target: "99",
        description: "The API server lists the objects of the whole cluster within 5 seconds.",
        measure: fast("scope=~\"cluster|\",verb=~\"LIST|GET\"", 5.0),
    },
    Known {
        name: "kubelet-request-errors",
        of: Part::Kubelet,
        target: "99",
        description: "What kubelets ask the API server is answered without an error of the server.",
        measure: failed("rest_client_requests_total", "", FAILURES, &[]),
    },
    Known {
        name: "kubelet-runtime-errors",
        of: Part::Kubelet,
        target: "99",
        description: "What kubelets tell the container runtime to do is done.",
        measure: counted(
            "kubelet_runtime_operations_errors_total",
            "kubelet_runtime_operations_total",
            &[],
        ),
    },
    Known {
        name: "coredns-response-errors",
        of: Part::Coredns,
        target: "99.99",
        description: "CoreDNS answers questions about names instead of failing on them.",
        measure: failed("coredns_dns_responses_total", "", "rcode=\"SERVFAIL\"", &[]),
    },
    Known {
        name: "prometheus-operator-reconcile-errors",
        of: Part::Operator,
        target: "95",
        description: "The Prometheus operator makes of its custom resources what they say.",
        measure: counted(
            "prometheus_operator_reconcile_errors_total",
            "prometheus_operator_reconcile_operations_total",
            &["controller"],
        ),
    },
    Known {
        name: "prometheus-operator-http-errors",
        of: Part::Operator,
        target: "99.5",
        description: "What the Prometheus operator asks the API server is answered without an error of the server.",
        measure: failed(
            "prometheus_operator_kubernetes_client_http_requests_total",
            "",
            "status_code=~\"5..\"",
            &[],
        ),
    },
    Known {
        name: "prometheus-rule-evaluation-failures",
        of: Part::Prometheus,
        target: "99.99",
        description: "Prometheus evaluates its rules, without which there are no alerts.",
        measure: counted(
            "prometheus_rule_evaluation_failures_total",
            "prometheus_rule_evaluations_total",
            &[],
        ),
    },
    Known {
        name: "prometheus-sd-kubernetes-errors",
        of: Part::Prometheus,
        target: "99",
        description: "Prometheus learns from the API server which targets there are.",
        measure: failed(
            "prometheus_sd_kubernetes_http_request_total",
            "",
            "status_code=~\"5..|<error>\"",
            &[],
        ),
    },
    Known {
        name: "prometheus-query-errors",
        of: Part::Prometheus,
        target: "99",
        description: "Prometheus answers queries without an error of its own.",
        measure: failed(
            "prometheus_http_requests_total",
            "handler=~\"/api/v1/query.*\"",
            FAILURES,
            &["handler"],
        ),
    },
    Known {
        name: "prometheus-notification-errors",
        of: Part::Prometheus,
        target: "99",
        description: "Prometheus delivers alerts to Alertmanager.",
        measure: counted(
            "prometheus_notifications_errors_total",
            "prometheus_notifications_sent_total",
            &[],
        ),
    },
];

impl Known {
    pub(super) fn of_name(name: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.name == name)
    }

    pub(super) fn spec(&self, context: &Context<'_>) -> Value {
        json!({
            "description": self.description,
            "indicator": self.measure.indicator(&self.of.label(context), context),
            "target": self.target,
            "window": "2w",
        })
    }
}

impl Part {
    /// The label by which its series are known.
    fn label(self, context: &Context<'_>) -> String {
        match self {
            Self::Apiserver => "component=\"apiserver\"".to_owned(),
            Self::Coredns => "job=\"kube-dns\"".to_owned(),
            Self::Kubelet => "job=\"kubelet\"".to_owned(),
            Self::Operator => "job=\"prometheus-operator\"".to_owned(),
            Self::Prometheus => format!("job=\"{}\"", context.prometheus_full_name()),
        }
    }

    /// The field without which nothing measures it, if that is off.
    pub(super) fn missing(self, components: &Components) -> Option<&'static str> {
        let kubernetes = &components.kubernetes;
        let of_kubernetes = |is_on: bool, part| {
            if kubernetes.common.enabled {
                (!is_on).then_some(part)
            } else {
                Some("kubernetes")
            }
        };
        match self {
            Self::Apiserver => of_kubernetes(
                kubernetes.kube_apiserver.enabled,
                "kubernetes.kubeApiserver",
            ),
            Self::Coredns => of_kubernetes(kubernetes.coredns.part.enabled, "kubernetes.coredns"),
            Self::Kubelet => of_kubernetes(kubernetes.kubelet.part.enabled, "kubernetes.kubelet"),
            Self::Operator => {
                let is_on = components.prometheus_operator.common.enabled;
                (!is_on).then_some("prometheus-operator")
            }
            Self::Prometheus => (!components.prometheus.common.enabled).then_some("prometheus"),
        }
    }
}

impl Measure {
    fn indicator(&self, label: &str, context: &Context<'_>) -> Value {
        match self {
            Self::Errors {
                errors,
                total,
                among,
                failed,
                grouping,
            } => {
                let mut ratio = json!({
                    "errors": {"metric": selector(errors, &[label, among, failed])},
                    "total": {"metric": selector(total, &[label, among])},
                });
                if !grouping.is_empty() {
                    ratio["grouping"] = json!(grouping);
                }
                json!({"ratio": ratio})
            }
            Self::Fast {
                histogram,
                among,
                seconds,
            } => {
                let bucket = bucket(*seconds, context);
                let buckets = format!("{histogram}_bucket");
                let count = format!("{histogram}_count");
                json!({"latency": {
                    "success": {"metric": selector(&buckets, &[label, among, &bucket])},
                    "total": {"metric": selector(&count, &[label, among])},
                }})
            }
        }
    }
}

fn selector(metric: &str, labels: &[&str]) -> String {
    let labels = labels.iter().filter(|label| !label.is_empty());
    let labels: Vec<&str> = labels.copied().collect();
    format!("{metric}{{{}}}", labels.join(","))
}

/// The bucket of a histogram. Prometheus 3 keeps whole numbers with a point, which
/// they do not have before; Pyrra wants a single value.
fn bucket(seconds: f64, context: &Context<'_>) -> String {
    let version = context.file.components.prometheus.pods.version.as_ref();
    if version.is_some_and(|version| version.as_str().starts_with("2.")) {
        format!("le=\"{seconds}\"")
    } else {
        format!("le=\"{seconds:?}\"")
    }
}
