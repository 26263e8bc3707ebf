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
mod plans;
pub(crate) mod report;
mod tests_of_stack;

use std::num::NonZero;
use std::path::{Path, PathBuf};

pub(crate) use cache::Cache;
pub(crate) use tests_of_stack::Tests;

use crate::compare::{Base, Compared, Rendering, Side};
use crate::files::{Answers, Files};
use crate::findings;
use crate::workers;
use outcome::{Found, Outcome};
use plans::Plans;

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

/// Finds out everything about every stack; the outcomes come in their order.
pub(crate) fn examine(stacks: &[PathBuf], setting: &Setting) -> anyhow::Result<Vec<Outcome>> {
    let run = Run {
        setting,
        tests: setting.tests.identity(),
        head: Answers::of(&setting.head),
        base: Answers::of(&setting.base.files),
        plans: Plans::default(),
    };
    let work = |path: &PathBuf| run.kept_or_new(path);
    let done = workers::each(stacks, setting.jobs, || false, work)?;
    done.into_iter().flatten().collect()
}

/// A run, and what its stacks share.
struct Run<'s> {
    setting: &'s Setting,
    /// With which promtool rule tests are run.
    tests: String,
    head: Answers,
    base: Answers,
    plans: Plans,
}

impl Run<'_> {
    /// The outcome for a stack: that of an earlier run, if nothing that it read is
    /// another one today.
    fn kept_or_new(&self, path: &Path) -> anyhow::Result<Outcome> {
        let setting = self.setting;
        let (head, base) = (setting.head.recording(), setting.base.files.recording());
        let Some(cache) = &setting.cache else {
            return Ok(self.work_out(path, &head, &base)?.0);
        };
        let key = cache.key(path, &setting.base.id, &self.tests);
        if let Some(outcome) = self.kept(path, &key, cache) {
            cache.used();
            return Ok(outcome);
        }
        let (outcome, plan) = self.work_out(path, &head, &base)?;
        let stored = outcome.to_stored(plan.as_deref());
        cache.put(&key, &head.trace(), &base.trace(), &stored);
        Ok(outcome)
    }

    fn kept(&self, path: &Path, key: &str, cache: &Cache) -> Option<Outcome> {
        let kept = cache.get(key, &self.head, &self.base)?;
        Outcome::of_stored(path, kept, |digest| self.plans.get(digest, cache))
    }

    /// A stack as it was and as it is. `head` records what it is asked: where the
    /// base answers the same, the stack was what it is, and is not rendered again.
    fn sides(
        &self,
        path: &Path,
        head: &Files,
        base: &Files,
    ) -> anyhow::Result<(Option<Rendering>, Rendering)> {
        let after = Rendering::of(head, path)?;
        let trace = head.trace();
        if self.base.confirm(&trace) {
            base.note_all(&trace);
            return Ok((None, after));
        }
        Ok((Some(Rendering::of(base, path)?), after))
    }

    /// Works a stack out; with the digest of its plan.
    fn work_out(
        &self,
        path: &Path,
        head: &Files,
        base: &Files,
    ) -> anyhow::Result<(Outcome, Option<String>)> {
        let (before, mut after) = self.sides(path, head, base)?;
        let tests = match after.bundle() {
            Some(_) => self.setting.tests.run(head, path, &mut after)?,
            None => Vec::new(),
        };
        if let Some(before) = &before {
            after.tell_new_name(before);
        }
        let report = found(&after);
        let mut compared = match before {
            Some(before) => Compared::of(before, after, &[]),
            None => Compared::same(after),
        };
        let cache = self.setting.cache.as_ref();
        let plan = compared.plan.take();
        let (digest, plan) = plan.map(|plan| self.plans.share(plan, cache)).unzip();
        let found = |finding| Found::of(finding, &compared.after.sources);
        let silenced = report.silenced.iter();
        let silenced = silenced.map(|one| (found(&one.finding), one.reason.clone()));
        let outcome = Outcome {
            findings: report.findings.iter().map(found).collect(),
            silenced: silenced.collect(),
            tests,
            ..Outcome::new(path, &compared, plan)
        };
        Ok((outcome, digest))
    }
}

/// Everything that is found in a stack.
fn found(rendering: &Rendering) -> kpbuild_check::Report {
    let diagnostics = rendering.diagnostics.clone();
    let sources = &rendering.sources;
    match &rendering.side {
        Side::Rendered(rendered) => {
            let (stack, bundle) = &**rendered;
            findings::all(bundle, &stack.checking, diagnostics, sources, |_| true)
        }
        Side::Absent | Side::Broken => findings::of_broken(diagnostics, sources),
    }
}
