//! A proxy in front of a cluster's API server that breaks a share of the requests in the ways of bad lines, busy
//! servers and servers that restart. Which request is broken how follows from a seed.
//!
//! It speaks plain HTTP, one request a connection: `kubectl proxy` behind it speaks TLS and authenticates.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;

use crate::cluster::{Cluster, free_port};
use crate::programs::Programs;
use crate::tools::{self, Tool};

/// A way in which a request goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The connection ends before the server has seen the request.
    Drop,
    /// The server does what it is asked, and its answer is lost.
    Lose,
    /// The server does what it is asked, and half of its answer arrives.
    Truncate,
    /// The answer takes its time.
    Delay,
    /// 429 with `Retry-After`.
    Busy,
    /// 500, as when a webhook or the store has a moment of weakness.
    Internal,
    /// 503, as from a server that restarts.
    Unavailable,
    /// 503 from something in between that knows nothing of Kubernetes.
    Gateway,
}

const FAULTS: [Fault; 8] = [
    Fault::Drop,
    Fault::Lose,
    Fault::Truncate,
    Fault::Delay,
    Fault::Busy,
    Fault::Internal,
    Fault::Unavailable,
    Fault::Gateway,
];

/// A running proxy. Its threads end with the process.
pub struct Proxy {
    kubeconfig: PathBuf,
    dice: Arc<Dice>,
    _programs: Programs,
}

impl Proxy {
    /// A proxy that passes everything on until it is told otherwise.
    pub fn start(cluster: &Cluster) -> Self {
        let programs = Programs::start().expect("the system has a folder for temporary files");
        let upstream = kubectl_proxy(cluster, &programs);
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it listens");
        let dice = Arc::new(Dice::default());
        let of_thread = Arc::clone(&dice);
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let dice = Arc::clone(&of_thread);
                // A client that was killed leaves its connections behind.
                std::thread::spawn(move || serve(connection, upstream, &dice));
            }
        });
        let kubeconfig = programs.folder().join("faulty.kubeconfig");
        std::fs::write(&kubeconfig, config(address)).expect("the folder is ours");
        Self {
            kubeconfig,
            dice,
            _programs: programs,
        }
    }

    /// A kubeconfig whose server is the proxy.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// From now on this share of the requests, in percent, goes wrong.
    pub fn break_requests(&self, seed: u64, percent: u64) {
        *self.dice.state() = seed;
        self.dice.percent.store(percent, Ordering::Relaxed);
        self.dice.broken.store(0, Ordering::Relaxed);
    }

    /// From now on nothing goes wrong. Gives how many requests did.
    pub fn behave(&self) -> u64 {
        self.dice.percent.store(0, Ordering::Relaxed);
        self.dice.broken.load(Ordering::Relaxed)
    }
}

/// Decides about each request.
#[derive(Default)]
struct Dice {
    state: Mutex<u64>,
    percent: AtomicU64,
    broken: AtomicU64,
}

impl Dice {
    fn state(&self) -> std::sync::MutexGuard<'_, u64> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn throw(&self) -> Option<Fault> {
        let number = random(&mut self.state());
        if number % 100 >= self.percent.load(Ordering::Relaxed) {
            return None;
        }
        self.broken.fetch_add(1, Ordering::Relaxed);
        let index = usize::try_from(number / 100 % FAULTS.len() as u64).expect("there are few");
        Some(FAULTS[index])
    }
}

/// The next number of a seeded sequence (`SplitMix64`): the same seed, the same numbers, on every machine.
pub fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn kubectl_proxy(cluster: &Cluster, programs: &Programs) -> SocketAddr {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut command = Command::new(tools::path(Tool::Kubectl));
    command
        .args(["proxy", "--address=127.0.0.1"])
        .arg(format!("--port={}", address.port()))
        .arg("--kubeconfig")
        .arg(cluster.kubeconfig());
    programs
        .spawn("kubectl-proxy", &mut command)
        .expect("a tool that was just built starts");
    while TcpStream::connect(address).is_err() {
        let ended = programs.ended();
        let log = programs.last_lines("kubectl-proxy", 5);
        assert!(ended.is_none(), "{ended:?}; its last lines:\n{log}");
        std::thread::sleep(Duration::from_millis(50));
    }
    address
}

fn config(address: SocketAddr) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "faulty", "cluster": {"server": format!("http://{address}")}}],
        "contexts": [{"name": "faulty", "context": {"cluster": "faulty", "user": "nobody"}}],
        "users": [{"name": "nobody", "user": {}}],
        "current-context": "faulty",
    })
    .to_string()
}

fn serve(mut client: TcpStream, upstream: SocketAddr, dice: &Dice) -> io::Result<()> {
    let request = read_request(&client)?;
    match dice.throw() {
        None => client.write_all(&forward(upstream, &request)?),
        Some(Fault::Drop) => Ok(()),
        Some(Fault::Lose) => forward(upstream, &request).map(drop),
        Some(Fault::Truncate) => {
            let answer = forward(upstream, &request)?;
            client.write_all(&answer[..answer.len() / 2])
        }
        Some(Fault::Delay) => {
            std::thread::sleep(Duration::from_millis(700));
            client.write_all(&forward(upstream, &request)?)
        }
        Some(Fault::Busy) => client.write_all(&status(429, "TooManyRequests", "slow down, please")),
        Some(Fault::Internal) => {
            let message = "failed calling webhook \"example.com\": connection refused";
            client.write_all(&status(500, "InternalError", message))
        }
        Some(Fault::Unavailable) => {
            let message = "apiserver is shutting down";
            client.write_all(&status(503, "ServiceUnavailable", message))
        }
        Some(Fault::Gateway) => client.write_all(
            b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 11\r\n\r\nno upstream",
        ),
    }
}

/// The request as it shall be sent on: the server closes the connection after it.
fn read_request(client: &TcpStream) -> io::Result<Vec<u8>> {
    let mut reader = BufReader::new(client);
    let mut request = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let header = line.trim_end().to_lowercase();
        if header.is_empty() {
            request.extend(b"Connection: close\r\n\r\n");
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if !header.starts_with("connection:") {
            request.extend(line.as_bytes());
        }
    }
    let head = request.len();
    request.resize(head + length, 0);
    reader.read_exact(&mut request[head..])?;
    Ok(request)
}

fn forward(upstream: SocketAddr, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(upstream)?;
    server.write_all(request)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    Ok(answer)
}

/// An answer as the API server gives it, with a `Retry-After` where it has one.
fn status(code: u16, reason: &str, message: &str) -> Vec<u8> {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    })
    .to_string();
    let retry = if code == 429 {
        "Retry-After: 1\r\n"
    } else {
        ""
    };
    format!(
        "HTTP/1.1 {code} {reason}\r\nContent-Type: application/json\r\n{retry}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
