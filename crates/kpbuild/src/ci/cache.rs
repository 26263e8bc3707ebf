//! Results of earlier runs, kept outside of the checkout. A result is found by
//! what it is about (the stack, the commit it is compared with, the program) and
//! is used if every file and folder that it was made from would read the same. What
//! changes alike in many stacks is kept once, as a plan.
//!
//! Values of Secrets never come here: results hold what reports show.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::files::{Answers, Trace, digest};
use crate::version;

/// Above this number of results and plans the oldest go.
const MOST: usize = 4000;

/// A folder of results.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// Results of another program are not used,
    program: String,
    /// nor those of another checkout.
    here: String,
    hits: AtomicUsize,
}

impl Cache {
    /// The results in a folder, which is made if it is not there.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| {
            format!(
                "cannot make the cache folder `{}`; `--no-cache` does without",
                folder.display()
            )
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            program: version::identity(),
            here: fs::canonicalize(".")
                .unwrap_or_default()
                .display()
                .to_string(),
            hits: AtomicUsize::new(0),
        })
    }

    /// By what a result is found.
    pub(super) fn key(&self, path: &Path, base: &str, tests: &str) -> String {
        let parts = [
            self.program.as_str(),
            &self.here,
            &path.display().to_string(),
            base,
            tests,
        ];
        digest(parts.join("\0").as_bytes())
    }

    /// A result whose sources have not changed. Whether it can be used is for the
    /// caller to find out: its plan may be gone.
    pub(super) fn get(&self, key: &str, head: &Answers, base: &Answers) -> Option<Value> {
        let text = fs::read(self.file(key)).ok()?;
        let mut kept: Value = serde_json::from_slice(&text).ok()?;
        let trace = |field: &str| serde_json::from_value::<Trace>(kept[field].clone()).ok();
        let (of_head, of_base) = (trace("head")?, trace("base")?);
        if !head.confirm(&of_head) || !base.confirm(&of_base) {
            return None;
        }
        Some(kept["result"].take())
    }

    /// Counts a result that was used.
    pub(super) fn used(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps a result.
    pub(super) fn put(&self, key: &str, head: &Trace, base: &Trace, result: &Value) {
        let kept = json!({"head": head, "base": base, "result": result});
        self.write(&self.file(key), &kept.to_string());
    }

    /// A plan that results name by its digest.
    pub(super) fn plan(&self, digest: &str) -> Option<Vec<u8>> {
        fs::read(self.plan_file(digest)).ok()
    }

    /// Keeps a plan.
    pub(super) fn put_plan(&self, digest: &str, text: &str) {
        self.write(&self.plan_file(digest), text);
    }

    /// Writes a file as a whole or not at all. A cache that cannot be written costs
    /// time and nothing else.
    fn write(&self, path: &Path, text: &str) {
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(text.as_bytes())?;
            file.persist(path)?;
            Ok(())
        };
        let _ = write();
    }

    /// How many results were used in this run.
    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Ordering::Relaxed)
    }

    /// Removes the oldest files if there are too many.
    pub(crate) fn tidy(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten();
        let mut files: Vec<_> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
            })
            .collect();
        files.sort();
        let surplus = files.len().saturating_sub(MOST);
        for (_, file) in &files[..surplus] {
            let _ = fs::remove_file(file);
        }
    }

    fn file(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }

    fn plan_file(&self, digest: &str) -> PathBuf {
        self.folder.join(format!("plan-{digest}.json"))
    }
}
