//! Findings as SARIF 2.1.0, which code scanning of GitHub, GitLab and editors read.

use kpbuild_check::{Finding, Report};
use kpbuild_core::{Diagnostic, SourceMap, Span};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{whole, word};

/// The log of one run over `subject`, at whose first line stands what has no place
/// of its own.
pub(crate) fn sarif(report: &Report, sources: &SourceMap, subject: &str) -> String {
    let mut codes: Vec<&str> = report
        .findings
        .iter()
        .chain(report.silenced.iter().map(|one| &one.finding))
        .map(|one| one.diagnostic.code.0)
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let result = |finding: &Finding| result(finding, sources, subject, &codes);
    let mut results: Vec<Value> = report.findings.iter().map(result).collect();
    results.extend(report.silenced.iter().map(|one| {
        let mut value = result(&one.finding);
        value["suppressions"] = json!([{"kind": "external", "justification": one.reason}]);
        value
    }));
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "kpbuild",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": codes.iter().map(|code| rule(code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: &str) -> Value {
    let text = kpbuild_check::page(code).map_or(code, |page| page.text);
    let first = text.split(". ").next().unwrap_or(text).replace('\n', " ");
    json!({
        "id": code,
        "shortDescription": {"text": format!("{}.", first.trim_end_matches('.'))},
        "fullDescription": {"text": text},
        "help": {"text": text},
    })
}

fn result(finding: &Finding, sources: &SourceMap, subject: &str, codes: &[&str]) -> Value {
    let diagnostic = &finding.diagnostic;
    let mut places = diagnostic
        .labels
        .iter()
        .map(|label| physical(label.span, sources));
    let mut first = places.next().unwrap_or_else(
        || json!({"artifactLocation": {"uri": uri(subject)}, "region": {"startLine": 1}}),
    );
    let mut location = json!({"physicalLocation": first.take()});
    if let Some(key) = &finding.object {
        location["logicalLocations"] =
            json!([{"fullyQualifiedName": key.to_string(), "kind": "resource"}]);
    }
    let related: Vec<Value> = places
        .map(|place| json!({"physicalLocation": place}))
        .collect();
    json!({
        "ruleId": diagnostic.code.0,
        "ruleIndex": codes.iter().position(|code| *code == diagnostic.code.0),
        "level": word(diagnostic.severity),
        "message": {"text": whole(diagnostic)},
        "locations": [location],
        "relatedLocations": related,
        "partialFingerprints": {"kpbuild/v1": fingerprint(finding, diagnostic)},
    })
}

fn physical(span: Span, sources: &SourceMap) -> Value {
    let (line, column) = sources.line_column(span);
    let end = Span {
        start: span.end.max(span.start),
        ..span
    };
    let (end_line, end_column) = sources.line_column(end);
    json!({
        "artifactLocation": {"uri": uri(&sources.file(span.file).name)},
        "region": {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column},
    })
}

/// By which a finding is the same one after lines have moved.
fn fingerprint(finding: &Finding, diagnostic: &Diagnostic) -> String {
    let object = finding.object.as_ref().map(ToString::to_string);
    let mut sum = Sha256::new();
    for part in [
        diagnostic.code.0,
        object.as_deref().unwrap_or_default(),
        &diagnostic.message,
    ] {
        sum.update(part);
        sum.update([0]);
    }
    let sum = sum.finalize();
    let (half, _) = sum
        .split_first_chunk::<16>()
        .expect("a SHA-256 sum has 32 bytes");
    format!("{:032x}", u128::from_be_bytes(*half))
}

/// A path as the relative address that SARIF wants.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.trim_start_matches("./")
        .bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn a_log_has_what_code_scanning_needs() {
        let (report, sources) = report();
        let text = sarif(&report, &sources, "stack.yaml");
        let log: Value = serde_json::from_str(&text).expect("it is JSON");
        let run = &log["runs"][0];
        let rules: Vec<_> = run["tool"]["driver"]["rules"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|rule| rule["id"].as_str().expect("a text"))
            .collect();
        assert_eq!(rules, ["rule-syntax", "unknown-job"]);
        let [first, second, silenced] = run["results"].as_array().expect("a list").as_slice()
        else {
            panic!("three results: {text}")
        };
        assert_eq!(
            first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "a%2Cb.yaml"
        );
        assert_eq!(
            first["locations"][0]["physicalLocation"]["region"],
            json!({"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 5})
        );
        assert_eq!(second["ruleIndex"], 1);
        assert_eq!(
            second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "stack.yaml"
        );
        assert_eq!(silenced["suppressions"][0]["justification"], "we know");
        let prints = [first, second, silenced].map(|one| one["partialFingerprints"].to_string());
        assert!(
            prints[0] != prints[1] && prints[1] != prints[2],
            "{prints:?}"
        );
    }
}
