//! The files of a stack: the stack file in the order in which people read it,
//! and what it must not hold beside it.

use kpbuild_core::yaml;
use serde_json::{Map, Value, json};

use super::configuration::OF_SECRETS;
use super::set;

/// A file that a stack file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SideFile {
    /// Its path, relative to the stack file.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Whether it holds values of Secrets, which only its owner should read.
    pub(crate) is_secret: bool,
}

/// Whether an object's name can be that of a file: it leads nowhere else.
pub(super) fn is_file_name(name: &str) -> bool {
    let format = kpbuild_stack::format::named("kubernetes-name");
    let format = format.expect("the format is in the table");
    format.check(name).is_ok()
}

/// The sections of a stack file that come first; the others follow as they are
/// named.
const ORDER: [&str; 13] = [
    "kind",
    "name",
    "extends",
    "cluster",
    "namespace",
    "images",
    "pods",
    "networkPolicies",
    "expose",
    "components",
    "rules",
    "dashboards",
    "patches",
];

/// The text of a stack file called `name`, and the files beside it.
pub(super) fn files(
    mut stack: Value,
    mut beside: Vec<SideFile>,
    name: &str,
) -> (String, Vec<SideFile>) {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let patches = patches_of_secrets(&mut stack, stem);
    if let Some(base) = secrets(&mut stack) {
        let path = format!("{stem}.secrets.yaml");
        stack["extends"] = json!([path]);
        beside.push(SideFile {
            path,
            text: written(&base),
            is_secret: true,
        });
    }
    beside.extend(patches);
    (written(&stack), beside)
}

/// Takes what comes from Secrets out of a stack, as a base of it.
fn secrets(stack: &mut Value) -> Option<Value> {
    let mut base = json!({"kind": "StackBase"});
    let mut is_empty = true;
    for path in OF_SECRETS {
        if let Some(value) = take(stack, path) {
            set(&mut base, path, value);
            is_empty = false;
        }
    }
    (!is_empty).then_some(base)
}

/// Takes a value out of a tree of maps, with the maps that are empty then.
pub(super) fn take(tree: &mut Value, path: &[&str]) -> Option<Value> {
    let map = tree.as_object_mut()?;
    let [step, rest @ ..] = path else { return None };
    if rest.is_empty() {
        return map.remove(*step);
    }
    let value = take(map.get_mut(*step)?, rest);
    if map[*step] == json!({}) {
        map.remove(*step);
    }
    value
}

/// Moves the patches of Secrets into files, one for each.
fn patches_of_secrets(stack: &mut Value, stem: &str) -> Vec<SideFile> {
    let mut files = Vec::new();
    let patches = stack.get_mut("patches").and_then(Value::as_array_mut);
    for patch in patches.into_iter().flatten() {
        if patch["target"]["kind"] != "Secret" || !holds_values(&patch["patch"]) {
            continue;
        }
        let name = patch["target"]["name"].as_str().unwrap_or_default();
        let path = format!("{stem}.secret-{name}.yaml");
        files.push(SideFile {
            path: path.clone(),
            text: yaml::document(&patch["patch"]),
            is_secret: true,
        });
        *patch = json!({"target": patch["target"], "path": path});
    }
    files
}

/// Whether a patch of a Secret holds values of it, or might.
fn holds_values(change: &Value) -> bool {
    let fields = change.as_object();
    fields.is_none_or(|fields| fields.contains_key("data") || fields.contains_key("stringData"))
}

/// A stack in which no text is taken for a variable.
pub(super) fn without_variables(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(text.replace("${", "$${")),
        Value::Array(items) => items.iter().map(without_variables).collect(),
        Value::Object(map) => {
            let fields = map.iter();
            let fields = fields.map(|(key, value)| (key.clone(), without_variables(value)));
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}

fn written(stack: &Value) -> String {
    let stack = without_variables(stack);
    let sections = stack.as_object().into_iter().flatten();
    let others = sections
        .map(|(key, _)| key.as_str())
        .filter(|key| !ORDER.contains(key));
    let names = ORDER.into_iter().chain(others);
    let sections = names.filter_map(|name| Some((name, stack.get(name)?)));
    sections.map(|(name, value)| section(name, value)).collect()
}

fn section(name: &str, value: &Value) -> String {
    match (name, value.as_array()) {
        ("patches", Some(patches)) => {
            let patches = patches.iter().map(patch);
            patches.fold("patches:\n".to_owned(), |text, patch| text + &patch)
        }
        _ => yaml::document(&json!({name: value})),
    }
}

/// A patch with its target before its change.
fn patch(patch: &Value) -> String {
    let fields = patch.as_object().into_iter().flatten();
    let (mut first, mut rest) = (Map::new(), Map::new());
    for (key, value) in fields {
        let map = if key == "target" {
            &mut first
        } else {
            &mut rest
        };
        map.insert(key.clone(), value.clone());
    }
    let text = yaml::document(&Value::Object(first)) + &yaml::document(&Value::Object(rest));
    let mut lines = String::new();
    for (index, line) in text.lines().enumerate() {
        let before = match (index, line) {
            (0, _) => "- ",
            (_, "") => "",
            _ => "  ",
        };
        lines = lines + before + line + "\n";
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_into_files_of_their_own() {
        let stack = json!({
            "name": "a",
            "kind": "Stack",
            "components": {
                "alertmanager": {"config": {"global": {"x": "${HOME}"}}},
                "grafana": {"replicas": 2},
            },
            "patches": [
                {"target": {"kind": "Secret", "name": "s"}, "patch": {"stringData": {"k": "hidden"}}},
                {"patch": {"spec": {"text": "a\n\nb"}}, "target": {"kind": "Service", "name": "t"}},
            ],
        });
        let (text, beside) = files(stack, Vec::new(), "prod.yaml");
        insta::assert_snapshot!(text, @r"
        kind: Stack
        name: a
        extends:
        - prod.secrets.yaml
        components:
          grafana:
            replicas: 2
        patches:
        - target:
            kind: Secret
            name: s
          path: prod.secret-s.yaml
        - target:
            kind: Service
            name: t
          patch:
            spec:
              text: |-
                a

                b
        ");
        let names: Vec<&str> = beside.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(names, ["prod.secrets.yaml", "prod.secret-s.yaml"]);
        assert!(beside.iter().all(|file| file.is_secret));
        assert!(beside[0].text.contains("x: $${HOME}"), "{}", beside[0].text);
        assert_eq!(beside[1].text, "stringData:\n  k: hidden\n");
    }
}
