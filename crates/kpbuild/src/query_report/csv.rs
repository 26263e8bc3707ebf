//! CSV (RFC 4180): a line a sample, a column a label.

use std::collections::BTreeSet;

use super::time;
use crate::prometheus_api::Series;

pub(crate) fn csv(series: &[Series]) -> String {
    let names: BTreeSet<&str> = series
        .iter()
        .flat_map(|series| series.labels.keys().map(String::as_str))
        .collect();
    let mut text = line(names.iter().copied().chain(["time", "value"]));
    for one in series {
        for (at, value) in &one.samples {
            let labels = names
                .iter()
                .map(|name| one.labels.get(*name).map_or("", String::as_str));
            let at = time(*at);
            text.push_str(&line(labels.chain([at.as_str(), value])));
        }
    }
    text
}

fn line<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let fields: Vec<String> = fields.map(field).collect();
    fields.join(",") + "\n"
}

fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_misread_is_quoted() {
        let labels = [("a", "x,y"), ("b", "say \"no\"")];
        let series = Series {
            labels: labels
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            samples: vec![(0.0, "1".to_owned()), (60.0, "NaN".to_owned())],
        };
        assert_eq!(
            csv(&[series]),
            "a,b,time,value\n\"x,y\",\"say \"\"no\"\"\",1970-01-01T00:00:00Z,1\n\"x,y\",\"say \
             \"\"no\"\"\",1970-01-01T00:01:00Z,NaN\n"
        );
    }
}
