//! How things hang together in a bundle, for `kpbuild explain`: the way to a
//! target, and the life of a rule. Nothing is judged here that a check does not
//! judge: a broken link of a chain is the finding of a check.

mod rule;
mod target;

use kpbuild_core::Bundle;
use kpbuild_core::suggest::nearest;
use kpbuild_stack::Checking;

use crate::facts::Facts;

pub use rule::{Receiver, RuleStory, Source};
pub use target::{Chain, Link, State};

/// There is nothing of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The name that was probably meant.
    pub near: Option<String>,
    /// All names.
    pub all: Vec<String>,
}

impl Unknown {
    fn new(name: &str, all: impl IntoIterator<Item = String>) -> Self {
        let mut all: Vec<String> = all.into_iter().collect();
        all.sort();
        all.dedup();
        Self {
            near: nearest(name, all.iter().map(String::as_str)).map(str::to_owned),
            all,
        }
    }
}

/// The way from Prometheus to the targets of a name: that of a monitor, probe or
/// scrape configuration, of a job, a Service or a component. One chain for each
/// endpoint.
pub fn target(bundle: &Bundle, checking: &Checking, name: &str) -> Result<Vec<Chain>, Unknown> {
    target::chains(&Facts::new(bundle, checking), name)
}

/// What the rules of a name read, who uses them, and where their alerts are sent.
pub fn rule(bundle: &Bundle, checking: &Checking, name: &str) -> Result<Vec<RuleStory>, Unknown> {
    rule::stories(&Facts::new(bundle, checking), name)
}
