//! etcd that runs outside of the cluster, or on its control plane without a
//! Service: found by fixed addresses, scraped with a client certificate.
//!
//! Prometheus discovers it like everything else, by a Service and its
//! endpoints; only that nobody but this component writes those.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::{App, Context, Metadata};
use crate::scalar::{IpAddress, Name, milliseconds};
use crate::shape::{Common, ServiceMonitor};
use crate::stack::{Component, Mixin, RuleObject};

/// The name of the Service and its endpoints, and with that of the job.
const NAME: &str = "etcd";

/// Where Kubernetes keeps what belongs to itself; Prometheus may look there.
const NAMESPACE: &str = "kube-system";

/// The Secret with certificates that are part of the stack file.
const SECRET: &str = "kube-etcd-client-certs";

/// How often Prometheus scrapes etcd.
const INTERVAL: &str = "30s";

/// etcd that is found by fixed addresses. It is scraped, with alerts and a
/// dashboard about it, when the stack file names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Etcd {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "flattened: the fields have their own")]
    pub common: Common,
    /// The addresses of all members, such as `10.0.1.10`.
    #[schemars(length(min = 1))]
    pub ips: Vec<IpAddress>,
    /// The port on which each member answers for its metrics: that of its
    /// clients, or that of `--listen-metrics-urls`.
    #[serde(default = "client_port")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// How Prometheus speaks TLS with the members; without it, it speaks plain
    /// HTTP, as `--listen-metrics-urls=http://...` allows.
    pub tls: Option<Tls>,
    /// Whether the alerts and the dashboard about etcd come along.
    #[serde(default = "yes")]
    pub mixin: bool,
    /// How Prometheus scrapes etcd.
    #[serde(default)]
    pub service_monitor: ServiceMonitor,
}

fn client_port() -> u16 {
    2379
}

fn yes() -> bool {
    true
}

/// How Prometheus and etcd prove to each other who they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
#[schemars(rename = "EtcdTls")]
pub struct Tls {
    /// The name that the members' certificates are issued for, such as
    /// `etcd.kube-system.svc.cluster.local`; by default, their addresses.
    #[schemars(length(min = 1))]
    pub server_name: Option<String>,
    /// Whether any certificate of the members is taken for theirs.
    pub insecure_skip_verify: bool,
    /// The Secret with the certificates, which is there already, in the
    /// namespace of Prometheus. It keeps the key out of the stack file.
    pub secret: Option<CertificateSecret>,
    /// The certificates themselves; a Secret is made of them. Whoever reads the
    /// stack file reads the key, too: prefer `secret`.
    pub certificates: Option<Certificates>,
}

/// A Secret with certificates that is there already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EtcdCertificateSecret")]
pub struct CertificateSecret {
    /// The name of the Secret.
    pub name: Name,
    /// The Secret's key with the authority's certificate.
    #[serde(default = "ca_key")]
    #[schemars(length(min = 1))]
    pub ca: String,
    /// The Secret's key with the client's certificate.
    #[serde(default = "cert_key")]
    #[schemars(length(min = 1))]
    pub cert: String,
    /// The Secret's key with the client's private key.
    #[serde(default = "key_key")]
    #[schemars(length(min = 1))]
    pub key: String,
}

fn ca_key() -> String {
    "etcd-client-ca.crt".to_owned()
}

fn cert_key() -> String {
    "etcd-client.crt".to_owned()
}

fn key_key() -> String {
    "etcd-client.key".to_owned()
}

/// Certificates by their contents, in PEM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EtcdCertificates")]
pub struct Certificates {
    /// The certificate of the authority that issued those of the members.
    #[schemars(length(min = 1))]
    pub ca: String,
    /// The client's certificate.
    #[schemars(length(min = 1))]
    pub cert: String,
    /// The client's private key.
    #[schemars(length(min = 1))]
    pub key: String,
}

/// The input of `templates/components/etcd`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    /// The metadata of what announces the members.
    metadata: Metadata,
    name: &'static str,
    ips: &'a [IpAddress],
    port: u16,
    /// The scheme and its settings, as a monitor's endpoint has them.
    transport: Value,
    secret: Option<Secret>,
    interval: &'a str,
    service_monitor: &'a Value,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Secret {
    metadata: Metadata,
    name: &'static str,
    data: Value,
}

/// What the stack file says about etcd, if it wants it.
pub(crate) fn wanted<'a>(context: &Context<'a>) -> Option<&'a Etcd> {
    let etcd = context.file.components.etcd.as_ref();
    etcd.filter(|etcd| etcd.common.enabled)
}

/// The Secret that Prometheus needs to scrape etcd.
pub(crate) fn client_secret<'a>(context: &Context<'a>) -> Option<&'a str> {
    Some(secret_of(wanted(context)?.tls.as_ref()?)?.0)
}

/// The name of the Secret with the certificates and the keys in it: authority,
/// certificate, private key.
fn secret_of(tls: &Tls) -> Option<(&str, [String; 3])> {
    match (&tls.secret, &tls.certificates) {
        (Some(secret), _) => {
            let keys = [&secret.ca, &secret.cert, &secret.key].map(Clone::clone);
            Some((secret.name.as_str(), keys))
        }
        (None, Some(_)) => Some((SECRET, [ca_key(), cert_key(), key_key()])),
        (None, None) => None,
    }
}

pub(crate) fn resolve(context: &Context<'_>, options: &Etcd) -> Component {
    let app = App {
        name: NAME,
        component: "kubernetes",
        instance: None,
        version: None,
    };
    let own = context.identity(&options.common, app).metadata;
    let input = Input {
        metadata: Metadata {
            namespace: Some(NAMESPACE.to_owned()),
            ..own.clone()
        },
        name: NAME,
        ips: &options.ips,
        port: options.port,
        transport: transport(options.tls.as_ref()),
        secret: options
            .tls
            .as_ref()
            .and_then(|tls| inline_secret(tls, secret_metadata(context, options))),
        interval: options.service_monitor.interval(INTERVAL),
        service_monitor: &options.service_monitor.spec.0.0,
    };
    Component {
        name: "etcd",
        input: json!(input),
        mixins: options
            .mixin
            .then(|| mixin(context, options, &own))
            .into_iter()
            .collect(),
        span: None,
    }
}

/// The Secret lies beside Prometheus, and is nobody's but this component's: only
/// the user's own labels are on it.
fn secret_metadata(context: &Context<'_>, options: &Etcd) -> Metadata {
    Metadata {
        namespace: Some(context.namespace().to_owned()),
        labels: options.common.labels.0.clone(),
        annotations: options.common.annotations.0.clone(),
    }
}

/// Scheme and TLS settings; the operator mounts each Secret that Prometheus
/// lists into a folder of its name.
fn transport(tls: Option<&Tls>) -> Value {
    let Some(tls) = tls else {
        return json!({"scheme": "http"});
    };
    let mut config = json!({});
    if let Some((secret, keys)) = secret_of(tls) {
        for (field, key) in ["caFile", "certFile", "keyFile"].into_iter().zip(keys) {
            config[field] = json!(format!("/etc/prometheus/secrets/{secret}/{key}"));
        }
    }
    if let Some(name) = &tls.server_name {
        config["serverName"] = json!(name);
    }
    if tls.insecure_skip_verify {
        config["insecureSkipVerify"] = json!(true);
    }
    json!({"scheme": "https", "tlsConfig": config})
}

fn inline_secret(tls: &Tls, metadata: Metadata) -> Option<Secret> {
    let certificates = tls.certificates.as_ref()?;
    let (_, keys) = secret_of(tls)?;
    let contents = [&certificates.ca, &certificates.cert, &certificates.key];
    Some(Secret {
        metadata,
        name: SECRET,
        data: keys
            .into_iter()
            .zip(contents.map(|text| json!(text)))
            .collect(),
    })
}

fn mixin(context: &Context<'_>, options: &Etcd, metadata: &Metadata) -> Mixin {
    let interval = options.service_monitor.interval(INTERVAL);
    let milliseconds = milliseconds(interval).expect("the format of intervals was checked");
    Mixin {
        name: "etcd",
        config: json!({"scrape_interval_seconds": milliseconds.div_ceil(1000)}),
        rules: Some(RuleObject::of(context, NAME, metadata)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tls(value: Value) -> Tls {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn without_tls_it_is_plain_http() {
        assert_eq!(transport(None), json!({"scheme": "http"}));
    }

    #[test]
    fn certificates_come_from_the_secret_that_is_there_or_from_one_that_is_made() {
        let existing = tls(json!({"secret": {"name": "mine", "ca": "ca.crt"}}));
        assert_eq!(
            transport(Some(&existing))["tlsConfig"],
            json!({
                "caFile": "/etc/prometheus/secrets/mine/ca.crt",
                "certFile": "/etc/prometheus/secrets/mine/etcd-client.crt",
                "keyFile": "/etc/prometheus/secrets/mine/etcd-client.key",
            })
        );
        assert!(inline_secret(&existing, Metadata::default()).is_none());
        let inline = tls(json!({
            "serverName": "etcd.example",
            "insecureSkipVerify": true,
            "certificates": {"ca": "A", "cert": "B", "key": "C"},
        }));
        assert_eq!(
            transport(Some(&inline))["tlsConfig"],
            json!({
                "caFile": "/etc/prometheus/secrets/kube-etcd-client-certs/etcd-client-ca.crt",
                "certFile": "/etc/prometheus/secrets/kube-etcd-client-certs/etcd-client.crt",
                "keyFile": "/etc/prometheus/secrets/kube-etcd-client-certs/etcd-client.key",
                "serverName": "etcd.example",
                "insecureSkipVerify": true,
            })
        );
        assert_eq!(
            inline_secret(&inline, Metadata::default()).map(|secret| secret.data),
            Some(
                json!({"etcd-client-ca.crt": "A", "etcd-client.crt": "B", "etcd-client.key": "C"})
            )
        );
    }

    #[test]
    fn tls_without_a_client_certificate_checks_by_known_authorities() {
        let none = tls(json!({}));
        assert_eq!(
            transport(Some(&none)),
            json!({"scheme": "https", "tlsConfig": {}})
        );
    }
}
