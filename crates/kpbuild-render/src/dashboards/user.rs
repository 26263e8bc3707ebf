//! The user's dashboards: JSON as Grafana exports it, or jsonnet that makes it.

use kpbuild_core::node::read_documents;
use kpbuild_core::{Code, Diagnostic, Diagnostics, FileId, Node, Severity, SourceMap, Span};
use kpbuild_dashboard::Finding;
use serde_json::Value;

use crate::jsonnet::Jsonnet;
use crate::user_files;

/// A file that holds no dashboard.
pub(crate) const NOT_A_DASHBOARD: Code = Code("dashboard-not-a-dashboard");
/// A dashboard in jsonnet that cannot be evaluated.
pub(crate) const JSONNET: Code = Code("dashboard-jsonnet");
/// A file whose name Kubernetes does not take.
pub(crate) const FILE_NAME: Code = Code("dashboard-file-name");

/// A file with a dashboard that the stack file names, already read.
#[derive(Debug, Clone)]
pub struct DashboardFile {
    /// The file, JSON or jsonnet by its ending.
    pub file: FileId,
    /// The folder in which Grafana shows it, when it is not the default one.
    pub folder: Option<String>,
}

/// A dashboard of the user's.
#[derive(Debug)]
pub(crate) struct UserDashboard {
    /// Its file name for Grafana, which ends in `.json`.
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) folder: Option<String>,
    pub(super) place: Place,
}

/// Where a dashboard is written.
#[derive(Debug)]
pub(crate) struct Place {
    /// The place of all of it.
    whole: Span,
    /// The places of its parts, if it is written as it is read.
    tree: Option<Node>,
}

impl Place {
    /// A place whose parts have none of their own.
    pub(super) fn whole(span: Span) -> Self {
        Self {
            whole: span,
            tree: None,
        }
    }

    /// Where a part is written, or the nearest part around it; the start of the
    /// file if that is not known.
    pub(super) fn span(&self, path: &[&str]) -> Span {
        let Some(tree) = self.tree.as_ref().filter(|_| !path.is_empty()) else {
            return self.whole;
        };
        (1..=path.len())
            .rev()
            .find_map(|length| tree.at(path[..length].iter().copied()))
            .map_or(self.whole, |node| node.span)
    }

    /// What is wrong with the dashboard that is written here.
    pub(super) fn diagnostic(&self, finding: Finding) -> Diagnostic {
        let path: Vec<&str> = finding.path.iter().map(String::as_str).collect();
        let make = match finding.severity {
            Severity::Error => Diagnostic::error,
            Severity::Warning => Diagnostic::warning,
        };
        let diagnostic = make(finding.code, finding.message).at(self.span(&path), "");
        match finding.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}

/// Reads a dashboard from its file.
pub(crate) fn read(
    wanted: &DashboardFile,
    jsonnet: &Jsonnet,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Option<UserDashboard> {
    let path = sources.file(wanted.file).name.clone();
    let start = Span {
        file: wanted.file,
        start: 0,
        end: 1,
    };
    let name = match file_name(&path) {
        Ok(name) => name,
        Err(problem) => {
            diagnostics.push(problem.at(start, ""));
            return None;
        }
    };
    let value = if is_json(&path) {
        from_json(wanted.file, sources)
    } else {
        from_jsonnet(wanted.file, jsonnet, sources)
    };
    match value.and_then(|value| unwrapped(value, start)) {
        Ok(value) => {
            let tree = is_json(&path).then(|| tree(wanted.file, sources)).flatten();
            let place = Place { whole: start, tree };
            Some(UserDashboard {
                name,
                value,
                folder: wanted.folder.clone(),
                place,
            })
        }
        Err(problem) => {
            diagnostics.push(problem);
            None
        }
    }
}

fn is_json(path: &str) -> bool {
    std::path::Path::new(path)
        .extension()
        .is_some_and(|ending| ending == "json")
}

fn from_json(file: FileId, sources: &SourceMap) -> Result<Value, Diagnostic> {
    let text = &sources.file(file).text;
    serde_json::from_str(text).map_err(|error| {
        let before: usize = text
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum();
        let at = u32::try_from(before + error.column().saturating_sub(1)).unwrap_or(0);
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        Diagnostic::error(NOT_A_DASHBOARD, format!("this is not JSON: {reason}")).at(
            Span {
                file,
                start: at,
                end: at + 1,
            },
            "",
        )
    })
}

fn from_jsonnet(
    file: FileId,
    jsonnet: &Jsonnet,
    sources: &mut SourceMap,
) -> Result<Value, Diagnostic> {
    let path = sources.file(file).name.clone();
    jsonnet.call_user_file(&path, &[]).map_err(|error| {
        let start = Span {
            file,
            start: 0,
            end: 1,
        };
        user_files::failed(
            JSONNET,
            &format!("the dashboard `{path}`"),
            start,
            &error,
            sources,
        )
    })
}

/// The places in a JSON file, read as the YAML that it is too.
fn tree(file: FileId, sources: &SourceMap) -> Option<Node> {
    read_documents(sources, file).ok()?.into_iter().next()
}

/// Forms of a dashboard that Grafana's file provider does not take.
fn unwrapped(value: Value, start: Span) -> Result<Value, Diagnostic> {
    let wrong = |message: &str, help: &str| {
        Err(Diagnostic::error(NOT_A_DASHBOARD, message)
            .at(start, "")
            .help(help))
    };
    match &value {
        Value::Object(map) if map.contains_key("dashboard") && !map.contains_key("panels") => {
            wrong(
                "this is an answer of Grafana's API",
                "keep what is under `dashboard`",
            )
        }
        Value::Object(map) if map.contains_key("apiVersion") && map.contains_key("spec") => wrong(
            "this is a dashboard as an API object",
            "export it as JSON in the classic model, which files are provisioned in",
        ),
        Value::Object(_) => Ok(value),
        _ => wrong(
            "a dashboard is an object",
            "the file gives another kind of value",
        ),
    }
}

/// The file name that Grafana sees. Kubernetes has it as the name of a
/// ConfigMap and of a volume, which limits what it may be.
fn file_name(path: &str) -> Result<String, Diagnostic> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if is_label(stem) {
        return Ok(format!("{stem}.json"));
    }
    let words = stem.to_lowercase();
    let parts: Vec<&str> = words
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    let better: String = parts.join("-").chars().take(LONGEST).collect();
    let help = if is_label(&better) {
        format!("call the file `{better}{}`", &name[stem.len()..])
    } else {
        format!("at most {LONGEST} lower case letters, digits and `-`")
    };
    Err(Diagnostic::error(FILE_NAME, format!("`{name}` cannot name a ConfigMap")).help(help))
}

/// A volume has at most 63 characters, and `grafana-dashboard-` stands before.
const LONGEST: usize = 63 - "grafana-dashboard-".len();

fn is_label(stem: &str) -> bool {
    let is_legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !stem.is_empty()
        && stem.len() <= LONGEST
        && stem.chars().all(is_legal)
        && !stem.starts_with('-')
        && !stem.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserFiles;
    use kpbuild_core::Style;

    /// What is said about a file, or what is read from it.
    fn read_one(path: &'static str, text: &'static str) -> String {
        let mut sources = SourceMap::default();
        let file = sources.add(path, text);
        let files = UserFiles::new("", move |wanted| {
            Ok((wanted == path).then(|| text.to_owned()))
        });
        let mut diagnostics = Diagnostics::default();
        let wanted = DashboardFile { file, folder: None };
        let jsonnet = Jsonnet::with_files(&files);
        let read = read(&wanted, &jsonnet, &mut sources, &mut diagnostics);
        match read {
            Some(dashboard) => format!("{} {}", dashboard.name, dashboard.value),
            None => diagnostics.sorted()[0].render(&sources, Style::Plain),
        }
    }

    #[test]
    fn dashboards_are_json_or_jsonnet() {
        assert_eq!(
            read_one("d/a.json", r#"{"title": "A"}"#),
            r#"a.json {"title":"A"}"#
        );
        assert_eq!(
            read_one("b.jsonnet", "{title: 'B' + 1}"),
            r#"b.json {"title":"B1"}"#
        );
        assert_eq!(
            read_one("c.libsonnet", "function() {title: 'C'}"),
            r#"c.json {"title":"C"}"#
        );
    }

    #[test]
    fn what_is_no_dashboard_is_explained() {
        let all = [
            read_one("a.json", "{\n  \"title\": \"A\",\n}\n"),
            read_one("a.json", r#"{"dashboard": {"title": "A"}, "meta": {}}"#),
            read_one("a.jsonnet", "['a']"),
            read_one("My Board.json", "{}"),
            read_one("d/-.json", "{}"),
            read_one("a.jsonnet", "{title: std.missing(1)}"),
        ];
        insta::assert_snapshot!(all.join("\n\n"), @r#"
        error[dashboard-not-a-dashboard]: this is not JSON: trailing comma
         --> a.json:3:1
          |
        3 | }
          | ^

        error[dashboard-not-a-dashboard]: this is an answer of Grafana's API
         --> a.json:1:1
          |
        1 | {"dashboard": {"title": "A"}, "meta": {}}
          | ^
          |
          = help: keep what is under `dashboard`

        error[dashboard-not-a-dashboard]: a dashboard is an object
         --> a.jsonnet:1:1
          |
        1 | ['a']
          | ^
          |
          = help: the file gives another kind of value

        error[dashboard-file-name]: `My Board.json` cannot name a ConfigMap
         --> My Board.json:1:1
          |
        1 | {}
          | ^
          |
          = help: call the file `my-board.json`

        error[dashboard-file-name]: `-.json` cannot name a ConfigMap
         --> d/-.json:1:1
          |
        1 | {}
          | ^
          |
          = help: at most 45 lower case letters, digits and `-`

        error[dashboard-jsonnet]: the dashboard `a.jsonnet` cannot be evaluated: no such field: missing
         --> a.jsonnet:1:13
          |
        1 | {title: std.missing(1)}
          |             ^^^^^^^
          |
          = note: field <title> evaluation
        "#);
    }

    #[test]
    fn parts_of_json_have_places() {
        let mut sources = SourceMap::default();
        let file = sources.add(
            "a.json",
            "{\n\t\"uid\": \"x\", \"panels\": [{\"id\": 7}]\n}",
        );
        let place = Place {
            whole: Span {
                file,
                start: 0,
                end: 1,
            },
            tree: tree(file, &sources),
        };
        let text = |path: &[&str]| sources.text(place.span(path)).to_owned();
        assert_eq!(text(&["uid"]), "\"x\"");
        assert_eq!(text(&["panels", "0", "id"]), "7");
        assert_eq!(text(&["panels", "0", "gone"]), text(&["panels", "0"]));
    }
}
