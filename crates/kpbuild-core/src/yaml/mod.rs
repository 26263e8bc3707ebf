//! YAML that every Kubernetes reader reads back unchanged.
//!
//! Readers disagree: `kubectl` and most operators read YAML 1.1, in which `on`,
//! `012`, `1e3` or `12:30` are not strings, newer ones read YAML 1.2. The
//! writer quotes whatever any of them could take for something else, and writes
//! what kubectl itself would otherwise: two spaces, list items at the indent of
//! their key, keys in the order of the map, literal blocks for text of several
//! lines. Reading with places is in [`crate::node`].

mod scalar;
mod write;

pub use write::{document, stream};

use serde_json::Value;

/// Text that is not YAML.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct YamlError(String);

/// Reads one document as plain data.
pub fn read(text: &str) -> Result<Value, YamlError> {
    serde_saphyr::from_str(text).map_err(|error| YamlError(error.to_string()))
}
