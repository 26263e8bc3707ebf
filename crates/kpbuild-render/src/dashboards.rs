//! ConfigMaps with dashboards, one each, as Grafana's file provider reads them.

use std::collections::BTreeMap;

use kpbuild_core::{Code, Diagnostic, Diagnostics, Object, Origin, Span};
use md5::{Digest, Md5};
use serde_json::{Value, json};

/// A dashboard that does not fit into a ConfigMap.
pub(crate) const TOO_LARGE: Code = Code("dashboard-too-large");

/// What etcd and the API server accept of one object's data.
const MOST_BYTES: usize = 1024 * 1024;

/// The ConfigMap of each dashboard, with Grafana's own metadata.
pub(crate) fn config_maps(
    dashboards: &BTreeMap<String, Value>,
    metadata: &Value,
    span: Option<Span>,
    diagnostics: &mut Diagnostics,
) -> Vec<Object> {
    dashboards
        .iter()
        .map(|(file, dashboard)| config_map(file, dashboard, metadata, span, diagnostics))
        .collect()
}

/// The name that a dashboard has in Kubernetes: its file name without the ending.
pub(crate) fn stem(file: &str) -> &str {
    file.strip_suffix(".json").unwrap_or(file)
}

/// The MD5 sum over all dashboards as they are mounted: it changes when one of
/// them comes, goes or changes.
pub(crate) fn checksum(dashboards: &BTreeMap<String, Value>) -> String {
    let mut sum = Md5::new();
    for (file, dashboard) in dashboards {
        for part in [file.as_str(), "\0", &text(dashboard), "\0"] {
            sum.update(part);
        }
    }
    let sum: [u8; 16] = sum.finalize().into();
    format!("{:032x}", u128::from_be_bytes(sum))
}

/// The text of a dashboard's file.
fn text(dashboard: &Value) -> String {
    format!("{dashboard:#}\n")
}

fn config_map(
    file: &str,
    dashboard: &Value,
    metadata: &Value,
    span: Option<Span>,
    diagnostics: &mut Diagnostics,
) -> Object {
    let text = text(dashboard);
    if text.len() > MOST_BYTES {
        let message = format!(
            "the dashboard `{file}` has {} bytes, a ConfigMap takes at most {MOST_BYTES}",
            text.len()
        );
        let help = "split it into several dashboards, or drop panels";
        diagnostics.push(
            Diagnostic::error(TOO_LARGE, message)
                .at_some(span, "")
                .help(help),
        );
    }
    let mut metadata = metadata.clone();
    metadata["name"] = json!(format!("grafana-dashboard-{}", stem(file)));
    let value = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {file: text},
    });
    let origin = Origin {
        component: "grafana".to_owned(),
        span,
    };
    Object::new(value, origin).expect("a ConfigMap has a kind and a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_changes_with_every_dashboard_and_its_name() {
        let of = |value: Value| {
            checksum(&serde_json::from_value(value).expect("a map from file to dashboard"))
        };
        let one = of(json!({"a.json": {"title": "A"}}));
        assert_eq!(one.len(), 32);
        assert_eq!(one, of(json!({"a.json": {"title": "A"}})));
        assert_ne!(one, of(json!({"a.json": {"title": "B"}})));
        assert_ne!(one, of(json!({"b.json": {"title": "A"}})));
        assert_ne!(one, of(json!({"a.json": {"title": "A"}, "b.json": {}})));
    }
}
