//! The line diff of a step: two YAML texts, and what changes between them.

use kpbuild_core::yaml;
use similar::{ChangeTag, DiffOp, TextDiff};

use crate::plan::Step;

/// One line of a diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where the line is.
    pub sign: Sign,
    /// The line, without its end.
    pub text: String,
}

/// In which text a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// In both.
    Both,
    /// In the present one only.
    Removed,
    /// In the future one only.
    Added,
    /// In neither: lines are left out here.
    Gap,
}

/// The lines that differ, with this many lines of context around them.
pub fn lines(step: &Step, context: usize) -> Vec<Line> {
    let text =
        |value: &Option<serde_json::Value>| value.as_ref().map(yaml::document).unwrap_or_default();
    let (before, after) = (text(&step.before), text(&step.after));
    let diff = TextDiff::from_lines(&before, &after);
    let mut lines = Vec::new();
    for (index, group) in diff.grouped_ops(context).iter().enumerate() {
        if index > 0 {
            lines.push(Line {
                sign: Sign::Gap,
                text: String::new(),
            });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => Sign::Both,
                ChangeTag::Delete => Sign::Removed,
                ChangeTag::Insert => Sign::Added,
            };
            let text = change.value().trim_end_matches('\n').to_owned();
            lines.push(Line { sign, text });
        }
    }
    lines
}

/// A line of the present text beside one of the future text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The line's number, from 1, and its text; nothing beside a line that is new.
    pub before: Option<(usize, String)>,
    /// The same of the future text; nothing beside a line that goes.
    pub after: Option<(usize, String)>,
}

impl Pair {
    /// Whether both lines are the same.
    pub fn is_same(&self) -> bool {
        match (&self.before, &self.after) {
            (Some((_, before)), Some((_, after))) => before == after,
            _ => false,
        }
    }
}

/// The lines that differ, each beside what it has become, with this many lines
/// of context: one list for each place.
pub fn side_by_side(step: &Step, context: usize) -> Vec<Vec<Pair>> {
    let text =
        |value: &Option<serde_json::Value>| value.as_ref().map(yaml::document).unwrap_or_default();
    pairs(&text(&step.before), &text(&step.after), context)
}

/// The same of two texts.
pub fn pairs(before: &str, after: &str, context: usize) -> Vec<Vec<Pair>> {
    let diff = TextDiff::from_lines(before, after);
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let of_op = |op: &DiffOp| {
        let (olds, news) = (op.old_range(), op.new_range());
        let line = |lines: &[&str], range: &std::ops::Range<usize>, at: usize| {
            let index = range.start + at;
            (index < range.end).then(|| (index + 1, lines[index].to_owned()))
        };
        (0..olds.len().max(news.len()))
            .map(|at| Pair {
                before: line(&old, &olds, at),
                after: line(&new, &news, at),
            })
            .collect::<Vec<_>>()
    };
    diff.grouped_ops(context)
        .iter()
        .map(|group| group.iter().flat_map(of_op).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, bare};
    use kpbuild_core::ObjectKey;
    use serde_json::json;

    #[test]
    fn lines_stand_beside_what_they_have_become() {
        let key = ObjectKey {
            group: String::new(),
            kind: "X".into(),
            namespace: String::new(),
            name: "x".into(),
        };
        let step = Step {
            before: Some(json!({"a": 1, "b": 2, "c": 3, "d": 4})),
            after: Some(json!({"a": 1, "b": 5, "c": 3, "d": 4, "e": 6})),
            ..bare(&key, Action::Update)
        };
        let shown: Vec<Vec<String>> = side_by_side(&step, 0)
            .iter()
            .map(|group| {
                let show = |side: &Option<(usize, String)>| {
                    side.as_ref()
                        .map_or("-".to_owned(), |(number, text)| format!("{number} {text}"))
                };
                group
                    .iter()
                    .map(|pair| format!("{} | {}", show(&pair.before), show(&pair.after)))
                    .collect()
            })
            .collect();
        assert_eq!(shown, [["2 b: 2 | 2 b: 5"], ["- | 5 e: 6"]]);
    }
}
