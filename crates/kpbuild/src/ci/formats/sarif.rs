//! Findings as SARIF 2.1.0, which code scanning reads. What is about no file
//! stands at the first line of the first stack that has it: SARIF's readers drop
//! results without a place.

use serde_json::{Value, json};

use super::findings::{Problem, problems, word};
use crate::ci::report::Report;
use crate::files::digest;

pub(super) fn sarif(report: &Report) -> String {
    let problems = problems(report);
    let mut codes: Vec<&str> = problems
        .iter()
        .map(|problem| problem.code.as_str())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let results: Vec<Value> = problems
        .iter()
        .map(|problem| result(problem, report, &codes))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "kpbuild",
                "version": crate::version::SHORT,
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
    let text = kpbuild_check::page(code).map_or_else(
        || "A rule test of a stack fails.".to_owned(),
        |page| page.text.to_string(),
    );
    let first = text.split(". ").next().unwrap_or(&text).replace('\n', " ");
    json!({
        "id": code,
        "shortDescription": {"text": format!("{}.", first.trim_end_matches('.'))},
        "fullDescription": {"text": text},
        "help": {"text": text},
    })
}

fn result(problem: &Problem, report: &Report, codes: &[&str]) -> Value {
    let place = if let Some(place) = &problem.place {
        json!({
            "artifactLocation": {"uri": uri(&place.file)},
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            },
        })
    } else {
        let has_it = |label: &String| problem.stacks.contains(label);
        let stack = report.labels.iter().position(has_it).unwrap_or(0);
        let path = report.outcomes[stack].path.display().to_string();
        json!({"artifactLocation": {"uri": uri(&path)}, "region": {"startLine": 1}})
    };
    let mut location = json!({"physicalLocation": place});
    if let Some(object) = &problem.object {
        location["logicalLocations"] = json!([{"fullyQualifiedName": object, "kind": "resource"}]);
    }
    let print = [
        problem.code.as_str(),
        problem.object.as_deref().unwrap_or_default(),
        &problem.title,
    ];
    json!({
        "ruleId": problem.code,
        "ruleIndex": codes.iter().position(|code| *code == problem.code),
        "level": word(problem.severity),
        "message": {"text": problem.text},
        "locations": [location],
        "partialFingerprints": {"kpbuild/v1": digest(print.join("\0").as_bytes())},
    })
}

/// A path as the relative address that SARIF wants.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let path = path.trim_start_matches("./");
    path.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
