//! ConfigMaps with dashboards, one each, as Grafana's file provider reads them.

use kpbuild_core::{Code, Diagnostic, Diagnostics, Object, Origin};
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::stem;

/// A dashboard that does not fit into a ConfigMap.
pub(crate) const TOO_LARGE: Code = Code("dashboard-too-large");

/// What the API server accepts: it adds up the bytes of a ConfigMap's values.
/// Names and metadata do not count (they have room to spare in etcd's own limit
/// of 1.5 MiB for one request).
const MOST_BYTES: usize = 1024 * 1024;

/// The MD5 sum over all dashboards as they are mounted: it changes when one of
/// them comes, goes or changes.
pub(crate) fn checksum<'a>(dashboards: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut sum = Md5::new();
    for (file, text) in dashboards {
        for part in [file, "\0", text, "\0"] {
            sum.update(part);
        }
    }
    let sum: [u8; 16] = sum.finalize().into();
    format!("{:032x}", u128::from_be_bytes(sum))
}

/// The ConfigMap of a dashboard, with Grafana's own metadata.
pub(crate) fn config_map(file: &str, text: &str, metadata: &Value) -> Object {
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
        span: None,
    };
    Object::new(value, origin).expect("a ConfigMap has a kind and a name")
}

/// Says that the ConfigMap of a dashboard is larger than Kubernetes takes.
pub(crate) fn check_size(file: &str, object: &Object, diagnostics: &mut Diagnostics) {
    let bytes = object.value()["data"][file].as_str().map_or(0, str::len);
    if bytes > MOST_BYTES {
        diagnostics.push(too_large(file, bytes).at_some(object.origin.span, ""));
    }
}

/// The text of a dashboard's file: for people, unless only the short form fits.
pub(crate) fn text(dashboard: &Value) -> String {
    // Longer than most are, since what grows is moved again and again; what is
    // kept has no room to grow.
    let mut readable = Vec::with_capacity(64 << 10);
    serde_json::to_writer_pretty(&mut readable, dashboard).expect("its keys are text");
    readable.push(b'\n');
    if readable.len() <= MOST_BYTES {
        let readable = str::from_utf8(&readable).expect("JSON is text");
        readable.to_owned()
    } else {
        dashboard.to_string()
    }
}

fn too_large(file: &str, bytes: usize) -> Diagnostic {
    let message =
        format!("the dashboard `{file}` has {bytes} bytes, a ConfigMap takes at most {MOST_BYTES}");
    Diagnostic::error(TOO_LARGE, message).help("split it into several dashboards, or drop panels")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_changes_with_every_dashboard_and_its_name() {
        let of = |value: Value| {
            let map = value.as_object().expect("a map from file to dashboard");
            let texts: Vec<(&String, String)> =
                map.iter().map(|(file, of)| (file, text(of))).collect();
            checksum(
                texts
                    .iter()
                    .map(|(file, text)| (file.as_str(), text.as_str())),
            )
        };
        let one = of(json!({"a.json": {"title": "A"}}));
        assert_eq!(one.len(), 32);
        assert_eq!(one, of(json!({"a.json": {"title": "A"}})));
        assert_ne!(one, of(json!({"a.json": {"title": "B"}})));
        assert_ne!(one, of(json!({"b.json": {"title": "A"}})));
        assert_ne!(one, of(json!({"a.json": {"title": "A"}, "b.json": {}})));
    }

    /// The bytes and the findings of a dashboard whose short form has this many.
    fn rendered(bytes: usize) -> (usize, usize) {
        let frame = json!({"text": "", "list": [1, 2, 3]}).to_string().len();
        let dashboard = json!({"text": "x".repeat(bytes - frame), "list": [1, 2, 3]});
        let mut diagnostics = Diagnostics::default();
        let object = config_map("a.json", &text(&dashboard), &json!({}));
        check_size("a.json", &object, &mut diagnostics);
        let written = object.value()["data"]["a.json"]
            .as_str()
            .expect("text")
            .len();
        (written, diagnostics.errors())
    }

    #[test]
    fn a_dashboard_fits_up_to_the_last_byte() {
        assert_eq!(rendered(MOST_BYTES), (MOST_BYTES, 0));
        assert_eq!(rendered(MOST_BYTES + 1), (MOST_BYTES + 1, 1));
    }

    #[test]
    fn a_dashboard_is_readable_if_it_can_be() {
        let (written, errors) = rendered(1000);
        assert!(written > 1000 && errors == 0);
    }
}
