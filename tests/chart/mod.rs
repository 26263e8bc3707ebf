//! `kpbuild render --format chart`, judged by Helm itself: what it templates is what is rendered, values do what they
//! say, wrong ones are refused, and it installs.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use kpbuild_core::yaml;
use kpbuild_tests::cluster::{Cluster, Options};
use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::{self, Tool};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Helm, built from its module, takes itself for one of an old Kubernetes.
const VERSION: &str = "--kube-version=1.34.4";

/// A stack and the chart that is made of it.
struct Chart {
    folder: TempDir,
}

impl Chart {
    fn of(stack: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the chart");
        std::fs::write(folder.path().join("stack.yaml"), stack).expect("the folder is ours");
        let chart = Self { folder };
        chart.kpbuild(&["render", "stack.yaml", "--format", "chart", "-o", "chart"]);
        chart
    }

    fn kpbuild(&self, arguments: &[&str]) -> String {
        let output = kpbuild::run(self.folder.path(), arguments);
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{err}");
        String::from_utf8(output.stdout).expect("kpbuild prints UTF-8")
    }

    /// Runs Helm: whether it succeeds, and all that it prints.
    fn helm(&self, arguments: &[&str], kubeconfig: Option<&Path>) -> (bool, String, String) {
        let mut command = Command::new(tools::path(Tool::Helm));
        command.args(arguments);
        if !matches!(arguments, ["install" | "upgrade" | "uninstall", ..]) {
            command.arg(VERSION);
        }
        command
            .current_dir(self.folder.path())
            .env("HELM_CACHE_HOME", self.folder.path().join("cache"))
            .env("HELM_CONFIG_HOME", self.folder.path().join("config"))
            .env("HELM_DATA_HOME", self.folder.path().join("data"))
            .env_remove("KUBECONFIG");
        if let Some(kubeconfig) = kubeconfig {
            command.env("KUBECONFIG", kubeconfig);
        }
        let output = command.output().expect("a tool that was just built starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("Helm prints UTF-8");
        (
            output.status.success(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    fn template(&self, arguments: &[&str]) -> BTreeMap<String, Value> {
        let all = [
            &["template", "release", "chart", "--include-crds"],
            arguments,
        ]
        .concat();
        let (success, out, err) = self.helm(&all, None);
        assert!(success, "{err}");
        objects(&out)
    }

    /// What the stack renders to.
    fn rendered(&self) -> BTreeMap<String, Value> {
        objects(&self.kpbuild(&["render", "stack.yaml"]))
    }
}

fn objects(stream: &str) -> BTreeMap<String, Value> {
    let documents = stream.split("\n---\n");
    let read = |text: &str| {
        let text = text.trim_start_matches("---\n");
        yaml::read(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    };
    documents
        .map(read)
        .filter(|object| !object.is_null())
        .map(|object| {
            let meta = &object["metadata"];
            let key = format!("{} {}/{}", object["kind"], meta["namespace"], meta["name"]);
            (key, object)
        })
        .collect()
}

/// Fails with the first object that differs, not with a thousand lines.
fn same(templated: &BTreeMap<String, Value>, rendered: &BTreeMap<String, Value>) {
    let keys = |objects: &BTreeMap<String, Value>| objects.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(templated), keys(rendered));
    for (key, object) in templated {
        assert_eq!(object, &rendered[key], "{key}");
    }
}

#[test]
fn what_helm_templates_is_what_is_rendered() {
    let stacks = std::fs::read_dir(kpbuild::checkout().join("stacks")).expect("there are examples");
    for stack in stacks {
        let path = stack.expect("the folder can be read").path();
        let chart = Chart::of(&std::fs::read_to_string(&path).expect("an example is text"));
        same(&chart.template(&[]), &chart.rendered());
        let (success, out, err) = chart.helm(&["lint", "--strict", "chart"], None);
        let said = out + &err;
        if path.ends_with("etcd.yaml") {
            // The addresses of an etcd outside of the cluster, as kube-prometheus has them.
            let warnings: Vec<&str> = said
                .lines()
                .filter(|line| line.contains("[WARNING]"))
                .collect();
            assert!(!success, "{said}");
            assert!(
                matches!(warnings[..], [one] if one.contains("v1 Endpoints is deprecated")),
                "{said}"
            );
        } else {
            assert!(success, "{}: {said}", path.display());
        }
    }
}

/// Checksums over texts with the namespace in them stay, so that nothing restarts without need.
fn without_checksums(mut objects: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    for object in objects.values_mut() {
        let annotations = object.pointer_mut("/spec/template/metadata/annotations");
        if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
            annotations.retain(|name, _| !name.starts_with("checksum/"));
        }
    }
    objects
}

#[test]
fn the_namespace_is_a_value() {
    let stack = |namespace: &str| format!("kind: Stack\nname: moved\nnamespace: \"{namespace}\"\n");
    let (chart, other) = (Chart::of(&stack("monitoring")), Chart::of(&stack("012")));
    same(
        &without_checksums(chart.template(&["--set-string", "namespace=012"])),
        &without_checksums(other.rendered()),
    );
    let without = chart.template(&["--set", "createNamespace=false"]);
    assert!(!without.keys().any(|key| key.starts_with("\"Namespace\"")));
}

#[test]
fn values_reach_their_objects_and_wrong_ones_are_refused() {
    let chart = Chart::of("kind: Stack\nname: values\nnamespace: monitoring\n");
    let objects = chart.template(&[
        "--set",
        "grafana.replicas=3,grafana.images.grafana=mirror.example.com/grafana:1",
        "--set",
        "grafana.resources.grafana.limits.memory=1Gi",
        "--set",
        "prometheus-operator.images.prometheus-config-reloader=mirror.example.com/reloader:2",
        "--set-json",
        "prometheus.storage={\"volumeClaimTemplate\":{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"9Gi\"}}}}}",
    ]);
    let grafana = &objects["\"Deployment\" \"monitoring\"/\"grafana\""]["spec"];
    let container = &grafana["template"]["spec"]["containers"][0];
    assert_eq!(grafana["replicas"], 3);
    assert_eq!(container["image"], "mirror.example.com/grafana:1");
    assert_eq!(container["resources"]["limits"]["memory"], "1Gi");
    assert_eq!(container["resources"]["limits"]["cpu"], "200m");
    let operator = &objects["\"Deployment\" \"monitoring\"/\"prometheus-operator\""]["spec"];
    let arguments = operator["template"]["spec"]["containers"][0]["args"].to_string();
    assert!(arguments.contains("--prometheus-config-reloader=mirror.example.com/reloader:2"));
    let prometheus = &objects["\"Prometheus\" \"monitoring\"/\"k8s\""]["spec"]["storage"];
    assert_eq!(
        prometheus["volumeClaimTemplate"]["spec"]["resources"]["requests"],
        json!({"storage": "9Gi"})
    );
    for (wrong, expected) in [
        ("grafana.replica=3", "replica"),
        ("grafana.replicas=many", "replicas"),
        ("graphana.replicas=3", "graphana"),
        ("namespace=Monitoring", "namespace"),
    ] {
        let (success, out, err) =
            chart.helm(&["template", "release", "chart", "--set", wrong], None);
        assert!(!success && err.contains(expected), "{wrong}: {out}{err}");
    }
}

#[test]
fn the_chart_installs() {
    let cluster = Cluster::start(&Options::full());
    let chart = Chart::of(
        "kind: Stack\nname: installed\nnamespace: monitoring\ncomponents:\n  prometheus-adapter: {enabled: false}\n",
    );
    let (success, out, err) =
        chart.helm(&["install", "release", "chart"], Some(cluster.kubeconfig()));
    assert!(success, "{out}{err}");
    assert!(
        out.contains("is installed into namespace monitoring"),
        "{out}"
    );
    for instance in ["prometheus/k8s", "alertmanager/main"] {
        let wait = [
            "wait",
            "-n",
            "monitoring",
            instance,
            "--for=condition=Available",
            "--timeout=300s",
        ];
        cluster.kubectl(wait);
    }
    cluster.kubectl([
        "rollout",
        "status",
        "-n",
        "monitoring",
        "deployment/grafana",
        "--timeout=300s",
    ]);
    let (success, out, err) = chart.helm(
        &["upgrade", "release", "chart", "--set", "grafana.replicas=2"],
        Some(cluster.kubeconfig()),
    );
    assert!(success, "{out}{err}");
    let (success, out, err) = chart.helm(&["uninstall", "release"], Some(cluster.kubeconfig()));
    assert!(success, "{out}{err}");
}
