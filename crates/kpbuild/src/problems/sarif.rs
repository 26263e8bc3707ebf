//! Problems as SARIF 2.1.0, which code scanning of GitHub, GitLab and editors
//! read. They drop what has no place: it stands at the first line of the stack
//! that has it.

use serde_json::{Value, json};

use super::{Place, Problem, word};
use crate::files::digest;

/// The log of one run; what is accepted is there as suppressed.
pub(crate) fn sarif(problems: &[Problem]) -> String {
    let mut codes: Vec<&str> = problems.iter().map(|one| one.code.0).collect();
    codes.sort_unstable();
    codes.dedup();
    let results = problems.iter().map(|problem| result(problem, &codes));
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
            "results": results.collect::<Vec<_>>(),
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: &str) -> Value {
    let page = kpbuild_check::page(code).expect("every code has a page, a test says");
    let first = page.text.split(". ").next().unwrap_or(page.text);
    let first = first.replace('\n', " ");
    json!({
        "id": code,
        "shortDescription": {"text": format!("{}.", first.trim_end_matches('.'))},
        "fullDescription": {"text": page.text},
        "help": {"text": page.text},
    })
}

fn result(problem: &Problem, codes: &[&str]) -> Value {
    let mut places = problem.places.iter().map(physical);
    let first = places.next().unwrap_or_else(
        || json!({"artifactLocation": {"uri": uri(&problem.home)}, "region": {"startLine": 1}}),
    );
    let mut location = json!({"physicalLocation": first});
    if let Some(object) = &problem.object {
        location["logicalLocations"] = json!([{"fullyQualifiedName": object, "kind": "resource"}]);
    }
    let related = places.map(|place| json!({"physicalLocation": place}));
    let mut result = json!({
        "ruleId": problem.code,
        "ruleIndex": codes.iter().position(|code| *code == problem.code.0),
        "level": word(problem.severity),
        "message": {"text": problem.text()},
        "locations": [location],
        "relatedLocations": related.collect::<Vec<_>>(),
        "partialFingerprints": {"kpbuild/v1": fingerprint(problem)},
    });
    if let Some(reason) = &problem.silenced {
        result["suppressions"] = json!([{"kind": "external", "justification": reason}]);
    }
    result
}

fn physical(place: &Place) -> Value {
    json!({
        "artifactLocation": {"uri": uri(&place.file)},
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        },
    })
}

/// By which a problem is the same one after lines have moved.
fn fingerprint(problem: &Problem) -> String {
    let object = problem.object.as_deref().unwrap_or_default();
    digest(
        [problem.code.0, object, &problem.title]
            .join("\0")
            .as_bytes(),
    )
}

/// A path as the relative address that SARIF wants.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
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

#[cfg(test)]
mod tests {
    use super::super::tests::problems;
    use super::*;

    #[test]
    fn a_log_has_what_code_scanning_needs() {
        let log: Value = serde_json::from_str(&sarif(&problems())).expect("it is JSON");
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().expect("a list");
        let ids: Vec<_> = rules.iter().map(|rule| &rule["id"]).collect();
        assert_eq!(ids, ["rule-syntax", "unknown-job"]);
        let [first, second, silenced] = run["results"].as_array().expect("a list").as_slice()
        else {
            panic!("three results: {log:#}")
        };
        let place = |result: &Value| result["locations"][0]["physicalLocation"].clone();
        assert_eq!(place(first)["artifactLocation"]["uri"], "a%2Cb.yaml");
        assert_eq!(
            place(first)["region"],
            json!({"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 5})
        );
        let other = &first["relatedLocations"][0]["physicalLocation"]["region"];
        assert_eq!(other["startLine"], 1);
        assert_eq!(second["ruleIndex"], 1);
        assert_eq!(place(second)["artifactLocation"]["uri"], "stack.yaml");
        let named = &silenced["locations"][0]["logicalLocations"][0];
        assert_eq!(named["fullyQualifiedName"], "Service/m/s");
        assert_eq!(silenced["suppressions"][0]["justification"], "we know");
        assert_eq!(second.get("suppressions"), None);
        let prints = [first, second, silenced].map(|one| one["partialFingerprints"].to_string());
        assert!(
            prints[0] != prints[1] && prints[1] != prints[2],
            "{prints:?}"
        );
    }
}
