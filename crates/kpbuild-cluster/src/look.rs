//! Looks at some objects: whether they are there and ready, and why not.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use kpbuild_core::ObjectKey;
use serde_json::Value;

use crate::answer::Refusal;
use crate::pods;
use crate::ready::{Readiness, readiness};
use crate::resources::Resources;
use crate::server::Server;

/// An object as it is in the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The object.
    pub object: ObjectKey,
    /// How far it is; [`Readiness::Failed`] when it is not there.
    pub readiness: Readiness,
    /// What the server has; null when it has nothing.
    pub value: Value,
}

pub(crate) async fn look(
    server: &Server,
    objects: &[ObjectKey],
    concurrency: usize,
) -> Result<Vec<Look>, Refusal> {
    let resources = Resources::discover(server).await?;
    stream::iter(objects)
        .map(|key| look_at(server, &resources, key))
        .buffered(concurrency)
        .try_collect()
        .await
}

async fn look_at(server: &Server, resources: &Resources, key: &ObjectKey) -> Result<Look, Refusal> {
    let path = resources
        .preferred(&key.group, &key.kind)
        .map(|resource| resource.object(&key.namespace, &key.name));
    let value = match &path {
        Some(path) => server.find(path).await?,
        None => None,
    };
    let Some(value) = value else {
        let reason = match path {
            Some(_) => "it is not there",
            None => "the cluster does not know its kind",
        };
        return Ok(Look {
            object: key.clone(),
            readiness: Readiness::Failed(reason.to_owned()),
            value: Value::Null,
        });
    };
    let readiness = match readiness(&value) {
        Readiness::Ready => Readiness::Ready,
        Readiness::Waiting(reason) => Readiness::Waiting(explained(server, &value, reason).await),
        Readiness::Failed(reason) => Readiness::Failed(explained(server, &value, reason).await),
    };
    Ok(Look {
        object: key.clone(),
        readiness,
        value,
    })
}

/// A reason with what the pods themselves say.
async fn explained(server: &Server, value: &Value, reason: String) -> String {
    match pods::trouble(server, value).await {
        Some(trouble) => format!("{reason}; {trouble}"),
        None => reason,
    }
}
