//! The way from Prometheus to a target, link by link.

use kpbuild_core::{Code, Diagnostic, Object, ObjectKey};

use super::Unknown;
use crate::check::Finding;
use crate::checks::CHECKS;
use crate::facts::Facts;
use crate::pods::Pods;
use crate::scrapes::{Namespaces, Scrape, endpoints};
use crate::selector::words;
use crate::services::Service;

/// The links between Prometheus and one endpoint of a monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// What is scraped, in a line.
    pub title: String,
    /// From Prometheus to the target.
    pub links: Vec<Link>,
}

/// One link of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whether it holds.
    pub state: State,
    /// What it says.
    pub text: String,
    /// What else is to be known: why it is broken, and the way out.
    pub notes: Vec<String>,
}

/// Whether a link holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does.
    Holds,
    /// It does not.
    Broken,
    /// What it leads to is not among the objects.
    Outside,
    /// It comes after a broken one.
    Unreached,
}

impl Chain {
    /// Whether a link is broken.
    pub fn is_broken(&self) -> bool {
        self.links.iter().any(|link| link.state == State::Broken)
    }
}

const MONITORS: [&str; 4] = ["ServiceMonitor", "PodMonitor", "Probe", "ScrapeConfig"];

pub(super) fn chains(facts: &Facts<'_>, name: &str) -> Result<Vec<Chain>, Unknown> {
    let monitors: Vec<&Object> = facts
        .bundle
        .objects()
        .iter()
        .filter(|object| MONITORS.contains(&object.kind()))
        .collect();
    let named = monitors
        .iter()
        .filter(|monitor| names(facts, monitor).iter().any(|one| one == name));
    let chains: Vec<Chain> = named
        .flat_map(|monitor| match monitor.kind() {
            "ServiceMonitor" | "PodMonitor" => of_monitor(facts, monitor),
            _ => vec![of_other(facts, monitor)],
        })
        .collect();
    if chains.is_empty() {
        let all = monitors.iter().map(|monitor| monitor.key().name.clone());
        return Err(Unknown::new(name, all));
    }
    Ok(chains)
}

/// Everything that a user may call a monitor's targets.
fn names(facts: &Facts<'_>, monitor: &Object) -> Vec<String> {
    let key = monitor.key();
    let mut all = vec![
        key.name.clone(),
        key.to_string(),
        format!("{}/{}", key.kind, key.name),
        format!("{}/{}", key.namespace, key.name),
    ];
    for scrape in facts.scrapes.iter().filter(|one| one.monitor.key() == key) {
        all.extend(scrape.job.clone());
        all.extend(scrape.component.map(|component| component.name.to_owned()));
        all.extend(service_of(facts, scrape).map(|service| service.name.clone()));
    }
    all
}

/// The Service that a scrape is at.
fn service_of<'f, 'a>(facts: &'f Facts<'a>, scrape: &Scrape<'a>) -> Option<&'f Service<'a>> {
    facts.services.iter().find(|service| {
        crate::scrapes::finds(scrape.monitor, service)
            && service
                .pods
                .iter()
                .eq(scrape.pods.iter().map(|(pods, _)| pods))
    })
}

fn of_monitor(facts: &Facts<'_>, monitor: &Object) -> Vec<Chain> {
    let found = Found::of(facts);
    endpoints(monitor)
        .enumerate()
        .map(|(index, endpoint)| {
            let scrapes: Vec<&Scrape<'_>> = facts
                .scrapes
                .iter()
                .filter(|one| {
                    one.monitor.key() == monitor.key() && std::ptr::eq(one.endpoint, endpoint)
                })
                .collect();
            let path = endpoint["path"].as_str().unwrap_or("/metrics");
            let mut links = vec![selected(facts, &found, monitor), discovery(facts, monitor)];
            links.extend(places(facts, &found, monitor, &scrapes));
            links.extend(reached(facts, &found, monitor, &scrapes));
            links.push(stored(&scrapes));
            mark_unreached(&mut links);
            Chain {
                title: format!("{}, endpoint {}: {path}", monitor.key(), index + 1),
                links,
            }
        })
        .collect()
}

/// Probes and scrape configurations: what they ask, and whether Prometheus takes them.
fn of_other(facts: &Facts<'_>, monitor: &Object) -> Chain {
    let found = Found::of(facts);
    let mut links = vec![selected(facts, &found, monitor)];
    let about = |codes: &[&str]| found.about(monitor.key(), codes);
    if monitor.kind() == "Probe" {
        let prober = &monitor.value()["spec"]["prober"]["url"];
        let text = format!("asks {}", prober.as_str().unwrap_or("its prober"));
        links.push(link(text, about(&["service-reference", "probe-module"])));
    } else {
        let text = "its targets are those that it lists or discovers".to_owned();
        links.push(link(text, about(&["service-reference"])));
    }
    links.push(link(
        "the NetworkPolicies of the objects let Prometheus through".to_owned(),
        found.mentioning(&monitor.key().to_string(), &["network-policy-query"]),
    ));
    mark_unreached(&mut links);
    Chain {
        title: monitor.key().to_string(),
        links,
    }
}

/// After the first broken link, nothing is reached.
fn mark_unreached(links: &mut [Link]) {
    let broken = links.iter().position(|link| link.state == State::Broken);
    for link in links
        .iter_mut()
        .skip(broken.map_or(usize::MAX, |at| at + 1))
    {
        if link.state != State::Broken {
            link.state = State::Unreached;
        }
    }
}

/// Prometheus takes the monitor.
fn selected(facts: &Facts<'_>, found: &Found, monitor: &Object) -> Link {
    let takers: Vec<String> = facts
        .prometheuses()
        .map(|object| object.key().to_string())
        .collect();
    if takers.is_empty() {
        return Link {
            state: State::Outside,
            text: "no Prometheus is among the objects".to_owned(),
            notes: Vec::new(),
        };
    }
    let text = format!("{} takes it", takers.join(" and "));
    link(text, found.about(monitor.key(), &["not-selected"]))
}

/// Prometheus may look where the monitor looks.
fn discovery(facts: &Facts<'_>, monitor: &Object) -> Link {
    let namespaces = match Namespaces::of(monitor) {
        Namespaces::All => vec![None],
        Namespaces::Only(names) => names.into_iter().map(Some).collect(),
    };
    let place = |namespace: &Option<String>| {
        namespace
            .as_ref()
            .map_or("any namespace".to_owned(), |name| format!("`{name}`"))
    };
    let all: Vec<String> = namespaces.iter().map(place).collect();
    let all = all.join(", ");
    for prometheus in facts.prometheuses().filter_map(|one| facts.pods_of(one)) {
        for namespace in &namespaces {
            let lacks = crate::checks::lacks(facts, prometheus, namespace.as_deref());
            if !lacks.is_empty() {
                return Link {
                    state: State::Broken,
                    text: format!(
                        "its account may not look for targets in {}",
                        place(namespace)
                    ),
                    notes: vec![
                        format!("it may not {}", lacks.join(", ")),
                        "name the namespace in `components.prometheus.namespaces`, or bind a Role there".to_owned(),
                    ],
                };
            }
        }
    }
    if facts.prometheuses().next().is_none() {
        return Link {
            state: State::Outside,
            text: format!("it looks for targets in {all}"),
            notes: Vec::new(),
        };
    }
    link(
        format!("its account may look for targets in {all}"),
        Vec::new(),
    )
}

/// The Services or pods that the monitor selects, and the port of them.
fn places(
    facts: &Facts<'_>,
    found: &Found,
    monitor: &Object,
    scrapes: &[&Scrape<'_>],
) -> Vec<Link> {
    let selector = words(&monitor.value()["spec"]["selector"]);
    let nothing = found.about(monitor.key(), &["monitor-selects-nothing"]);
    let mut links = Vec::new();
    let services: Vec<&Service<'_>> = scrapes
        .iter()
        .filter_map(|scrape| service_of(facts, scrape))
        .collect();
    let pods: Vec<&Pods<'_>> = scrapes
        .iter()
        .flat_map(|scrape| &scrape.pods)
        .map(|(index, _)| &facts.pods[*index])
        .collect();
    let of_pods = monitor.kind() == "PodMonitor";
    if !nothing.is_empty() {
        links.push(link(format!("it selects {selector}"), nothing));
        return links;
    }
    if services.is_empty() && !of_pods || pods.is_empty() && of_pods {
        links.push(Link {
            state: State::Outside,
            text: format!("it selects {selector}: of the cluster, not of these objects"),
            notes: Vec::new(),
        });
        return links;
    }
    let mut of = Vec::new();
    for service in &services {
        of.push(format!("Service/{}/{}", service.namespace, service.name));
    }
    if of_pods {
        of.extend(
            pods.iter()
                .map(|one| format!("the pods of {}", one.object.key())),
        );
    }
    of.dedup();
    links.push(link(
        format!("it selects {} ({selector})", of.join(", ")),
        Vec::new(),
    ));
    let endpoint = scrapes[0].endpoint;
    let port = ["port", "targetPort", "portNumber"]
        .iter()
        .map(|field| &endpoint[*field])
        .find(|value| !value.is_null());
    let port = port.map_or("of any name".to_owned(), |port| {
        format!(
            "`{}`",
            port.as_str()
                .map_or_else(|| port.to_string(), str::to_owned)
        )
    });
    let numbers: Vec<String> = scrapes
        .iter()
        .flat_map(|scrape| &scrape.pods)
        .filter_map(|(_, number)| number.map(|number| number.to_string()))
        .collect();
    let text = match numbers.first() {
        Some(number) => format!("it scrapes the port {port}, {number} of the pods"),
        None => format!("it scrapes the port {port}"),
    };
    let mut broken = found.about(monitor.key(), &["monitor-port"]);
    for service in services.iter().filter_map(|service| service.object) {
        broken.extend(found.about(service.key(), &["service-port", "service-selects-nothing"]));
    }
    links.push(link(text, broken));
    links
}

/// The pods listen, let Prometheus through and give it an answer.
fn reached(
    facts: &Facts<'_>,
    found: &Found,
    monitor: &Object,
    scrapes: &[&Scrape<'_>],
) -> Vec<Link> {
    let pods: Vec<&Pods<'_>> = scrapes
        .iter()
        .flat_map(|scrape| &scrape.pods)
        .map(|(index, _)| &facts.pods[*index])
        .collect();
    let mut links = Vec::new();
    if let Some(first) = pods.first() {
        let mut names: Vec<String> = pods
            .iter()
            .map(|one| one.object.key().to_string())
            .collect();
        names.dedup();
        let mut broken = Vec::new();
        for one in &pods {
            broken.extend(found.about(one.object.key(), &["port-not-listening"]));
        }
        let count = match first.replicas {
            Some(1) => ", 1 pod".to_owned(),
            Some(count) => format!(", {count} pods"),
            None => ", one pod a node".to_owned(),
        };
        let count = if names.len() == 1 {
            count
        } else {
            String::new()
        };
        links.push(link(
            format!("the pods are those of {}{count}", names.join(", ")),
            broken,
        ));
        let network = if pods.iter().all(|one| one.on_host_network()) {
            "the pods are on the network of their nodes, outside of NetworkPolicies"
        } else {
            "the NetworkPolicies let Prometheus through"
        };
        links.push(link(
            network.to_owned(),
            found.mentioning(&monitor.key().to_string(), &["network-policy-scrape"]),
        ));
    } else {
        links.push(Link {
            state: State::Outside,
            text: "the pods, and what protects them, are not among these objects".to_owned(),
            notes: Vec::new(),
        });
    }
    links.push(link(
        "its account may read what is scraped".to_owned(),
        found.about(monitor.key(), &["rbac-scrape"]),
    ));
    links
}

/// Under which job series are stored, and what is dropped before.
fn stored(scrapes: &[&Scrape<'_>]) -> Link {
    let mut jobs: Vec<String> = scrapes
        .iter()
        .filter_map(|scrape| scrape.job.clone())
        .collect();
    jobs.dedup();
    let job = match jobs.as_slice() {
        [] => "a job that is not known here".to_owned(),
        jobs => format!("the job `{}`", jobs.join("`, `")),
    };
    let interval = scrapes.first().map_or(0, |scrape| scrape.interval / 1000);
    let mut notes = Vec::new();
    for scrape in scrapes {
        if let Some(component) = scrape.component {
            let names: Vec<&str> = component.family_names(scrape.path()).collect();
            let dropped = names.iter().filter(|name| scrape.drops(name)).count();
            notes.push(match dropped {
                0 => format!("{}: {} families of metrics", component.name, names.len()),
                _ => format!(
                    "{}: {} families of metrics, of which {dropped} are dropped",
                    component.name,
                    names.len()
                ),
            });
        }
    }
    notes.dedup();
    Link {
        state: State::Holds,
        text: format!("every {interval}s, stored under {job}"),
        notes,
    }
}

/// A link that holds unless something was found against it.
fn link(text: String, found: Vec<Diagnostic>) -> Link {
    let Some(first) = found.into_iter().next() else {
        return Link {
            state: State::Holds,
            text,
            notes: Vec::new(),
        };
    };
    Link {
        state: State::Broken,
        text: first.message,
        notes: first.notes.into_iter().chain(first.help).collect(),
    }
}

/// What the checks of wiring have found.
struct Found(Vec<Finding>);

impl Found {
    fn of(facts: &Facts<'_>) -> Self {
        const WIRING: [&str; 10] = [
            "not-selected",
            "monitor-selects-nothing",
            "monitor-port",
            "service-port",
            "service-selects-nothing",
            "service-reference",
            "probe-module",
            "port-not-listening",
            "rbac-scrape",
            "network-policy-scrape",
        ];
        let is_wiring = |code: Code| WIRING.contains(&code.0) || code.0 == "network-policy-query";
        let checks = CHECKS.iter().filter(|check| is_wiring(check.code));
        Self(checks.flat_map(|check| check.findings(facts)).collect())
    }

    /// Those of some codes about an object.
    fn about(&self, key: &ObjectKey, codes: &[&str]) -> Vec<Diagnostic> {
        self.those(codes, |one| one.object.as_ref() == Some(key))
    }

    /// Those of some codes whose words name something.
    fn mentioning(&self, name: &str, codes: &[&str]) -> Vec<Diagnostic> {
        let name = format!("`{name}`");
        self.those(codes, |one| {
            let texts = one.diagnostic.notes.iter();
            texts
                .chain([&one.diagnostic.message])
                .any(|text| text.contains(&name))
        })
    }

    fn those(&self, codes: &[&str], wanted: impl Fn(&Finding) -> bool) -> Vec<Diagnostic> {
        let fitting = self
            .0
            .iter()
            .filter(|one| codes.contains(&one.diagnostic.code.0) && wanted(one));
        fitting.map(|one| one.diagnostic.clone()).collect()
    }
}
