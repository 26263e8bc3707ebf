//! A bundle and a live cluster: what differs, what that means, and making it so.
//! [`between`] says the same of two bundles, without a cluster.
//!
//! The crate knows no stack file and no template. [`Cluster`] is the doorway:
//! `plan` observes ([`live`]) and compares ([`plan`], [`effects`]), `apply`
//! carries out what the plan says, `delete` takes it away again. Nothing here
//! prints: a run tells what happens by [`event`]s. Async stops at this crate's
//! edge.
//!
//! Objects are applied on the server's side by the field manager `kpbuild`.
//! What belongs to a stack is an apply set after KEP-3659.

mod answer;
mod apply;
mod clean;
mod cluster;
mod compare;
mod conflict;
mod connect;
mod deletion;
mod effects;
mod error;
mod event;
mod forward;
mod immutable;
mod inventory;
mod lines;
mod live;
mod lock;
mod look;
mod manifest;
mod moves;
mod needs;
mod observe;
mod offline;
mod owners;
mod path;
mod pattern;
mod permissions;
mod plan;
mod pods;
mod quantity;
mod ready;
mod resources;
mod secret;
mod server;
mod stored;
mod wait;

pub use answer::{Cause, Refusal};
pub use apply::RunOptions;
pub use cluster::{Cluster, PlanOptions, Planned};
pub use compare::{FieldChange, compare};
pub use conflict::Conflict;
pub use connect::{Context, Target};
pub use effects::{
    Effect, EffectKind, Part, RuleChange, RuleKind, Tendency, What, rule_changes, rule_duration,
};
pub use error::ClusterError;
pub use event::{Event, Outcome, Report};
pub use forward::{Ask, Door, DoorState, RepliesByPod, Reply, Service};
pub use inventory::StackId;
pub use lines::{Line, Pair, Sign, lines, pairs, side_by_side};
pub use look::Look;
pub use offline::between;
pub use path::{FieldPath, Segment};
pub use pattern::Pattern;
pub use permissions::Permission;
pub use plan::{Action, Allowed, Obstacle, Plan, Step};
pub use ready::{Readiness, readiness};
pub use secret::SecretValues;
