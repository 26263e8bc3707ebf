//! Edits of all objects at once, after the templates: one file a pass.

mod network_policies;

use kpbuild_core::Object;
use kpbuild_stack::Stack;

/// All passes, in order.
pub(crate) fn run(stack: &Stack, objects: &mut Vec<Object>) {
    network_policies::run(stack, objects);
}
