//! What the answers mean: figures for the screen, and what is wrong.

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_cluster::{Look, Readiness};
use kpbuild_core::Bundle;
use serde_json::Value;

use super::asked::{
    ALERTMANAGERS, Asked, BLOCKS, Expected, FAILED, HEAD, MEMBERS, RULES, RUNTIME, Replica,
    SILENCED, TARGETS,
};
use super::{
    Alertmanager, Alerts, Component, DataSource, Down, Failing, Rules, Status, Storage, Targets,
};
use crate::prometheus_api as api;
use crate::reach::is_agent;

/// Judges answers. Drift is told and no problem: what is installed can be healthy
/// and the stack file ahead of it; `diff` has an exit code for that.
pub(crate) fn judge(expected: &Expected<'_>, asked: &Asked) -> Status {
    let mut status = Status {
        stack: expected.id.name.clone(),
        namespace: expected.id.namespace.clone(),
        components: asked.looks.iter().map(component).collect(),
        drift: asked.drift,
        ..Status::default()
    };
    let unready = status.components.iter().filter_map(|component| {
        let reason = component.reason.as_ref()?;
        Some(format!("{}: {reason}", component.object))
    });
    status.problems = unready.collect();
    prometheus(expected.bundle, asked, &mut status);
    alertmanager(expected.bundle, asked, &mut status);
    if let Some(Err(reason)) = &asked.grafana {
        status
            .problems
            .push(format!("Grafana cannot be asked: {reason}"));
    }
    for replica in replicas(asked.grafana.as_ref()) {
        if let Err(reason) = &replica.answers {
            status
                .problems
                .push(format!("Grafana ({}) is not well: {reason}", replica.pod));
        }
    }
    for (name, url, reason) in &asked.data_sources {
        if let Some(reason) = reason {
            status
                .problems
                .push(format!("Grafana's data source `{name}` ({url}): {reason}"));
        }
        status.data_sources.push(DataSource {
            name: name.clone(),
            url: url.clone(),
            reason: reason.clone(),
        });
    }
    status.healthy = status.problems.is_empty();
    status
}

fn component(look: &Look) -> Component {
    let label = &look.value["metadata"]["labels"]["app.kubernetes.io/version"];
    let reason = match &look.readiness {
        Readiness::Ready => None,
        Readiness::Waiting(reason) | Readiness::Failed(reason) => Some(reason.clone()),
    };
    Component {
        object: format!("{}/{}", look.object.kind, look.object.name),
        version: label.as_str().unwrap_or_default().to_owned(),
        ready: reason.is_none(),
        reason,
    }
}

fn replicas(asked: Option<&Result<Vec<Replica>, String>>) -> &[Replica] {
    match asked {
        Some(Ok(replicas)) => replicas,
        _ => &[],
    }
}

fn prometheus(bundle: &Bundle, asked: &Asked, status: &mut Status) {
    if let Some(Err(reason)) = &asked.prometheus {
        status
            .problems
            .push(format!("Prometheus cannot be asked: {reason}"));
    }
    let mut problems = BTreeSet::new();
    for replica in replicas(asked.prometheus.as_ref()) {
        let answers = match &replica.answers {
            Ok(answers) => answers,
            Err(reason) => {
                status.problems.push(format!(
                    "Prometheus ({}) does not answer: {reason}",
                    replica.pod
                ));
                continue;
            }
        };
        let targets = targets(bundle, &answers[TARGETS]);
        problems.extend(targets.problems());
        // Replicas scrape and evaluate the same: the figures are those of the first.
        let is_first = status.targets.is_none();
        if is_first {
            status.targets = Some(targets);
        }
        // An agent has told all that it can.
        if is_agent(bundle) {
            continue;
        }
        let rules = rules(bundle, &answers[RULES]);
        problems.extend(rules.problems());
        if is_first {
            status.rules = Some(rules);
            status.alerts = Some(alerts(&answers[RULES]));
            status.storage = Some(storage(answers));
        }
    }
    status.problems.extend(problems);
}

impl Targets {
    fn problems(&self) -> Vec<String> {
        let mut pools: BTreeMap<&str, Vec<&Down>> = BTreeMap::new();
        for down in &self.down {
            pools.entry(&down.pool).or_default().push(down);
        }
        let down = pools.iter().map(|(pool, downs)| {
            let count = match downs.len() {
                1 => "1 target is".to_owned(),
                count => format!("{count} targets are"),
            };
            format!("{pool}: {count} down, {}: {}", downs[0].url, downs[0].error)
        });
        let without = self
            .without
            .iter()
            .map(|monitor| format!("{monitor} finds no target"));
        down.chain(without).collect()
    }
}

impl Rules {
    fn problems(&self) -> Vec<String> {
        let failing = self.failing.iter().map(|failing| {
            format!(
                "rule {} cannot be evaluated: {}",
                failing.rule, failing.error
            )
        });
        let missing = self
            .missing
            .iter()
            .map(|group| format!("{group} is not loaded as the stack has it"));
        failing.chain(missing).collect()
    }
}

fn targets(bundle: &Bundle, data: &Value) -> Targets {
    let mut targets = Targets::default();
    let mut pools = BTreeSet::new();
    for target in array(&data["activeTargets"]) {
        targets.total += 1;
        let pool = text(&target["scrapePool"]);
        pools.insert(pool.to_owned());
        match target["health"].as_str() {
            Some("up") => targets.up += 1,
            // Not scraped yet is not down.
            Some("unknown") => {}
            _ => targets.down.push(Down {
                pool: pool.to_owned(),
                url: text(&target["scrapeUrl"]).to_owned(),
                error: text(&target["lastError"]).to_owned(),
            }),
        }
    }
    for (kind, prefix) in [
        ("ServiceMonitor", "serviceMonitor"),
        ("PodMonitor", "podMonitor"),
        ("Probe", "probe"),
    ] {
        for monitor in bundle.of_kind(kind) {
            let key = monitor.key();
            let start = format!("{prefix}/{}/{}", key.namespace, key.name);
            let found = pools.iter().any(|pool| {
                pool.strip_prefix(&start)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            if !found {
                targets.without.push(key.to_string());
            }
        }
    }
    targets
}

fn rules(bundle: &Bundle, data: &Value) -> Rules {
    let mut rules = Rules::default();
    let mut loaded: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for group in array(&data["groups"]) {
        let all: Vec<&Value> = array(&group["rules"]).collect();
        loaded
            .entry(text(&group["name"]))
            .or_default()
            .push(all.len());
        rules.loaded += all.len();
        for rule in all {
            match rule["health"].as_str() {
                Some("unknown") => rules.waiting += 1,
                Some("err") => rules.failing.push(Failing {
                    rule: format!("{} (group {})", text(&rule["name"]), text(&group["name"])),
                    error: text(&rule["lastError"]).to_owned(),
                }),
                _ => {}
            }
        }
    }
    for object in bundle.of_kind("PrometheusRule") {
        for group in object
            .at(&["spec", "groups"])
            .map(array)
            .into_iter()
            .flatten()
        {
            let name = text(&group["name"]);
            let count = array(&group["rules"]).count();
            let same = loaded
                .get(name)
                .is_some_and(|counts| counts.contains(&count));
            if !same {
                rules
                    .missing
                    .push(format!("group {name} of {}", object.key()));
            }
        }
    }
    rules
}

/// Alerts that fire, but the one that always does.
fn alerts(data: &Value) -> Alerts {
    let mut alerts = Alerts::default();
    let rules = array(&data["groups"]).flat_map(|group| array(&group["rules"]));
    for rule in rules {
        let firing = array(&rule["alerts"])
            .filter(|alert| alert["state"] == "firing")
            .count();
        let name = text(&rule["name"]);
        if firing > 0 && name != "Watchdog" {
            *alerts.firing.entry(name.to_owned()).or_default() += firing;
        }
    }
    alerts
}

fn storage(answers: &[Value]) -> Storage {
    Storage {
        head_series: answers[HEAD]["headStats"]["numSeries"]
            .as_u64()
            .unwrap_or(0),
        block_bytes: single(&answers[BLOCKS]),
        retention: text(&answers[RUNTIME]["storageRetention"]).to_owned(),
    }
}

/// The value of a query that gives one.
fn single(data: &Value) -> Option<f64> {
    let series = api::series(data).ok()?;
    series.first()?.samples.first()?.1.parse().ok()
}

fn alertmanager(bundle: &Bundle, asked: &Asked, status: &mut Status) {
    let Some(answered) = &asked.alertmanager else {
        return;
    };
    let replicas = match answered {
        Ok(replicas) => replicas.as_slice(),
        Err(reason) => {
            status
                .problems
                .push(format!("Alertmanager cannot be asked: {reason}"));
            return;
        }
    };
    let wanted = bundle
        .of_kind("Alertmanager")
        .filter_map(|instance| instance.at(&["spec", "replicas"])?.as_u64())
        .sum::<u64>();
    let wanted = usize::try_from(wanted).unwrap_or(0);
    let mut shown = Alertmanager {
        wanted,
        members: wanted,
        ..Alertmanager::default()
    };
    for replica in replicas {
        match &replica.answers {
            Err(reason) => status.problems.push(format!(
                "Alertmanager ({}) does not answer: {reason}",
                replica.pod
            )),
            Ok(answers) => {
                shown.answering += 1;
                let cluster = &answers[MEMBERS]["cluster"];
                // One that is alone has no cluster and says `disabled`.
                let members = array(&cluster["peers"]).count().max(1);
                shown.members = shown.members.min(members);
                if let Some(alerts) = &mut status.alerts {
                    alerts.silenced = alerts.silenced.max(array(&answers[SILENCED]).count());
                }
            }
        }
    }
    let of_prometheus = self::replicas(asked.prometheus.as_ref())
        .iter()
        .find_map(|replica| replica.answers.as_ref().ok());
    if let Some(answers) = of_prometheus {
        shown.known_to_prometheus =
            Some(array(&answers[ALERTMANAGERS]["activeAlertmanagers"]).count());
        shown.failed_notifications = single(&answers[FAILED]);
    }
    status.problems.extend(shown.problems());
    status.alertmanager = Some(shown);
}

impl Alertmanager {
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.answering < self.wanted {
            problems.push(format!(
                "{} of {} replicas of Alertmanager answer",
                self.answering, self.wanted
            ));
        }
        if self.members < self.wanted {
            problems.push(format!(
                "the cluster of Alertmanager has {} of {} members: notifications are sent twice",
                self.members, self.wanted
            ));
        }
        if self
            .known_to_prometheus
            .is_some_and(|known| known < self.wanted)
        {
            problems.push(format!(
                "Prometheus sends alerts to {} of {} replicas of Alertmanager",
                self.known_to_prometheus.unwrap_or(0),
                self.wanted
            ));
        }
        if let Some(failed) = self.failed_notifications.filter(|failed| *failed >= 1.0) {
            problems.push(format!("{failed:.0} notifications failed in the last hour"));
        }
        problems
    }
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use kpbuild_cluster::StackId;
    use kpbuild_core::{Diagnostics, Object, Origin};
    use serde_json::json;

    use super::*;

    /// A bundle with one object of the component `prometheus`.
    fn bundle(api_version: &str, kind: &str) -> Bundle {
        let value = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "k8s", "namespace": "m"}});
        let origin = Origin {
            component: "prometheus".to_owned(),
            span: None,
        };
        let object = Object::new(value, origin).expect("it is an object");
        Bundle::new(vec![object], &mut Diagnostics::default())
    }

    #[test]
    fn an_agent_is_judged_by_its_targets_alone() {
        let bundle = bundle("monitoring.coreos.com/v1alpha1", "PrometheusAgent");
        let expected = Expected {
            bundle: &bundle,
            id: StackId {
                name: "edge".to_owned(),
                namespace: "m".to_owned(),
            },
        };
        let target = |health: &str| json!({"scrapePool": "serviceMonitor/m/a/0", "scrapeUrl": "http://a", "health": health, "lastError": "refused"});
        // An agent answers one question.
        let told = json!({"activeTargets": [target("up"), target("down")]});
        let asked = Asked {
            prometheus: Some(Ok(vec![Replica {
                pod: "prom-agent-k8s-0".to_owned(),
                answers: Ok(vec![told]),
            }])),
            ..Asked::default()
        };
        let status = judge(&expected, &asked);
        assert_eq!(
            status.problems,
            ["serviceMonitor/m/a/0: 1 target is down, http://a: refused"]
        );
        assert_eq!(
            status.targets.map(|targets| (targets.up, targets.total)),
            Some((1, 2))
        );
        assert_eq!((status.rules, status.storage), (None, None));
    }
}
