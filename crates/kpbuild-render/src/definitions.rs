//! The custom resource definitions of the operator, as they were generated.

use kpbuild_core::{Object, ObjectKey, Origin};
use kpbuild_stack::{Stack, definitions::DEFINITIONS};

/// The definitions, when the operator that needs them is installed.
pub(crate) fn objects(stack: &Stack) -> Vec<Object> {
    let Some(operator) = stack
        .components
        .iter()
        .find(|component| component.name == "prometheus-operator")
    else {
        return Vec::new();
    };
    DEFINITIONS
        .iter()
        .map(|(plural, text)| {
            let key = ObjectKey {
                group: "apiextensions.k8s.io".to_owned(),
                kind: "CustomResourceDefinition".to_owned(),
                namespace: String::new(),
                name: format!("{plural}.monitoring.coreos.com"),
            };
            let origin = Origin {
                component: operator.name.to_owned(),
                span: operator.span,
            };
            Object::from_text(key, text, origin)
        })
        .collect()
}
