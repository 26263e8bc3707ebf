//! `kpbuild import`: what is rendered is imported again, as it was, changed by hand, and as kube-prometheus has it; what
//! the stack file renders then is compared with what was given, field by field and by other code than the program's.

mod anything;
mod by_hand;
mod pyrra;
mod reference;
mod release;
mod values;

use std::path::Path;

use kpbuild_tests::kpbuild;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::options::{Objects, difference, objects};

/// A folder with manifests in `manifests/`, and what is imported from there.
pub(crate) struct Import {
    folder: TempDir,
}

impl Import {
    /// Writes the manifests: one file, which is a List.
    pub(crate) fn of(objects: &Objects) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the manifests");
        let items: Vec<&Value> = objects.values().collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        let manifests = folder.path().join("manifests");
        std::fs::create_dir(&manifests).expect("the folder was just made");
        std::fs::write(manifests.join("all.json"), list.to_string()).expect("there is room");
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Imports them, and gives what is said about it.
    pub(crate) fn run(&self) -> String {
        let output = kpbuild::run(self.path(), &["import", "manifests"]);
        let said = String::from_utf8(output.stderr).expect("kpbuild prints UTF-8");
        assert!(output.status.success(), "{said}");
        assert!(output.stdout.is_empty(), "without --diff there is no data");
        said
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("the import wrote it")
    }

    /// What the stack renders.
    pub(crate) fn rendered(&self) -> Objects {
        objects(&self.path().join("stack.yaml"))
    }

    /// What is different in what the stack renders.
    pub(crate) fn left(&self, given: &Objects) -> String {
        difference(&plain(given), &plain(&self.rendered()))
    }
}

/// The objects of a stack that says nothing, without definitions.
pub(crate) fn default() -> Objects {
    let folder = tempfile::tempdir().expect("a folder for the stack");
    let stack = folder.path().join("stack.yaml");
    std::fs::write(&stack, "kind: Stack\nname: manifests\n").expect("the folder was just made");
    objects(&stack)
}

/// Objects without what may differ: definitions are the operator's own, checksums follow from texts, and dashboards are
/// what they say.
fn plain(objects: &Objects) -> Objects {
    let objects = objects
        .iter()
        .filter(|(key, _)| !key.starts_with("CustomResourceDefinition "));
    objects
        .map(|(key, object)| (key.clone(), without_spelling(object)))
        .collect()
}

fn without_spelling(object: &Value) -> Value {
    let mut object = object.clone();
    let annotations = object.pointer_mut("/spec/template/metadata/annotations");
    if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
        annotations.retain(|name, _| !name.starts_with("checksum"));
    }
    if let Some(texts) = object.get_mut("data").and_then(Value::as_object_mut) {
        for text in texts.values_mut() {
            let dashboard = text
                .as_str()
                .and_then(|text| serde_json::from_str(text).ok());
            *text = dashboard.unwrap_or(text.take());
        }
    }
    object
}

#[test]
fn what_is_rendered_needs_no_more_than_it_needed() {
    let given = default();
    let import = Import::of(&given);
    assert_eq!(
        import.run(),
        "wrote stack.yaml (2 lines, no patches)\n121 of 121 objects are rendered as they were given\n"
    );
    assert_eq!(import.read("stack.yaml"), "kind: Stack\nname: manifests\n");
    assert_eq!(given, import.rendered());
}

/// Examples say what people change first, and some options show in objects that nobody would look for: the same fields
/// come back, by other ways than they came.
#[test]
fn examples_and_options_come_back_without_patches() {
    for path in [
        "stacks/aws",
        "stacks/etcd",
        "stacks/kube-prometheus",
        "stacks/metrics-server",
        "stacks/pyrra",
        "stacks/weave-net",
        "stacks/windows",
        "tests/options/alertmanager-templates",
        "tests/options/expose-by-ingress",
        "tests/options/expose-by-route",
        "tests/options/grafana-ldap",
        "tests/options/kube-state-metrics-autoscale",
        "tests/options/kubelet-http",
        "tests/options/kubernetes-discovery",
        "tests/options/mixin-off",
        "tests/options/prometheus-agent",
    ] {
        let given = objects(&kpbuild::checkout().join(format!("{path}.yaml")));
        let import = Import::of(&given);
        let said = import.run();
        assert_eq!(import.left(&given), "", "{path}: {said}");
        let stack = import.read("stack.yaml");
        let patches = stack.find("patches:").map_or("", |at| &stack[at..]);
        assert_eq!(patches, "", "{path}");
    }
}

/// The addon of kube-prometheus has fewer labels on its objects, and misspells an alert, which a route may know.
#[test]
fn the_addon_of_weave_net_comes_back_as_the_component() {
    let mut given = objects(&kpbuild::checkout().join("tests/options/weave-net.yaml"));
    for key in [
        "Service kube-system/weave-net",
        "ServiceMonitor monitoring/weave-net",
    ] {
        let object = given.get_mut(key).expect("it is rendered");
        object["metadata"]["labels"] = json!({"app.kubernetes.io/name": "weave-net"});
    }
    let rules = given
        .get_mut("PrometheusRule monitoring/weave-net-rules")
        .expect("it is rendered");
    let alerts = rules["spec"]["groups"][0]["rules"].as_array_mut();
    let misspelt = alerts
        .into_iter()
        .flatten()
        .find(|rule| rule["alert"] == "WeaveNetConnectionsRetrying");
    misspelt.expect("it is rendered")["alert"] = json!("WeaveNetConnectionsRetying");

    let import = Import::of(&given);
    let said = import.run();
    assert!(
        said.ends_with("126 of 126 objects are rendered as they were given\n"),
        "{said}"
    );
    let stack = import.read("stack.yaml");
    assert!(stack.contains("components:\n  weave-net: {}\n"), "{stack}");
    assert!(
        stack.contains("disable:\n  - WeaveNetConnectionsRetrying\n"),
        "{stack}"
    );
}

/// As a cluster has it: what the server adds is not imported, base64 is read, and a stream of YAML is as good as a list.
#[test]
fn what_a_cluster_gives_is_read_as_it_was_applied() {
    let mut given = default();
    for object in given.values_mut() {
        object["metadata"]["uid"] = json!("f6b2");
        object["metadata"]["resourceVersion"] = json!("17");
        object["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
        object["status"] = json!({"observedGeneration": 1});
        if object["kind"] == "Secret" {
            encode(object);
        }
    }
    let import = Import::of(&given);
    assert!(
        import
            .run()
            .starts_with("wrote stack.yaml (2 lines, no patches)\n")
    );
}

/// `stringData` as the server keeps it.
pub(crate) fn encode(secret: &mut Value) {
    use base64::Engine as _;
    let texts = secret["stringData"].take();
    let fields = secret.as_object_mut().expect("an object is a map");
    fields.remove("stringData");
    for (key, text) in texts.as_object().into_iter().flatten() {
        let text = text.as_str().expect("it is text");
        secret["data"][key] = json!(base64::engine::general_purpose::STANDARD.encode(text));
    }
    secret["type"] = json!("Opaque");
}

/// What differs is shown as by `kpbuild diff`, on stdout.
#[test]
fn what_the_stack_renders_otherwise_is_shown() {
    let mut given = default();
    let foreign = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "mine", "namespace": "monitoring"},
    });
    given.insert("ConfigMap monitoring/mine".to_owned(), foreign);
    let import = Import::of(&given);
    let output = kpbuild::run(import.path(), &["import", "manifests", "--diff"]);
    let shown = String::from_utf8(output.stdout).expect("kpbuild prints UTF-8");
    assert!(output.status.success());
    insta::assert_snapshot!(shown);
}

/// Nothing that is there is overwritten, and then nothing is written at all.
#[test]
fn nothing_is_overwritten() {
    let mut given = default();
    let secret = given
        .get_mut("Secret monitoring/alertmanager-main")
        .expect("it is rendered");
    secret["stringData"]["alertmanager.yaml"] =
        json!("receivers: [{name: a}]\nroute: {receiver: a}\n");
    let import = Import::of(&given);
    let beside = import.path().join("stack.secrets.yaml");
    std::fs::write(&beside, "mine").expect("there is room");
    let output = kpbuild::run(import.path(), &["import", "manifests"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: `stack.secrets.yaml` exists already: remove it, or choose a stack file in another folder with -o; nothing was written\n"
    );
    assert_eq!(import.read("stack.secrets.yaml"), "mine");
    assert!(!import.path().join("stack.yaml").exists());
}

/// A message about a manifest may stand in a log that many read.
#[test]
fn no_message_shows_a_value_of_a_secret() {
    for (file, text) in [
        (
            "a.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  p: \"HIDDEN\n",
        ),
        (
            "a.json",
            "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":5},\"stringData\":{\"p\":\"HIDDEN\"}}",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder for manifests");
        let manifests = folder.path().join("manifests");
        std::fs::create_dir(&manifests).expect("the folder is ours");
        std::fs::write(manifests.join(file), text).expect("there is room");
        for verb in ["import", "check"] {
            let output = kpbuild::run(folder.path(), &[verb, "manifests"]);
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains(&format!("manifests/{file}:")), "{said}");
            assert!(!said.contains("HIDDEN"), "{said}");
        }
    }
}
