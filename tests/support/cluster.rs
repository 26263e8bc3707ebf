//! A Kubernetes cluster on loopback without containers: a real etcd, API server, controller manager, scheduler and
//! prometheus-operator, and kwok in the place of the kubelets. Pods therefore become ready but run nothing.
//!
//! A test takes [`Cluster::shared`] with a namespace and name prefix of its own where it can, and [`Cluster::start`]
//! where it changes what all see (definitions, cluster roles, the server itself). `KPBUILD_TEST_KUBECONFIG` puts a
//! cluster of the developer's in the place of the shared one.

mod audit;
mod certificates;

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Once, OnceLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub use audit::Request;
use certificates::{Authority, Identity};

use crate::programs::Programs;
use crate::tools::{self, Tool, ToolError};

/// The definitions that prometheus-operator waits for before it starts, as its pod would in a cluster where it is
/// installed after them.
pub const DEFINITIONS: [&str; 10] = [
    "alertmanagerconfigs.monitoring.coreos.com",
    "alertmanagers.monitoring.coreos.com",
    "podmonitors.monitoring.coreos.com",
    "probes.monitoring.coreos.com",
    "prometheusagents.monitoring.coreos.com",
    "prometheuses.monitoring.coreos.com",
    "prometheusrules.monitoring.coreos.com",
    "scrapeconfigs.monitoring.coreos.com",
    "servicemonitors.monitoring.coreos.com",
    "thanosrulers.monitoring.coreos.com",
];

/// What runs in a cluster besides etcd and the API server.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Controller manager, scheduler, kwok, this many nodes, and 20 volumes of the default storage class. 0 starts
    /// none of them: objects are stored and nothing comes of them.
    pub nodes: usize,
    /// prometheus-operator, as soon as its definitions are established.
    pub operator: bool,
    /// Where a port-forward to a pod ends; kwok's pods listen to nothing themselves.
    pub forwards: Vec<Forward>,
}

impl Options {
    /// All there is, with three nodes.
    pub fn full() -> Self {
        Self {
            nodes: 3,
            operator: true,
            forwards: Vec::new(),
        }
    }

    /// etcd and the API server only: for tests of requests and answers.
    pub fn api_server() -> Self {
        Self::default()
    }
}

/// A port of a pod that a real server plays.
#[derive(Clone, Debug)]
pub struct Forward {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name; any pod of the namespace that has no forwards of its own without it.
    pub pod: Option<String>,
    /// The pod's port.
    pub port: u16,
    /// What answers there.
    pub to: SocketAddr,
}

/// A running cluster; it ends when it is dropped, or when the process ends.
pub struct Cluster {
    kubeconfig: PathBuf,
    /// Absent for a cluster that was given.
    own: Option<Own>,
    programs: Programs,
}

/// What only a cluster of our own has.
struct Own {
    authority: Authority,
    operator: Identity,
    url: String,
    audit: PathBuf,
}

impl Cluster {
    /// The one full cluster of this test process, started by the first test that asks for it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        static HOOK: Once = Once::new();
        let shared = SHARED.get_or_init(|| {
            let cluster = match given_kubeconfig() {
                Some(kubeconfig) => Self::given(kubeconfig),
                None => Self::try_start(&Options::full()),
            };
            cluster.unwrap_or_else(|error| panic!("{error}"))
        });
        // A static is never dropped, so that it cannot see for itself whether a test has failed.
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                before(panic);
                shared.programs.keep_folder();
            }));
        });
        shared
    }

    /// A cluster of the test's own; a test cannot go on without it, so it panics with the reason.
    pub fn start(options: &Options) -> Self {
        Self::try_start(options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A cluster of the caller's own, ready to use: the API server is ready, and so are the nodes.
    pub fn try_start(options: &Options) -> Result<Self, ClusterError> {
        const ATTEMPTS: usize = 3;
        let mut attempt = 1;
        loop {
            match Self::start_once(options) {
                // Between choosing a free port and listening on it somebody else may have taken it.
                Err(ClusterError::Ended { log, .. })
                    if attempt < ATTEMPTS && log.contains("address already in use") =>
                {
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The kubeconfig of a user who may do nothing but what the test grants to the name or the group. In a cluster
    /// that was given, the administrator impersonates the user.
    pub fn user(&self, name: &str, group: Option<&str>) -> PathBuf {
        self.try_user(name, group)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs kubectl as the administrator and gives what it printed; panics with its message when it fails.
    pub fn kubectl<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        self.try_kubectl(arguments, "")
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs kubectl as the administrator, with this standard input.
    pub fn try_kubectl<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: &str,
    ) -> Result<String, ClusterError> {
        let mut command = self.kubectl_command()?;
        command.args(arguments);
        let output = run(&mut command, input);
        let failed = |message: String| ClusterError::Kubectl {
            command: shown(&command),
            message,
        };
        let output = output.map_err(|error| failed(error.to_string()))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()))
        }
    }

    /// Applies manifests on the server's side, as the field manager `test`.
    pub fn apply(&self, manifests: &str) {
        self.try_kubectl(
            ["apply", "--server-side", "--field-manager=test", "-f", "-"],
            manifests,
        )
        .unwrap_or_else(|error| panic!("{error}"));
    }

    /// An object as the server has it now, or `None` when it has none.
    pub fn get(&self, namespace: &str, kind: &str, name: &str) -> Option<Value> {
        let text = self.kubectl([
            "get",
            "-n",
            namespace,
            kind,
            name,
            "--ignore-not-found",
            "-o",
            "json",
        ]);
        (!text.is_empty())
            .then(|| serde_json::from_str(&text).expect("`kubectl get -o json` prints JSON"))
    }

    /// A name for a namespace or a cluster-wide object that no other test uses.
    pub fn unique(prefix: &str) -> String {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        format!(
            "{prefix}-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        )
    }

    /// What the server was asked since it started; nothing for a cluster that was given.
    pub fn requests(&self) -> Vec<Request> {
        self.own
            .as_ref()
            .map(|own| audit::requests(&own.audit))
            .unwrap_or_default()
    }

    /// The address of the API server; `None` for a cluster that was given.
    pub fn url(&self) -> Option<&str> {
        self.own.as_ref().map(|own| own.url.as_str())
    }

    /// The programs that the cluster is made of (`etcd`, `kube-apiserver`, ...), to read their logs or to kill one.
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// Applies our custom resource definitions and waits until the server knows them, for tests of what comes after.
    pub fn install_definitions(&self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/crds");
        // Pyrra's is in a folder of its own there.
        let apply = ["apply", "--server-side", "--field-manager=test", "-Rf"].map(OsStr::new);
        self.kubectl(apply.into_iter().chain([folder.as_os_str()]));
        let definitions = DEFINITIONS.map(|definition| format!("crd/{definition}"));
        let definitions = definitions
            .into_iter()
            .chain(["crd/servicelevelobjectives.pyrra.dev".to_owned()]);
        self.kubectl(
            ["wait", "--for=condition=Established", "--timeout=60s"]
                .map(str::to_owned)
                .into_iter()
                .chain(definitions),
        );
    }

    /// Starts prometheus-operator, anew when it runs: it looks for its definitions only at its own start.
    pub fn start_operator(&self) {
        self.try_start_operator()
            .unwrap_or_else(|error| panic!("{error}"));
    }

    fn given(kubeconfig: PathBuf) -> Result<Self, ClusterError> {
        let programs = Programs::start()
            .map_err(|source| io_error("create a folder in", &std::env::temp_dir(), source))?;
        Ok(Self {
            kubeconfig,
            own: None,
            programs,
        })
    }

    fn start_once(options: &Options) -> Result<Self, ClusterError> {
        build_tools(options)?;
        let programs = Programs::start()
            .map_err(|source| io_error("create a folder in", &std::env::temp_dir(), source))?;
        let folder = programs.folder().to_owned();
        let authority = Authority::create(&folder)?;
        let accounts = certificates::service_account_keys(&folder)?;
        let [etcd, peer, server, kubelet] = free_ports()?;
        let url = format!("https://127.0.0.1:{server}");
        let own = Own {
            operator: authority.user("prometheus-operator", Some("system:masters"))?,
            audit: folder.join("audit.log"),
            authority,
            url,
        };
        let admin = own.authority.user("admin", Some("system:masters"))?;
        let kubeconfig = folder.join("admin.kubeconfig");
        write(&kubeconfig, &own.kubeconfig("admin", &admin))?;
        let cluster = Self {
            kubeconfig,
            own: Some(own),
            programs,
        };
        cluster.spawn("etcd", &mut etcd_command(&folder, etcd, peer)?)?;
        cluster.spawn(
            "kube-apiserver",
            &mut cluster.api_server_command(etcd, server, &accounts)?,
        )?;
        cluster.wait_until_ready(server)?;
        if options.nodes > 0 {
            cluster.start_workloads(options, kubelet, &accounts.1)?;
        }
        if options.operator {
            cluster.try_start_operator()?;
        }
        if options.nodes > 0 {
            cluster.try_kubectl(
                [
                    "wait",
                    "--for=condition=Ready",
                    "nodes",
                    "--all",
                    "--timeout=60s",
                ],
                "",
            )?;
        }
        Ok(cluster)
    }

    fn own(&self) -> Result<&Own, ClusterError> {
        self.own.as_ref().ok_or(ClusterError::Given)
    }

    fn api_server_command(
        &self,
        etcd: u16,
        port: u16,
        accounts: &(PathBuf, PathBuf),
    ) -> Result<Command, ClusterError> {
        let own = self.own()?;
        let folder = self.programs.folder();
        let policy = folder.join("audit-policy.yaml");
        write(&policy, audit::POLICY)?;
        let server = own.authority.server()?;
        let mut command = Command::new(tools::try_path(Tool::KubeApiserver)?);
        command
            .arg(format!("--etcd-servers=http://127.0.0.1:{etcd}"))
            .args([
                format!("--secure-port={port}"),
                "--bind-address=127.0.0.1".to_owned(),
            ])
            .arg(flag("cert-dir", folder))
            .arg(flag("tls-cert-file", &server.certificate))
            .arg(flag("tls-private-key-file", &server.key))
            .arg(flag("client-ca-file", &own.authority.certificate()))
            .arg(flag("service-account-key-file", &accounts.0))
            .arg(flag("service-account-signing-key-file", &accounts.1))
            .arg("--service-account-issuer=https://kubernetes.default.svc")
            // Reserved for benchmarks: what is sent to a service or to a pod of kwok reaches nobody's machine.
            .arg("--service-cluster-ip-range=198.19.0.0/24")
            .args(["--authorization-mode=RBAC", "--allow-privileged=true"])
            // Logs and port-forwards go to kwok, whose nodes have names that nobody resolves.
            .arg("--kubelet-preferred-address-types=InternalIP")
            // Pods of kwok need no token, and nothing shall wait for the controller that makes service accounts.
            .arg("--disable-admission-plugins=ServiceAccount")
            .arg(flag("audit-log-path", &own.audit))
            .arg(flag("audit-policy-file", &policy));
        Ok(command)
    }

    /// Waits for the port first, because a connection that is refused costs nothing and a kubectl does.
    fn wait_until_ready(&self, port: u16) -> Result<(), ClusterError> {
        const PATIENCE: Duration = Duration::from_mins(2);
        let begin = now();
        loop {
            if let Some((program, status)) = self.programs.ended() {
                let status = status.to_string();
                return Err(ClusterError::Ended {
                    program,
                    status,
                    log: self.programs.last_lines(program, 20),
                });
            }
            let listens = std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
            if listens && self.try_kubectl(["get", "--raw", "/readyz"], "").is_ok() {
                return Ok(());
            }
            if begin.elapsed() > PATIENCE {
                let log = self.programs.last_lines("kube-apiserver", 20);
                return Err(ClusterError::NotReady {
                    seconds: PATIENCE.as_secs(),
                    log,
                });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn start_workloads(
        &self,
        options: &Options,
        kubelet: u16,
        accounts: &Path,
    ) -> Result<(), ClusterError> {
        let mut controllers = Command::new(tools::try_path(Tool::KubeControllerManager)?);
        controllers
            .arg(flag("kubeconfig", &self.kubeconfig))
            .arg(flag("service-account-private-key-file", accounts))
            .args(["--leader-elect=false", "--secure-port=0"])
            // These look after machines and clouds, which there are none of.
            .arg("--controllers=*,-node-ipam-controller,-node-route-controller,-service-lb-controller,-cloud-node-lifecycle-controller")
            // kwok's nodes send a heartbeat less often than the default of 50 s allows, and nothing here brings a pod
            // back that was marked as not ready because its node was thought lost.
            .arg("--node-monitor-grace-period=24h")
            .arg("--node-startup-grace-period=24h");
        self.spawn("kube-controller-manager", &mut controllers)?;

        let mut scheduler = Command::new(tools::try_path(Tool::KubeScheduler)?);
        scheduler
            .arg(flag("kubeconfig", &self.kubeconfig))
            .args(["--leader-elect=false", "--secure-port=0"]);
        self.spawn("kube-scheduler", &mut scheduler)?;

        self.try_kubectl(["create", "-f", "-"], &seed(options.nodes))?;
        self.spawn("kwok", &mut self.kwok_command(options, kubelet)?)
    }

    fn kwok_command(&self, options: &Options, port: u16) -> Result<Command, ClusterError> {
        let folder = self.programs.folder();
        let config = folder.join("kwok.yaml");
        let log = folder.join("pod-output.txt");
        write(&log, POD_OUTPUT)?;
        write(&config, &kwok_config(&log, &options.forwards))?;
        let mut command = Command::new(tools::try_path(Tool::Kwok)?);
        command
            .arg(flag("kubeconfig", &self.kubeconfig))
            .args([
                "--manage-all-nodes=true",
                "--node-ip=127.0.0.1",
                "--cidr=198.18.0.0/16",
            ])
            .args([
                format!("--node-port={port}"),
                format!("--server-address=127.0.0.1:{port}"),
            ])
            .arg(flag("config", &config));
        Ok(command)
    }

    fn try_start_operator(&self) -> Result<(), ClusterError> {
        let own = self.own()?;
        let name = "prometheus-operator";
        self.programs
            .kill(name)
            .map_err(|source| ClusterError::Spawn {
                program: name,
                source,
            })?;
        let kubeconfig = self
            .programs
            .folder()
            .join("prometheus-operator.kubeconfig");
        write(&kubeconfig, &own.kubeconfig(name, &own.operator))?;
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                OPERATOR,
                name,
                &DEFINITIONS
                    .map(|definition| format!("crd/{definition}"))
                    .join(" "),
            ])
            .arg(tools::try_path(Tool::PrometheusOperator)?)
            .args([
                format!("--apiserver={}", own.url),
                "--kubelet-service=kube-system/kubelet".to_owned(),
            ])
            .arg(flag("ca-file", &own.authority.certificate()))
            .arg(flag("cert-file", &own.operator.certificate))
            .arg(flag("key-file", &own.operator.key))
            .arg("--web.listen-address=127.0.0.1:0")
            .env("KUBECTL", tools::try_path(Tool::Kubectl)?)
            .env("KUBECONFIG", &kubeconfig)
            .env("KUBECACHEDIR", self.programs.folder().join("kubectl-cache"));
        self.spawn(name, &mut command)
    }

    fn try_user(&self, name: &str, group: Option<&str>) -> Result<PathBuf, ClusterError> {
        let path = self.programs.folder().join(format!(
            "{}.kubeconfig",
            Self::unique(&name.replace(['/', ':'], "-"))
        ));
        let text = match &self.own {
            Some(own) => own.kubeconfig(name, &own.authority.user(name, group)?),
            None => self.impersonating(name, group)?,
        };
        write(&path, &text)?;
        Ok(path)
    }

    /// The given kubeconfig with its user acting as another.
    fn impersonating(&self, name: &str, group: Option<&str>) -> Result<String, ClusterError> {
        let text = self.try_kubectl(
            [
                "config",
                "view",
                "--raw",
                "--minify",
                "--flatten",
                "-o",
                "json",
            ],
            "",
        )?;
        let mut config: Value =
            serde_json::from_str(&text).expect("`kubectl config view -o json` prints JSON");
        config["users"][0]["user"]["as"] = json!(name);
        config["users"][0]["user"]["as-groups"] = json!(Vec::from_iter(group));
        Ok(config.to_string())
    }

    fn kubectl_command(&self) -> Result<Command, ClusterError> {
        let mut command = Command::new(tools::try_path(Tool::Kubectl)?);
        command
            .env("KUBECONFIG", &self.kubeconfig)
            .env("KUBECACHEDIR", self.programs.folder().join("kubectl-cache"))
            .env_remove("KUBECTL_EXTERNAL_DIFF");
        Ok(command)
    }

    fn spawn(&self, program: &'static str, command: &mut Command) -> Result<(), ClusterError> {
        self.programs
            .spawn(program, command)
            .map_err(|source| ClusterError::Spawn { program, source })
    }
}

impl Own {
    /// A kubeconfig is YAML, and so is JSON.
    fn kubeconfig(&self, name: &str, identity: &Identity) -> String {
        let cluster =
            json!({"server": self.url, "certificate-authority": self.authority.certificate()});
        let user = json!({"client-certificate": identity.certificate, "client-key": identity.key});
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "kpbuild-test", "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "kpbuild-test", "context": {"cluster": "kpbuild-test", "user": name}}],
            "current-context": "kpbuild-test",
        });
        serde_json::to_string_pretty(&config)
            .expect("a value without maps of other keys than strings is JSON")
    }
}

/// Why a cluster cannot be had, or what it refused.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// A program cannot be built.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// A program cannot be started.
    #[error("cannot start {program}: {source}")]
    Spawn {
        /// Which one.
        program: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A program ended by itself.
    #[error("{program} of the test cluster ended with {status}; its last lines:\n{log}")]
    Ended {
        /// Which one.
        program: &'static str,
        /// How.
        status: String,
        /// What it printed last.
        log: String,
    },
    /// The API server did not become ready.
    #[error(
        "the API server of the test cluster was not ready after {seconds} s; its last lines:\n{log}"
    )]
    NotReady {
        /// How long it had.
        seconds: u64,
        /// What it printed last.
        log: String,
    },
    /// kubectl failed.
    #[error("`{command}` failed: {message}")]
    Kubectl {
        /// The command line.
        command: String,
        /// What it said.
        message: String,
    },
    /// Only a cluster of our own can do that.
    #[error(
        "not possible in the cluster that `KPBUILD_TEST_KUBECONFIG` names, whose programs are not ours"
    )]
    Given,
    /// A file or a port cannot be used.
    #[error("cannot {attempt} {path}: {source}")]
    Io {
        /// What was attempted.
        attempt: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Starts the operator, `$2` and its flags, when the definitions in `$1` are there. `kubectl wait --for=create` takes
/// only one object at a time.
const OPERATOR: &str = r#"
definitions=$1
shift
for definition in $definitions; do
  "$KUBECTL" wait --for=create --timeout=24h "$definition" || exit
done
"$KUBECTL" wait --for=condition=Established --timeout=24h $definitions && exec "$@"
"#;

/// What every container of every pod has printed, in the format of a kubelet's log files, for tests that show the last
/// lines of one that crashed.
const POD_OUTPUT: &str = "\
2026-01-01T00:00:00.000000000Z stdout F level=info msg=\"starting\"
2026-01-01T00:00:01.000000000Z stderr F level=error msg=\"cannot read the configuration: no such file\"
";

/// A port on loopback that nobody listens on now.
pub fn free_port() -> u16 {
    let [port] = free_ports().unwrap_or_else(|error| panic!("{error}"));
    port
}

#[expect(
    clippy::disallowed_methods,
    reason = "a developer's own cluster is named by the environment"
)]
fn given_kubeconfig() -> Option<PathBuf> {
    std::env::var_os("KPBUILD_TEST_KUBECONFIG").map(PathBuf::from)
}

/// Builds all that will be needed before the first program waits for the second.
fn build_tools(options: &Options) -> Result<(), ClusterError> {
    let mut needed = vec![Tool::Etcd, Tool::KubeApiserver, Tool::Kubectl];
    if options.nodes > 0 {
        needed.extend([Tool::KubeControllerManager, Tool::KubeScheduler, Tool::Kwok]);
    }
    if options.operator {
        needed.push(Tool::PrometheusOperator);
    }
    for tool in needed {
        tools::try_path(tool)?;
    }
    Ok(())
}

fn etcd_command(folder: &Path, client: u16, peer: u16) -> Result<Command, ClusterError> {
    let (client, peer) = (
        format!("http://127.0.0.1:{client}"),
        format!("http://127.0.0.1:{peer}"),
    );
    let mut command = Command::new(tools::try_path(Tool::Etcd)?);
    command
        .arg(flag("data-dir", &folder.join("etcd")))
        .args([
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
        ])
        .args([
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
        ])
        // What is lost when the machine stops was to be thrown away anyway.
        .args([
            format!("--initial-cluster=default={peer}"),
            "--unsafe-no-fsync".to_owned(),
        ]);
    Ok(command)
}

/// Nodes, and volumes that claims of the default class bind to.
fn seed(nodes: usize) -> String {
    let quantities =
        json!({"cpu": "32", "memory": "256Gi", "pods": "200", "ephemeral-storage": "1Ti"});
    let nodes = (1..=nodes).map(|number| {
        let name = format!("node-{number}");
        let labels = json!({
            "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name,
        });
        json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
            "status": {"allocatable": quantities, "capacity": quantities},
        })
    });
    let class = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "kubernetes.io/no-provisioner",
        "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    });
    let volumes = (1..=20).map(|number| {
        json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": format!("volume-{number}")},
            "spec": {
                "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Ti"}, "storageClassName": "standard",
                "hostPath": {"path": "/nonexistent"},
            },
        })
    });
    let items: Vec<Value> = nodes.chain([class]).chain(volumes).collect();
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

fn kwok_config(pod_output: &Path, forwards: &[Forward]) -> String {
    let mut config = include_str!("cluster/stages.yaml").to_owned();
    let logs = json!({
        "apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "ClusterLogs", "metadata": {"name": "every-pod"},
        "spec": {"logs": [{"logsFile": pod_output, "previousLogsFile": pod_output, "follow": false}]},
    });
    let forwards = forwards.iter().enumerate().map(|(number, forward)| {
        let spec = |selector: Value| {
            json!({"selector": selector, "forwards": [{
                "ports": [forward.port],
                "target": {"address": forward.to.ip().to_string(), "port": forward.to.port()},
            }]})
        };
        match &forward.pod {
            Some(pod) => json!({
                "apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "PortForward",
                "metadata": {"name": pod, "namespace": forward.namespace}, "spec": spec(Value::Null),
            }),
            None => json!({
                "apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "ClusterPortForward",
                "metadata": {"name": format!("forward-{number}")},
                "spec": spec(json!({"matchNamespaces": [forward.namespace]})),
            }),
        }
    });
    for document in forwards.chain([logs]) {
        config.push_str("---\n");
        config.push_str(&document.to_string());
        config.push('\n');
    }
    config
}

/// Ports that nobody listens on now, each given once: a program may take its port minutes later. They are below those
/// that the system gives to connections and to whoever asks for any port, and begin elsewhere in each process.
fn free_ports<const COUNT: usize>() -> Result<[u16; COUNT], ClusterError> {
    const FIRST: u32 = 15_000;
    const ALL: u32 = 15_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(997) % ALL;
    let next = || {
        let number = (begin + GIVEN.fetch_add(1, Ordering::Relaxed) % ALL) % ALL;
        u16::try_from(FIRST + number).expect("it is below 30000")
    };
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let mut tried = (0..ALL).map(|_| next());
        let free = tried.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
        let none = || io::Error::from(io::ErrorKind::AddrInUse);
        *port = free
            .ok_or_else(none)
            .map_err(|source| io_error("find a free port on", Path::new("127.0.0.1"), source))?;
    }
    Ok(ports)
}

fn run(command: &mut Command, input: &str) -> io::Result<std::process::Output> {
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut pipe = process.stdin.take().expect("stdin is piped");
    std::thread::scope(|scope| {
        // Written beside the reading, because a program may answer before it has read all.
        scope.spawn(move || pipe.write_all(input.as_bytes()));
        process.wait_with_output()
    })
}

fn shown(command: &Command) -> String {
    let words = command
        .get_args()
        .map(|word| word.to_string_lossy().into_owned());
    std::iter::once("kubectl".to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

fn flag(name: &str, path: &Path) -> String {
    format!("--{name}={}", path.display())
}

fn write(path: &Path, text: &str) -> Result<(), ClusterError> {
    fs::write(path, text).map_err(|source| io_error("write", path, source))
}

fn io_error(attempt: &'static str, path: &Path, source: io::Error) -> ClusterError {
    ClusterError::Io {
        attempt,
        path: path.to_owned(),
        source,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the pipeline has no clock, its tests have"
)]
fn now() -> Instant {
    Instant::now()
}
