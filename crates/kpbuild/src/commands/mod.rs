//! The subcommands, one file each.

pub(crate) mod apply;
pub(crate) mod check;
pub(crate) mod ci;
pub(crate) mod completions;
pub(crate) mod delete;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod forward;
pub(crate) mod grafana_password;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod man;
pub(crate) mod mixin;
pub(crate) mod query;
pub(crate) mod render;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod test;
