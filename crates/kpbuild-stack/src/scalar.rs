//! The scalars of a stack file that are more than a string: each has a format
//! (see [`crate::format`]), checked where the user wrote it.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::format;

pub use crate::format::milliseconds;

/// Declares a string type with a format of its own.
macro_rules! scalar {
    ($(#[$doc:meta])* $name:ident, $format:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A value that is written in the program itself.
            pub fn literal(text: &'static str) -> Self {
                debug_assert_eq!(check($format, text), Ok(()));
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
                json_schema!({"type": "string", "format": $format})
            }
        }
    };
}

scalar! {
    /// A time span as Prometheus writes it: `30s`, `1h30m`, `15d`.
    Duration, "prometheus-duration"
}

scalar! {
    /// An amount as Kubernetes writes it: `500m`, `2`, `4Gi`.
    Quantity, "kubernetes-quantity"
}

scalar! {
    /// A size of stored data as Prometheus writes it: `50GB`, `512MB`.
    ByteSize, "byte-size"
}

scalar! {
    /// The name of a series: letters, digits, `_` and `:`.
    Metric, "metric-name"
}

scalar! {
    /// A place in an object, as a JSON patch writes it: `/spec/ports/0/port`.
    Pointer, "json-pointer"
}

scalar! {
    /// The name of an object: lower-case letters, digits, `-` and `.`.
    Name, "kubernetes-name"
}

scalar! {
    /// A name that becomes part of a host name: lower-case letters, digits and `-`.
    Label, "dns-label"
}

scalar! {
    /// A container image, with its registry, tag or digest.
    Image, "container-image"
}

scalar! {
    /// A registry of images, with a path if it has one: `registry.example.com/mirror`.
    Registry, "registry"
}

scalar! {
    /// A version without a leading `v`: `3.12.0`.
    Version, "version"
}

scalar! {
    /// A version of Kubernetes: `1.34`, `1.34.4`.
    KubernetesVersion, "kubernetes-version"
}

scalar! {
    /// An address that browsers open: `https://prometheus.example.com`.
    Url, "url"
}

scalar! {
    /// An address of the internet protocol, of version 4 or 6: `127.0.0.1`, `::1`.
    IpAddress, "host-address"
}

scalar! {
    /// A host, by name or address, and a port of it: `10.0.0.1:9182`, `[::1]:9182`.
    HostPort, "host-and-port"
}

scalar! {
    /// A range of addresses: `10.0.0.0/8`, `2001:db8::/32`.
    Cidr, "address-range"
}

scalar! {
    /// The name of a host, whose first part may be `*`: `grafana.example.com`.
    Hostname, "host-name"
}

/// The reason why a text that is written in the program does not have its format.
fn check(format: &str, text: &str) -> Result<(), String> {
    format::named(format)
        .expect("the formats of scalars are in the table")
        .check(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_counts_days_as_hours() {
        let written = |text| Duration::literal(text).for_go();
        assert_eq!(written("5d"), "120h");
        assert_eq!(written("1h30m"), "90m");
        assert_eq!(written("1s5ms"), "1005ms");
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
}
