//! Leaves out every `NetworkPolicy` where nobody wants them (`networkPolicies: false`).

use kpbuild_core::Object;
use kpbuild_stack::Stack;

pub(super) fn run(stack: &Stack, objects: &mut Vec<Object>) {
    if !stack.network_policies {
        objects.retain(|object| object.kind() != "NetworkPolicy");
    }
}
