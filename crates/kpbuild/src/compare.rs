//! Stacks as they are and as they were, rendered in memory: what differs
//! between the two, stack by stack.

use std::path::Path;

use kpbuild_cluster::{Pattern, Plan, between};
use kpbuild_core::{Bundle, Code, Diagnostic, Diagnostics, SourceMap};
use kpbuild_stack::Stack;

use crate::cli::Diff;
use crate::compile;
use crate::files::{Files, GitError, Revision};

/// A stack that has got another name.
const RENAMED: Code = Code("stack-renamed");

/// What a stack is on one of the two sides.
pub(crate) enum Side {
    /// There is no such file.
    Absent,
    /// It cannot be rendered.
    Broken,
    /// What it renders to.
    Rendered(Box<(Stack, Bundle)>),
}

/// One side of one stack, with what there is to say about it.
pub(crate) struct Rendering {
    pub(crate) side: Side,
    pub(crate) sources: SourceMap,
    pub(crate) diagnostics: Diagnostics,
}

impl Rendering {
    /// Renders a stack from a view of files.
    pub(crate) fn of(files: &Files, path: &Path) -> anyhow::Result<Self> {
        if !files.exists(path) {
            return Ok(Self {
                side: Side::Absent,
                sources: SourceMap::default(),
                diagnostics: Diagnostics::default(),
            });
        }
        let compiled = compile::read(files, path)?;
        Ok(Self {
            side: match compiled.rendered {
                Ok(rendered) => Side::Rendered(Box::new(rendered)),
                Err(_) => Side::Broken,
            },
            sources: compiled.sources,
            diagnostics: compiled.diagnostics,
        })
    }

    /// Says that the stack was called otherwise before: its objects are the same,
    /// and yet a cluster does not take them for its own.
    pub(crate) fn tell_new_name(&mut self, before: &Self) {
        let (Side::Rendered(before), Side::Rendered(after)) = (&before.side, &self.side) else {
            return;
        };
        let (old, new) = (&before.0.name, &after.0.name);
        if old != new {
            let message = format!("the stack `{old}` is called `{new}` now");
            let renamed = Diagnostic::warning(RENAMED, message)
                .at_some(after.0.name_span, "")
                .note(format!(
                    "in a cluster its objects belong to `{old}`: `kpbuild apply` takes this one for another stack, and refuses it"
                ))
                .help(
                    "keep the name; or run `kpbuild delete` with the stack file as it was, and then apply it: what is not data is gone in between",
                );
            self.diagnostics.push(renamed);
        }
    }

    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.side, Side::Broken)
    }

    /// The stack's own name, if it could be read so far.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.side {
            Side::Rendered(rendered) => Some(&rendered.0.name),
            Side::Absent | Side::Broken => None,
        }
    }

    /// What is rendered: nothing where there is no stack.
    pub(crate) fn bundle(&self) -> Option<&Bundle> {
        match &self.side {
            Side::Rendered(rendered) => Some(&rendered.1),
            Side::Absent | Side::Broken => None,
        }
    }
}

/// Both sides of one stack.
pub(crate) struct Compared {
    /// Nothing where it is known to be as it was, without looking.
    before: Option<Rendering>,
    pub(crate) after: Rendering,
    /// What the change does, unless a side is broken.
    pub(crate) plan: Option<Plan>,
}

impl Compared {
    /// Compares both sides.
    pub(crate) fn of(before: Rendering, after: Rendering, targets: &[Pattern]) -> Self {
        Self {
            plan: plan(&before, &after, targets),
            before: Some(before),
            after,
        }
    }

    /// A stack that is as it was.
    pub(crate) fn same(after: Rendering) -> Self {
        Self {
            plan: plan(&after, &after, &[]),
            before: None,
            after,
        }
    }

    pub(crate) fn before(&self) -> &Rendering {
        self.before.as_ref().unwrap_or(&self.after)
    }
}

fn plan(before: &Rendering, after: &Rendering, targets: &[Pattern]) -> Option<Plan> {
    if before.is_broken() || after.is_broken() {
        return None;
    }
    let nothing = Bundle::default();
    Some(between(
        before.bundle().unwrap_or(&nothing),
        after.bundle().unwrap_or(&nothing),
        targets,
    ))
}

/// What the stacks are compared with, and its name.
pub(crate) struct Base {
    pub(crate) files: Files,
    /// As messages name it: the revision, or the folder.
    pub(crate) name: String,
    /// By what results are known again: the commit, or nothing for a folder,
    /// whose files may change.
    pub(crate) id: String,
}

impl Base {
    /// A revision of the repository that a stack is in.
    pub(crate) fn revision(beside: &Path, revision: &str) -> Result<Self, GitError> {
        let revision = Revision::base(beside, revision)?;
        Ok(Self {
            name: format!("{} ({})", revision.name(), &revision.commit()[..12]),
            id: revision.commit().to_owned(),
            files: Files::revision(revision),
        })
    }

    /// Another folder.
    pub(crate) fn folder(folder: &Path) -> anyhow::Result<Self> {
        anyhow::ensure!(
            folder.is_dir(),
            "there is no folder `{}` to compare with",
            folder.display()
        );
        Ok(Self {
            files: Files::instead(folder),
            name: folder.display().to_string(),
            id: format!("folder {}", folder.display()),
        })
    }

    /// What `diff` was asked to compare with, if not with a cluster.
    pub(crate) fn of_diff(arguments: &Diff) -> anyhow::Result<Option<Self>> {
        match (&arguments.base, &arguments.against) {
            (Some(revision), _) => Ok(Some(Self::revision(&arguments.stacks[0], revision)?)),
            (None, Some(folder)) => Ok(Some(Self::folder(folder)?)),
            (None, None) => Ok(None),
        }
    }
}

/// By what each stack is called in a report: its name, or its file where two
/// stacks have one name or a stack has none.
pub(crate) fn labels(stacks: &[(&Path, Option<&str>)]) -> Vec<String> {
    let is_unique = |name: &str| {
        let same = stacks.iter().filter(|(_, other)| *other == Some(name));
        same.count() == 1
    };
    stacks
        .iter()
        .map(|(path, name)| match name.filter(|name| is_unique(name)) {
            Some(name) => name.to_owned(),
            None => path.display().to_string(),
        })
        .collect()
}
