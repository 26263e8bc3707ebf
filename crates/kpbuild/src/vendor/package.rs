//! Packages of jsonnet, as jsonnet-bundler names them: a folder of a git
//! repository, or a folder of this project.

use std::fmt;

use anyhow::{Context as _, bail, ensure};

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A folder of a git repository.
    Git(Git),
    /// A folder, by its path from the jsonnetfile.json that names it.
    Local(String),
}

/// A folder of a git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Git {
    scheme: Scheme,
    /// Host and path of the repository, without `.git`: `github.com/grafana/loki`.
    repository: String,
    /// The folder in it; empty for all of it.
    pub(crate) subdir: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Https,
    Ssh,
    /// A repository on this machine; jsonnet-bundler does not know these.
    File,
}

impl Source {
    /// Where the package lies below `vendor/`, which is also how it is imported.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Git(git) => git.name(),
            Self::Local(folder) => last(folder).to_owned(),
        }
    }

    /// The short name, by which older jsonnet imports it.
    pub(crate) fn legacy_name(&self) -> String {
        last(&self.name()).to_owned()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

fn last(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

impl Git {
    fn name(&self) -> String {
        // The path of a repository on this machine says nothing on another one.
        let repository = match self.scheme {
            Scheme::File => last(&self.repository),
            _ => &self.repository,
        };
        match self.subdir.as_str() {
            "" => repository.to_owned(),
            subdir => format!("{repository}/{subdir}"),
        }
    }

    /// What git clones.
    pub(crate) fn remote(&self) -> String {
        match self.scheme {
            Scheme::Https => format!("https://{}.git", self.repository),
            Scheme::Ssh => format!("ssh://git@{}.git", self.repository),
            Scheme::File => format!("file://{}.git", self.repository),
        }
    }

    /// The remote and folder of a jsonnetfile.json.
    pub(crate) fn from_parts(remote: &str, subdir: &str) -> anyhow::Result<Self> {
        let (git, version) = parse(remote).with_context(|| no_remote(remote))?;
        ensure!(
            version.is_none() && git.subdir.is_empty(),
            no_remote(remote)
        );
        let git = Self {
            subdir: subdir.trim_matches('/').to_owned(),
            ..git
        };
        git.checked()
    }

    /// A name is a path below `vendor/`, and must not lead out of it.
    fn checked(self) -> anyhow::Result<Self> {
        let name = self.name();
        let mut parts = name.split('/');
        ensure!(
            parts.all(|part| !part.is_empty()
                && part != "."
                && part != ".."
                && !part.contains('\\')),
            "`{name}` is not a folder of a repository"
        );
        Ok(self)
    }
}

fn no_remote(remote: &str) -> String {
    format!(
        "`{remote}` is not a git repository: expected https://HOST/OWNER/REPOSITORY or ssh://git@HOST/OWNER/REPOSITORY.git"
    )
}

/// What `mixin add` takes: a package, and the version if one is asked for.
pub(crate) fn from_uri(
    uri: &str,
    is_folder: impl Fn(&str) -> bool,
) -> anyhow::Result<(Source, Option<String>)> {
    if let Some((git, version)) = parse(uri) {
        if let Some(version) = &version {
            check_version(version)?;
        }
        return Ok((Source::Git(git.checked()?), version));
    }
    let folder = uri.trim_end_matches('/');
    if is_folder(folder) && !matches!(last(folder), "" | "." | "..") {
        return Ok((Source::Local(folder.to_owned()), None));
    }
    bail!(
        "`{uri}` names no package: it is neither a folder nor like \
         github.com/grafana/loki/production/loki-mixin@main or git@HOST:OWNER/REPOSITORY.git/FOLDER@VERSION"
    )
}

/// A version is an argument of git, and must not be an option of it.
pub(crate) fn check_version(version: &str) -> anyhow::Result<()> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || "-_./+".contains(c);
    ensure!(
        !version.is_empty() && !version.starts_with('-') && version.chars().all(is_legal),
        "`{version}` is no branch, tag or commit"
    );
    Ok(())
}

/// A git repository with the folder in it and the version.
fn parse(uri: &str) -> Option<(Git, Option<String>)> {
    let (scheme, rest) = if let Some(rest) = uri.strip_prefix("ssh://git@") {
        (Scheme::Ssh, rest.to_owned())
    } else if let Some(rest) = uri.strip_prefix("git@") {
        (Scheme::Ssh, rest.replacen(':', "/", 1))
    } else if let Some(rest) = uri.strip_prefix("file://") {
        (Scheme::File, rest.to_owned())
    } else {
        let rest = uri
            .strip_prefix("https://")
            .or_else(|| uri.strip_prefix("http://"));
        (Scheme::Https, rest.unwrap_or(uri).to_owned())
    };
    let (rest, version) = match rest.rsplit_once('@') {
        Some((rest, version)) => (rest.to_owned(), Some(version.to_owned())),
        None => (rest, None),
    };
    let (repository, subdir) = split(&rest, scheme)?;
    let git = Git {
        scheme,
        repository,
        subdir: subdir.trim_matches('/').to_owned(),
    };
    Some((git, version))
}

/// The repository, and the folder in it: after `.git`, or after the third name.
fn split(path: &str, scheme: Scheme) -> Option<(String, &str)> {
    if let Some((repository, subdir)) = path
        .split_once(".git/")
        .or_else(|| Some((path.strip_suffix(".git")?, "")))
    {
        return is_repository(repository, scheme).then(|| (repository.to_owned(), subdir));
    }
    if scheme == Scheme::File {
        return is_repository(path, scheme).then(|| (path.trim_end_matches('/').to_owned(), ""));
    }
    let mut parts = path.splitn(4, '/');
    let mut part = || parts.next().filter(|part| !part.is_empty());
    let repository = format!("{}/{}/{}", part()?, part()?, part()?);
    is_repository(&repository, scheme).then(|| (repository, parts.next().unwrap_or_default()))
}

fn is_repository(path: &str, scheme: Scheme) -> bool {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || "-_.~/:".contains(c);
    if !path.chars().all(is_legal) {
        return false;
    }
    let host = path.split('/').next().unwrap_or_default();
    match scheme {
        Scheme::File => path.starts_with('/') && path.len() > 1,
        Scheme::Ssh => path.matches('/').count() >= 2 && !host.is_empty(),
        // What has no scheme may be a folder: a host has a dot and a domain.
        Scheme::Https => {
            let domain = host.rsplit_once('.').map_or("", |(_, domain)| domain);
            let is_domain = domain.len() > 1 && domain.chars().all(|c| c.is_ascii_alphabetic());
            path.matches('/').count() >= 2 && is_domain && !host.starts_with('.')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uri: &str, name: &str, remote: &str, version: Option<&str>) {
        let (source, found) = from_uri(uri, |_| false).expect("it is a package");
        let Source::Git(git) = &source else {
            panic!("{uri} is local")
        };
        assert_eq!(
            (
                source.name().as_str(),
                git.remote().as_str(),
                found.as_deref()
            ),
            (name, remote, version)
        );
        let read = Git::from_parts(&git.remote(), &git.subdir).expect("it is what was written");
        assert_eq!(&read, git);
    }

    #[test]
    fn packages_are_named_as_jsonnet_bundler_names_them() {
        check(
            "github.com/grafana/loki/production/loki-mixin@v3",
            "github.com/grafana/loki/production/loki-mixin",
            "https://github.com/grafana/loki.git",
            Some("v3"),
        );
        check(
            "https://example.com/foo/bar",
            "example.com/foo/bar",
            "https://example.com/foo/bar.git",
            None,
        );
        check(
            "example.com/group/subgroup/repository.git/sub",
            "example.com/group/subgroup/repository/sub",
            "https://example.com/group/subgroup/repository.git",
            None,
        );
        check(
            "git@my.host:user/repo.git/foobar@v1",
            "my.host/user/repo/foobar",
            "ssh://git@my.host/user/repo.git",
            Some("v1"),
        );
        check(
            "ssh://git@example.com/user/repo.git@a/b",
            "example.com/user/repo",
            "ssh://git@example.com/user/repo.git",
            Some("a/b"),
        );
        check(
            "file:///srv/git/shop.git/mixin@main",
            "shop/mixin",
            "file:///srv/git/shop.git",
            Some("main"),
        );
    }

    #[test]
    fn folders_are_packages_too() {
        let (source, version) =
            from_uri("../lib/shop/", |folder| folder == "../lib/shop").expect("it is a folder");
        assert_eq!(
            (source, version),
            (Source::Local("../lib/shop".into()), None)
        );
    }

    #[test]
    fn what_is_no_package_is_refused() {
        for uri in [
            "loki",
            "mixins/a/b",
            "github.com/grafana",
            "github.com/a/b/../../../x",
            "github.com/a/b@--upload-pack=x",
            "ext::sh -c x",
            "",
        ] {
            assert!(from_uri(uri, |_| false).is_err(), "{uri}");
        }
    }
}
