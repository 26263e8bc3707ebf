//! The schema that editors check and our own reader say the same about every file.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use jsonschema::Validator;
use kpbuild_core::node::read_documents;
use kpbuild_core::{Diagnostics, Severity, SourceMap};
use kpbuild_stack::format::FORMATS;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::cases;

/// How many values each property is tried on.
const CASES: u32 = 2000;

/// Cases that are wrong in ways that JSON Schema cannot say, with the reason.
const BEYOND_SCHEMA: &[(&str, &str)] = &[
    (
        "agent-and-data.yaml",
        "what fields say about each other is none of it",
    ),
    (
        "agent-without-remote-write.yaml",
        "what fields say about each other is none of it",
    ),
    (
        "autoscale-from-nothing.yaml",
        "what fields say about each other is none of it",
    ),
    (
        "duplicate-component.yaml",
        "data has no duplicates any more",
    ),
    ("duplicate-field.yaml", "data has no duplicates any more"),
    ("duration-of-centuries.yaml", "patterns do not count"),
    (
        "metrics-server-and-adapter.yaml",
        "what fields say about each other is none of it",
    ),
    (
        "metrics-server-and-idle-adapter.yaml",
        "what fields say about each other is none of it",
    ),
    (
        "metrics-server-of-the-platform.yaml",
        "what fields say about each other is none of it",
    ),
    ("metrics-server-resolution.yaml", "patterns do not count"),
    (
        "number-with-point.yaml",
        "to JSON Schema, 2.0 is a whole number",
    ),
    (
        "patch-of-nothing.yaml",
        "what fields say about each other is none of it",
    ),
    (
        "pyrra-and-agent.yaml",
        "what fields say about each other is none of it",
    ),
    ("pyrra-objectives.yaml", "JSON Schema knows no PromQL"),
    (
        "pyrra-objectives-in-vain.yaml",
        "what fields say about each other is none of it",
    ),
    (
        "pyrra-without-prometheus.yaml",
        "what fields say about each other is none of it",
    ),
    ("rule-expression.yaml", "JSON Schema knows no PromQL"),
    (
        "rule-groups-alike.yaml",
        "what fields say about each other is none of it",
    ),
    (
        "rule-patch-of-nothing.yaml",
        "what fields say about each other is none of it",
    ),
];

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    jsonschema::draft202012::new(&kpbuild_stack::schema::published())
        .expect("the published schema is a JSON Schema")
});

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    for case in cases() {
        let mut sources = SourceMap::default();
        let file = sources.add(&case.name, &case.text);
        let Ok(documents) = read_documents(&sources, file) else {
            // What is not YAML is no data, of which alone a schema can say something.
            continue;
        };
        let [document] = documents.as_slice() else {
            continue;
        };
        let accepted = SCHEMA.is_valid(&document.to_json());
        let beyond = BEYOND_SCHEMA.iter().any(|(name, _)| *name == case.name);
        assert_eq!(accepted, beyond, "{}", case.name);
    }
}

#[test]
fn the_schema_accepts_the_examples() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../stacks");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the examples are there") {
        let path = entry.expect("a folder lists its entries").path();
        let text = std::fs::read_to_string(&path).expect("an example is a text");
        let mut sources = SourceMap::default();
        let file = sources.add(path.display().to_string(), &text);
        let documents = read_documents(&sources, file).expect("an example is YAML");
        let errors: Vec<String> = SCHEMA
            .iter_errors(&documents[0].to_json())
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        count += 1;
    }
    assert!(count > 1, "there are examples");
}

/// Patterns and the functions behind them: whatever a function takes, its pattern takes, and the other way round but for
/// what patterns cannot say.
#[test]
fn patterns_and_functions_agree() {
    const ONLY_THE_FUNCTION: [(&str, &str); 5] = [
        ("prometheus-duration", "patterns do not count"),
        ("prometheus-duration-or-zero", "patterns do not count"),
        ("host-address", "addresses have more rules than letters"),
        ("host-and-port", "ports end at 65535"),
        ("setting-value", "what quotes a text depends on all of it"),
    ];
    for format in FORMATS {
        let schema =
            json!({"pattern": format.pattern, "maxLength": format.longest.unwrap_or(1 << 20)});
        let pattern = jsonschema::draft202012::new(&schema).expect("a pattern is a schema");
        let beyond = ONLY_THE_FUNCTION
            .iter()
            .any(|(name, _)| *name == format.name);
        run(CASES, text(), |text| {
            let (by_function, by_pattern) = (format.check(text), pattern.is_valid(&json!(text)));
            if by_function.is_ok() == by_pattern || (beyond && by_pattern) {
                return Ok(());
            }
            Err(format!(
                "{}: {text:?} is {by_function:?}, by its pattern {by_pattern}",
                format.name
            ))
        });
    }
}

/// A random value anywhere in a stack file: both take it, or neither.
#[test]
fn schema_and_reader_agree_on_every_field() {
    let schema = kpbuild_stack::schema::published();
    let base = json!({"kind": "Stack", "name": "prod"});
    let accepted = AtomicU32::new(0);
    let refused = AtomicU32::new(0);
    let changes = prop::collection::vec(
        (prop::collection::vec(any::<Index>(), 2..14), any::<Index>()),
        1..3,
    );
    run(4 * CASES, changes, |changes| {
        let mut value = base.clone();
        for (steps, choice) in changes {
            set(&schema, &schema, &mut value, steps, *choice);
        }
        // Bases are read from files, of which there are none here; whether a
        // variable is used, no schema can tell.
        if value["kind"] == "StackBase"
            || value.get("variables").is_some()
            || value["extends"]
                .as_array()
                .is_some_and(|all| !all.is_empty())
        {
            return Ok(());
        }
        let read = reader_accepts(&value);
        let counter = if read.is_ok() { &accepted } else { &refused };
        counter.fetch_add(1, Ordering::Relaxed);
        if read.is_ok() == SCHEMA.is_valid(&value) {
            return Ok(());
        }
        let errors: Vec<String> = SCHEMA
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        Err(format!("{value}\nreader: {read:?}\nschema: {errors:?}"))
    });
    let (accepted, refused) = (accepted.into_inner(), refused.into_inner());
    assert!(
        accepted > CASES / 4 && refused > CASES / 2,
        "{accepted} accepted, {refused} refused"
    );
}

/// Walks down the schema, and makes the value at the end of the way another one.
fn set(root: &Value, schema: &Value, value: &mut Value, steps: &[Index], choice: Index) {
    let schema = followed(root, schema);
    let Some((step, rest)) = steps.split_first() else {
        *value = choice.get(&candidates(schema)).clone();
        return;
    };
    if let Some(fields) = schema["properties"]
        .as_object()
        .filter(|fields| !fields.is_empty())
    {
        let names: Vec<&String> = fields.keys().collect();
        let name = *step.get(&names);
        if !value.is_object() {
            *value = json!({});
        }
        set(root, &fields[name], &mut value[name], rest, choice);
    } else if schema["items"].is_object() {
        let mut item = Value::Null;
        set(root, &schema["items"], &mut item, rest, choice);
        *value = json!([item]);
    } else if schema["additionalProperties"].is_object() {
        let key = *step.get(&["a", "example.com/a", "a b", ""]);
        if !value.is_object() {
            *value = json!({});
        }
        set(
            root,
            &schema["additionalProperties"],
            &mut value[key],
            rest,
            choice,
        );
    } else {
        *value = choice.get(&candidates(schema)).clone();
    }
}

fn followed<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let schema = match schema["anyOf"].get(0) {
        Some(branch) => branch,
        None => schema,
    };
    match schema["$ref"].as_str() {
        Some(path) => root
            .pointer(path.trim_start_matches('#'))
            .expect("references lead somewhere"),
        None => schema,
    }
}

/// Values of all types, and some that may be right.
fn candidates(schema: &Value) -> Vec<Value> {
    let mut all: Vec<Value> = vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-1),
        json!(3),
        json!(70000),
        json!(0.5),
        json!("text"),
        json!(""),
        json!("a b"),
        json!("30s"),
        json!("30"),
        json!("1"),
        json!("4Gi"),
        json!("4GB"),
        json!("https://example.com"),
        json!("yes"),
        json!("10%"),
        json!([]),
        json!([null]),
        json!(["a"]),
        json!([{}]),
        json!({}),
        json!({"unknown": 1}),
        json!({"a": "b"}),
        json!({"a": null}),
    ];
    let names = schema["enum"].as_array().into_iter().flatten().cloned();
    let documented = schema["oneOf"].as_array().into_iter().flatten();
    let constants = documented.filter_map(|branch| branch.get("const").cloned());
    // What can be right is tried more often than the rest.
    for likely in names.chain(constants).chain(schema.get("default").cloned()) {
        all.extend([likely.clone(), likely]);
    }
    all
}

fn run<S>(cases: u32, values: S, property: impl Fn(&S::Value) -> Result<(), String>)
where
    S: Strategy,
{
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&values, |value| {
        property(&value).map_err(TestCaseError::fail)
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Texts that are nearly of a format.
fn text() -> impl Strategy<Value = String> {
    let examples = [
        "30s",
        "1h30m",
        "15d",
        "1y2w3d4h5m6s7ms",
        "0",
        "500m",
        "4Gi",
        "1.5",
        ".5",
        "5.",
        "1e3",
        "1E-9",
        "-1",
        "50GB",
        "1.5MiB",
        "prometheus-k8s.example",
        "a",
        "a-b",
        "app.kubernetes.io/name",
        "v3.12.0",
        "3.12.0-rc.1",
        "https://a.example/x?y#z",
        "socks5://a",
        "http://[::1]:80",
        "quay.io/prometheus/prometheus:v3.12.0",
        "a@sha256:00",
        "localhost:5000/a",
        "127.0.0.1",
        "::1",
        "host:80",
        "[::1]:9182",
        "auth.generic_oauth",
        "_a1",
        "",
    ];
    let pieces = [
        "a", "Z", "0", "9", "-", "_", ".", "/", "//", ":", "@", "+", " ", "\n", "\r", "\t", "%",
        "[", "]", "?", "#", "://", "s", "m", "ms", "h", "d", "y", "B", "i", "K", "G", "e", "E",
        "é", "\u{2028}", "\u{a0}", "\u{feff}", "`", "*", "http", "sha256:",
    ];
    let example = prop::sample::select(examples.to_vec());
    let piece = prop::sample::select(pieces.to_vec());
    let mutated = (
        example.clone(),
        any::<Index>(),
        piece.clone(),
        any::<bool>(),
    )
        .prop_map(|(text, at, piece, replaces)| {
            let at = at.index(text.chars().count() + 1);
            let before: String = text.chars().take(at).collect();
            let after: String = text.chars().skip(at + usize::from(replaces)).collect();
            before + piece + &after
        });
    prop_oneof![
        1 => example.prop_map(str::to_owned),
        6 => mutated,
        3 => prop::collection::vec(piece.clone(), 0..6).prop_map(|pieces| pieces.concat()),
        1 => (piece, 60..70_usize).prop_map(|(piece, times)| piece.repeat(times)),
        1 => ("[a/.-]", 250..256_usize).prop_map(|(piece, times)| piece.repeat(times)),
    ]
}

/// What our reader says about data, by way of the text that is written of it. That fields of a file do not go together,
/// or that a text is not PromQL, is not for a schema to say.
fn reader_accepts(value: &Value) -> Result<(), String> {
    let text = kpbuild_core::yaml::document(value);
    let mut sources = SourceMap::default();
    let file = sources.add("random.yaml", &text);
    let mut found = Diagnostics::default();
    if kpbuild_stack::parse(&sources, file, &mut found).is_ok() {
        return Ok(());
    }
    let messages: Vec<String> = found
        .sorted()
        .iter()
        .filter(|finding| {
            finding.severity == Severity::Error
                && finding.code != kpbuild_stack::CONFLICT
                && finding.code != kpbuild_stack::rules::SYNTAX
        })
        .map(|finding| finding.message.clone())
        .collect();
    if messages.is_empty() {
        Ok(())
    } else {
        Err(messages.join("; "))
    }
}
