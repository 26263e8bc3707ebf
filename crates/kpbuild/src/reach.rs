//! Where a stack's web interfaces and APIs are: the Services that lead to them,
//! under whatever names the stack gives them.

use std::path::Path;

use anyhow::bail;
use kpbuild_cluster::Service;
use kpbuild_core::{Bundle, Object};
use serde_json::Value;

/// Something with a web interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Interface {
    Prometheus,
    Alertmanager,
    Grafana,
    Pyrra,
}

impl Interface {
    pub(crate) const ALL: [Self; 4] = [
        Self::Prometheus,
        Self::Alertmanager,
        Self::Grafana,
        Self::Pyrra,
    ];

    /// Its name, which is that of its component.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Alertmanager => "alertmanager",
            Self::Grafana => "grafana",
            Self::Pyrra => "pyrra",
        }
    }

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Whether a Service of its component leads to it.
    fn has(self, service: &Object) -> bool {
        // The other one leads to the controller, which has no pages.
        self != Self::Pyrra || service.key().name.ends_with("-api")
    }

    /// The name of its Service's port.
    fn port(self) -> &'static str {
        match self {
            Self::Prometheus | Self::Alertmanager => "web",
            Self::Grafana | Self::Pyrra => "http",
        }
    }

    /// The kinds of objects that the operator makes it of.
    fn instances(self) -> &'static [&'static str] {
        match self {
            Self::Prometheus => &["Prometheus", AGENT],
            Self::Alertmanager => &["Alertmanager"],
            Self::Grafana | Self::Pyrra => &[],
        }
    }
}

/// Where an interface is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) service: Service,
    /// `http`, or `https` where it has a certificate.
    pub(crate) scheme: &'static str,
    /// What its paths begin with, without a slash at the end.
    pub(crate) prefix: String,
}

/// Where an interface of a bundle is; nothing if the stack does not install it.
pub(crate) fn place(bundle: &Bundle, interface: Interface) -> Option<Place> {
    let of_component = |object: &&Object| object.origin.component == interface.name();
    let (service, port) = bundle
        .of_kind("Service")
        .filter(|service| of_component(service) && interface.has(service))
        .find_map(|service| Some((service, port(service, interface.port())?)))?;
    let instance = interface
        .instances()
        .iter()
        .find_map(|kind| bundle.of_kind(kind).find(of_component));
    let spec = instance.map_or(&Value::Null, |instance| &instance.value()["spec"]);
    let prefix = spec["routePrefix"].as_str().unwrap_or_default();
    Some(Place {
        service: Service {
            namespace: service.key().namespace.clone(),
            name: service.key().name.clone(),
            port,
        },
        scheme: if spec["web"]["tlsConfig"].is_object() {
            "https"
        } else {
            "http"
        },
        prefix: prefix.trim_end_matches('/').to_owned(),
    })
}

/// The kind of a Prometheus that only sends what it measures elsewhere.
const AGENT: &str = "PrometheusAgent";

/// Whether the Prometheus of a bundle is an agent: it tells its targets, and
/// answers no queries.
pub(crate) fn is_agent(bundle: &Bundle) -> bool {
    bundle
        .of_kind(AGENT)
        .any(|object| object.origin.component == Interface::Prometheus.name())
}

/// The number of a Service's port.
fn port(service: &Object, name: &str) -> Option<u16> {
    let ports = service.at(&["spec", "ports"])?.as_array()?;
    let port = ports.iter().find(|port| port["name"] == name)?;
    u16::try_from(port["port"].as_u64()?).ok()
}

/// The place of an interface that the user needs.
pub(crate) fn wanted(bundle: &Bundle, interface: Interface, stack: &Path) -> anyhow::Result<Place> {
    match place(bundle, interface) {
        Some(place) => Ok(place),
        None => bail!(
            "`{}` installs no {}: its component is not enabled",
            stack.display(),
            interface.name()
        ),
    }
}

#[cfg(test)]
mod tests {
    use kpbuild_core::{Diagnostics, Origin};
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_are_those_of_the_api_and_not_of_the_controller() {
        let service = |name: &str, port: u16| {
            let value = json!({
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": "monitoring"},
                "spec": {"ports": [{"name": "http", "port": port}]},
            });
            let component = "pyrra".to_owned();
            let origin = Origin {
                component,
                span: None,
            };
            Object::new(value, origin).expect("it is an object")
        };
        let both = vec![service("a-controller", 9444), service("pyrra-api", 9099)];
        let bundle = Bundle::new(both, &mut Diagnostics::default());
        let place = place(&bundle, Interface::Pyrra).expect("it is there");
        assert_eq!(place.service.name, "pyrra-api");
        assert_eq!(place.service.port, 9099);
        assert_eq!(super::place(&bundle, Interface::Grafana), None);
    }
}
