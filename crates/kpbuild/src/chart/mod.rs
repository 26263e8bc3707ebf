//! A stack as a Helm chart: its definitions, a template for each object, and
//! values for what differs between clusters.
//!
//! The chart is no second source: its templates are the rendered objects, with
//! some of their values taken out ([`values`]). Where the namespace stands
//! follows from rendering the same stack into another one, so that no text is
//! ever guessed to be the namespace.

mod template;
mod values;

use std::borrow::Cow;
use std::collections::BTreeMap;

use kpbuild_core::bundle::Phase;
use kpbuild_core::{Bundle, Object, ObjectKey, yaml};
use kpbuild_stack::Stack;
use serde_json::{Value, json};

use crate::manifests::Manifest;
use template::NAMESPACE;
use values::Values;

/// The namespace of the other render. It is none that anybody has.
pub(crate) const OTHER: &str = "kpbuild-chart-namespace";

/// The files of a chart: of a bundle, and of the same stack in the namespace [`OTHER`].
pub(crate) fn files(stack: &Stack, bundle: &Bundle, other: &Bundle) -> Vec<Manifest<'static>> {
    let here = |text: &str| text.replace(OTHER, &stack.namespace);
    let others: BTreeMap<ObjectKey, &Object> = other
        .objects()
        .iter()
        .map(|object| {
            let key = object.key();
            let key = ObjectKey {
                namespace: here(&key.namespace),
                name: here(&key.name),
                ..key.clone()
            };
            (key, object)
        })
        .collect();
    let names = crate::manifests::names(bundle, &stack.namespace);
    let mut values = Values::default();
    let mut files = Vec::new();
    for (object, name) in bundle.objects().iter().zip(names) {
        let name = name.trim_start_matches("setup/");
        if Phase::of(object.key()) == Phase::Definition {
            files.push(file(format!("crds/{name}.yaml"), object.yaml().to_owned()));
            continue;
        }
        let mut value = match others.get(object.key()) {
            Some(other) => namespaced(object.value(), other.value(), &stack.namespace),
            None => object.value().clone(),
        };
        values.take(object, &mut value);
        let mut text = template::text(&value, &values);
        if object.kind() == "Namespace" {
            text = format!("{{{{- if .Values.createNamespace }}}}\n{text}{{{{- end }}}}\n");
        }
        let mut file = file(format!("templates/{name}.yaml"), text);
        file.secret = object.kind() == "Secret";
        files.push(file);
    }
    files.push(file("Chart.yaml", yaml::document(&about(stack))));
    files.push(file("values.yaml", values.yaml(&stack.namespace)));
    files.push(file(
        "values.schema.json",
        format!("{:#}\n", values.schema()),
    ));
    files.push(file("templates/NOTES.txt", NOTES.to_owned()));
    files
}

fn file(path: impl Into<String>, text: String) -> Manifest<'static> {
    Manifest {
        path: path.into(),
        text: Cow::Owned(text),
        object: None,
        secret: false,
    }
}

fn about(stack: &Stack) -> Value {
    json!({
        "apiVersion": "v2",
        "name": stack.name,
        "description": "Prometheus, Alertmanager, Grafana and what they watch a cluster with; made by kpbuild",
        "type": "application",
        "version": env!("CARGO_PKG_VERSION"),
        "kubeVersion": ">=1.27.0-0",
    })
}

const NOTES: &str = "\
{{ .Chart.Name }} is installed into namespace {{ .Values.namespace }}. Its pages are reached by
  kpbuild forward STACK
or by kubectl port-forward, for each of the Services
  kubectl get services -n {{ .Values.namespace }}
Helm never changes definitions that are there: before an upgrade apply those of the new chart
  kubectl apply --server-side --force-conflicts -f crds
";

/// The value with a mark wherever the namespace stands: in the other render the
/// other namespace stands there. What differs otherwise, such as a checksum over
/// a text with the namespace in it, stays as it is.
fn namespaced(own: &Value, other: &Value, namespace: &str) -> Value {
    match (own, other) {
        (Value::String(own), Value::String(other)) => {
            if other.replace(OTHER, namespace) == *own {
                json!(other.replace(OTHER, NAMESPACE))
            } else {
                json!(own)
            }
        }
        (Value::Array(own), Value::Array(other)) if own.len() == other.len() => own
            .iter()
            .zip(other)
            .map(|(own, other)| namespaced(own, other, namespace))
            .collect(),
        (Value::Object(own), Value::Object(other)) => {
            let others: BTreeMap<String, (&String, &Value)> = other
                .iter()
                .map(|(key, value)| (key.replace(OTHER, namespace), (key, value)))
                .collect();
            let entry = |(key, value): (&String, &Value)| match others.get(key) {
                Some((other_key, other)) => (
                    other_key.replace(OTHER, NAMESPACE),
                    namespaced(value, other, namespace),
                ),
                None => (key.clone(), value.clone()),
            };
            Value::Object(own.iter().map(entry).collect())
        }
        (own, _) => own.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_namespace_is_marked() {
        let own = json!({
            "namespace": "monitoring",
            "group": "monitoring.coreos.com",
            "url": "http://a.monitoring.svc",
            "checksum": "1",
        });
        let other = json!({
            "namespace": OTHER,
            "group": "monitoring.coreos.com",
            "url": format!("http://a.{OTHER}.svc"),
            "checksum": "2",
        });
        assert_eq!(
            namespaced(&own, &other, "monitoring"),
            json!({
                "namespace": NAMESPACE,
                "group": "monitoring.coreos.com",
                "url": format!("http://a.{NAMESPACE}.svc"),
                "checksum": "1",
            })
        );
    }
}
