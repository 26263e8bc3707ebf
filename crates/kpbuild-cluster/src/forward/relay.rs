//! Carries bytes between a client on this machine and a pod.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::tunnel::Tunnel;

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// One of the two has closed it.
    Closed,
    /// The pod was never connected to, so that nothing has reached it: the node's
    /// words. What the client sent can be sent again to another pod.
    NotConnected(String),
}

/// The most that is kept to be sent again.
const KEPT: usize = 64 * 1024;

/// Carries bytes until one of the two closes. What the client sends before the
/// pod answers is added to `unanswered`; what stands there already is sent first.
pub(crate) async fn relay(
    client: &mut TcpStream,
    tunnel: &mut Tunnel,
    unanswered: &mut Vec<u8>,
) -> End {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_pod, mut to_pod) = tokio::io::split(&mut tunnel.stream);
    let flow = Flow::default();

    let up = async {
        if to_pod.write_all(unanswered).await.is_err() {
            return;
        }
        flow.asked.store(!unanswered.is_empty(), Ordering::Relaxed);
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            if !flow.answered.load(Ordering::Relaxed) && unanswered.len() <= KEPT {
                unanswered.extend_from_slice(&buffer[..length]);
            }
            flow.asked.store(true, Ordering::Relaxed);
            if to_pod.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    let down = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from_pod.read(&mut buffer).await {
            flow.answered.store(true, Ordering::Relaxed);
            flow.asked.store(false, Ordering::Relaxed);
            flow.chunks.fetch_add(1, Ordering::Relaxed);
            if to_client.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
        // A client that has gone away needs no end.
        let _ = to_client.shutdown().await;
    };
    tokio::pin!(up, down);

    let trouble = tokio::select! {
        biased;
        trouble = &mut tunnel.trouble => {
            // What came before it is still delivered.
            let _ = timeout(Duration::from_millis(100), &mut down).await;
            trouble
        }
        () = &mut down => said(&mut tunnel.trouble).await,
        () = &mut up => {
            tokio::select! {
                () = &mut down => {}
                () = flow.silence() => {}
            }
            None
        }
    };
    match trouble {
        Some(words) if !flow.answered.load(Ordering::Relaxed) && is_about_connecting(&words) => {
            End::NotConnected(words)
        }
        _ => End::Closed,
    }
}

/// Whether the node says that it did not get as far as to the pod. A request that
/// the pod may have got is not sent again.
fn is_about_connecting(words: &str) -> bool {
    ["connection refused", "failed to connect", "failed to dial"]
        .iter()
        .any(|phrase| words.contains(phrase))
}

/// What the node has said, if it has said something.
async fn said(trouble: &mut (impl Future<Output = Option<String>> + Unpin)) -> Option<String> {
    let patience = Duration::from_millis(100);
    timeout(patience, trouble).await.ok().flatten()
}

/// Which way bytes went. All of it happens in one task.
#[derive(Default)]
struct Flow {
    /// The pod has sent something.
    answered: AtomicBool,
    /// The client has sent something since the pod last did.
    asked: AtomicBool,
    /// How often the pod has sent something.
    chunks: AtomicU64,
}

impl Flow {
    /// Until nothing more is to be expected for a client that sends nothing any
    /// more. Whether it still reads cannot be seen: one that has just asked
    /// does, one that has its answer has most likely gone.
    async fn silence(&self) {
        const FOR_AN_ANSWER: Duration = Duration::from_secs(30);
        const BETWEEN_CHUNKS: Duration = Duration::from_secs(1);
        if !self.asked.load(Ordering::Relaxed) {
            return;
        }
        let before = self.chunks.load(Ordering::Relaxed);
        let end = Instant::now() + FOR_AN_ANSWER;
        while self.chunks.load(Ordering::Relaxed) == before && Instant::now() < end {
            sleep(Duration::from_millis(50)).await;
        }
        loop {
            let before = self.chunks.load(Ordering::Relaxed);
            sleep(BETWEEN_CHUNKS).await;
            if self.chunks.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}
