//! `kpbuild import values.yaml`: what a stack says of the values of kube-prometheus-stack, and what is listed.

use kpbuild_core::yaml;
use kpbuild_tests::kpbuild;
use serde_json::Value;

/// The password that must be nowhere but in the file of secrets.
const PASSWORD: &str = "correct-horse-battery";

const VALUES: &str = include_str!("values.yaml");

#[test]
fn values_become_a_stack_and_a_list_of_what_it_cannot_say() {
    let folder = tempfile::tempdir().expect("a folder for the values");
    let path = folder.path();
    std::fs::write(path.join("values.yaml"), VALUES).expect("there is room");
    let arguments = [
        "import",
        "values.yaml",
        "--name",
        "prod",
        "--namespace",
        "watching",
    ];
    let output = kpbuild::run(path, &arguments);
    let said = String::from_utf8(output.stderr).expect("kpbuild prints UTF-8");
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{said}"
    );
    let read = |name: &str| std::fs::read_to_string(path.join(name)).expect("the import wrote it");
    let stack = read("stack.yaml");
    insta::assert_snapshot!("values_said", said);
    insta::assert_snapshot!("values_stack", stack);
    assert!(!said.contains(PASSWORD) && !stack.contains(PASSWORD));
    // That of Grafana's administrator is nowhere: a stack has no field for it.
    assert_eq!(read("stack.secrets.yaml").matches(PASSWORD).count(), 2);
    let output = kpbuild::run(path, &["render", "stack.yaml", "-o", "out"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// Values of all kinds, each different from all others.
const EVERY_VALUE: &str = include_str!("every_value.yaml");

/// What says a value that is too short to be looked for; nothing where a stack is like that without words.
const SAID: [(&str, &str); 26] = [
    ("defaultRules.create", ""),
    ("defaultRules.rules.node", "- group: node.rules\n"),
    ("defaultRules.rules.network", ""),
    (
        "defaultRules.disabled.KubeCPUOvercommit",
        "- KubeCPUOvercommit\n",
    ),
    ("defaultRules.disabled.NodeRAIDDegraded", ""),
    (
        "global.rbac.createAggregateClusterRoles",
        "userFacingRoles: true\n",
    ),
    ("alertmanager.enabled", ""),
    ("alertmanager.alertmanagerSpec.configSecret", ""),
    ("alertmanager.alertmanagerSpec.logLevel", "logLevel: warn\n"),
    ("alertmanager.alertmanagerSpec.replicas", "replicas: 5\n"),
    (
        "alertmanager.alertmanagerSpec.podAntiAffinity",
        "antiAffinity: hard\n",
    ),
    (
        "alertmanager.alertmanagerSpec.forceEnableClusterMode",
        "forceEnableClusterMode: false\n",
    ),
    ("grafana.enabled", ""),
    ("grafana.replicas", "replicas: 2\n"),
    ("kubeApiServer.enabled", ""),
    ("kubelet.enabled", ""),
    ("kubelet.serviceMonitor.https", "https: false\n"),
    ("kubeControllerManager.enabled", ""),
    ("coreDns.enabled", "coredns:\n      enabled: false\n"),
    (
        "kubeScheduler.enabled",
        "kubeScheduler:\n      enabled: false\n",
    ),
    ("kubeProxy.enabled", "kubeProxy:\n      enabled: true\n"),
    ("kubeStateMetrics.enabled", ""),
    ("nodeExporter.enabled", ""),
    ("prometheusOperator.enabled", ""),
    ("prometheusOperator.logLevel", "logLevel: debug\n"),
    ("prometheus.enabled", ""),
];

/// More of them.
const FURTHER: [(&str, &str); 13] = [
    (
        "alertmanager.ingress.enabled",
        "host: host-34.example.com\n",
    ),
    ("kubeEtcd.enabled", "etcd:\n    ips:\n"),
    ("prometheus.service.type", ""),
    ("prometheus.ingress.enabled", ""),
    (
        "prometheus.prometheusSpec.additionalScrapeConfigsSecret.enabled",
        "secret: secret-135\n",
    ),
    (
        "prometheus.prometheusSpec.enableFeatures",
        "- exemplar-storage\n",
    ),
    (
        "prometheus.prometheusSpec.walCompression",
        "walCompression: false\n",
    ),
    ("prometheus.prometheusSpec.shards", "shards: 7\n"),
    (
        "prometheus.prometheusSpec.ruleSelectorNilUsesHelmValues",
        "",
    ),
    ("prometheus.prometheusSpec.excludedFromEnforcement", ""),
    ("grafana.ingress.enabled", ""),
    ("grafana.service.type", "nodePort: 30085\n"),
    (
        "kube-state-metrics.metricAnnotationsAllowList",
        "- note-108\n",
    ),
];

/// All values below one, with their paths; a list is one value.
fn leaves(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let below = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                leaves(value, &below, found);
            }
        }
        other => found.push((path.to_owned(), other.clone())),
    }
}

/// The texts of a value that nothing else has: those with a number of two digits.
fn marks(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map.values().flat_map(marks).collect(),
        Value::Array(items) => items.iter().flat_map(marks).collect(),
        Value::String(text) => Some(text.clone())
            .filter(|text| is_mark(text))
            .into_iter()
            .collect(),
        other => Some(other.to_string())
            .filter(|text| is_mark(text))
            .into_iter()
            .collect(),
    }
}

fn is_mark(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() > 1
}

#[test]
fn every_value_is_in_the_stack_or_in_the_list() {
    let folder = tempfile::tempdir().expect("a folder for the values");
    let path = folder.path();
    std::fs::write(path.join("values.yaml"), EVERY_VALUE).expect("there is room");
    let output = kpbuild::run(path, &["import", "values.yaml", "--name", "prod"]);
    let listed = String::from_utf8(output.stderr).expect("kpbuild prints UTF-8");
    assert!(output.status.success(), "{listed}");
    let read = |name: &str| std::fs::read_to_string(path.join(name)).expect("the import wrote it");
    let written = read("stack.yaml") + &read("stack.secrets.yaml");
    let mut values = Vec::new();
    leaves(
        &yaml::read(EVERY_VALUE).expect("it is YAML"),
        "",
        &mut values,
    );
    let is_listed = |path: &str| {
        let ends = path
            .match_indices('.')
            .map(|(end, _)| end)
            .chain([path.len()]);
        let mut above = ends.map(|end| &path[..end]);
        above.any(|above| listed.contains(&format!("\n  {above} (values.yaml:")))
    };
    let is_said = |path: &str, value: &Value| {
        let mut said = SAID.iter().chain(&FURTHER);
        if let Some((_, text)) = said.find(|(of, _)| *of == path) {
            return written.contains(text);
        }
        let marks = marks(value);
        !marks.is_empty()
            && marks
                .iter()
                .all(|mark| written.contains(mark.trim_start_matches('v')))
    };
    let lost = values
        .iter()
        .filter(|(path, value)| !is_listed(path) && !is_said(path, value));
    let lost: Vec<&String> = lost.map(|(path, _)| path).collect();
    assert!(lost.is_empty(), "{lost:#?}\n{listed}\n{written}");
    insta::assert_snapshot!("every_value_listed", listed);
    let output = kpbuild::run(path, &["render", "stack.yaml", "-o", "out"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
