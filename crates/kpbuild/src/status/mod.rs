//! Whether monitoring itself is healthy: what is asked ([`asked`]), what that
//! means ([`judge`], pure), and how it is shown ([`text`]).

mod asked;
mod judge;
mod text;

pub(crate) use asked::{Expected, ask};
pub(crate) use judge::judge;
pub(crate) use text::text;

use serde::Serialize;

/// The state of an installation at a moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    /// The stack's name.
    pub(crate) stack: String,
    /// Its namespace.
    pub(crate) namespace: String,
    /// Whether nothing is wrong: `problems` is empty.
    pub(crate) healthy: bool,
    /// What is wrong, a sentence each.
    pub(crate) problems: Vec<String>,
    /// Workloads and instances.
    pub(crate) components: Vec<Component>,
    /// What Prometheus scrapes; null when it cannot be asked.
    pub(crate) targets: Option<Targets>,
    /// What Prometheus evaluates; null when it cannot be asked, or is an agent.
    pub(crate) rules: Option<Rules>,
    /// The alerts that fire; null when Prometheus cannot be asked, or is an agent.
    pub(crate) alerts: Option<Alerts>,
    /// Alertmanager; null when the stack has none or it cannot be asked.
    pub(crate) alertmanager: Option<Alertmanager>,
    /// What Prometheus stores; null when it cannot be asked, or is an agent.
    pub(crate) storage: Option<Storage>,
    /// Where Grafana gets its data.
    pub(crate) data_sources: Vec<DataSource>,
    /// How many objects differ from the stack; null when that cannot be found out.
    pub(crate) drift: Option<usize>,
}

/// A workload, or an instance that the operator looks after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Component {
    /// Kind and name.
    pub(crate) object: String,
    /// What its label says; empty if it says nothing.
    pub(crate) version: String,
    pub(crate) ready: bool,
    /// Why it is not ready.
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Targets {
    pub(crate) up: usize,
    pub(crate) total: usize,
    pub(crate) down: Vec<Down>,
    /// Monitors that find nothing to scrape.
    pub(crate) without: Vec<String>,
}

/// A target that is not scraped.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Down {
    pub(crate) pool: String,
    pub(crate) url: String,
    pub(crate) error: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Rules {
    pub(crate) loaded: usize,
    /// Those that were not evaluated yet.
    pub(crate) waiting: usize,
    pub(crate) failing: Vec<Failing>,
    /// Groups of the stack that Prometheus has not, or has otherwise.
    pub(crate) missing: Vec<String>,
}

/// A rule whose evaluation fails.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Failing {
    pub(crate) rule: String,
    pub(crate) error: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Alerts {
    /// Names, each with how often it fires.
    pub(crate) firing: std::collections::BTreeMap<String, usize>,
    pub(crate) silenced: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Alertmanager {
    /// Replicas that answer.
    pub(crate) answering: usize,
    pub(crate) wanted: usize,
    /// Members of the cluster, as the least of the replicas counts them.
    pub(crate) members: usize,
    /// Notifications that failed in the last hour, as far as Prometheus knows.
    pub(crate) failed_notifications: Option<f64>,
    /// How many of them Prometheus sends alerts to.
    pub(crate) known_to_prometheus: Option<usize>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Storage {
    pub(crate) head_series: u64,
    /// Bytes of the blocks on disk, as far as Prometheus measures itself.
    pub(crate) block_bytes: Option<f64>,
    pub(crate) retention: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct DataSource {
    pub(crate) name: String,
    pub(crate) url: String,
    /// Why it cannot be reached; null when it can, or when it is outside of the cluster.
    pub(crate) reason: Option<String>,
}
