//! `cargo bench -p kpbuild-tests --bench cluster`: how long `kpbuild diff` and `kpbuild apply` take on an installation
//! that does not change, beside `kubectl diff --server-side` and `kubectl apply --server-side` of the same objects on
//! the same server, and how many requests each sends.
//!
//! Whole processes are measured in turn, so that a noisy machine is noisy to all, but for `kubectl apply`, which comes
//! last. `kpbuild`
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
    run(&mut render, false);
    // Nothing becomes of the aggregated API in a cluster whose pods run nothing: it is not waited for.
    run(&mut command(&["apply", "--yes", "--no-wait"]), false);
    settle(&cluster);

    let mut contests = [
        Contest::new(
            "diff",
            command(&["diff"]),
            kubectl(&["diff", "--server-side", "--force-conflicts"]),
        ),
        Contest::new(
            "apply",
            command(&["apply", "--yes", "--no-wait"]),
            kubectl(&["apply", "--server-side", "--force-conflicts"]),
        ),
    ];
    let [diff, apply] = &mut contests;
    for round in 0..=ROUNDS {
        diff.run(OURS, &cluster, round > 0);
        diff.run(THEIRS, &cluster, round > 0);
        apply.run(OURS, &cluster, round > 0);
    }
    // Last, because it takes fields that are at their defaults away from kpbuild.
    for round in 0..=ROUNDS {
        apply.run(THEIRS, &cluster, round > 0);
    }
    progress(&format!(
        "unchanged installation of 131 objects, {ROUNDS} rounds, medians of whole processes"
    ));
    for contest in &mut contests {
        progress(&contest.result());
    }
}

/// The programs of a contest, by their numbers.
const OURS: usize = 0;
const THEIRS: usize = 1;

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

    /// Lets one of the programs do the task; it counts, or warms up.
    fn run(&mut self, index: usize, cluster: &Cluster, counts: bool) {
        let before = cluster.requests().len();
        let begin = now();
        run(
            &mut self.programs[index],
            self.task == "diff" && index == THEIRS,
        );
        let elapsed = begin.elapsed();
        if !counts {
            return;
        }
        self.times[index].push(elapsed);
        let requests = cluster.requests().split_off(before);
        let agent = ["kpbuild/", "kubectl/"][index];
        let own = requests
            .iter()
            .filter(|request| request.agent.starts_with(agent));
        self.requests[index] = own.count();
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

/// `kubectl diff` ends with 1 when it finds a difference: the label of kpbuild's set is none of the manifests'.
fn run(command: &mut Command, may_differ: bool) {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("what was just built starts");
    assert!(
        output.status.success() || (may_differ && output.status.code() == Some(1)),
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
