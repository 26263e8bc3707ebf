//! Which packages a project gets: those that it asks for, and those that they
//! ask for. What the lock file says wins, then what is asked for first, the
//! project before its packages.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, ensure};

use super::git::Cache;
use super::jsonnetfile::{Dependency, FILE, Jsonnetfile, LOCK};
use super::package::{Git, Source};
use super::sum;

/// Where a package is before it is put into its place.
#[derive(Debug)]
pub(super) enum Place {
    /// In its place already.
    Vendored,
    /// In a folder that is to be moved there.
    Staged(PathBuf),
    /// In a folder that is to be linked there.
    Linked(PathBuf),
}

/// All packages, as they are to be locked.
pub(super) struct Resolved {
    pub(super) packages: BTreeMap<String, (Dependency, Place)>,
    /// Versions that somebody asks for and does not get.
    pub(super) notes: Vec<String>,
}

pub(super) struct Resolver<'a> {
    cache: &'a Cache,
    project: &'a Path,
    staging: &'a Path,
    locks: BTreeMap<String, Dependency>,
    /// The version that was asked for first, and by whom.
    asked: BTreeMap<String, (String, String)>,
    resolved: Resolved,
}

/// A package that somebody asks for.
struct Wish {
    dependency: Dependency,
    by: String,
    /// The folder that local packages are relative to.
    folder: PathBuf,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        cache: &'a Cache,
        project: &'a Path,
        staging: &'a Path,
        locks: BTreeMap<String, Dependency>,
    ) -> Self {
        Self {
            cache,
            project,
            staging,
            locks,
            asked: BTreeMap::new(),
            resolved: Resolved {
                packages: BTreeMap::new(),
                notes: Vec::new(),
            },
        }
    }

    pub(super) fn resolve(mut self, wanted: &Jsonnetfile) -> anyhow::Result<Resolved> {
        let mut open: VecDeque<Wish> = wishes(wanted, FILE, self.project).collect();
        while let Some(wish) = open.pop_front() {
            let name = wish.dependency.source.name();
            if self.is_known(&name, &wish) {
                continue;
            }
            let (dependency, place) = self.get(&name, &wish)?;
            let folder = match &place {
                Place::Vendored => self.project.join("vendor").join(&name),
                Place::Staged(folder) | Place::Linked(folder) => folder.clone(),
            };
            if !dependency.single
                && let Some(file) = Jsonnetfile::read(&folder.join(FILE))?
            {
                open.extend(wishes(&file, &name, &folder));
            }
            self.resolved.packages.insert(name, (dependency, place));
        }
        Ok(self.resolved)
    }

    /// Whether a package was asked for before; that somebody wants another
    /// version of it is noted.
    fn is_known(&mut self, name: &str, wish: &Wish) -> bool {
        let version = &wish.dependency.version;
        let Some((first, by)) = self.asked.get(name) else {
            let asked = (version.clone(), wish.by.clone());
            self.asked.insert(name.to_owned(), asked);
            return false;
        };
        if first != version {
            self.resolved.notes.push(format!(
                "{name} is {first}, for {by}; {} asks for {version}",
                wish.by
            ));
        }
        true
    }

    fn get(&self, name: &str, wish: &Wish) -> anyhow::Result<(Dependency, Place)> {
        match &wish.dependency.source {
            Source::Local(path) => {
                let folder = wish.folder.join(path);
                ensure!(
                    folder.is_dir(),
                    "there is no folder `{}`, which {} asks for",
                    folder.display(),
                    wish.by
                );
                Ok((wish.dependency.clone(), Place::Linked(folder)))
            }
            Source::Git(git) => self.get_from_git(name, git, &wish.dependency),
        }
    }

    fn get_from_git(
        &self,
        name: &str,
        git: &Git,
        asked: &Dependency,
    ) -> anyhow::Result<(Dependency, Place)> {
        let lock = self.locks.get(name);
        if let Some(lock) = lock {
            let vendored = self.project.join("vendor").join(name);
            if !lock.sum.is_empty() && vendored.is_dir() && sum::of(&vendored) == lock.sum {
                return Ok((lock.clone(), Place::Vendored));
            }
        }
        let version = lock.map_or(&asked.version, |lock| &lock.version);
        let work = self.staging.join(self.resolved.packages.len().to_string());
        let checkout = || {
            let repository = self.cache.repository(&git.remote())?;
            let commit = repository.fetch(version)?;
            let folder = repository.checkout(&commit, &git.subdir, &work)?;
            Ok::<_, anyhow::Error>((commit, folder))
        };
        let (commit, folder) =
            checkout().with_context(|| format!("cannot get `{name}` at {version}"))?;
        let sum = sum::of(&folder);
        if let Some(lock) = lock.filter(|lock| !lock.sum.is_empty() && lock.sum != sum) {
            return Err(anyhow!(
                "at {commit} it is {sum}, and {} in {LOCK}; if what is there now is right, \
                 `kpbuild mixin update {}` takes it",
                lock.sum,
                asked.short_name(),
            )
            .context(format!("the checksum of `{name}` is wrong")));
        }
        let locked = Dependency {
            version: commit,
            sum,
            ..asked.clone()
        };
        Ok((locked, Place::Staged(folder)))
    }
}

fn wishes<'a>(
    file: &'a Jsonnetfile,
    by: &'a str,
    folder: &'a Path,
) -> impl Iterator<Item = Wish> + use<'a> {
    file.dependencies.values().map(move |dependency| Wish {
        dependency: dependency.clone(),
        by: by.to_owned(),
        folder: folder.to_owned(),
    })
}
