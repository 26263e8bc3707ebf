//! A GET over plain HTTP to a server on loopback, which is all that tests ask of Prometheus and its like. It is
//! deliberately not a client: no TLS, no redirects, no keeping of connections.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// The status code and the body.
pub fn get(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(connection, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = BufReader::new(connection);
    let (code, length) = head(&mut answer)?;
    let mut body = String::new();
    // A port-forward through kwok passes on what is sent, but not that it has ended.
    answer
        .take(length.unwrap_or(u64::MAX))
        .read_to_string(&mut body)?;
    Ok((code, body))
}

/// The body as JSON.
pub fn get_json(address: SocketAddr, path: &str) -> io::Result<Value> {
    let (code, body) = get(address, path)?;
    serde_json::from_str(&body).map_err(|_| unexpected(&format!("{code} {body}")))
}

/// A text as a value in a query string.
pub fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// The status code, and the body's length in bytes when the server says it.
fn head(answer: &mut BufReader<TcpStream>) -> io::Result<(u16, Option<u64>)> {
    let mut status = String::new();
    answer.read_line(&mut status)?;
    let code = status
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| unexpected(&status))?;
    let mut length = None;
    loop {
        let mut line = String::new();
        answer.read_line(&mut line)?;
        match line.trim_end().to_lowercase().split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().ok(),
            Some(_) => {}
            None => return Ok((code, length)),
        }
    }
}

fn unexpected(answer: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("not the answer that was expected: {answer}"),
    )
}
