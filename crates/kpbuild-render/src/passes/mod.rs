//! Edits of all objects at once, after the templates: one file a pass.

mod network_policies;
pub(crate) mod patches;

use kpbuild_core::{Diagnostics, Object, SourceMap};
use kpbuild_stack::Stack;

use crate::Inputs;

/// What nobody wants goes first: overlays do not find it.
pub(crate) fn leave_out(stack: &Stack, objects: &mut Vec<Object>) {
    network_policies::run(stack, objects);
}

/// What the user patches is what everything else left, overlays included.
pub(crate) fn patch(
    stack: &Stack,
    inputs: &Inputs,
    sources: &SourceMap,
    objects: &mut Vec<Object>,
    diagnostics: &mut Diagnostics,
) {
    patches::run(stack, inputs, sources, objects, diagnostics);
}
