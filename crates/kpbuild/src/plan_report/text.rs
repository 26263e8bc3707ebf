//! A plan for people at a terminal or in a log.

use std::fmt::Write as _;

use kpbuild_cluster::{Action, Conflict, Obstacle, Sign, Step, lines};
use kpbuild_core::Style;
use serde_json::Value;

use super::{Changes, GROWS, change_line, obstacle_line, short, summaries, word};

/// How much is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Detail {
    pub(crate) style: Style,
    /// The fields that differ.
    pub(crate) fields: bool,
    /// The lines that differ, with this many around them.
    pub(crate) lines: Option<usize>,
    /// The whole text of objects that come and go.
    pub(crate) whole: bool,
}

/// How many fields of one object are listed.
const FIELDS: usize = 30;

/// Object by object, then conflicts, then the counts.
pub(crate) fn text(changes: &Changes<'_>, detail: Detail) -> String {
    let mut out = String::new();
    for moved in &changes.moved {
        writeln!(out, "> {}", moved.phrase(changes)).expect(GROWS);
        for line in moved.meaning() {
            writeln!(out, "    {}", paint(&line, "33", detail.style)).expect(GROWS);
        }
    }
    for change in &changes.shared {
        let places = changes
            .are_of_many()
            .then(|| changes.places(&change.stacks));
        out.push_str(&of_step(change.step, places.as_deref(), detail));
    }
    out.push_str(&conflicts(changes));
    if !out.is_empty() {
        out.push('\n');
    }
    for line in summaries(changes) {
        writeln!(out, "{line}").expect(GROWS);
    }
    out
}

fn of_step(step: &Step, places: Option<&str>, detail: Detail) -> String {
    let mut out = String::new();
    let head = format!("{} {}", sign(step.action), step.object);
    writeln!(
        out,
        "{} ({})",
        paint(&head, colour(step.action), detail.style),
        word(step.action)
    )
    .expect(GROWS);
    if let Some(places) = places {
        writeln!(out, "    in {places}").expect(GROWS);
    }
    for effect in &step.effects {
        writeln!(out, "    {}", paint(&effect.text, "33", detail.style)).expect(GROWS);
    }
    for line in step
        .obstacles
        .iter()
        .filter_map(|obstacle| obstacle_line(step, obstacle))
    {
        writeln!(out, "    {} {line}", paint("stop:", "1;31", detail.style)).expect(GROWS);
    }
    if detail.fields {
        for change in step.changes.iter().take(FIELDS) {
            writeln!(out, "    {}", change_line(change)).expect(GROWS);
        }
        if step.changes.len() > FIELDS {
            writeln!(out, "    and {} more fields", step.changes.len() - FIELDS).expect(GROWS);
        }
    }
    let comes_or_goes = matches!(step.action, Action::Create | Action::Prune | Action::Keep);
    match detail.lines {
        Some(context) if detail.whole || !comes_or_goes => {
            out.push_str(&diff(step, context, detail.style));
        }
        _ => {}
    }
    out
}

fn diff(step: &Step, context: usize, style: Style) -> String {
    let mut out = String::new();
    for line in lines(step, context) {
        let (sign, colour) = match line.sign {
            Sign::Both => ("  ", ""),
            Sign::Removed => ("- ", "31"),
            Sign::Added => ("+ ", "32"),
            Sign::Gap => ("...", "2"),
        };
        let text = format!("{sign}{}", line.text);
        writeln!(out, "      {}", paint(&text, colour, style)).expect(GROWS);
    }
    out
}

/// All conflicts in one table: object, field, owner, theirs, ours.
fn conflicts(changes: &Changes<'_>) -> String {
    let mut rows: Vec<[String; 5]> = Vec::new();
    for step in changes.shared.iter().map(|change| change.step) {
        for obstacle in &step.obstacles {
            if let Obstacle::Conflicts { fields } = obstacle {
                rows.extend(fields.iter().map(|conflict| row(step, conflict)));
            }
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let mut managers: Vec<String> = rows.iter().map(|row| row[2].clone()).collect();
    managers.sort();
    managers.dedup();
    rows.insert(
        0,
        ["OBJECT", "FIELD", "OWNER", "THEIRS", "OURS"].map(str::to_owned),
    );
    let table = table(&rows);
    let flags: Vec<String> = managers
        .iter()
        .map(|manager| format!("--take-from {manager}"))
        .collect();
    format!(
        "\nOthers have set these fields to something else:\n{table}Leave them out of the stack, or take them: {}\n",
        flags.join(" ")
    )
}

fn row(step: &Step, conflict: &Conflict) -> [String; 5] {
    let value = |value: &Option<Value>| match value {
        None => "-".to_owned(),
        Some(value) => short(value).unwrap_or_else(|| "(long)".to_owned()),
    };
    [
        step.object.to_string(),
        conflict.field.clone(),
        conflict.manager.clone(),
        value(&conflict.theirs),
        value(&conflict.ours),
    ]
}

fn table(rows: &[[String; 5]]) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 5] = std::array::from_fn(width);
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        writeln!(out, "  {}", cells.join("  ").trim_end()).expect(GROWS);
    }
    out
}

fn sign(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Prune => "-",
        Action::Update | Action::Adopt => "~",
        Action::Replace => "±",
        Action::Move => ">",
        Action::Keep | Action::Unchanged => "=",
        Action::Unknown => "!",
    }
}

fn colour(action: Action) -> &'static str {
    match action {
        Action::Create => "32",
        Action::Prune | Action::Unknown => "31",
        Action::Update | Action::Adopt => "36",
        Action::Replace | Action::Move => "1;35",
        Action::Keep | Action::Unchanged => "2",
    }
}

fn paint(text: &str, colour: &str, style: Style) -> String {
    match style {
        Style::Colour if !colour.is_empty() => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
        _ => text.to_owned(),
    }
}
