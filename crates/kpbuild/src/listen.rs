//! Where `kpbuild forward` listens: addresses from words, and ports that are free.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs as _};

use anyhow::{Context as _, anyhow, bail};

/// An address to listen on, as it was given and as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// For URLs.
    pub(crate) host: String,
    /// Several for a name that has several, such as `localhost`.
    ips: Vec<IpAddr>,
}

impl Address {
    /// Whether only programs on this machine reach it.
    pub(crate) fn is_loopback(&self) -> bool {
        self.ips.iter().all(IpAddr::is_loopback)
    }

    /// The URL of a port.
    pub(crate) fn url(&self, scheme: &str, port: u16, prefix: &str) -> String {
        if self.host.contains(':') {
            format!("{scheme}://[{}]:{port}{prefix}", self.host)
        } else {
            format!("{scheme}://{}:{port}{prefix}", self.host)
        }
    }
}

/// An address, or a name that stands for some.
pub(crate) fn address(word: &str) -> anyhow::Result<Address> {
    let host = word.trim_start_matches('[').trim_end_matches(']');
    let ips = if host == "localhost" {
        // Also where no file says so.
        vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
    } else if let Ok(ip) = host.parse() {
        vec![ip]
    } else {
        let found = (host, 0).to_socket_addrs();
        let found = found.with_context(|| format!("`{host}` is no address and no known name"))?;
        let mut ips: Vec<IpAddr> = found.map(|address| address.ip()).collect();
        ips.sort();
        ips.dedup();
        ips
    };
    Ok(Address {
        host: host.to_owned(),
        ips,
    })
}

/// Listens on a port of all addresses; 0 is one that is free on all of them.
pub(crate) fn listen(
    addresses: &[Address],
    port: u16,
    name: &str,
) -> anyhow::Result<(u16, Vec<TcpListener>)> {
    const ATTEMPTS: usize = 20;
    for attempt in 1.. {
        match listen_once(addresses, port) {
            Ok(listeners) => {
                let first = listeners.first().context("there is no address")?;
                return Ok((first.local_addr()?.port(), listeners));
            }
            // A port that was free on the first address need not be so on the others.
            Err((_, error))
                if port == 0 && attempt < ATTEMPTS && error.kind() == ErrorKind::AddrInUse => {}
            Err((address, error)) => return Err(explained(address, error, name)),
        }
    }
    bail!("no port is free for {name}")
}

fn listen_once(
    addresses: &[Address],
    port: u16,
) -> Result<Vec<TcpListener>, (SocketAddr, std::io::Error)> {
    let mut port = port;
    let mut listeners = Vec::new();
    for address in addresses {
        let before = listeners.len();
        let mut missing = None;
        for ip in &address.ips {
            let at = SocketAddr::new(*ip, port);
            match TcpListener::bind(at) {
                Ok(listener) => {
                    port = listener.local_addr().map_err(|error| (at, error))?.port();
                    listeners.push(listener);
                }
                // A machine without IPv6 has a localhost all the same.
                Err(error) if address.ips.len() > 1 && is_missing(&error) => {
                    missing = Some((at, error));
                }
                Err(error) => return Err((at, error)),
            }
        }
        if let Some(missing) = missing.filter(|_| listeners.len() == before) {
            return Err(missing);
        }
    }
    Ok(listeners)
}

/// Whether this machine has no such address.
fn is_missing(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::AddrNotAvailable | ErrorKind::Unsupported
    ) || error.raw_os_error() == Some(NO_SUCH_FAMILY)
}

/// `EAFNOSUPPORT` of Linux: IPv6 is switched off.
const NO_SUCH_FAMILY: i32 = 97;

fn explained(at: SocketAddr, error: std::io::Error, name: &str) -> anyhow::Error {
    let port = at.port();
    let text = match error.kind() {
        ErrorKind::AddrInUse => format!(
            "port {port} of {} is in use by another program; choose another port with `--port {name}={}`, or a free \
             one with `--port {name}=0`",
            at.ip(),
            10_000 + u32::from(port % 10_000)
        ),
        ErrorKind::PermissionDenied => format!(
            "only the administrator may listen on port {port}; choose one above 1023 with `--port {name}=NUMBER`"
        ),
        ErrorKind::AddrNotAvailable => {
            let all: IpAddr = match at.ip() {
                IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            };
            format!(
                "{} is no address of this machine; give one that it has, or listen on all of them with `--address {all}`",
                at.ip()
            )
        }
        _ => return anyhow::Error::new(error).context(format!("cannot listen on {at} for {name}")),
    };
    anyhow!(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback() -> Vec<Address> {
        ["localhost", "127.0.0.2"]
            .map(|word| address(word).unwrap())
            .to_vec()
    }

    #[test]
    fn addresses_are_told_apart() {
        assert!(address("localhost").unwrap().is_loopback());
        assert!(address("::1").unwrap().is_loopback());
        assert!(!address("0.0.0.0").unwrap().is_loopback());
        assert!(!address("192.168.100.90").unwrap().is_loopback());
        assert!(address("no such name").is_err());
    }

    #[test]
    fn urls_have_brackets_where_they_need_them() {
        let url = |word| address(word).unwrap().url("http", 9090, "/prometheus");
        assert_eq!(url("localhost"), "http://localhost:9090/prometheus");
        assert_eq!(url("[::1]"), "http://[::1]:9090/prometheus");
    }

    #[test]
    fn a_free_port_is_the_same_on_all_addresses() {
        let (port, listeners) = listen(&loopback(), 0, "grafana").unwrap();
        assert!(listeners.len() >= 2);
        for listener in listeners {
            assert_eq!(listener.local_addr().unwrap().port(), port);
        }
    }

    #[test]
    fn a_port_in_use_has_a_way_out() {
        let (port, _held) = listen(&loopback(), 0, "grafana").unwrap();
        let error = listen(&loopback(), port, "grafana").unwrap_err();
        assert!(error.to_string().contains("--port grafana=0"), "{error}");
        let nowhere = [address("192.0.2.1").unwrap()];
        let error = listen(&nowhere, 0, "grafana").unwrap_err();
        assert_eq!(
            error.to_string(),
            "192.0.2.1 is no address of this machine; give one that it has, or listen on all of them with `--address 0.0.0.0`"
        );
    }
}
