//! Doors on this machine that lead to Services of a cluster.
//!
//! A door is bound by whoever asks for it; behind it each connection gets a
//! port-forward of its own to a ready pod of the Service. A pod that goes takes
//! its connections with it, the next ones go to another pod, and those that come
//! while none is ready wait for one.

mod ask;
mod door;
mod relay;
mod service;
mod tunnel;

use std::cell::RefCell;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use kube::Client;
use tokio::time::sleep;

use crate::error::ClusterError;
use crate::server::Server;

pub use ask::{Ask, RepliesByPod, Reply};
pub(crate) use ask::{every, one};
pub use service::Service;

/// Where connections come in, and where they lead.
#[derive(Debug)]
pub struct Door {
    /// What it is called in [`DoorState`]s.
    pub name: String,
    /// Where it leads.
    pub service: Service,
    /// Where connections come in.
    pub listeners: Vec<TcpListener>,
}

/// How a door is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoorState {
    /// It leads to a pod.
    Open {
        /// The pod's name.
        pod: String,
    },
    /// It waits for a pod; why. Connections wait too, for a while.
    Waiting(String),
    /// A connection could not be made; why.
    Trouble(String),
}

/// Opens doors until `stop` is set. `observer` gets each door's name and state
/// whenever the state changes.
pub(crate) async fn forward(
    server: &Server,
    client: &Client,
    doors: Vec<Door>,
    stop: &AtomicBool,
    observer: &mut dyn FnMut(&str, &DoorState),
) -> Result<(), ClusterError> {
    let observer = RefCell::new(observer);
    let show = |name: &str, state: &DoorState| (observer.borrow_mut())(name, state);
    let doors = doors
        .into_iter()
        .map(|door| door::keep(server, client, door, &show));
    tokio::select! {
        ended = try_join_all(doors) => ended.map(|_| ()),
        () = stopped(stop) => Ok(()),
    }
}

async fn stopped(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        sleep(Duration::from_millis(50)).await;
    }
}
