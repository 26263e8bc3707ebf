//! Flux' kustomize-controller, with the Kustomization of the page and what kpbuild renders. What its source-controller does
//! (it brings an archive of a repository and notes where it is) the test does itself: that part never looks inside.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use kpbuild_tests::cluster::{Cluster, Options, free_port};
use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::{self, Tool};
use kpbuild_tests::web::Web;
use serde_json::{Value, json};

/// What becomes ready in the test cluster, in which no aggregated API does, and whose nodes have no address that a
/// Service leads to.
const STACK: &str = "\
kind: Stack
name: flux
components:
  kubernetes: {enabled: false}
  prometheus-adapter: {enabled: false}
";

#[test]
fn flux_installs_what_is_rendered_and_removes_what_goes() {
    let cluster = Cluster::start(&Options::full());
    super::prepare(&cluster);
    let folder = tempfile::tempdir().expect("a folder for the stack");
    start_controller(&cluster);

    let git = super::object("GitRepository");
    let kustomization = super::object("Kustomization");
    let objects = render(folder.path(), STACK);
    let first = archive(folder.path(), &["manifests"]);
    offer(&cluster, &git, &first, "main@sha1:1");
    super::apply_strictly(&cluster, &kustomization).expect("Flux knows it");
    let applied = wait_for(&cluster, "main@sha1:1");
    assert_eq!(applied, objects, "each object is in Flux' inventory");
    let grafana = || cluster.get("monitoring", "deployment", "grafana");
    assert!(grafana().is_some());

    // The same as an artifact, which holds the inside of the folder, without Grafana.
    let objects = render(
        folder.path(),
        &format!("{STACK}  grafana: {{enabled: false}}\n"),
    );
    let second = archive(&folder.path().join("manifests"), &["."]);
    offer(
        &cluster,
        &super::object("OCIRepository"),
        &second,
        "latest@sha256:2",
    );
    let mut by_artifact = kustomization;
    by_artifact["spec"]["sourceRef"]["kind"] = json!("OCIRepository");
    by_artifact["spec"]["path"] = json!("./");
    super::apply_strictly(&cluster, &by_artifact).expect("Flux knows it");
    assert_eq!(wait_for(&cluster, "latest@sha256:2"), objects);
    cluster.kubectl([
        "wait",
        "--for=delete",
        "--timeout=60s",
        "-n",
        "monitoring",
        "deployment/grafana",
    ]);
    assert!(cluster.get("monitoring", "prometheus", "k8s").is_some());
}

fn start_controller(cluster: &Cluster) {
    let health = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut command = Command::new(tools::path(Tool::KustomizeController));
    command
        .args([
            "--watch-all-namespaces",
            "--events-addr=",
            "--metrics-addr=0",
        ])
        .arg(format!("--health-addr={health}"))
        .env("KUBECONFIG", cluster.kubeconfig())
        .env("RUNTIME_NAMESPACE", "flux-system");
    cluster
        .programs()
        .spawn("kustomize-controller", &mut command)
        .expect("a tool that was just built starts");
}

/// Renders the stack as the page does, and gives the number of its objects.
fn render(folder: &Path, stack: &str) -> usize {
    std::fs::write(folder.join("stack.yaml"), stack).expect("the folder is ours");
    let arguments = ["render", "stack.yaml", "-o", "manifests", "--kustomization"];
    let output = kpbuild::run(folder, &arguments);
    assert!(output.status.success());
    let list = std::fs::read_to_string(folder.join("manifests/kustomization.yaml"));
    let list = list.expect("--kustomization writes it");
    list.lines().filter(|line| line.starts_with("- ")).count()
}

/// An archive as a source-controller keeps it, and its digest.
struct Archive {
    web: Web,
    digest: String,
}

fn archive(folder: &Path, what: &[&str]) -> Archive {
    let file = tempfile::NamedTempFile::new().expect("a file for the archive");
    run(Command::new("tar")
        .arg("-czf")
        .arg(file.path())
        .arg("-C")
        .arg(folder)
        .args(what));
    let sum = run(Command::new("sha256sum").arg(file.path()));
    let digest = sum.split_whitespace().next().expect("a digest").to_owned();
    let bytes = std::fs::read(file.path()).expect("it was just written");
    Archive {
        web: Web::start(bytes),
        digest,
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("a system has tar and sha256sum");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Makes the source of the page, and notes on it where the archive of a revision is.
fn offer(cluster: &Cluster, source: &Value, archive: &Archive, revision: &str) {
    super::apply_strictly(cluster, source).expect("Flux knows it");
    let artifact = json!({
        "digest": format!("sha256:{}", archive.digest),
        "lastUpdateTime": "2026-01-01T00:00:00Z",
        "path": "archive.tar.gz",
        "revision": revision,
        "url": format!("http://{}/archive.tar.gz", archive.web.address()),
    });
    let kind = source["kind"].as_str().expect("a kind is a text");
    let patch = json!({"status": {"artifact": artifact}}).to_string();
    cluster.kubectl([
        "patch",
        "-n",
        "flux-system",
        kind,
        "monitoring",
        "--subresource=status",
        "--type=merge",
        "-p",
        &patch,
    ]);
}

/// Waits until Flux has applied a revision and all of it is ready; gives the number of objects in its inventory.
fn wait_for(cluster: &Cluster, revision: &str) -> usize {
    let wait = |condition: &str| {
        let arguments = [
            "wait",
            "-n",
            "flux-system",
            "kustomization/monitoring",
            "--timeout=180s",
            condition,
        ];
        let waited = cluster.try_kubectl(arguments, "");
        waited.unwrap_or_else(|error| {
            let log = cluster.programs().last_lines("kustomize-controller", 5);
            panic!("{error}\n{log}")
        });
    };
    wait(&format!(
        "--for=jsonpath={{.status.lastAppliedRevision}}={revision}"
    ));
    wait("--for=condition=Ready");
    let now = cluster
        .get("flux-system", "kustomization", "monitoring")
        .expect("it is there");
    let entries = now["status"]["inventory"]["entries"].as_array();
    entries.expect("Flux keeps an inventory").len()
}
