//! From the values of the Helm chart kube-prometheus-stack to a stack file.
//!
//! What a value is called in a stack is a table ([`table`]); that the stack takes
//! it is proved by rendering it. The chart itself is not known here: values that
//! are not said have the defaults of a stack, but for the few that would surprise.

mod parts;
mod table;

use anyhow::Context as _;
use kpbuild_core::{Bundle, Diagnostics, Node, Object, Severity, SourceMap, yaml};
use serde_json::{Map, Value, json};

use super::configuration::OF_SECRETS;
use super::{Imported, set, text};
use crate::compile::compile;
use crate::files::Files;

/// The stack that says what these values say. Its files will lie beside a stack
/// file that is called `file`.
pub(crate) fn import(
    values: &Node,
    sources: &SourceMap,
    name: &str,
    namespace: Option<&str>,
    file: &str,
) -> anyhow::Result<Imported> {
    let folder = tempfile::tempdir().context("cannot make a folder for temporary files")?;
    let mut given = Given {
        tree: values,
        sources,
        left: values.to_json(),
        stack: of_the_chart(name),
        folder,
        refused: Vec::new(),
    };
    let all = leaves(&given.left);
    if let Some(namespace) = namespace {
        given.put(&[], &["namespace"], json!(namespace));
    }
    table::fields(&mut given);
    parts::each(&mut given);
    let listed = given.listed();
    let all_said = all.iter().filter(|(path, value)| given.says(path, value));
    let (same, all) = (all_said.count(), all.len());
    anyhow::ensure!(
        same > 0,
        "no value in `{}` is one that a stack has a field for: is it a values file of kube-prometheus-stack?",
        sources.file(values.span.file).name
    );
    let (stack, beside) = text::files(given.stack, Vec::new(), file);
    Ok(Imported {
        stack,
        beside,
        notes: notes(listed),
        measure: format!("{same} of {all} values are said by it"),
        patches: 0,
        given: Bundle::default(),
        rendered: Bundle::default(),
    })
}

/// What the chart has by default and a stack has not.
fn of_the_chart(name: &str) -> Value {
    json!({
        "kind": "Stack",
        "name": name,
        "networkPolicies": false,
        "components": {
            "alertmanager": {"replicas": 1},
            "blackbox-exporter": {"enabled": false},
            "kubernetes": {"kubeProxy": {"enabled": true}},
            "prometheus": {"replicas": 1, "retention": "10d"},
            "prometheus-adapter": {"enabled": false},
        },
    })
}

/// Values, and the stack that is made of them.
struct Given<'a> {
    tree: &'a Node,
    sources: &'a SourceMap,
    /// The values that nothing has been made of yet.
    left: Value,
    stack: Value,
    /// Where the stack lies while it is tried.
    folder: tempfile::TempDir,
    /// Values that a stack does not take, with the reasons.
    refused: Vec<(Vec<String>, String)>,
}

impl Given<'_> {
    /// Takes a value; nothing where it says nothing.
    fn take(&mut self, path: &[&str]) -> Option<Value> {
        let value = text::take(&mut self.left, path)?;
        (!says_nothing(&value)).then_some(value)
    }

    /// Takes a map; whatever else is there is listed.
    fn take_map(&mut self, path: &[&str]) -> Map<String, Value> {
        let value = self.take(path).unwrap_or_else(|| json!({}));
        if !value.is_object() {
            self.refuse(path, "it must be a map");
        }
        value.as_object().cloned().unwrap_or_default()
    }

    /// Takes a list; whatever else is there is listed.
    fn take_list(&mut self, path: &[&str]) -> Option<Vec<Value>> {
        let value = self.take(path)?;
        if !value.is_array() {
            self.refuse(path, "it must be a list");
        }
        value.as_array().cloned()
    }

    /// Takes a text; whatever else is there is listed.
    fn take_text(&mut self, path: &[&str]) -> Option<String> {
        let value = self.take(path)?;
        if !value.is_string() {
            self.refuse(path, "it must be a text: put it into quotes");
        }
        value.as_str().map(str::to_owned)
    }

    /// Lists what is left below a path, with a reason.
    fn refuse_rest(&mut self, path: &[&str], reason: &str) {
        let rest = text::take(&mut self.left, path).unwrap_or_default();
        for (below, value) in leaves(&rest) {
            if !says_nothing(&value) {
                let below: Vec<&str> = below.iter().map(String::as_str).collect();
                self.refuse(&[path, &below].concat(), reason);
            }
        }
    }

    /// Takes a switch, which says something when it is off, too.
    fn take_switch(&mut self, path: &[&str]) -> Option<bool> {
        let value = text::take(&mut self.left, path)?;
        if !value.is_boolean() && !value.is_null() {
            self.refuse(path, "it must be `true` or `false`, without quotes");
        }
        value.as_bool()
    }

    /// Lists a value that was taken and that a stack cannot say.
    fn refuse(&mut self, from: &[&str], reason: &str) {
        let from = from.iter().map(|step| (*step).to_owned()).collect();
        self.refused.push((from, reason.to_owned()));
    }

    /// Says a value at a place of the stack, if the stack is right with it; it was
    /// taken from `from`.
    fn put(&mut self, from: &[&str], to: &[&str], value: Value) -> bool {
        let mut stack = self.stack.clone();
        set(&mut stack, to, value);
        match self.render(&stack) {
            Ok(_) => {
                self.stack = stack;
                true
            }
            Err(reason) => {
                // A reason may quote what is wrong, which may be a password.
                let is_secret = OF_SECRETS.iter().any(|path| to.starts_with(path));
                let unsaid = "a stack does not take it as it is".to_owned();
                let reason = if is_secret { unsaid } else { reason };
                self.refuse(from, &reason);
                false
            }
        }
    }

    /// Moves a value from one place to the other.
    fn copy(&mut self, from: &[&str], to: &[&str]) {
        let Some(value) = self.take(from) else { return };
        // What is off or empty by default, too, needs no words.
        let is_off = value == json!(false) || value == json!([]);
        if !(is_off && self.changes_nothing(to, &value)) {
            self.put(from, to, value);
        }
    }

    /// Whether a stack is the same with a value at a place.
    fn changes_nothing(&self, to: &[&str], value: &Value) -> bool {
        let mut stack = self.stack.clone();
        set(&mut stack, to, value.clone());
        match (self.render(&self.stack), self.render(&stack)) {
            (Ok(before), Ok(after)) => {
                let mut both = before.objects().iter().zip(after.objects());
                let is_same = |(before, after): (&Object, &Object)| before.says_the_same(after);
                before.objects().len() == after.objects().len() && both.all(is_same)
            }
            _ => false,
        }
    }

    /// What a right stack renders to, or what is wrong with it first.
    fn render(&self, stack: &Value) -> Result<Bundle, String> {
        let path = self.folder.path().join("stack.yaml");
        let mut sources = SourceMap::default();
        let text = yaml::document(&text::without_variables(stack));
        let file = sources.add(path.display().to_string(), text);
        let mut diagnostics = Diagnostics::default();
        let files = Files::default();
        match compile(&files, &path, file, &mut sources, &mut diagnostics) {
            Ok((_, bundle)) => Ok(bundle),
            Err(_) => Err(first_problem(&diagnostics)),
        }
    }

    /// The values that the stack does not say: each with its place, and the reason
    /// where there is one.
    fn listed(&self) -> Vec<String> {
        let place = |path: &[String]| {
            let node = self.tree.at(path.iter().map(String::as_str));
            let name = path.join(".");
            node.map_or(name.clone(), |node| {
                let (line, _) = self.sources.line_column(node.span);
                format!("{name} ({}:{line})", self.sources.file(node.span.file).name)
            })
        };
        let left = leaves(&self.left).into_iter();
        let left = left.filter(|(_, value)| !says_nothing(value));
        let left = left.map(|(path, _)| place(&path));
        let refused = self.refused.iter().filter(|(path, _)| !path.is_empty());
        let refused = refused.map(|(path, reason)| format!("{}: {reason}", place(path)));
        let mut listed: Vec<String> = Vec::new();
        for line in left.chain(refused) {
            if !listed.contains(&line) {
                listed.push(line);
            }
        }
        listed
    }

    /// Whether the stack says a value of the file.
    fn says(&self, path: &[String], value: &Value) -> bool {
        let steps = path.iter().map(String::as_str);
        let left = steps.fold(&self.left, |value, step| &value[step]);
        let is_refused =
            |(from, _): &(Vec<String>, String)| !from.is_empty() && path.starts_with(from);
        let is_left = !says_nothing(left) && !says_nothing(value);
        !is_left && !self.refused.iter().any(is_refused)
    }
}

/// Why a stack is wrong, without the lines, which are not the user's.
fn first_problem(diagnostics: &Diagnostics) -> String {
    let sorted = diagnostics.sorted().into_iter();
    let mut errors = sorted.filter(|one| one.severity == Severity::Error);
    let message = errors.next().map(|one| one.message.clone());
    message.unwrap_or_else(|| "a stack does not take it".to_owned())
}

/// What the chart means by a value that is not set. `false` and an empty list
/// may be other than its default.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// All values below one, with their paths; a list is one value.
fn leaves(value: &Value) -> Vec<(Vec<String>, Value)> {
    match value {
        Value::Object(map) => {
            let below = |(key, value): (&String, &Value)| {
                let below = leaves(value).into_iter();
                let key = key.clone();
                below.map(move |(path, value)| {
                    let path = std::iter::once(key.clone()).chain(path).collect();
                    (path, value)
                })
            };
            map.iter().flat_map(below).collect()
        }
        other => vec![(Vec::new(), other.clone())],
    }
}

fn notes(listed: Vec<String>) -> Vec<String> {
    let heading = "not in the stack, because no field says it or a stack does not take it:";
    let list = super::report::list(heading, listed);
    let defaults = "the chart's own defaults are in the stack file where a stack has others: replicas, retention, \
                    kube-proxy, no NetworkPolicies, no prometheus-adapter and no blackbox-exporter";
    list.into_iter().chain([defaults.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_path() {
        let values = json!({"a": {"b": 1, "c": [1, 2]}, "d": {}, "e": null});
        let paths = leaves(&values).into_iter().map(|(path, _)| path.join("."));
        assert_eq!(paths.collect::<Vec<_>>(), ["a.b", "a.c", "e"]);
    }
}
