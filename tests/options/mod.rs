//! What each option changes, and nothing else: a stack file with one option, and the difference of its objects to those
//! of a stack without it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use kpbuild_tests::kpbuild;
use serde_json::{Map, Value};

/// `INSTA_UPDATE=always` writes what differs now.
#[test]
fn options_change_what_they_say() {
    let folder = tempfile::tempdir().expect("a folder for the default");
    let plain = folder.path().join("default.yaml");
    std::fs::write(&plain, "kind: Stack\nname: default\n").expect("the folder was just made");
    let default = objects(&plain);
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "snapshots"}, {
        insta::glob!("*.yaml", |path| {
            let shown = difference(&default, &objects(path));
            assert!(!shown.is_empty(), "{} changes nothing", path.display());
            insta::assert_snapshot!(shown);
        });
    });
}

/// What is there on demand has options too: each is compared with a stack that has nothing but it, the file that is called
/// like the option's folder.
#[test]
fn options_of_what_is_there_on_demand_change_what_they_say() {
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "snapshots"}, {
        insta::glob!("on-demand/*/*.yaml", |path| {
            let without = path.parent().expect("it lies in a folder").with_extension("yaml");
            let shown = difference(&objects(&without), &objects(path));
            assert!(!shown.is_empty(), "{} changes nothing", path.display());
            insta::assert_snapshot!(shown);
        });
    });
}

/// `generate` is for `kpbuild apply` alone: a password that it made would otherwise be in manifests and in Git.
#[test]
fn a_password_that_apply_makes_is_rendered_nowhere() {
    let folder = tempfile::tempdir().expect("a folder for stacks");
    let of = |admin: &str| {
        let stack = folder.path().join("stack.yaml");
        let text =
            format!("kind: Stack\nname: x\ncomponents:\n  grafana: {{admin: {{{admin}}}}}\n");
        std::fs::write(&stack, text).expect("the folder was just made");
        objects(&stack)
    };
    let generated = of("secret: grafana-admin, generate: true");
    assert_eq!(difference(&of("secret: grafana-admin"), &generated), "");
    assert!(!generated.contains_key("Secret monitoring/grafana-admin"));
}

/// Objects by kind, namespace and name.
pub(crate) type Objects = BTreeMap<String, Value>;

/// The objects of a stack file.
pub(crate) fn objects(stack: &Path) -> Objects {
    let output = kpbuild::run(
        Path::new("/"),
        &["render", &stack.to_string_lossy(), "--format", "json"],
    );
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    parsed(&output.stdout)
}

/// The objects that a render with `--format json` has printed.
pub(crate) fn parsed(printed: &[u8]) -> Objects {
    let list: Value = serde_json::from_slice(printed).expect("it writes one list");
    let items = list["items"].as_array().expect("the list has items");
    items
        .iter()
        .map(|object| (key(object), object.clone()))
        .collect()
}

fn key(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let metadata = &object["metadata"];
    format!(
        "{} {}/{}",
        text(&object["kind"]),
        text(&metadata["namespace"]),
        text(&metadata["name"])
    )
}

/// One line a change: `+` and `-` are whole objects or fields, `~` is a value that became another.
pub(crate) fn difference(before: &Objects, after: &Objects) -> String {
    let mut shown = String::new();
    for key in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        match (before.get(key), after.get(key)) {
            (Some(_), None) => line(&mut shown, &format!("- {key}")),
            (None, Some(new)) => line(&mut shown, &format!("+ {key} {}", short(new))),
            (Some(old), Some(new)) if old != new => {
                line(&mut shown, key);
                fields(&mut shown, "", old, new);
            }
            _ => {}
        }
    }
    shown
}

fn fields(shown: &mut String, path: &str, old: &Value, new: &Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for key in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
                field(shown, &format!("{path}.{key}"), old.get(key), new.get(key));
            }
        }
        (Value::Array(old), Value::Array(new)) => items(shown, path, old, new),
        // They follow from texts that are shown themselves.
        _ if path.contains("checksum") => field_line(shown, "~", path, "another one"),
        (Value::String(old), Value::String(new)) if old.contains('\n') || new.contains('\n') => {
            lines(shown, path, old, new);
        }
        _ => field_line(
            shown,
            "~",
            path,
            &format!("{} -> {}", short(old), short(new)),
        ),
    }
}

/// Items by their names where all have one, by place otherwise. Rules have none; where some are gone, they are told apart
/// by what they are.
fn items(shown: &mut String, path: &str, old: &[Value], new: &[Value]) {
    let name = |item: &Value| item["name"].as_str().map(str::to_owned);
    let rule = |item: &Value| {
        let name = item["alert"].as_str().or(item["record"].as_str())?;
        Some(format!("{name} {}", item["labels"]))
    };
    let (old_named, new_named) = if old.len() == new.len() || named(old, rule).is_none() {
        (named(old, name), named(new, name))
    } else {
        (named(old, rule), named(new, rule))
    };
    match (old_named, new_named) {
        (Some(old), Some(new)) => {
            for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
                field(
                    shown,
                    &format!("{path}[{name}]"),
                    old.get(name),
                    new.get(name),
                );
            }
        }
        _ => {
            for index in 0..old.len().max(new.len()) {
                field(
                    shown,
                    &format!("{path}[{index}]"),
                    old.get(index),
                    new.get(index),
                );
            }
        }
    }
}

/// The lines of a text that only one of the two has.
fn lines(shown: &mut String, path: &str, old: &str, new: &str) {
    let only = |one: &str, other: &str| -> Vec<String> {
        let known: BTreeSet<&str> = other.lines().collect();
        one.lines()
            .filter(|line| !known.contains(line))
            .map(str::to_owned)
            .collect()
    };
    field_line(shown, "~", path, "");
    for text in only(old, new) {
        line(shown, &format!("    - {text}"));
    }
    for text in only(new, old) {
        line(shown, &format!("    + {text}"));
    }
}

fn named(items: &[Value], name: impl Fn(&Value) -> Option<String>) -> Option<Map<String, Value>> {
    let pairs = items.iter().map(|item| Some((name(item)?, item.clone())));
    let named: Map<String, Value> = pairs.collect::<Option<_>>()?;
    (named.len() == items.len()).then_some(named)
}

fn field(shown: &mut String, path: &str, old: Option<&Value>, new: Option<&Value>) {
    match (old, new) {
        (Some(old), Some(new)) if old != new => fields(shown, path, old, new),
        (Some(old), None) => field_line(shown, "-", path, &short(old)),
        (None, Some(new)) => field_line(shown, "+", path, &short(new)),
        _ => {}
    }
}

fn field_line(shown: &mut String, sign: &str, path: &str, value: &str) {
    line(shown, format!("  {sign} {path} {value}").trim_end());
}

fn line(shown: &mut String, text: &str) {
    writeln!(shown, "{text}").expect("text grows");
}

/// A value, of a group of rules only their names.
fn short(value: &Value) -> String {
    if let Some(groups) = value["spec"]["groups"].as_array() {
        return groups.iter().map(short).collect::<Vec<_>>().join(" ");
    }
    if let Some(rules) = value["rules"]
        .as_array()
        .filter(|_| value["name"].is_string())
    {
        let name = |rule: &Value| {
            rule["alert"]
                .as_str()
                .or(rule["record"].as_str())
                .map(str::to_owned)
        };
        return rules.iter().filter_map(name).collect::<Vec<_>>().join(" ");
    }
    let text = value.to_string();
    match text.char_indices().nth(800) {
        Some((end, _)) => format!("{} ... ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}
