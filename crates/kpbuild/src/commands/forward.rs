//! `kpbuild forward`: the web interfaces of a stack, on this machine.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use kpbuild_cluster::{Door, DoorState};
use kpbuild_core::Bundle;

use crate::cli::Forward;
use crate::cluster_run::{compiled, connect, stop_on_signals};
use crate::exit::Exit;
use crate::listen::{self, Address};
use crate::reach::{self, Interface, Place};
use crate::terminal::Terminal;

/// An interface that is forwarded.
struct Forwarded {
    interface: Interface,
    place: Place,
    port: u16,
    door: Door,
}

pub(crate) fn run(arguments: &Forward, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let (path, interfaces) = wanted(&arguments.what)?;
    let Some(compiled) = compiled(&path, terminal)? else {
        return Ok(Exit::Error);
    };
    let addresses: Vec<Address> = arguments
        .address
        .iter()
        .map(|word| listen::address(word))
        .collect::<Result<_, _>>()?;
    let places = places(&compiled.bundle, &interfaces, &path)?;
    let forwarded = open(places, &addresses, &arguments.port)?;
    let cluster = connect(&compiled.stack, &arguments.connection)?;
    if let Some(warning) = warning(&addresses) {
        terminal.warn(&warning);
    }
    terminal.data(&urls(&forwarded, &addresses))?;
    if arguments.open {
        show_in_browser(&forwarded, &addresses, terminal);
    }
    let stop = stop_on_signals()?;
    let doors = forwarded.into_iter().map(|forwarded| forwarded.door);
    let mut show = |name: &str, state: &DoorState| terminal.say(&line(name, state));
    cluster.forward(doors.collect(), &stop, &mut show)?;
    terminal.say("closed");
    Ok(Exit::Done)
}

/// The stack file, and which interfaces: a word that names an interface is one.
fn wanted(words: &[String]) -> anyhow::Result<(PathBuf, Vec<Interface>)> {
    let mut path = None;
    let mut interfaces = Vec::new();
    for word in words {
        match (Interface::of_name(word), &path) {
            (Some(interface), _) => interfaces.push(interface),
            (None, None) => path = Some(PathBuf::from(word)),
            (None, Some(path)) => bail!(
                "`{word}` is no web interface: there are prometheus, alertmanager, grafana and pyrra (the stack file \
                 is `{}`)",
                path.display()
            ),
        }
    }
    interfaces.sort();
    interfaces.dedup();
    Ok((path.unwrap_or_else(|| "stack.yaml".into()), interfaces))
}

/// Where the interfaces are: all that the stack has when none is named.
fn places(
    bundle: &Bundle,
    interfaces: &[Interface],
    path: &std::path::Path,
) -> anyhow::Result<Vec<(Interface, Place)>> {
    if !interfaces.is_empty() {
        return interfaces
            .iter()
            .map(|interface| Ok((*interface, reach::wanted(bundle, *interface, path)?)))
            .collect();
    }
    let found: Vec<(Interface, Place)> = Interface::ALL
        .into_iter()
        .filter_map(|interface| Some((interface, reach::place(bundle, interface)?)))
        .collect();
    if found.is_empty() {
        bail!("`{}` installs nothing with a web interface", path.display());
    }
    Ok(found)
}

/// Listens for each, before anything is asked of the cluster.
fn open(
    places: Vec<(Interface, Place)>,
    addresses: &[Address],
    ports: &[(Interface, u16)],
) -> anyhow::Result<Vec<Forwarded>> {
    if let Some((unused, _)) = ports
        .iter()
        .find(|(named, _)| places.iter().all(|(interface, _)| interface != named))
    {
        bail!("--port is about {0}, which is not forwarded", unused.name());
    }
    let open = |(interface, place): (Interface, Place)| {
        let chosen = ports.iter().rev().find(|(named, _)| *named == interface);
        let port = chosen.map_or(place.service.port, |(_, port)| *port);
        let (port, listeners) = listen::listen(addresses, port, interface.name())?;
        let door = Door {
            name: interface.name().to_owned(),
            service: place.service.clone(),
            listeners,
        };
        Ok(Forwarded {
            interface,
            place,
            port,
            door,
        })
    };
    places.into_iter().map(open).collect()
}

/// What is to be thought about before others are let in.
fn warning(addresses: &[Address]) -> Option<String> {
    let open: Vec<&str> = addresses
        .iter()
        .filter(|address| !address.is_loopback())
        .map(|address| address.host.as_str())
        .collect();
    (!open.is_empty()).then(|| {
        format!(
            "whoever reaches {} gets in with your rights: Prometheus, Alertmanager and Pyrra ask for no password",
            open.join(" or ")
        )
    })
}

/// A line for each interface at each address.
fn urls(forwarded: &[Forwarded], addresses: &[Address]) -> String {
    let line = |of: &Forwarded, address: &Address| {
        let url = address.url(of.place.scheme, of.port, &of.place.prefix);
        format!("{:<13} {url}\n", of.interface.name())
    };
    forwarded
        .iter()
        .flat_map(|of| addresses.iter().map(move |address| line(of, address)))
        .collect()
}

fn show_in_browser(forwarded: &[Forwarded], addresses: &[Address], terminal: &mut Terminal) {
    let Some(address) = addresses.first() else {
        return;
    };
    for of in forwarded {
        let url = address.url(of.place.scheme, of.port, &of.place.prefix);
        if let Err(error) = open::that_detached(&url).context("no browser can be started") {
            terminal.warn(&format!("{error:#}: open {url} yourself"));
        }
    }
}

fn line(name: &str, state: &DoorState) -> String {
    match state {
        DoorState::Open { pod } => format!("{name:<13} ready, by pod {pod}"),
        DoorState::Waiting(reason) => format!("{name:<13} waiting: {reason}"),
        DoorState::Trouble(reason) => format!("{name:<13} a connection failed: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str], expected: Result<(&str, &[Interface]), &str>) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        match (wanted(&words), expected) {
            (Ok((path, interfaces)), Ok((expected, all))) => {
                assert_eq!(
                    (path, interfaces.as_slice()),
                    (PathBuf::from(expected), all)
                );
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, expected) => panic!("{found:?} is not {expected:?}"),
        }
    }

    #[test]
    fn only_addresses_that_others_reach_are_warned_about() {
        let of = |words: &[&str]| {
            let addresses: Vec<Address> = words
                .iter()
                .map(|word| listen::address(word).expect("it is an address"))
                .collect();
            warning(&addresses)
        };
        assert_eq!(of(&["localhost", "127.0.0.2", "::1"]), None);
        let found = of(&["localhost", "192.168.100.90", "0.0.0.0"]).expect("others get in");
        assert!(
            found.starts_with("whoever reaches 192.168.100.90 or 0.0.0.0 gets in"),
            "{found}"
        );
    }

    #[test]
    fn words_are_a_stack_and_interfaces() {
        check(&[], Ok(("stack.yaml", &[])));
        check(&["grafana"], Ok(("stack.yaml", &[Interface::Grafana])));
        check(
            &["grafana", "prod.yaml", "prometheus"],
            Ok(("prod.yaml", &[Interface::Prometheus, Interface::Grafana])),
        );
        check(
            &["prod.yaml", "graphana"],
            Err("`graphana` is no web interface"),
        );
    }
}
