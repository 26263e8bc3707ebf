//! A Secret that is made once and then left alone: what it holds cannot be
//! rendered, and must not change with the stack.

use kpbuild_core::ObjectKey;
use serde_json::{Map, Value, json};

use crate::answer::Refusal;
use crate::server::Server;

/// The values of a Secret by key, decoded.
pub type SecretValues = Vec<(String, Vec<u8>)>;

fn path(key: &ObjectKey) -> String {
    format!("/api/v1/namespaces/{}/secrets", key.namespace)
}

/// The values of a Secret by key, decoded; nothing when there is none.
pub(crate) async fn read(
    server: &Server,
    key: &ObjectKey,
) -> Result<Option<SecretValues>, Refusal> {
    let secret = server.find(&format!("{}/{}", path(key), key.name)).await?;
    let Some(secret) = secret else {
        return Ok(None);
    };
    let decoded = |(name, value): (&String, &Value)| {
        let bytes =
            base64::Engine::decode(&base64::engine::general_purpose::STANDARD, value.as_str()?);
        Some((name.clone(), bytes.ok()?))
    };
    let data = secret["data"].as_object();
    Ok(Some(
        data.into_iter().flatten().filter_map(decoded).collect(),
    ))
}

/// Makes a Secret; false when there is one already, which is left as it is.
///
/// It has not the mark of a stack's set of objects: it is not rendered, so that
/// it would be removed by the next run.
pub(crate) async fn make(
    server: &Server,
    key: &ObjectKey,
    values: &[(&str, &str)],
) -> Result<bool, Refusal> {
    let data: Map<String, Value> = values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": key.name,
            "namespace": key.namespace,
            "labels": {"app.kubernetes.io/managed-by": "kpbuild"},
        },
        "type": "Opaque",
        "stringData": data,
    });
    match server.create(&path(key), &secret).await {
        Ok(_) => Ok(true),
        Err(refusal) if refusal.code == 409 => Ok(false),
        Err(refusal) => Err(refusal),
    }
}
