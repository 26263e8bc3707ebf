//! Asks the HTTP API of a pod over a port-forward.
//!
//! Not through the API server's proxy of Services: that one reaches pods from
//! the control plane, which their NetworkPolicies keep out.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use kube::Client;
use tokio::time::{sleep, timeout};

use super::service::{Pod, Service, behind};
use super::tunnel::Tunnel;
use crate::answer::Refusal;
use crate::error::ClusterError;
use crate::server::Server;

/// A question to an HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Path and query.
    pub path: String,
    /// The fields of a form, encoded; it is then sent by POST.
    pub form: Option<String>,
}

/// What an HTTP API answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status code.
    pub code: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// The answers of each pod, by its name.
pub type RepliesByPod = Vec<(String, Result<Vec<Reply>, Refusal>)>;

impl Ask {
    /// Asks for a path.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            form: None,
        }
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, http::Error> {
        let request = Request::builder()
            .uri(&self.path)
            .header("Host", "localhost")
            .header("User-Agent", concat!("kpbuild/", env!("CARGO_PKG_VERSION")));
        match &self.form {
            None => request.body(Full::default()),
            Some(form) => request
                .method("POST")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(Full::from(form.clone())),
        }
    }
}

/// Asks a ready pod of a Service; another one if that fails.
pub(crate) async fn one(
    server: &Server,
    client: &Client,
    service: &Service,
    asks: &[Ask],
    patience: Duration,
) -> Result<Vec<Reply>, ClusterError> {
    const ATTEMPTS: usize = 3;
    let mut attempt = 1;
    loop {
        let found = look(server, service).await?;
        let pod = found.get((attempt - 1) % found.len().max(1));
        let pod = pod.expect("there is one, or looking fails");
        match pod_replies(client, pod, asks, patience).await {
            Ok(replies) => return Ok(replies),
            // It may have gone between looking and asking.
            Err(refusal) if attempt < ATTEMPTS && refusal.code != 403 => {
                attempt += 1;
                sleep(Duration::from_millis(300)).await;
            }
            Err(refusal) => {
                let what = format!("ask pod {}", pod.name);
                return Err(ClusterError::doing(&what)(refusal));
            }
        }
    }
}

/// Asks every ready pod of a Service, by name.
pub(crate) async fn every(
    server: &Server,
    client: &Client,
    service: &Service,
    asks: &[Ask],
    patience: Duration,
) -> Result<RepliesByPod, ClusterError> {
    let pods = look(server, service).await?;
    let ask = |pod: Pod| async move {
        let replies = pod_replies(client, &pod, asks, patience).await;
        (pod.name, replies)
    };
    Ok(futures_util::future::join_all(pods.into_iter().map(ask)).await)
}

/// The ready pods; there is at least one.
async fn look(server: &Server, service: &Service) -> Result<Vec<Pod>, ClusterError> {
    let looked = behind(server, service).await;
    let found = looked.map_err(ClusterError::doing("look for the pods"))?;
    if found.ready.is_empty() {
        return Err(ClusterError::NobodyThere {
            service: service.to_string(),
            reason: found.reason,
        });
    }
    Ok(found.ready)
}

/// Asks over one connection, one after the other.
async fn pod_replies(
    client: &Client,
    pod: &Pod,
    asks: &[Ask],
    patience: Duration,
) -> Result<Vec<Reply>, Refusal> {
    let mut tunnel = Tunnel::open(client, pod).await?;
    let (unused, _) = tokio::io::duplex(1);
    let stream = std::mem::replace(&mut tunnel.stream, unused);
    let broken = |error: &dyn std::error::Error| Refusal::unreachable(error.to_string());
    let shaken = handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|error| broken(&error))?;
    let all = async {
        let mut replies = Vec::new();
        for ask in asks {
            replies.push(reply(&mut sender, ask).await?);
        }
        Ok::<_, Refusal>(replies)
    };
    let answered = async {
        tokio::select! {
            replies = all => replies,
            // Requests fail when the connection does, and say so themselves.
            Err(error) = connection => Err(broken(&error)),
            Some(words) = &mut tunnel.trouble => Err(Refusal::unreachable(words)),
        }
    };
    match timeout(patience, answered).await {
        Ok(replies) => replies,
        Err(_) => Err(Refusal::unreachable(format!(
            "no answer after {} s",
            patience.as_secs()
        ))),
    }
}

async fn reply(sender: &mut SendRequest<Full<Bytes>>, ask: &Ask) -> Result<Reply, Refusal> {
    let request = ask
        .request()
        .map_err(|error| Refusal::unreachable(error.to_string()))?;
    let answer = async {
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let code = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes().to_vec();
        Ok::<_, hyper::Error>(Reply { code, body })
    };
    answer
        .await
        .map_err(|error| Refusal::unreachable(crate::server::chain(&error)))
}
