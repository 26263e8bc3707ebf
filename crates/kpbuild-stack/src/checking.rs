//! The section `check`: what `kpbuild check` cannot know, and what it shall pass
//! over. Nothing of it is rendered.

use kpbuild_core::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::parse::StackFile;

/// What `kpbuild check` cannot know, and what it shall pass over.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Check {
    /// Objects that others install and that this stack refers to, as
    /// `Kind/name`, or `Kind/namespace/name`; `*` stands for any characters:
    /// `Secret/etcd-client`, `StorageClass/fast-*`.
    #[schemars(inner(length(min = 3)))]
    pub external: Vec<String>,
    /// Metrics that kpbuild does not know and that are there, such as those of
    /// your own programs; `*` stands for any characters: `shop_*`.
    #[schemars(inner(length(min = 1)))]
    pub metrics: Vec<String>,
    /// Findings that are known and accepted, each with its reason.
    pub silence: Vec<Silence>,
}

/// A finding that is known and accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Silence {
    /// The code of the finding, as it stands in brackets: `range-too-short`.
    #[schemars(length(min = 1))]
    pub code: String,
    /// The object that the finding is about, as `Kind/name` or
    /// `Kind/namespace/name`, or the file if it is about one of yours; `*`
    /// stands for any characters.
    #[schemars(length(min = 1))]
    pub object: String,
    /// Only findings whose message has these words, where one object has
    /// several of a code.
    #[schemars(length(min = 1))]
    pub message: Option<String>,
    /// Why it is accepted, for whoever reads the stack file next.
    #[schemars(length(min = 3))]
    pub reason: String,
}

/// What checks are told beside the objects.
#[derive(Debug, Clone, Default)]
pub struct Checking {
    /// The version of Kubernetes, such as `1.34`.
    pub kubernetes: Option<String>,
    /// What the cluster was made by, as it is written in the stack file.
    pub platform: Option<String>,
    /// Objects that others install.
    pub external: Vec<String>,
    /// Metrics that are there all the same.
    pub metrics: Vec<String>,
    /// Whether the objects are manifests that were read, so that their places are
    /// those of the objects themselves.
    pub manifests: bool,
    /// Findings that are accepted, and where that is written.
    pub silences: Vec<(Silence, Option<Span>)>,
}

pub(crate) fn resolve(file: &StackFile) -> Checking {
    let place = |index: usize| {
        let node = file.tree.at(["check", "silence", &index.to_string()])?;
        Some(node.get("code").unwrap_or(node).span)
    };
    let check = &file.shape.check;
    let silences = check.silence.iter().enumerate();
    let platform = file.shape.cluster.platform;
    Checking {
        kubernetes: file.shape.cluster.version.as_ref().map(ToString::to_string),
        platform: platform.and_then(|platform| {
            let name = serde_json::to_value(platform).ok()?;
            name.as_str().map(str::to_owned)
        }),
        external: check.external.clone(),
        metrics: check.metrics.clone(),
        manifests: false,
        silences: silences
            .map(|(index, silence)| (silence.clone(), place(index)))
            .collect(),
    }
}
