//! A plan for the comment of a pull request.

use std::fmt::Write as _;

use kpbuild_cluster::{Obstacle, Sign, Step, lines};

use super::{Changes, GROWS, Shared, change_line, obstacle_line, summaries, word};

/// The counts, a table of what it means, and the lines behind folds.
pub(crate) fn markdown(title: &str, changes: &Changes<'_>) -> String {
    let mut out = format!("### {title}\n\n{}\n", summaries(changes).join("  \n"));
    for moved in &changes.moved {
        writeln!(out, "\n{}\n", moved.phrase(changes)).expect(GROWS);
        for line in moved.meaning() {
            writeln!(out, "- {line}").expect(GROWS);
        }
    }
    if changes.shared.is_empty() {
        return out;
    }
    out.push_str(&table(changes));
    for change in &changes.shared {
        out.push_str(&fold(change.step));
    }
    out
}

/// What happens to each object, and what that means.
pub(crate) fn table(changes: &Changes<'_>) -> String {
    let many = changes.are_of_many();
    let mut out = String::from(if many {
        "\n| | object | stacks | what it means |\n|---|---|---|---|\n"
    } else {
        "\n| | object | what it means |\n|---|---|---|\n"
    });
    for Shared { step, stacks } in &changes.shared {
        let meaning: Vec<String> = meanings(step).iter().map(|text| cell(text)).collect();
        let places = if many {
            format!(" {} |", changes.places(stacks))
        } else {
            String::new()
        };
        writeln!(
            out,
            "| {} | `{}` |{places} {} |",
            word(step.action),
            step.object,
            meaning.join("<br>")
        )
        .expect(GROWS);
    }
    out
}

fn meanings(step: &Step) -> Vec<String> {
    let mut texts: Vec<String> = step
        .effects
        .iter()
        .map(|effect| effect.text.clone())
        .collect();
    texts.extend(
        step.obstacles
            .iter()
            .filter_map(|obstacle| obstacle_line(step, obstacle)),
    );
    for obstacle in &step.obstacles {
        if let Obstacle::Conflicts { fields } = obstacle {
            texts.extend(fields.iter().map(|conflict| {
                format!(
                    "conflict: `{}` is owned by {}",
                    conflict.field, conflict.manager
                )
            }));
        }
    }
    texts
}

/// A text inside of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// The fields and lines that differ, folded; nothing for what only comes or goes.
pub(crate) fn fold(step: &Step) -> String {
    if step.changes.is_empty() {
        return String::new();
    }
    let mut diff = String::new();
    for line in lines(step, 3) {
        let sign = match line.sign {
            Sign::Both => " ",
            Sign::Removed => "-",
            Sign::Added => "+",
            Sign::Gap => "@@ @@",
        };
        writeln!(diff, "{sign}{}", line.text).expect(GROWS);
    }
    // A fence must be longer than any in the text.
    let fence = if diff.contains("```") {
        "``````"
    } else {
        "```"
    };
    let fields: Vec<String> = step
        .changes
        .iter()
        .take(10)
        .map(|change| format!("- `{}`", change_line(change)))
        .collect();
    format!(
        "\n<details><summary>{}</summary>\n\n{}\n\n{fence}diff\n{diff}{fence}\n</details>\n",
        step.object,
        fields.join("\n")
    )
}
