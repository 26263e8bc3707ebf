//! The section `dashboards`: which of those that come along are not wanted,
//! and which the user adds.
//!
//! Here is only what the stack file says. The files behind it are read by the
//! binary; that a pattern matches something is known when the dashboards are.

use kpbuild_core::{Span, yaml};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::Context;
use crate::parse::StackFile;

/// The dashboards of Grafana.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Dashboards {
    /// Dashboards that are not installed, by file name without `.json`; `*`
    /// stands for any characters. `[k8s-*windows*, nodes-aix, nodes-darwin]`
    /// are those of Windows, AIX and macOS.
    #[schemars(inner(length(min = 1)))]
    pub exclude: Vec<String>,
    /// Your own dashboards: files with one dashboard each, in JSON or jsonnet
    /// (`.jsonnet`, `.libsonnet`), such as `dashboards/*.json`. Paths are
    /// relative to the stack file.
    pub files: Vec<DashboardFiles>,
}

/// Files of dashboards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DashboardFiles {
    /// A path, in which `*` stands for any characters and `**` for any folders.
    Path(#[schemars(length(min = 1))] String),
    /// A path, and where Grafana shows the dashboards.
    InFolder(FolderFiles),
}

/// Files of dashboards in a folder of Grafana.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FolderFiles {
    /// The path, in which `*` stands for any characters and `**` for any folders.
    #[schemars(length(min = 1))]
    pub path: String,
    /// The folder in which Grafana shows the dashboards; by default, that of
    /// all others (`components.grafana.dashboardFolder`).
    #[schemars(length(min = 1))]
    pub folder: Option<String>,
}

impl DashboardFiles {
    /// The path, which may be a pattern.
    pub fn path(&self) -> &str {
        match self {
            Self::Path(path) | Self::InFolder(FolderFiles { path, .. }) => path,
        }
    }

    /// The folder of Grafana, when it is not the default one.
    pub fn folder(&self) -> Option<&str> {
        match self {
            Self::Path(_) => None,
            Self::InFolder(files) => files.folder.as_deref(),
        }
    }
}

/// What is to be done with dashboards.
#[derive(Debug, Clone)]
pub struct DashboardChoices {
    /// Patterns of file names without their ending that are not installed, and
    /// where they are written.
    pub exclude: Vec<(String, Option<Span>)>,
    /// The folders of Grafana, the default one first.
    pub folders: Vec<DashboardFolder>,
    /// Where the section is written.
    pub span: Option<Span>,
}

/// A folder of Grafana.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DashboardFolder {
    /// The title that people see.
    pub title: String,
    /// Where its dashboards are mounted.
    pub path: String,
}

/// Where Grafana finds the dashboards of each of its folders, as it reads that.
pub fn dashboard_providers(folders: &[DashboardFolder]) -> String {
    let provider = |(number, folder): (usize, &DashboardFolder)| {
        json!({
            "folder": folder.title,
            "folderUid": "",
            "name": number.to_string(),
            "options": {"path": folder.path},
            "orgId": 1,
            "type": "file",
        })
    };
    let providers: Vec<Value> = folders.iter().enumerate().map(provider).collect();
    yaml::document(&json!({"apiVersion": 1, "providers": providers}))
}

impl DashboardFolder {
    /// A folder by its number. Paths are numbered: titles may hold what paths
    /// may not.
    pub fn new(number: usize, title: &str) -> Self {
        Self {
            title: title.to_owned(),
            path: format!("/grafana-dashboard-definitions/{number}"),
        }
    }
}

pub(crate) fn resolve(file: &StackFile, context: &Context<'_>) -> DashboardChoices {
    let exclude = file.shape.dashboards.exclude.iter().enumerate();
    let place = |index: usize| {
        let node = file.tree.at(["dashboards", "exclude", &index.to_string()]);
        node.map(|node| node.span)
    };
    DashboardChoices {
        exclude: exclude
            .map(|(index, pattern)| (pattern.clone(), place(index)))
            .collect(),
        folders: context.dashboard_folders(),
        span: file.span(&["dashboards"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_name_a_folder() {
        let files = |text: &str| serde_json::from_str::<DashboardFiles>(text).unwrap();
        let plain = files(r#""a/*.json""#);
        assert_eq!((plain.path(), plain.folder()), ("a/*.json", None));
        let placed = files(r#"{"path": "b.jsonnet", "folder": "Team"}"#);
        assert_eq!(
            (placed.path(), placed.folder()),
            ("b.jsonnet", Some("Team"))
        );
    }
}
