//! Edits of all objects at once, after the templates: one file a pass.

mod network_policies;
pub(crate) mod patches;

use kpbuild_core::{Diagnostics, Object, SourceMap};
use kpbuild_stack::Stack;

use crate::Inputs;

/// All passes, in order: what the user patches is what everything else left.
pub(crate) fn run(
    stack: &Stack,
    inputs: &Inputs,
    sources: &SourceMap,
    objects: &mut Vec<Object>,
    diagnostics: &mut Diagnostics,
) {
    network_policies::run(stack, objects);
    patches::run(stack, inputs, sources, objects, diagnostics);
}
