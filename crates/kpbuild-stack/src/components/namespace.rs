//! The namespace that everything is installed into.

use serde_json::json;

use crate::context::Context;
use crate::stack::Component;

/// The namespace, which no option turns off: a stack has exactly one.
pub(crate) fn resolve(context: &Context<'_>) -> Component {
    Component {
        name: "namespace",
        input: json!({"name": context.namespace()}),
        mixins: Vec::new(),
        span: None,
    }
}
