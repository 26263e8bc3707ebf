//! PromQL in dashboards: queries with their variables, which no parser of
//! PromQL knows, and the records that they read.

use std::collections::BTreeMap;

use promql_parser::parser::{self, Expr};

use crate::variables::{Reference, references};

/// What is wrong with a query, whatever the values of its variables.
///
/// A variable may stand for a number, a name or a duration: the query is right
/// if one of the ways to read it is.
pub(crate) fn error(expr: &str) -> Option<String> {
    readings(expr).err()
}

/// A query as PromQL, with [`UNKNOWN`] in place of what a variable stands for in a
/// name or text, and a window of an hour in place of one in a range; none if no
/// values of its variables make it PromQL.
pub fn parse(expr: &str) -> Option<Expr> {
    readings(expr).ok()
}

/// The name or text in which a variable stands for something that is not known.
pub const UNKNOWN: &str = "kpbuild_variable";

/// The first way to read a query that is PromQL, or what is wrong with it.
fn readings(expr: &str) -> Result<Expr, String> {
    let free: Vec<&str> = free_names(expr);
    let mut first = None;
    for choice in 0..VALUES
        .len()
        .pow(u32::try_from(free.len().min(MOST_FREE)).unwrap_or(0))
    {
        let digit = |index: usize| {
            (choice / VALUES.len().pow(u32::try_from(index).unwrap_or(0))) % VALUES.len()
        };
        let values: BTreeMap<&str, &str> = free
            .iter()
            .enumerate()
            .map(|(index, name)| (*name, VALUES[digit(index)]))
            .collect();
        match parser::parse(&filled(expr, UNKNOWN, "1h", &values)) {
            Ok(parsed) => return Ok(parsed),
            Err(error) => first = first.or(Some(error)),
        }
    }
    let error = first.expect("at least one reading is tried");
    Err(error.lines().next().unwrap_or_default().to_owned())
}

/// A query with a value in place of every variable, so that it can be parsed.
pub fn without_variables(expr: &str) -> String {
    filled(expr, "x", "5m", &BTreeMap::new())
}

/// What a variable outside of strings and ranges may stand for.
const VALUES: [&str; 3] = ["1", UNKNOWN, "5m"];

/// More variables than this are not tried in every combination.
const MOST_FREE: usize = 4;

/// The variables whose place does not say what they stand for.
fn free_names(expr: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for (reference, place) in placed(expr) {
        if place == Place::Free && !names.contains(&reference.name) {
            names.push(reference.name);
        }
    }
    names
}

fn filled(expr: &str, text_value: &str, range: &str, values: &BTreeMap<&str, &str>) -> String {
    let mut text = String::with_capacity(expr.len());
    let mut at = 0;
    for (reference, place) in placed(expr) {
        text.push_str(&expr[at..reference.range.start]);
        text.push_str(match place {
            Place::String => text_value,
            Place::Range => range,
            Place::Free => values.get(reference.name).copied().unwrap_or(VALUES[0]),
        });
        at = reference.range.end;
    }
    text.push_str(&expr[at..]);
    text
}

/// Where in a query a variable stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    String,
    Range,
    Free,
}

/// The variables of a query, each with its place.
fn placed(expr: &str) -> impl Iterator<Item = (Reference<'_>, Place)> {
    let mut read = Read::default();
    let mut at = 0;
    references(expr).into_iter().map(move |reference| {
        read.on(&expr[at..reference.range.start]);
        at = reference.range.start;
        (reference, read.place())
    })
}

/// What is open at a point of a query.
#[derive(Default)]
struct Read {
    quote: Option<char>,
    escaped: bool,
    ranges: usize,
}

impl Read {
    fn on(&mut self, part: &str) {
        for c in part.chars() {
            match (self.quote, c) {
                (Some(_), _) if self.escaped => self.escaped = false,
                (Some('"' | '\''), '\\') => self.escaped = true,
                (Some(open), _) if open == c => self.quote = None,
                (None, '"' | '\'' | '`') => self.quote = Some(c),
                (None, '[') => self.ranges += 1,
                (None, ']') => self.ranges = self.ranges.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn place(&self) -> Place {
        match self.quote {
            Some(_) => Place::String,
            None if self.ranges > 0 => Place::Range,
            None => Place::Free,
        }
    }
}

/// The names of records in a query: by convention, they have a colon.
pub fn records(expr: &str) -> impl Iterator<Item = String> + use<> {
    // Most queries read none.
    let bare = if expr.contains(':') {
        outside_of_strings_and_ranges(expr)
    } else {
        String::new()
    };
    let words = bare.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
    let records: Vec<String> = words
        .filter(|word| is_record(word))
        .map(str::to_owned)
        .collect();
    records.into_iter()
}

fn is_record(word: &str) -> bool {
    word.contains(':') && word.contains(|c: char| c.is_ascii_alphabetic())
}

fn outside_of_strings_and_ranges(expr: &str) -> String {
    let mut bare = String::with_capacity(expr.len());
    let mut closing = None;
    let mut escaped = false;
    // A variable such as `${name:format}` is no record.
    for c in without_variables(expr).chars() {
        match (closing, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some('"' | '\''), '\\') => escaped = true,
            (Some(end), _) if end == c => {
                closing = None;
                bare.push(' ');
            }
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => closing = Some(c),
            (None, '[') => closing = Some(']'),
            (None, _) => bare.push(c),
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_right_if_some_values_make_it_so() {
        for expr in [
            r#"sum by (job) (rate(http_requests_total{job=~"$job"}[$__rate_interval]))"#,
            "topk($limit, sum by ($label) (up))",
            "rate($metric[${window}]) > $threshold",
            "up offset $offset",
            r#"label_replace(up, "a", "$1", "b", "(.*)")"#,
            "${prefix:raw}_total",
            "sum_over_time(up[1h:$step])",
        ] {
            assert_eq!(error(expr), None, "{expr}");
        }
    }

    #[test]
    fn what_no_value_mends_is_wrong() {
        for expr in [
            "sum(rate(up[$__rate_interval])",
            "rate(up)",
            "up{",
            "sum by up",
            "",
        ] {
            assert!(error(expr).is_some(), "{expr}");
        }
    }

    #[test]
    fn records_have_a_colon() {
        let found: Vec<_> =
            records(r#"sum(a:b{c="d:e"} / f) + :g:sum[1h:5m] * ${x:raw} + rate(h[5m])"#).collect();
        assert_eq!(found, ["a:b", ":g:sum"]);
    }
}
