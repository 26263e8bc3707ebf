//! `kpbuild forward --address` as a colleague reaches it: from another host, over a network between the two.
//!
//! Both hosts are network namespaces of their own, with a cable (veth) between them. The test runs this test binary again
//! inside the first one, where the cluster, the servers and kpbuild then are as on any machine, and that one runs it once
//! more inside of the second one, as the colleague's program.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use kpbuild_tests::http;
use kpbuild_tests::tools::progress;

use super::installed::{Forwarding, Installed};

/// The host that kpbuild runs on, as the issue of a user names it, and the colleague's.
const OURS: [&str; 2] = ["192.168.100.90", "fd00::90"];
const THEIRS: [&str; 2] = ["192.168.100.91", "fd00::91"];
const NOBODYS: &str = "192.168.100.92";

/// The interfaces at their usual ports, and a page of each with a part of it.
const INTERFACES: [(&str, u16, &str, &str); 3] = [
    ("prometheus", 9090, "/api/v1/status/buildinfo", "version"),
    ("alertmanager", 9093, "/api/v2/status", "versionInfo"),
    ("grafana", 3000, "/", "the page of Grafana"),
];

const WARNING: &str =
    "gets in with your rights: Prometheus, Alertmanager and Pyrra ask for no password";

/// How this binary is told that it runs in a namespace that the test has made.
const INSIDE: &str = "KPBUILD_TEST_HOST";

#[test]
fn colleagues_reach_the_interfaces_from_their_own_host() {
    let Some(mut unshare) = own_network() else {
        progress(
            "SKIPPED colleagues_reach_the_interfaces_from_their_own_host: this machine makes no network namespaces with \
             cables between them (it needs Linux, `unshare`, `nsenter` and `ip`, and user namespaces or root)",
        );
        return;
    };
    let output = unshare
        .args(this_test("on_our_host"))
        .env(INSIDE, "ours")
        .output()
        .expect("unshare could be started a moment ago");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    let ran = said.contains("1 passed") && !said.contains("nothing to do");
    assert!(ran, "{said}");
}

/// `unshare` with what makes a network of its own here; `None` where nothing does.
fn own_network() -> Option<Command> {
    const TRIAL: &str = "ip link set lo up && ip link add kpb0 type veth peer name kpb1 && unshare --net true && \
                         nsenter --target $$ --net true";
    let ways: [&[&str]; 2] = [&["--user", "--map-root-user", "--net"], &["--net"]];
    let makes_one = |way: &&[&str]| {
        let trial = Command::new("unshare")
            .args(*way)
            .args(["--", "sh", "-c", TRIAL])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        trial.is_ok_and(|status| status.success())
    };
    let way = ways.into_iter().find(makes_one)?;
    let mut command = Command::new("unshare");
    command.args(way).arg("--");
    Some(command)
}

/// This binary, running one of the tests below.
fn this_test(name: &str) -> Vec<String> {
    let binary = std::env::current_exe().expect("the system knows what it runs");
    let binary = binary.to_str().expect("a plain name").to_owned();
    let test = format!("reach::another_host::{name}");
    let flags = ["--ignored", "--exact", "--nocapture"].map(str::to_owned);
    [vec![binary, test], flags.to_vec()].concat()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment is how the test tells its other halves what to do"
)]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
#[ignore = "run inside a network of its own by `colleagues_reach_the_interfaces_from_their_own_host`"]
fn on_our_host() {
    if told(INSIDE).as_deref() != Some("ours") {
        progress("on_our_host has nothing to do outside of a network of its own");
        return;
    }
    let colleague = Colleague::connected();
    let installed = Installed::start();
    nobody_gets_in_unless_asked(&installed, &colleague);
    all_get_in_where_asked(&installed, &colleague);
    let arguments = ["forward", "grafana", "--address", NOBODYS];
    let (code, out, err) = installed.run(&arguments);
    assert_eq!(code, Some(1), "{out}{err}");
    let expected = format!("{NOBODYS} is no address of this machine");
    assert!(
        err.contains(&expected) && err.contains("--address 0.0.0.0"),
        "{err}"
    );
}

fn nobody_gets_in_unless_asked(installed: &Installed, colleague: &Colleague) {
    let mut forwarding = installed.forward(&[], INTERFACES.len());
    for (name, port, path, part) in INTERFACES {
        wait_until_ready(&forwarding, name);
        here(port, path, part);
        for ours in our_addresses() {
            let answer = colleague.get(ours, port, path);
            assert!(answer.contains("refused"), "{name} at {ours}: {answer}");
        }
    }
    assert!(
        !forwarding.said().contains(WARNING),
        "{}",
        forwarding.said()
    );
    assert_eq!(forwarding.interrupt(), Some(0), "{}", forwarding.said());
}

fn all_get_in_where_asked(installed: &Installed, colleague: &Colleague) {
    let addresses: Vec<&str> = std::iter::once("localhost")
        .chain(our_addresses().iter().copied())
        .collect();
    let lines = INTERFACES.len() * addresses.len();
    let list = addresses.join(",");
    let mut forwarding = installed.forward(&["--address", &list], lines);
    let warning = format!("whoever reaches {} {WARNING}", our_addresses().join(" or "));
    forwarding.expect(&warning);
    for (name, port, path, part) in INTERFACES {
        wait_until_ready(&forwarding, name);
        here(port, path, part);
        for ours in our_addresses() {
            let url = format!("http://{}", address(ours, port));
            let line = |line: &String| line.starts_with(name) && line.ends_with(&url);
            assert!(
                forwarding.lines.iter().any(line),
                "{url}: {:?}",
                forwarding.lines
            );
            let answer = colleague.get(ours, port, path);
            assert!(
                answer.starts_with("200 ") && answer.contains(part),
                "{name} at {ours}: {answer}"
            );
        }
    }
    assert_eq!(forwarding.interrupt(), Some(0), "{}", forwarding.said());
}

fn wait_until_ready(forwarding: &Forwarding, name: &str) {
    forwarding.expect(&format!("{name:<13} ready, by pod "));
}

/// An interface on the loopback addresses of our own host, as far as the system has them.
fn here(port: u16, path: &str, expected: &str) {
    for loopback in ["127.0.0.1", "::1"] {
        match http::get(address(loopback, port), path) {
            Ok((code, body)) => assert!(code == 200 && body.contains(expected), "{code} {body}"),
            Err(error) => assert!(
                loopback == "::1" && !has_ipv6(),
                "{loopback}:{port}: {error}"
            ),
        }
    }
}

fn address(ip: &str, port: u16) -> SocketAddr {
    SocketAddr::new(ip.parse().expect("the test's own addresses are some"), port)
}

/// Where the kernel was told to do without, there is the switch but it is on.
fn has_ipv6() -> bool {
    let switch = std::fs::read_to_string("/proc/sys/net/ipv6/conf/all/disable_ipv6");
    switch.is_ok_and(|switch| switch.trim() == "0")
}

/// Our host's addresses, as the colleague knows them.
fn our_addresses() -> &'static [&'static str] {
    if has_ipv6() { &OURS } else { &OURS[..1] }
}

/// The other host; it ends with the pipe to it.
struct Colleague {
    host: Child,
    answer: tempfile::TempDir,
}

impl Colleague {
    /// Makes the host and the cable to it.
    fn connected() -> Self {
        let mut host = Command::new("unshare")
            .args(["--net", "--", "sh", "-c", "echo ready; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare is there, the test has tried it");
        let mut line = String::new();
        let stdout = host.stdout.as_mut().expect("stdout is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says when it is ready");
        assert_eq!(line, "ready\n");
        let answer = tempfile::tempdir().expect("a folder for answers");
        let colleague = Self { host, answer };
        colleague.connect();
        colleague
    }

    fn connect(&self) {
        let host = self.host.id();
        run("ip link set lo up");
        run("ip link add kpb0 type veth peer name kpb1");
        run(&format!("ip link set kpb1 netns {host}"));
        for (there, link, addresses) in [(false, "kpb0", OURS), (true, "kpb1", THEIRS)] {
            let place = if there {
                format!("nsenter --target {host} --net ")
            } else {
                String::new()
            };
            let on = |command: String| run(&format!("{place}{command}"));
            on(format!("ip address add {}/24 dev {link}", addresses[0]));
            if has_ipv6() {
                on(format!(
                    "ip address add {}/64 dev {link} nodad",
                    addresses[1]
                ));
            }
            on(format!("ip link set {link} up"));
        }
        // The API server looks for the machine's own address at the default route.
        run(&format!("ip route add default via {} dev kpb0", THEIRS[0]));
    }

    /// What the colleague's program sees: the code and the body, or why there is none.
    fn get(&self, ip: &str, port: u16, path: &str) -> String {
        let file = self.answer.path().join("answer");
        let output = Command::new("nsenter")
            .args(["--target", &self.host.id().to_string(), "--net", "--"])
            .args(this_test("on_the_colleagues_host"))
            .env(INSIDE, "theirs")
            .env(ADDRESS, address(ip, port).to_string())
            .env(PATH, path)
            .env(ANSWER, &file)
            .output()
            .expect("nsenter is there, the test has tried it");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        std::fs::read_to_string(&file).expect("it was just written")
    }
}

impl Drop for Colleague {
    fn drop(&mut self) {
        // It ends by itself as well.
        let _ = self.host.kill();
        let _ = self.host.wait();
    }
}

const ADDRESS: &str = "KPBUILD_TEST_ADDRESS";
const PATH: &str = "KPBUILD_TEST_PATH";
const ANSWER: &str = "KPBUILD_TEST_ANSWER";

#[test]
#[ignore = "run on the other host by `on_our_host`"]
fn on_the_colleagues_host() {
    let (Some(address), Some(path), Some(file)) = (told(ADDRESS), told(PATH), told(ANSWER)) else {
        progress("on_the_colleagues_host has nothing to ask outside of a network of its own");
        return;
    };
    let address = address.parse().expect("the test's own addresses are some");
    let answer = match http::get(address, &path) {
        Ok((code, body)) => format!("{code} {body}"),
        Err(error) => error.to_string(),
    };
    std::fs::write(Path::new(&file), answer).expect("the folder is the test's");
}

/// Runs a command of words without spaces.
fn run(command: &str) {
    let mut words = command.split(' ');
    let program = words.next().expect("a command has a name");
    let ran = || Command::new(program).args(words.clone()).output();
    let output = ran().unwrap_or_else(|error| panic!("{command}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {said}");
}
