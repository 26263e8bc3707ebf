//! From the text of a stack file to its meaning.
//!
//! [`parse`] reads the text into a tree with places, checks it against the
//! [`schema`] that the types of [`shape`] give, and reports everything that is
//! wrong with it; [`resolve`] turns what the user wrote into a [`Stack`] in
//! which every choice is made. Everything here is pure: files are read by the
//! binary, objects are made by `kpbuild-render`.

pub mod anti_affinity;
pub mod checking;
pub mod components;
mod conflicts;
pub mod context;
pub mod dashboards;
pub mod definitions;
mod documents;
pub mod exposure;
mod extends;
pub mod field;
pub mod format;
pub mod kube_rbac_proxy;
pub mod mixins;
pub mod objective;
pub mod parameters;
pub mod parse;
pub mod patches;
pub mod platform;
mod resources;
pub mod rules;
pub mod scalar;
pub mod schema;
pub mod shape;
mod stack;
pub mod validate;
mod variables;

pub use checking::{Checking, Silence};
pub use conflicts::{CONFLICT, UNUSED_PARAMETERS};
pub use context::{Context, image};
pub use dashboards::{DashboardChoices, DashboardFolder, dashboard_providers};
pub use extends::{BASE, EXTENDS, ReadBase};
pub use mixins::UserMixin;
pub use parse::{Glance, StackFile, glance, parse, parse_with_bases};
pub use rules::{RuleChoices, UserGroup, UserRule};
pub use stack::{Component, Mixin, RuleObject, Stack, resolve};
pub use variables::{UNUSED_VARIABLE, VARIABLE};
