//! A small web server on loopback, in the place of what cannot be built here (Grafana is no single Go program) and of
//! what is measured: it answers every GET, also one that it gets as a proxy, and keeps connections.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A running server; it ends with the process.
pub struct Web {
    address: SocketAddr,
    answered: Arc<AtomicUsize>,
    broken: Arc<AtomicBool>,
}

impl Web {
    /// Starts one. `/bytes/N` answers with N bytes, every other path with this body.
    pub fn start(body: impl Into<Vec<u8>>) -> Self {
        let body: Arc<[u8]> = body.into().into();
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = listener.local_addr().expect("it listens");
        let answered = Arc::new(AtomicUsize::new(0));
        let broken = Arc::new(AtomicBool::new(false));
        let state = (Arc::clone(&answered), Arc::clone(&broken));
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (count, broken) = state.clone();
                let body = Arc::clone(&body);
                std::thread::spawn(move || {
                    // A client that goes away is as good as one that takes leave.
                    let _ = serve(&connection, &body, &count, &broken);
                });
            }
        });
        Self {
            address,
            answered,
            broken,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it answers everything with code 503.
    pub fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::Relaxed);
    }

    /// How many requests it has answered.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }
}

fn serve(
    connection: &TcpStream,
    body: &[u8],
    count: &AtomicUsize,
    broken: &AtomicBool,
) -> io::Result<()> {
    let mut reader = BufReader::new(connection);
    let mut writer = connection;
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let mut header = String::new();
        while reader.read_line(&mut header)? > 2 {
            header.clear();
        }
        let length = request.split_once("/bytes/").and_then(|(_, rest)| {
            let (number, _) = rest.split_once(' ')?;
            number.parse().ok()
        });
        let content = match length {
            Some(length) => vec![b'x'; length],
            None => body.to_vec(),
        };
        let code = if broken.load(Ordering::Relaxed) {
            "503 Service Unavailable"
        } else {
            "200 OK"
        };
        write!(
            writer,
            "HTTP/1.1 {code}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n\r\n",
            content.len()
        )?;
        writer.write_all(&content)?;
        writer.flush()?;
        count.fetch_add(1, Ordering::Relaxed);
    }
}
