//! kube-rbac-proxy: the container beside a component that encrypts its metrics
//! and lets in only who may read them. Several components have one; what users
//! can say about it and what it is by default is here, how the container is
//! spelt in `templates/lib/kube-rbac-proxy.libsonnet`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::{self, Context};
use crate::scalar::{Image, Version};
use crate::shape::{Partial, Resources, SecurityContext};

const VERSION: &str = "0.22.0";

/// The suites of TLS 1.2 that have forward secrecy and authenticate what they
/// encrypt. Those of TLS 1.3 all do, and cannot be chosen.
const TLS_CIPHER_SUITES: [&str; 6] = [
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
];

/// kube-rbac-proxy, the container that encrypts a component's metrics and lets
/// in only who may read them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct KubeRbacProxy {
    /// The version of kube-rbac-proxy, without `v`; it names the image's tag.
    pub version: Option<Version>,
    /// The whole image, with its tag; `version` is then not used.
    pub image: Option<Image>,
    /// What the container asks for and is limited to.
    pub resources: Resources,
    /// The security settings of the container, merged into the default; `null`
    /// removes a field.
    pub security_context: Option<Partial<SecurityContext>>,
    /// The cipher suites that it accepts over TLS 1.2, by their names in Go,
    /// such as `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`; replaces the default.
    /// An empty list leaves the choice to the program.
    pub tls_cipher_suites: Option<Vec<String>>,
}

/// The part of a template's input that `lib/kube-rbac-proxy.libsonnet` spells.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Container {
    name: &'static str,
    image: String,
    listen_address: String,
    port: u16,
    port_name: &'static str,
    upstream: String,
    tls_cipher_suites: Vec<String>,
    resources: Value,
    security_context: Value,
}

/// What a component decides about its proxy.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The container's name.
    pub(crate) name: &'static str,
    /// The address to listen on, before the port: empty for all.
    pub(crate) host: &'static str,
    /// The port to listen on, with TLS.
    pub(crate) port: u16,
    /// That port's name.
    pub(crate) port_name: &'static str,
    /// The component's own address and port, without TLS: `127.0.0.1:8080`.
    pub(crate) upstream: String,
    /// The default of [`KubeRbacProxy::resources`].
    pub(crate) resources: Value,
}

/// The default resources where a component has no reason for others.
pub(crate) fn default_resources() -> Value {
    json!({
        "requests": {"cpu": "10m", "memory": "20Mi"},
        "limits": {"cpu": "20m", "memory": "40Mi"},
    })
}

/// The container, with what the user chose.
pub(crate) fn container(context: &Context<'_>, chosen: &KubeRbacProxy, place: Place) -> Container {
    let Place {
        name,
        host,
        port,
        port_name,
        upstream,
        resources,
    } = place;
    let version = chosen.version.as_ref().map_or(VERSION, Version::as_str);
    let image = match &chosen.image {
        Some(image) => image.to_string(),
        None => context.image(&format!("quay.io/brancz/kube-rbac-proxy:v{version}")),
    };
    let suites = || TLS_CIPHER_SUITES.map(str::to_owned).to_vec();
    let mut security_context = json!({
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": true,
        "runAsGroup": 65532,
        "runAsNonRoot": true,
        "runAsUser": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    });
    if let Some(part) = &chosen.security_context {
        context::merge(&mut security_context, &part.0.0);
    }
    Container {
        name,
        image,
        listen_address: format!("{host}:{port}"),
        port,
        port_name,
        upstream: format!("http://{upstream}/"),
        tls_cipher_suites: chosen.tls_cipher_suites.clone().unwrap_or_else(suites),
        resources: context::resources(context, &chosen.resources, &resources),
        security_context,
    }
}
