//! The subcommands, one file each.

pub(crate) mod apply;
pub(crate) mod check;
pub(crate) mod ci;
pub(crate) mod delete;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod init;
pub(crate) mod mixin;
pub(crate) mod render;
pub(crate) mod schema;
pub(crate) mod test;
