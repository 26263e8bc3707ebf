//! The nouns that all stages of kpbuild share.
//!
//! Text with places ([`source`], [`node`]), templates in it ([`go_template`]),
//! findings about it ([`diagnostic`]),
//! Kubernetes objects ([`object`], [`bundle`]) and their text ([`yaml`]). The
//! crate knows no component, no stack file and no cluster.

pub mod bundle;
pub mod diagnostic;
pub mod go_template;
pub mod node;
pub mod object;
mod secret;
pub mod source;
pub mod suggest;
mod syntax;
pub mod yaml;

pub use bundle::Bundle;
pub use diagnostic::{Code, Diagnostic, Diagnostics, Reported, Severity, Style};
pub use node::Node;
pub use object::{Object, ObjectKey, Origin};
pub use source::{FileId, SourceMap, Span};
