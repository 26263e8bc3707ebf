//! Everything that a status is judged by: what the stack says, and what the
//! cluster and the programs in it answer.

use std::time::Duration;

use kpbuild_cluster::{Ask, Cluster, ClusterError, Look, PlanOptions, Reply, Service, StackId};
use kpbuild_core::{Bundle, ObjectKey, yaml};
use serde_json::Value;

use crate::prometheus_api as api;
use crate::reach::{Interface, Place, is_agent, place};

/// What the stack says there shall be.
pub(crate) struct Expected<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) id: StackId,
}

/// What was answered.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) looks: Vec<Look>,
    /// By replica; nothing when the stack has none.
    pub(crate) prometheus: Option<Result<Vec<Replica>, String>>,
    pub(crate) alertmanager: Option<Result<Vec<Replica>, String>>,
    pub(crate) grafana: Option<Result<Vec<Replica>, String>>,
    /// Data sources inside of the cluster: name, URL, and why nobody answers.
    pub(crate) data_sources: Vec<(String, String, Option<String>)>,
    pub(crate) drift: Option<usize>,
}

/// What one pod answers to the questions of its kind, in their order.
pub(crate) struct Replica {
    pub(crate) pod: String,
    pub(crate) answers: Result<Vec<Value>, String>,
}

/// The questions to Prometheus; their answers have this order. An agent is
/// asked the first one only.
pub(crate) const TARGETS: usize = 0;
pub(crate) const RULES: usize = 1;
pub(crate) const ALERTMANAGERS: usize = 2;
pub(crate) const HEAD: usize = 3;
pub(crate) const RUNTIME: usize = 4;
pub(crate) const BLOCKS: usize = 5;
pub(crate) const FAILED: usize = 6;

/// Those to Alertmanager.
pub(crate) const MEMBERS: usize = 0;
pub(crate) const SILENCED: usize = 1;

/// How long a program may take for all its answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// The kinds whose readiness is shown.
const WORKLOADS: [&str; 7] = [
    "Deployment",
    "DaemonSet",
    "StatefulSet",
    "Prometheus",
    "PrometheusAgent",
    "Alertmanager",
    "ThanosRuler",
];

pub(crate) fn ask(
    expected: &Expected<'_>,
    cluster: &Cluster,
    concurrency: usize,
) -> Result<Asked, ClusterError> {
    let bundle = expected.bundle;
    let workloads: Vec<ObjectKey> = bundle
        .objects()
        .iter()
        .map(kpbuild_core::Object::key)
        .filter(|key| WORKLOADS.contains(&key.kind.as_str()))
        .cloned()
        .collect();
    let replicas = |interface: Interface, asks: fn(&str, &StackId) -> Vec<Ask>| {
        let place = place(bundle, interface)?;
        Some(of_replicas(
            cluster,
            &place,
            &asks(&place.prefix, &expected.id),
        ))
    };
    Ok(Asked {
        looks: cluster.look(&workloads, concurrency)?,
        prometheus: replicas(
            Interface::Prometheus,
            if is_agent(bundle) {
                of_agent
            } else {
                of_prometheus
            },
        ),
        alertmanager: replicas(Interface::Alertmanager, |prefix, _| {
            vec![
                Ask::get(format!("{prefix}/api/v2/status")),
                Ask::get(format!(
                    "{prefix}/api/v2/alerts?active=false&silenced=true&inhibited=false"
                )),
            ]
        }),
        grafana: replicas(Interface::Grafana, |_, _| vec![Ask::get("/api/health")]),
        data_sources: data_sources(bundle, cluster),
        drift: drift(expected, cluster, concurrency),
    })
}

fn of_prometheus(prefix: &str, id: &StackId) -> Vec<Ask> {
    let failed = format!(
        "sum(increase(alertmanager_notifications_failed_total{{namespace=\"{}\"}}[1h]))",
        id.namespace
    );
    let blocks = format!(
        "max(prometheus_tsdb_storage_blocks_bytes{{namespace=\"{}\"}})",
        id.namespace
    );
    let get = |path: &str| Ask::get(format!("{prefix}/api/v1/{path}"));
    vec![
        get("targets?state=active"),
        get("rules"),
        get("alertmanagers"),
        get("status/tsdb?limit=1"),
        get("status/runtimeinfo"),
        api::instant(prefix, &blocks, None),
        api::instant(prefix, &failed, None),
    ]
}

/// An agent refuses all questions about data and rules.
fn of_agent(prefix: &str, _: &StackId) -> Vec<Ask> {
    vec![Ask::get(format!("{prefix}/api/v1/targets?state=active"))]
}

fn of_replicas(cluster: &Cluster, place: &Place, asks: &[Ask]) -> Result<Vec<Replica>, String> {
    if place.scheme == "https" {
        return Err("it has a certificate of its own, and kpbuild asks by HTTP only".to_owned());
    }
    let replies = cluster.ask_every(&place.service, asks, PATIENCE);
    let replies = replies.map_err(|error| error.to_string())?;
    let replica = |(pod, replies): (String, Result<Vec<Reply>, _>)| Replica {
        pod,
        answers: match replies {
            Ok(replies) => replies.iter().map(value).collect(),
            Err(refusal) => Err(kpbuild_cluster::Refusal::to_string(&refusal)),
        },
    };
    Ok(replies.into_iter().map(replica).collect())
}

/// The JSON of an answer: the `data` of Prometheus' own form, else all of it.
fn value(reply: &Reply) -> Result<Value, String> {
    let value: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    if value["status"] == "success" || value["status"] == "error" {
        return match api::answer(reply) {
            Ok(answer) => Ok(answer.data),
            Err(error) => Err(error.to_string()),
        };
    }
    if reply.code != 200 {
        return Err(format!("it answers with code {}", reply.code));
    }
    Ok(value)
}

/// How many objects applying the stack would change; nothing if the user may
/// not find out.
fn drift(expected: &Expected<'_>, cluster: &Cluster, concurrency: usize) -> Option<usize> {
    let options = PlanOptions {
        concurrency,
        ..PlanOptions::default()
    };
    let planned = cluster.plan(&expected.id, expected.bundle, &options).ok()?;
    if planned.is_forbidden() {
        return None;
    }
    let unchanged = planned.plan.count(kpbuild_cluster::Action::Unchanged)
        + planned.plan.count(kpbuild_cluster::Action::Keep);
    Some(planned.plan.steps.len() - unchanged)
}

/// The data sources of Grafana that are Services of the cluster.
fn data_sources(bundle: &Bundle, cluster: &Cluster) -> Vec<(String, String, Option<String>)> {
    let texts = bundle
        .of_kind("Secret")
        .filter(|secret| secret.origin.component == "grafana")
        .filter_map(|secret| secret.at(&["stringData", "datasources.yaml"])?.as_str());
    let mut found = Vec::new();
    for text in texts {
        for (name, url) in named_urls(text) {
            let reason = service(&url).and_then(|service| {
                // Nothing is asked of it: it is enough that a pod is ready.
                cluster
                    .ask_every(&service, &[], PATIENCE)
                    .err()
                    .map(|error| error.to_string())
            });
            found.push((name, url, reason));
        }
    }
    found
}

/// Name and URL of each data source of Grafana's file.
fn named_urls(text: &str) -> Vec<(String, String)> {
    let file = yaml::read(text).unwrap_or_default();
    let sources = file["datasources"].as_array().into_iter().flatten();
    let named = |source: &Value| {
        Some((
            source["name"].as_str()?.to_owned(),
            source["url"].as_str()?.to_owned(),
        ))
    };
    sources.filter_map(named).collect()
}

/// The Service that a URL of the cluster leads to: `http://NAME.NAMESPACE.svc:PORT`.
fn service(url: &str) -> Option<Service> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (authority, if scheme == "https" { 443 } else { 80 }),
    };
    let mut parts = host.split('.');
    let (name, namespace, svc) = (parts.next()?, parts.next()?, parts.next()?);
    (svc == "svc").then(|| Service {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        port,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_sources_inside_of_the_cluster_are_found() {
        let text = "apiVersion: 1\ndatasources:\n- access: proxy\n  name: prometheus\n  url: \
                    http://prometheus-k8s.monitoring.svc:9090\n- jsonData:\n    url: no\n  name: \"loki\"\n  type: \
                    loki\n  url: https://loki.example.com\n";
        assert_eq!(
            named_urls(text),
            [
                (
                    "prometheus".to_owned(),
                    "http://prometheus-k8s.monitoring.svc:9090".to_owned()
                ),
                ("loki".to_owned(), "https://loki.example.com".to_owned()),
            ]
        );
        let found = service("http://prometheus-k8s.monitoring.svc:9090/").expect("it is a Service");
        assert_eq!(found.to_string(), "service monitoring/prometheus-k8s");
        assert_eq!(found.port, 9090);
        assert_eq!(service("https://loki.example.com"), None);
    }
}
