//! The files of a git revision, read from the repository's objects through the
//! `git` program: the working tree is neither looked at nor touched.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::{Entry, Kind, normal};

/// Why a revision cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    /// There is no git.
    #[error("cannot run `git`, which reads the revision to compare with; is it on the PATH?")]
    NoGit(#[source] io::Error),
    /// The stack is in no repository.
    #[error("`{0}` is in no git repository; `--against DIR` compares with a folder")]
    NoRepository(String),
    /// The repository does not know the revision.
    #[error(
        "there is no revision `{revision}` in `{repository}`{}",
        if *.shallow { ": the clone is shallow, so fetch it with its history (`git fetch --unshallow origin`; for actions/checkout `fetch-depth: 0`)" } else { "; `git fetch` brings what others have pushed" }
    )]
    NoRevision {
        /// As the user gave it.
        revision: String,
        /// The repository's folder.
        repository: String,
        /// Whether history is missing.
        shallow: bool,
    },
    /// Git failed otherwise.
    #[error("`git {command}` failed: {message}")]
    Failed {
        /// Its arguments.
        command: String,
        /// What it said.
        message: String,
    },
}

/// A commit's files.
pub(crate) struct Revision {
    /// As the user gave it.
    name: String,
    /// The commit's id.
    commit: String,
    /// The repository's folder.
    root: PathBuf,
    /// The current folder, from which relative paths start.
    here: PathBuf,
    /// Every file and folder by its path in the repository.
    tree: BTreeMap<PathBuf, Node>,
    objects: Mutex<Objects>,
}

/// What a path of a tree is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Folder,
    File(String),
    /// A symbolic link, whose target is the content of this object.
    Link(String),
    /// A commit of another repository.
    Submodule,
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revision({}, {})", self.name, self.commit)
    }
}

impl Revision {
    /// Where the branch that is checked out left `revision`: what has been
    /// added to `revision` since is no change of this branch. Without a common
    /// history it is `revision` itself. `beside` is a file or folder of the
    /// repository.
    pub(crate) fn base(beside: &Path, revision: &str) -> Result<Self, GitError> {
        let repository = Repository::of(beside)?;
        let tip = repository.commit(revision)?;
        let base = repository.text(&["merge-base", &tip, "HEAD"]);
        repository.open(revision, base.unwrap_or(tip))
    }

    /// The revision as the user named it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The id of the commit whose files these are.
    pub(crate) fn commit(&self) -> &str {
        &self.commit
    }

    pub(super) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let Some(inside) = self.inside(path) else {
            return std::fs::read(path);
        };
        match self.find(&inside)? {
            Some(Node::File(id)) => self.objects().content(&id),
            Some(Node::Folder) => Err(ErrorKind::IsADirectory.into()),
            Some(Node::Submodule) => Err(io::Error::other(
                "it is a submodule, whose files are in another repository",
            )),
            Some(Node::Link(_)) | None => Err(ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn entries(&self, folder: &Path) -> Vec<Entry> {
        let Some(inside) = self.inside(folder) else {
            return super::on_disk(folder);
        };
        let Ok(Some((place, Node::Folder))) = self.follow(&inside) else {
            return Vec::new();
        };
        let from = self
            .tree
            .range(place.clone()..)
            .skip_while(|(path, _)| **path == place);
        let below = from.take_while(|(path, _)| path.starts_with(&place));
        below
            .filter_map(|(path, node)| {
                let name = path.strip_prefix(&place).ok()?.to_str()?;
                (!name.contains('/')).then(|| Entry {
                    name: name.to_owned(),
                    is_folder: *node == Node::Folder,
                })
            })
            .collect()
    }

    pub(super) fn kind(&self, path: &Path) -> Option<Kind> {
        let Some(inside) = self.inside(path) else {
            return super::Place::Disk.kind(path);
        };
        match self.find(&inside).ok()?? {
            Node::Folder | Node::Submodule => Some(Kind::Folder),
            Node::File(_) | Node::Link(_) => Some(Kind::File),
        }
    }

    /// Whether a path is one of the repository: what is there never changes.
    pub(super) fn contains(&self, path: &Path) -> bool {
        self.inside(path).is_some()
    }

    /// The path in the repository; `None` for what is outside of it, which has
    /// no revisions.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        let whole = if path.is_absolute() {
            real(path)
        } else {
            normal(&self.here.join(path))
        };
        whole.strip_prefix(&self.root).ok().map(Path::to_owned)
    }

    fn find(&self, path: &Path) -> io::Result<Option<Node>> {
        Ok(self.follow(path)?.map(|(_, node)| node))
    }

    /// The node at a path, and its real path, behind symbolic links.
    fn follow(&self, path: &Path) -> io::Result<Option<(PathBuf, Node)>> {
        const MOST_LINKS: usize = 40;
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let link = path.ancestors().find_map(|part| match self.tree.get(part) {
                Some(Node::Link(id)) => Some((part.to_owned(), id.clone())),
                _ => None,
            });
            let Some((link, id)) = link else {
                let node = self.tree.get(&path).cloned();
                return Ok(node.map(|node| (path, node)));
            };
            let target = String::from_utf8_lossy(&self.objects().content(&id)?).into_owned();
            let rest = path.strip_prefix(&link).expect("a link is on the way");
            let folder = link.parent().unwrap_or(Path::new(""));
            path = normal(&folder.join(target).join(rest));
            if path.is_absolute() || path.starts_with("..") {
                return Ok(None);
            }
        }
        Err(io::Error::other("too many symbolic links"))
    }

    fn objects(&self) -> std::sync::MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A path behind all symbolic links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    for part in path.ancestors() {
        if let Ok(found) = std::fs::canonicalize(part) {
            let rest = path.strip_prefix(part).unwrap_or(Path::new(""));
            return normal(&found.join(rest));
        }
    }
    normal(path)
}

/// A repository on this machine.
struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The repository that a file or folder is in.
    fn of(beside: &Path) -> Result<Self, GitError> {
        let whole = real(&std::path::absolute(beside).unwrap_or_else(|_| beside.to_owned()));
        let folder = whole.ancestors().find(|part| part.is_dir());
        let folder = folder.unwrap_or(Path::new("/"));
        let output = run(folder, &["rev-parse", "--show-toplevel"])?;
        match text(&output) {
            Some(root) => Ok(Self {
                root: real(Path::new(&root)),
            }),
            None => Err(GitError::NoRepository(beside.display().to_string())),
        }
    }

    fn commit(&self, revision: &str) -> Result<String, GitError> {
        let wanted = format!("{revision}^{{commit}}");
        let found = self.text(&[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &wanted,
        ]);
        found.ok_or_else(|| GitError::NoRevision {
            revision: revision.to_owned(),
            repository: self.root.display().to_string(),
            shallow: self
                .text(&["rev-parse", "--is-shallow-repository"])
                .is_some_and(|answer| answer == "true"),
        })
    }

    /// The one line that git answers, unless it fails.
    fn text(&self, arguments: &[&str]) -> Option<String> {
        text(&run(&self.root, arguments).ok()?)
    }

    fn open(&self, name: &str, commit: String) -> Result<Revision, GitError> {
        let arguments = ["ls-tree", "-r", "-t", "-z", "--full-tree", &commit];
        let output = run(&self.root, &arguments)?;
        if !output.status.success() {
            return Err(GitError::Failed {
                command: "ls-tree".to_owned(),
                message: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            });
        }
        let here = std::fs::canonicalize(".").unwrap_or_else(|_| self.root.clone());
        Ok(Revision {
            name: name.to_owned(),
            commit,
            root: self.root.clone(),
            here,
            tree: tree(&output.stdout),
            objects: Mutex::new(Objects::start(&self.root)?),
        })
    }
}

/// Reads what `git ls-tree -z` lists: `MODE TYPE ID<tab>PATH<nul>`. Paths that
/// are not UTF-8 cannot be named by a stack file.
fn tree(listed: &[u8]) -> BTreeMap<PathBuf, Node> {
    let mut tree = BTreeMap::from([(PathBuf::new(), Node::Folder)]);
    for line in listed.split(|byte| *byte == 0) {
        let Some((about, path)) = std::str::from_utf8(line)
            .ok()
            .and_then(|line| line.split_once('\t'))
        else {
            continue;
        };
        let mut fields = about.split(' ');
        let (mode, kind, id) = (fields.next(), fields.next(), fields.next());
        let id = id.unwrap_or_default().to_owned();
        let node = match (mode, kind) {
            (_, Some("tree")) => Node::Folder,
            (_, Some("commit")) => Node::Submodule,
            (Some("120000"), _) => Node::Link(id),
            _ => Node::File(id),
        };
        tree.insert(PathBuf::from(path), node);
    }
    tree
}

/// Git in a folder, whatever the caller's repository is.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    // A hook runs with the variables of the repository that it belongs to.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(variable);
    }
    command.arg("-C").arg(folder).stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Result<std::process::Output, GitError> {
    git(folder)
        .args(arguments)
        .output()
        .map_err(GitError::NoGit)
}

fn text(output: &std::process::Output) -> Option<String> {
    let text = String::from_utf8(output.stdout.clone()).ok()?;
    let text = text.trim_end_matches(['\r', '\n']);
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}

/// A `git cat-file` that answers one question after the other.
struct Objects {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Objects {
    fn start(root: &Path) -> Result<Self, GitError> {
        let mut child = git(root)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(GitError::NoGit)?;
        let questions = child.stdin.take();
        let answers = child.stdout.take().expect("it was asked to be piped");
        Ok(Self {
            child,
            questions,
            answers: BufReader::new(answers),
        })
    }

    fn content(&mut self, id: &str) -> io::Result<Vec<u8>> {
        let questions = self.questions.as_mut().expect("it is open until the end");
        writeln!(questions, "{id}")?;
        questions.flush()?;
        let mut head = String::new();
        self.answers.read_line(&mut head)?;
        let size = head
            .trim_end()
            .rsplit(' ')
            .next()
            .and_then(|size| size.parse::<u64>().ok());
        let Some(size) = size else {
            return Err(io::Error::other(format!(
                "git does not give the object {id}: {}",
                head.trim_end()
            )));
        };
        let mut content = Vec::new();
        self.answers
            .by_ref()
            .take(size + 1)
            .read_to_end(&mut content)?;
        content.pop();
        Ok(content)
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // It ends when there is nothing more to ask.
        drop(self.questions.take());
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Files;

    /// A repository with one commit on `main` and a changed working tree.
    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
            std::fs::write(path, text).expect("it can be written");
        };
        let git = |arguments: &[&str]| {
            let output = git(folder.path())
                .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
                .args(arguments)
                .output()
                .expect("git is there");
            assert!(output.status.success(), "{output:?}");
        };
        git(&["init", "--quiet", "--initial-branch", "main"]);
        write("stacks/a.yaml", "old");
        write("stacks/dash/a b.json", "{}");
        write("stacks/dash/.hidden.json", "{}");
        write("stacks/dash/deep/é.json", "{}");
        #[cfg(unix)]
        std::os::unix::fs::symlink("dash", folder.path().join("stacks/link"))
            .expect("it can be made");
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "first"]);
        write("stacks/a.yaml", "new");
        write("stacks/b.yaml", "new");
        folder
    }

    fn open(folder: &Path) -> Files {
        Files::revision(Revision::base(&folder.join("stacks/a.yaml"), "main").unwrap())
    }

    #[test]
    fn a_revision_is_read_and_the_working_tree_is_not() {
        let folder = repository();
        let files = open(folder.path());
        let path = |name: &str| folder.path().join("stacks").join(name);
        assert_eq!(files.read(&path("a.yaml")).unwrap(), b"old");
        assert_eq!(files.read(&path("dash/deep/é.json")).unwrap(), b"{}");
        assert!(files.text(&path("b.yaml")).unwrap().is_none());
        assert!(files.text(&path("dash")).unwrap().is_none());
        assert!(files.is_folder(&path("dash")) && !files.exists(&path("b.yaml")));
        let names = |folder: &str| {
            let entries = files.entries(&path(folder)).into_iter();
            entries.map(|entry| entry.name).collect::<Vec<_>>()
        };
        assert_eq!(names("dash"), [".hidden.json", "a b.json", "deep"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_where_they_led() {
        let folder = repository();
        let files = open(folder.path());
        let path = folder.path().join("stacks/link/a b.json");
        assert_eq!(files.read(&path).unwrap(), b"{}");
        assert_eq!(files.entries(&folder.path().join("stacks/link")).len(), 3);
    }

    #[test]
    fn patterns_find_what_was_there() {
        let folder = repository();
        let files = open(folder.path());
        let stacks = folder.path().join("stacks");
        let found = |wanted: &str| {
            let found = files.matching(&stacks, wanted).unwrap().into_iter();
            found
                .map(|path| path.strip_prefix(&stacks).unwrap().display().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("dash/*.json"), ["dash/a b.json"]);
        assert_eq!(found("**/*.json"), ["dash/a b.json", "dash/deep/é.json"]);
        assert_eq!(found("*.yaml"), ["a.yaml"]);
        assert_eq!(found("b.yaml"), [""; 0]);
    }

    #[test]
    fn what_git_does_not_know_is_said() {
        let folder = repository();
        let error = Revision::base(folder.path(), "mian")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("there is no revision `mian` in `"),
            "{error}"
        );
        let outside = tempfile::tempdir().unwrap();
        let error = Revision::base(outside.path(), "main").unwrap_err();
        assert!(matches!(error, GitError::NoRepository(_)), "{error}");
    }
}
