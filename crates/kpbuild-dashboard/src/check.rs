//! What can be wrong with one dashboard, whoever wrote it. Each check is a
//! function with its own code; [`check`] lists them.
//!
//! Grafana mends much of this when it loads a dashboard, in its own way and
//! without a word: what it cannot mend is an error here, the rest a warning.

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_core::{Code, Severity};
use serde_json::Value;

use crate::model::{Panel, below, list, panels, queries, strings, variables};
use crate::query;
use crate::variables::references;

/// A dashboard without a title.
pub(crate) const NO_TITLE: Code = Code("dashboard-no-title");
/// A uid that is missing, or that Grafana refuses.
pub(crate) const UID: Code = Code("dashboard-uid");
/// A dashboard that an older Grafana wrote.
pub const OLD_SCHEMA: Code = Code("dashboard-old-schema");
/// Panels with the same id.
pub(crate) const PANEL_ID: Code = Code("dashboard-panel-id");
/// Panels that lie on top of each other, or beside the grid.
pub(crate) const LAYOUT: Code = Code("dashboard-layout");
/// A variable that is used and not defined.
pub(crate) const UNDEFINED_VARIABLE: Code = Code("dashboard-undefined-variable");
/// A variable that is defined and not used.
pub(crate) const UNUSED_VARIABLE: Code = Code("dashboard-unused-variable");
/// A query that is not PromQL.
pub(crate) const QUERY: Code = Code("dashboard-query");

/// A rate over a window that may hold no two scrapes.
pub(crate) const RATE_INTERVAL: Code = Code("dashboard-rate-interval");
/// A panel that asks for nothing.
pub(crate) const NO_QUERY: Code = Code("dashboard-no-query");
/// A panel without a title.
pub(crate) const PANEL_TITLE: Code = Code("dashboard-panel-title");
/// A variable whose values are never asked for again.
pub(crate) const STALE_VARIABLE: Code = Code("dashboard-stale-variable");

/// The codes of all findings about a dashboard by itself.
pub const CODES: &[Code] = &[
    NO_TITLE,
    UID,
    OLD_SCHEMA,
    PANEL_ID,
    LAYOUT,
    UNDEFINED_VARIABLE,
    UNUSED_VARIABLE,
    QUERY,
    RATE_INTERVAL,
    NO_QUERY,
    PANEL_TITLE,
    STALE_VARIABLE,
];

/// The version of the dashboard model that Grafana 13 writes.
const SCHEMA_VERSION: u64 = 42;

/// How many columns a dashboard has.
const COLUMNS: u64 = 24;

/// Something wrong with a dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The kind of finding.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where in the dashboard: keys and indices.
    pub path: Vec<String>,
    /// The way out.
    pub help: Option<String>,
}

impl Finding {
    fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            path: Vec::new(),
            help: None,
        }
    }

    fn warning(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    fn within(self, path: &[String]) -> Self {
        Self {
            path: path.to_vec(),
            ..self
        }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }
}

/// Everything that is wrong with a dashboard.
pub fn check(dashboard: &Value) -> Vec<Finding> {
    let checks = [
        title,
        uid,
        schema_version,
        panel_ids,
        layout,
        undefined_variables,
        unused_variables,
        promql,
        rate_intervals,
        empty_panels,
        stale_variables,
    ];
    checks.iter().flat_map(|check| check(dashboard)).collect()
}

/// Grafana refuses a dashboard without a title.
fn title(dashboard: &Value) -> Vec<Finding> {
    match dashboard["title"].as_str() {
        Some(title) if !title.trim().is_empty() => Vec::new(),
        _ => vec![
            Finding::error(NO_TITLE, "the dashboard has no title")
                .help("Grafana refuses it: give it a `title`"),
        ],
    }
}

/// Links and bookmarks use the uid, so it has to stay the same.
fn uid(dashboard: &Value) -> Vec<Finding> {
    let Some(uid) = dashboard["uid"].as_str().filter(|uid| !uid.is_empty()) else {
        return vec![
            Finding::warning(UID, "the dashboard has no uid")
                .help("give it a `uid`: without one its address changes whenever Grafana starts"),
        ];
    };
    let is_legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if uid.len() <= 40 && uid.chars().all(is_legal) {
        return Vec::new();
    }
    vec![
        Finding::error(UID, format!("Grafana refuses the uid `{uid}`"))
            .within(&["uid".to_owned()])
            .help("at most 40 letters, digits, `-` and `_`"),
    ]
}

/// Grafana brings older dashboards up to date each time it loads them.
fn schema_version(dashboard: &Value) -> Vec<Finding> {
    let path = &["schemaVersion".to_owned()];
    let message = match dashboard["schemaVersion"].as_u64() {
        Some(version) if version >= SCHEMA_VERSION => return Vec::new(),
        Some(version) => format!(
            "the dashboard has schema version {version}, Grafana 13 writes {SCHEMA_VERSION}"
        ),
        None => "the dashboard has no schema version".to_owned(),
    };
    vec![
        Finding::warning(OLD_SCHEMA, message)
            .within(path)
            .help("open it in Grafana 13, save it and export it again"),
    ]
}

/// Links to a panel and repeated panels need ids of their own.
fn panel_ids(dashboard: &Value) -> Vec<Finding> {
    let mut seen: BTreeMap<u64, String> = BTreeMap::new();
    let mut found = Vec::new();
    for panel in panels(dashboard) {
        let Some(id) = panel.value["id"].as_u64() else {
            let message = format!("the panel {} has no id", panel.name());
            found.push(
                Finding::warning(PANEL_ID, message)
                    .within(&panel.path)
                    .help("Grafana gives it one that may change"),
            );
            continue;
        };
        if let Some(first) = seen.get(&id) {
            let message = format!("the panels {first} and {} have the id {id}", panel.name());
            let path = [panel.path.as_slice(), &["id".to_owned()]].concat();
            found.push(
                Finding::warning(PANEL_ID, message)
                    .within(&path)
                    .help("give each panel an id of its own"),
            );
        } else {
            seen.insert(id, panel.name());
        }
    }
    found
}

/// Panels on top of each other are moved by Grafana, and not where one wants them.
fn layout(dashboard: &Value) -> Vec<Finding> {
    // Panels of a closed row have no place of their own until it is opened.
    let open: Vec<Panel<'_>> = panels(dashboard)
        .filter(|panel| panel.path.len() == 2)
        .collect();
    let mut found = Vec::new();
    for (index, panel) in open.iter().enumerate() {
        let Some(place) = panel.grid() else { continue };
        let path = [panel.path.as_slice(), &["gridPos".to_owned()]].concat();
        if place.x + place.w > COLUMNS || place.w == 0 || place.h == 0 {
            let message = format!(
                "the panel {} does not fit into the {COLUMNS} columns",
                panel.name()
            );
            found.push(Finding::warning(LAYOUT, message).within(&path));
        }
        let below = open[..index]
            .iter()
            .find(|other| other.grid().is_some_and(|other| other.overlaps(place)));
        if let Some(other) = below {
            let message = format!("the panels {} and {} overlap", other.name(), panel.name());
            found.push(
                Finding::warning(LAYOUT, message)
                    .within(&path)
                    .help("move one of them"),
            );
        }
    }
    found
}

/// A query with a variable that nobody defines asks for its name.
fn undefined_variables(dashboard: &Value) -> Vec<Finding> {
    let defined: BTreeSet<&str> = variables(dashboard)
        .filter_map(|(_, value)| value["name"].as_str())
        .collect();
    let mut found: BTreeMap<String, Finding> = BTreeMap::new();
    for (path, text) in texts_with_variables(dashboard) {
        for reference in references(text)
            .into_iter()
            .filter(|reference| !reference.is_built_in())
        {
            if !defined.contains(reference.name) {
                let name = reference.name.to_owned();
                found
                    .entry(name)
                    .or_insert_with_key(|name| undefined(name, &path));
            }
        }
    }
    found.into_values().collect()
}

fn undefined(name: &str, path: &[String]) -> Finding {
    let finding = Finding::warning(
        UNDEFINED_VARIABLE,
        format!("the variable `{name}` is not defined"),
    )
    .within(path);
    match name.strip_prefix("DS_") {
        Some(_) => finding.help(format!(
            "this is an export to be imported by hand: export it again without sharing it externally, or define a \
             variable `{name}` of the type `datasource`"
        )),
        None => finding.help("define it under `templating`, or write what it stands for"),
    }
}

/// A variable that nothing depends on is a choice without effect.
fn unused_variables(dashboard: &Value) -> Vec<Finding> {
    let mut texts = Vec::new();
    strings(dashboard, &mut Vec::new(), &mut texts);
    let mut used: BTreeSet<&str> = texts
        .iter()
        .flat_map(|(_, text)| references(text))
        .map(|found| found.name)
        .collect();
    used.extend(panels(dashboard).filter_map(|panel| panel.value["repeat"].as_str()));
    variables(dashboard)
        .filter(|(_, value)| {
            !matches!(
                value["type"].as_str(),
                Some("adhoc" | "groupby" | "system" | "snapshot")
            )
        })
        .filter_map(|(path, value)| Some((path, value["name"].as_str()?)))
        .filter(|(_, name)| !used.contains(name))
        .map(|(path, name)| {
            Finding::warning(
                UNUSED_VARIABLE,
                format!("nothing uses the variable `{name}`"),
            )
            .within(&path)
            .help("use it in a query, or remove it")
        })
        .collect()
}

/// A query that is not PromQL gives an error in place of data.
fn promql(dashboard: &Value) -> Vec<Finding> {
    queries(dashboard)
        .filter_map(|one| Some((query::error(one.expr)?, one)))
        .map(|(reason, one)| {
            let message = format!("the query of {} is not PromQL: {reason}", one.of);
            Finding::warning(QUERY, message).within(&one.path)
        })
        .collect()
}

/// `$__interval` is as short as the distance of two points on the screen, which
/// holds no two scrapes as soon as somebody looks closely.
fn rate_intervals(dashboard: &Value) -> Vec<Finding> {
    queries(dashboard)
        .filter(|one| {
            let text: String = one.expr.split_whitespace().collect();
            ["[$__interval]", "[${__interval}]", "[[[__interval]]]"]
                .iter()
                .any(|range| text.contains(range))
                && ["rate(", "increase("]
                    .iter()
                    .any(|call| text.contains(call))
        })
        .map(|one| {
            let message = format!("{} takes a rate over `$__interval`", one.of);
            Finding::warning(RATE_INTERVAL, message)
                .within(&one.path)
                .help("write `$__rate_interval`, which always holds four scrapes")
        })
        .collect()
}

/// Panels that show data need a query, and all but texts a title.
fn empty_panels(dashboard: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for panel in panels(dashboard) {
        let kind = panel.value["type"].as_str().unwrap_or_default();
        let has_title = panel.value["title"]
            .as_str()
            .is_some_and(|title| !title.trim().is_empty());
        let shows_data = DATA_PANELS.contains(&kind);
        if shows_data && list(&panel.value["targets"]).next().is_none() {
            let message = format!("the panel {} asks for nothing", panel.name());
            found.push(
                Finding::warning(NO_QUERY, message)
                    .within(&panel.path)
                    .help("give it a query under `targets`, or remove it"),
            );
        }
        if shows_data && !has_title && panel.value["libraryPanel"].is_null() {
            let message = format!("the panel {} has no title", panel.name());
            found.push(
                Finding::warning(PANEL_TITLE, message)
                    .within(&panel.path)
                    .help("say in `title` what it shows"),
            );
        }
    }
    found
}

/// Types of panels that show the answers of queries.
const DATA_PANELS: [&str; 12] = [
    "barchart",
    "bargauge",
    "gauge",
    "graph",
    "heatmap",
    "histogram",
    "piechart",
    "singlestat",
    "stat",
    "state-timeline",
    "table",
    "timeseries",
];

/// A variable that never asks again offers what there was when it was saved.
fn stale_variables(dashboard: &Value) -> Vec<Finding> {
    variables(dashboard)
        .filter(|(_, value)| value["type"] == "query")
        .filter(|(_, value)| value["refresh"].as_u64().unwrap_or(0) == 0)
        .map(|(path, value)| {
            let name = value["name"].as_str().unwrap_or_default();
            let message = format!("the values of the variable `{name}` are never asked for again");
            Finding::warning(STALE_VARIABLE, message)
                .within(&path)
                .help("set `refresh: 2`: they then follow the time range")
        })
        .collect()
}

/// The texts in which a variable is one for sure: queries and data sources.
fn texts_with_variables(dashboard: &Value) -> Vec<(Vec<String>, &str)> {
    let mut texts = Vec::new();
    let mut add = |path: Vec<String>, value| strings(value, &mut path.clone(), &mut texts);
    let at = |path: &[String], key: &str| below(path, &[key]);
    for panel in panels(dashboard) {
        add(at(&panel.path, "datasource"), &panel.value["datasource"]);
        for (index, target) in panel.value["targets"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            let path = at(&at(&panel.path, "targets"), &index.to_string());
            for key in ["datasource", "expr", "interval"] {
                add(at(&path, key), &target[key]);
            }
        }
    }
    for (path, variable) in variables(dashboard) {
        for key in ["datasource", "query"] {
            add(at(&path, key), &variable[key]);
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn right() -> Value {
        let datasource = json!({"type": "prometheus", "uid": "${source}"});
        let panel = |id: u64, x: u64, expr: &str| {
            json!({
                "id": id, "type": "timeseries", "title": format!("P{id}"), "gridPos": {"x": x, "y": 0, "w": 12, "h": 7},
                "datasource": datasource, "targets": [{"expr": expr}],
            })
        };
        json!({
            "title": "T", "uid": "t", "schemaVersion": 42,
            "templating": {"list": [
                {"name": "source", "type": "datasource", "query": "prometheus"},
                {"name": "job", "type": "query", "refresh": 2, "query": {"query": "label_values(up, job)"}},
            ]},
            "panels": [
                panel(1, 0, "rate(a{job=\"$job\"}[$__rate_interval])"),
                panel(2, 12, "up"),
                {"id": 3, "type": "row", "title": "R", "gridPos": {"x": 0, "y": 7, "w": 24, "h": 1},
                 "panels": [panel(4, 0, "up")]},
            ],
        })
    }

    #[test]
    fn a_dashboard_that_is_right_has_no_findings() {
        assert_eq!(check(&right()), []);
    }

    /// Breaks one thing and expects one finding: its code, place and message.
    #[track_caller]
    fn broken(pointer: &str, value: Value, code: Code, path: &str, message: &str) {
        let mut dashboard = right();
        if let Some(place) = dashboard.pointer_mut(pointer) {
            *place = value;
        } else {
            let (parent, key) = pointer
                .rsplit_once('/')
                .expect("a pointer starts with a slash");
            dashboard.pointer_mut(parent).expect("the parent is there")[key] = value;
        }
        let found: Vec<_> = check(&dashboard)
            .into_iter()
            .map(|f| (f.code, f.path.join("."), f.message))
            .collect();
        assert_eq!(found, [(code, path.to_owned(), message.to_owned())]);
    }

    #[test]
    fn what_is_broken_is_found_where_it_is() {
        broken(
            "/title",
            json!(" "),
            NO_TITLE,
            "",
            "the dashboard has no title",
        );
        broken("/uid", json!(null), UID, "", "the dashboard has no uid");
        broken(
            "/uid",
            json!("a b"),
            UID,
            "uid",
            "Grafana refuses the uid `a b`",
        );
        let old = "the dashboard has schema version 39, Grafana 13 writes 42";
        broken(
            "/schemaVersion",
            json!(39),
            OLD_SCHEMA,
            "schemaVersion",
            old,
        );
        let twice = "the panels `P1` and `P4` have the id 1";
        broken(
            "/panels/2/panels/0",
            json!({"id": 1, "title": "P4"}),
            PANEL_ID,
            "panels.2.panels.0.id",
            twice,
        );
        let overlap = "the panels `P1` and `P2` overlap";
        broken(
            "/panels/1/gridPos/x",
            json!(11),
            LAYOUT,
            "panels.1.gridPos",
            overlap,
        );
        let wide = "the panel `P2` does not fit into the 24 columns";
        broken(
            "/panels/1/gridPos/w",
            json!(13),
            LAYOUT,
            "panels.1.gridPos",
            wide,
        );
        let undefined = "the variable `pod` is not defined";
        broken(
            "/panels/1/targets/0/expr",
            json!("up{pod=\"$pod\"}"),
            UNDEFINED_VARIABLE,
            "panels.1.targets.0.expr",
            undefined,
        );
        let unused = "nothing uses the variable `job`";
        broken(
            "/panels/0/targets/0/expr",
            json!("up"),
            UNUSED_VARIABLE,
            "templating.list.1",
            unused,
        );
    }

    #[test]
    fn queries_of_other_data_sources_are_not_promql() {
        let mut dashboard = right();
        dashboard["panels"][1]["targets"][0]["expr"] = json!("{app=\"x\"} |= \"error\"");
        assert_eq!(check(&dashboard)[0].code, QUERY);
        dashboard["panels"][1]["targets"][0]["datasource"] = json!({"type": "loki"});
        assert_eq!(check(&dashboard), []);
    }

    #[test]
    fn an_export_for_sharing_is_explained() {
        let mut dashboard = right();
        dashboard["panels"][1]["datasource"] = json!({"uid": "${DS_PROMETHEUS}"});
        let found = check(&dashboard);
        assert!(
            found[0]
                .help
                .as_ref()
                .is_some_and(|help| help.contains("export it again")),
            "{found:?}"
        );
    }
}
