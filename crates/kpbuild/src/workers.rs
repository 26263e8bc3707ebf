//! Many stacks on several threads: each of them on the next one that is free.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Context as _;

use crate::compile;

/// What the main thread of a process has, for jsonnet that calls itself.
const STACK_SIZE: usize = 8 * 1024 * 1024;

/// Does the same to every stack, on as many threads as there are processors unless
/// a number is wished. The results come in the order of the stacks; there is none
/// for those that were not begun, because `is_over` says that it is enough.
pub(crate) fn each<S: Sync, T: Send>(
    stacks: &[S],
    threads: Option<NonZero<usize>>,
    is_over: impl Fn() -> bool + Sync,
    work: impl Fn(&S) -> T + Sync,
) -> anyhow::Result<Vec<Option<T>>> {
    let processors = || thread::available_parallelism().map_or(1, NonZero::get);
    let threads = threads.map_or_else(processors, NonZero::get);
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while !is_over() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(stack) = stacks.get(index) else {
                break;
            };
            done.push((index, work(stack)));
            // What the interpreter leaves behind would otherwise grow with the stacks.
            compile::collect_garbage();
        }
        done
    };
    let mut results: Vec<Option<T>> = stacks.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let start = |_| {
            let builder = thread::Builder::new().stack_size(STACK_SIZE);
            builder.spawn_scoped(scope, worker)
        };
        let started: Result<Vec<_>, _> = (0..threads.min(stacks.len())).map(start).collect();
        for thread in started.context("cannot start a thread")? {
            let done = thread.join();
            for (index, result) in done.expect("a thread that panics ends the program") {
                results[index] = Some(result);
            }
        }
        Ok(results)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_until_it_is_over() {
        let stacks: Vec<usize> = (0..50).collect();
        for threads in [1, 4] {
            let done = each(&stacks, NonZero::new(threads), || false, |one| one * 2);
            let expected: Vec<_> = stacks.iter().map(|one| Some(one * 2)).collect();
            assert_eq!(done.expect("threads can be started"), expected);
        }
        let begun = AtomicUsize::new(0);
        let is_over = || begun.load(Ordering::Relaxed) >= 3;
        let work = |_: &usize| begun.fetch_add(1, Ordering::Relaxed);
        let done = each(&stacks, NonZero::new(1), is_over, work).expect("a thread can be started");
        assert_eq!(done.iter().flatten().count(), 3);
    }
}
