//! The user's rule tests of a stack, on the rules as they are rendered.
//!
//! The tests that come with kpbuild are not among them: they hold for the rules
//! as kpbuild has them and are skipped where a stack changes one, so no change of
//! a stack can make them fail. `kpbuild test` runs them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;

use super::outcome::{Tested, Verdict};
use crate::compare::Rendering;
use crate::compile;
use crate::files::{Files, digest};
use crate::problems::shortest;
use crate::promtool::{Outcome, Promtool, Suite};
use crate::rule_tests;

/// Runs tests; the same tests on the same rules run once.
#[derive(Debug, Default)]
pub(crate) struct Tests {
    /// The promtool that the user names.
    promtool: Option<PathBuf>,
    known: Mutex<BTreeMap<String, Vec<Outcome>>>,
}

impl Tests {
    pub(crate) fn with(promtool: Option<PathBuf>) -> Self {
        Self {
            promtool,
            known: Mutex::default(),
        }
    }

    /// Results of another promtool are other results.
    pub(super) fn identity(&self) -> String {
        let program = match &self.promtool {
            Some(program) => Some(program.clone()),
            None => which::which("promtool").ok(),
        };
        let about = program.and_then(|program| {
            let about = std::fs::metadata(&program).ok()?;
            let changed = about.modified().ok()?;
            Some(format!("{} {} {changed:?}", program.display(), about.len()))
        });
        about.unwrap_or_default()
    }

    /// Runs the tests that a stack names. Test files that are wrong are findings.
    pub(super) fn run(
        &self,
        files: &Files,
        path: &Path,
        stack: &mut Rendering,
    ) -> anyhow::Result<Vec<Tested>> {
        let named = compile::rule_tests(files, path, &mut stack.sources, &mut stack.diagnostics);
        if named.is_empty() {
            return Ok(Vec::new());
        }
        let groups = stack.bundle().map(rule_tests::groups).unwrap_or_default();
        let mut suites: Vec<Suite> = Vec::new();
        for file in named {
            let suite = rule_tests::of_user(&stack.sources, file, &groups, &mut stack.diagnostics);
            suites.extend(suite);
        }
        let key = digest(format!("{suites:?}").as_bytes());
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let ran = known().get(&key).cloned();
        let outcomes = if let Some(outcomes) = ran {
            outcomes
        } else {
            let promtool = Promtool::find(self.promtool.as_deref())
                .with_context(|| format!("`{}` has tests of rules", path.display()))?;
            let outcomes: Vec<Outcome> = promtool.run(&suites)?.into_iter().flatten().collect();
            known().insert(key, outcomes.clone());
            outcomes
        };
        let cases = suites
            .iter()
            .flat_map(|suite| suite.cases.iter().map(move |case| (suite, case)));
        Ok(cases
            .zip(outcomes)
            .map(|((suite, case), outcome)| {
                let (verdict, details) = match outcome {
                    Outcome::Passed => (Verdict::Passed, None),
                    Outcome::Failed(details) => (Verdict::Failed, Some(details)),
                    Outcome::Skipped(reason) => (Verdict::Skipped, Some(reason)),
                };
                Tested {
                    file: shortest(&suite.file),
                    line: case.line,
                    name: case.name.clone(),
                    verdict,
                    details,
                }
            })
            .collect())
    }
}
