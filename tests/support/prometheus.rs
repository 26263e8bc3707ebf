//! A real Prometheus with the configuration that prometheus-operator generated in a test cluster: whether every rule
//! evaluates, and which targets each monitor finds, are then facts and no readings of manifests.
//!
//! The pods of the test cluster run nothing, so that every target is found and none answers.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::{Cluster, free_port};
use crate::http;
use crate::programs::Programs;
use crate::tools::{self, Tool};

/// A running Prometheus; it ends when it is dropped, or when the process ends.
pub struct Prometheus {
    programs: Programs,
    address: SocketAddr,
}

/// Where a Prometheus is, and who answers for its targets.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Where it listens.
    pub address: SocketAddr,
    /// Answers for all targets of the operator's configuration.
    pub proxy: SocketAddr,
    /// More items of `scrape_configs`, in YAML.
    pub further: &'a str,
}

/// A rule as Prometheus has it after an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The rule's group.
    pub group: String,
    /// The alert's or the record's name.
    pub name: String,
    /// Why its evaluation failed, or `None` when it did not.
    pub error: Option<String>,
}

impl Prometheus {
    /// Starts with what the operator made of the Prometheus object: configuration, rules, certificates. promtool has
    /// to accept it first.
    ///
    /// The pod's variables are set as for the first replica. Three things differ from the pod: paths are those of a
    /// temporary folder, service discovery asks the test cluster by kubeconfig, and rules are evaluated each second,
    /// so that a test need not wait for minutes.
    pub fn of_operator(cluster: &Cluster, namespace: &str, name: &str) -> Self {
        let programs = Programs::start().expect("the system has a folder for temporary files");
        let config = write_operator_files(cluster, namespace, name, programs.folder());
        check(&config);
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let data = programs.folder().join("data");
        let prometheus = Self { programs, address };
        prometheus.run(&config, &data);
        prometheus
    }

    /// The same at an address that was chosen before. It scrapes by HTTP and through a proxy, which answers for the
    /// pods, and also as `further` says (items of `scrape_configs`).
    pub fn of_operator_with_targets(
        cluster: &Cluster,
        namespace: &str,
        name: &str,
        place: Place<'_>,
    ) -> Self {
        let programs = Programs::start().expect("the system has a folder for temporary files");
        let config = write_operator_files(cluster, namespace, name, programs.folder());
        let text = fs::read_to_string(&config).expect("it was just written");
        write(&config, proxied(&text, place).as_bytes());
        check(&config);
        let data = programs.folder().join("data");
        let prometheus = Self {
            programs,
            address: place.address,
        };
        prometheus.run(&config, &data);
        prometheus
    }

    /// Puts a file of rules beside those of the operator, or takes one away, and lets Prometheus read them again.
    pub fn change_rules(&self, change: impl FnOnce(&Path)) {
        change(&self.programs.folder().join("rules"));
        self.programs
            .signal("prometheus", "HUP")
            .expect("it runs, so it can be told");
    }

    /// Starts on samples in OpenMetrics text, whose times need not be near the present, and on all that an earlier call
    /// wrote into the same folder. Nothing is scraped and no rule is evaluated.
    pub fn of_samples(folder: &Path, samples: &str) -> Self {
        let programs = Programs::start().expect("the system has a folder for temporary files");
        let text = programs.folder().join("samples.txt");
        write(&text, samples.as_bytes());
        let output = Command::new(tools::path(Tool::Promtool))
            .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
            .args([&text, folder])
            .output()
            .expect("a tool that was just built starts");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(
            output.status.success(),
            "promtool cannot read the samples:\n{said}"
        );
        let config = programs.folder().join("prometheus.yaml");
        write(&config, b"global: {}\n");
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let prometheus = Self { programs, address };
        prometheus.run(&config, folder);
        prometheus
    }

    /// Starts with a rule file, evaluated each second, and scrapes programs on loopback each second, itself among them.
    pub fn of_rules(rules: &str, own_labels: Value, others: &[(SocketAddr, Value)]) -> Self {
        let programs = Programs::start().expect("the system has a folder for temporary files");
        let rule_file = programs.folder().join("rules.json");
        write(&rule_file, rules.as_bytes());
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let targets: Vec<Value> = [(address, own_labels)]
            .iter()
            .chain(others)
            .map(|(address, labels)| json!({"targets": [address], "labels": labels}))
            .collect();
        let config = json!({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [rule_file],
            "scrape_configs": [{"job_name": "programs", "static_configs": targets}],
        });
        let path = programs.folder().join("prometheus.yaml");
        write(&path, config.to_string().as_bytes());
        check(&path);
        Self::started(programs, address, &path)
    }

    /// Starts with a configuration of the test's own, and no data.
    pub fn of_config(config: &str) -> Self {
        let programs = Programs::start().expect("the system has a folder for temporary files");
        let path = programs.folder().join("prometheus.yaml");
        write(&path, config.as_bytes());
        check(&path);
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        Self::started(programs, address, &path)
    }

    fn started(programs: Programs, address: SocketAddr, path: &Path) -> Self {
        let data = programs.folder().join("data");
        let prometheus = Self { programs, address };
        prometheus.run(path, &data);
        prometheus
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The `data` of an answer of its API, such as `/api/v1/targets`.
    pub fn api(&self, path: &str) -> Value {
        let mut answer = http::get_json(self.address, path)
            .unwrap_or_else(|error| panic!("GET {path}: {error}"));
        assert_eq!(answer["status"], "success", "GET {path}: {answer}");
        answer["data"].take()
    }

    /// Every rule, after each has been evaluated.
    pub fn evaluated_rules(&self) -> Vec<Rule> {
        for _ in 0..300 {
            let data = self.api("/api/v1/rules");
            let rules: Vec<(&Value, &Value)> = array(&data["groups"])
                .flat_map(|group| array(&group["rules"]).map(move |rule| (&group["name"], rule)))
                .collect();
            if rules.iter().all(|(_, rule)| rule["health"] != "unknown") {
                return rules
                    .into_iter()
                    .map(|(group, rule)| evaluated(group, rule))
                    .collect();
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!(
            "some rule was not evaluated within a minute: {}",
            self.api("/api/v1/rules")
        );
    }

    /// How many targets each scrape pool has found, by the pool's name (`serviceMonitor/NAMESPACE/NAME/ENDPOINT`).
    pub fn targets(&self) -> BTreeMap<String, usize> {
        let data = self.api("/api/v1/targets?state=active");
        let mut targets = BTreeMap::new();
        for target in array(&data["activeTargets"]) {
            *targets.entry(text(&target["scrapePool"])).or_default() += 1;
        }
        targets
    }

    fn run(&self, config: &Path, data: &Path) {
        let mut command = Command::new(tools::path(Tool::Prometheus));
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg("--storage.tsdb.retention.time=100y")
            .arg(format!("--web.listen-address={}", self.address));
        self.programs
            .spawn("prometheus", &mut command)
            .expect("a tool that was just built starts");
        while !http::get(self.address, "/-/ready").is_ok_and(|(code, _)| code == 200) {
            let ended = self.programs.ended();
            assert!(
                ended.is_none(),
                "{ended:?}; its last lines:\n{}",
                self.programs.last_lines("prometheus", 20)
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Writes what the pod would find under `/etc/prometheus` and gives the path of the configuration.
fn write_operator_files(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    folder: &Path,
) -> std::path::PathBuf {
    let instance = format!("prometheus-{name}");
    for list in [
        items(cluster, namespace, "configmaps"),
        items(cluster, namespace, "secrets"),
    ] {
        for object in
            array(&list).filter(|object| text(&object["metadata"]["name"]).starts_with(&instance))
        {
            write_volume(object, folder);
        }
    }
    let account = folder.join("serviceaccount");
    write(&account.join("token"), b"");
    let packed = folder.join("prometheus.yaml.gz");
    let config = unpack(&packed)
        .unwrap_or_else(|error| panic!("cannot unpack {}: {error}", packed.display()));
    let config = config
        .replace("/etc/prometheus/", &format!("{}/", folder.display()))
        .replace("$(POD_NAME)", &format!("{instance}-0"))
        .replace("$(SHARD)", "0")
        .replace(
            "/var/run/secrets/kubernetes.io/serviceaccount",
            &account.display().to_string(),
        );
    let path = folder.join("prometheus.yaml");
    write(&path, adapted(&config, cluster.kubeconfig()).as_bytes());
    path
}

/// Rules go where the configuration looks for them, everything else beside it.
fn write_volume(object: &Value, folder: &Path) {
    let name = text(&object["metadata"]["name"]);
    let entries = |field: &str| object[field].as_object().cloned().unwrap_or_default();
    if object["kind"] == "ConfigMap" && name.contains("-rulefiles-") {
        for (file, rules) in entries("data") {
            write(
                &folder.join("rules").join(&name).join(file),
                faster(&text(&rules)).as_bytes(),
            );
        }
    } else if object["kind"] == "Secret" {
        let place = if name.contains("-tls-assets-") {
            folder.join("certs")
        } else {
            folder.to_owned()
        };
        for (file, value) in entries("data") {
            write(&place.join(file), &decoded(&text(&value)));
        }
    }
}

/// The configuration with discovery by kubeconfig and an evaluation each second.
fn adapted(config: &str, kubeconfig: &Path) -> String {
    let mut lines = Vec::new();
    for line in config.lines() {
        lines.push(each_second(line, "evaluation_interval"));
        if let Some((indent, _)) = line.split_once("- role: ") {
            lines.push(format!(
                "{indent}  kubeconfig_file: {}",
                kubeconfig.display()
            ));
        }
    }
    lines.join("\n")
}

/// The configuration with a proxy for every job, and scrapes each second.
fn proxied(config: &str, place: Place<'_>) -> String {
    let mut lines = Vec::new();
    for line in config.lines() {
        let line = line.replace("scheme: https", "scheme: http");
        let line = each_second(&line, "scrape_interval");
        let line = each_second(&line, "scrape_timeout");
        let job = line.starts_with("- job_name:");
        if line == "scrape_configs:" {
            lines.push(line);
            lines.extend(place.further.lines().map(str::to_owned));
            continue;
        }
        lines.push(line);
        if job {
            lines.push(format!("  proxy_url: http://{}", place.proxy));
        }
    }
    lines.join("\n")
}

/// The line, with the value `1s` when it sets this field.
fn each_second(line: &str, field: &str) -> String {
    match line.split_once(':') {
        Some((start, _)) if start.trim_start_matches([' ', '-']) == field => format!("{start}: 1s"),
        _ => line.to_owned(),
    }
}

/// The rules with every group evaluated each second.
fn faster(rules: &str) -> String {
    rules
        .lines()
        .map(|line| each_second(line, "interval"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn check(config: &Path) {
    let output = Command::new(tools::path(Tool::Promtool))
        .args(["check", "config"])
        .arg(config)
        .output();
    let output = output.expect("a tool that was just built starts");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(
        output.status.success(),
        "promtool refuses the operator's configuration:\n{said}"
    );
}

fn evaluated(group: &Value, rule: &Value) -> Rule {
    let error = (rule["health"] != "ok").then(|| text(&rule["lastError"]));
    Rule {
        group: text(group),
        name: text(&rule["name"]),
        error,
    }
}

fn items(cluster: &Cluster, namespace: &str, resource: &str) -> Value {
    let list = cluster.kubectl(["get", resource, "-n", namespace, "-o", "json"]);
    let mut list: Value = serde_json::from_str(&list).expect("`kubectl get -o json` prints JSON");
    list["items"].take()
}

fn decoded(value: &str) -> Vec<u8> {
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, value)
        .expect("Secrets are base64")
}

fn unpack(path: &Path) -> io::Result<String> {
    let output = Command::new("gzip").arg("-dc").arg(path).output()?;
    if !output.status.success() {
        return Err(io::Error::other(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ));
    }
    String::from_utf8(output.stdout).map_err(io::Error::other)
}

fn write(path: &Path, content: &[u8]) {
    let folder = path.parent().expect("a file lies in a folder");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, content))
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
