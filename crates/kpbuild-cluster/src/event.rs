//! What happens during a run, as it happens.

use kpbuild_core::ObjectKey;
use serde::Serialize;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event<'a> {
    /// A phase begins.
    Phase {
        /// Its name.
        phase: &'a str,
        /// How many objects it has.
        objects: usize,
    },
    /// An object is as it shall be, as far as the server is concerned.
    Done {
        /// The object.
        object: &'a ObjectKey,
        /// What was done.
        outcome: Outcome,
    },
    /// An object could not be applied or deleted.
    Failed {
        /// The object.
        object: &'a ObjectKey,
        /// Why.
        message: &'a str,
    },
    /// An object is waited for; said again only when the reason changes.
    Waiting {
        /// The object.
        object: &'a ObjectKey,
        /// What it waits for.
        reason: &'a str,
    },
    /// An object that was waited for is ready, or gone.
    Ready {
        /// The object.
        object: &'a ObjectKey,
    },
}

/// What was done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is new.
    Created,
    /// It has changed.
    Updated,
    /// It was deleted and made anew.
    Replaced,
    /// It belongs to the stack now.
    Adopted,
    /// Nothing.
    Unchanged,
    /// It is gone.
    Pruned,
    /// It stays, because data would go with it.
    Kept,
    /// The run was stopped before its turn.
    Skipped,
}

/// How a run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Objects by what was done with them.
    pub outcomes: std::collections::BTreeMap<Outcome, usize>,
    /// Objects that could not be applied or deleted.
    pub failed: usize,
    /// Objects whose turn did not come.
    pub left: usize,
    /// Requests that were sent, repeated ones included.
    pub requests: usize,
}
