//! Which metrics the components of a stack expose: facts that were read from
//! their source, carried in `data/metrics.txt` (see `data/generate.py`).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::promql::Names;

/// The facts.
pub(crate) fn metrics() -> &'static Metrics {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    METRICS.get_or_init(|| read(include_str!("../data/metrics.txt")))
}

/// All components with their families.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    sets: BTreeMap<&'static str, Families>,
    components: Vec<Component>,
}

type Families = BTreeMap<&'static str, Vec<Family>>;

/// A program that exposes metrics.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) name: &'static str,
    aliases: Vec<&'static str>,
    sets: Vec<&'static str>,
    families: Families,
}

/// A family of metrics.
#[derive(Debug, Clone)]
pub(crate) struct Family {
    kind: Kind,
    labels: Vec<&'static str>,
    endpoint: Option<&'static str>,
    /// Why it is not always there: `config`, `dropped`, ...
    pub(crate) condition: Option<&'static str>,
}

/// What a family is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
    Untyped,
}

/// One of the names of a family.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    family: &'static Family,
    /// What the values of this name are.
    pub(crate) kind: Kind,
    extra: Option<&'static str>,
}

impl Series {
    /// Its own labels.
    pub(crate) fn labels(&self) -> Names {
        if self.family.labels.iter().any(|label| label.ends_with('*')) {
            return Names::Any;
        }
        let own = self.family.labels.iter().chain(&self.extra);
        Names::only(own.map(|label| (*label).to_owned()))
    }
}

impl Component {
    /// All names under which it is found.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The names of the families that it exposes at a path, its own and those that
    /// programs of its kind share.
    pub(crate) fn family_names(&'static self, path: &str) -> impl Iterator<Item = &'static str> {
        let shared = self.sets.iter().filter_map(|set| metrics().sets.get(set));
        std::iter::once(&self.families)
            .chain(shared)
            .flat_map(move |families| {
                let fitting = families
                    .iter()
                    .filter(|(_, all)| all.iter().any(|family| family.is_at(path, "")));
                fitting.map(|(name, _)| *name).collect::<Vec<_>>()
            })
    }

    /// A series that it exposes at a path of a port.
    pub(crate) fn series(&'static self, name: &str, path: &str, port: &str) -> Option<Series> {
        let metrics = metrics();
        let own = std::iter::once(&self.families);
        let shared = self.sets.iter().filter_map(|set| metrics.sets.get(set));
        own.chain(shared)
            .find_map(|families| series_of(families, name, |family| family.is_at(path, port)))
    }
}

impl Family {
    fn is_at(&self, path: &str, port: &str) -> bool {
        match self.endpoint {
            Some(endpoint) if endpoint.starts_with('/') => endpoint == path,
            Some(endpoint) => endpoint == port,
            None => !path.starts_with("/metrics/") && port != TELEMETRY,
        }
    }
}

/// The port on which kube-state-metrics speaks of itself.
const TELEMETRY: &str = "https-self";

impl Metrics {
    /// The component of a name.
    pub(crate) fn component(&'static self, name: &str) -> Option<&'static Component> {
        self.components
            .iter()
            .find(|component| component.names().any(|one| one == name))
    }

    /// Whether Prometheus itself writes a series.
    pub(crate) fn synthetic(&'static self, name: &str) -> bool {
        self.component(SYNTHETIC)
            .is_some_and(|component| component.families.contains_key(name))
    }

    /// The components that expose a name anywhere.
    pub(crate) fn exposing<'n>(
        &'static self,
        name: &'n str,
    ) -> impl Iterator<Item = &'static Component> + use<'n> {
        let components = self.components.iter();
        components.filter(move |component| series_of(&component.families, name, |_| true).is_some())
    }

    /// All names of families.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        let families = self
            .components
            .iter()
            .map(|component| &component.families)
            .chain(self.sets.values());
        families.flat_map(|families| families.keys().copied())
    }

    /// Whether any family has a label.
    pub(crate) fn has_label(&self, label: &str) -> bool {
        let families = self
            .components
            .iter()
            .flat_map(|component| component.families.values().flatten());
        families
            .flat_map(|family| &family.labels)
            .any(|one| *one == label)
    }
}

const SYNTHETIC: &str = "prometheus-synthetic";

/// What the values of a series are, and the label that it has besides those of
/// its family.
type Values = (Kind, Option<&'static str>);

fn series_of(
    families: &'static Families,
    name: &str,
    fits: impl Fn(&Family) -> bool,
) -> Option<Series> {
    let find = |name: &str, wanted: fn(Kind) -> Option<Values>| {
        let mut families = families.get(name)?.iter().filter(|family| fits(family));
        families.find_map(|family| {
            let (kind, extra) = wanted(family.kind)?;
            Some(Series {
                family,
                kind,
                extra,
            })
        })
    };
    let whole = |kind| match kind {
        Kind::Histogram => None,
        Kind::Summary => Some((Kind::Gauge, Some("quantile"))),
        kind => Some((kind, None)),
    };
    let parts =
        |kind| matches!(kind, Kind::Histogram | Kind::Summary).then_some((Kind::Counter, None));
    let buckets = |kind| (kind == Kind::Histogram).then_some((Kind::Counter, Some("le")));
    find(name, whole)
        .or_else(|| find(name.strip_suffix("_bucket")?, buckets))
        .or_else(|| {
            find(
                name.strip_suffix("_count").or(name.strip_suffix("_sum"))?,
                parts,
            )
        })
}

fn read(text: &'static str) -> Metrics {
    let mut metrics = Metrics::default();
    let mut set = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("set ") {
            set = Some(name);
        } else if let Some(header) = line.strip_prefix("component ") {
            set = None;
            metrics.components.push(component(header));
        } else if !line.starts_with("source ") {
            let (name, family) = family(line);
            let families = match set {
                Some(set) => metrics.sets.entry(set).or_default(),
                None => {
                    &mut metrics
                        .components
                        .last_mut()
                        .expect("a component comes before its families")
                        .families
                }
            };
            families.entry(name).or_default().push(family);
        }
    }
    metrics
}

fn component(header: &'static str) -> Component {
    let parts: Vec<&str> = header.split('|').collect();
    let list = |text: &'static str| text.split(',').filter(|one| !one.is_empty()).collect();
    Component {
        name: parts[0],
        aliases: list(parts[2]),
        sets: list(parts[3]),
        families: Families::new(),
    }
}

fn family(line: &'static str) -> (&'static str, Family) {
    let mut words = line.split(' ');
    let kind = match words.next() {
        Some("c") => Kind::Counter,
        Some("g") => Kind::Gauge,
        Some("h") => Kind::Histogram,
        Some("s") => Kind::Summary,
        _ => Kind::Untyped,
    };
    let name = words.next().expect("every family has a name");
    let mut family = Family {
        kind,
        labels: Vec::new(),
        endpoint: None,
        condition: None,
    };
    for word in words {
        match word.split_at(1) {
            ("@", endpoint) => family.endpoint = Some(endpoint),
            ("!", condition) => family.condition = Some(condition),
            _ => family.labels = word.split(',').collect(),
        }
    }
    (name, family)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(component: &str, name: &str, path: &str, port: &str) -> Option<Kind> {
        let component = metrics().component(component).expect("it is known");
        component.series(name, path, port).map(|series| series.kind)
    }

    #[test]
    fn series_are_found_where_they_are_exposed() {
        assert_eq!(
            series("node-exporter", "node_load1", "/metrics", "https"),
            Some(Kind::Gauge)
        );
        assert_eq!(
            series("apiserver", "apiserver_request_total", "/metrics", "https"),
            Some(Kind::Counter)
        );
        let bucket = "apiserver_request_duration_seconds_bucket";
        assert_eq!(
            series("kube-apiserver", bucket, "/metrics", "https"),
            Some(Kind::Counter)
        );
        assert_eq!(
            series(
                "kube-apiserver",
                "apiserver_request_duration_seconds",
                "/metrics",
                "https"
            ),
            None
        );
        let cadvisor = "container_cpu_usage_seconds_total";
        assert_eq!(
            series("kubelet", cadvisor, "/metrics/cadvisor", ""),
            Some(Kind::Counter)
        );
        assert_eq!(series("kubelet", cadvisor, "/metrics", ""), None);
        assert_eq!(
            series("grafana", "go_gc_duration_seconds", "/metrics", ""),
            Some(Kind::Gauge)
        );
    }

    #[test]
    fn labels_that_are_not_fixed_are_any() {
        let component = metrics()
            .component("kube-state-metrics")
            .expect("it is known");
        let labels = |name| {
            component
                .series(name, "/metrics", "https-main")
                .expect("it is exposed")
                .labels()
        };
        assert_eq!(labels("kube_pod_labels"), Names::Any);
        assert!(labels("kube_pod_info").may_have("host_ip"));
        assert!(!labels("kube_pod_info").may_have("hostip"));
    }
}
