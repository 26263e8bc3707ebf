//! The report for the comment of a pull request: what matters first, the lines of
//! every change behind folds.

use std::fmt::Write as _;

use kpbuild_cluster::EffectKind;

use super::MARKER;
use super::findings::problems;
use crate::backtest::Tried;
use crate::ci::outcome::State;
use crate::ci::report::{Report, SharedRule};
use crate::plan_report::{self, Changes};
use crate::problems::{Problem, word};

const GROWS: &str = "writing to a string cannot fail";

/// GitHub takes 65,536 characters for a comment, GitLab more; some are left for
/// whoever puts a line of their own above. A text never has more characters than
/// bytes, which are counted here.
const COMMENT: usize = 65_536 - 512;

/// Everything.
pub(super) fn whole(report: &Report) -> String {
    let changes = report.changes();
    let mut out = head(report, &changes);
    for change in &changes.shared {
        out.push_str(&plan_report::fold(change.step));
    }
    out
}

/// As much as fits into a comment: the head and the folds one after the other;
/// what does not fit is counted.
pub(super) fn comment(report: &Report, url: Option<&str>) -> String {
    let full = match url {
        Some(url) => format!("[full report]({url})"),
        None => "full report".to_owned(),
    };
    let rest = |left: usize| format!("\n*{left} more changes are in the {full}.*\n");
    let changes = report.changes();
    let mut out = format!("{MARKER}\n{}", head(report, &changes));
    let room = COMMENT - rest(usize::MAX).len();
    if out.len() > room {
        let mut end = room - FENCE_END.len();
        while !out.is_char_boundary(end) {
            end -= 1;
        }
        let end = out[..end].rfind('\n').unwrap_or(end);
        out.truncate(end);
        close(&mut out);
        writeln!(
            out,
            "\n*This is too long for a comment; the rest is in the {full}.*"
        )
        .expect(GROWS);
        return out;
    }
    let folds = changes
        .shared
        .iter()
        .map(|change| plan_report::fold(change.step));
    let folds: Vec<String> = folds.filter(|fold| !fold.is_empty()).collect();
    for (index, fold) in folds.iter().enumerate() {
        if out.len() + fold.len() > room {
            out.push_str(&rest(folds.len() - index));
            return out;
        }
        out.push_str(fold);
    }
    if let Some(url) = url {
        writeln!(out, "\n[Full report]({url})").expect(GROWS);
    }
    out
}

const FENCE_END: &str = "\n```\n</details>\n";

/// Ends what a cut has left open.
fn close(out: &mut String) {
    if out.matches("```").count() % 2 == 1 {
        out.push_str("\n```\n");
    }
    let open = out.matches("<details>").count() - out.matches("</details>").count();
    for _ in 0..open {
        out.push_str("\n</details>\n");
    }
}

/// All but the lines of the changes.
fn head(report: &Report, changes: &Changes<'_>) -> String {
    let mut out = String::new();
    let verdict = if report.has_errors() { "🔴" } else { "🟢" };
    writeln!(
        out,
        "### {verdict} kpbuild: {}\n\nCompared with {}.\n",
        report.counts(),
        code(&report.base)
    )
    .expect(GROWS);
    out.push_str(&wrong(report));
    out.push_str(&means(changes));
    out.push_str(&rules(report));
    if !changes.shared.is_empty() {
        let title = format!("{} in detail", changes.count_words());
        writeln!(out, "<details><summary>{title}</summary>").expect(GROWS);
        out.push_str(&plan_report::table(changes));
        out.push_str("\n</details>\n");
    }
    out
}

/// What is wrong, and what stands in the way of a comparison.
fn wrong(report: &Report) -> String {
    let mut out = String::new();
    let problems = problems(report);
    if !problems.is_empty() {
        out.push_str("#### What is wrong\n\n");
        for problem in &problems {
            out.push_str(&finding(problem));
        }
        out.push('\n');
    }
    for (outcome, label) in report.of_state(State::Broken) {
        let path = outcome.path.display();
        writeln!(
            out,
            "**{label}** cannot be rendered, so it is not compared (`{path}`).\n"
        )
        .expect(GROWS);
    }
    for (outcome, label) in report.of_state(State::BaseBroken) {
        writeln!(
            out,
            "<details><summary><b>{label}</b> could not be rendered before, so it is not compared</summary>\n\n```\n{}\n```\n</details>\n",
            outcome.wrong_before.join("\n\n")
        )
        .expect(GROWS);
    }
    out
}

fn finding(problem: &Problem) -> String {
    let text = problem.text();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let place = problem
        .place()
        .map(|place| format!("{}:{} ", place.file, place.line));
    let mut out = format!(
        "- **{}** `{}` {}{}\n",
        word(problem.severity),
        problem.code.0,
        place.map(|place| code(&place) + " ").unwrap_or_default(),
        line(first),
    );
    for more in lines.filter(|line| !line.trim().is_empty()) {
        writeln!(out, "  <br>{}", line(more.trim())).expect(GROWS);
    }
    out
}

/// What the changes mean besides rules and dashboards: what moves as a whole, then
/// the worst first.
fn means(changes: &Changes<'_>) -> String {
    const MOST: usize = 20;
    let mut effects: Vec<(EffectKind, String)> = Vec::new();
    for change in &changes.shared {
        for effect in &change.step.effects {
            if matches!(effect.kind, EffectKind::Rule | EffectKind::Dashboard) {
                continue;
            }
            let places = changes
                .are_of_many()
                .then(|| format!(" ({})", changes.places(&change.stacks)));
            let text = format!(
                "- `{}` {}{}\n",
                change.step.object,
                line(&effect.text),
                places.unwrap_or_default()
            );
            effects.push((effect.kind, text));
        }
    }
    effects.sort_by_key(|(kind, _)| *kind);
    if effects.is_empty() && changes.moved.is_empty() {
        return String::new();
    }
    let mut out = String::from("#### What it does to the cluster\n\n");
    for moved in &changes.moved {
        writeln!(out, "- {}", line(&moved.phrase(changes))).expect(GROWS);
        for text in moved.meaning() {
            writeln!(out, "  - {}", line(&text)).expect(GROWS);
        }
    }
    out.extend(effects.iter().take(MOST).map(|(_, text)| text.as_str()));
    if effects.len() > MOST {
        writeln!(out, "- and {} more, see below", effects.len() - MOST).expect(GROWS);
    }
    out.push('\n');
    out
}

/// The rules that change, in a table.
fn rules(report: &Report) -> String {
    const MOST: usize = 100;
    if report.rules.is_empty() {
        return String::new();
    }
    let many = report.outcomes.len() > 1;
    let tried = report.rules.iter().any(|rule| rule.tried.is_some());
    let mut out = String::from("#### Rules\n\n| rule | change |");
    let mut line = String::from("|---|---|");
    for (wanted, title) in [(many, "stacks"), (tried, "would have fired")] {
        if wanted {
            write!(out, " {title} |").expect(GROWS);
            line.push_str("---|");
        }
    }
    writeln!(out, "\n{line}").expect(GROWS);
    for rule in report.rules.iter().take(MOST) {
        out.push_str(&row(rule, report, many, tried));
    }
    if report.rules.len() > MOST {
        writeln!(out, "\nand {} more rules", report.rules.len() - MOST).expect(GROWS);
    }
    out.push('\n');
    out
}

fn row(rule: &SharedRule, report: &Report, many: bool, tried: bool) -> String {
    let title = rule.change.title();
    let phrase = rule.change.phrase();
    let what = phrase
        .strip_prefix(&format!("{title}: "))
        .unwrap_or(&phrase);
    let mut out = format!("| {} | {} |", cell(&title), cell(what));
    if many {
        let places = report.places(&rule.stacks).unwrap_or_default();
        write!(out, " {} |", cell(&places)).expect(GROWS);
    }
    if tried {
        let lines = rule.tried.as_ref().map(Tried::lines).unwrap_or_default();
        let lines: Vec<String> = lines.iter().map(|line| cell(line)).collect();
        write!(out, " {} |", lines.join("<br>")).expect(GROWS);
    }
    out.push('\n');
    out
}

/// A text in Markdown, in which backticks keep their meaning and nothing is HTML.
fn line(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index > 0 {
            out.push('`');
        }
        if index % 2 == 0 {
            out.push_str(
                &part
                    .replace('&', "&amp;")
                    .replace('<', "&lt;")
                    .replace('*', "\\*"),
            );
        } else {
            out.push_str(part);
        }
    }
    out
}

/// A text inside of a table.
fn cell(text: &str) -> String {
    line(text).replace('|', "\\|").replace('\n', " ")
}

/// A text as code.
fn code(text: &str) -> String {
    format!("`{}`", text.trim().replace('`', "'"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ci::outcome::{Found, Outcome};
    use kpbuild_check::Finding;
    use kpbuild_cluster::between;
    use kpbuild_core::{Bundle, Code, Diagnostic, SourceMap};
    use serde_json::json;

    /// A report about one stack with so many findings and changed objects.
    fn report(findings: usize, objects: usize) -> Report {
        let bundle = |text: &str| {
            let lines = vec![text; 40].join("\n");
            let object = |index| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("m{index}")}, "data": {"```": lines}});
            Bundle::of_manifests("test", (0..objects).map(object)).expect("they are whole")
        };
        let finding = |index| {
            let text = format!("{index} {}", "ü".repeat(100));
            let finding = Finding {
                object: None,
                diagnostic: Diagnostic::warning(Code("unknown-metric"), text),
            };
            Found::of(&finding, &SourceMap::default())
        };
        let outcome = Outcome {
            path: "a.yaml".into(),
            name: Some("a".into()),
            state: State::Compared,
            objects,
            findings: (0..findings).map(finding).collect(),
            silenced: Vec::new(),
            wrong_before: Vec::new(),
            tests: Vec::new(),
            plan: Some(Arc::new(between(&bundle("old"), &bundle("new"), &[]))),
        };
        Report::new("main", vec![outcome], &crate::files::Files::default())
    }

    #[test]
    fn a_comment_fits_whatever_there_is_to_say() {
        for (findings, objects) in [(0, 1), (0, 200), (1000, 10), (0, 5000)] {
            let text = comment(&report(findings, objects), Some("https://example.com/r"));
            assert!(
                text.len() <= COMMENT,
                "{findings} {objects}: {}",
                text.len()
            );
            assert!(text.starts_with(MARKER));
            assert!(
                text.contains("https://example.com/r"),
                "{findings} {objects}"
            );
            assert_eq!(
                text.matches("<details>").count(),
                text.matches("</details>").count()
            );
        }
        assert!(whole(&report(0, 200)).len() > COMMENT);
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let text = comment(&report(0, 200), None);
        let shown = text.matches("<details><summary>ConfigMap/").count();
        let rest = format!("*{} more changes are in the full report.*", 200 - shown);
        assert!(shown > 10 && text.contains(&rest), "{shown}");
    }

    #[test]
    fn texts_are_no_markup() {
        assert_eq!(line("a < b & `c < d` *"), "a &lt; b &amp; `c < d` \\*");
        assert_eq!(cell("a | b"), "a \\| b");
    }
}
