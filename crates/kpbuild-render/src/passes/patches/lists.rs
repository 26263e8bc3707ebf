//! How the items of lists are told apart when a patch is merged: by the keys
//! that Kubernetes' own types have (`patchMergeKey` in their source), and by
//! those of the custom resource definitions.

use kpbuild_core::ObjectKey;
use kpbuild_stack::definitions;

/// How a list is merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The list of the patch replaces it.
    Whole,
    /// Items are the same if they have the same values under these keys.
    ByKeys(Vec<&'static str>),
    /// Values are added that are not there yet.
    Set,
}

/// The lists of pods and their containers, wherever they are: the field around
/// the map that has the list (or anything), the list, and the key of its items.
const OF_PODS: &[(&str, &str, &str)] = &[
    ("*", "containers", "name"),
    ("*", "initContainers", "name"),
    ("*", "ephemeralContainers", "name"),
    ("containers", "env", "name"),
    ("containers", "ports", "containerPort"),
    ("containers", "volumeMounts", "mountPath"),
    ("containers", "volumeDevices", "devicePath"),
    ("*", "volumes", "name"),
    ("*", "volumeMounts", "mountPath"),
    ("*", "imagePullSecrets", "name"),
    ("*", "hostAliases", "ip"),
    ("*", "topologySpreadConstraints", "topologyKey"),
    ("*", "schedulingGates", "name"),
    ("*", "resourceClaims", "name"),
];

/// The lists of other objects: the kind, the path and the key.
const OF_OBJECTS: &[(&str, &[&str], &str)] = &[
    ("*", &["metadata", "ownerReferences"], "uid"),
    ("Service", &["spec", "ports"], "port"),
    ("ServiceAccount", &["secrets"], "name"),
    ("MutatingWebhookConfiguration", &["webhooks"], "name"),
    ("ValidatingWebhookConfiguration", &["webhooks"], "name"),
];

/// How a list is merged, by the object that it is in and the names of the
/// fields that lead to it.
pub fn kind(object: &ObjectKey, path: &[&str]) -> Kind {
    if path == ["metadata", "finalizers"] {
        return Kind::Set;
    }
    if let Some(keys) = definitions::list_keys(&object.group, &object.kind, path) {
        return Kind::ByKeys(keys);
    }
    let of_object = OF_OBJECTS
        .iter()
        .find(|(kind, list, _)| (*kind == "*" || *kind == object.kind) && *list == path);
    if let Some((_, _, key)) = of_object {
        return Kind::ByKeys(vec![*key]);
    }
    let [before @ .., list] = path else {
        return Kind::Whole;
    };
    let around = match before.last().copied() {
        Some("initContainers" | "ephemeralContainers") => "containers",
        other => other.unwrap_or_default(),
    };
    let of_pod = OF_PODS
        .iter()
        .find(|(parent, name, _)| (*parent == "*" || *parent == around) && name == list);
    match of_pod {
        Some((_, _, key)) if before.contains(&"spec") || object.kind == "ServiceAccount" => {
            Kind::ByKeys(vec![*key])
        }
        _ => Kind::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(group: &str, kind: &str, path: &str) -> Kind {
        let key = ObjectKey {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: String::new(),
            name: String::new(),
        };
        let path: Vec<&str> = path.split('.').collect();
        super::kind(&key, &path)
    }

    #[test]
    fn items_are_told_apart_as_in_kubernetes() {
        let by = |key| Kind::ByKeys(vec![key]);
        let deployment =
            |path: &str| of("apps", "Deployment", &format!("spec.template.spec.{path}"));
        assert_eq!(deployment("containers"), by("name"));
        assert_eq!(deployment("initContainers.env"), by("name"));
        assert_eq!(deployment("containers.ports"), by("containerPort"));
        assert_eq!(deployment("containers.volumeMounts"), by("mountPath"));
        assert_eq!(deployment("containers.args"), Kind::Whole);
        assert_eq!(deployment("tolerations"), Kind::Whole);
        assert_eq!(of("", "Service", "spec.ports"), by("port"));
        assert_eq!(
            of("networking.k8s.io", "NetworkPolicy", "spec.ingress.ports"),
            Kind::Whole
        );
        assert_eq!(
            of("rbac.authorization.k8s.io", "ClusterRole", "rules"),
            Kind::Whole
        );
        assert_eq!(of("", "ServiceAccount", "imagePullSecrets"), by("name"));
        assert_eq!(of("", "Pod", "metadata.finalizers"), Kind::Set);
    }

    #[test]
    fn custom_resources_have_the_keys_of_their_definitions() {
        let of = |kind, path| of("monitoring.coreos.com", kind, path);
        assert_eq!(
            of("PrometheusRule", "spec.groups"),
            Kind::ByKeys(vec!["name"])
        );
        assert_eq!(of("PrometheusRule", "spec.groups.rules"), Kind::Whole);
        assert_eq!(
            of("Prometheus", "spec.containers"),
            Kind::ByKeys(vec!["name"])
        );
        assert_eq!(
            of("Prometheus", "spec.containers.ports"),
            Kind::ByKeys(vec!["containerPort", "protocol"])
        );
        assert_eq!(of("ServiceMonitor", "spec.endpoints"), Kind::Whole);
    }
}
