//! One connection to a port of a pod, through the API server's port-forward.

use std::pin::Pin;
use std::time::Duration;

use k8s_openapi::api::core::v1 as core;
use kube::api::Portforwarder;
use kube::{Api, Client};
use tokio::io::DuplexStream;
use tokio::time::timeout;

use super::service::Pod;
use crate::answer::Refusal;
use crate::server::chain;

/// A connection to a pod. Dropping it breaks it off.
pub(crate) struct Tunnel {
    /// What is written here reaches the pod, and the other way round.
    pub(crate) stream: DuplexStream,
    /// Ends with the node's words when the pod cannot be connected to, and with
    /// nothing when the connection ends.
    pub(crate) trouble: Pin<Box<dyn Future<Output = Option<String>> + Send>>,
    forwarder: Portforwarder,
}

/// How long the API server and the node may take to connect.
const PATIENCE: Duration = Duration::from_secs(10);

impl Tunnel {
    pub(crate) async fn open(client: &Client, pod: &Pod) -> Result<Self, Refusal> {
        let pods: Api<core::Pod> = Api::namespaced(client.clone(), &pod.namespace);
        let ports = [pod.port];
        let opened = timeout(PATIENCE, pods.portforward(&pod.name, &ports)).await;
        let mut forwarder = match opened {
            Ok(opened) => opened.map_err(refusal)?,
            Err(_) => {
                return Err(Refusal::unreachable(format!(
                    "no connection to pod {} after {} s",
                    pod.name,
                    PATIENCE.as_secs()
                )));
            }
        };
        let stream = forwarder.take_stream(pod.port);
        let trouble = forwarder.take_error(pod.port);
        Ok(Self {
            stream: stream.expect("the port was asked for and is taken once"),
            trouble: Box::pin(trouble.expect("the port was asked for and is taken once")),
            forwarder,
        })
    }

    /// Takes leave of the server, which then need not find out by itself that
    /// nobody is there any more.
    pub(crate) async fn close(mut self) {
        const PATIENCE: Duration = Duration::from_secs(1);
        let (unused, _) = tokio::io::duplex(1);
        drop(std::mem::replace(&mut self.stream, unused));
        // It ends with the connection; one that does not is broken off.
        let _ = timeout(PATIENCE, &mut self.trouble).await;
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.forwarder.abort();
    }
}

fn refusal(error: kube::Error) -> Refusal {
    match error {
        kube::Error::Api(status) => Refusal {
            code: status.code,
            reason: status.reason.clone(),
            message: status.message.clone(),
            causes: Vec::new(),
        },
        error => Refusal::unreachable(chain(&error)),
    }
}
