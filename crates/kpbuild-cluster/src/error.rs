//! Why work on a cluster cannot be done, or was not done to its end.

use crate::answer::Refusal;
use crate::permissions::Permission;

/// A failure, with what was attempted.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The kubeconfig is no help.
    #[error("cannot {what}: {message}")]
    Kubeconfig {
        /// What was attempted.
        what: String,
        /// Why it failed.
        message: String,
    },
    /// The server refused something that all the rest depends on.
    #[error("cannot {what}")]
    Server {
        /// What was attempted.
        what: String,
        /// What the server said.
        source: Refusal,
    },
    /// Another tool keeps its books under the name of ours.
    #[error(
        "secret `{parent}` in namespace `{namespace}` is the set of {tool}, not of this stack; rename the stack, or delete that set with its own tool"
    )]
    ForeignSet {
        /// The Secret's name.
        parent: String,
        /// Its namespace.
        namespace: String,
        /// The tool that it belongs to.
        tool: String,
    },
    /// Somebody else is at work on the same stack.
    #[error(
        "{holder} is at work on this stack; wait for it, or for its lock to expire in {seconds} s"
    )]
    Locked {
        /// Who it is.
        holder: String,
        /// When the lock expires if it is not renewed.
        seconds: i64,
    },
    /// The lock was lost in the middle of the work.
    #[error("the lock on this stack went to {holder}: stopped before anything else was written")]
    LockLost {
        /// Who has it now.
        holder: String,
    },
    /// The lock could not be renewed, so that somebody else may have it.
    #[error(
        "the lock on this stack could not be renewed for {seconds} s: stopped before anything else was written"
    )]
    LockExpired {
        /// How long it holds without being renewed.
        seconds: i64,
    },
    /// The user may not do what would have to be done.
    #[error("you may not do all that this needs; nothing was written. Missing permissions:\n{}", listed(.0))]
    Permissions(Vec<Permission>),
    /// A namespace of the stack is on its way out.
    #[error(
        "namespace `{namespace}` is being deleted, so nothing can be made in it: wait until it is gone; `kubectl get namespace {namespace} -o yaml` says what holds it up"
    )]
    Terminating {
        /// Its name.
        namespace: String,
    },
    /// The user has stopped the run.
    #[error("stopped; what is done stays done, and the next run goes on from there")]
    Stopped,
    /// Some objects failed; their events say why.
    #[error(
        "{failed} of {total} objects failed in phase {phase}; later phases were not begun and nothing was pruned"
    )]
    Failed {
        /// How many.
        failed: usize,
        /// Of how many.
        total: usize,
        /// The phase that they are in.
        phase: String,
    },
    /// An object will not become ready.
    #[error("`{object}` does not become ready: {reason}")]
    NotReady {
        /// The object.
        object: String,
        /// Why.
        reason: String,
    },
    /// No pod of a Service can be asked.
    #[error("nobody answers for {service}: {reason}")]
    NobodyThere {
        /// The Service.
        service: String,
        /// Why.
        reason: String,
    },
    /// Objects did not become ready in time.
    #[error("not ready after {seconds} s:\n{}", .waiting.join("\n"))]
    Timeout {
        /// How long it was waited.
        seconds: u64,
        /// The objects, each with what it waits for.
        waiting: Vec<String>,
    },
}

impl ClusterError {
    /// What the server said, if it said something.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Server { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Whether the user lacks a permission.
    pub(crate) fn is_forbidden(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.code == 403)
    }

    /// Says what was attempted when the server refused.
    pub(crate) fn doing(what: &str) -> impl FnOnce(Refusal) -> Self {
        move |source| Self::Server {
            what: what.to_owned(),
            source,
        }
    }
}

fn listed(permissions: &[Permission]) -> String {
    let lines: Vec<String> = permissions
        .iter()
        .map(|permission| format!("  {permission}"))
        .collect();
    lines.join("\n")
}
