//! What our writer of YAML writes is read back unchanged by our reader and by kubectl's; what kubectl's writer writes,
//! our reader reads unchanged. Values are random, made of what readers are known to disagree about.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use kpbuild_core::node::read_documents;
use kpbuild_core::{SourceMap, yaml};
use kpbuild_tests::yamlread::Yamlread;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Number, Value, json};

/// How many values each property is tried on.
const CASES: u32 = 4000;

#[test]
fn our_readers_read_what_we_write() {
    check(value(), |value| {
        let text = yaml::document(value);
        let plain = yaml::read(&text).map_err(|error| format!("{error}\n{text}"))?;
        same(&plain, value, &text)?;
        same(&with_places(&text)?, value, &text)
    });
}

#[test]
fn kubectl_reads_what_we_write() {
    let kubectl = Mutex::new(Yamlread::start());
    check(value(), |value| {
        let text = yaml::document(value);
        let mut kubectl = kubectl.lock().expect("no case panics while it asks");
        let read = kubectl
            .read(&text)
            .map_err(|error| format!("{error}\n{text}"))?;
        same(&read, value, &text)
    });
}

/// What kubectl cannot write, or not read back itself, is left out, and so are the line separators that only YAML 1.1
/// has: kubectl folds lines at them.
#[test]
fn we_read_what_kubectl_writes() {
    let kubectl = Mutex::new(Yamlread::start());
    let compared = AtomicU32::new(0);
    check(value(), |value| {
        let mut kubectl = kubectl.lock().expect("no case panics while it asks");
        let Ok(text) = kubectl.write(value) else {
            return Ok(());
        };
        let own = kubectl.read(&text).unwrap_or_default();
        if !equal(&own, value) || text.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
            return Ok(());
        }
        let plain = match yaml::read(&text) {
            // `1e400` is refused, not taken for a text.
            Err(error) if error.to_string().contains("non-finite") => return Ok(()),
            read => read.map_err(|error| format!("{error}\n{text}"))?,
        };
        compared.fetch_add(1, Ordering::Relaxed);
        same(&plain, value, &text)?;
        same(&with_places(&text)?, value, &text)
    });
    let compared = compared.into_inner();
    assert!(compared > CASES / 2, "only {compared} values were compared");
}

/// Every trap by itself: as a value, a key, an item, and on lines.
#[test]
fn known_traps_are_no_traps() {
    let mut kubectl = Yamlread::start();
    for trap in TRAPS {
        let value =
            json!({*trap: [trap, {"a": trap, *trap: null}], "text": format!("{trap}\n{trap}\n")});
        let ours = yaml::document(&value);
        assert_eq!(kubectl.read(&ours).as_ref(), Ok(&value), "{ours}");
        assert_eq!(with_places(&ours).as_ref(), Ok(&value), "{ours}");
    }
}

fn check(values: impl Strategy<Value = Value>, property: impl Fn(&Value) -> Result<(), String>) {
    // A value that fails becomes a case of its own below, in the words of the failure.
    let config = Config {
        cases: CASES,
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

fn with_places(text: &str) -> Result<Value, String> {
    let mut sources = SourceMap::default();
    let file = sources.add("random.yaml", text);
    let documents = read_documents(&sources, file).map_err(|error| format!("{error:?}\n{text}"))?;
    match documents.as_slice() {
        [] => Ok(Value::Null),
        [document] => Ok(document.to_json()),
        _ => Err(format!("{} documents\n{text}", documents.len())),
    }
}

fn same(read: &Value, written: &Value, text: &str) -> Result<(), String> {
    if equal(read, written) {
        return Ok(());
    }
    Err(format!("written {written}\nread    {read}\n{text}"))
}

/// Numbers are equal by their value: JSON does not tell 1 from 1.0.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => text().prop_map(Value::String),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        2 => number(),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((key(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn number() -> impl Strategy<Value = Value> {
    let edge = prop::sample::select(vec![
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(-0.0),
        json!(0.1),
        json!(100.0),
        json!(1e15),
        json!(1e16),
        json!(1e21),
        json!(1e-7),
        json!(f64::MAX),
        json!(f64::MIN_POSITIVE),
        json!(5e-324),
    ]);
    prop_oneof![
        edge,
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("JSON has finite numbers only", |number| {
            Number::from_f64(number).map(Value::Number)
        }),
    ]
}

/// Texts: traps, pieces of traps put together, lines, any characters.
fn text() -> impl Strategy<Value = String> {
    let pieces = |most| {
        prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..most)
            .prop_map(|pieces| pieces.concat())
    };
    prop_oneof![
        3 => prop::sample::select(TRAPS.to_vec()).prop_map(str::to_owned),
        6 => pieces(8),
        2 => pieces(60),
        2 => prop::collection::vec(pieces(4), 1..6).prop_map(|lines| lines.join("\n")),
        1 => any::<String>(),
        1 => "[0-9+_.:eExobTZ-]{1,12}",
        1 => "[-?:,\\[\\]{}#&*!|>'\"%@` a]{1,6}",
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => text(),
        // Keys have a limit of 1024 characters, quotes and escapes among them.
        1 => ("[a\u{1}\u{85}\"]", 100..1100_usize).prop_map(|(text, times)| text.repeat(times)),
    ]
}

/// What somebody's reader takes for something else than a text.
#[rustfmt::skip]
const TRAPS: &[&str] = &[
    "", " ", "y", "Y", "n", "N", "yes", "No", "on", "ON", "off", "true", "False", "null", "Null", "~", "nil", "=", "<<",
    "0x1F", "0o17", "0b101", "012", "08", "-012", "+1", "1e3", "1E+3", "12e03", ".5", "1.", "-.5", "1_000", "0x_1", "1__0", "+_0", "._1", "0_xb",
    "12:30", "1:30:45.5", "190:20:30", "2001-01-01", "2001-1-1", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.1 Z",
    ".inf", "-.Inf", "+.INF", ".NaN", ".nan", "Infinity", "NaN", "-", "--", "---", "--- a", "...", "... a", "?", "? a", ":",
    ": a", "a:", "a: b", "a #b", "#", "# a", "- a", "-a", "&a", "*a", "!a", "!!str a", "|", "|-", ">", "> a", "%", "%YAML",
    "@a", "`a", "{", "}", "{a: b}", "[", "]", "[a]", ",", ", a", "'", "''", "\"", "\\", "\\n", "a'b", "a\"b", " a", "a ",
    "\ta", "a\t", "a\tb", "\n", "\n\n", "a\n", "a\n\n", "\na", " \na", "a\n ", "a\n \nb", "a\n  b", "  a\nb", "a\r\nb", "\r",
    "a\n\tb", "a\n---\nb", "a\n...\n", "# a\nb\n", "a\n# b", "\u{0}", "\u{7}", "\u{1b}", "\u{7f}", "\u{85}", "\u{a0}",
    "\u{2028}", "a\u{2029}b", "\u{feff}", "a\u{feff}b", "\u{fffd}", "\u{ffff}", "\u{10ffff}", "\u{1f600}", "\u{e000}",
    "é", "١٢", "½", "²", "0.0.0.0", "1.2.3", "::1", "a::b", "http://a:80/b?c#d", "1,000", "0.", "0", "-0", "00",
    "18446744073709551616", "1e400", "{{ $labels.pod }}", "${x}", "$1", "(a)", "^a$", "a|b", "a>b", "!", "&", "*", "a: ",
    "a\u{85}b", "a \nb ", "a\n\n\nb", "\u{d7ff}", "\u{fffe}", "-1", "- ", "a\n-", "key: |\n  text\n",
];

/// What traps are made of.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "a", "b", "Z", "0", "1", "9", "é", "名", "\u{1f600}", " ", "  ", "\n", "\n\n", "\t", "\r", "\r\n", ":", ": ", " #", "#",
    "-", "- ", "---", "...", "?", ",", "[", "]", "{", "}", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`", "\\", "\\n", "=",
    "<<", "~", ".", "_", "+", "e", "x", "\u{0}", "\u{7}", "\u{85}", "\u{a0}", "\u{2028}", "\u{2029}", "\u{feff}", "\u{fffe}",
];
