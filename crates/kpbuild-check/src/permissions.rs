//! What a service account may do, by the roles that are bound to it.

use kpbuild_core::{Bundle, Object};
use serde_json::Value;

use crate::facts::{items, strings};

/// A service account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account<'n> {
    pub(crate) namespace: &'n str,
    pub(crate) name: &'n str,
}

/// Something that is done through the API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Action<'n> {
    pub(crate) verb: &'n str,
    pub(crate) group: &'n str,
    pub(crate) resource: &'n str,
    /// The namespace; none for all of the cluster.
    pub(crate) namespace: Option<&'n str>,
}

impl Account<'_> {
    /// Whether it may do something.
    pub(crate) fn may(self, bundle: &Bundle, action: Action<'_>) -> bool {
        let has = |rule: &Value, field: &str, wanted: &str| {
            strings(&rule[field]).any(|one| one == wanted || one == "*")
        };
        self.rules(bundle, action.namespace).any(|rule| {
            has(rule, "verbs", action.verb)
                && has(rule, "apiGroups", action.group)
                && has(rule, "resources", action.resource)
        })
    }

    /// Whether it may get a path that is no resource.
    pub(crate) fn may_get(self, bundle: &Bundle, path: &str) -> bool {
        self.rules(bundle, None).any(|rule| {
            let covers = |one: &str| {
                one == path
                    || one
                        .strip_suffix('*')
                        .is_some_and(|start| path.starts_with(start))
            };
            strings(&rule["verbs"]).any(|verb| verb == "get" || verb == "*")
                && strings(&rule["nonResourceURLs"]).any(covers)
        })
    }

    fn rules<'b>(
        self,
        bundle: &'b Bundle,
        namespace: Option<&'b str>,
    ) -> impl Iterator<Item = &'b Value> {
        let bindings = bundle
            .objects()
            .iter()
            .filter(move |binding| match binding.kind() {
                "ClusterRoleBinding" => true,
                "RoleBinding" => Some(binding.key().namespace.as_str()) == namespace,
                _ => false,
            });
        let bound = bindings.filter(move |binding| {
            items(&binding.value()["subjects"]).any(|subject| self.is(subject))
        });
        bound
            .filter_map(|binding| role(bundle, binding))
            .flat_map(|role| items(&role.value()["rules"]))
    }

    fn is(self, subject: &Value) -> bool {
        subject["kind"] == "ServiceAccount"
            && subject["name"] == self.name
            && subject["namespace"] == self.namespace
    }
}

/// The role that a binding names, if it is in the bundle.
pub(crate) fn role<'b>(bundle: &'b Bundle, binding: &Object) -> Option<&'b Object> {
    let role = &binding.value()["roleRef"];
    let (kind, name) = (role["kind"].as_str()?, role["name"].as_str()?);
    let namespace = if kind == "Role" {
        binding.key().namespace.as_str()
    } else {
        ""
    };
    let is_it = |one: &&Object| {
        one.kind() == kind && one.key().namespace == namespace && one.key().name == name
    };
    bundle.objects().iter().find(is_it)
}
