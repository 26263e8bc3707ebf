//! `cargo bench -p kpbuild-tests --bench cluster`: how long `kpbuild diff` and `kpbuild apply` take on an installation
//! that does not change, beside `kubectl diff --server-side` and `kubectl apply --server-side` of the same objects on
//! the same server, and how many requests each sends.
//!
//! Whole processes are measured, one after the other in turn, so that a noisy machine is noisy to all. `kpbuild`
//! compiles its stack file each time; `kubectl` reads manifests that were rendered before.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kpbuild_tests::cluster::{Cluster, Options};
use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::{self, Tool, progress};

/// How often each command is run; one run before does not count.
const ROUNDS: usize = 9;

fn main() {
    let program = kpbuild::release();
    let cluster = Cluster::start(&Options::full());
    let folder = tempfile::tempdir().expect("a folder for the manifests");
    let manifests = folder.path().join("manifests");
    let stack = kpbuild::checkout().join("stacks/kube-prometheus.yaml");
    let command = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.arg(arguments[0]).arg(&stack).args(&arguments[1..]);
        command.args(["--kubeconfig"]).arg(cluster.kubeconfig());
        command
    };
    let kubectl = |arguments: &[&str]| {
        let mut command = Command::new(tools::path(Tool::Kubectl));
        command.args(arguments).arg("-R").arg("-f").arg(&manifests);
        command.arg("--kubeconfig").arg(cluster.kubeconfig());
        command.env("KUBECACHEDIR", folder.path().join("cache"));
        command
    };
    let mut render = Command::new(program);
    render.arg("render").arg(&stack).arg("-o").arg(&manifests);
    run(&mut render);
    // Nothing becomes of the aggregated API in a cluster whose pods run nothing: it is not waited for.
    run(&mut command(&["apply", "--yes", "--no-wait"]));
    settle(&cluster);

    let apply = ["apply", "--server-side"];
    let mut contests = [
        Contest::new(
            "diff",
            command(&["diff"]),
            kubectl(&["diff", "--server-side"]),
        ),
        Contest::new(
            "apply",
            command(&["apply", "--yes", "--no-wait"]),
            kubectl(&apply),
        ),
    ];
    for round in 0..=ROUNDS {
        for contest in &mut contests {
            contest.round(&cluster, round > 0);
        }
    }
    progress(&format!(
        "unchanged installation of 131 objects, {ROUNDS} rounds, medians of whole processes"
    ));
    for contest in &mut contests {
        progress(&contest.result());
    }
}

/// One task, done by two programs.
struct Contest {
    task: &'static str,
    programs: [Command; 2],
    times: [Vec<Duration>; 2],
    requests: [usize; 2],
}

impl Contest {
    fn new(task: &'static str, kpbuild: Command, kubectl: Command) -> Self {
        Self {
            task,
            programs: [kpbuild, kubectl],
            times: [Vec::new(), Vec::new()],
            requests: [0, 0],
        }
    }

    fn round(&mut self, cluster: &Cluster, counts: bool) {
        for (index, program) in self.programs.iter_mut().enumerate() {
            let before = cluster.requests().len();
            let begin = now();
            run(program);
            let elapsed = begin.elapsed();
            if !counts {
                continue;
            }
            self.times[index].push(elapsed);
            let requests = cluster.requests().split_off(before);
            let agent = ["kpbuild/", "kubectl/"][index];
            let own = requests
                .iter()
                .filter(|request| request.agent.starts_with(agent));
            self.requests[index] = own.count();
        }
    }

    fn result(&mut self) -> String {
        let [ours, theirs] = self.times.each_mut().map(|times| {
            times.sort();
            times[times.len() / 2].as_secs_f64()
        });
        let [our_requests, their_requests] = self.requests;
        format!(
            "  {:<6} kpbuild {ours:.3} s, {our_requests} requests   kubectl {theirs:.3} s, {their_requests} requests   \
             {:.1} times faster",
            self.task,
            theirs / ours
        )
    }
}

/// Waits until the operator and the controllers have done their part, so that nothing changes any more.
fn settle(cluster: &Cluster) {
    for instance in ["prometheus/k8s", "alertmanager/main"] {
        for condition in ["Reconciled", "Available"] {
            let condition = format!("--for=condition={condition}");
            cluster.kubectl([
                "wait",
                "-n",
                "monitoring",
                instance,
                &condition,
                "--timeout=300s",
            ]);
        }
    }
}

fn run(command: &mut Command) {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("what was just built starts");
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn now() -> Instant {
    Instant::now()
}
