//! What is wrong with a ServiceLevelObjective beyond the types of its fields:
//! Pyrra's controller makes no rules of it.

use kpbuild_core::Code;
use promql_parser::parser::{Expr, parse};
use serde_json::Value;

use crate::format;

/// An objective that Pyrra cannot make rules of.
pub const OBJECTIVE: Code = Code("objective");

/// The ways to measure, of which an objective has one.
const INDICATORS: [&str; 4] = ["bool_gauge", "latency", "latencyNative", "ratio"];

/// Where the ways to measure name series, below `indicator`.
const SELECTORS: [&[&str]; 6] = [
    &["bool_gauge", "metric"],
    &["latency", "success", "metric"],
    &["latency", "total", "metric"],
    &["latencyNative", "total", "metric"],
    &["ratio", "errors", "metric"],
    &["ratio", "total", "metric"],
];

/// Something that is wrong with the `spec` of an objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The field of the `spec`, from the outermost one.
    pub path: Vec<&'static str>,
    /// What is wrong with it, as the end of a sentence about it.
    pub what: String,
    /// The way out.
    pub help: &'static str,
}

/// Whether a kind is that of objectives.
pub fn is_objective(group: &str, kind: &str) -> bool {
    group == "pyrra.dev" && kind == "ServiceLevelObjective"
}

/// The selectors of series in the `spec` of an objective: their path and text.
pub fn selectors(spec: &Value) -> Vec<(Vec<&'static str>, &str)> {
    let of = |below: &&[&'static str]| {
        let path: Vec<&'static str> = [&["indicator"][..], *below].concat();
        let text = path.iter().fold(spec, |value, field| &value[*field]);
        Some((path, text.as_str()?))
    };
    SELECTORS.iter().filter_map(of).collect()
}

/// What is wrong with the `spec` of an objective.
pub fn mistakes(spec: &Value) -> Vec<Mistake> {
    let texts = [
        indicator(&spec["indicator"]),
        spec["target"].as_str().and_then(target),
        duration(spec, vec!["window"]),
        duration(spec, vec!["indicator", "latencyNative", "latency"]),
    ];
    let of_series = selectors(spec).into_iter();
    let of_series = of_series.filter_map(|(path, text)| selector(path, text));
    texts.into_iter().flatten().chain(of_series).collect()
}

fn indicator(indicator: &Value) -> Option<Mistake> {
    let is_there = |kind: &&&str| !indicator[**kind].is_null();
    let there: Vec<&str> = INDICATORS.iter().filter(is_there).copied().collect();
    let (what, help) = match there.as_slice() {
        [_] => return None,
        [] => (
            "says nothing that is measured".to_owned(),
            "give it a `ratio`, a `latency`, a `latencyNative` or a `bool_gauge`",
        ),
        [one, other, ..] => (
            format!("has both `{one}` and `{other}`"),
            "keep one of them: an objective measures in one way",
        ),
    };
    let path = vec!["indicator"];
    Some(Mistake { path, what, help })
}

fn target(text: &str) -> Option<Mistake> {
    let percent: Option<f64> = text.parse().ok();
    let is_right = percent.is_some_and(|percent| (0.0..=100.0).contains(&percent));
    (!is_right).then(|| Mistake {
        path: vec!["target"],
        what: format!("is `{text}`, which is no number between 0 and 100"),
        help: "write how many percent shall be well, such as \"99.9\"",
    })
}

fn duration(spec: &Value, path: Vec<&'static str>) -> Option<Mistake> {
    let value = path.iter().fold(spec, |value, field| &value[*field]);
    let text = value.as_str()?;
    let format = format::named("prometheus-duration").expect("it is in the table");
    format.check(text).is_err().then(|| Mistake {
        path,
        what: format!("is `{text}`, which is no duration"),
        help: "write a number with a unit, such as `200ms`, `12h`, `28d` or `2w`",
    })
}

/// Pyrra takes the name and the matchers, and writes the expressions itself.
fn selector(path: Vec<&'static str>, text: &str) -> Option<Mistake> {
    let what = match parse(text) {
        Ok(Expr::VectorSelector(_)) => return None,
        Ok(_) => "is an expression, and no selector of series".to_owned(),
        Err(reason) => {
            let reason = reason.lines().next().unwrap_or_default();
            format!("is not PromQL: {reason}")
        }
    };
    Some(Mistake {
        path,
        what,
        help: "write a metric and its labels, such as `http_requests_total{code=~\"5..\"}`: Pyrra adds the functions",
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_pyrra_refuses_is_found_where_it_is() {
        let right = json!({
            "target": "99.5",
            "window": "4w",
            "indicator": {"ratio": {
                "errors": {"metric": "a{code=~\"5..\"}"},
                "total": {"metric": "a"},
            }},
        });
        assert_eq!(mistakes(&right), []);
        let found = |pointer: &str, value: Value| {
            let mut spec = right.clone();
            *spec.pointer_mut(pointer).expect("it is there") = value;
            let found = mistakes(&spec).into_iter();
            let words = found.map(|one| format!("{} {}", one.path.join("."), one.what));
            words.collect::<Vec<String>>()
        };
        for (pointer, value, words) in [
            ("/target", json!("101"), "target is `101`"),
            ("/target", json!("NaN"), "target is `NaN`"),
            ("/target", json!("99 %"), "target is `99 %`"),
            ("/window", json!("a month"), "window is `a month`"),
            ("/indicator", json!({}), "indicator says nothing"),
            (
                "/indicator/ratio/errors/metric",
                json!("rate(a[5m])"),
                "indicator.ratio.errors.metric is an expression",
            ),
            (
                "/indicator/ratio/total/metric",
                json!("a{"),
                "indicator.ratio.total.metric is not PromQL",
            ),
        ] {
            let found = found(pointer, value);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(words), "{found:?}");
        }
        let mut both = right.clone();
        both["indicator"]["latencyNative"] = json!({"latency": "slow", "total": {"metric": "a"}});
        let found = mistakes(&both);
        let paths: Vec<String> = found.iter().map(|one| one.path.join(".")).collect();
        assert_eq!(paths, ["indicator", "indicator.latencyNative.latency"]);
    }
}
