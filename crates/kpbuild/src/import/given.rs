//! The manifests of an installation: what somebody applied, without what a
//! cluster adds to it.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kpbuild_check::is_of_cluster;
use kpbuild_core::{Bundle, Object, ObjectKey, SourceMap};
use kpbuild_stack::definitions::DEFINITIONS;
use serde_json::{Map, Value};

use super::pyrra;

/// Fields of `metadata` that the server writes.
const OF_THE_SERVER: [&str; 7] = [
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// What `kubectl apply` remembers in an object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The manifests of an installation.
#[derive(Debug, Default)]
pub(crate) struct Given {
    objects: BTreeMap<ObjectKey, GivenObject>,
    /// The custom resource definitions, which are not compared.
    definitions: Vec<ObjectKey>,
    /// Objects that are not there and belong there, which a stack adds.
    added: BTreeSet<ObjectKey>,
}

/// One manifest.
#[derive(Debug)]
pub(super) struct GivenObject {
    pub(super) value: Value,
    pub(super) object: Object,
    /// Its file and line, as messages name it.
    pub(super) place: String,
}

impl Given {
    /// What was read from files.
    pub(crate) fn of(bundle: &Bundle, sources: &SourceMap) -> Self {
        let mut given = Self::default();
        for object in bundle.objects() {
            if is_definition(object.key()) {
                given.definitions.push(object.key().clone());
                continue;
            }
            let place = object.origin.span.map_or_else(String::new, |span| {
                let (line, _) = sources.line_column(span);
                format!("{}:{line}", sources.file(span.file).name)
            });
            let mut object = object.clone();
            let edited = object.edit(|value| *value = as_applied(value.take()));
            edited.expect("an object keeps its kind and its name");
            let value = object.value().clone();
            given.objects.insert(
                object.key().clone(),
                GivenObject {
                    value,
                    object,
                    place,
                },
            );
        }
        given.added = pyrra::mend(&mut given.objects);
        given
    }

    /// Whether an object was not given, and a stack adds it to mend what was.
    pub(super) fn lacks_rightly(&self, key: &ObjectKey) -> bool {
        self.added.contains(key)
    }

    /// Whether what was given is mended.
    pub(super) fn is_mended(&self) -> bool {
        !self.added.is_empty()
    }

    /// Whether there is nothing that a stack could be made of.
    pub(crate) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// All objects but definitions, in the order of their keys.
    pub(super) fn objects(&self) -> impl Iterator<Item = (&ObjectKey, &GivenObject)> {
        self.objects.iter()
    }

    pub(super) fn get(&self, key: &ObjectKey) -> Option<&GivenObject> {
        self.objects.get(key)
    }

    /// The first object of a kind.
    pub(super) fn first(&self, kind: &str) -> Option<&ObjectKey> {
        self.objects.keys().find(|key| key.kind == kind)
    }

    /// The definitions that no component brings.
    pub(super) fn foreign_definitions(&self) -> impl Iterator<Item = &ObjectKey> {
        let definitions = self.definitions.iter();
        let is_known = |key: &ObjectKey| DEFINITIONS.iter().any(|one| one.name() == key.name);
        definitions.filter(move |key| !is_known(key))
    }
}

/// Whether an object is a custom resource definition.
pub(super) fn is_definition(key: &ObjectKey) -> bool {
    key.group == "apiextensions.k8s.io" && key.kind == "CustomResourceDefinition"
}

/// A manifest without what the cluster adds to it. Texts of Secrets are as they
/// were before they were encoded.
fn as_applied(value: Value) -> Value {
    let mut value = last_applied(&value).unwrap_or(value);
    if let Some(object) = value.as_object_mut() {
        object.remove("status");
        if object.get("kind").and_then(Value::as_str) == Some("Secret") {
            decode(object);
        }
    }
    let is_of_cluster = value["kind"].as_str().is_some_and(is_of_cluster);
    if let Some(metadata) = value["metadata"].as_object_mut() {
        if is_of_cluster {
            metadata.remove("namespace");
        }
        for field in OF_THE_SERVER {
            metadata.remove(field);
        }
        if let Some(annotations) = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut)
        {
            annotations.remove(LAST_APPLIED);
        }
    }
    value
}

/// What `kubectl apply` remembers of an object, which is its manifest without the
/// defaults of the server.
fn last_applied(live: &Value) -> Option<Value> {
    let text = live["metadata"]["annotations"][LAST_APPLIED].as_str()?;
    let manifest: Value = serde_json::from_str(text).ok()?;
    let identity = |object: &Value| {
        let metadata = &object["metadata"];
        [
            &object["apiVersion"],
            &object["kind"],
            &metadata["name"],
            &metadata["namespace"],
        ]
        .map(Value::clone)
    };
    (identity(&manifest) == identity(live)).then_some(manifest)
}

/// Moves what is text in `data` of a Secret into `stringData`.
pub(super) fn decode(secret: &mut Map<String, Value>) {
    let Some(Value::Object(data)) = secret.remove("data") else {
        return;
    };
    let mut texts = match secret.remove("stringData") {
        Some(Value::Object(texts)) => texts,
        _ => Map::new(),
    };
    let mut bytes = Map::new();
    for (key, value) in data {
        match value.as_str().and_then(decoded) {
            // What is in both is that of `stringData`, as for the server.
            Some(text) => drop(texts.entry(key).or_insert_with(|| text.into())),
            None => drop(bytes.insert(key, value)),
        }
    }
    for (field, map) in [("data", bytes), ("stringData", texts)] {
        if !map.is_empty() {
            secret.insert(field.to_owned(), Value::Object(map));
        }
    }
}

/// A Secret whose texts are encoded where those of another one are.
pub(super) fn encoded_as(ours: &Value, mut theirs: Value) -> Value {
    let keys: Vec<&String> = ours["data"]
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .collect();
    for key in keys {
        let texts = theirs.get_mut("stringData").and_then(Value::as_object_mut);
        if let Some(Value::String(text)) = texts.and_then(|texts| texts.remove(key)) {
            theirs["data"][key] = STANDARD.encode(text).into();
        }
    }
    if let Some(fields) = theirs.as_object_mut()
        && fields
            .get("stringData")
            .is_some_and(|texts| *texts == Value::Object(Map::new()))
    {
        fields.remove("stringData");
    }
    theirs
}

fn decoded(data: &str) -> Option<String> {
    let digits: String = data.split_whitespace().collect();
    String::from_utf8(STANDARD.decode(digits).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_cluster_adds_goes() {
        let live = json!({
            "kind": "Service",
            "metadata": {
                "name": "a", "uid": "1", "creationTimestamp": null,
                "annotations": {"mine": "1", LAST_APPLIED: "{}"},
            },
            "status": {"loadBalancer": {}},
        });
        assert_eq!(
            as_applied(live),
            json!({"kind": "Service", "metadata": {"name": "a", "annotations": {"mine": "1"}}})
        );
    }

    #[test]
    fn what_kubectl_remembers_is_the_manifest() {
        let manifest = json!({"kind": "Service", "metadata": {"name": "a"}, "spec": {"x": 1}});
        let live = |manifest: &Value| {
            json!({
                "kind": "Service",
                "metadata": {"name": "a", "annotations": {LAST_APPLIED: manifest.to_string()}},
                "spec": {"x": 1, "clusterIP": "10.0.0.1"},
            })
        };
        assert_eq!(as_applied(live(&manifest)), manifest);
        let other = json!({"kind": "Service", "metadata": {"name": "b"}});
        assert_eq!(as_applied(live(&other))["spec"]["clusterIP"], "10.0.0.1");
    }

    #[test]
    fn texts_of_secrets_are_decoded_and_bytes_stay() {
        let secret = json!({
            "kind": "Secret",
            "metadata": {"name": "s"},
            "data": {"a": "aGVs\nbG8=", "b": "/w==", "c": "b2xk"},
            "stringData": {"c": "new"},
        });
        assert_eq!(
            as_applied(secret),
            json!({
                "kind": "Secret",
                "metadata": {"name": "s"},
                "data": {"b": "/w=="},
                "stringData": {"a": "hello", "c": "new"},
            })
        );
    }

    #[test]
    fn texts_are_encoded_where_those_of_another_secret_are() {
        let ours = json!({"data": {"a": "eA=="}, "stringData": {"b": "y"}});
        let theirs = json!({"stringData": {"a": "hello", "b": "z"}});
        assert_eq!(
            encoded_as(&ours, theirs),
            json!({"data": {"a": "aGVsbG8="}, "stringData": {"b": "z"}})
        );
    }
}
