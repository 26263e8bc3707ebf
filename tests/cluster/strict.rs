//! What every example and every option renders is accepted by a real API server: strictly, and without a warning.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kpbuild_tests::cluster::{Cluster, Options};
use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::progress;
use serde_json::{Value, json};

use crate::options::objects;

#[test]
fn every_example_and_option_is_accepted() {
    let cluster = Cluster::start(&Options::api_server());
    cluster.install_definitions();
    let folder = tempfile::tempdir().expect("a folder for the objects");
    let manifests = Manifests::of_all_stacks(folder.path());
    for namespace in &manifests.namespaces {
        if cluster.get("default", "namespace", namespace).is_none() {
            cluster.kubectl(["create", "namespace", namespace]);
        }
    }
    let create = ["create", "--dry-run=server", "--validate=strict", "-f"];
    let text = |path: &Path| path.display().to_string();
    let current = [text(&manifests.current), "--warnings-as-errors".to_owned()];
    cluster.kubectl(create.into_iter().chain(current.iter().map(String::as_str)));
    let deprecated = text(&manifests.deprecated);
    cluster.kubectl(create.into_iter().chain([deprecated.as_str()]));
    progress(&format!(
        "{} different objects of {} stacks were accepted",
        manifests.objects, manifests.stacks
    ));
}

/// The objects of all stacks, each once, in a file a stack, so that a refusal names the stack.
struct Manifests {
    current: PathBuf,
    /// Of kinds of which the server says that they will go.
    deprecated: PathBuf,
    namespaces: BTreeSet<String>,
    stacks: usize,
    objects: usize,
}

impl Manifests {
    fn of_all_stacks(folder: &Path) -> Self {
        let mut all = Self {
            current: folder.join("current"),
            deprecated: folder.join("deprecated"),
            namespaces: BTreeSet::new(),
            stacks: 0,
            objects: 0,
        };
        let mut seen = BTreeSet::new();
        for stack in stacks() {
            let objects = objects(&stack).into_values();
            let fresh: Vec<Value> = objects
                .filter(|object| is_judged(object) && seen.insert(object.to_string()))
                .collect();
            all.stacks += 1;
            all.objects += fresh.len();
            let namespaces = fresh
                .iter()
                .filter_map(|object| object["metadata"]["namespace"].as_str());
            all.namespaces.extend(namespaces.map(str::to_owned));
            let (deprecated, current): (Vec<Value>, Vec<Value>) =
                fresh.into_iter().partition(is_deprecated);
            write(&all.current, &stack, &current);
            write(&all.deprecated, &stack, &deprecated);
        }
        all
    }
}

fn stacks() -> Vec<PathBuf> {
    let folders = [
        "stacks",
        "tests/mixins",
        "tests/options",
        "tests/options/on-demand/autoscale",
        "tests/options/on-demand/metrics-server",
        "tests/options/on-demand/pyrra",
        "tests/options/on-demand/weave-net",
    ];
    let mut stacks: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| {
            let folder = fs::read_dir(kpbuild::checkout().join(folder));
            folder.expect("it is part of the repository")
        })
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    stacks.sort();
    stacks
}

/// Definitions are installed for this, and the namespaces made; routes belong to a definition that a cluster gets from
/// elsewhere.
fn is_judged(object: &Value) -> bool {
    let kind = object["kind"].as_str().expect("an object has a kind");
    !["CustomResourceDefinition", "Namespace", "HTTPRoute"].contains(&kind)
}

/// As in kube-prometheus, etcd's addresses are Endpoints.
fn is_deprecated(object: &Value) -> bool {
    object["kind"] == "Endpoints"
}

fn write(folder: &Path, stack: &Path, objects: &[Value]) {
    if objects.is_empty() {
        return;
    }
    fs::create_dir_all(folder).expect("the folder is ours");
    let place = stack.strip_prefix(kpbuild::checkout());
    let place = place.expect("it is part of the repository");
    let name = place.display().to_string().replace('/', "-");
    let path = folder.join(name).with_extension("json");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    fs::write(path, list.to_string()).expect("the folder is ours");
}
