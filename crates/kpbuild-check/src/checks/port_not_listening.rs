//! A declared port on which the program does not listen.

use kpbuild_core::{Code, Severity};
use serde_json::Value;

use crate::check::{Check, Findings};
use crate::facts::{Facts, items, strings};
use crate::pods::Pods;

pub(super) const CHECK: Check = Check {
    code: Code("port-not-listening"),
    severity: Severity::Error,
    page: "\
A container is told by its arguments where to listen, and declares ports that
Services, monitors and policies name. If the two differ, everything is wired to
a port on which nobody answers.

Looked at are the arguments that the components of a stack use
(`--secure-listen-address`, `--web.listen-address`, `--listen-address`,
`--secure-port`, `--port`, `--telemetry-port`), and where a proxy sends what it
lets through (`--upstream`): another container of the pod must listen there.

To mend it, change the argument and the declared port together.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for pods in &facts.pods {
        for container in pods.containers() {
            declared(pods, container, findings);
            upstream(pods, container, findings);
        }
    }
}

/// The ports that a container declares are those that it is told to listen on.
fn declared(pods: &Pods<'_>, container: &Value, findings: &mut Findings<'_>) {
    let listens = listens(container);
    if listens.is_empty() {
        return;
    }
    for port in items(&container["ports"]).filter_map(|port| port["containerPort"].as_u64()) {
        if !listens.contains(&port) {
            let message = format!(
                "the container `{}` of `{}` declares port {port}",
                name(container),
                pods.object.key()
            );
            let at: Vec<String> = listens.iter().map(u64::to_string).collect();
            findings
                .on(
                    pods.object,
                    format!("{message}, but listens on {}", at.join(", ")),
                )
                .help("change the argument and the declared port together");
        }
    }
}

/// A proxy sends what it lets through to a port on which a neighbour listens.
fn upstream(pods: &Pods<'_>, proxy: &Value, findings: &mut Findings<'_>) {
    for port in arguments(proxy).filter_map(|(flag, value)| {
        if flag == "--upstream" {
            port_of(value)
        } else {
            None
        }
    }) {
        let neighbours: Vec<&Value> = pods
            .containers()
            .filter(|one| name(one) != name(proxy))
            .collect();
        // A program without arguments listens where it always does.
        let silent =
            |one: &&&Value| listens(one).is_empty() && items(&one["ports"]).next().is_none();
        let at = |one: &&Value| {
            listens(one).contains(&port)
                || items(&one["ports"])
                    .any(|declared| declared["containerPort"].as_u64() == Some(port))
        };
        if !neighbours.iter().any(at) && !neighbours.iter().any(|one| silent(&one)) {
            let message = format!(
                "the proxy `{}` of `{}` sends everything to port {port}, on which no other container listens",
                name(proxy),
                pods.object.key()
            );
            findings
                .on(pods.object, message)
                .help("let `--upstream` name the port of the container behind it");
        }
    }
}

fn name(container: &Value) -> &str {
    container["name"].as_str().unwrap_or_default()
}

/// `--flag=value` of a container.
fn arguments(container: &Value) -> impl Iterator<Item = (&str, &str)> {
    strings(&container["args"])
        .chain(strings(&container["command"]))
        .filter_map(|argument| argument.split_once('='))
}

const LISTENS: [&str; 6] = [
    "--secure-listen-address",
    "--web.listen-address",
    "--listen-address",
    "--secure-port",
    "--port",
    "--telemetry-port",
];

fn listens(container: &Value) -> Vec<u64> {
    arguments(container)
        .filter(|(flag, _)| LISTENS.contains(flag))
        .filter_map(|(_, value)| port_of(value))
        .collect()
}

/// The port at the end of `:8443`, `127.0.0.1:8081`, `http://host:80/` or `6443`.
fn port_of(text: &str) -> Option<u64> {
    text.trim_end_matches('/').rsplit(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::port_of;

    #[test]
    fn ports_are_read_from_addresses() {
        assert_eq!(port_of(":8443"), Some(8443));
        assert_eq!(port_of("[$(IP)]:9100"), Some(9100));
        assert_eq!(port_of("http://127.0.0.1:8081/"), Some(8081));
        assert_eq!(port_of("6443"), Some(6443));
        assert_eq!(port_of("127.0.0.1"), None);
    }
}
