//! What a change does to all stacks, found out in one run: each stack is rendered
//! on both sides, checked, tested and compared, on the next free thread, or taken
//! from the cache.
//!
//! [`outcome`] is about one stack, [`report`] about all of them; the formats are
//! in [`formats`].

mod cache;
pub(crate) mod discover;
pub(crate) mod formats;
pub(crate) mod outcome;
pub(crate) mod report;
mod tests_of_stack;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::Context as _;

pub(crate) use cache::Cache;
pub(crate) use tests_of_stack::Tests;

use crate::compare::{Base, Compared, Rendering, Side};
use crate::files::{Answers, Files};
use crate::findings;
use outcome::{Found, Outcome};

/// What a run works with.
pub(crate) struct Setting {
    /// The stacks as they are.
    pub(crate) head: Files,
    /// The stacks as they were.
    pub(crate) base: Base,
    /// How rule tests are run.
    pub(crate) tests: Tests,
    /// Where results are kept, if they are.
    pub(crate) cache: Option<Cache>,
    /// How many stacks are worked on at once.
    pub(crate) jobs: Option<NonZero<usize>>,
}

/// What the main thread of a process has, for jsonnet that calls itself.
const STACK_SIZE: usize = 8 * 1024 * 1024;

/// Finds out everything about every stack; the outcomes come in their order.
pub(crate) fn examine(stacks: &[PathBuf], setting: &Setting) -> anyhow::Result<Vec<Outcome>> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = setting.jobs.map_or(processors, NonZero::get);
    let answers = (Answers::of(&setting.head), Answers::of(&setting.base.files));
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let worker = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = stacks.get(index) else {
                return;
            };
            let outcome = kept_or_new(path, setting, &answers);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((index, outcome));
        }
    };
    thread::scope(|scope| {
        let start = |_| {
            let builder = thread::Builder::new().stack_size(STACK_SIZE);
            builder.spawn_scoped(scope, worker)
        };
        let started: Result<Vec<_>, _> = (0..threads.min(stacks.len())).map(start).collect();
        started.context("cannot start a thread").map(drop)
    })?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// The outcome for a stack: that of an earlier run, if nothing that it read is
/// another one today.
fn kept_or_new(
    path: &Path,
    setting: &Setting,
    (head, base): &(Answers, Answers),
) -> anyhow::Result<Outcome> {
    let Some(cache) = &setting.cache else {
        let files = setting.head.recording();
        return new(path, setting, &files, &setting.base.files, base);
    };
    let key = cache.key(path, &setting.base.id, &setting.tests.identity());
    let kept = cache.get(&key, head, base);
    if let Some(outcome) = kept.and_then(|kept| Outcome::of_stored(path, kept)) {
        return Ok(outcome);
    }
    let (files, base_files) = (setting.head.recording(), setting.base.files.recording());
    let outcome = new(path, setting, &files, &base_files, base)?;
    cache.put(
        &key,
        &files.trace(),
        &base_files.trace(),
        &outcome.to_stored(),
    );
    Ok(outcome)
}

/// Works a stack out. `head` records what it is asked: where the base answers the
/// same, the stack was what it is, and need not be rendered again.
fn new(
    path: &Path,
    setting: &Setting,
    head: &Files,
    base: &Files,
    answers_of_base: &Answers,
) -> anyhow::Result<Outcome> {
    let mut after = Rendering::of(head, path)?;
    let trace = head.trace();
    let before = if answers_of_base.confirm(&trace) {
        base.note_all(&trace);
        None
    } else {
        Some(Rendering::of(base, path)?)
    };
    let tested = match after.bundle() {
        Some(_) => setting.tests.run(head, path, &mut after)?,
        None => Vec::new(),
    };
    let diagnostics = after.diagnostics.clone();
    let (report, objects) = if let Side::Rendered(rendered) = &after.side {
        let (stack, bundle) = &**rendered;
        let all = |_| true;
        let report = findings::all(bundle, &stack.checking, diagnostics, &after.sources, all);
        (report, bundle.objects().len())
    } else {
        (findings::of_broken(diagnostics, &after.sources), 0)
    };
    let findings = report.findings.iter().map(|finding| {
        let object = finding.object.as_ref().map(ToString::to_string);
        Found::of(&finding.diagnostic, object, &after.sources)
    });
    let findings: Vec<Found> = findings.collect();
    let compared = match before {
        Some(before) => Compared::of(before, after, &[]),
        None => Compared::same(after),
    };
    Ok(Outcome::new(path, &compared, objects, findings, tested))
}
