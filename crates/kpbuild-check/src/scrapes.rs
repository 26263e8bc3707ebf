//! What is scraped: the endpoints of ServiceMonitors and PodMonitors, each at
//! the Services and pods that it finds in the bundle.

use std::sync::Arc;

use kpbuild_core::{Bundle, Object};
use promql_parser::label::{MatchOp, Matcher, Matchers};
use regex::Regex;
use serde_json::Value;

use crate::facts::{items, strings};
use crate::metrics::{Component, Series, metrics};
use crate::pods::Pods;
use crate::promql::Names;
use crate::selector::{labels, selects};
use crate::services::Service;

/// One endpoint of a monitor at one Service, or at the pods of a PodMonitor.
#[derive(Debug)]
pub(crate) struct Scrape<'a> {
    /// The monitor.
    pub(crate) monitor: &'a Object,
    /// The endpoint as the monitor says it.
    pub(crate) endpoint: &'a Value,
    /// The pods by their index, with the number of the port if it is known.
    pub(crate) pods: Vec<(usize, Option<u64>)>,
    /// The `job` label of its series, if it can be known.
    pub(crate) job: Option<String>,
    /// What it scrapes, if the program has facts about it.
    pub(crate) component: Option<&'static Component>,
    /// How often, in milliseconds.
    pub(crate) interval: u64,
    /// What drops series by their name alone.
    by_name: Arc<[NameRule]>,
    /// The labels of the targets.
    target: Names,
}

/// A relabelling that keeps or drops series by their name.
#[derive(Debug, Clone)]
struct NameRule {
    keeps: bool,
    pattern: Regex,
}

/// What drops series at each endpoint of a monitor, compiled once however many
/// bundles have the monitor.
struct NameRules(Vec<Arc<[NameRule]>>);

impl NameRules {
    fn of(monitor: &Object) -> Arc<Self> {
        monitor.derived(|_| Self(endpoints(monitor).map(name_rules).collect()))
    }
}

fn name_rules(endpoint: &Value) -> Arc<[NameRule]> {
    items(&endpoint["metricRelabelings"])
        .filter(|one| strings(&one["sourceLabels"]).eq(["__name__"]))
        .filter_map(|one| {
            let keeps = match one["action"].as_str() {
                Some("drop" | "Drop") => false,
                Some("keep" | "Keep") => true,
                _ => return None,
            };
            let pattern = one["regex"].as_str().unwrap_or("(.*)");
            let pattern = Regex::new(&format!("^(?:{pattern})$")).ok()?;
            Some(NameRule { keeps, pattern })
        })
        .collect()
}

/// The namespaces in which a monitor looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Namespaces {
    /// All of the cluster.
    All,
    /// Those named.
    Only(Vec<String>),
}

impl Namespaces {
    /// Where a monitor looks.
    pub(crate) fn of(monitor: &Object) -> Self {
        let selector = &monitor.value()["spec"]["namespaceSelector"];
        let named: Vec<String> = strings(&selector["matchNames"])
            .map(str::to_owned)
            .collect();
        if selector["any"] == true {
            Self::All
        } else if named.is_empty() {
            Self::Only(vec![monitor.key().namespace.clone()])
        } else {
            Self::Only(named)
        }
    }

    /// Whether a namespace is one of them.
    pub(crate) fn contain(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|name| name == namespace),
        }
    }
}

/// The endpoints of a monitor.
pub(crate) fn endpoints(monitor: &Object) -> impl Iterator<Item = &Value> {
    let field = match monitor.kind() {
        "PodMonitor" => "podMetricsEndpoints",
        _ => "endpoints",
    };
    items(&monitor.value()["spec"][field])
}

/// All scrapes of a bundle.
pub(crate) fn of<'a>(
    bundle: &'a Bundle,
    services: &[Service<'a>],
    pods: &[Pods<'a>],
) -> Vec<Scrape<'a>> {
    let default = ["Prometheus", "PrometheusAgent"]
        .into_iter()
        .flat_map(|kind| bundle.of_kind(kind))
        .find_map(|object| duration(object.at(&["spec", "scrapeInterval"])?))
        .unwrap_or(OPERATOR_INTERVAL);
    let mut all = Vec::new();
    for monitor in bundle.of_kind("ServiceMonitor") {
        let selected: Vec<usize> = (0..services.len())
            .filter(|index| finds(monitor, &services[*index]))
            .collect();
        let by_name = NameRules::of(monitor);
        for (endpoint, by_name) in endpoints(monitor).zip(&by_name.0) {
            let place = |service| Scrape {
                by_name: Arc::clone(by_name),
                ..of_service(monitor, endpoint, service, services, pods, default)
            };
            if selected.is_empty() {
                all.push(place(None));
            }
            let with_port = |index: &&usize| has_port(endpoint, &services[**index], pods);
            let fitting: Vec<usize> = selected.iter().filter(with_port).copied().collect();
            // A port that none has is one finding. What was to be scraped there
            // stays known, or every rule about it would be another one.
            let meant = if fitting.is_empty() {
                &selected
            } else {
                &fitting
            };
            all.extend(meant.iter().map(|index| place(Some(*index))));
        }
    }
    for monitor in bundle.of_kind("PodMonitor") {
        let by_name = NameRules::of(monitor);
        let endpoints = endpoints(monitor).zip(&by_name.0);
        all.extend(endpoints.map(|(endpoint, by_name)| Scrape {
            by_name: Arc::clone(by_name),
            ..of_pods(monitor, endpoint, pods, default)
        }));
    }
    for scrape in &mut all {
        scrape.target = scrape.labels_of_target();
    }
    all
}

/// What the operator takes where a Prometheus object says no interval.
const OPERATOR_INTERVAL: u64 = 30_000;

fn duration(value: &Value) -> Option<u64> {
    kpbuild_stack::format::milliseconds(value.as_str()?)
}

/// Whether a ServiceMonitor selects a Service.
pub(crate) fn finds(monitor: &Object, service: &Service<'_>) -> bool {
    Namespaces::of(monitor).contain(&service.namespace)
        && selects(&monitor.value()["spec"]["selector"], &service.labels)
}

/// Whether a PodMonitor selects pods.
pub(crate) fn finds_pods(monitor: &Object, pods: &Pods<'_>) -> bool {
    Namespaces::of(monitor).contain(pods.namespace())
        && selects(&monitor.value()["spec"]["selector"], &pods.labels)
}

/// Whether an endpoint's port is one of a Service.
pub(crate) fn has_port(endpoint: &Value, service: &Service<'_>, pods: &[Pods<'_>]) -> bool {
    let of_pods = |wanted: &Value| {
        service
            .pods
            .iter()
            .any(|index| pod_port(wanted, &pods[*index]).is_some())
    };
    match (endpoint["port"].as_str(), &endpoint["targetPort"]) {
        (Some(name), _) => service.ports.iter().any(|port| port.name == name),
        (None, Value::Null) => true,
        (None, target) => service.pods.is_empty() || of_pods(target),
    }
}

/// The number of a pod's port that is named or numbered.
pub(crate) fn pod_port(wanted: &Value, pods: &Pods<'_>) -> Option<u64> {
    match wanted {
        Value::String(name) => pods.port(name).map(|port| port.number),
        number => pods
            .ports
            .iter()
            .map(|port| port.number)
            .find(|one| Some(*one) == number.as_u64()),
    }
}

fn of_service<'a>(
    monitor: &'a Object,
    endpoint: &'a Value,
    index: Option<usize>,
    services: &[Service<'a>],
    pods: &[Pods<'a>],
    default: u64,
) -> Scrape<'a> {
    let service = index.map(|index| &services[index]);
    let spec = &monitor.value()["spec"];
    let wanted = labels(&spec["selector"]["matchLabels"]);
    let job = match (spec["jobLabel"].as_str(), service) {
        (Some(label), Some(service)) => {
            Some(service.labels.get(label).unwrap_or(&service.name).clone())
        }
        (None, Some(service)) => Some(service.name.clone()),
        (Some(label), None) => wanted.get(label).cloned(),
        (None, None) => None,
    };
    let job = relabelled_job(endpoint).or(job);
    let targets = service.into_iter().flat_map(|service| service.pods.iter());
    let targets = targets.map(|index| {
        let of_service = || {
            service?
                .ports
                .iter()
                .find(|port| Some(port.name.as_str()) == endpoint["port"].as_str())?
                .on(&pods[*index])
        };
        (
            *index,
            of_service().or_else(|| pod_port(&endpoint["targetPort"], &pods[*index])),
        )
    });
    let targets: Vec<_> = targets.collect();
    let mut names: Vec<&str> = job.as_deref().into_iter().collect();
    names.extend(
        targets
            .iter()
            .filter_map(|(index, _)| pods[*index].labels.get(APP).map(String::as_str)),
    );
    names.extend(service.and_then(|service| service.labels.get(APP).map(String::as_str)));
    names.extend(wanted.values().map(String::as_str));
    names.push(&monitor.key().name);
    let component = component(endpoint, &names);
    Scrape {
        monitor,
        endpoint,
        component,
        interval: duration(&endpoint["interval"]).unwrap_or(default),
        pods: targets,
        job,
        by_name: Arc::default(),
        target: Names::Any,
    }
}

fn of_pods<'a>(
    monitor: &'a Object,
    endpoint: &'a Value,
    pods: &[Pods<'a>],
    default: u64,
) -> Scrape<'a> {
    let targets: Vec<_> = (0..pods.len())
        .filter(|index| finds_pods(monitor, &pods[*index]))
        .map(|index| {
            let wanted = if endpoint["port"].is_string() {
                &endpoint["port"]
            } else {
                &endpoint["portNumber"]
            };
            (index, pod_port(wanted, &pods[index]))
        })
        .collect();
    let spec = &monitor.value()["spec"];
    let wanted = labels(&spec["selector"]["matchLabels"]);
    let job = match spec["jobLabel"].as_str() {
        None => Some(format!(
            "{}/{}",
            monitor.key().namespace,
            monitor.key().name
        )),
        Some(label) => match targets.first() {
            Some((index, _)) => pods[*index].labels.get(label).cloned(),
            None => wanted.get(label).cloned(),
        },
    };
    let job = relabelled_job(endpoint).or(job);
    let mut names: Vec<&str> = job.as_deref().into_iter().collect();
    names.extend(
        targets
            .iter()
            .filter_map(|(index, _)| pods[*index].labels.get(APP).map(String::as_str)),
    );
    names.extend(wanted.values().map(String::as_str));
    names.push(&monitor.key().name);
    Scrape {
        monitor,
        endpoint,
        component: component(endpoint, &names),
        interval: duration(&endpoint["interval"]).unwrap_or(default),
        pods: targets,
        job,
        by_name: Arc::default(),
        target: Names::Any,
    }
}

const APP: &str = "app.kubernetes.io/name";

/// What runs behind an endpoint: beside Prometheus and Alertmanager, config
/// reloaders run in the same pods.
fn component(endpoint: &Value, names: &[&str]) -> Option<&'static Component> {
    if endpoint["port"] == "reloader-web" {
        return metrics().component("prometheus-config-reloader");
    }
    names.iter().find_map(|name| metrics().component(name))
}

/// The job that a relabelling sets, whatever the target.
fn relabelled_job(endpoint: &Value) -> Option<String> {
    let sets_job = |one: &&Value| one["targetLabel"] == "job" && one["sourceLabels"].is_null();
    items(&endpoint["relabelings"]).filter(sets_job).last()?["replacement"]
        .as_str()
        .map(str::to_owned)
}

impl Scrape<'_> {
    /// The path that is scraped.
    pub(crate) fn path(&self) -> &str {
        self.endpoint["path"].as_str().unwrap_or("/metrics")
    }

    /// The series of a name, if it is exposed here.
    pub(crate) fn series(&self, name: &str) -> Option<Series> {
        let port = self.endpoint["port"].as_str().unwrap_or_default();
        self.component?.series(name, self.path(), port)
    }

    /// Whether a selector asks for its job, as far as that is known: where it is
    /// not, the component's names stand for it.
    pub(crate) fn has_job(&self, matchers: &Matchers) -> bool {
        let names = || self.component.into_iter().flat_map(Component::names);
        let mut asked = matchers.matchers.iter().filter(|one| one.name == "job");
        asked.all(|one| match &self.job {
            Some(job) => one.is_match(job),
            None => names().any(|name| one.is_match(name)),
        })
    }

    /// Whether a selector's matchers of job and path let its series through.
    pub(crate) fn fits(&self, matchers: &Matchers) -> bool {
        let job = |matcher: &Matcher| self.job.as_deref().is_none_or(|job| matcher.is_match(job));
        matchers
            .matchers
            .iter()
            .all(|matcher| match matcher.name.as_str() {
                "job" => job(matcher),
                "metrics_path" if matches!(matcher.op, MatchOp::Equal) => {
                    matcher.is_match(self.path())
                }
                _ => true,
            })
    }

    /// Whether the monitor drops a series of a name, whatever its other labels.
    pub(crate) fn drops(&self, name: &str) -> bool {
        self.by_name
            .iter()
            .any(|rule| rule.pattern.is_match(name) != rule.keeps)
    }

    /// The labels that Prometheus adds to every series of the targets.
    pub(crate) fn target_labels(&self) -> Names {
        self.target.clone()
    }

    fn labels_of_target(&self) -> Names {
        let known: &[&str] = match (self.monitor.kind(), self.pods.is_empty()) {
            ("PodMonitor", _) => &[
                "job",
                "namespace",
                "pod",
                "container",
                "endpoint",
                "instance",
            ],
            (_, true) => &[
                "job",
                "namespace",
                "service",
                "pod",
                "container",
                "endpoint",
                "instance",
                "node",
            ],
            (_, false) => &[
                "job",
                "namespace",
                "service",
                "pod",
                "container",
                "endpoint",
                "instance",
            ],
        };
        let spec = &self.monitor.value()["spec"];
        let copied = strings(&spec["targetLabels"]).chain(strings(&spec["podTargetLabels"]));
        let sanitised =
            copied.map(|label| label.replace(|c: char| !c.is_ascii_alphanumeric(), "_"));
        let mut names = Names::only(known.iter().map(|name| (*name).to_owned()).chain(sanitised));
        for one in items(&self.endpoint["relabelings"]) {
            names = relabelled(names, one);
        }
        names
    }

    /// The labels that a series may have once it is stored.
    pub(crate) fn labels(&self, series: &Series) -> Names {
        let target = self.target_labels();
        let mut own = series.labels();
        if let (Names::Only(own), Names::Only(target)) = (&mut own, &target)
            && self.endpoint["honorLabels"] != true
        {
            let renamed: Vec<String> = own
                .intersection(target)
                .map(|name| format!("exported_{name}"))
                .collect();
            own.extend(renamed);
        }
        let mut names = own.or(target);
        for one in items(&self.endpoint["metricRelabelings"]) {
            names = relabelled(names, one);
        }
        names
    }
}

fn relabelled(names: Names, relabelling: &Value) -> Names {
    let pattern = || {
        Regex::new(&format!(
            "^(?:{})$",
            relabelling["regex"].as_str().unwrap_or("(.*)")
        ))
    };
    match (names, relabelling["action"].as_str().unwrap_or("replace")) {
        (Names::Any, _) | (_, "labelmap" | "LabelMap" | "labelMap") => Names::Any,
        (Names::Only(mut names), "labeldrop" | "LabelDrop" | "labelDrop") => {
            if let Ok(pattern) = pattern() {
                names.retain(|name| !pattern.is_match(name));
            }
            Names::Only(names)
        }
        (Names::Only(mut names), "labelkeep" | "LabelKeep" | "labelKeep") => {
            if let Ok(pattern) = pattern() {
                names.retain(|name| pattern.is_match(name));
            }
            Names::Only(names)
        }
        (Names::Only(mut names), _) => {
            names.extend(relabelling["targetLabel"].as_str().map(str::to_owned));
            Names::Only(names)
        }
    }
}
