//! Holds `templates/mixins/parameters.json` and the mixins' own tables of
//! parameters together. Only a test: the program reads the generated file (see
//! `kpbuild-stack/src/parameters.rs`).
//!
//! `UPDATE_PARAMETERS=1 cargo test -p kpbuild-render parameters` writes it anew.

use std::path::Path;

use kpbuild_core::{Diagnostics, SourceMap};
use serde_json::{Map, Value, json};

use crate::jsonnet::Jsonnet;
use crate::library;

#[test]
fn the_table_of_parameters_is_what_the_mixins_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/mixins/parameters.json");
    let table = format!("{:#}\n", table());
    #[expect(
        clippy::disallowed_methods,
        reason = "a test that writes when it is told to"
    )]
    let update = std::env::var_os("UPDATE_PARAMETERS").is_some();
    if update {
        std::fs::write(&path, &table).expect("templates/ is writable");
    }
    let written = std::fs::read_to_string(&path).expect("the table is part of the repository");
    assert!(
        written == table,
        "templates/mixins/parameters.json is not what the mixins say: \
         write it anew with UPDATE_PARAMETERS=1 and look at the difference"
    );
}

#[test]
fn every_parameter_changes_a_rule_or_a_dashboard() {
    let jsonnet = Jsonnet::new();
    for mixin in library::mixins() {
        let evaluate = |part: &str, config: &Value| {
            let code = format!(
                "function(config) local all = (import 'lib/mixin.libsonnet')\
                 (import 'mixins/{mixin}/mixin.libsonnet', config); {part}"
            );
            let value = jsonnet.call_snippet(mixin, &code, &[("config", config)]);
            value.unwrap_or_else(|error| panic!("{mixin}: {error}"))
        };
        let rules = |config: &Value| evaluate("[all.alerts, all.rules]", config);
        // They take longer, and are asked only about what is in no rule.
        let dashboards = |config: &Value| evaluate("all.dashboards", config);
        let file = format!("function() (import 'mixins/{mixin}/config.libsonnet')._config");
        let defaults = jsonnet
            .call_snippet(mixin, &file, &[])
            .expect("the table evaluates");
        // What is off by default has parameters, too.
        let mut base = json!({});
        if mixin == "kubernetes" {
            base["kubeProxy"] = json!(true);
        }
        let before = (rules(&base), dashboards(&base));
        for (name, value) in defaults.as_object().expect("a table is a map") {
            for changed in changes(value) {
                let mut config = base.clone();
                let on = base.get(name).is_some();
                config[name] = if on { value.clone() } else { changed };
                assert!(
                    rules(&config) != before.0 || dashboards(&config) != before.1,
                    "nothing in {mixin} depends on {name}"
                );
            }
        }
    }
}

/// Parameters that are empty, or parts that a dashboard leaves out, leave no
/// comma behind: PromQL would bear it, readers stumble over it.
#[test]
fn a_selector_has_no_empty_places() {
    let jsonnet = Jsonnet::new();
    let code = |mixin: &str| {
        format!(
            "function(config) (import 'lib/mixin.libsonnet')(import 'mixins/{mixin}/mixin.libsonnet', config)"
        )
    };
    // What is off by default has selectors, too.
    let config = json!({"kubeProxy": true});
    for mixin in library::mixins() {
        let value = jsonnet.call_snippet(mixin, &code(mixin), &[("config", &config)]);
        let value = value.unwrap_or_else(|error| panic!("{mixin}: {error}"));
        for text in texts(&value) {
            let dense: String = text.split_whitespace().collect();
            let gap = [",}", "{,", ",,"].iter().find(|gap| dense.contains(**gap));
            assert_eq!(gap, None, "in {mixin}: {text}");
        }
    }
}

/// All texts inside a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// A value, each time changed in one place.
fn changes(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(value) => vec![json!(!value)],
        Value::Number(number) => vec![json!(number.as_f64().map(|number| 2.0 * number + 1.0))],
        Value::String(text) if text.ends_with(|c: char| "smh".contains(c)) && text.len() < 4 => {
            vec![json!("7m")]
        }
        Value::String(text) => vec![json!(format!("changed{text}"))],
        Value::Array(items) if items.first().is_some_and(Value::is_object) => {
            vec![json!(items[1..])]
        }
        Value::Object(map) => {
            let each = map.iter().flat_map(|(name, value)| {
                changes(value)
                    .into_iter()
                    .map(move |changed| (name, changed))
            });
            each.map(|(name, changed)| {
                let mut whole = value.clone();
                whole[name] = changed;
                whole
            })
            .collect()
        }
        _ => vec![json!(["changed"])],
    }
}

#[test]
fn a_changed_threshold_changes_the_rules_that_have_it_and_nothing_else() {
    assert_changes(
        "node-exporter: {fsSpaceFillingUpWarningThreshold: 20}",
        &["NodeFilesystemSpaceFillingUp warning"],
    );
    assert_changes(
        "kubernetes: {clientErrorsPercent: 2.5, certExpirationCriticalSeconds: 3600}",
        &[
            "KubeClientErrors warning",
            "KubeClientCertificateExpiration critical",
            "KubeletClientCertificateExpiration critical",
            "KubeletServerCertificateExpiration critical",
        ],
    );
    assert_changes(
        "prometheus: {prometheusRemoteWriteBehindSeconds: 600}",
        &["PrometheusRemoteWriteBehind critical"],
    );
}

/// The alerts that differ from the default stack's when parameters are set.
#[track_caller]
fn assert_changes(parameters: &str, expected: &[&str]) {
    let before = all_rules("");
    let after = all_rules(&format!("rules: {{parameters: {{{parameters}}}}}"));
    assert_eq!(before.len(), after.len());
    let differ = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after);
    let mut names: Vec<String> = differ
        .map(|(_, rule)| {
            let name = rule["alert"]
                .as_str()
                .or(rule["record"].as_str())
                .unwrap_or_default();
            format!(
                "{name} {}",
                rule["labels"]["severity"].as_str().unwrap_or_default()
            )
        })
        .collect();
    let mut expected = expected.to_vec();
    names.sort();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

/// All rules of a stack, in order.
fn all_rules(text: &str) -> Vec<Value> {
    let mut sources = SourceMap::default();
    let file = sources.add("stack.yaml", format!("kind: Stack\nname: test\n{text}\n"));
    let mut diagnostics = Diagnostics::default();
    let file = kpbuild_stack::parse(&sources, file, &mut diagnostics).expect("the stack is right");
    let stack = kpbuild_stack::resolve(&file);
    let (inputs, mut sources) = (crate::Inputs::none(), SourceMap::default());
    let rules =
        crate::rules(&stack, &inputs, &mut sources, &mut diagnostics).expect("rules evaluate");
    let groups = rules.into_iter().flat_map(|mixin| mixin.groups);
    groups
        .flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default())
        .collect()
}

#[test]
fn comments_are_found_above_their_parameter_or_above_its_group() {
    let text = "
// The file.
{
  _config+:: {
    // ---------- heading
    // Two windows, long
    // and short.
    long: '1h',
    short: '5m',

    // A group.
    group: {
      // Inside.
      inner: 1, flat: 2,
    },
    computed:
      if self.group.inner == 1 then 'a'
      else 'b',

    bare: 1,
  },
}
";
    let found = comments(text);
    let of = |path: &[&str]| comment(&found, path);
    assert_eq!(of(&["long"]), Some("Two windows, long and short."));
    assert_eq!(of(&["short"]), Some("Two windows, long and short."));
    assert_eq!(of(&["group"]), Some("A group."));
    assert_eq!(of(&["group", "inner"]), Some("Inside."));
    assert_eq!(of(&["computed"]), Some("A group."));
    assert_eq!(of(&["bare"]), None);
}

/// All parameters of all mixins.
fn table() -> Value {
    let jsonnet = Jsonnet::new();
    library::mixins()
        .map(|mixin| (mixin.to_owned(), mixin_table(&jsonnet, mixin)))
        .collect()
}

fn mixin_table(jsonnet: &Jsonnet, mixin: &str) -> Value {
    let file = format!("mixins/{mixin}/config.libsonnet");
    let code = format!("function() (import '{file}')._config");
    let config = jsonnet
        .call_snippet(mixin, &code, &[])
        .expect("tables of parameters evaluate");
    let comments = comments(library::template(&file).expect("the mixin was found by this file"));
    let parameters = config.as_object().expect("a table of parameters is a map");
    parameters
        .iter()
        .map(|(name, value)| {
            let entry = entry(&mut vec![name], value, &comments);
            assert!(
                entry.get("description").is_some(),
                "{mixin}: {name} has no comment"
            );
            (name.clone(), entry)
        })
        .collect()
}

fn entry<'a>(path: &mut Vec<&'a str>, value: &'a Value, comments: &Comments) -> Value {
    let mut entry = Map::new();
    if let Some(text) = comment(comments, path) {
        entry.insert("description".into(), json!(text));
    }
    if let Value::Object(map) = value {
        let mut fields = Map::new();
        for (name, value) in map {
            path.push(name);
            fields.insert(name.clone(), self::entry(path, value, comments));
            path.pop();
        }
        entry.insert("fields".into(), Value::Object(fields));
    } else {
        entry.insert("type".into(), json!(type_name(value)));
        entry.insert("default".into(), value.clone());
    }
    Value::Object(entry)
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::Array(_) => "list",
        _ => "string",
    }
}

/// The path of each parameter in a table, with the comment above it; one that
/// follows another directly shares its comment.
type Comments = Vec<(Vec<String>, String)>;

fn comment<'c>(comments: &'c Comments, path: &[&str]) -> Option<&'c str> {
    let found = comments
        .iter()
        .find(|(of, text)| of == path && !text.is_empty());
    found.map(|(_, text)| text.as_str())
}

fn comments(text: &str) -> Comments {
    let table = text
        .lines()
        .skip_while(|line| !line.trim_start().starts_with("_config+::"))
        .skip(1);
    let mut found = Comments::new();
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut above: Vec<&str> = Vec::new();
    let mut shared: Vec<(usize, String)> = Vec::new();
    for line in table {
        let content = line.trim_start();
        let depth = line.len() - content.len();
        if let Some(words) = content.strip_prefix("//") {
            above.push(words.trim());
        } else if content.is_empty() {
            above.clear();
            shared.clear();
        } else if let Some(name) = field(content) {
            path.retain(|(outer, _)| *outer < depth);
            path.push((depth, name.to_owned()));
            shared.retain(|(of, _)| *of < depth || (*of == depth && above.is_empty()));
            if !above.is_empty() {
                shared.push((depth, sentence(&above)));
                above.clear();
            }
            let comment = shared.iter().find(|(of, _)| *of == depth);
            let comment = comment.map_or(String::new(), |(_, text)| text.clone());
            found.push((path.iter().map(|(_, name)| name.clone()).collect(), comment));
        }
    }
    found
}

/// The name of the field that a line begins with.
fn field(line: &str) -> Option<&str> {
    let (name, _) = line.split_once(':')?;
    let name = name.trim_matches('\'');
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(legal)).then_some(name)
}

/// The lines of a comment as one paragraph, without headings.
fn sentence(lines: &[&str]) -> String {
    let words = lines.iter().filter(|line| !line.starts_with("--"));
    words.copied().collect::<Vec<_>>().join(" ")
}
