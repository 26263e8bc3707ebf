//! Findings for programs: JSON, and the annotations of GitHub's workflows.

use kpbuild_core::{Diagnostic, Diagnostics, SourceMap};
use serde_json::{Value, json};

use crate::commands::check::word;

/// One object a finding, in the order in which text shows them.
pub(crate) fn json(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
    let findings: Vec<Value> = diagnostics
        .sorted()
        .into_iter()
        .map(|one| finding(one, sources))
        .collect();
    format!("{:#}\n", json!({ "findings": findings }))
}

fn finding(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let mut value = json!({
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "notes": diagnostic.notes,
        "help": diagnostic.help,
    });
    if let Some(label) = diagnostic.labels.first() {
        let (line, column) = sources.line_column(label.span);
        value["file"] = json!(sources.file(label.span.file).name);
        value["line"] = json!(line);
        value["column"] = json!(column);
    }
    value
}

/// One workflow command a line: GitHub shows them beside the changed lines.
pub(crate) fn github(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
    diagnostics
        .sorted()
        .into_iter()
        .map(|one| command(one, sources))
        .collect()
}

fn command(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let place = diagnostic.labels.first().map(|label| {
        let (line, column) = sources.line_column(label.span);
        format!(
            "file={},line={line},col={column},",
            property(&sources.file(label.span.file).name)
        )
    });
    let more = diagnostic.notes.iter().chain(&diagnostic.help);
    let text = more.fold(diagnostic.message.clone(), |text, line| {
        format!("{text}\n{line}")
    });
    format!(
        "::{} {}title={}::{}\n",
        word(diagnostic.severity),
        place.unwrap_or_default(),
        property(diagnostic.code.0),
        data(&text)
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kpbuild_core::{Code, Span};

    fn findings() -> (Diagnostics, SourceMap) {
        let mut sources = SourceMap::default();
        let file = sources.add("a,b.yaml", "name: x\nkind: y\n");
        let mut diagnostics = Diagnostics::default();
        let span = Span {
            file,
            start: 8,
            end: 12,
        };
        diagnostics.push(
            Diagnostic::error(Code("rule-syntax"), "100% wrong")
                .at(span, "")
                .help("mend it"),
        );
        diagnostics.push(Diagnostic::warning(Code("unknown-job"), "nowhere"));
        (diagnostics, sources)
    }

    #[test]
    fn json_has_the_place_of_each_finding() {
        let (diagnostics, sources) = findings();
        let value: Value = serde_json::from_str(&json(&diagnostics, &sources)).expect("it is JSON");
        assert_eq!(value["findings"][0]["line"], 2);
        assert_eq!(value["findings"][0]["code"], "rule-syntax");
        assert_eq!(value["findings"][0]["severity"], "error");
        assert_eq!(value["findings"][1]["file"], Value::Null);
    }

    #[test]
    fn workflow_commands_are_escaped() {
        let (diagnostics, sources) = findings();
        let expected = "::error file=a%2Cb.yaml,line=2,col=1,title=rule-syntax::100%25 wrong%0Amend it\n::warning title=unknown-job::nowhere\n";
        assert_eq!(github(&diagnostics, &sources), expected);
    }
}
