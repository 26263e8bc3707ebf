//! Brings packages of jsonnet into `vendor/`, as jsonnet-bundler does: the same
//! two files, the same folders and checksums, so that a project may change
//! between the programs at any time.
//!
//! What differs: versions are kept in a cache, so that nothing is fetched twice;
//! a package without a version gets the main branch of its repository, whatever
//! that is called; and of `vendor/` only goes what the lock file had put there.

mod git;
mod jsonnetfile;
mod links;
mod package;
mod resolve;
mod sum;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use kpbuild_core::suggest::nearest;

use git::Cache;
use jsonnetfile::{Dependency, FILE, Jsonnetfile, LOCK};
use package::Source;
use resolve::{Place, Resolved, Resolver};

/// What became of the packages.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// A line for every package that changed.
    pub(crate) lines: Vec<String>,
    /// What the user may want to know besides.
    pub(crate) notes: Vec<String>,
    /// How many packages are there now.
    pub(crate) count: usize,
    /// The folders of the packages that were asked for.
    pub(crate) added: Vec<PathBuf>,
}

/// A folder with a jsonnetfile.json.
pub(crate) struct Project {
    folder: PathBuf,
    wanted: Jsonnetfile,
    locked: Jsonnetfile,
}

impl Project {
    /// The project in a folder; one without a jsonnetfile.json asks for nothing.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        anyhow::ensure!(folder.is_dir(), "there is no folder `{}`", folder.display());
        // Paths in messages are such as the user would write them.
        let folder = folder.strip_prefix(".").unwrap_or(folder);
        // Paths in messages are such as the user would write them.
        let folder = folder.strip_prefix(".").unwrap_or(folder);
        let wanted = Jsonnetfile::read(&folder.join(FILE))?;
        let locked = Jsonnetfile::read(&folder.join(LOCK))?;
        Ok(Self {
            folder: folder.to_owned(),
            wanted: wanted.unwrap_or_else(|| Jsonnetfile::new(true)),
            locked: locked.unwrap_or_else(|| Jsonnetfile::new(false)),
        })
    }

    /// Adds packages, or moves those that are there to another version.
    pub(crate) fn add(mut self, uris: &[String]) -> anyhow::Result<Report> {
        let cache = Cache::of_user()?;
        let mut locks = self.locked.dependencies.clone();
        let mut added = Vec::new();
        for uri in uris {
            let is_folder = |path: &str| self.folder.join(path).is_dir();
            let (source, version) = package::from_uri(uri, is_folder)?;
            let name = source.name();
            let version = match (&source, version) {
                (Source::Local(_), _) => String::new(),
                (Source::Git(_), Some(version)) => version,
                (Source::Git(git), None) => cache.repository(&git.remote())?.default_branch()?,
            };
            added.push(self.folder.join("vendor").join(&name));
            let before = self.wanted.dependencies.get(&name);
            if before.is_some_and(|before| before.source == source && before.version == version) {
                continue;
            }
            locks.remove(&name);
            let dependency = Dependency {
                source,
                version,
                sum: String::new(),
                single: before.is_some_and(|before| before.single),
                legacy_name: before.and_then(|before| before.legacy_name.clone()),
            };
            self.wanted.dependencies.insert(name, dependency);
        }
        let report = self.install(&cache, locks)?;
        Ok(Report { added, ..report })
    }

    /// Moves packages to the newest commit of their version; all, if none is named.
    pub(crate) fn update(self, names: &[String]) -> anyhow::Result<Report> {
        self.asks_for_something()?;
        let mut locks = BTreeMap::new();
        if !names.is_empty() {
            locks = self.locked.dependencies.clone();
            for name in names {
                locks.remove(&self.package(name)?);
            }
        }
        self.install(&Cache::of_user()?, locks)
    }

    /// Installs what the lock file says, and locks what it does not say yet.
    pub(crate) fn vendor(self) -> anyhow::Result<Report> {
        self.asks_for_something()?;
        let locks = self.locked.dependencies.clone();
        self.install(&Cache::of_user()?, locks)
    }

    fn asks_for_something(&self) -> anyhow::Result<()> {
        if self.wanted.dependencies.is_empty() {
            let path = self.folder.join(FILE);
            bail!(
                "`{}` names no package; `kpbuild mixin add` writes it, and --dir says where it is",
                path.display()
            );
        }
        Ok(())
    }

    /// The package of a name, which may be the short one.
    fn package(&self, wanted: &str) -> anyhow::Result<String> {
        let all = || {
            self.wanted
                .dependencies
                .iter()
                .chain(&self.locked.dependencies)
        };
        let mut found =
            all().filter(|(name, dependency)| *name == wanted || dependency.short_name() == wanted);
        if let Some((name, _)) = found.next() {
            return Ok(name.clone());
        }
        let short: Vec<String> = all()
            .map(|(_, dependency)| dependency.short_name())
            .collect();
        let long = all().map(|(name, _)| name.as_str());
        if let Some(near) = nearest(wanted, short.iter().map(String::as_str).chain(long)) {
            bail!("there is no package `{wanted}`; did you mean `{near}`?");
        }
        let names: Vec<&str> = self
            .wanted
            .dependencies
            .keys()
            .map(String::as_str)
            .collect();
        bail!(
            "there is no package `{wanted}`; there is {}",
            names.join(", ")
        )
    }

    /// Makes `vendor/` and the two files what the project asks for. Nothing is
    /// changed before everything is fetched and its checksums are right.
    fn install(
        &self,
        cache: &Cache,
        locks: BTreeMap<String, Dependency>,
    ) -> anyhow::Result<Report> {
        let vendor = self.folder.join("vendor");
        let had_vendor = vendor.is_dir();
        fs::create_dir_all(&vendor)
            .with_context(|| format!("cannot make the folder `{}`", vendor.display()))?;
        let staging = tempfile::Builder::new()
            .prefix(".kpbuild-")
            .tempdir_in(&vendor)
            .with_context(|| format!("cannot write into `{}`", vendor.display()))?;
        let packages = Resolver::new(cache, &self.folder, staging.path(), locks);
        let resolved = packages.resolve(&self.wanted).inspect_err(|_| {
            if !had_vendor {
                // Best left as it was found; what is in it says so if it cannot.
                let _ = fs::remove_dir_all(&vendor);
            }
        })?;
        let lines = self.changes(&resolved);
        let mut locked = Jsonnetfile::new(false);
        for (name, (dependency, place)) in &resolved.packages {
            put(&vendor, name, place, staging.path())?;
            locked.dependencies.insert(name.clone(), dependency.clone());
        }
        links::remove_old(&vendor, &self.locked, &locked)?;
        let mut notes = resolved.notes;
        if self.wanted.legacy_imports {
            notes.extend(links::make(&vendor, &locked)?);
        }
        write(&self.folder.join(FILE), &self.wanted.text())?;
        write(&self.folder.join(LOCK), &locked.text())?;
        Ok(Report {
            lines,
            notes,
            count: locked.dependencies.len(),
            added: Vec::new(),
        })
    }

    /// What becomes of each package, compared with the lock file.
    fn changes(&self, resolved: &Resolved) -> Vec<String> {
        let before = &self.locked.dependencies;
        let now = resolved.packages.iter().filter_map(|(name, (now, place))| {
            let version = short(now);
            match (before.get(name), place) {
                (None, _) => Some(format!("added {name} {version}")),
                (Some(before), _) if before.version != now.version => {
                    Some(format!("moved {name} from {} to {version}", short(before)))
                }
                (Some(_), Place::Staged(_)) => Some(format!("wrote {name} {version}")),
                (Some(_), _) => None,
            }
        });
        let gone = before
            .keys()
            .filter(|name| !resolved.packages.contains_key(*name));
        now.chain(gone.map(|name| format!("removed {name}")))
            .collect()
    }
}

fn short(dependency: &Dependency) -> &str {
    match &dependency.source {
        Source::Git(_) => dependency.version.get(..12).unwrap_or(&dependency.version),
        Source::Local(folder) => folder,
    }
}

/// Puts a package into its place below `vendor/`.
fn put(vendor: &Path, name: &str, place: &Place, staging: &Path) -> anyhow::Result<()> {
    let target = vendor.join(name);
    let failed = || format!("cannot write `{}`", target.display());
    match place {
        Place::Vendored => Ok(()),
        Place::Staged(folder) => {
            make_room(&target, staging).with_context(failed)?;
            fs::rename(folder, &target).with_context(failed)
        }
        Place::Linked(folder) => {
            let to = links::relative(&target, folder).with_context(failed)?;
            if fs::read_link(&target).is_ok_and(|now| now == to) {
                return Ok(());
            }
            make_room(&target, staging).with_context(failed)?;
            links::link(&to, &target).with_context(failed)
        }
    }
}

/// Moves away what is at a place, and makes the folders above it.
fn make_room(target: &Path, staging: &Path) -> std::io::Result<()> {
    if let Some(parent) = target.parent() {
        // A short name of an older package may be in the way of a folder.
        if parent.is_symlink() {
            fs::remove_file(parent)?;
        }
        fs::create_dir_all(parent)?;
    }
    if target.is_symlink() {
        fs::remove_file(target)
    } else if target.exists() {
        let old = tempfile::Builder::new()
            .prefix("old-")
            .tempdir_in(staging)?;
        fs::rename(target, old.keep().join("old"))
    } else {
        Ok(())
    }
}

/// Writes a file as a whole, unless it says that already.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if fs::read_to_string(path).is_ok_and(|now| now == text) {
        return Ok(());
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        file.write_all(text.as_bytes())?;
        readable(&file)?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write `{}`", path.display()))
}

/// Temporary files are private, these are not.
fn readable(file: &tempfile::NamedTempFile) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}
