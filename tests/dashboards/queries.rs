//! Every query of every dashboard, run by a real Prometheus on the samples of a small cluster (`cluster.yaml`) and the
//! records that the rules of the stack make of them.
//!
//! Variables take the values that the dashboard's own queries find, as in Grafana. A query has data when it has some
//! for at least one choice of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use kpbuild_tests::http::encoded;
use kpbuild_tests::prometheus::Prometheus;
use kpbuild_tests::tools::progress;
use regex::Regex;
use serde_json::Value;

use super::cluster::{self, END, START, STEP};
use super::{dashboards, panels, rendered};

/// Queries without data here, and why that is right. A key is `file: panel: letter`.
const WITHOUT_DATA: &[(&str, &str)] = &[(
    "nodes-darwin.json: Disk I/O: C",
    "node-exporter on macOS does not measure how long a disk is busy; the graph has the lines of what it measures",
)];

/// Hosts for the dashboards of one system: their variable offers those of others too.
const HOSTS: &[(&str, &str)] = &[
    ("nodes.json", "node-1"),
    ("nodes-aix.json", "aix-1"),
    ("nodes-darwin.json", "mac-1"),
];

/// How many queries there are, of the 33 dashboards and of those of etcd and of Weave Net.
const QUERIES: usize = 657;

#[test]
fn queries_return_data() {
    let objects = rendered(Path::new("tests/dashboards/stack.yaml"));
    let folder = tempfile::tempdir().expect("a folder for the samples");
    let prometheus = recorded(folder.path(), &records(&objects));

    let mut with_data = 0;
    let mut without = Vec::new();
    for (file, dashboard) in dashboards(&objects) {
        let mut choices = choices(&prometheus, &dashboard);
        if let Some((_, host)) = HOSTS.iter().find(|(of, _)| *of == file) {
            choices.retain(|choice| choice["instance"] == *host);
        }
        for (key, expr) in queries(&file, &dashboard) {
            if choices
                .iter()
                .any(|choice| has_data(&prometheus, &filled(&expr, choice)))
            {
                with_data += 1;
            } else {
                without.push(key);
            }
        }
    }

    let explained: Vec<&str> = WITHOUT_DATA.iter().map(|(key, _)| *key).collect();
    progress(&format!(
        "{with_data} of {} queries of dashboards return data",
        with_data + without.len()
    ));
    assert_eq!(without, explained, "left: without data, right: explained");
    assert_eq!(with_data + without.len(), QUERIES);
}

/// The queries of a dashboard with their keys.
fn queries(file: &str, dashboard: &Value) -> Vec<(String, String)> {
    let mut queries: Vec<(String, String)> = Vec::new();
    for panel in panels(dashboard) {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let key = format!(
                "{file}: {}: {}",
                text(&panel["title"]),
                text(&target["refId"])
            );
            queries.push((key, text(&target["expr"])));
        }
    }
    queries
}

/// A query with values for its variables.
fn filled(expr: &str, choice: &BTreeMap<String, String>) -> String {
    let variable = Regex::new(r"\$\{(\w+)(?::\w+)?\}|\$([A-Za-z_]\w*)").expect("it is a pattern");
    let value = |found: &regex::Captures<'_>| {
        let name = found
            .get(1)
            .or(found.get(2))
            .expect("one of the two matched")
            .as_str();
        match name {
            "__rate_interval" => "2m".to_owned(),
            "__interval" => "30s".to_owned(),
            "__range" => "30m".to_owned(),
            "__range_s" => "1800".to_owned(),
            name => choice
                .get(name)
                .unwrap_or_else(|| panic!("nobody defines ${name}: {expr}"))
                .clone(),
        }
    };
    variable.replace_all(expr, value).into_owned()
}

/// Every choice of values for a dashboard's variables.
fn choices(prometheus: &Prometheus, dashboard: &Value) -> Vec<BTreeMap<String, String>> {
    let variables = dashboard["templating"]["list"]
        .as_array()
        .into_iter()
        .flatten();
    let mut choices = vec![BTreeMap::new()];
    for variable in variables.filter(|variable| variable["type"] != "datasource") {
        let name = variable["name"].as_str().expect("a variable has a name");
        choices = choices
            .iter()
            .flat_map(|choice| {
                values(prometheus, variable, choice)
                    .into_iter()
                    .map(|value| {
                        let mut choice = choice.clone();
                        choice.insert(name.to_owned(), value);
                        choice
                    })
            })
            .collect();
    }
    choices
}

/// The values that a variable offers: All where there is that, each that is found, and the empty one where none is.
fn values(
    prometheus: &Prometheus,
    variable: &Value,
    choice: &BTreeMap<String, String>,
) -> Vec<String> {
    assert_eq!(
        (&variable["type"], &variable["regex"]),
        (&"query".into(), &"".into()),
        "not understood here: {variable}"
    );
    let query = variable["query"]["query"]
        .as_str()
        .expect("a variable of this type has a query");
    let mut found = label_values(prometheus, &filled(query, choice));
    if variable["includeAll"] == true {
        let all = variable["allValue"].as_str().map(str::to_owned);
        found.insert(0, all.unwrap_or_else(|| format!("({})", found.join("|"))));
    } else if found.is_empty() {
        found.push(String::new());
    }
    found
}

/// What Grafana makes of `label_values(selector, label)`.
fn label_values(prometheus: &Prometheus, query: &str) -> Vec<String> {
    let arguments = query
        .strip_prefix("label_values(")
        .and_then(|rest| rest.strip_suffix(')'));
    let (selector, label) = arguments
        .and_then(|text| text.rsplit_once(','))
        .unwrap_or_else(|| panic!("not understood here: {query}"));
    let path = format!(
        "/api/v1/label/{}/values?match[]={}&start={START}&end={END}",
        label.trim(),
        encoded(selector.trim())
    );
    let values = prometheus.api(&path);
    values
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Whether a query returns a value that is a number.
fn has_data(prometheus: &Prometheus, expr: &str) -> bool {
    let data = prometheus.api(&format!("/api/v1/query?time={END}&query={}", encoded(expr)));
    let is_number = |value: &Value| value.as_str().is_some_and(|text| text != "NaN");
    match data["resultType"].as_str() {
        Some("scalar") => is_number(&data["result"][1]),
        _ => data["result"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|series| is_number(&series["value"][1])),
    }
}

/// A recording rule.
#[derive(Debug, Clone)]
struct Record {
    name: String,
    expr: String,
    labels: BTreeMap<String, String>,
}

/// The recording rules among objects.
fn records(objects: &[Value]) -> Vec<Record> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let groups = objects
        .iter()
        .filter(|object| object["kind"] == "PrometheusRule")
        .flat_map(|object| list(&object["spec"]["groups"]));
    let rules = groups
        .flat_map(|group| list(&group["rules"]))
        .filter(|rule| rule["record"].is_string());
    rules
        .map(|rule| Record {
            name: rule["record"]
                .as_str()
                .expect("it was looked for")
                .to_owned(),
            expr: rule["expr"]
                .as_str()
                .expect("a rule has an expression")
                .to_owned(),
            labels: serde_json::from_value(rule["labels"].clone()).unwrap_or_default(),
        })
        .collect()
}

/// A Prometheus that has the cluster's samples and those of all records. Records of records need those first, so they
/// are made in several rounds.
fn recorded(folder: &Path, records: &[Record]) -> Prometheus {
    let mut prometheus = Prometheus::of_samples(folder, &cluster::samples());
    let mut left: Vec<&Record> = records.iter().collect();
    while !left.is_empty() {
        let waiting: BTreeSet<&str> = left.iter().map(|record| record.name.as_str()).collect();
        let (later, now): (Vec<&Record>, Vec<&Record>) = left
            .iter()
            .partition(|record| reads_any(&record.expr, &waiting));
        assert!(
            !now.is_empty(),
            "these records wait for each other: {waiting:?}"
        );
        let samples: String = now
            .iter()
            .map(|record| evaluated(&prometheus, record))
            .collect();
        drop(prometheus);
        prometheus = Prometheus::of_samples(folder, &format!("{samples}# EOF\n"));
        left = later;
    }
    prometheus
}

/// Whether an expression names one of some metrics.
fn reads_any(expr: &str, metrics: &BTreeSet<&str>) -> bool {
    expr.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
        .any(|word| metrics.contains(word))
}

/// The samples of a record for the last quarter of an hour.
fn evaluated(prometheus: &Prometheus, record: &Record) -> String {
    let path = format!(
        "/api/v1/query_range?start={}&end={END}&step={STEP}&query={}",
        END - 900,
        encoded(&record.expr)
    );
    let data = prometheus.api(&path);
    let mut text = String::new();
    for series in data["result"].as_array().into_iter().flatten() {
        let mut labels: BTreeMap<String, String> =
            serde_json::from_value(series["metric"].clone()).expect("labels are texts");
        labels.remove("__name__");
        labels.extend(record.labels.clone());
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        for sample in series["values"].as_array().into_iter().flatten() {
            let value = sample[1].as_str().expect("values are texts");
            writeln!(
                text,
                "{}{{{}}} {value} {}",
                record.name,
                labels.join(","),
                sample[0]
            )
            .expect("strings grow");
        }
    }
    text
}
