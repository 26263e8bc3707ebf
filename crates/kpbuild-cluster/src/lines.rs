//! The line diff of a step: two YAML texts, and what changes between them.

use kpbuild_core::yaml;
use similar::{ChangeTag, TextDiff};

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
