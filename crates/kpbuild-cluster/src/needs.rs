//! What a run needs to be allowed: verbs on resources, for all of its objects
//! and for the stack's own books.

use std::collections::BTreeSet;

use kpbuild_core::{Bundle, Object, ObjectKey};

use crate::cluster::PlanOptions;
use crate::inventory::StackId;
use crate::pattern::selects;
use crate::permissions::Permission;
use crate::plan::{Action, Plan};
use crate::resources::Resources;

/// Runs on one stack, on a server with these kinds.
pub(crate) struct Needs<'a> {
    stack: &'a StackId,
    resources: &'a Resources,
}

impl<'a> Needs<'a> {
    pub(crate) fn new(stack: &'a StackId, resources: &'a Resources) -> Self {
        Self { stack, resources }
    }

    /// To see what would change. The server demands for a dry run what it
    /// demands for the run itself.
    pub(crate) fn of_looking(
        &self,
        bundle: &Bundle,
        options: &PlanOptions,
    ) -> BTreeSet<Permission> {
        let mut needed = self.of_objects(bundle, options, &["get", "list", "create", "patch"]);
        self.add(&mut needed, &self.books("Secret"), &["get"]);
        needed
    }

    /// To make the cluster what a plan says.
    pub(crate) fn of_applying(
        &self,
        bundle: &Bundle,
        plan: &Plan,
        options: &PlanOptions,
    ) -> BTreeSet<Permission> {
        let mut needed = self.of_looking(bundle, options);
        self.add(&mut needed, &self.books("Secret"), &["create", "patch"]);
        self.add_lock(&mut needed);
        let going = |action| matches!(action, Action::Prune | Action::Replace);
        for step in plan.steps.iter().filter(|step| going(step.action)) {
            self.add(&mut needed, &step.object, &["get", "delete"]);
        }
        needed
    }

    /// To take the stack away again.
    pub(crate) fn of_deleting<'k>(
        &self,
        objects: impl IntoIterator<Item = &'k ObjectKey>,
    ) -> BTreeSet<Permission> {
        let mut needed = BTreeSet::new();
        for key in objects {
            self.add(&mut needed, key, &["get", "list", "delete"]);
        }
        self.add(&mut needed, &self.books("Secret"), &["get", "delete"]);
        self.add_lock(&mut needed);
        needed
    }

    fn of_objects(
        &self,
        bundle: &Bundle,
        options: &PlanOptions,
        verbs: &[&str],
    ) -> BTreeSet<Permission> {
        let mut needed = BTreeSet::new();
        let keys = bundle.objects().iter().map(Object::key);
        for key in keys.filter(|key| selects(&options.targets, key)) {
            self.add(&mut needed, key, verbs);
        }
        needed
    }

    fn add_lock(&self, needed: &mut BTreeSet<Permission>) {
        let verbs = ["get", "create", "update", "delete"];
        self.add(needed, &self.books("Lease"), &verbs);
    }

    /// Kinds that the server does not know need nothing yet.
    fn add(&self, needed: &mut BTreeSet<Permission>, key: &ObjectKey, verbs: &[&str]) {
        if let Some(resource) = self.resources.preferred(&key.group, &key.kind) {
            let permission = |verb: &&str| Permission::new(verb, resource, &key.namespace);
            needed.extend(verbs.iter().map(permission));
        }
    }

    /// The set's parent, or its lock.
    fn books(&self, kind: &str) -> ObjectKey {
        let group = match kind {
            "Lease" => "coordination.k8s.io",
            _ => "",
        };
        ObjectKey {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: self.stack.namespace.clone(),
            name: self.stack.parent(),
        }
    }
}
