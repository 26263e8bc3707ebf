//! Prometheus' HTTP API, as `query` and `status` ask it: what is sent, and what
//! its answers mean.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use kpbuild_cluster::{Ask, Reply};
use serde_json::Value;

/// The fields of a form or of a URL's query.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// Asks for the value of an expression, now if no time is given.
pub(crate) fn instant(prefix: &str, expression: &str, at: Option<f64>) -> Ask {
    let at = at.map(|at| at.to_string());
    let mut fields = vec![("query", expression)];
    fields.extend(at.as_deref().map(|at| ("time", at)));
    Ask {
        path: format!("{prefix}/api/v1/query"),
        form: Some(form(&fields)),
    }
}

/// Times in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub(crate) start: f64,
    pub(crate) end: f64,
    /// Seconds between two points.
    pub(crate) step: f64,
}

/// Asks for the values of an expression over a time.
pub(crate) fn over(prefix: &str, expression: &str, range: Range) -> Ask {
    let [start, end, step] = [range.start, range.end, range.step].map(|number| number.to_string());
    let fields = [
        ("query", expression),
        ("start", &start),
        ("end", &end),
        ("step", &step),
    ];
    Ask {
        path: format!("{prefix}/api/v1/query_range"),
        form: Some(form(&fields)),
    }
}

/// The `data` of an answer, and what Prometheus has to say about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) data: Value,
    pub(crate) warnings: Vec<String>,
}

/// Reads an answer; one that is an error gives Prometheus' own words.
pub(crate) fn answer(reply: &Reply) -> anyhow::Result<Answer> {
    let Ok(mut value) = serde_json::from_slice::<Value>(&reply.body) else {
        let text = String::from_utf8_lossy(&reply.body);
        let start: String = text.trim().chars().take(200).collect();
        bail!("it answers with code {} and `{start}`", reply.code);
    };
    if value["status"] != "success" {
        bail!(
            "{}",
            value["error"].as_str().unwrap_or("it gives no reason")
        );
    }
    let notes = ["warnings", "infos"]
        .iter()
        .filter_map(|field| value[field].as_array())
        .flatten();
    Ok(Answer {
        warnings: notes.filter_map(Value::as_str).map(str::to_owned).collect(),
        data: value["data"].take(),
    })
}

/// A series, or a value without labels.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Series {
    pub(crate) labels: BTreeMap<String, String>,
    /// Times in seconds since 1970, and values as Prometheus writes them.
    pub(crate) samples: Vec<(f64, String)>,
}

/// The series of a query's answer.
pub(crate) fn series(data: &Value) -> anyhow::Result<Vec<Series>> {
    let result = &data["result"];
    let read = match data["resultType"].as_str() {
        Some("scalar" | "string") => sample(result).map(|sample| {
            vec![Series {
                labels: BTreeMap::new(),
                samples: vec![sample],
            }]
        }),
        Some("vector" | "matrix") => result
            .as_array()
            .and_then(|all| all.iter().map(one).collect()),
        _ => None,
    };
    read.context("its answer is none that is known")
}

fn one(series: &Value) -> Option<Series> {
    let labels = series["metric"]
        .as_object()?
        .iter()
        .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect::<Option<_>>()?;
    let single = ["value", "histogram"]
        .iter()
        .filter_map(|field| sample(&series[field]));
    let several = ["values", "histograms"]
        .iter()
        .filter_map(|field| series[field].as_array())
        .flatten()
        .filter_map(sample);
    let mut samples: Vec<(f64, String)> = single.chain(several).collect();
    samples.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(Series { labels, samples })
}

/// A time and a value; of a native histogram its count and sum.
fn sample(pair: &Value) -> Option<(f64, String)> {
    let time = pair[0].as_f64()?;
    match &pair[1] {
        Value::String(value) => Some((time, value.clone())),
        histogram => {
            let field = |name: &str| histogram[name].as_str();
            let text = format!("count {}, sum {}", field("count")?, field("sum")?);
            Some((time, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expressions_are_encoded() {
        let ask = instant("/prometheus", r#"rate(a{b="c+d"}[1m])"#, Some(12.5));
        assert_eq!(ask.path, "/prometheus/api/v1/query");
        assert_eq!(
            ask.form.as_deref(),
            Some("query=rate%28a%7Bb%3D%22c%2Bd%22%7D%5B1m%5D%29&time=12.5")
        );
    }

    #[test]
    fn refusals_are_in_the_words_of_prometheus() {
        let reply = |code, body: &str| Reply {
            code,
            body: body.as_bytes().to_vec(),
        };
        let error = answer(&reply(
            422,
            r#"{"status":"error","error":"too many samples"}"#,
        ));
        assert_eq!(error.unwrap_err().to_string(), "too many samples");
        let error = answer(&reply(502, "<html>bad gateway"));
        assert_eq!(
            error.unwrap_err().to_string(),
            "it answers with code 502 and `<html>bad gateway`"
        );
    }

    #[test]
    fn all_kinds_of_results_are_series() {
        let scalar = json!({"resultType": "scalar", "result": [1.5, "2"]});
        assert_eq!(series(&scalar).unwrap()[0].samples, [(1.5, "2".to_owned())]);
        let vector = json!({"resultType": "vector", "result": [
            {"metric": {"a": "b"}, "value": [1, "NaN"]},
            {"metric": {}, "histogram": [1, {"count": "3", "sum": "4.5", "buckets": []}]},
        ]});
        let vector = series(&vector).unwrap();
        assert_eq!(vector[0].labels["a"], "b");
        assert_eq!(vector[1].samples, [(1.0, "count 3, sum 4.5".to_owned())]);
        let matrix = json!({"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "1"], [2, "2"]]}]});
        assert_eq!(series(&matrix).unwrap()[0].samples.len(), 2);
    }
}
