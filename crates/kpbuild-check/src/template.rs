//! The templates of annotations and labels: what can be wrong with them without
//! running them. Not an evaluator.

/// The functions of Go's templates and of Prometheus.
const FUNCTIONS: [&str; 55] = [
    "and",
    "call",
    "eq",
    "ge",
    "gt",
    "html",
    "index",
    "js",
    "le",
    "len",
    "lt",
    "ne",
    "not",
    "or",
    "print",
    "printf",
    "println",
    "slice",
    "urlquery",
    "args",
    "externalURL",
    "first",
    "graphLink",
    "humanize",
    "humanize1024",
    "humanizeDuration",
    "humanizePercentage",
    "humanizeTimestamp",
    "label",
    "match",
    "now",
    "parseDuration",
    "parseDurationTime",
    "pathPrefix",
    "query",
    "reReplaceAll",
    "safeHtml",
    "sortByLabel",
    "stripDomain",
    "stripPort",
    "strvalue",
    "tableLink",
    "title",
    "tmpl",
    "toDuration",
    "toLower",
    "toTime",
    "toUpper",
    "urlQueryEscape",
    "value",
    "true",
    "false",
    "nil",
    "template",
    "block",
];

/// Why a text is no template.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let mut open = 0_usize;
    for action in actions(text)? {
        let action = action.trim().trim_matches('-').trim();
        let first = action.split_whitespace().next().unwrap_or_default();
        match first {
            "" => return Err("there is nothing between `{{` and `}}`".to_owned()),
            "if" | "range" | "with" | "define" | "block" => open += 1,
            "end" if open == 0 => return Err("an `end` has no beginning".to_owned()),
            "end" => open -= 1,
            _ => {}
        }
        if !action.starts_with("/*") {
            words(action)?;
        }
    }
    if open > 0 {
        Err("an `if`, `range` or `with` has no `end`".to_owned())
    } else {
        Ok(())
    }
}

/// The labels that a text names with `$labels.name`, also as `.Labels.name`.
pub(crate) fn labels(text: &str) -> Vec<&str> {
    names(text, &["$labels.", ".Labels."])
}

/// The labels that a text names with `$externalLabels.name`, also as
/// `.ExternalLabels.name`.
pub(crate) fn external_labels(text: &str) -> Vec<&str> {
    names(text, &["$externalLabels.", ".ExternalLabels."])
}

/// Whether a text holds the value of the alert.
pub(crate) fn has_value(text: &str) -> bool {
    let actions = actions(text).unwrap_or_default();
    actions
        .iter()
        .any(|action| action.contains("$value") || action.contains(".Value"))
}

/// Whether a text shows the value of the alert as it is, not by way of a function.
pub(crate) fn shows_raw_value(text: &str) -> bool {
    let actions = actions(text).unwrap_or_default();
    actions.iter().any(|action| {
        let bare = action.trim_matches(|c: char| c == '-' || c.is_whitespace());
        ["$value", ".Value"].contains(&bare)
    })
}

fn names<'t>(text: &'t str, starts: &[&str]) -> Vec<&'t str> {
    let mut found = Vec::new();
    for action in actions(text).unwrap_or_default() {
        for start in starts {
            for (at, _) in action.match_indices(*start) {
                let rest = &action[at + start.len()..];
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                if !found.contains(&&rest[..end]) {
                    found.push(&rest[..end]);
                }
            }
        }
    }
    found
}

/// What stands between `{{` and `}}`.
fn actions(text: &str) -> Result<Vec<&str>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let after = &rest[start + 2..];
        let end = after.find("}}").ok_or("a `{{` is not closed")?;
        if after[..end].contains("{{") {
            return Err("a `{{` is not closed".to_owned());
        }
        found.push(&after[..end]);
        rest = &after[end + 2..];
    }
    Ok(found)
}

/// Bare words are keywords or functions.
fn words(action: &str) -> Result<(), String> {
    let mut bare = String::new();
    let mut quote = None;
    let mut escaped = false;
    for c in action.chars() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some('"'), '\\') => escaped = true,
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`') => quote = Some(c),
            (None, _) => bare.push(c),
        }
    }
    if quote.is_some() {
        return Err("a text is not closed".to_owned());
    }
    let known = |word: &str| {
        FUNCTIONS.contains(&word)
            || [
                "if", "else", "end", "range", "with", "define", "break", "continue",
            ]
            .contains(&word)
    };
    let separators = |c: char| c.is_whitespace() || "()|,=:".contains(c);
    for word in bare
        .split(separators)
        .filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()))
    {
        if !known(word) {
            return Err(format!("there is no function `{word}`"));
        }
    }
    if bare.matches('(').count() == bare.matches(')').count() {
        Ok(())
    } else {
        Err("a parenthesis is not closed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_read_as_prometheus_does() {
        for text in [
            "plain",
            "{{ $value | humanizePercentage }} of {{ $labels.pod }}",
            r#"{{ printf "%.2f" $value }}"#,
            r#"{{ with query "up{job=\"a\"}" }}{{ . | first | value }}{{ else }}-{{ end }}"#,
            "{{ range $i, $e := query `up` }}{{ $e.Labels.job }}{{ end }}",
            "{{- if gt $value 1.0 -}}x{{ end }}",
            "{{/* nothing to see */}}",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for text in [
            "{{ $value",
            "{{ $value | humanise }}",
            "{{ if $value }}x",
            "{{ end }}",
            "{{ }}",
            "{{ printf \"%d }}",
            "{{ len (1 }}",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_is_raw_without_a_function() {
        for text in ["{{ $value }}%", "{{- .Value -}}", "{{$value}}"] {
            assert!(shows_raw_value(text), "{text}");
        }
        for text in [
            "$value",
            "{{ $value | humanize }}",
            r#"{{ printf "%.2f" $value }}"#,
            "{{ if gt $value 1.0 }}x{{ end }}",
            "{{ $labels.value }}",
        ] {
            assert!(!shows_raw_value(text), "{text}");
        }
    }

    #[test]
    fn labels_are_found_in_actions_only() {
        assert_eq!(
            labels("$labels.a {{ $labels.b }} {{ .Labels.c | title }} {{ $labels.b }}"),
            ["b", "c"]
        );
    }
}
