//! Problems as JSON.

use serde_json::{Value, json};

use super::{Problem, word};

/// A problem; it has no place if `file` is null.
pub(crate) fn json(problem: &Problem) -> Value {
    let place = problem.place();
    let mut value = json!({
        "code": problem.code,
        "severity": word(problem.severity),
        "object": problem.object,
        "stacks": problem.stacks,
        "message": problem.title,
        "notes": problem.notes,
        "help": problem.help,
        "file": place.map(|place| &place.file),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
    });
    if let Some(reason) = &problem.silenced {
        value["reason"] = json!(reason);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems;
    use super::*;

    #[test]
    fn every_problem_has_its_place_and_object() {
        let values: Vec<Value> = problems().iter().map(json).collect();
        assert_eq!(values[0]["line"], 2);
        assert_eq!(values[0]["code"], "rule-syntax");
        assert_eq!(values[0]["severity"], "error");
        assert_eq!(values[0]["help"], "mend it");
        assert_eq!(values[1]["file"], Value::Null);
        assert_eq!(values[1]["object"], "Service/m/s");
        assert_eq!(values[1].get("reason"), None);
        assert_eq!(values[2]["reason"], "we know");
    }
}
