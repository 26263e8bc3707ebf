//! `kpbuild apply` when things go wrong: requests that break in every way, and runs that are killed. However a run
//! ends, it says what is the matter, and the next one brings the cluster to where it should be.
//!
//! An ordinary test run tries a few; `KPBUILD_FAULT_RUNS=200 KPBUILD_FAULT_KILLS=30` tries as many as are asked for.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use kpbuild_tests::faults::{Proxy, random};
use kpbuild_tests::tools::progress;

use super::stack::{Run, SMALL, Stack, members};

/// What a run says that could not go on, for which a broken line or a busy server is a good reason.
const GOOD_REASONS: [&str; 7] = [
    "the API server does not answer",
    "the API server is too busy",
    "failed calling webhook",
    "apiserver is shutting down",
    "no upstream",
    "is at work on this stack",
    "could not be renewed",
];

/// How many stacks are tried side by side: they wait more than they work.
const STACKS: u64 = 5;

#[test]
fn broken_requests_are_repeated_or_named() {
    let runs = number("KPBUILD_FAULT_RUNS", 10).div_ceil(STACKS);
    let seeds = |stack: u64| (0..runs).map(move |run| run * STACKS + stack + 1);
    let counts: Vec<Counts> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..STACKS)
            .map(|stack| scope.spawn(move || apply_through_faults(seeds(stack))))
            .collect();
        let ends = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        ends.map(|end| end.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let sum = |of: fn(&Counts) -> u64| counts.iter().map(of).sum::<u64>();
    assert!(sum(|counts| counts.broken) > 0, "no request was broken");
    progress(&format!(
        "{} runs with {} broken requests: {} stopped with the reason, the others came through",
        runs * STACKS,
        sum(|counts| counts.broken),
        sum(|counts| counts.stopped)
    ));
}

#[derive(Default)]
struct Counts {
    /// Requests that were broken.
    broken: u64,
    /// Runs that did not come through.
    stopped: u64,
}

/// A run for each seed, each with another stack to make the cluster's.
fn apply_through_faults(seeds: impl Iterator<Item = u64>) -> Counts {
    let mut stack = Stack::small("faults");
    let proxy = Proxy::start(stack.cluster);
    let direct = stack.kubeconfig.clone();
    let mut counts = Counts::default();
    for seed in seeds {
        stack.write(&variant(seed));
        proxy.behave();
        proxy.break_requests(seed, percent(seed));
        proxy.kubeconfig().clone_into(&mut stack.kubeconfig);
        let run = stack.run(&["apply", "--yes", "--timeout", "5m"]);
        // On a good day all requests of a small stack come through.
        counts.broken += proxy.behave();
        direct.clone_into(&mut stack.kubeconfig);
        if run.code != Some(0) {
            counts.stopped += 1;
            assert_reason(seed, &run);
            stack.apply(&["--timeout", "5m"]);
        }
        assert_converged(seed, &stack);
    }
    counts
}

/// How many of a hundred requests go wrong: from a bad day to one on which nobody can work.
fn percent(seed: u64) -> u64 {
    match seed % 7 {
        0 | 1 => 5,
        2 | 3 => 20,
        4 | 5 => 50,
        _ => 85,
    }
}

#[test]
fn runs_that_are_killed_are_finished_by_the_next() {
    let kills = number("KPBUILD_FAULT_KILLS", 10).div_ceil(STACKS);
    // The next run waits until the lock of the killed one has expired: stacks wait side by side.
    std::thread::scope(|scope| {
        for stack in 1..=STACKS {
            scope.spawn(move || kill_and_finish(stack, kills));
        }
    });
}

fn kill_and_finish(seed: u64, kills: u64) {
    let stack = Stack::small("killed");
    let begin = now();
    stack.apply(&["--timeout", "5m"]);
    let whole = begin.elapsed();
    let mut dice = seed;
    for kill in 1..=kills {
        stack.write(&variant(seed * 100 + kill));
        let mut run = stack.start_apply();
        std::thread::sleep(share_of(whole, random(&mut dice)));
        // One that has ended by itself is as good.
        let _ = run.kill();
        run.wait().expect("it was killed");
        stack.apply(&["--timeout", "5m"]);
        assert_converged(seed * 100 + kill, &stack);
        assert_eq!(stack.kubectl(&["get", "lease", "-o", "name"]), "");
    }
}

/// A random part of a time, and now and then a little more than all of it.
fn share_of(whole: Duration, number: u64) -> Duration {
    let share = u32::try_from(number % 1000).expect("it is below 1000");
    whole * share / 900
}

/// A stack of Grafana, of Alertmanager or of both, in some size: from one to the next, objects come, go and change.
fn variant(seed: u64) -> String {
    let mut dice = seed;
    let mut choose = |from: u64| random(&mut dice) % from;
    let which = choose(3);
    let mut text = SMALL.replace("  alertmanager: {enabled: false}\n", "");
    let alertmanager = match which {
        0 => "{enabled: false}".to_owned(),
        _ => format!("{{replicas: {}}}", 1 + choose(2)),
    };
    let grafana = match which {
        1 => "{enabled: false}".to_owned(),
        _ => format!("{{replicas: {}}}", 1 + choose(3)),
    };
    writeln!(text, "  alertmanager: {alertmanager}\n  grafana: {grafana}").expect("strings grow");
    if which != 1 && choose(2) == 0 {
        text += "dashboards: {exclude: [grafana-overview]}\n";
    }
    text
}

/// The cluster has what the stack renders, nothing else, and a second run has nothing to do.
fn assert_converged(seed: u64, stack: &Stack<'_>) {
    let diff = stack.run(&["diff"]);
    assert_eq!(diff.code, Some(0), "seed {seed}:\n{}{}", diff.out, diff.err);
    let rendered = stack
        .rendered()
        .lines()
        .filter(|line| line.starts_with("kind: "))
        .count();
    let members = members(stack);
    assert_eq!(members.len(), rendered, "seed {seed}: {members:#?}");
}

fn assert_reason(seed: u64, run: &Run) {
    assert_eq!(run.code, Some(1), "seed {seed}:\n{}", run.err);
    assert!(
        GOOD_REASONS.iter().any(|reason| run.err.contains(reason)),
        "seed {seed} stops without a good reason:\n{}",
        run.err
    );
}

/// How many runs are asked for.
#[expect(
    clippy::disallowed_methods,
    reason = "how thoroughly is tested is for whoever tests to say"
)]
fn number(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("`{variable}` must be a number, not `{text}`")),
        Err(_) => otherwise,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the pipeline has no clock, its tests have"
)]
fn now() -> Instant {
    Instant::now()
}
