//! What takes data with it when it goes.

use kpbuild_core::ObjectKey;

use super::{Changed, Effect, EffectKind};

pub(super) fn effects(changed: &Changed<'_>) -> Vec<Effect> {
    let lost = match changed.after {
        None => what_goes_with(changed.key),
        Some(_) => None,
    };
    lost.map(|text| Effect::new(EffectKind::Data, text))
        .into_iter()
        .collect()
}

/// What is lost when an object is deleted, if that is more than the object
/// itself: such objects are only deleted by name.
pub(crate) fn what_goes_with(key: &ObjectKey) -> Option<String> {
    match (key.group.as_str(), key.kind.as_str()) {
        ("", "Namespace") => Some("deletes everything in the namespace".to_owned()),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            Some("deletes all objects of its kind, in every namespace".to_owned())
        }
        ("", "PersistentVolumeClaim") => Some("deletes the data on the volume".to_owned()),
        ("", "PersistentVolume") => Some("may delete the data on the volume".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::effects::tests::phrases;
    use serde_json::json;

    #[test]
    fn a_namespace_takes_everything_with_it() {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "m"}});
        assert_eq!(
            phrases(namespace.clone(), None),
            ["deletes everything in the namespace"]
        );
        assert!(phrases(namespace.clone(), Some(namespace)).is_empty());
    }
}
