//! Documents in block style.

use serde_json::{Map, Value};

use super::scalar::{Spelling, spelling, write_flow, write_number};

/// YAML limits a key on its line to 1024 characters with its quotes; longer
/// ones are written in the explicit form.
const LONGEST_KEY: usize = 1000;

/// One value as a YAML document, ending with a newline.
///
/// ```
/// let value = serde_json::json!({"name": "on", "ports": [{"port": 80}]});
/// assert_eq!(kpbuild_core::yaml::document(&value), "name: 'on'\nports:\n- port: 80\n");
/// ```
pub fn document(value: &Value) -> String {
    let mut out = String::with_capacity(about(value, 0));
    match value {
        Value::Object(map) if !map.is_empty() => write_map(&mut out, map, 0, false),
        Value::Array(items) if !items.is_empty() => write_list(&mut out, items, 0),
        scalar => {
            write_scalar(&mut out, scalar, 0);
            end_line(&mut out);
        }
    }
    out
}

/// About how long the document of a value becomes, so that the megabytes of
/// dashboards are written into one place and not moved from one to the next.
fn about(value: &Value, indent: usize) -> usize {
    let entry = indent + 32;
    match value {
        Value::Object(map) => map.values().map(|value| about(value, indent + 2)).sum(),
        Value::Array(items) => items.iter().map(|item| about(item, indent + 2)).sum(),
        Value::String(text) => {
            let lines = memchr::memchr_iter(b'\n', text.as_bytes()).count();
            entry + text.len() + lines * (indent + 2)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => entry,
    }
}

/// Several documents as one stream, each after its `---`.
pub fn stream<'a>(documents: impl IntoIterator<Item = &'a str>) -> String {
    documents
        .into_iter()
        .fold(String::new(), |mut out, document| {
            out.push_str("---\n");
            out.push_str(document);
            out
        })
}

/// Writes the entries of a map, the first one on the current line when a list
/// item has started it.
fn write_map(out: &mut String, map: &Map<String, Value>, indent: usize, on_item_line: bool) {
    for (index, (key, value)) in map.iter().enumerate() {
        if index > 0 || !on_item_line {
            write_indent(out, indent);
        }
        write_key(out, key, indent);
        write_after_key(out, value, indent);
    }
}

fn write_key(out: &mut String, key: &str, indent: usize) {
    let start = out.len();
    write_flow(out, key, spelling(key, true));
    if out.len() - start > LONGEST_KEY {
        out.insert_str(start, "? ");
        end_line(out);
        write_indent(out, indent);
    }
    out.push(':');
}

fn write_after_key(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            write_map(out, map, indent + 2, false);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            write_list(out, items, indent);
        }
        scalar => {
            out.push(' ');
            write_scalar(out, scalar, indent + 2);
            end_line(out);
        }
    }
}

fn write_list(out: &mut String, items: &[Value], indent: usize) {
    for item in items {
        write_indent(out, indent);
        out.push_str("- ");
        write_item(out, item, indent + 2);
    }
}

fn write_item(out: &mut String, item: &Value, indent: usize) {
    match item {
        Value::Object(map) if !map.is_empty() => write_map(out, map, indent, true),
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    write_indent(out, indent);
                }
                out.push_str("- ");
                write_item(out, item, indent + 2);
            }
        }
        scalar => {
            write_scalar(out, scalar, indent);
            end_line(out);
        }
    }
}

/// Writes a scalar or an empty collection, without the end of its line; a
/// literal block ends its last line itself.
fn write_scalar(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => match spelling(text, false) {
            Spelling::Literal(chomping) => write_literal(out, text, chomping, indent),
            flow => write_flow(out, text, flow),
        },
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
    }
}

fn write_literal(out: &mut String, text: &str, chomping: &str, indent: usize) {
    out.push('|');
    out.push_str(chomping);
    let start = format!("\n{}", " ".repeat(indent.max(2)));
    // The last newline of the text, if it has one, is the end of the last line.
    let mut rest = Some(text.strip_suffix('\n').unwrap_or(text));
    while let Some(text) = rest {
        let end = memchr::memchr(b'\n', text.as_bytes());
        rest = end.map(|end| &text[end + 1..]);
        let line = &text[..end.unwrap_or(text.len())];
        out.push_str(if line.is_empty() { "\n" } else { &start });
        out.push_str(line);
    }
}

fn write_indent(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn end_line(out: &mut String) {
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_looks_as_kubectl_would_print_it() {
        let value = json!({
            "apiVersion": "v1",
            "data": {"a.yaml": "x: 1\ny:\n  - 2\n", "empty": "", "flag": "on", "tail": "a\nb", "keep": "a\n\n\n"},
            "list": [[1, 2], {"b": [], "c": {}}, "s", null, "two\nlines"],
            "kind": "ConfigMap",
        });
        insta::assert_snapshot!(document(&value), @"
        apiVersion: v1
        data:
          a.yaml: |
            x: 1
            y:
              - 2
          empty: ''
          flag: 'on'
          keep: |+
            a


          tail: |-
            a
            b
        kind: ConfigMap
        list:
        - - 1
          - 2
        - b: []
          c: {}
        - s
        - null
        - |-
          two
          lines
        ");
    }

    #[test]
    fn what_is_written_is_read_back() {
        for value in [
            json!({"a": [{"b": "x\n y\n"}, "\tq", "é\u{85}", "\u{feff}", "a\r\nb"]}),
            json!({"long".repeat(400): {"x": 1}, "\u{1}".repeat(200): [{"\u{85}".repeat(200): 2}]}),
            json!(["012", 1.5, -3, 1e300, true, null, "null"]),
            json!("alone"),
            json!({}),
        ] {
            let text = document(&value);
            let back = crate::yaml::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(back, value, "{text}");
        }
    }
}
