//! Whether an alert will be heard more or less.

use std::fmt;

use serde::Serialize;

/// Where a change of an alert leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tendency {
    /// It fires more often, sooner, longer or more urgently.
    Noisier,
    /// It fires less often, later, shorter or less urgently.
    Quieter,
}

impl Tendency {
    /// The tendency of what grows, when growing leads to this one.
    pub(super) fn when_growing<T: PartialOrd>(self, old: &T, new: &T) -> Option<Self> {
        match old.partial_cmp(new)? {
            std::cmp::Ordering::Less => Some(self),
            std::cmp::Ordering::Greater => Some(self.opposite()),
            std::cmp::Ordering::Equal => None,
        }
    }

    pub(super) fn opposite(self) -> Self {
        match self {
            Self::Noisier => Self::Quieter,
            Self::Quieter => Self::Noisier,
        }
    }
}

impl fmt::Display for Tendency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Noisier => "noisier",
            Self::Quieter => "quieter",
        })
    }
}
