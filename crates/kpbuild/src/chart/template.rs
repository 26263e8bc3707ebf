//! The template of an object: its YAML, with what Helm would read as its own
//! language escaped, and with Helm's language where values belong.

use kpbuild_core::yaml;
use serde_json::Value;

use super::values::{How, Place, Values};

/// Stands where the namespace belongs. No YAML writer quotes it or breaks it.
pub(super) const NAMESPACE: &str = "KPBUILDxNAMESPACEx";

/// Stands where a value belongs.
pub(super) fn mark(number: usize) -> String {
    format!("KPBUILDxVALUEx{number}x")
}

const MARK: &str = "KPBUILDxVALUEx";

pub(super) fn text(value: &Value, values: &Values) -> String {
    let escaped = yaml::document(value).replace("{{", "{{ \"{{\" }}");
    let mut text = String::new();
    for line in escaped.lines() {
        text.push_str(&with_values(&with_namespace(line), values));
        text.push('\n');
    }
    text
}

/// A line with the namespace where it belongs.
fn with_namespace(line: &str) -> String {
    let whole = line
        .strip_suffix(NAMESPACE)
        .filter(|start| start.ends_with(": ") || start.ends_with("- "));
    if let Some(start) = whole.filter(|start| !start.contains(NAMESPACE)) {
        // It may look like a number.
        return format!("{start}{{{{ .Values.namespace | quote }}}}");
    }
    // A brace before Helm's own two would be read as one of them.
    line.replace(
        &format!("{{{NAMESPACE}"),
        &format!("{{{{ \"{{\" }}}}{NAMESPACE}"),
    )
    .replace(NAMESPACE, "{{ .Values.namespace }}")
}

/// A line with its value, if it has one. A mark is always the end of its line.
fn with_values(line: &str, values: &Values) -> String {
    let Some((start, number)) = line.split_once(MARK) else {
        return line.to_owned();
    };
    let number: usize = number
        .trim_end_matches('x')
        .parse()
        .expect("marks end with their number");
    let Place { path, how } = &values.places[number];
    let path: Vec<String> = path.iter().map(|part| format!("{part:?}")).collect();
    let value = format!("index .Values {}", path.join(" "));
    match how {
        How::Plain => format!("{start}{{{{ {value} | toJson }}}}"),
        How::Argument(name) => format!("{start}{{{{ printf \"{name}%s\" ({value}) | toJson }}}}"),
        How::Optional => {
            format!("{{{{- with {value} }}}}\n{start}{{{{ . | toJson }}}}\n{{{{- end }}}}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_language_of_helm_is_escaped_where_it_is_the_text() {
        let value = json!({
            "alert": "pod {{ $labels.pod }} is down",
            "json": "{\"a\":{\"b\":{}}}",
            "namespace": NAMESPACE,
            "url": format!("http://a.{NAMESPACE}.svc"),
            "braces": format!("a {{{NAMESPACE}}} and {{{{{NAMESPACE}"),
        });
        insta::assert_snapshot!(text(&value, &Values::default()), @r#"
        alert: pod {{ "{{" }} $labels.pod }} is down
        braces: a {{ "{" }}{{ .Values.namespace }}} and {{ "{{" }}{{ .Values.namespace }}
        json: '{"a":{"b":{}}}'
        namespace: {{ .Values.namespace | quote }}
        url: http://a.{{ .Values.namespace }}.svc
        "#);
    }
}
