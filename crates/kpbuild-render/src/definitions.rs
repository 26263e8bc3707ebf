//! The custom resource definitions, each with the component that it is for.

use kpbuild_core::{Object, ObjectKey, Origin};
use kpbuild_stack::definitions::{DEFINITIONS, Definition};
use kpbuild_stack::{Component, Stack};

/// The definitions of the components that are installed.
pub(crate) fn objects(stack: &Stack) -> Vec<Object> {
    let wanted = DEFINITIONS.iter().filter_map(|definition| {
        let mut components = stack.components.iter();
        let component = components.find(|component| component.name == definition.component)?;
        Some(object(definition, component))
    });
    wanted.collect()
}

fn object(definition: &Definition, component: &Component) -> Object {
    let key = ObjectKey {
        group: "apiextensions.k8s.io".to_owned(),
        kind: "CustomResourceDefinition".to_owned(),
        namespace: String::new(),
        name: definition.name(),
    };
    let origin = Origin {
        component: component.name.to_owned(),
        span: component.span,
    };
    Object::from_text(key, definition.text, origin)
}
