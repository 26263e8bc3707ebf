//! How a bundle becomes text: files with stable names, or one stream.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use kpbuild_core::bundle::Phase;
use kpbuild_core::object::sha256;
use kpbuild_core::{Bundle, Object, yaml};
use serde_json::{Value, json};

use crate::cli::Format;

/// A file of the output.
#[derive(Debug)]
pub(crate) struct Manifest<'a> {
    /// Its path below the output folder.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: Cow<'a, str>,
    /// The object whose YAML document the text is, if it is one.
    pub(crate) object: Option<&'a Object>,
    /// Whether it holds a Secret, which only its owner should read.
    pub(crate) secret: bool,
}

impl Manifest<'_> {
    /// The SHA-256 sum of the text; an object that several stacks share knows its.
    pub(crate) fn digest(&self) -> String {
        match self.object {
            Some(object) => object.digest().to_owned(),
            None => sha256(self.text.as_bytes()),
        }
    }
}

/// One file an object. `setup/` holds what must exist before the rest can be
/// created: the namespace and the definitions.
pub(crate) fn files<'a>(bundle: &'a Bundle, namespace: &str, format: Format) -> Vec<Manifest<'a>> {
    let ending = match format {
        Format::Yaml | Format::Chart => "yaml",
        Format::Json => "json",
    };
    let names = names(bundle, namespace);
    bundle
        .objects()
        .iter()
        .zip(names)
        .map(|(object, name)| Manifest {
            path: format!("{name}.{ending}"),
            text: text(object, format),
            object: matches!(format, Format::Yaml).then_some(object),
            secret: object.kind() == "Secret",
        })
        .collect()
}

/// A kustomization that lists the files.
pub(crate) fn kustomization(files: &[Manifest<'_>]) -> Manifest<'static> {
    let resources: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let value = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
    });
    Manifest {
        path: "kustomization.yaml".to_owned(),
        text: Cow::Owned(yaml::document(&value)),
        object: None,
        secret: false,
    }
}

/// All objects as one text, in the order in which they can be applied.
pub(crate) fn stream(bundle: &Bundle, format: Format, hide_secrets: bool) -> String {
    let shown = |object: &'_ Object| {
        let mut object = object.clone();
        if hide_secrets && object.kind() == "Secret" {
            object.edit(hide).expect("hiding values changes no name");
        }
        object
    };
    let objects: Vec<Object> = bundle.objects().iter().map(shown).collect();
    match format {
        Format::Yaml | Format::Chart => yaml::stream(objects.iter().map(Object::yaml)),
        Format::Json => {
            let items: Vec<&Value> = objects.iter().map(Object::value).collect();
            format!(
                "{:#}\n",
                json!({"apiVersion": "v1", "kind": "List", "items": items})
            )
        }
    }
}

/// Replaces the values of a Secret by a word.
fn hide(secret: &mut Value) {
    for field in ["data", "stringData"] {
        for value in secret[field]
            .as_object_mut()
            .into_iter()
            .flatten()
            .map(|(_, value)| value)
        {
            *value = json!("(hidden)");
        }
    }
}

fn text(object: &Object, format: Format) -> Cow<'_, str> {
    match format {
        Format::Yaml | Format::Chart => Cow::Borrowed(object.yaml()),
        Format::Json => Cow::Owned(format!("{:#}\n", object.value())),
    }
}

/// The name of each object's file, without its ending: the component, the kind
/// and the object's name, with the namespace where it is not the stack's own.
/// Names that would be the same get the group too.
pub(crate) fn names(bundle: &Bundle, namespace: &str) -> Vec<String> {
    let short: Vec<String> = bundle
        .objects()
        .iter()
        .map(|object| name(object, namespace))
        .collect();
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for name in &short {
        // Some file systems do not tell letters of different case apart.
        *uses.entry(name.to_lowercase()).or_default() += 1;
    }
    let unique = |(object, name): (&Object, String)| match uses[&name.to_lowercase()] {
        1 => name,
        _ => format!("{name}.{}", object.key().group),
    };
    bundle.objects().iter().zip(short).map(unique).collect()
}

fn name(object: &Object, namespace: &str) -> String {
    let key = object.key();
    let folder = match Phase::of(key) {
        Phase::Namespace | Phase::Definition => "setup/",
        _ => "",
    };
    let mut parts = vec![object.origin.component.clone(), lower_camel(&key.kind)];
    if !key.namespace.is_empty() && key.namespace != namespace {
        parts.push(key.namespace.clone());
    }
    if key.name != object.origin.component {
        parts.push(key.name.clone());
    }
    let file: String = parts
        .join("-")
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-._".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    format!("{folder}{file}")
}

fn lower_camel(kind: &str) -> String {
    let capitals = kind.chars().take_while(char::is_ascii_uppercase).count();
    // `APIService` is `apiService`, `Role` is `role`.
    let lowered = if capitals > 1 { capitals - 1 } else { capitals };
    kind.chars()
        .enumerate()
        .map(|(index, c)| {
            if index < lowered {
                c.to_ascii_lowercase()
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kpbuild_core::{Diagnostics, Origin};

    fn bundle(objects: &[(&str, &str, &str, &str)]) -> Bundle {
        let objects = objects.iter().map(|(api, kind, namespace, name)| {
            let value = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}});
            let origin = Origin { component: "prometheus".into(), span: None };
            Object::new(value, origin).unwrap()
        });
        Bundle::new(objects.collect(), &mut Diagnostics::default())
    }

    #[test]
    fn file_names_say_component_kind_and_name() {
        let bundle = bundle(&[
            ("v1", "Namespace", "", "monitoring"),
            (
                "rbac.authorization.k8s.io/v1",
                "Role",
                "kube-system",
                "prometheus-k8s",
            ),
            (
                "rbac.authorization.k8s.io/v1",
                "ClusterRole",
                "",
                "system:reader",
            ),
            (
                "apiregistration.k8s.io/v1",
                "APIService",
                "",
                "v1beta1.metrics.k8s.io",
            ),
            ("v1", "Service", "monitoring", "prometheus"),
            (
                "serving.knative.dev/v1",
                "Service",
                "monitoring",
                "prometheus",
            ),
        ]);
        let paths: Vec<_> = files(&bundle, "monitoring", Format::Yaml)
            .into_iter()
            .map(|file| file.path)
            .collect();
        assert_eq!(
            paths,
            [
                "setup/prometheus-namespace-monitoring.yaml",
                "prometheus-clusterRole-system-reader.yaml",
                "prometheus-role-kube-system-prometheus-k8s.yaml",
                "prometheus-service..yaml",
                "prometheus-service.serving.knative.dev.yaml",
                "prometheus-apiService-v1beta1.metrics.k8s.io.yaml",
            ]
        );
    }

    #[test]
    fn hidden_secrets_keep_their_keys() {
        let mut secret = json!({"data": {"a": "c2VjcmV0"}, "stringData": {"b": "secret"}});
        hide(&mut secret);
        assert_eq!(
            secret,
            json!({"data": {"a": "(hidden)"}, "stringData": {"b": "(hidden)"}})
        );
    }
}
