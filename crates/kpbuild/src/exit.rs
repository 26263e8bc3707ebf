//! How a run ended, for scripts.

use std::process::ExitCode;

/// The exit codes, the same for every subcommand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, and nothing to say.
    Done = 0,
    /// Something is wrong: with the input, or with the world.
    Error = 1,
    /// `diff` found changes.
    Changes = 2,
    /// The command line is not understood.
    Usage = 64,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
