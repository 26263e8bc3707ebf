//! Dashboards of Grafana as data: their panels, queries and variables, and what
//! can be wrong with one by itself.
//!
//! Two crates look at dashboards: `kpbuild-render` at the files of the user, of
//! which it knows every line, `kpbuild-check` at those that are in a bundle,
//! wherever they come from. What a dashboard has to do with other objects is not
//! known here.

mod check;
mod model;
mod query;
mod variables;

pub use check::{CODES, Finding, OLD_SCHEMA, check};
pub use model::{Panel, Query, is_dashboard, links, panels, queries, sources, variables};
pub use query::{UNKNOWN, parse, records, without_variables};
pub use variables::{Reference, references};
