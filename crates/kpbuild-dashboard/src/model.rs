//! What a dashboard consists of.

use serde_json::Value;

use crate::variables::references;

/// Whether a value is a dashboard rather than any other JSON.
pub fn is_dashboard(value: &Value) -> bool {
    value["panels"].is_array() && (value["title"].is_string() || value["schemaVersion"].is_u64())
}

/// A query of Prometheus, of a panel or of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query<'a> {
    /// Where its text is: keys and indices.
    pub path: Vec<String>,
    /// What asks, in a sentence: "the panel `CPU`".
    pub of: String,
    /// The PromQL, with variables in it.
    pub expr: &'a str,
    /// Whether a variable asks, whose labels are all that counts.
    pub is_variable: bool,
}

/// The PromQL of all panels and variables.
pub fn queries(dashboard: &Value) -> impl Iterator<Item = Query<'_>> {
    let of_panels = panels(dashboard).flat_map(|panel| {
        let targets = list(&panel.value["targets"]).enumerate();
        targets
            .filter(|(_, target)| asks_prometheus(target, panel.value, dashboard))
            .filter_map(|(index, target)| {
                Some(Query {
                    path: below(&panel.path, &["targets", &index.to_string(), "expr"]),
                    of: format!("the panel {}", panel.name()),
                    expr: target["expr"].as_str()?,
                    is_variable: false,
                })
            })
            .collect::<Vec<_>>()
    });
    of_panels.chain(variables(dashboard).filter_map(of_variable))
}

/// The selector in the query of a variable: `label_values(SELECTOR, label)`,
/// `query_result(EXPR)`; other functions have none.
fn of_variable((path, variable): (Vec<String>, &Value)) -> Option<Query<'_>> {
    if variable["type"] != "query" {
        return None;
    }
    let (text, key): (&str, &[&str]) = match &variable["query"] {
        Value::String(text) => (text, &["query"]),
        other => (other["query"].as_str()?, &["query", "query"]),
    };
    let text = text.trim();
    let inner = |function: &str| {
        let rest = text.strip_prefix(function)?.trim_start();
        rest.strip_prefix('(')?.strip_suffix(')')
    };
    let expr = match (inner("label_values"), inner("query_result")) {
        (Some(arguments), _) => arguments.rsplit_once(',')?.0.trim(),
        (None, Some(expr)) => expr.trim(),
        (None, None) => return None,
    };
    Some(Query {
        path: below(&path, key),
        of: format!(
            "the variable `{}`",
            variable["name"].as_str().unwrap_or_default()
        ),
        expr,
        is_variable: true,
    })
}

/// The uids of dashboards that links in a dashboard lead to, such as
/// `/d/UID/name?var-a=b`, with their places.
pub fn links(dashboard: &Value) -> Vec<(Vec<String>, &str)> {
    let mut texts = Vec::new();
    strings(dashboard, &mut Vec::new(), &mut texts);
    let is_link = |path: &[String]| {
        path.last()
            .is_some_and(|key| key == "url" || key == "linkUrl")
    };
    texts
        .into_iter()
        .filter(|(path, _)| is_link(path))
        .filter_map(|(path, text)| {
            let (before, rest) = text.split_once("/d/")?;
            let is_ours = !before.contains("://") && references(before).is_empty();
            let uid = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let is_fixed = !uid.is_empty() && references(uid).is_empty();
            (is_ours && is_fixed).then_some((path, uid))
        })
        .collect()
}

/// The data sources that panels, their queries and variables name, with their
/// places: a uid or name, and the type if it is said.
pub fn sources(dashboard: &Value) -> Vec<(Vec<String>, &str, Option<&str>)> {
    let mut found = Vec::new();
    for panel in panels(dashboard) {
        found.extend(source(
            below(&panel.path, &["datasource"]),
            &panel.value["datasource"],
        ));
        for (index, target) in list(&panel.value["targets"]).enumerate() {
            let path = below(&panel.path, &["targets", &index.to_string(), "datasource"]);
            found.extend(source(path, &target["datasource"]));
        }
    }
    for (path, variable) in variables(dashboard) {
        found.extend(source(
            below(&path, &["datasource"]),
            &variable["datasource"],
        ));
    }
    found
}

fn source(path: Vec<String>, value: &Value) -> Option<(Vec<String>, &str, Option<&str>)> {
    let name = value.as_str().or(value["uid"].as_str())?;
    Some((path, name, value["type"].as_str()))
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
#[derive(Debug)]
pub struct Panel<'a> {
    /// Where it is: keys and indices.
    pub path: Vec<String>,
    /// The panel.
    pub value: &'a Value,
}

impl Panel<'_> {
    /// What it is called in a sentence: its title, or else its place.
    pub fn name(&self) -> String {
        match self.value["title"].as_str() {
            Some(title) if !title.is_empty() => format!("`{title}`"),
            _ => format!("at {}", self.path.join(".")),
        }
    }

    pub(crate) fn grid(&self) -> Option<Grid> {
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
pub(crate) struct Grid {
    pub(crate) x: u64,
    pub(crate) y: u64,
    pub(crate) w: u64,
    pub(crate) h: u64,
}

impl Grid {
    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.x < other.x + other.w
            && other.x < self.x + self.w
            && self.y < other.y + other.h
            && other.y < self.y + self.h
    }
}

/// All panels, those of rows after their row.
pub fn panels(dashboard: &Value) -> impl Iterator<Item = Panel<'_>> {
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
pub fn variables(dashboard: &Value) -> impl Iterator<Item = (Vec<String>, &Value)> {
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

/// All strings below a value, with their places.
pub(crate) fn strings<'a>(
    value: &'a Value,
    path: &mut Vec<String>,
    found: &mut Vec<(Vec<String>, &'a str)>,
) {
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

/// The items of a list, none if it is not one.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A path below another one.
pub(crate) fn below(path: &[String], keys: &[&str]) -> Vec<String> {
    let keys = keys.iter().map(|key| (*key).to_owned());
    path.iter().cloned().chain(keys).collect()
}
