//! All interfaces through one process, pods that are replaced, and nothing left behind.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use kpbuild_tests::http;
use kpbuild_tests::tools::progress;

use super::installed::{Forwarding, Installed, now, until};

const FREE: [&str; 6] = [
    "--port",
    "prometheus=0",
    "--port",
    "alertmanager=0",
    "--port",
    "grafana=0",
];

#[test]
fn three_interfaces_are_reached_on_two_addresses_until_ctrl_c() {
    let installed = Installed::shared();
    let _undisturbed = installed.grafana.read();
    let arguments = [&["--address", "127.0.0.1,127.0.0.2"][..], &FREE].concat();
    let mut forwarding = installed.forward(&arguments, 6);
    let names: Vec<&str> = forwarding
        .lines
        .iter()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        names,
        [
            "prometheus",
            "prometheus",
            "alertmanager",
            "alertmanager",
            "grafana",
            "grafana"
        ]
    );
    for (line, path, expected) in [
        (0, "/api/v1/status/buildinfo", "version"),
        (2, "/api/v2/status", "versionInfo"),
        (4, "/", "the page of Grafana"),
    ] {
        for address in [forwarding.address(line), forwarding.address(line + 1)] {
            let (code, body) = http::get(address, path).expect("it is forwarded");
            assert!(code == 200 && body.contains(expected), "{code} {body}");
        }
    }
    for expected in [
        "prometheus    ready, by pod prometheus-own-0",
        "alertmanager  ready, by pod alertmanager-own-",
        "grafana       ready, by pod grafana-",
    ] {
        forwarding.expect(expected);
    }
    let addresses: Vec<SocketAddr> = (0..6).map(|line| forwarding.address(line)).collect();
    assert_eq!(forwarding.interrupt(), Some(0), "{}", forwarding.said());
    assert!(
        forwarding.said().ends_with("closed\n"),
        "{}",
        forwarding.said()
    );
    for address in addresses {
        assert!(TcpStream::connect(address).is_err(), "{address} is closed");
    }
}

#[test]
fn clients_go_on_when_the_pod_is_replaced() {
    let installed = Installed::shared();
    let _alone = installed.grafana.write();
    let forwarding = installed.forward(&["grafana", "--port", "grafana=0"], 1);
    forwarding.expect("ready");
    let address = forwarding.address(0);
    let pod = || {
        installed.kubectl(&[
            "get",
            "pod",
            "-l",
            "app.kubernetes.io/name=grafana",
            "-o",
            "name",
        ])
    };
    let old = pod();
    let (stop, replaced) = (AtomicBool::new(false), AtomicBool::new(false));
    let after: Vec<AtomicUsize> = (0..20).map(|_| AtomicUsize::new(0)).collect();
    let (broken, longest) = (AtomicUsize::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for count in &after {
            let (stop, replaced, broken, longest) = (&stop, &replaced, &broken, &longest);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let late = replaced.load(Ordering::Relaxed);
                    let begin = now();
                    let answer = http::get(address, "/bytes/262144");
                    let took = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
                    longest.fetch_max(took, Ordering::Relaxed);
                    match answer {
                        Ok((200, body)) if body.len() == 262_144 => {
                            count.fetch_add(usize::from(late), Ordering::Relaxed);
                        }
                        _ => drop(broken.fetch_add(1, Ordering::Relaxed)),
                    }
                }
            });
        }
        let before = installed.web.answered();
        let busy = until(Duration::from_mins(1), || {
            installed.web.answered() > before + 40
        });
        installed.kubectl(&["delete", old.trim(), "--wait=false"]);
        let changed = until(Duration::from_mins(2), || {
            forwarding
                .said()
                .lines()
                .filter(|line| line.contains("ready, by"))
                .count()
                > 1
        });
        replaced.store(true, Ordering::Relaxed);
        let again = until(Duration::from_mins(2), || {
            after.iter().all(|count| count.load(Ordering::Relaxed) > 2)
        });
        stop.store(true, Ordering::Relaxed);
        assert!(busy && changed && again, "{}", forwarding.said());
    });
    assert_ne!(pod(), old);
    progress(&format!(
        "20 clients, one pod replaced: {} downloads were broken off, the longest took {} ms",
        broken.load(Ordering::Relaxed),
        longest.load(Ordering::Relaxed)
    ));
}

/// Ten requests a connection, as browsers do; a thousand connections.
#[test]
fn ten_thousand_requests_leave_nothing_behind() {
    const CLIENTS: usize = 20;
    const CONNECTIONS: usize = 50;
    let installed = Installed::shared();
    let _undisturbed = installed.grafana.read();
    let forwarding = installed.forward(&["grafana", "--port", "grafana=0"], 1);
    forwarding.expect("ready");
    let address = forwarding.address(0);
    // What a first connection needs stays: the connection to the API server.
    requests(address).expect("it is forwarded");
    let steady = until(Duration::from_mins(1), || {
        let before = open(&forwarding);
        std::thread::sleep(Duration::from_secs(2));
        open(&forwarding) == before
    });
    assert!(steady, "{} files are open", open(&forwarding));
    let (files, memory) = (open(&forwarding), memory(&forwarding));
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                for _ in 0..CONNECTIONS {
                    requests(address).expect("every request is answered");
                }
            });
        }
    });
    let closed = until(Duration::from_mins(1), || open(&forwarding) <= files);
    assert!(closed, "{files} files were open, now {}", open(&forwarding));
    let grown = self::memory(&forwarding).saturating_sub(memory);
    progress(&format!(
        "10000 requests: {files} files open before and {} after, {grown} KiB more memory",
        open(&forwarding)
    ));
    assert!(grown < 64 * 1024, "{grown} KiB more memory");
}

/// Ten requests over one connection.
fn requests(address: SocketAddr) -> std::io::Result<()> {
    let connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(Duration::from_mins(1)))?;
    let mut reader = BufReader::new(&connection);
    for _ in 0..10 {
        (&connection).write_all(b"GET /bytes/2000 HTTP/1.1\r\nHost: grafana\r\n\r\n")?;
        let mut line = String::new();
        while reader.read_line(&mut line)? > 2 {
            line.clear();
        }
        reader.read_exact(&mut [0; 2000])?;
    }
    Ok(())
}

fn open(forwarding: &Forwarding) -> usize {
    let folder = format!("/proc/{}/fd", forwarding.id());
    std::fs::read_dir(folder).expect("it runs").count()
}

/// Resident memory in KiB.
fn memory(forwarding: &Forwarding) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", forwarding.id()));
    status
        .expect("it runs")
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .expect("Linux says how much memory a process has")
}

#[test]
fn what_cannot_be_forwarded_is_said() {
    let installed = Installed::shared();
    let held = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    let port = held.local_addr().expect("it listens").port();
    let check = |arguments: &[&str], code, expected: &str| {
        let (found, out, err) = installed.run(&[&["forward"], arguments].concat());
        assert_eq!(found, Some(code), "{out}{err}");
        assert!(err.contains(expected), "`{expected}` is not in:\n{err}");
    };
    let taken = format!("grafana={port}");
    check(
        &["grafana", "--port", &taken],
        1,
        &format!("port {port} of 127.0.0.1 is in use by another program"),
    );
    check(&["--port", "graphana=1"], 64, "`graphana` is not one of");
    check(
        &["grafana", "--port", "prometheus=1"],
        1,
        "--port is about prometheus",
    );
    check(
        &["stack.yaml", "nothing"],
        1,
        "`nothing` is no web interface",
    );
    check(&["missing.yaml"], 1, "there is no file `missing.yaml`");
    check(
        &["grafana", "--address", "192.0.2.7", "--port", "grafana=0"],
        1,
        "192.0.2.7 is no address of this machine",
    );
}

#[test]
fn a_stack_that_is_not_installed_is_waited_for_and_forbidden_ones_are_not() {
    let installed = Installed::shared();
    let other = "kind: Stack\nname: other\nnamespace: elsewhere\n";
    std::fs::write(installed.folder.path().join("other.yaml"), other).expect("the folder is ours");
    let forwarding = installed.forward(&["other.yaml", "grafana", "--port", "grafana=0"], 1);
    forwarding.expect(
        "grafana       waiting: there is no service elsewhere/grafana; is the stack applied?",
    );
    let nobody = installed.cluster.user("nobody", None);
    let arguments = ["forward", "grafana", "--port", "grafana=0", "--kubeconfig"];
    let all = [&arguments[..], &[nobody.to_str().expect("a plain name")]].concat();
    let output = kpbuild_tests::kpbuild::run(installed.folder.path(), &all);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("cannot get resource \"services\""), "{err}");
}
