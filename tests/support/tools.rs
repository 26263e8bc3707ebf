//! The programs that the tests run, each built by `go build` from a small module of ours under `tests/support/tools/`.
//!
//! Versions stand in those go.mod files and nowhere else. What is built lies in a cache outside the checkout, under a
//! key made of version and module, so that a second clone on the same machine builds nothing. This is deliberately not
//! an installer: it changes nothing but its cache.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Pid;

/// A program that tests run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Runs workflows of GitHub on this machine.
    Act,
    /// Checks workflows of GitHub.
    Actionlint,
    /// Prometheus' alert router.
    Alertmanager,
    /// Checks Alertmanager configurations and routes.
    Amtool,
    /// Argo CD's server of plug-ins, with a client; ours is only the client, see `tools/argocd-plugin/main.go`.
    ArgocdPlugin,
    /// Generates custom resource definitions from Go types.
    ControllerGen,
    /// The API server's store.
    Etcd,
    /// Brings packages of jsonnet into `vendor/`, for comparison.
    Jb,
    /// Installs charts.
    Helm,
    /// The API server itself.
    KubeApiserver,
    /// Deployments, garbage collection, namespaces.
    KubeControllerManager,
    /// Puts pods on nodes.
    KubeScheduler,
    /// The usual command-line client, for comparison.
    Kubectl,
    /// The part of Flux that applies manifests.
    KustomizeController,
    /// Plays the kubelets.
    Kwok,
    /// Exposes a machine's metrics.
    NodeExporter,
    /// Prometheus itself.
    Prometheus,
    /// Turns Prometheus objects into `StatefulSets`.
    PrometheusOperator,
    /// Checks and unit-tests rules.
    Promtool,
    /// Reads YAML as kubectl does; our own, see `tools/yamlread/main.go`.
    Yamlread,
}

impl Tool {
    /// Every tool, for a test of them all and for filling the cache.
    pub const ALL: [Self; 20] = [
        Self::Act,
        Self::Actionlint,
        Self::Alertmanager,
        Self::Amtool,
        Self::ArgocdPlugin,
        Self::ControllerGen,
        Self::Etcd,
        Self::Jb,
        Self::Helm,
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::KubeScheduler,
        Self::Kubectl,
        Self::KustomizeController,
        Self::Kwok,
        Self::NodeExporter,
        Self::Prometheus,
        Self::PrometheusOperator,
        Self::Promtool,
        Self::Yamlread,
    ];

    /// The program's name as its users type it.
    pub fn name(self) -> &'static str {
        self.recipe().name
    }

    /// The version that go.mod asks for, with its `v`; empty for a program of ours.
    pub fn version(self) -> Result<String, ToolError> {
        let recipe = self.recipe();
        Ok(required_version(
            &read(&recipe.folder().join("go.mod"))?,
            recipe.module,
        ))
    }

    fn recipe(self) -> Recipe {
        match self {
            Self::Act => Recipe::of_name("act", "github.com/nektos/act", "", &[]),
            Self::Actionlint => Recipe::of_name(
                "actionlint",
                "github.com/rhysd/actionlint",
                "/cmd/actionlint",
                &["main.version"],
            ),
            Self::Alertmanager => Recipe::prometheus_style(
                "alertmanager",
                "alertmanager",
                "github.com/prometheus/alertmanager",
                "/cmd/alertmanager",
            ),
            Self::Amtool => Recipe::prometheus_style(
                "amtool",
                "alertmanager",
                "github.com/prometheus/alertmanager",
                "/cmd/amtool",
            ),
            Self::ArgocdPlugin => Recipe {
                name: "argocd-plugin",
                folder: "argocd-plugin",
                module: "",
                package: ".",
                version_variables: &[],
            },
            Self::ControllerGen => Recipe::of_name(
                "controller-gen",
                "sigs.k8s.io/controller-tools",
                "/cmd/controller-gen",
                &["sigs.k8s.io/controller-tools/pkg/version.version"],
            ),
            Self::Etcd => Recipe::of_name("etcd", "go.etcd.io/etcd/server/v3", "", &[]),
            Self::Jb => Recipe {
                name: "jb",
                folder: "jsonnet-bundler",
                module: "github.com/jsonnet-bundler/jsonnet-bundler",
                package: "/cmd/jb",
                version_variables: &["main.Version"],
            },
            Self::Helm => Recipe::of_name(
                "helm",
                "helm.sh/helm/v3",
                "/cmd/helm",
                &["helm.sh/helm/v3/internal/version.version"],
            ),
            Self::KubeApiserver => Recipe::kubernetes("kube-apiserver", "/cmd/kube-apiserver"),
            Self::KubeControllerManager => {
                Recipe::kubernetes("kube-controller-manager", "/cmd/kube-controller-manager")
            }
            Self::KubeScheduler => Recipe::kubernetes("kube-scheduler", "/cmd/kube-scheduler"),
            Self::Kubectl => Recipe::kubernetes("kubectl", "/cmd/kubectl"),
            Self::KustomizeController => Recipe {
                name: "kustomize-controller",
                folder: "kustomize-controller",
                module: "github.com/fluxcd/kustomize-controller",
                package: "",
                version_variables: &[],
            },
            Self::Kwok => Recipe::of_name(
                "kwok",
                "sigs.k8s.io/kwok",
                "/cmd/kwok",
                &["sigs.k8s.io/kwok/pkg/consts.Version"],
            ),
            Self::NodeExporter => Recipe::prometheus_style(
                "node_exporter",
                "node-exporter",
                "github.com/prometheus/node_exporter",
                "",
            ),
            Self::Prometheus => Recipe::prometheus_style(
                "prometheus",
                "prometheus",
                "github.com/prometheus/prometheus",
                "/cmd/prometheus",
            ),
            Self::PrometheusOperator => Recipe::prometheus_style(
                "prometheus-operator",
                "prometheus-operator",
                "github.com/prometheus-operator/prometheus-operator",
                "/cmd/operator",
            ),
            Self::Promtool => Recipe::prometheus_style(
                "promtool",
                "prometheus",
                "github.com/prometheus/prometheus",
                "/cmd/promtool",
            ),
            Self::Yamlread => Recipe {
                name: "yamlread",
                folder: "yamlread",
                module: "",
                package: ".",
                version_variables: &[],
            },
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where the tool lies, built first when it has to be. A test cannot go on without it, so it panics with what to do.
pub fn path(tool: Tool) -> PathBuf {
    try_path(tool).unwrap_or_else(|error| panic!("{error}"))
}

/// Where the tool lies: `KUBEBUILDER_ASSETS` first, then the cache, else it is built into the cache.
pub fn try_path(tool: Tool) -> Result<PathBuf, ToolError> {
    if let Some(given) = given_asset(tool) {
        return Ok(given);
    }
    let recipe = tool.recipe();
    let sums = read(&recipe.folder().join("go.sum"))?;
    let module = read(&recipe.folder().join("go.mod"))?;
    let version = required_version(&module, recipe.module);
    let flags = recipe.linker_flags(&version);
    let sources = if recipe.module.is_empty() {
        read(&recipe.folder().join("main.go"))?
    } else {
        String::new()
    };
    let key = format!(
        "{}-{version}-{:016x}",
        recipe.name,
        fingerprint(&[&module, &sums, &flags, &sources])
    );
    let built = cache()?.join(key).join(recipe.name);
    if !built.exists() {
        build_once(&recipe, &version, &flags, &built)?;
    }
    Ok(built)
}

/// The tools' modules that publish the custom resource definitions of Argo CD and Flux: the folder of go.mod, the module,
/// and where they are in it.
const DEFINITIONS: [(&str, &str, &str); 3] = [
    (
        "argocd-plugin",
        "github.com/argoproj/argo-cd/v3",
        "manifests/crds",
    ),
    (
        "kustomize-controller",
        "github.com/fluxcd/kustomize-controller",
        "config/crd/bases",
    ),
    (
        "source-controller",
        "github.com/fluxcd/source-controller",
        "config/crd/bases",
    ),
];

/// A folder with the custom resource definitions of Argo CD and Flux, from the cache or from their modules. A test cannot
/// go on without them, so it panics with what to do.
pub fn definitions() -> PathBuf {
    try_definitions().unwrap_or_else(|error| panic!("{error}"))
}

fn try_definitions() -> Result<PathBuf, ToolError> {
    let modules: Vec<(PathBuf, String)> = DEFINITIONS
        .iter()
        .map(|(name, module, _)| {
            let folder = tool_folder(name);
            let version = required_version(&read(&folder.join("go.mod"))?, module);
            Ok((folder, format!("{module}@{version}")))
        })
        .collect::<Result<_, ToolError>>()?;
    let names: Vec<&str> = modules.iter().map(|(_, module)| module.as_str()).collect();
    let cache = cache()?;
    let kept = cache.join(format!("definitions-{:016x}", fingerprint(&names)));
    if kept.exists() {
        return Ok(kept);
    }
    fs::create_dir_all(&cache).map_err(|source| io_error("create", &cache, source))?;
    let unfinished = tempfile::tempdir_in(&cache)
        .map_err(|source| io_error("create a folder in", &cache, source))?;
    for ((folder, module), (_, _, place)) in modules.iter().zip(DEFINITIONS) {
        copy_files(&download(folder, module)?.join(place), unfinished.path())?;
    }
    match fs::rename(unfinished.path(), &kept) {
        // Another process may have been faster.
        Err(source) if !kept.exists() => Err(io_error("rename a folder to", &kept, source)),
        _ => Ok(kept),
    }
}

/// Brings a module into Go's own cache, and gives its folder there.
fn download(folder: &Path, module: &str) -> Result<PathBuf, ToolError> {
    let output = Command::new("go")
        .args(["mod", "download", "-json", module])
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .current_dir(folder)
        .output()
        .map_err(|source| ToolError::NoGo {
            tool: "custom resource definitions",
            source,
        })?;
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    match answer["Dir"].as_str() {
        Some(folder) if output.status.success() => Ok(PathBuf::from(folder)),
        _ => Err(ToolError::Download {
            module: module.to_owned(),
            output: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        }),
    }
}

/// Copies what is a definition; a kustomization beside them is none.
fn copy_files(from: &Path, to: &Path) -> Result<(), ToolError> {
    let failed = |source| io_error("read", from, source);
    for entry in fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Some(name) = path
            .file_name()
            .filter(|name| *name != "kustomization.yaml")
        else {
            continue;
        };
        // Files of Go's cache may not be written, and copies with their permissions could not be removed.
        fs::write(to.join(name), read(&path)?).map_err(|source| io_error("write", to, source))?;
    }
    Ok(())
}

/// Whether `go` can be run, for tests that are about generated files and may be skipped.
pub fn go_is_installed() -> bool {
    Command::new("go")
        .arg("version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// The folder of a Go module at a version, from Go's cache or the network; nothing where it cannot be had.
pub fn module(module: &str, version: &str) -> Option<PathBuf> {
    let output = Command::new("go")
        .args(["mod", "download", "-json", &format!("{module}@{version}")])
        // Outside of a module, so that no go.mod decides.
        .current_dir(std::env::temp_dir())
        .output()
        .ok()?;
    let about: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    let folder = PathBuf::from(about["Dir"].as_str()?);
    folder.is_dir().then_some(folder)
}

/// Writes a line to the terminal even while the test harness captures what tests print: a build takes minutes, and
/// whoever waits for it shall see why.
pub fn progress(line: &str) {
    // Nobody to read it is no reason to stop.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Why a tool cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// `go` itself cannot be started.
    #[error(
        "cannot run `go build` for {tool}: {source}; the tests build the programs they run from their Go modules: \
         install Go 1.26 or later from https://go.dev/dl and see that `go` is in PATH"
    )]
    NoGo {
        /// What was to be built.
        tool: &'static str,
        /// Why `go` did not start.
        source: io::Error,
    },
    /// `go build` ran and failed.
    #[error("`go build {package}` in {folder} failed:\n{output}")]
    Build {
        /// The Go package.
        package: String,
        /// The folder of its go.mod.
        folder: PathBuf,
        /// What `go` said.
        output: String,
    },
    /// `go mod download` ran and failed.
    #[error("`go mod download {module}` failed:\n{output}")]
    Download {
        /// The module and its version.
        module: String,
        /// What `go` said.
        output: String,
    },
    /// The cache or a module file cannot be used.
    #[error("cannot {attempt} {path}: {source}")]
    Io {
        /// What was attempted.
        attempt: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is neither `XDG_CACHE_HOME` nor `HOME`.
    #[error("no place for the test tools: neither `XDG_CACHE_HOME` nor `HOME` is set")]
    NoHome,
}

/// How a tool is built.
struct Recipe {
    name: &'static str,
    /// The folder under `tests/support/tools/`.
    folder: &'static str,
    /// The Go module that go.mod requires; empty when the folder itself is the program.
    module: &'static str,
    /// The package, after the module's path.
    package: &'static str,
    /// String variables that the program prints as its version; published builds set them in the same way.
    version_variables: &'static [&'static str],
}

impl Recipe {
    /// One whose folder has the program's name.
    const fn of_name(
        name: &'static str,
        module: &'static str,
        package: &'static str,
        version_variables: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            folder: name,
            module,
            package,
            version_variables,
        }
    }

    const fn kubernetes(name: &'static str, package: &'static str) -> Self {
        Self {
            name,
            folder: "kubernetes",
            module: "k8s.io/kubernetes",
            package,
            version_variables: &[
                "k8s.io/component-base/version.gitVersion",
                "k8s.io/client-go/pkg/version.gitVersion",
            ],
        }
    }

    const fn prometheus_style(
        name: &'static str,
        folder: &'static str,
        module: &'static str,
        package: &'static str,
    ) -> Self {
        Self {
            name,
            folder,
            module,
            package,
            version_variables: &["github.com/prometheus/common/version.Version"],
        }
    }

    fn folder(&self) -> PathBuf {
        tool_folder(self.folder)
    }

    /// Name and version, for progress.
    fn shown(&self, version: &str) -> String {
        format!("{} {version}", self.name).trim_end().to_owned()
    }

    fn linker_flags(&self, version: &str) -> String {
        let shown = if self.name.starts_with("kube") {
            version
        } else {
            version.trim_start_matches('v')
        };
        let variables = self
            .version_variables
            .iter()
            .map(|variable| format!("-X {variable}={shown}"));
        // Nobody debugs these programs; without symbols they take a third less room.
        std::iter::once("-s -w".to_owned())
            .chain(variables)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// The folder of a tool's go.mod.
fn tool_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("support/tools")
        .join(name)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment is how envtest hands over programs"
)]
fn given_asset(tool: Tool) -> Option<PathBuf> {
    if !matches!(tool, Tool::Etcd | Tool::KubeApiserver | Tool::Kubectl) {
        return None;
    }
    let given = Path::new(&std::env::var_os("KUBEBUILDER_ASSETS")?).join(tool.name());
    given.exists().then_some(given)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment says where caches lie"
)]
fn cache() -> Result<PathBuf, ToolError> {
    let folder = match std::env::var_os("XDG_CACHE_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(std::env::var_os("HOME").ok_or(ToolError::NoHome)?).join(".cache"),
    };
    Ok(folder.join("kpbuild/test-tools"))
}

/// The version after the module's path in a `require` of go.mod.
fn required_version(go_mod: &str, module: &str) -> String {
    go_mod
        .lines()
        .filter(|line| !line.contains("=>"))
        .find_map(|line| {
            line.trim()
                .trim_start_matches("require ")
                .strip_prefix(module)?
                .strip_prefix(' ')
        })
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap_or_default()
        .to_owned()
}

/// FNV-1a: the key has to be the same for every compiler, and nobody attacks it.
fn fingerprint(texts: &[&str]) -> u64 {
    texts
        .iter()
        .flat_map(|text| text.bytes().chain([0]))
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// Builds under a lock: of several test processes that want the tool one builds it, the others wait and find it.
fn build_once(recipe: &Recipe, version: &str, flags: &str, built: &Path) -> Result<(), ToolError> {
    let folder = built
        .parent()
        .expect("the program lies in the folder of its key");
    let cache = folder
        .parent()
        .expect("the folder of a key lies in the cache");
    fs::create_dir_all(cache).map_err(|source| io_error("create", cache, source))?;
    let lock_path = cache.join(format!("{}.lock", recipe.name));
    let lock = File::create(&lock_path).map_err(|source| io_error("create", &lock_path, source))?;
    if lock.try_lock().is_err() {
        progress(&format!(
            "waiting for {}, which another process builds",
            recipe.shown(version)
        ));
        lock.lock()
            .map_err(|source| io_error("lock", &lock_path, source))?;
    }
    if built.exists() {
        return Ok(());
    }
    let unfinished = tempfile::tempdir_in(cache)
        .map_err(|source| io_error("create a folder in", cache, source))?;
    let time_path = cache.join(format!("{}.seconds", recipe.name));
    announce(recipe, version, &time_path);
    let took = go_build(recipe, flags, &unfinished.path().join(recipe.name))?;
    progress(&format!(
        "built {} in {} s",
        recipe.shown(version),
        took.as_secs()
    ));
    fs::write(&time_path, took.as_secs().to_string())
        .map_err(|source| io_error("write", &time_path, source))?;
    fs::rename(unfinished.keep(), folder)
        .map_err(|source| io_error("rename a folder to", folder, source))
}

fn announce(recipe: &Recipe, version: &str, time_path: &Path) {
    let last =
        fs::read_to_string(time_path).map(|seconds| format!("; the last build took {seconds} s"));
    let last = last.unwrap_or_default();
    progress(&format!(
        "building {} for the tests, once for this machine{last}",
        recipe.shown(version)
    ));
}

/// As `nice -n 19` gives.
const LOWEST_PRIORITY: i32 = 19;

/// Runs `go build` and says every half minute that it still runs.
fn go_build(recipe: &Recipe, flags: &str, output: &Path) -> Result<Duration, ToolError> {
    let package = format!("{}{}", recipe.module, recipe.package);
    let begin = now();
    let mut go = Command::new("go")
        .args([
            "build",
            "-mod=readonly",
            "-trimpath",
            "-buildvcs=false",
            "-ldflags",
            flags,
            "-o",
        ])
        .arg(output)
        .arg(&package)
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .current_dir(recipe.folder())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| ToolError::NoGo {
            tool: recipe.name,
            source,
        })?;
    // Tests that run beside it measure how long a cluster takes. Where it does not work, nothing is lost.
    let _ = rustix::process::setpriority_process(Some(Pid::from_child(&go)), LOWEST_PRIORITY);
    let messages = go.stderr.take().expect("stderr is piped");
    let reader = std::thread::spawn(move || io::read_to_string(messages).unwrap_or_default());
    let mut next = Duration::from_secs(30);
    while !reader.is_finished() {
        std::thread::sleep(Duration::from_millis(50));
        let passed = begin.elapsed();
        if passed >= next {
            progress(&format!(
                "building {}: {} s so far",
                recipe.name,
                passed.as_secs()
            ));
            next += Duration::from_secs(30);
        }
    }
    let status = go.wait().map_err(|source| ToolError::NoGo {
        tool: recipe.name,
        source,
    })?;
    if status.success() {
        return Ok(begin.elapsed());
    }
    let output = reader.join().unwrap_or_default();
    Err(ToolError::Build {
        package,
        folder: recipe.folder(),
        output,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the pipeline has no clock, its tests have"
)]
fn now() -> Instant {
    Instant::now()
}

fn read(path: &Path) -> Result<String, ToolError> {
    fs::read_to_string(path).map_err(|source| io_error("read", path, source))
}

fn io_error(attempt: &'static str, path: &Path, source: io::Error) -> ToolError {
    ToolError::Io {
        attempt,
        path: path.to_owned(),
        source,
    }
}
