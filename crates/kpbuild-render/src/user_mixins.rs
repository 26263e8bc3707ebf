//! Mixins from elsewhere, in the shape in which the ecosystem shares them.
//!
//! They are checked more than ours: what a filter or `config` names must be
//! there, and what comes out must be rules and dashboards.

use std::collections::BTreeMap;
use std::sync::Arc;

use glob::Pattern;
use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Diagnostic, Diagnostics, FileId, Node, SourceMap, Span};
use kpbuild_stack::UserMixin;
use kpbuild_stack::mixins::Choice;
use serde_json::Value;

use crate::dashboards::Shown;
use crate::jsonnet::{Jsonnet, JsonnetError, Lazy};
use crate::mixins::shown;
use crate::user_files;

/// A mixin that cannot be evaluated.
pub const JSONNET: Code = Code("mixin-jsonnet");
/// A file that is no mixin, or has something that is no rule or dashboard.
pub const NOT_A_MIXIN: Code = Code("mixin-not-a-mixin");
/// A parameter that the mixin does not have.
pub const UNKNOWN_CONFIG: Code = Code("mixin-unknown-config");
/// A filter that matches nothing.
pub const MATCHES_NOTHING: Code = Code("mixin-matches-nothing");

/// What a mixin of the user's gives, without what the stack does not want.
pub(crate) struct UserEvaluated {
    /// Groups of alerts, then groups of recording rules.
    pub(crate) groups: Vec<Value>,
    /// Dashboards by file name.
    pub(crate) dashboards: BTreeMap<String, Arc<Shown>>,
    /// The folder of Grafana that it is made for.
    pub(crate) folder: Option<String>,
}

/// Evaluates a mixin; what is wrong with it is reported.
pub(crate) fn evaluate(
    jsonnet: &Jsonnet,
    mixin: &UserMixin,
    file: FileId,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Option<UserEvaluated> {
    let start = Span {
        file,
        start: 0,
        end: 1,
    };
    let path = sources.file(file).name.clone();
    let reader = Reader {
        jsonnet,
        mixin,
        path: &path,
    };
    match reader.read(start, diagnostics) {
        Ok(read) => read,
        Err(error) => {
            let what = format!("the mixin `{}`", mixin.name);
            diagnostics.push(user_files::failed(JSONNET, &what, start, &error, sources));
            None
        }
    }
}

struct Reader<'a> {
    jsonnet: &'a Jsonnet,
    mixin: &'a UserMixin,
    path: &'a str,
}

/// The parts that a mixin may have.
const PARTS: [&str; 3] = ["prometheusAlerts", "prometheusRules", "grafanaDashboards"];

impl Reader<'_> {
    fn read(
        &self,
        start: Span,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<UserEvaluated>, JsonnetError> {
        let value = self.jsonnet.open(self.path)?;
        if !PARTS.iter().any(|part| value.has(part)) {
            diagnostics.push(self.not_a_mixin(&value, start));
            return Ok(None);
        }
        let errors = diagnostics.errors();
        let configured = self.configured(&value, diagnostics)?;
        if diagnostics.errors() > errors {
            return Ok(None);
        }
        let mut groups = self.groups(&configured, "prometheusAlerts", diagnostics)?;
        groups.extend(self.groups(&configured, "prometheusRules", diagnostics)?);
        let mut dashboards = self.dashboards(&configured, diagnostics)?;
        if diagnostics.errors() > errors {
            return Ok(None);
        }
        choose_alerts(
            &self.mixin.alerts,
            &self.mixin.name,
            &mut groups,
            diagnostics,
        );
        choose_dashboards(
            &self.mixin.dashboards,
            &self.mixin.name,
            &mut dashboards,
            diagnostics,
        );
        let folder = match &self.mixin.folder {
            Some(folder) => Some(folder.clone()),
            None => self.folder(&configured)?,
        };
        Ok(Some(UserEvaluated {
            groups,
            dashboards: shown(dashboards),
            folder,
        }))
    }

    fn not_a_mixin(&self, value: &Lazy, start: Span) -> Diagnostic {
        let message = if value.is_object() {
            format!(
                "`{}` is not a mixin: it has neither alerts nor rules nor dashboards",
                self.path
            )
        } else {
            format!("`{}` is not a mixin: it gives {}", self.path, value.kind())
        };
        let near = value
            .names()
            .iter()
            .find_map(|name| nearest(name, PARTS).map(|part| (name.clone(), part)));
        let diagnostic = Diagnostic::error(NOT_A_MIXIN, message).at(start, "");
        let diagnostic = diagnostic.at_some(self.mixin.span, "named here");
        diagnostic.help(match near {
            Some((name, part)) => format!("it has `{name}`; did it mean `{part}`?"),
            None => "a mixin has `prometheusAlerts`, `prometheusRules` or `grafanaDashboards`"
                .to_owned(),
        })
    }

    /// The mixin under the stack's configuration.
    fn configured(
        &self,
        value: &Lazy,
        diagnostics: &mut Diagnostics,
    ) -> Result<Lazy, JsonnetError> {
        let Value::Object(config) = &self.mixin.config else {
            return Ok(value.clone());
        };
        if config.is_empty() {
            return Ok(value.clone());
        }
        let known = self.jsonnet.field(value, "_config")?;
        let known = known.unwrap_or_else(Lazy::empty);
        let places = self.mixin.config_places.as_ref();
        let changes = self.changes(
            &known,
            &self.mixin.config,
            &mut Vec::new(),
            places,
            diagnostics,
        )?;
        Ok(value.adding_hidden("_config", &changes))
    }

    /// What is laid over a part of `_config`: maps into maps.
    fn changes(
        &self,
        known: &Lazy,
        config: &Value,
        path: &mut Vec<String>,
        places: Option<&Node>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Lazy, JsonnetError> {
        let mut changes = Lazy::empty();
        for (name, value) in config.as_object().into_iter().flatten() {
            path.push(name.clone());
            let before = self.jsonnet.field(known, name)?;
            match &before {
                // An empty map is there to be filled.
                None if path.len() == 1 || !known.names().is_empty() => {
                    diagnostics.push(self.unknown_config(known, path, places));
                }
                Some(before) if before.is_object() && value.is_object() => {
                    let inner = self.changes(before, value, path, places, diagnostics)?;
                    changes = changes.adding(name, &inner);
                }
                _ => changes = changes.with(name, value),
            }
            path.pop();
        }
        Ok(changes)
    }

    fn unknown_config(&self, known: &Lazy, path: &[String], places: Option<&Node>) -> Diagnostic {
        let (name, around) = path.split_last().expect("a path has a name");
        let place = places
            .and_then(|places| places.at(around.iter().map(String::as_str)))
            .and_then(|map| map.entry(name))
            .map(|entry| entry.key_span);
        let names = known.names();
        let message = format!(
            "the mixin `{}` has no parameter `{}`",
            self.mixin.name,
            path.join(".")
        );
        let diagnostic =
            Diagnostic::error(UNKNOWN_CONFIG, message).at_some(place.or(self.mixin.span), "");
        if let Some(near) = nearest(name, names.iter().map(String::as_str)) {
            return diagnostic.help(format!("did you mean `{near}`?"));
        }
        if names.is_empty() {
            return diagnostic.help(format!("`{}` has no `_config`", self.path));
        }
        let shown: Vec<&str> = names.iter().map(String::as_str).take(12).collect();
        let more = if names.len() > shown.len() {
            ", ..."
        } else {
            ""
        };
        diagnostic.note(format!("there is {}{more}", shown.join(", ")))
    }

    fn groups(
        &self,
        value: &Lazy,
        part: &str,
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<Value>, JsonnetError> {
        let Some(part_value) = self.jsonnet.field(value, part)? else {
            return Ok(Vec::new());
        };
        let Some(groups) = self.jsonnet.field(&part_value, "groups")? else {
            // `prometheusRules+:: {}` is how some say that there are none.
            if !part_value.names().is_empty() || !part_value.is_object() {
                diagnostics.push(self.wrong_part(part, "it has no `groups`"));
            }
            return Ok(Vec::new());
        };
        let Value::Array(groups) = self.jsonnet.data(&groups)? else {
            diagnostics.push(self.wrong_part(part, "`groups` is not a list"));
            return Ok(Vec::new());
        };
        if let Some(problem) = groups.iter().enumerate().find_map(wrong_group) {
            diagnostics.push(self.wrong_part(part, &problem));
        }
        Ok(groups)
    }

    fn wrong_part(&self, part: &str, problem: &str) -> Diagnostic {
        let message = format!(
            "`{part}` of the mixin `{}` is wrong: {problem}",
            self.mixin.name
        );
        Diagnostic::error(NOT_A_MIXIN, message)
            .at_some(self.mixin.span, "")
            .help("it has the form of a rule file of Prometheus: groups with a name and rules")
    }

    /// The dashboards by a file name that Kubernetes takes.
    fn dashboards(
        &self,
        value: &Lazy,
        diagnostics: &mut Diagnostics,
    ) -> Result<BTreeMap<String, Value>, JsonnetError> {
        let mut dashboards = BTreeMap::new();
        let Some(all) = self.jsonnet.field(value, "grafanaDashboards")? else {
            return Ok(dashboards);
        };
        for file in all.names() {
            let dashboard = self.jsonnet.field(&all, &file)?.unwrap_or_else(Lazy::empty);
            match self.jsonnet.data(&dashboard)? {
                Value::Null => {}
                dashboard @ Value::Object(_) => {
                    dashboards.insert(file_name(&file), dashboard);
                }
                _ => diagnostics.push(
                    Diagnostic::error(
                        NOT_A_MIXIN,
                        format!(
                            "`{file}` of the mixin `{}` is no dashboard",
                            self.mixin.name
                        ),
                    )
                    .at_some(self.mixin.span, "")
                    .help("`grafanaDashboards` has dashboards by file name"),
                ),
            }
        }
        Ok(dashboards)
    }

    fn folder(&self, value: &Lazy) -> Result<Option<String>, JsonnetError> {
        let Some(folder) = self.jsonnet.field(value, "grafanaDashboardFolder")? else {
            return Ok(None);
        };
        let folder = self.jsonnet.data(&folder)?;
        Ok(folder
            .as_str()
            .filter(|title| !title.is_empty())
            .map(str::to_owned))
    }
}

/// What is wrong with a group.
fn wrong_group((index, group): (usize, &Value)) -> Option<String> {
    let Some(name) = group["name"].as_str().filter(|name| !name.is_empty()) else {
        return Some(format!("group {} has no name", index + 1));
    };
    let Some(rules) = group["rules"].as_array() else {
        return Some(format!("the group `{name}` has no list of rules"));
    };
    rules.iter().enumerate().find_map(|(index, rule)| {
        let is_named = rule["alert"].is_string() != rule["record"].is_string();
        let called = rule["alert"].as_str().or(rule["record"].as_str());
        let which =
            called.map_or_else(|| format!("rule {}", index + 1), |name| format!("`{name}`"));
        if !is_named {
            Some(format!(
                "{which} of the group `{name}` is neither an alert nor a record"
            ))
        } else if !rule["expr"].is_string() {
            Some(format!("{which} of the group `{name}` has no `expr`"))
        } else {
            None
        }
    })
}

/// A file name that can name a ConfigMap: mixins call theirs as they like.
fn file_name(file: &str) -> String {
    let stem = file.strip_suffix(".json").unwrap_or(file).to_lowercase();
    let words = stem.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!("{}.json", words.join("-"))
}

fn choose_alerts(
    choice: &Choice,
    mixin: &str,
    groups: &mut Vec<Value>,
    diagnostics: &mut Diagnostics,
) {
    let alerts: Vec<String> = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().into_iter().flatten())
        .filter_map(|rule| rule["alert"].as_str().map(str::to_owned))
        .collect();
    report(choice, mixin, "alert", &alerts, diagnostics);
    for group in groups.iter_mut() {
        if let Some(rules) = group["rules"].as_array_mut() {
            rules.retain(|rule| {
                rule["alert"]
                    .as_str()
                    .is_none_or(|alert| wants(choice, alert))
            });
        }
    }
    groups.retain(|group| {
        group["rules"]
            .as_array()
            .is_some_and(|rules| !rules.is_empty())
    });
}

fn choose_dashboards(
    choice: &Choice,
    mixin: &str,
    dashboards: &mut BTreeMap<String, Value>,
    diagnostics: &mut Diagnostics,
) {
    let stem = |file: &str| file.strip_suffix(".json").unwrap_or(file).to_owned();
    let stems: Vec<String> = dashboards.keys().map(|file| stem(file)).collect();
    report(choice, mixin, "dashboard", &stems, diagnostics);
    dashboards.retain(|file, _| wants(choice, &stem(file)));
}

fn wants(choice: &Choice, name: &str) -> bool {
    let is_one = |patterns: &[(String, Option<Span>)]| {
        patterns.iter().any(|(pattern, _)| matches(pattern, name))
    };
    choice
        .include
        .as_ref()
        .is_none_or(|include| is_one(include))
        && !is_one(&choice.exclude)
}

fn matches(pattern: &str, name: &str) -> bool {
    Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(name))
}

/// Says which patterns match nothing.
fn report(
    choice: &Choice,
    mixin: &str,
    what: &str,
    names: &[String],
    diagnostics: &mut Diagnostics,
) {
    for (pattern, span) in choice.include.iter().flatten().chain(&choice.exclude) {
        if names.iter().any(|name| matches(pattern, name)) {
            continue;
        }
        let message = format!("the mixin `{mixin}` has no {what} `{pattern}`");
        let diagnostic = Diagnostic::error(MATCHES_NOTHING, message).at_some(*span, "");
        diagnostics.push(match nearest(pattern, names.iter().map(String::as_str)) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None if names.is_empty() => diagnostic.help(format!("it has no {what}s")),
            None => {
                let shown: Vec<&str> = names.iter().map(String::as_str).take(12).collect();
                let more = if names.len() > shown.len() {
                    ", ..."
                } else {
                    ""
                };
                diagnostic.note(format!("there is {}{more}", shown.join(", ")))
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn groups_are_such_as_prometheus_reads() {
        let wrong = |group: Value| wrong_group((0, &group)).unwrap_or_default();
        assert_eq!(wrong(json!({"rules": []})), "group 1 has no name");
        assert_eq!(
            wrong(json!({"name": "a"})),
            "the group `a` has no list of rules"
        );
        assert_eq!(
            wrong(json!({"name": "a", "rules": [{"alert": "A", "record": "a:b", "expr": "1"}]})),
            "`A` of the group `a` is neither an alert nor a record"
        );
        assert_eq!(
            wrong(json!({"name": "a", "rules": [{"record": "a:b"}]})),
            "`a:b` of the group `a` has no `expr`"
        );
        assert_eq!(
            wrong(json!({"name": "a", "rules": [{"record": "a:b", "expr": "1"}]})),
            ""
        );
    }

    #[test]
    fn dashboards_get_names_that_kubernetes_takes() {
        assert_eq!(file_name("Loki / Reads.json"), "loki-reads.json");
        assert_eq!(file_name("jvm_overview"), "jvm-overview.json");
    }
}
