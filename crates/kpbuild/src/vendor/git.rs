//! Fetches versions of git repositories, through the git program, into a cache
//! that all projects share: what was fetched once needs no network again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use sha2::{Digest as _, Sha256};

/// The folder in which repositories are kept.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache of the user, after the rules of XDG.
    pub(crate) fn of_user() -> anyhow::Result<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "where caches are is said by the environment; nothing of it is rendered"
        )]
        let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let root = folder("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| folder("HOME").map(|home| PathBuf::from(home).join(".cache")));
        let root = root.context("there is no place for a cache: set XDG_CACHE_HOME or HOME")?;
        Ok(Self {
            folder: root.join("kpbuild").join("git"),
        })
    }

    /// A repository, by what git clones. Nothing is fetched yet.
    pub(crate) fn repository(&self, remote: &str) -> anyhow::Result<Repository> {
        let digest: [u8; 32] = Sha256::digest(remote).into();
        let number = u128::from_be_bytes(digest[..16].try_into().expect("16 bytes"));
        let folder = self.folder.join(format!("{number:032x}"));
        fs::create_dir_all(&folder)
            .and_then(|()| folder.canonicalize())
            .map(|folder| Repository {
                remote: remote.to_owned(),
                folder,
            })
            .with_context(|| format!("cannot make the cache `{}`", self.folder.display()))
            .and_then(Repository::ready)
    }
}

/// A repository in the cache.
#[derive(Debug)]
pub(crate) struct Repository {
    remote: String,
    folder: PathBuf,
}

impl Repository {
    /// Makes it a repository if it is none yet.
    fn ready(self) -> anyhow::Result<Self> {
        if !self.folder.join("HEAD").is_file() {
            self.git(&["init", "--quiet", "--bare"])?;
            // Nothing but this cache refers to what was fetched.
            self.git(&["config", "gc.auto", "0"])?;
        }
        Ok(self)
    }

    /// The branch that somebody gets who asks for none.
    pub(crate) fn default_branch(&self) -> anyhow::Result<String> {
        let answer = self
            .git(&["ls-remote", "--symref", "--", &self.remote, "HEAD"])
            .with_context(|| format!("cannot reach `{}`", self.remote))?;
        let branch = answer.lines().find_map(|line| {
            let line = line.strip_prefix("ref: refs/heads/")?;
            line.split_whitespace().next()
        });
        let branch = branch.with_context(|| {
            format!(
                "`{}` does not say which branch is its main one: add @VERSION",
                self.remote
            )
        })?;
        Ok(branch.to_owned())
    }

    /// The commit of a branch, tag or commit, which is fetched unless it is a
    /// commit that is there already.
    pub(crate) fn fetch(&self, version: &str) -> anyhow::Result<String> {
        if is_commit(version) && self.has(version) {
            return Ok(version.to_owned());
        }
        let shallow = [
            "fetch",
            "--quiet",
            "--depth",
            "1",
            "--no-tags",
            "--",
            &self.remote,
            version,
        ];
        if self.git(&shallow).is_ok() {
            return self.commit("FETCH_HEAD");
        }
        // Servers need not give single commits, and abbreviated ones never are.
        let everything = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--",
            &self.remote,
            "+refs/heads/*:refs/heads/*",
            "+refs/tags/*:refs/tags/*",
        ];
        self.git(&everything)
            .with_context(|| format!("cannot fetch `{}`", self.remote))?;
        let commit = self.commit(version);
        commit
            .with_context(|| format!("`{}` has no branch, tag or commit `{version}`", self.remote))
    }

    fn has(&self, commit: &str) -> bool {
        self.commit(commit).is_ok()
    }

    fn commit(&self, version: &str) -> anyhow::Result<String> {
        let version = format!("{version}^{{commit}}");
        let commit = self.git(&[
            "rev-parse",
            "--quiet",
            "--verify",
            "--end-of-options",
            &version,
        ])?;
        Ok(commit.trim().to_owned())
    }

    /// Writes a folder of a commit (all of it if that is empty) into a new
    /// folder below `work`, and gives its path.
    pub(crate) fn checkout(
        &self,
        commit: &str,
        subdir: &str,
        work: &Path,
    ) -> anyhow::Result<PathBuf> {
        let tree = work.join("tree");
        fs::create_dir_all(&tree).with_context(|| format!("cannot make `{}`", tree.display()))?;
        let tree = tree.canonicalize()?;
        let pathspec = if subdir.is_empty() { "." } else { subdir };
        let mut command = self.command();
        command
            .current_dir(&tree)
            .env("GIT_INDEX_FILE", tree.with_file_name("index"))
            .arg("--work-tree")
            .arg(&tree)
            .args(["-c", "core.autocrlf=false", "--literal-pathspecs"])
            .args(["checkout", "--quiet", "--force", commit, "--", pathspec]);
        run(command)
            .with_context(|| format!("`{}` has no folder `{subdir}` at {commit}", self.remote))?;
        let folder = if subdir.is_empty() {
            tree
        } else {
            tree.join(subdir)
        };
        ensure!(
            folder.is_dir(),
            "`{subdir}` of `{}` is not a folder",
            self.remote
        );
        Ok(folder)
    }

    fn git(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = self.command();
        command.args(arguments);
        run(command)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.folder);
        command.arg("--git-dir").arg(&self.folder);
        // A hook of git that calls us has these set for its own repository.
        for name in [
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_OBJECT_DIRECTORY",
        ] {
            command.env_remove(name);
        }
        command.stdin(std::process::Stdio::null());
        command
    }
}

fn is_commit(version: &str) -> bool {
    matches!(version.len(), 40 | 64) && version.chars().all(|c| c.is_ascii_hexdigit())
}

fn run(mut command: Command) -> anyhow::Result<String> {
    let output = command
        .output()
        .context("cannot run git, which mixins are fetched with")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        // The reason comes first, advice about access rights after it.
        let reason = said.lines().find_map(|line| line.strip_prefix("fatal: "));
        match reason.or_else(|| said.lines().rfind(|line| !line.trim().is_empty())) {
            Some(reason) => bail!("git says: {}", reason.trim()),
            None => bail!("git fails with {}", output.status),
        }
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
