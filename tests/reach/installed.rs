//! The stack that the tests of this module share, installed, with real servers behind its pods.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::{Duration, Instant};

use kpbuild_tests::cluster::{Cluster, Forward, Options, free_port};
use kpbuild_tests::programs::Programs;
use kpbuild_tests::prometheus::{Place, Prometheus};
use kpbuild_tests::tools::{self, Tool};
use kpbuild_tests::web::Web;
use kpbuild_tests::{http, kpbuild};
use tempfile::TempDir;

/// An installed stack, and what answers in its pods.
pub(super) struct Installed {
    pub(super) cluster: Cluster,
    /// Holds `stack.yaml`.
    pub(super) folder: TempDir,
    /// In Grafana's place.
    pub(super) web: Web,
    /// In the place of everything that is scraped.
    pub(super) targets: Web,
    pub(super) prometheus: Prometheus,
    pub(super) programs: Programs,
    /// Written by whoever replaces Grafana's pod, read by whoever counts on its connections.
    pub(super) grafana: RwLock<()>,
}

/// A namespace and names of its own, to prove that nothing goes by the default ones. The control plane of the test
/// cluster is not made of pods, no aggregated API becomes available in it, and its nodes have a loopback address, which
/// no Service leads to.
const STACK: &str = "\
kind: Stack
name: reach
namespace: watching
components:
  kubernetes: {enabled: false}
  node-exporter: {enabled: false}
  prometheus: {name: own, replicas: 1}
  alertmanager: {name: own, replicas: 2}
  prometheus-adapter: {enabled: false}
  grafana: {admin: {secret: grafana-admin, generate: true}}
";

impl Installed {
    /// The one of this test process.
    pub(super) fn shared() -> &'static Self {
        static SHARED: OnceLock<Installed> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    pub(super) fn start() -> Self {
        let programs = Programs::start().expect("the system has a folder for temporary files");
        let exporter = node_exporter(&programs);
        let alertmanagers = alertmanagers(&programs);
        let (web, targets) = (Web::start("the page of Grafana\n"), Web::start(""));
        let prometheus = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let forward = |pod: Option<&str>, port, to| Forward {
            namespace: "watching".to_owned(),
            pod: pod.map(str::to_owned),
            port,
            to,
        };
        let cluster = Cluster::start(&Options {
            forwards: vec![
                forward(Some("prometheus-own-0"), 9090, prometheus),
                forward(Some("alertmanager-own-0"), 9093, alertmanagers[0]),
                forward(Some("alertmanager-own-1"), 9093, alertmanagers[1]),
                forward(None, 3000, web.address()),
            ],
            ..Options::full()
        });
        let folder = tempfile::tempdir().expect("a folder for the stack");
        std::fs::write(folder.path().join("stack.yaml"), STACK).expect("the folder is ours");
        let kubeconfig = cluster.kubeconfig().to_str().expect("a plain name");
        let apply = [
            "apply",
            "stack.yaml",
            "--yes",
            "--timeout",
            "5m",
            "--kubeconfig",
            kubeconfig,
        ];
        let output = kpbuild::run(folder.path(), &apply);
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{said}");
        let place = Place {
            address: prometheus,
            proxy: targets.address(),
            further: &scraping(exporter),
        };
        let prometheus = Prometheus::of_operator_with_targets(&cluster, "watching", "own", place);
        Self {
            cluster,
            folder,
            web,
            targets,
            prometheus,
            programs,
            grafana: RwLock::default(),
        }
    }

    /// Runs kpbuild against the cluster: exit code, stdout, stderr.
    pub(super) fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let kubeconfig = self.cluster.kubeconfig().to_str().expect("a plain name");
        let all = [arguments, &["--kubeconfig", kubeconfig]].concat();
        let output = kpbuild::run(self.folder.path(), &all);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    pub(super) fn kubectl(&self, arguments: &[&str]) -> String {
        let all = ["-n", "watching"].iter().chain(arguments).copied();
        self.cluster.kubectl(all)
    }

    /// Starts `kpbuild forward` and reads the URLs that it prints.
    pub(super) fn forward(&self, arguments: &[&str], urls: usize) -> Forwarding {
        let mut child = Command::new(kpbuild::path())
            .arg("forward")
            .args(arguments)
            .arg("--kubeconfig")
            .arg(self.cluster.kubeconfig())
            .current_dir(self.folder.path())
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kpbuild was built and can be run");
        let said = Arc::new(Mutex::new(String::new()));
        let pipe = child.stderr.take().expect("stderr is piped");
        let listener = Arc::clone(&said);
        std::thread::spawn(move || listen(pipe, &listener));
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let lines: Vec<String> = stdout.lines().take(urls).map_while(Result::ok).collect();
        let forwarding = Forwarding { child, said, lines };
        assert_eq!(forwarding.lines.len(), urls, "{}", forwarding.said());
        forwarding
    }
}

fn listen(pipe: ChildStderr, said: &Mutex<String>) {
    for line in BufReader::new(pipe).lines().map_while(Result::ok) {
        let mut said = said.lock().expect("nobody panics here");
        said.push_str(&line);
        said.push('\n');
    }
}

/// A running `kpbuild forward`; it ends when it is dropped.
pub(super) struct Forwarding {
    child: Child,
    said: Arc<Mutex<String>>,
    /// What it printed on stdout: a name and a URL a line.
    pub(super) lines: Vec<String>,
}

impl Forwarding {
    pub(super) fn said(&self) -> String {
        self.said.lock().expect("nobody panics here").clone()
    }

    /// The address behind a line of stdout.
    pub(super) fn address(&self, line: usize) -> SocketAddr {
        let (_, url) = self.lines[line].rsplit_once("://").expect("a URL");
        let url = url.replace("localhost", "127.0.0.1");
        url.parse().expect("an address and a port")
    }

    /// Waits until it says something.
    pub(super) fn expect(&self, text: &str) {
        let found = until(Duration::from_mins(2), || self.said().contains(text));
        assert!(found, "`{text}` is not in:\n{}", self.said());
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Presses Ctrl-C and gives the exit code.
    pub(super) fn interrupt(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args(["-INT", &id]).status();
        assert!(killed.is_ok_and(|status| status.success()));
        self.child.wait().expect("it is our child").code()
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds; false when it does not in time.
pub(super) fn until(patience: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let begin = now();
    while !holds() {
        if begin.elapsed() > patience {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}

#[expect(
    clippy::disallowed_methods,
    reason = "the pipeline has no clock, its tests have"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

pub(super) fn node_exporter(programs: &Programs) -> SocketAddr {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut command = Command::new(tools::path(Tool::NodeExporter));
    command.arg(format!("--web.listen-address={address}"));
    start(programs, "node_exporter", &mut command, address, "/metrics");
    address
}

/// Two that know each other.
fn alertmanagers(programs: &Programs) -> [SocketAddr; 2] {
    let gossip = free_port();
    [("alertmanager-0", gossip), ("alertmanager-1", free_port())]
        .map(|(name, port)| alertmanager(programs, name, port, gossip))
}

/// Starts one that talks on a port and joins whoever talks on another one.
pub(super) fn alertmanager(
    programs: &Programs,
    name: &'static str,
    talks: u16,
    joins: u16,
) -> SocketAddr {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let config = programs.folder().join("alertmanager.yaml");
    let text = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";
    std::fs::write(&config, text).expect("the folder is ours");
    let mut command = Command::new(tools::path(Tool::Alertmanager));
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!(
            "--storage.path={}",
            programs.folder().join(name).display()
        ))
        .arg(format!("--web.listen-address={address}"))
        .arg(format!("--cluster.listen-address=127.0.0.1:{talks}"))
        .arg(format!("--cluster.advertise-address=127.0.0.1:{talks}"))
        .arg(format!("--cluster.peer=127.0.0.1:{joins}"))
        .arg("--cluster.settle-timeout=0s");
    start(programs, name, &mut command, address, "/-/ready");
    address
}

fn start(
    programs: &Programs,
    name: &'static str,
    command: &mut Command,
    address: SocketAddr,
    path: &str,
) {
    programs
        .spawn(name, command)
        .expect("a tool that was just built starts");
    let answers = || http::get(address, path).is_ok_and(|(code, _)| code == 200);
    assert!(
        until(Duration::from_mins(1), answers),
        "{}",
        programs.last_lines(name, 20)
    );
}

/// The job of a machine's exporter, as the stack calls it.
pub(super) fn scraping(exporter: SocketAddr) -> String {
    format!(
        "- job_name: machine\n  scrape_interval: 1s\n  static_configs:\n  - targets: ['{exporter}']\n    labels: {{job: \
         node-exporter}}\n"
    )
}
