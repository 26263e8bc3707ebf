//! A plan for the comment of a pull request.

use std::fmt::Write as _;

use kpbuild_cluster::{Action, Obstacle, Plan, Sign, Step, lines};

use super::{change_line, obstacle_line, summary, word};

const GROWS: &str = "writing to a string cannot fail";

/// The counts, a table of what it means, and the lines behind folds.
pub(crate) fn markdown(title: &str, plan: &Plan) -> String {
    let mut out = format!("### {title}\n\n{}\n", summary(plan));
    let changing: Vec<&Step> = plan
        .steps
        .iter()
        .filter(|step| step.action != Action::Unchanged)
        .collect();
    if changing.is_empty() {
        return out;
    }
    out.push_str("\n| | object | what it means |\n|---|---|---|\n");
    for step in &changing {
        let meaning: Vec<String> = meanings(step).iter().map(|text| cell(text)).collect();
        writeln!(
            out,
            "| {} | `{}` | {} |",
            word(step.action),
            step.object,
            meaning.join("<br>")
        )
        .expect(GROWS);
    }
    for step in changing.iter().filter(|step| !step.changes.is_empty()) {
        out.push_str(&fold(step));
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

fn fold(step: &Step) -> String {
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
