//! What `docs/gitops.md` shows, done with the real programs: Argo CD's and Flux' definitions take the objects of the page,
//! Flux installs what kpbuild renders, Argo CD's server of plug-ins runs kpbuild, and the steps of the CI example run.

mod argo_cd;
mod flux;
mod pipeline;

use std::time::Duration;

use kpbuild_core::yaml;
use kpbuild_tests::cluster::{Cluster, ClusterError, Options};
use kpbuild_tests::tools;
use serde_json::{Value, json};

use crate::cli::readme::{blocks, page};

/// All YAML of the page, a value a document.
fn documents() -> Vec<Value> {
    let page = page("gitops.md");
    let blocks = blocks(&page, "yaml").flat_map(|block| block.split("---\n"));
    let read = |text: &str| yaml::read(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    blocks.map(read).collect()
}

/// The object of a kind that the page shows.
fn object(kind: &str) -> Value {
    let mut all = documents().into_iter();
    all.find(|document| document["kind"] == kind)
        .unwrap_or_else(|| panic!("the page shows a {kind}"))
}

/// Brings the definitions of Argo CD and Flux, and the namespaces that the page's objects are in.
fn prepare(cluster: &Cluster) {
    let folder = tools::definitions();
    let folder = folder.to_str().expect("a plain name");
    cluster.kubectl(["apply", "--server-side", "-f", folder]);
    let wait = ["wait", "--for=condition=Established", "crd", "--all"];
    let wait = [&wait[..], &["--timeout=60s"]].concat();
    let mut waited = cluster.try_kubectl(&wait, "");
    // kubectl gives up where the server has not yet said anything about a definition.
    for _ in 0..50 {
        if waited.is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
        waited = cluster.try_kubectl(&wait, "");
    }
    waited.unwrap_or_else(|error| panic!("{error}"));
    for namespace in ["argocd", "flux-system"] {
        cluster.kubectl(["create", "namespace", namespace]);
    }
}

/// Applies an object; a field that its definition does not have is an error.
fn apply_strictly(cluster: &Cluster, object: &Value) -> Result<String, ClusterError> {
    let arguments = ["apply", "--server-side", "--validate=strict", "-f", "-"];
    cluster.try_kubectl(arguments, &object.to_string())
}

#[test]
fn argo_cd_and_flux_know_every_field_of_the_page() {
    let cluster = Cluster::start(&Options::api_server());
    prepare(&cluster);
    let mut kinds = Vec::new();
    for object in documents() {
        if object.get("apiVersion").is_none() {
            continue;
        }
        apply_strictly(&cluster, &object).unwrap_or_else(|error| panic!("{error}\n{object}"));
        kinds.push(
            object["kind"]
                .as_str()
                .expect("a kind is a text")
                .to_owned(),
        );
    }
    assert_eq!(
        kinds,
        [
            "Application",
            "ConfigMap",
            "GitRepository",
            "Kustomization",
            "OCIRepository"
        ]
    );
    for kind in [
        "Application",
        "GitRepository",
        "Kustomization",
        "OCIRepository",
    ] {
        let mut wrong = object(kind);
        wrong["spec"]["sorce"] = json!("a mistake");
        let error = apply_strictly(&cluster, &wrong).expect_err("the definition has no such field");
        assert!(error.to_string().contains("sorce"), "{kind}: {error}");
    }
    apply_strictly(&cluster, &repository_server()).expect("the part of the pod fits into one");
}

/// A pod that is as the page says, besides what Argo CD's own manifest brings.
fn repository_server() -> Value {
    let mut documents = documents().into_iter();
    let mut part = documents
        .find(|document| document.get("containers").is_some())
        .expect("the page shows a part of a pod");
    let volumes = part["volumes"].as_array_mut().expect("a list");
    volumes.extend(["var-files", "plugins"].map(|name| json!({"name": name, "emptyDir": {}})));
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "argocd-repo-server", "namespace": "argocd"},
        "spec": part,
    })
}
