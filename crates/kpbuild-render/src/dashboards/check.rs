//! What can be wrong with one dashboard, whoever wrote it. Each check is a
//! function with its own code; [`check`] lists them.
//!
//! Grafana mends much of this when it loads a dashboard, in its own way and
//! without a word: what it cannot mend is an error here, the rest a warning.

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_core::{Code, Diagnostic, Severity};
use serde_json::Value;

use super::query;
use super::user::Place;
use super::variables::references;

/// A dashboard without a title.
pub(crate) const NO_TITLE: Code = Code("dashboard-no-title");
/// A uid that is missing, or that Grafana refuses.
pub(crate) const UID: Code = Code("dashboard-uid");
/// A dashboard that an older Grafana wrote.
pub(crate) const OLD_SCHEMA: Code = Code("dashboard-old-schema");
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

    /// As a finding about a file of the user's.
    pub(super) fn at(self, place: &Place) -> Diagnostic {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let diagnostic = match self.severity {
            Severity::Error => Diagnostic::error(self.code, self.message),
            Severity::Warning => Diagnostic::warning(self.code, self.message),
        };
        let diagnostic = diagnostic.at(place.span(&path), "");
        match self.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
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
        .filter_map(|(path, expr)| Some((path, query::error(expr)?)))
        .map(|(path, reason)| {
            Finding::warning(QUERY, format!("the query is not PromQL: {reason}")).within(&path)
        })
        .collect()
}

/// The PromQL of all panels, with its place.
pub(super) fn queries(dashboard: &Value) -> impl Iterator<Item = (Vec<String>, &str)> {
    panels(dashboard).flat_map(|panel| {
        let targets = panel.value["targets"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate();
        targets
            .filter(|(_, target)| asks_prometheus(target, panel.value, dashboard))
            .filter_map(|(index, target)| {
                let path = [
                    panel.path.as_slice(),
                    &["targets".into(), index.to_string(), "expr".into()],
                ]
                .concat();
                Some((path, target["expr"].as_str()?))
            })
            .collect::<Vec<_>>()
    })
}

/// Whether a query goes to Prometheus: its own data source says so, or that of
/// its panel, or a variable's; without any, the default one is Prometheus here.
fn asks_prometheus(target: &Value, panel: &Value, dashboard: &Value) -> bool {
    let source = [&target["datasource"], &panel["datasource"]]
        .into_iter()
        .find(|source| !source.is_null());
    let Some(source) = source else { return true };
    if let Some(kind) = source["type"].as_str() {
        return kind == "prometheus";
    }
    let name = source
        .as_str()
        .or(source["uid"].as_str())
        .unwrap_or_default();
    let variable = references(name).into_iter().find_map(|reference| {
        let kind = variables(dashboard).find(|(_, value)| value["name"] == reference.name);
        kind.and_then(|(_, value)| value["query"].as_str())
    });
    variable.is_none_or(|kind| kind == "prometheus")
}

/// A panel with its place in the dashboard.
struct Panel<'a> {
    path: Vec<String>,
    value: &'a Value,
}

impl Panel<'_> {
    fn name(&self) -> String {
        match self.value["title"].as_str() {
            Some(title) if !title.is_empty() => format!("`{title}`"),
            _ => format!("at {}", self.path.join(".")),
        }
    }

    fn grid(&self) -> Option<Grid> {
        let number = |field: &str| self.value["gridPos"][field].as_u64();
        Some(Grid {
            x: number("x")?,
            y: number("y")?,
            w: number("w")?,
            h: number("h")?,
        })
    }
}

/// A place on the dashboard, in columns and lines.
#[derive(Debug, Clone, Copy)]
struct Grid {
    x: u64,
    y: u64,
    w: u64,
    h: u64,
}

impl Grid {
    fn overlaps(self, other: Self) -> bool {
        self.x < other.x + other.w
            && other.x < self.x + self.w
            && self.y < other.y + other.h
            && other.y < self.y + self.h
    }
}

/// All panels, those of rows after their row.
fn panels(dashboard: &Value) -> impl Iterator<Item = Panel<'_>> {
    let below = |path: &[String], value| {
        let list: Option<&Vec<Value>> = Value::as_array(value);
        let path = path.to_vec();
        list.into_iter()
            .flatten()
            .enumerate()
            .map(move |(index, value)| Panel {
                path: [path.as_slice(), &["panels".to_owned(), index.to_string()]].concat(),
                value,
            })
    };
    below(&[], &dashboard["panels"]).flat_map(move |panel| {
        let inner: Vec<Panel<'_>> = below(&panel.path, &panel.value["panels"]).collect();
        std::iter::once(panel).chain(inner)
    })
}

/// The definitions of variables, with their places.
fn variables(dashboard: &Value) -> impl Iterator<Item = (Vec<String>, &Value)> {
    let list = dashboard["templating"]["list"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate();
    list.map(|(index, value)| {
        (
            vec![
                "templating".to_owned(),
                "list".to_owned(),
                index.to_string(),
            ],
            value,
        )
    })
}

/// The texts in which a variable is one for sure: queries and data sources.
fn texts_with_variables(dashboard: &Value) -> Vec<(Vec<String>, &str)> {
    let mut texts = Vec::new();
    let mut add = |path: Vec<String>, value| strings(value, &mut path.clone(), &mut texts);
    let at = |path: &[String], key: &str| [path, &[key.to_owned()]].concat();
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

/// All strings below a value, with their places.
fn strings<'a>(value: &'a Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, &'a str)>) {
    match value {
        Value::String(text) => found.push((path.clone(), text)),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                strings(item, path, found);
                path.pop();
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                path.push(key.clone());
                strings(item, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn right() -> Value {
        let datasource = json!({"type": "prometheus", "uid": "${source}"});
        let panel = |id: u64, x: u64, expr: &str| {
            json!({
                "id": id, "title": format!("P{id}"), "gridPos": {"x": x, "y": 0, "w": 12, "h": 7},
                "datasource": datasource, "targets": [{"expr": expr}],
            })
        };
        json!({
            "title": "T", "uid": "t", "schemaVersion": 42,
            "templating": {"list": [
                {"name": "source", "type": "datasource", "query": "prometheus"},
                {"name": "job", "type": "query", "query": {"query": "label_values(up, job)"}},
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
