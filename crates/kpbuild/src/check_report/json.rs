//! Findings as JSON.

use kpbuild_check::{Finding, Report};
use kpbuild_core::SourceMap;
use serde_json::{Value, json};

use super::place;

/// One object a finding, in the order in which text shows them.
pub(crate) fn json(report: &Report, sources: &SourceMap) -> String {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|one| finding(one, sources))
        .collect();
    let silenced: Vec<Value> = report
        .silenced
        .iter()
        .map(|one| {
            let mut value = finding(&one.finding, sources);
            value["reason"] = json!(one.reason);
            value
        })
        .collect();
    format!(
        "{:#}\n",
        json!({"findings": findings, "silenced": silenced})
    )
}

fn finding(finding: &Finding, sources: &SourceMap) -> Value {
    let diagnostic = &finding.diagnostic;
    let mut value = json!({
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "object": finding.object.as_ref().map(ToString::to_string),
        "message": diagnostic.message,
        "notes": diagnostic.notes,
        "help": diagnostic.help,
    });
    if let Some((file, line, column)) = place(finding, sources) {
        value["file"] = json!(file);
        value["line"] = json!(line);
        value["column"] = json!(column);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn every_finding_has_its_place_and_object() {
        let (report, sources) = report();
        let value: Value = serde_json::from_str(&json(&report, &sources)).expect("it is JSON");
        assert_eq!(value["findings"][0]["line"], 2);
        assert_eq!(value["findings"][0]["code"], "rule-syntax");
        assert_eq!(value["findings"][0]["severity"], "error");
        assert_eq!(value["findings"][1]["file"], Value::Null);
        assert_eq!(value["findings"][1]["object"], "Service/m/s");
        assert_eq!(value["silenced"][0]["reason"], "we know");
    }
}
