//! The dashboards as they are rendered: right in themselves (`checks`), of the types that Grafana publishes (`types`),
//! asking for data that there is (`queries`), alike to those of kube-prometheus (`parity`), and those of users beside
//! them (`users`). What a dashboard looks like is for people to judge: `layout.mjs` draws it.

mod checks;
mod cluster;
mod parity;
mod queries;
mod types;
mod users;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use kpbuild_tests::kpbuild;
use serde_json::Value;

/// Everything that a stack file renders to.
fn rendered(stack: &Path) -> Vec<Value> {
    let stack = stack.to_str().expect("the checkout has a plain name");
    let output = kpbuild::run(kpbuild::checkout(), &["render", stack, "--format", "json"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    let mut list: Value =
        serde_json::from_slice(&output.stdout).expect("`--format json` prints JSON");
    match list["items"].take() {
        Value::Array(objects) => objects,
        other => panic!("a list of objects was expected, not {other}"),
    }
}

/// The dashboards among objects, by file name.
fn dashboards(objects: &[Value]) -> BTreeMap<String, Value> {
    let maps = objects.iter().filter(|object| {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        object["kind"] == "ConfigMap" && name.starts_with("grafana-dashboard-")
    });
    let files = maps.flat_map(|map| map["data"].as_object().expect("a ConfigMap holds data"));
    files
        .map(|(file, text)| {
            let text = text.as_str().expect("data are texts");
            (
                file.clone(),
                serde_json::from_str(text).expect("a dashboard is JSON"),
            )
        })
        .collect()
}

/// The dashboards of the default stack.
fn default_dashboards() -> &'static BTreeMap<String, Value> {
    static DASHBOARDS: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    DASHBOARDS.get_or_init(|| dashboards(&rendered(Path::new("stacks/kube-prometheus.yaml"))))
}

/// All dashboards, those that are there on demand among them.
fn all_dashboards() -> &'static BTreeMap<String, Value> {
    static DASHBOARDS: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    DASHBOARDS.get_or_init(|| dashboards(&rendered(Path::new("tests/dashboards/stack.yaml"))))
}

/// All panels of a dashboard, those of rows after their row.
fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    dashboard["panels"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|panel| {
            std::iter::once(panel).chain(panel["panels"].as_array().into_iter().flatten())
        })
}
