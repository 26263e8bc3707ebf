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
    serde_saphyr::from_str_with_options(text, options())
        .map_err(|error| YamlError(error.to_string()))
}

/// Options under which a text means what Kubernetes' users expect of YAML 1.2:
/// `yes` and `on` are strings. A number with a leading zero is one too: readers
/// disagree whether it is octal, so it is left to whoever expects a number to
/// refuse it. Tags are refused rather than ignored.
pub(crate) fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        reject_unsupported_tags: true,
    }
}
