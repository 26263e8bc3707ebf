//! `jsonnetfile.json` and its lock, read and written as jsonnet-bundler does, so
//! that both programs can be used side by side.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::{Map, Value, json};

use super::package::{Git, Source, check_version};

/// The file with the packages that a project asks for.
pub(crate) const FILE: &str = "jsonnetfile.json";
/// The file with the packages that it got.
pub(crate) const LOCK: &str = "jsonnetfile.lock.json";

/// One of the two files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Jsonnetfile {
    /// The packages by their names.
    pub(crate) dependencies: BTreeMap<String, Dependency>,
    /// Whether packages are also found under their short names.
    pub(crate) legacy_imports: bool,
}

/// A package that is asked for, or one that was got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// Where it comes from.
    pub(crate) source: Source,
    /// The branch, tag or commit; the commit in a lock; empty for a folder.
    pub(crate) version: String,
    /// The checksum of its files, in a lock.
    pub(crate) sum: String,
    /// Whether it comes without the packages that it asks for itself.
    pub(crate) single: bool,
    /// The short name, if it is not the last part of its whole name.
    pub(crate) legacy_name: Option<String>,
}

impl Jsonnetfile {
    /// Without packages.
    pub(crate) fn new(legacy_imports: bool) -> Self {
        Self {
            dependencies: BTreeMap::new(),
            legacy_imports,
        }
    }

    /// Reads a file; none if there is none.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read `{}`", path.display()));
            }
        };
        let parsed = Self::parse(&text);
        parsed
            .map(Some)
            .with_context(|| format!("`{}` is not a jsonnetfile", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let value: Value = serde_json::from_str(text)?;
        let version = value["version"].as_u64().unwrap_or(0);
        ensure!(
            version == 1,
            "it has version {version}, which only older programs write; `jb rewrite` converts it"
        );
        let mut file = Self::new(value["legacyImports"].as_bool().unwrap_or(false));
        let dependencies = value["dependencies"].as_array().into_iter().flatten();
        for (index, dependency) in dependencies.enumerate() {
            let read = dependency_of(dependency);
            let read = read.with_context(|| format!("dependency {} is wrong", index + 1))?;
            file.dependencies.insert(read.source.name(), read);
        }
        Ok(file)
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> String {
        let dependencies: Vec<Value> = self.dependencies.values().map(Dependency::json).collect();
        let file = ordered([
            ("version", json!(1)),
            ("dependencies", json!(dependencies)),
            ("legacyImports", json!(self.legacy_imports)),
        ]);
        format!("{}\n", pretty(&file, 0))
    }
}

fn dependency_of(value: &Value) -> anyhow::Result<Dependency> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let source = &value["source"];
    let source = if source["git"].is_object() {
        let git = &source["git"];
        Source::Git(Git::from_parts(
            &text(&git["remote"]),
            &text(&git["subdir"]),
        )?)
    } else {
        let folder = source["local"]["directory"].as_str();
        let folder = folder.context("it has neither a git nor a local source")?;
        Source::Local(folder.to_owned())
    };
    let version = text(&value["version"]);
    if matches!(source, Source::Git(_)) {
        check_version(&version)?;
    }
    let legacy_name = value["name"]
        .as_str()
        .filter(|name| *name != source.legacy_name());
    Ok(Dependency {
        version,
        sum: text(&value["sum"]),
        single: value["single"].as_bool().unwrap_or(false),
        legacy_name: legacy_name.map(str::to_owned),
        source,
    })
}

impl Dependency {
    /// The short name, by which older jsonnet imports it.
    pub(crate) fn short_name(&self) -> String {
        self.legacy_name
            .clone()
            .unwrap_or_else(|| self.source.legacy_name())
    }

    fn json(&self) -> Value {
        let source = match &self.source {
            Source::Git(git) => json!({"git": {"remote": git.remote(), "subdir": git.subdir}}),
            Source::Local(folder) => json!({"local": {"directory": folder}}),
        };
        let mut fields = vec![("source", source), ("version", json!(self.version))];
        if !self.sum.is_empty() {
            fields.push(("sum", json!(self.sum)));
        }
        if self.single {
            fields.push(("single", json!(true)));
        }
        if let Some(name) = &self.legacy_name {
            fields.push(("name", json!(name)));
        }
        ordered(fields)
    }
}

/// A list of pairs, which keeps the order that jsonnet-bundler writes: objects
/// of `serde_json` are sorted.
fn ordered<'a>(fields: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let fields = fields.into_iter().map(|(name, value)| json!([name, value]));
    json!({"": fields.collect::<Vec<_>>()})
}

/// JSON with two spaces a level.
fn pretty(value: &Value, depth: usize) -> String {
    let (line, end) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    let block = |open: &str, items: Vec<String>, close: &str| {
        if items.is_empty() {
            return format!("{open}{close}");
        }
        let items: Vec<String> = items
            .into_iter()
            .map(|item| format!("{line}{item}"))
            .collect();
        format!("{open}\n{}\n{end}{close}", items.join(",\n"))
    };
    let pair = |name: &Value, value: &Value| format!("{name}: {}", pretty(value, depth + 1));
    match value {
        Value::Array(items) => {
            let items = items.iter().map(|item| pretty(item, depth + 1));
            block("[", items.collect(), "]")
        }
        Value::Object(map) => block(
            "{",
            pairs(map)
                .iter()
                .map(|(name, value)| pair(name, value))
                .collect(),
            "}",
        ),
        other => other.to_string(),
    }
}

fn pairs(map: &Map<String, Value>) -> Vec<(Value, Value)> {
    match map.get("") {
        Some(Value::Array(fields)) => fields
            .iter()
            .map(|field| (field[0].clone(), field[1].clone()))
            .collect(),
        _ => map
            .iter()
            .map(|(name, value)| (json!(name), value.clone()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As jsonnet-bundler writes it.
    const TEXT: &str = r#"{
  "version": 1,
  "dependencies": [
    {
      "source": {
        "git": {
          "remote": "https://github.com/grafana/loki.git",
          "subdir": "production/loki-mixin"
        }
      },
      "version": "0123456789012345678901234567890123456789",
      "sum": "Hk8qC4wRdFpZ6N+yIhP3Sp3uRIOqOuBc4dLzPVQPZXc="
    },
    {
      "source": {
        "local": {
          "directory": "../lib"
        }
      },
      "version": "",
      "name": "shop"
    }
  ],
  "legacyImports": true
}
"#;

    #[test]
    fn what_is_read_is_written_the_same() {
        let file = Jsonnetfile::parse(TEXT).expect("it is one");
        let names: Vec<&String> = file.dependencies.keys().collect();
        assert_eq!(
            names,
            ["github.com/grafana/loki/production/loki-mixin", "lib"]
        );
        assert_eq!(file.text(), TEXT);
        let empty =
            "{\n  \"version\": 1,\n  \"dependencies\": [],\n  \"legacyImports\": false\n}\n";
        assert_eq!(Jsonnetfile::new(false).text(), empty);
    }

    #[test]
    fn what_is_no_jsonnetfile_is_refused() {
        let wrong = |text: &str| format!("{:#}", Jsonnetfile::parse(text).expect_err("it is none"));
        assert!(wrong("{").contains("EOF"));
        assert!(wrong(r#"{"dependencies": []}"#).contains("version 0"));
        let wrong_source = r#"{"version": 1, "dependencies": [{"source": {}, "version": "a"}]}"#;
        assert_eq!(
            wrong(wrong_source),
            "dependency 1 is wrong: it has neither a git nor a local source"
        );
    }
}
