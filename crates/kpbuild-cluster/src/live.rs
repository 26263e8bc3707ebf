//! What the cluster has, seen from one object of a bundle.

use kpbuild_core::{Object, ObjectKey};
use serde_json::Value;

use crate::answer::Refusal;
use crate::conflict::Conflict;

/// An object as it shall be, with what the rest of the run knows about it.
#[derive(Debug, Clone)]
pub(crate) struct Desired<'a> {
    /// The object of the bundle.
    pub(crate) object: &'a Object,
    /// A digest of the manifest that is applied: equal texts, equal digests.
    pub(crate) digest: String,
}

impl Desired<'_> {
    /// The object's identity.
    pub(crate) fn key(&self) -> &ObjectKey {
        self.object.key()
    }
}

/// What was found out about an object, and what the server would make of it.
#[derive(Debug, Clone)]
pub(crate) enum Live {
    /// Applying the manifest would change nothing. Known from the books, or
    /// from the server, which then also sent the object.
    Untouched(Option<Box<Value>>),
    /// It is not there; the server would make this of it.
    Absent {
        /// The object with the server's defaults.
        after: Value,
    },
    /// It cannot be there yet, because what it lives in is not.
    Premature(Missing),
    /// It is there.
    Present(Box<Present>),
    /// The server does not take it, or does not tell.
    Refused(Refusal),
}

/// An object that is there.
#[derive(Debug, Clone)]
pub(crate) struct Present {
    /// As it is.
    pub(crate) before: Value,
    /// As it would be.
    pub(crate) after: After,
    /// Fields of others that would be overwritten.
    pub(crate) conflicts: Vec<Conflict>,
}

/// What the server would make of an object that is there.
#[derive(Debug, Clone)]
pub(crate) enum After {
    /// This.
    Changed(Value),
    /// Nothing: fields that cannot change would have to; their messages.
    Immutable(Vec<String>),
}

/// What an object lacks to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Its namespace.
    Namespace,
    /// The definition of its kind.
    Definition,
}
