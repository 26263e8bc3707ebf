//! The manifest that is sent to the server: what the stack renders, with the
//! mark of the stack's set of objects.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kpbuild_core::Object;
use serde_json::{Map, Value, json};

use crate::clean::PART_OF;
use crate::owners::digest;

/// The manifest of an object as a member of a set.
pub(crate) fn manifest(object: &Object, set: &str) -> Value {
    let mut value = object.value().clone();
    let metadata = &mut value["metadata"];
    if !metadata["labels"].is_object() {
        metadata["labels"] = json!({});
    }
    metadata["labels"][PART_OF] = set.into();
    if object.kind() == "Secret" && object.key().group.is_empty() {
        encode(&mut value);
    }
    value
}

/// A digest by which it is seen that a manifest is the one that was applied before.
pub(crate) fn manifest_digest(object: &Object, set: &str) -> String {
    digest(format!("{set}\n{}", object.yaml()).as_bytes())
}

/// Moves `stringData` into `data`, as the server would: it keeps no owner for
/// `stringData`, so that values which are no longer rendered would never go.
fn encode(secret: &mut Value) {
    let Some(texts) = secret
        .as_object_mut()
        .and_then(|map| map.remove("stringData"))
    else {
        return;
    };
    let mut data = secret["data"].as_object().cloned().unwrap_or_else(Map::new);
    for (name, text) in texts.as_object().into_iter().flatten() {
        let text = text.as_str().unwrap_or_default();
        data.insert(name.clone(), STANDARD.encode(text).into());
    }
    secret["data"] = data.into();
}

#[cfg(test)]
mod tests {
    use super::*;
    use kpbuild_core::Origin;

    #[test]
    fn a_manifest_carries_the_set_and_encoded_secrets() {
        let origin = Origin {
            component: "test".into(),
            span: None,
        };
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "YQ=="}, "stringData": {"b": "b"}});
        let object = Object::new(secret, origin).unwrap();
        assert_eq!(
            manifest(&object, "x"),
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "labels": {PART_OF: "x"}}, "data": {"a": "YQ==", "b": "Yg=="}})
        );
        assert_ne!(manifest_digest(&object, "x"), manifest_digest(&object, "y"));
    }
}
