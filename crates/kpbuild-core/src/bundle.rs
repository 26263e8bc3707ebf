//! All objects of one stack, each once, in the order in which they can be applied.
//!
//! A bundle does not know whether its objects fit together; `kpbuild-check` does.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::object::{NotAnObject, Object, ObjectKey, Origin};

/// The code of the finding that two objects have the same identity.
pub const DUPLICATE: Code = Code("object-duplicate");

/// The objects of one stack: unique and sorted by phase, kind, namespace, name.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    objects: Vec<Object>,
}

impl Bundle {
    /// Sorts the objects and reports those that are there twice.
    pub fn new(objects: Vec<Object>, diagnostics: &mut Diagnostics) -> Self {
        let mut unique: BTreeMap<(Phase, ObjectKey), Object> = BTreeMap::new();
        for object in objects {
            let place = (Phase::of(object.key()), object.key().clone());
            if let Some(first) = unique.get(&place) {
                diagnostics.push(duplicate(first, &object));
            } else {
                unique.insert(place, object);
            }
        }
        Self {
            objects: unique.into_values().collect(),
        }
    }

    /// The manifests that a test or a benchmark is about, all in the name of `component`
    /// and of no line of a stack file; of two with the same identity the first counts.
    ///
    /// # Errors
    ///
    /// A value that is no manifest: nobody knows what it is called.
    pub fn of_manifests(
        component: &str,
        manifests: impl IntoIterator<Item = Value>,
    ) -> Result<Self, NotAnObject> {
        let origin = Origin {
            component: component.to_owned(),
            span: None,
        };
        let object = |manifest| Object::new(manifest, origin.clone());
        let objects: Result<_, _> = manifests.into_iter().map(object).collect();
        Ok(Self::new(objects?, &mut Diagnostics::default()))
    }

    /// The objects in the order in which they can be applied.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The object of an identity.
    pub fn get(&self, key: &ObjectKey) -> Option<&Object> {
        self.objects.iter().find(|object| object.key() == key)
    }

    /// All objects of a kind, whatever its group.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.objects
            .iter()
            .filter(move |object| object.kind() == kind)
    }
}

fn duplicate(first: &Object, second: &Object) -> Diagnostic {
    let message = format!("`{}` is rendered twice", first.key());
    let by = |object: &Object| format!("by `{}`", object.origin.component);
    Diagnostic::error(DUPLICATE, message)
        .at_some(second.origin.span, by(second))
        .at_some(first.origin.span, format!("and {}", by(first)))
        .note(format!(
            "it comes from `{}` and from `{}`",
            first.origin.component, second.origin.component
        ))
        .help("rename one of them, or change the first one with a patch")
}

/// What must be there before what, when objects are applied. The phases and
/// their reasons are those of `apply`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Namespaces: everything lives in them.
    Namespace,
    /// Custom resource definitions: objects of their kinds need them.
    Definition,
    /// Permissions, configuration and network policies: workloads start with them.
    Foundation,
    /// Services, before the pods whose environment they appear in.
    Service,
    /// Workloads, among them the operator.
    Workload,
    /// What the operator turns into workloads.
    Instance,
    /// Monitors, rules and probes, which running instances pick up.
    Monitoring,
    /// Aggregated API services, which break discovery until their pods answer.
    Aggregation,
}

impl Phase {
    /// The phase of an object.
    pub fn of(key: &ObjectKey) -> Self {
        match (key.group.as_str(), key.kind.as_str()) {
            ("", "Namespace") => Self::Namespace,
            ("apiextensions.k8s.io", _) => Self::Definition,
            ("", "Service" | "Endpoints") | ("discovery.k8s.io", _) => Self::Service,
            ("apps" | "batch", _) | ("", "Pod") => Self::Workload,
            (
                "monitoring.coreos.com",
                "Prometheus" | "PrometheusAgent" | "Alertmanager" | "ThanosRuler",
            ) => Self::Instance,
            ("apiregistration.k8s.io", _) => Self::Aggregation,
            (
                ""
                | "rbac.authorization.k8s.io"
                | "networking.k8s.io"
                | "policy"
                | "storage.k8s.io"
                | "scheduling.k8s.io",
                _,
            ) => Self::Foundation,
            _ => Self::Monitoring,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Origin;
    use serde_json::json;

    fn object(api: &str, kind: &str, name: &str) -> Object {
        Object::new(
            json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}}),
            Origin {
                component: name.into(),
                span: None,
            },
        )
        .unwrap()
    }

    #[test]
    fn objects_come_in_the_order_of_their_phases() {
        let mut diagnostics = Diagnostics::default();
        let bundle = Bundle::new(
            vec![
                object("apiregistration.k8s.io/v1", "APIService", "a"),
                object("monitoring.coreos.com/v1", "ServiceMonitor", "a"),
                object("monitoring.coreos.com/v1", "Prometheus", "a"),
                object("apps/v1", "Deployment", "a"),
                object("v1", "Service", "a"),
                object("rbac.authorization.k8s.io/v1", "Role", "a"),
                object("v1", "ConfigMap", "b"),
                object("v1", "ConfigMap", "a"),
                object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "a"),
                object("v1", "Namespace", "a"),
            ],
            &mut diagnostics,
        );
        assert!(diagnostics.is_empty());
        let order: Vec<_> = bundle
            .objects()
            .iter()
            .map(|o| o.key().to_string())
            .collect();
        assert_eq!(
            order,
            [
                "Namespace/a",
                "CustomResourceDefinition/a",
                "ConfigMap/a",
                "ConfigMap/b",
                "Role/a",
                "Service/a",
                "Deployment/a",
                "Prometheus/a",
                "ServiceMonitor/a",
                "APIService/a",
            ]
        );
    }

    #[test]
    fn an_object_rendered_twice_is_an_error() {
        let mut diagnostics = Diagnostics::default();
        Bundle::new(
            vec![object("v1", "Secret", "a"), object("v1", "Secret", "a")],
            &mut diagnostics,
        );
        assert_eq!(
            diagnostics.sorted()[0].message,
            "`Secret/a` is rendered twice"
        );
        assert!(diagnostics.reported().is_err());
    }
}
