//! Which kinds the API server knows, and where their objects are.

use std::collections::BTreeMap;

use futures_util::future::try_join;
use serde_json::Value;

use crate::answer::Refusal;
use crate::server::Server;

/// Where the objects of a kind are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) version: String,
    /// As in paths, such as `deployments`.
    pub(crate) plural: String,
    pub(crate) namespaced: bool,
}

impl Resource {
    /// The path of all objects of a namespace, or of the cluster.
    pub(crate) fn list(&self, namespace: &str) -> String {
        let Self {
            group,
            version,
            plural,
            namespaced,
        } = self;
        let start = match group.as_str() {
            "" => format!("/api/{version}"),
            group => format!("/apis/{group}/{version}"),
        };
        if *namespaced && !namespace.is_empty() {
            format!("{start}/namespaces/{namespace}/{plural}")
        } else {
            format!("{start}/{plural}")
        }
    }

    /// The path of one object.
    pub(crate) fn object(&self, namespace: &str, name: &str) -> String {
        format!("{}/{name}", self.list(namespace))
    }
}

/// All kinds of a server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Resources {
    /// By group and kind, the preferred version first.
    kinds: BTreeMap<(String, String), Vec<Resource>>,
}

impl Resources {
    /// Asks the server, in two requests.
    pub(crate) async fn discover(server: &Server) -> Result<Self, Refusal> {
        let (core, groups) = try_join(server.discovery("/api"), server.discovery("/apis")).await?;
        let mut resources = Self::default();
        for group in [&core, &groups]
            .iter()
            .flat_map(|list| array(&list["items"]))
        {
            resources.add_group(group);
        }
        if resources.kinds.is_empty() {
            let message =
                "it does not list its kinds in one answer; Kubernetes 1.27 is the oldest that does";
            return Err(Refusal::unreachable(message));
        }
        Ok(resources)
    }

    /// The resource of a kind, in the version that an object is written in.
    pub(crate) fn of_version(&self, group: &str, kind: &str, version: &str) -> Option<&Resource> {
        self.versions(group, kind)
            .iter()
            .find(|resource| resource.version == version)
    }

    /// The resource of a kind, in the version that the server prefers.
    pub(crate) fn preferred(&self, group: &str, kind: &str) -> Option<&Resource> {
        self.versions(group, kind).first()
    }

    fn versions(&self, group: &str, kind: &str) -> &[Resource] {
        let key = (group.to_owned(), kind.to_owned());
        self.kinds.get(&key).map_or(&[], Vec::as_slice)
    }

    fn add_group(&mut self, group: &Value) {
        let name = text(&group["metadata"]["name"]);
        for version in array(&group["versions"]) {
            for resource in array(&version["resources"]) {
                let kind = text(&resource["responseKind"]["kind"]);
                self.kinds
                    .entry((name.clone(), kind))
                    .or_default()
                    .push(Resource {
                        group: name.clone(),
                        version: text(&version["version"]),
                        plural: text(&resource["resource"]),
                        namespaced: resource["scope"] == "Namespaced",
                    });
            }
        }
    }
}

/// The version in an `apiVersion`.
pub(crate) fn version_of(object: &Value) -> &str {
    let text = object["apiVersion"].as_str().unwrap_or_default();
    text.rsplit('/').next().unwrap_or_default()
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_follow_group_and_scope() {
        let mut resources = Resources::default();
        resources.add_group(&json!({"metadata": {"name": "apps"}, "versions": [{"version": "v1", "resources": [{"resource": "deployments", "responseKind": {"kind": "Deployment"}, "scope": "Namespaced"}]}]}));
        resources.add_group(&json!({"metadata": {}, "versions": [{"version": "v1", "resources": [{"resource": "namespaces", "responseKind": {"kind": "Namespace"}, "scope": "Cluster"}]}]}));
        let deployment = resources.preferred("apps", "Deployment").unwrap();
        assert_eq!(
            deployment.object("m", "g"),
            "/apis/apps/v1/namespaces/m/deployments/g"
        );
        let namespace = resources.of_version("", "Namespace", "v1").unwrap();
        assert_eq!(namespace.object("", "m"), "/api/v1/namespaces/m");
        assert!(resources.of_version("apps", "Deployment", "v2").is_none());
    }
}
