//! Two texts side by side, as a table; on a phone the style puts them one above
//! the other.

use std::fmt::Write as _;

use kpbuild_cluster::{Pair, RuleChange, Step, pairs, side_by_side};
use kpbuild_core::yaml;
use serde_json::Value;

use super::{GROWS, escaped};

/// Lines around those that differ.
const AROUND: usize = 3;
/// Longer texts are cut: nobody reads more, and a page must open on a phone.
const MOST_LINES: usize = 3000;

/// An object before and after; as a whole where it comes or goes.
pub(super) fn of_object(step: &Step) -> String {
    match (&step.before, &step.after) {
        (Some(_), Some(_)) => table(&side_by_side(step, AROUND)),
        (Some(before), None) => whole("old", before),
        (None, Some(after)) => whole("new", after),
        (None, None) => String::new(),
    }
}

/// A rule before and after.
pub(super) fn of_rule(change: &RuleChange) -> String {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            let (before, after) = (yaml::document(before), yaml::document(after));
            table(&pairs(&before, &after, usize::MAX / 2))
        }
        (Some(before), None) => whole("old", before),
        (None, Some(after)) => whole("new", after),
        (None, None) => String::new(),
    }
}

fn whole(side: &str, value: &Value) -> String {
    let text = yaml::document(value);
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[..lines.len().min(MOST_LINES)];
    format!(
        "<pre class=\"{side}\">{}{}</pre>\n",
        escaped(&shown.join("\n")),
        cut(lines.len())
    )
}

fn cut(lines: usize) -> String {
    match lines.saturating_sub(MOST_LINES) {
        0 => String::new(),
        more => format!("\n... and {more} more lines"),
    }
}

fn table(groups: &[Vec<Pair>]) -> String {
    let mut out = String::from(
        "<table class=\"diff\"><colgroup><col class=\"number\"><col><col class=\"number\"><col></colgroup>\n",
    );
    let mut lines = 0;
    for (index, group) in groups.iter().enumerate() {
        if index > 0 {
            out.push_str("<tr class=\"gap\"><td colspan=\"4\">⋯</td></tr>\n");
        }
        for pair in group {
            lines += 1;
            if lines <= MOST_LINES {
                out.push_str(&row(pair));
            }
        }
    }
    if lines > MOST_LINES {
        writeln!(
            out,
            "<tr class=\"gap\"><td colspan=\"4\">{}</td></tr>",
            cut(lines)
        )
        .expect(GROWS);
    }
    out.push_str("</table>\n");
    out
}

fn row(pair: &Pair) -> String {
    let (old, new) = match (&pair.before, &pair.after) {
        (Some((_, before)), Some((_, after))) if before != after => marked(before, after),
        (before, after) => {
            let plain = |side: &Option<(usize, String)>| {
                side.as_ref()
                    .map(|(_, text)| escaped(text))
                    .unwrap_or_default()
            };
            (plain(before), plain(after))
        }
    };
    let number = |side: &Option<(usize, String)>| {
        side.as_ref()
            .map(|(number, _)| number.to_string())
            .unwrap_or_default()
    };
    let class = |side: &Option<(usize, String)>, changed: &'static str| match side {
        None => "none",
        Some(_) if pair.is_same() => "same",
        Some(_) => changed,
    };
    format!(
        "<tr class=\"{}\"><td class=\"number\">{}</td><td class=\"{}\">{old}</td><td class=\"number\">{}</td><td class=\"{}\">{new}</td></tr>\n",
        if pair.is_same() { "same" } else { "changed" },
        number(&pair.before),
        class(&pair.before, "old"),
        number(&pair.after),
        class(&pair.after, "new"),
    )
}

/// Two lines with what differs between their common start and end marked.
fn marked(before: &str, after: &str) -> (String, String) {
    let common = |one: &mut dyn Iterator<Item = char>, other: &mut dyn Iterator<Item = char>| {
        one.zip(other)
            .take_while(|(one, other)| one == other)
            .map(|(one, _)| one.len_utf8())
            .sum::<usize>()
    };
    let start = common(&mut before.chars(), &mut after.chars());
    let (rest_before, rest_after) = (&before[start..], &after[start..]);
    let end = common(
        &mut rest_before.chars().rev(),
        &mut rest_after.chars().rev(),
    );
    let mark = |text: &str| {
        let middle = &text[start..text.len() - end];
        let mark = if middle.is_empty() {
            String::new()
        } else {
            format!("<mark>{}</mark>", escaped(middle))
        };
        format!(
            "{}{mark}{}",
            escaped(&text[..start]),
            escaped(&text[text.len() - end..])
        )
    };
    (mark(before), mark(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_a_line_is_marked() {
        assert_eq!(
            marked("x > 0.9 é", "x > 0.85 é"),
            (
                "x &gt; 0.<mark>9</mark> é".to_owned(),
                "x &gt; 0.<mark>85</mark> é".to_owned()
            )
        );
        assert_eq!(
            marked("aa", "aaa"),
            ("aa".to_owned(), "aa<mark>a</mark>".to_owned())
        );
    }

    #[test]
    fn a_line_beside_nothing_has_a_place_of_its_own() {
        let pair = Pair {
            before: None,
            after: Some((7, "<x>".to_owned())),
        };
        assert_eq!(
            row(&pair),
            "<tr class=\"changed\"><td class=\"number\"></td><td class=\"none\"></td><td class=\"number\">7</td><td class=\"new\">&lt;x&gt;</td></tr>\n"
        );
    }
}
