//! The scalars of a stack file that are more than a string: each has its
//! format, checked where the user wrote it.
//!
//! A format is a name in the JSON Schema (`format` and, for editors, `pattern`)
//! and one function here that gives the reason when a text does not have it.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Declares a string type with a format of its own.
macro_rules! scalar {
    ($(#[$doc:meta])* $name:ident, $format:literal, $pattern:expr, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A value that is written in the program itself.
            pub fn literal(text: &'static str) -> Self {
                debug_assert_eq!($check(text), Ok(()));
                Self(text.to_owned())
            }

            /// The text as the user wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "format": $format, "pattern": $pattern})
            }
        }
    };
}

scalar! {
    /// A time span as Prometheus writes it: `30s`, `1h30m`, `15d`.
    Duration, "prometheus-duration",
    r"^((\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?)$", duration
}

scalar! {
    /// An amount as Kubernetes writes it: `500m`, `2`, `4Gi`.
    Quantity, "kubernetes-quantity",
    r"^[+-]?(\d+(\.\d*)?|\.\d+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$", quantity
}

scalar! {
    /// A size of stored data as Prometheus writes it: `50GB`, `512MB`.
    ByteSize, "byte-size",
    r"^\d+(B|KB|MB|GB|TB|PB|EB|KiB|MiB|GiB|TiB|PiB|EiB)$", byte_size
}

scalar! {
    /// The name of an object: lower-case letters, digits, `-` and `.`.
    Name, "kubernetes-name",
    r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", name
}

scalar! {
    /// A name that becomes part of a host name: lower-case letters, digits and `-`.
    Label, "dns-label",
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", dns_label
}

scalar! {
    /// A container image, with its registry, tag or digest.
    Image, "container-image",
    r"^[A-Za-z0-9][A-Za-z0-9._:@/-]*$", image
}

scalar! {
    /// A version without a leading `v`: `3.12.0`.
    Version, "version",
    r"^[0-9]+(\.[0-9A-Za-z-]+)*([+-][0-9A-Za-z.-]+)?$", version
}

scalar! {
    /// An address that browsers open: `https://prometheus.example.com`.
    Url, "url",
    r"^https?://[^\s/]+(/\S*)?$", url
}

scalar! {
    /// An address of the internet protocol, of version 4 or 6: `127.0.0.1`, `::1`.
    IpAddress, "host-address",
    r"^[0-9A-Fa-f:.]+$", ip_address
}

scalar! {
    /// A host, by name or address, and a port of it: `10.0.0.1:9182`, `[::1]:9182`.
    HostPort, "host-and-port",
    r"^([-A-Za-z0-9_.]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$", host_port
}

impl IpAddress {
    /// The address and a port, as programs listen on it: `127.0.0.1:9101`, `[::1]:9101`.
    pub fn with_port(&self, port: u16) -> String {
        SocketAddr::new(self.address(), port).to_string()
    }

    /// Where a program that listens on this address is reached from beside it:
    /// `0.0.0.0` and `::` are all addresses, the loopback's among them.
    #[must_use]
    pub fn reached_locally(&self) -> Self {
        match self.address() {
            IpAddr::V4(address) if address.is_unspecified() => Self::literal("127.0.0.1"),
            IpAddr::V6(address) if address.is_unspecified() => Self::literal("::1"),
            _ => self.clone(),
        }
    }

    fn address(&self) -> IpAddr {
        self.0
            .parse()
            .expect("the format was checked where it was written")
    }
}

impl Duration {
    /// The time in milliseconds, or the longest that fits.
    pub fn milliseconds(&self) -> u64 {
        milliseconds(&self.0).unwrap_or(u64::MAX)
    }

    /// The same time for programs that read it as Go does, which has no unit
    /// above hours.
    pub fn for_go(&self) -> String {
        let milliseconds = self.milliseconds();
        let units = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
        let (unit, factor) = units
            .into_iter()
            .find(|(_, factor)| milliseconds.is_multiple_of(*factor))
            .expect("everything is a multiple of one millisecond");
        format!("{}{unit}", milliseconds / factor)
    }
}

/// A time span as Prometheus writes it, in milliseconds; none if it is none.
pub(crate) fn milliseconds(text: &str) -> Option<u64> {
    duration(text).ok()?;
    let mut rest = text;
    let mut sum: u64 = 0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(char::is_alphabetic)?);
        let unit = &after[..after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len())];
        let factor: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 7 * 86_400_000,
            "y" => 365 * 86_400_000,
            _ => return None,
        };
        let part = number.parse::<u64>().ok()?.checked_mul(factor)?;
        sum = sum.checked_add(part)?;
        rest = &after[unit.len()..];
    }
    Some(sum)
}

/// The reason why a text does not have a format, if it does not.
pub fn check(format: &str, text: &str) -> Result<(), String> {
    match format {
        "prometheus-duration" => duration(text),
        "kubernetes-quantity" => quantity(text),
        "byte-size" => byte_size(text),
        "kubernetes-name" => name(text),
        "dns-label" => dns_label(text),
        "container-image" => image(text),
        "version" => version(text),
        "url" => url(text),
        "label-key" => label_key(text),
        "label-value" => label_value(text),
        "prometheus-label" => prometheus_label(text),
        "host-address" => ip_address(text),
        "host-and-port" => host_port(text),
        "setting-name" => ini_name(text),
        "setting-value" => ini_value(text),
        _ => Ok(()),
    }
}

fn duration(text: &str) -> Result<(), String> {
    const UNITS: [&str; 7] = ["y", "w", "d", "h", "m", "s", "ms"];
    const EXAMPLE: &str = "a duration is written like `30s`, `1h30m` or `15d`";
    let mut rest = text;
    let mut allowed = &UNITS[..];
    if text.is_empty() {
        return Err(EXAMPLE.into());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let unit: String = after
            .chars()
            .take_while(char::is_ascii_alphabetic)
            .collect();
        if number.is_empty() {
            return Err(format!("{EXAMPLE}, without signs, spaces or fractions"));
        }
        if unit.is_empty() {
            return Err(format!("the number `{number}` has no unit; {EXAMPLE}"));
        }
        let Some(position) = allowed.iter().position(|known| *known == unit) else {
            return Err(if UNITS.contains(&unit.as_str()) {
                format!("the unit `{unit}` comes too late: larger units come first, each once")
            } else {
                format!("`{unit}` is no unit of time; they are y, w, d, h, m, s and ms")
            });
        };
        allowed = &allowed[position + 1..];
        rest = &after[unit.len()..];
    }
    Ok(())
}

fn quantity(text: &str) -> Result<(), String> {
    const SUFFIXES: [&str; 16] = [
        "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ];
    const EXAMPLE: &str = "a quantity is written like `500m`, `2` or `4Gi`";
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let number: String = unsigned
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let suffix = &unsigned[number.len()..];
    if number.parse::<f64>().is_err() {
        return Err(EXAMPLE.into());
    }
    let exponent = suffix
        .strip_prefix(['e', 'E'])
        .is_some_and(|exponent| exponent.parse::<i32>().is_ok());
    if exponent || SUFFIXES.contains(&suffix) {
        return Ok(());
    }
    let binary = suffix.trim_end_matches(['B', 'b']);
    Err(if SUFFIXES.contains(&binary) && !binary.is_empty() {
        format!("Kubernetes writes bytes without `B`: `{number}{binary}`")
    } else {
        format!("`{suffix}` is no suffix of a quantity; {EXAMPLE}")
    })
}

fn byte_size(text: &str) -> Result<(), String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let units = [
        "B", "KB", "MB", "GB", "TB", "PB", "EB", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB",
    ];
    if !number.is_empty() && units.contains(&unit) {
        return Ok(());
    }
    Err("a size is a whole number with its unit, like `50GB` or `512MiB`".into())
}

fn name(text: &str) -> Result<(), String> {
    if text.len() > 253 {
        return Err(format!(
            "a name has at most 253 characters, this one has {}",
            text.len()
        ));
    }
    made_of(text, "a name", |c| c == '-' || c == '.', "`-` and `.`")
}

fn dns_label(text: &str) -> Result<(), String> {
    if text.len() > 63 {
        return Err(format!(
            "such a name has at most 63 characters, this one has {}",
            text.len()
        ));
    }
    made_of(text, "such a name", |c| c == '-', "`-`")
}

fn made_of(
    text: &str,
    what: &str,
    inner: fn(char) -> bool,
    inner_names: &str,
) -> Result<(), String> {
    let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if let Some(wrong) = text.chars().find(|c| !outer(*c) && !inner(*c)) {
        return Err(format!(
            "{what} is made of lower-case letters, digits, {inner_names}; `{wrong}` is none of them"
        ));
    }
    match (text.chars().next(), text.chars().next_back()) {
        (Some(first), Some(last)) if outer(first) && outer(last) => Ok(()),
        _ => Err(format!(
            "{what} starts and ends with a lower-case letter or digit"
        )),
    }
}

fn image(text: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "._:@/-".contains(c);
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if starts_well && text.chars().all(legal) && !text.ends_with([':', '/', '@']) {
        return Ok(());
    }
    Err("an image is written like `quay.io/prometheus/prometheus:v3.12.0`".into())
}

fn version(text: &str) -> Result<(), String> {
    if text.starts_with(['v', 'V']) {
        return Err(format!(
            "versions are written without `v`: `{}`",
            &text[1..]
        ));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || ".+-".contains(c);
    if text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(legal)
        && !text.ends_with(['.', '-', '+'])
    {
        return Ok(());
    }
    Err("a version is written like `3.12.0`".into())
}

fn url(text: &str) -> Result<(), String> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err("an address starts with `https://` or `http://`".into());
    };
    let host = rest.split('/').next().unwrap_or("");
    if !matches!(scheme, "http" | "https") {
        return Err(format!("`{scheme}` is not `https` or `http`"));
    }
    if host.is_empty() || text.contains(char::is_whitespace) {
        return Err("an address names a host, without spaces".into());
    }
    Ok(())
}

fn label_key(text: &str) -> Result<(), String> {
    let (prefix, key) = text
        .split_once('/')
        .map_or((None, text), |(p, k)| (Some(p), k));
    if let Some(prefix) = prefix {
        name(prefix).map_err(|reason| format!("the part before `/` is a host name: {reason}"))?;
    }
    if key.is_empty() || key.len() > 63 {
        return Err("a label's key has 1 to 63 characters after the `/`".into());
    }
    label_characters(key, "a label's key")
}

fn label_value(text: &str) -> Result<(), String> {
    if text.len() > 63 {
        return Err(format!(
            "a label's value has at most 63 characters, this one has {}",
            text.len()
        ));
    }
    if text.is_empty() {
        return Ok(());
    }
    label_characters(text, "a label's value")
}

fn label_characters(text: &str, what: &str) -> Result<(), String> {
    let outer = |c: char| c.is_ascii_alphanumeric();
    if let Some(wrong) = text.chars().find(|c| !outer(*c) && !"-_.".contains(*c)) {
        return Err(format!(
            "{what} is made of letters, digits, `-`, `_` and `.`; `{wrong}` is none of them"
        ));
    }
    if text.starts_with(outer) && text.ends_with(outer) {
        return Ok(());
    }
    Err(format!("{what} starts and ends with a letter or digit"))
}

fn prometheus_label(text: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !text.is_empty()
        && text.chars().all(legal)
        && !text.starts_with(|c: char| c.is_ascii_digit())
    {
        return Ok(());
    }
    Err(
        "a Prometheus label is made of letters, digits and `_`, and does not start with a digit"
            .into(),
    )
}

fn host_port(text: &str) -> Result<(), String> {
    const EXAMPLE: &str = "it is written like `10.0.0.1:9182`, `host.example:9182` or `[::1]:9182`";
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(format!("the port is missing; {EXAMPLE}"));
    };
    if !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err(format!("`{port}` is no port, a number from 1 to 65535; {EXAMPLE}"));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let known = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(legal),
    };
    if known { Ok(()) } else { Err(format!("`{host}` is no host; {EXAMPLE}")) }
}

fn ip_address(text: &str) -> Result<(), String> {
    match text.parse::<IpAddr>() {
        Ok(_) => Ok(()),
        Err(_) => Err("an address is written like `127.0.0.1` or `::1`, without a port".into()),
    }
}

/// A section or key of an ini file that needs no quotes.
fn ini_name(text: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    match text.chars().find(|c| !legal(*c)) {
        Some(wrong) => Err(format!(
            "sections and keys are made of letters, digits, `_`, `.` and `-`; `{wrong}` is none of them"
        )),
        None if text.is_empty() => Err("sections and keys have at least one character".into()),
        None => Ok(()),
    }
}

/// A value that can be written into an ini file: several lines need quotes, of
/// which there are two kinds.
fn ini_value(text: &str) -> Result<(), String> {
    if text.contains('\n') && text.contains('`') && text.contains(r#"""""#) {
        return Err(r#"several lines cannot hold both `"""` and a backtick"#.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text is right (`Ok`) or the reason contains the words.
    #[track_caller]
    fn assert_format(format: &str, text: &str, expected: Result<(), &str>) {
        match (check(format, text), expected) {
            (Ok(()), Ok(())) => {}
            (Err(reason), Err(words)) => assert!(reason.contains(words), "{text:?}: {reason}"),
            (got, _) => panic!("{format} {text:?}: {got:?}"),
        }
    }

    #[test]
    fn durations() {
        for right in ["30s", "1h30m", "15d", "1y2w3d4h5m6s7ms", "0s"] {
            assert_format("prometheus-duration", right, Ok(()));
        }
        assert_format("prometheus-duration", "30", Err("has no unit"));
        assert_format("prometheus-duration", "30 s", Err("has no unit"));
        assert_format("prometheus-duration", "1.5h", Err("no unit"));
        assert_format("prometheus-duration", "-5m", Err("without signs"));
        assert_format("prometheus-duration", "5min", Err("`min` is no unit"));
        assert_format("prometheus-duration", "30m1h", Err("comes too late"));
        assert_format("prometheus-duration", "", Err("written like"));
    }

    #[test]
    fn durations_are_counted_in_any_notation() {
        assert_eq!(milliseconds("90s"), Some(90_000));
        assert_eq!(milliseconds("1m30s"), Some(90_000));
        assert_eq!(milliseconds("1h5ms"), Some(3_600_005));
        assert_eq!(milliseconds("1w"), milliseconds("7d"));
        assert_eq!(milliseconds("0s"), Some(0));
        assert_eq!(milliseconds("30"), None);
        assert_eq!(milliseconds("99999999999999999y"), None);
    }

    #[test]
    fn go_counts_days_as_hours() {
        let written = |text| Duration::literal(text).for_go();
        assert_eq!(written("5d"), "120h");
        assert_eq!(written("1h30m"), "90m");
        assert_eq!(written("1s5ms"), "1005ms");
    }

    #[test]
    fn a_host_has_a_port() {
        for right in ["10.0.0.1:9182", "win-1.example:80", "[::1]:9182"] {
            assert_format("host-and-port", right, Ok(()));
        }
        assert_format("host-and-port", "10.0.0.1", Err("the port is missing"));
        assert_format("host-and-port", "10.0.0.1:99999", Err("`99999` is no port"));
        assert_format("host-and-port", "http://a:80", Err("`http://a` is no host"));
        assert_format("host-and-port", "::1:9182", Err("`::1` is no host"));
    }

    #[test]
    fn an_address_takes_its_port_in_the_form_of_its_family() {
        let written = |text| IpAddress::literal(text).with_port(9101);
        assert_eq!(written("127.0.0.1"), "127.0.0.1:9101");
        assert_eq!(written("::1"), "[::1]:9101");
        let local = |text| IpAddress::literal(text).reached_locally().to_string();
        assert_eq!(local("0.0.0.0"), "127.0.0.1");
        assert_eq!(local("::"), "::1");
        assert_eq!(local("10.0.0.1"), "10.0.0.1");
    }

    #[test]
    fn quantities() {
        for right in ["500m", "2", "4Gi", "1.5", "1e3", "-1", "100M"] {
            assert_format("kubernetes-quantity", right, Ok(()));
        }
        assert_format("kubernetes-quantity", "4GB", Err("without `B`: `4G`"));
        assert_format("kubernetes-quantity", "4gi", Err("no suffix"));
        assert_format("kubernetes-quantity", "much", Err("written like"));
    }

    #[test]
    fn names_labels_and_addresses() {
        assert_format("kubernetes-name", "prometheus-k8s.example", Ok(()));
        assert_format("kubernetes-name", "Prometheus", Err("`P` is none of them"));
        assert_format("dns-label", "a.b", Err("`.` is none of them"));
        assert_format("dns-label", "a-", Err("ends with"));
        assert_format("label-key", "app.kubernetes.io/name", Ok(()));
        assert_format("label-key", "a b", Err("none of them"));
        assert_format("label-value", "", Ok(()));
        assert_format("label-value", "-a", Err("starts and ends"));
        assert_format("prometheus-label", "cluster", Ok(()));
        assert_format(
            "prometheus-label",
            "my-label",
            Err("letters, digits and `_`"),
        );
        assert_format("url", "https://p.example.com/x", Ok(()));
        assert_format("url", "p.example.com", Err("starts with"));
        assert_format("version", "v3.12.0", Err("without `v`: `3.12.0`"));
        assert_format(
            "container-image",
            "quay.io/prometheus/prometheus:v3.12.0",
            Ok(()),
        );
        assert_format("container-image", "a b", Err("written like"));
        assert_format("byte-size", "50GB", Ok(()));
        assert_format("byte-size", "50G", Err("whole number"));
        assert_format("host-address", "::1", Ok(()));
        assert_format("host-address", "127.0.0.1:80", Err("without a port"));
        assert_format("setting-name", "auth.generic_oauth", Ok(()));
        assert_format("setting-name", "a=b", Err("`=` is none of them"));
        assert_format("setting-value", "a`b\"\"\"", Ok(()));
        assert_format("setting-value", "a`b\n\"\"\"", Err("both"));
    }
}
