//! The templates of notifications: which files Alertmanager reads, and what the
//! texts of its configuration use of them.

use glob::{MatchOptions, Pattern};
use kpbuild_core::Object;
use kpbuild_core::go_template::{self, Mistake, Template};
use kpbuild_stack::components::alertmanager::FUNCTIONS;
use serde_json::Value;

use crate::alerting::{Config, configs, known};
use crate::facts::{Facts, items, strings};

/// What one Alertmanager makes notifications of.
#[derive(Debug)]
pub(crate) struct Notifications<'a> {
    /// The Secret with its configuration.
    pub(crate) config: &'a Object,
    /// The files that are mounted and called templates.
    pub(crate) files: Vec<File<'a>>,
    /// The texts of the configuration with something to replace in them.
    pub(crate) texts: Vec<Text>,
    /// Whether all files that the configuration names are part of the bundle.
    pub(crate) complete: bool,
}

/// A file of templates.
#[derive(Debug)]
pub(crate) struct File<'a> {
    /// The ConfigMap or Secret that it is in.
    pub(crate) object: &'a Object,
    /// Its name there.
    pub(crate) name: String,
    /// Where Alertmanager has it.
    pub(crate) path: String,
    /// Whether `templates` of the configuration names it.
    pub(crate) is_read: bool,
    pub(crate) template: Result<Template, Mistake>,
    text: String,
}

/// A text of the configuration.
#[derive(Debug)]
pub(crate) struct Text {
    /// Where it is, in words.
    pub(crate) place: String,
    pub(crate) template: Result<Template, Mistake>,
}

impl Notifications<'_> {
    /// Whether every template can be read, so that all that they use is known.
    pub(crate) fn is_readable(&self) -> bool {
        let mut read = self.files.iter().filter(|file| file.is_read);
        read.all(|file| file.template.is_ok())
            && self.texts.iter().all(|text| text.template.is_ok())
    }
}

impl File<'_> {
    /// The JSON pointer of its text.
    pub(crate) fn pointer(&self) -> String {
        format!("/data/{}", self.name)
    }

    /// The line of a byte of it.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }
}

/// Those of every Alertmanager whose configuration can be read.
pub(crate) fn of<'a>(facts: &Facts<'a>) -> Vec<Notifications<'a>> {
    let all = configs(facts).into_iter();
    all.filter_map(|config| notifications(facts, &config))
        .collect()
}

/// The names of the templates that Alertmanager comes with. Its integrations use
/// them where the configuration says nothing.
pub(crate) fn defaults<'s>() -> impl Iterator<Item = &'s str> {
    strings(&known()["templates"])
}

/// The templates that the texts of an object use.
pub(crate) fn uses(value: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    collect(value, "", "", &mut texts);
    let templates = texts.into_iter().filter_map(|text| text.template.ok());
    let uses = templates.flat_map(|template| template.uses);
    uses.map(|one| one.name).collect()
}

fn notifications<'a>(facts: &Facts<'a>, config: &Config<'a>) -> Option<Notifications<'a>> {
    let value = config.value.as_ref().ok()?;
    let spec = &config.alertmanager.value()["spec"];
    let mounts = mounts(facts, config);
    let patterns: Vec<&str> = strings(&value["templates"]).collect();
    let is_there = |pattern: &&str| {
        let folder = pattern.rsplit_once('/').map(|(folder, _)| folder);
        mounts
            .iter()
            .any(|mount| Some(mount.folder.as_str()) == folder && mount.object.is_some())
    };
    let complete = spec["alertmanagerConfiguration"].is_null() && patterns.iter().all(is_there);
    let mut texts = Vec::new();
    for receiver in items(&value["receivers"]) {
        let name = receiver["name"].as_str().unwrap_or_default();
        collect(receiver, &format!("the receiver `{name}`"), "", &mut texts);
    }
    Some(Notifications {
        config: config.object,
        files: files(&mounts, &patterns),
        texts,
        complete,
    })
}

/// As Alertmanager takes a pattern: `*` stands for no `/`.
const WITHIN_A_FOLDER: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// The files that are read, and those that look as if they were to be.
fn files<'a>(mounts: &[Mount<'a>], patterns: &[&str]) -> Vec<File<'a>> {
    let compiled = patterns.iter().filter_map(|text| Pattern::new(text).ok());
    let compiled: Vec<Pattern> = compiled.collect();
    let mut files = Vec::new();
    for mount in mounts {
        let Some(object) = mount.object else { continue };
        for name in keys(object) {
            let path = format!("{}/{name}", mount.folder);
            let mut patterns = compiled.iter();
            let is_read = patterns.any(|pattern| pattern.matches_with(&path, WITHIN_A_FOLDER));
            let is_meant = name.rsplit_once('.').is_some_and(|(_, end)| end == "tmpl");
            let text = Facts::text(object, &name).filter(|_| is_read || is_meant);
            files.extend(text.map(|text| File {
                object,
                name,
                path,
                is_read,
                template: go_template::read(&text, &FUNCTIONS),
                text,
            }));
        }
    }
    files
}

/// A folder of Alertmanager's pods, and what it holds if that is in the bundle.
struct Mount<'a> {
    folder: String,
    object: Option<&'a Object>,
}

/// The folders that the operator mounts: the Secret of the configuration, and
/// what `spec` names.
fn mounts<'a>(facts: &Facts<'a>, config: &Config<'a>) -> Vec<Mount<'a>> {
    let spec = &config.alertmanager.value()["spec"];
    let namespace = &config.alertmanager.key().namespace;
    let mut all = vec![Mount {
        folder: "/etc/alertmanager/config".to_owned(),
        object: Some(config.object),
    }];
    for (field, kind) in [("secrets", "Secret"), ("configMaps", "ConfigMap")] {
        for name in strings(&spec[field]) {
            all.push(Mount {
                folder: format!("/etc/alertmanager/{}/{name}", field.to_lowercase()),
                object: facts.find(kind, namespace, name),
            });
        }
    }
    all
}

/// The names of the files of a ConfigMap or Secret.
fn keys(object: &Object) -> Vec<String> {
    let value = object.value();
    let mut names: Vec<String> = ["data", "stringData"]
        .iter()
        .filter_map(|field| value[*field].as_object())
        .flat_map(|texts| texts.keys().cloned())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The texts below a value with something to replace in them.
fn collect(value: &Value, of: &str, path: &str, texts: &mut Vec<Text>) {
    match value {
        Value::String(text) if text.contains("{{") => texts.push(Text {
            place: format!("`{path}` of {of}"),
            template: go_template::read(text, &FUNCTIONS),
        }),
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                collect(value, of, &format!("{path}[{index}]"), texts);
            }
        }
        Value::Object(fields) => {
            let dot = if path.is_empty() { "" } else { "." };
            for (field, value) in fields {
                collect(value, of, &format!("{path}{dot}{field}"), texts);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_those_of_alertmanager() {
        let known: Vec<&str> = strings(&known()["functions"]).collect();
        assert_eq!(known, FUNCTIONS);
        assert!(defaults().any(|name| name == "slack.default.text"));
    }
}
