//! One door: accepts connections, keeps an eye on the pods, and gives each
//! connection its way to one.

use std::collections::BTreeSet;
use std::time::Duration;

use kube::Client;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::relay::{End, relay};
use super::service::{Pod, behind};
use super::tunnel::Tunnel;
use super::{Door, DoorState};
use crate::answer::Refusal;
use crate::error::ClusterError;
use crate::server::Server;

/// Who is told how doors are, by name.
pub(super) type Observer<'a> = &'a dyn Fn(&str, &DoorState);

/// What is known about the pods behind a door.
#[derive(Debug, Clone, Default)]
struct Known {
    /// Where new connections go.
    pod: Option<Pod>,
    /// The pods that are there; connections to others are at their end.
    present: BTreeSet<String>,
}

/// How soon it is looked again: while something changes, while connections are
/// open, and when nobody is there.
const SOON: Duration = Duration::from_millis(200);
const AT_WORK: Duration = Duration::from_secs(1);
const AT_REST: Duration = Duration::from_secs(5);

/// How long the API server may be silent before the connections through it are
/// taken for dead, as after a laptop's sleep.
const SILENCE: Duration = Duration::from_secs(20);

/// Keeps a door open. Ends only when it may not or cannot lead anywhere.
pub(super) async fn keep(
    server: &Server,
    client: &Client,
    door: Door,
    observer: Observer<'_>,
) -> Result<(), ClusterError> {
    let Door {
        name,
        service,
        listeners,
    } = door;
    let (known, view) = watch::channel(Known::default());
    let (tell, mut troubles) = mpsc::unbounded_channel();
    let way = Way {
        client: client.clone(),
        knows: view,
        troubles: tell,
    };
    let mut accepting = JoinSet::new();
    for listener in listeners {
        let listener = listening(listener).map_err(|error| ClusterError::Kubeconfig {
            what: format!("listen for {name}"),
            message: error.to_string(),
        })?;
        accepting.spawn(accept(listener, way.clone()));
    }
    let mut keeper = Keeper {
        name: &name,
        shown: None,
        trouble: None,
        observer,
        answered: Instant::now(),
        fruitless: 0,
    };
    loop {
        let look = timeout(Duration::from_secs(5), behind(server, &service)).await;
        let look = look.unwrap_or_else(|_| Err(Refusal::unreachable("no answer after 5 s")));
        keeper.learn(look, &known)?;
        // Besides the acceptors, every connection holds the other end.
        let busy = known.receiver_count() > accepting.len() + 1;
        let pause = keeper.pause(known.borrow().pod.is_some(), busy);
        tokio::select! {
            () = sleep(pause) => {}
            Some(trouble) = troubles.recv() => {
                keeper.hear(trouble)?;
                // Of many clients in trouble each is heard, but not each makes a look.
                sleep(SOON / 2).await;
                while let Ok(trouble) = troubles.try_recv() {
                    keeper.hear(trouble)?;
                }
            }
            () = wanted(&known, accepting.len() + 1), if !busy => {}
        }
    }
}

/// Until a connection comes in.
async fn wanted(known: &watch::Sender<Known>, idle: usize) {
    while known.receiver_count() <= idle {
        sleep(SOON).await;
    }
}

fn listening(listener: std::net::TcpListener) -> std::io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// The state of a door as it was last shown.
struct Keeper<'a> {
    name: &'a str,
    shown: Option<DoorState>,
    /// The trouble that was last told.
    trouble: Option<String>,
    observer: Observer<'a>,
    /// When the API server last answered.
    answered: Instant,
    /// How many looks in a row found no pod.
    fruitless: u32,
}

impl Keeper<'_> {
    fn learn(
        &mut self,
        look: Result<super::service::Behind, Refusal>,
        known: &watch::Sender<Known>,
    ) -> Result<(), ClusterError> {
        let behind = match look {
            Ok(behind) => behind,
            Err(refusal) if is_final(&refusal) => {
                return Err(ClusterError::doing("look for the pods")(refusal));
            }
            Err(refusal) => {
                if self.answered.elapsed() > SILENCE {
                    known.send_replace(Known::default());
                }
                self.fruitless += 1;
                self.show(DoorState::Waiting(refusal.to_string()));
                return Ok(());
            }
        };
        self.answered = Instant::now();
        let current = known.borrow().pod.clone();
        // Whoever looks at graphs shall not be led from replica to replica.
        let stays = current.filter(|pod| behind.ready.contains(pod));
        let pod = stays.or_else(|| behind.ready.first().cloned());
        if let Some(pod) = &pod {
            self.fruitless = 0;
            let pod = pod.name.clone();
            self.show(DoorState::Open { pod });
        } else {
            self.fruitless += 1;
            self.show(DoorState::Waiting(behind.reason));
        }
        let news = Known {
            pod,
            present: behind.present,
        };
        known.send_if_modified(|known| {
            let changed = known.pod != news.pod || known.present != news.present;
            *known = news;
            changed
        });
        Ok(())
    }

    fn hear(&mut self, trouble: Refusal) -> Result<(), ClusterError> {
        if is_final(&trouble) {
            return Err(ClusterError::doing("forward a port")(trouble));
        }
        // A pod that was there a moment ago is looked for anew; nothing is wrong.
        if !trouble.is_not_found() && self.trouble.as_ref() != Some(&trouble.message) {
            let trouble = trouble.message;
            (self.observer)(self.name, &DoorState::Trouble(trouble.clone()));
            self.trouble = Some(trouble);
        }
        Ok(())
    }

    fn show(&mut self, state: DoorState) {
        if self.shown.as_ref() == Some(&state) {
            return;
        }
        (self.observer)(self.name, &state);
        self.shown = Some(state);
    }

    fn pause(&self, found: bool, busy: bool) -> Duration {
        match (found, busy) {
            (false, _) if self.fruitless < 50 => SOON,
            (true, false) => AT_REST,
            _ => AT_WORK,
        }
    }
}

/// Whether asking again is of no use: it is not known who asks, or that one may not.
fn is_final(refusal: &Refusal) -> bool {
    matches!(refusal.code, 401 | 403)
}

/// What a connection needs to find its way.
#[derive(Clone)]
struct Way {
    client: Client,
    knows: watch::Receiver<Known>,
    troubles: mpsc::UnboundedSender<Refusal>,
}

/// Accepts for ever. The connections end with it.
async fn accept(listener: TcpListener, way: Way) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    connections.spawn(connect(client, way.clone()));
                }
                // Most likely there are no file descriptors left for the moment.
                Err(_) => sleep(SOON).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Leads a client to a pod; to the next one as long as none was reached.
async fn connect(mut client: TcpStream, mut way: Way) {
    const PATIENCE: Duration = Duration::from_secs(30);
    // What is typed into a page shall not wait for more.
    let _ = client.set_nodelay(true);
    let deadline = Instant::now() + PATIENCE;
    let mut unanswered = Vec::new();
    loop {
        let known = timeout_at(deadline, way.knows.wait_for(|known| known.pod.is_some())).await;
        let Ok(Ok(pod)) = known.map(|known| known.map(|known| known.pod.clone())) else {
            return;
        };
        let pod = pod.expect("it was waited for");
        let trouble = match Tunnel::open(&way.client, &pod).await {
            Ok(tunnel) => {
                match through(&mut client, tunnel, &pod, &mut way, &mut unanswered).await {
                    End::Closed => return,
                    End::NotConnected(words) => Refusal::unreachable(words),
                }
            }
            Err(refusal) => refusal,
        };
        // Nobody hears it when everything ends.
        let _ = way.troubles.send(trouble);
        if Instant::now() >= deadline {
            return;
        }
        sleep(SOON).await;
    }
}

/// Until the connection ends, or the pod is gone.
async fn through(
    client: &mut TcpStream,
    mut tunnel: Tunnel,
    pod: &Pod,
    way: &mut Way,
    unanswered: &mut Vec<u8>,
) -> End {
    let gone = way
        .knows
        .wait_for(|known| !known.present.contains(&pod.uid));
    let end = tokio::select! {
        end = relay(client, &mut tunnel, unanswered) => end,
        _ = gone => return End::Closed,
    };
    tunnel.close().await;
    end
}
