//! Where an expression that is not PromQL goes wrong.
//!
//! Whether it is PromQL is decided by `promql-parser`, which does not say where
//! it stopped. This reads the expression again as a row of words, and finds the
//! first that cannot stand where it stands.

use std::ops::Range;

use kpbuild_core::suggest::nearest;
use promql_parser::parser;

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The bytes of the expression that are to blame.
    pub at: Range<usize>,
    /// What is wrong with them.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// What is wrong with an expression; nothing if it is PromQL, or if only its
/// Prometheus can know: it may have functions that are younger than this program.
pub fn mistake(text: &str) -> Option<Mistake> {
    let reason = parser::parse(text).err()?;
    if text.trim().is_empty() {
        return Some(Mistake::new(0..text.len(), "there is no expression"));
    }
    match Reader::new(text).read() {
        Err(mistake) => Some(mistake),
        Ok(true) => None,
        // The words stand well: it may be a form that is younger than the parser,
        // such as a calculation of durations.
        Ok(false)
            if reason.contains("invalid promql query") || reason.contains("inside brackets") =>
        {
            None
        }
        Ok(false) => {
            let first = reason.lines().next().unwrap_or_default();
            let start = text.len() - text.trim_start().len();
            Some(Mistake::new(start..text.trim_end().len(), first))
        }
    }
}

impl Mistake {
    fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            help: None,
        }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

const AGGREGATIONS: [&str; 14] = [
    "avg",
    "bottomk",
    "count",
    "count_values",
    "group",
    "limit_ratio",
    "limitk",
    "max",
    "min",
    "quantile",
    "stddev",
    "stdvar",
    "sum",
    "topk",
];
const WORD_OPERATORS: [&str; 4] = ["and", "atan2", "or", "unless"];
/// Followed by labels in parentheses, if by anything.
const GROUPINGS: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];
const OPERATORS: [&str; 12] = [
    "==", "!=", ">=", "<=", ">", "<", "+", "-", "*", "/", "%", "^",
];

/// A parenthesis that is open.
struct Open {
    at: usize,
    /// Whether it holds the arguments of a call.
    call: bool,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    open: Vec<Open>,
    /// Whether a value has to come next: at the start and after an operator.
    wants_value: bool,
    /// Whether the last thing was the name of a metric, which `{` may follow.
    after_name: bool,
    /// Whether a call was met that only Prometheus can judge.
    unknown_call: bool,
}

type Read = Result<(), Mistake>;

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
            wants_value: true,
            after_name: false,
            unknown_call: false,
        }
    }

    /// Reads to the end, or to the first mistake. True when Prometheus knows better.
    fn read(mut self) -> Result<bool, Mistake> {
        loop {
            self.skip_space();
            let Some(next) = self.rest().chars().next() else {
                break;
            };
            match next {
                '(' => self.open_parenthesis(false)?,
                ')' => self.close_parenthesis()?,
                ',' => self.comma()?,
                '{' => self.matchers()?,
                '[' => self.range()?,
                '"' | '\'' | '`' => {
                    let end = self.string()?;
                    self.value(self.at..end, false)?;
                }
                '@' => self.modifier(1)?,
                c if c.is_ascii_digit() || c == '.' => {
                    let end = self.end_of(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
                    self.value(self.at..end, false)?;
                }
                c if c.is_ascii_alphabetic() || c == '_' || c == ':' => self.word()?,
                _ => self.operator()?,
            }
        }
        if let Some(open) = self.open.pop() {
            return Err(Mistake::new(
                open.at..open.at + 1,
                "this `(` is never closed",
            ));
        }
        if self.wants_value {
            let end = self.text.trim_end().len();
            return Err(Mistake::new(
                end.saturating_sub(1)..end,
                "something is missing after this",
            ));
        }
        Ok(self.unknown_call)
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn end_of(&self, belongs: impl Fn(char) -> bool) -> usize {
        let rest = self.rest();
        self.at + rest.find(|c| !belongs(c)).unwrap_or(rest.len())
    }

    fn skip_space(&mut self) {
        loop {
            self.at = self.end_of(char::is_whitespace);
            if !self.rest().starts_with('#') {
                return;
            }
            self.at = self.end_of(|c| c != '\n');
        }
    }

    /// What is at a place, without moving.
    fn next_is(&mut self, text: &str) -> bool {
        self.skip_space();
        self.rest().starts_with(text)
    }

    fn value(&mut self, at: Range<usize>, name: bool) -> Read {
        if !self.wants_value {
            let word = &self.text[at.clone()];
            return Err(Mistake::new(
                at,
                format!("an operator or a comma is missing before `{word}`"),
            ));
        }
        self.at = at.end;
        self.wants_value = false;
        self.after_name = name;
        Ok(())
    }

    fn word(&mut self) -> Read {
        let start = self.at;
        let end = self.end_of(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
        let word = &self.text[start..end];
        let lower = word.to_lowercase();
        let lower = lower.as_str();
        if WORD_OPERATORS.contains(&lower) {
            if self.wants_value {
                return Err(Mistake::new(
                    start..end,
                    format!("something is missing before `{word}`"),
                ));
            }
            self.at = end;
            self.wants_value = true;
            self.after_name = false;
            return Ok(());
        }
        if GROUPINGS.contains(&lower) {
            self.at = end;
            return self.labels();
        }
        match lower {
            "bool" => {
                self.at = end;
                Ok(())
            }
            "offset" if !self.wants_value => self.modifier("offset".len()),
            _ => self.name(start..end),
        }
    }

    /// A metric, an aggregation or a function.
    fn name(&mut self, at: Range<usize>) -> Read {
        let word = &self.text[at.clone()];
        let aggregation = AGGREGATIONS.contains(&word.to_lowercase().as_str());
        self.value(at.clone(), true)?;
        if aggregation {
            self.skip_space();
            if ["by", "without"]
                .iter()
                .any(|word| self.rest().to_lowercase().starts_with(word))
            {
                self.word()?;
            }
            if !self.next_is("(") {
                return Err(Mistake::new(
                    at,
                    format!("`{word}` needs what it aggregates in parentheses"),
                ));
            }
        }
        if !self.next_is("(") {
            return Ok(());
        }
        if !aggregation && !is_function(word) {
            self.check_function(word, at)?;
        }
        self.wants_value = true;
        self.open_parenthesis(true)
    }

    fn check_function(&mut self, word: &str, at: Range<usize>) -> Read {
        let known = FUNCTIONS.iter().copied().chain(AGGREGATIONS);
        if let Some(near) = nearest(word, known) {
            return Err(Mistake::new(at, format!("there is no function `{word}`"))
                .help(format!("did you mean `{near}`?")));
        }
        self.unknown_call = true;
        Ok(())
    }

    fn open_parenthesis(&mut self, call: bool) -> Read {
        if !self.wants_value {
            return Err(Mistake::new(
                self.at..self.at + 1,
                "an operator is missing before `(`",
            ));
        }
        self.open.push(Open { at: self.at, call });
        self.at += 1;
        // `time()` has nothing in its parentheses.
        if call && self.next_is(")") {
            self.wants_value = false;
        }
        Ok(())
    }

    fn close_parenthesis(&mut self) -> Read {
        let at = self.at..self.at + 1;
        if self.open.pop().is_none() {
            return Err(Mistake::new(at, "no `(` belongs to this `)`"));
        }
        if self.wants_value {
            return Err(Mistake::new(at, "something is missing before `)`"));
        }
        self.at += 1;
        self.after_name = false;
        Ok(())
    }

    fn comma(&mut self) -> Read {
        let at = self.at..self.at + 1;
        if self.wants_value {
            return Err(Mistake::new(at, "something is missing before `,`"));
        }
        if self.open.last().is_none_or(|open| !open.call) {
            return Err(Mistake::new(
                at,
                "a comma stands only between the arguments of a function",
            ));
        }
        self.at += 1;
        self.wants_value = true;
        self.after_name = false;
        Ok(())
    }

    fn operator(&mut self) -> Read {
        let rest = self.rest();
        let found = OPERATORS
            .iter()
            .find(|operator| rest.starts_with(**operator));
        let Some(operator) = found else {
            let c = rest.chars().next().unwrap_or_default();
            let mistake = Mistake::new(
                self.at..self.at + c.len_utf8(),
                format!("`{c}` means nothing here"),
            );
            return Err(match c {
                '=' => mistake.help("`==` compares"),
                '&' => mistake.help("`and` is written out"),
                '|' => mistake.help("`or` is written out"),
                '}' | ']' => Mistake {
                    message: format!("nothing was opened that this `{c}` could close"),
                    ..mistake
                },
                _ => mistake,
            });
        };
        let sign = matches!(*operator, "+" | "-");
        if self.wants_value && !sign {
            return Err(Mistake::new(
                self.at..self.at + operator.len(),
                format!("something is missing before `{operator}`"),
            ));
        }
        self.at += operator.len();
        self.wants_value = true;
        self.after_name = false;
        Ok(())
    }

    /// `offset -5m`, `@ end()`, `@ 1609746000`.
    fn modifier(&mut self, length: usize) -> Read {
        let at = self.at..self.at + length;
        let word = &self.text[at.clone()];
        if self.wants_value {
            return Err(Mistake::new(
                at,
                format!("something is missing before `{word}`"),
            ));
        }
        self.at = at.end;
        self.skip_space();
        self.at = self.end_of(|c| matches!(c, '-' | '+') || c.is_whitespace());
        let end = self.end_of(|c| c.is_ascii_alphanumeric() || c == '.');
        if end == self.at {
            return Err(Mistake::new(
                at,
                format!("a time is missing after `{word}`"),
            ));
        }
        self.at = end;
        if self.next_is("()") {
            self.at += 2;
        }
        Ok(())
    }

    /// Labels in parentheses, if there are any.
    fn labels(&mut self) -> Read {
        if !self.next_is("(") {
            return Ok(());
        }
        let start = self.at;
        match self.rest().find(')') {
            Some(length) => {
                self.at += length + 1;
                Ok(())
            }
            None => Err(Mistake::new(start..start + 1, "this `(` is never closed")),
        }
    }

    /// `{job="node", mode=~"user|system"}`.
    fn matchers(&mut self) -> Read {
        let start = self.at;
        if !self.after_name && !self.wants_value {
            return Err(Mistake::new(
                start..start + 1,
                "an operator is missing before `{`",
            ));
        }
        self.at += 1;
        loop {
            if self.next_is("}") {
                self.at += 1;
                self.wants_value = false;
                self.after_name = false;
                return Ok(());
            }
            if self.rest().is_empty() {
                return Err(Mistake::new(start..start + 1, "this `{` is never closed"));
            }
            self.matcher()?;
            if self.next_is(",") {
                self.at += 1;
            } else if !self.next_is("}") && !self.rest().is_empty() {
                return Err(self.unexpected("a `,` or `}` is missing before this"));
            }
        }
    }

    fn matcher(&mut self) -> Read {
        let start = self.at;
        if self.next_is("\"") {
            self.at = self.string()?;
        } else {
            self.at = self.end_of(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
            if self.at == start {
                return Err(self.unexpected("the name of a label is missing before this"));
            }
        }
        let label = &self.text[start..self.at];
        self.skip_space();
        let rest = self.rest();
        let operators = ["=~", "!~", "!=", "="];
        let Some(operator) = operators
            .iter()
            .find(|operator| rest.starts_with(**operator))
        else {
            // A metric's name in quotes stands alone.
            if label.starts_with('"') {
                return Ok(());
            }
            return Err(Mistake::new(
                start..start + label.len(),
                format!("`{label}` is compared with nothing"),
            )
            .help(format!("`{label}=\"...\"`")));
        };
        self.at += operator.len();
        self.skip_space();
        if self.rest().starts_with(['"', '\'', '`']) {
            self.at = self.string()?;
            return Ok(());
        }
        let end = self.end_of(|c| !c.is_whitespace() && !matches!(c, ',' | '}'));
        let value = &self.text[self.at..end];
        let at = self.at..end.max(self.at + 1).min(self.text.len());
        Err(if value.is_empty() {
            Mistake::new(at, format!("the value of `{label}` is missing"))
        } else {
            Mistake::new(at, "the value of a label stands in quotes").help(format!(
                "`{label}{operator}\"{}\"`",
                value.trim_matches('=')
            ))
        })
    }

    /// `[5m]`, `[1h:5m]`.
    fn range(&mut self) -> Read {
        let start = self.at;
        let Some(length) = self.rest().find(']') else {
            return Err(Mistake::new(start..start + 1, "this `[` is never closed"));
        };
        let at = start..start + length + 1;
        if self.wants_value {
            return Err(Mistake::new(at, "something is missing before the range"));
        }
        let inner = &self.text[start + 1..start + length];
        let (range, step) = inner.split_once(':').unwrap_or((inner, ""));
        let (range, step) = (range.trim(), step.trim());
        for part in [range, step] {
            let missing = part == range && part.is_empty();
            if missing || (!part.is_empty() && !is_duration(part)) {
                return Err(Mistake::new(at, format!("`{inner}` is no range of time"))
                    .help("write a number and a unit, such as `[5m]`"));
            }
        }
        self.at = at.end;
        self.after_name = false;
        Ok(())
    }

    /// The end of the text in quotes that starts here.
    fn string(&self) -> Result<usize, Mistake> {
        let mut chars = self.rest().char_indices();
        let quote = chars.next().map_or('"', |(_, quote)| quote);
        let mut escaped = false;
        for (at, c) in chars {
            match c {
                _ if escaped => escaped = false,
                '\\' if quote != '`' => escaped = true,
                c if c == quote => return Ok(self.at + at + c.len_utf8()),
                _ => {}
            }
        }
        Err(Mistake::new(
            self.at..self.text.trim_end().len(),
            "this text has no quote at its end",
        ))
    }

    fn unexpected(&self, message: &str) -> Mistake {
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        Mistake::new(self.at..self.at + length, message)
    }
}

/// Whether the parser knows a function. It does not say so, but it tells what is
/// wrong with the arguments only of those that it knows.
fn is_function(name: &str) -> bool {
    match parser::parse(&format!("{name}()")) {
        Ok(_) => true,
        Err(reason) => reason.contains("argument"),
    }
}

/// `5m`, `1h30m`; or seconds as a number, or a word that stands for one.
fn is_duration(text: &str) -> bool {
    // Younger Prometheus calculates with them.
    let calculated = text.contains(['+', '-', '*', '/', '(']);
    if calculated || text.parse::<f64>().is_ok() || text.starts_with('$') {
        return true;
    }
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
        let units = ["ms", "s", "m", "h", "d", "w", "y"];
        let unit = units
            .iter()
            .find(|unit| digits > 0 && rest[digits..].starts_with(**unit));
        match unit {
            Some(unit) => rest = &rest[digits + unit.len()..],
            None => return false,
        }
    }
    true
}

/// The functions that people type, for suggestions.
const FUNCTIONS: [&str; 45] = [
    "abs",
    "absent",
    "absent_over_time",
    "avg_over_time",
    "ceil",
    "changes",
    "clamp",
    "clamp_max",
    "clamp_min",
    "count_over_time",
    "day_of_month",
    "day_of_week",
    "days_in_month",
    "delta",
    "deriv",
    "exp",
    "floor",
    "histogram_quantile",
    "hour",
    "idelta",
    "increase",
    "irate",
    "label_join",
    "label_replace",
    "last_over_time",
    "ln",
    "log10",
    "log2",
    "max_over_time",
    "min_over_time",
    "minute",
    "month",
    "predict_linear",
    "present_over_time",
    "quantile_over_time",
    "rate",
    "resets",
    "round",
    "scalar",
    "sort",
    "sort_desc",
    "sum_over_time",
    "time",
    "timestamp",
    "vector",
];

#[cfg(test)]
mod tests {
    use super::mistake;

    /// The expression with its mistake underlined: `^` under the bytes.
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let found = mistake(text);
        let found = found
            .as_ref()
            .map(|mistake| (&text[mistake.at.clone()], mistake.message.as_str()));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn expressions_that_are_right_have_no_mistake() {
        for text in [
            r#"rate(node_cpu_seconds_total{mode="system"}[1m])"#,
            "node_filesystem_avail_bytes",
            "sum by (job) (rate(x[5m])) / on (job) group_left () max without(a) (y) > bool 3",
            "max_over_time(deriv(x[1m])[5m:1m] offset -1h)",
            "up @ end()",
            "time() - 3",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn the_word_to_blame_is_found() {
        check("rate(x[5m]", Some(("(", "this `(` is never closed")));
        check("up)", Some((")", "no `(` belongs to this `)`")));
        check(
            "up down",
            Some(("down", "an operator or a comma is missing before `down`")),
        );
        check("up ==", Some(("=", "something is missing after this")));
        check("up = 1", Some(("=", "`=` means nothing here")));
        check("* 3", Some(("*", "something is missing before `*`")));
        check(
            "up{job=node}",
            Some(("node", "the value of a label stands in quotes")),
        );
        check("up{job}", Some(("job", "`job` is compared with nothing")));
        check(
            "up{job=\"a\" b=\"c\"}",
            Some(("b", "a `,` or `}` is missing before this")),
        );
        check("up{job=\"a\"", Some(("{", "this `{` is never closed")));
        check(
            "up{job=\"a}",
            Some(("\"a}", "this text has no quote at its end")),
        );
        check("rate(x[5])", None);
        check(
            "rate(x[five])",
            Some(("[five]", "`five` is no range of time")),
        );
        check("rate(x[5m)", Some(("[", "this `[` is never closed")));
        check("rte(x[5m])", Some(("rte", "there is no function `rte`")));
        check(
            "sum x",
            Some(("sum", "`sum` needs what it aggregates in parentheses")),
        );
        check(
            "a and and b",
            Some(("and", "something is missing before `and`")),
        );
        check("max(a,)", Some((")", "something is missing before `)`")));
        check("", Some(("", "there is no expression")));
    }

    #[test]
    fn what_is_wrong_as_a_whole_is_shown_as_a_whole() {
        let text = " rate(up) ";
        let found = mistake(text).expect("a rate needs a range");
        assert_eq!(&text[found.at], "rate(up)");
    }

    #[test]
    fn what_only_prometheus_knows_is_left_to_it() {
        check("xincrease_of_all_things(x[5m])", None);
        check("rate(x[5m+1m])", None);
    }
}
