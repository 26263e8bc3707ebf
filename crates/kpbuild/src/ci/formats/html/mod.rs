//! The report as one page that needs no network: everything is in the file, and
//! its policy forbids the browser to load anything else.
//!
//! Every text of the user's goes through [`escaped`]. The page can be read
//! without its script, which only filters and unfolds.

mod diff;

use std::fmt::Write as _;

use kpbuild_cluster::EffectKind;
use kpbuild_core::Style;

use super::findings::problems;
use crate::backtest::Side;
use crate::ci::outcome::State;
use crate::ci::report::{Report, SharedRule};
use crate::plan_report::{self, Changes, Shared};
use crate::problems::word;
use crate::rule_tests;

const GROWS: &str = "writing to a string cannot fail";
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

pub(super) fn html(report: &Report) -> String {
    let changes = report.changes();
    let mut body = head(report);
    body.push_str(&stacks(report));
    body.push_str(&wrong(report));
    body.push_str(&rules(report));
    body.push_str(&dashboards(&changes));
    body.push_str(&objects(&changes));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>kpbuild: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        escaped(&report.counts())
    )
}

/// A text as HTML, in attributes too.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn head(report: &Report) -> String {
    let verdict = if report.has_errors() { "bad" } else { "good" };
    let mut stacks = String::new();
    for label in &report.labels {
        write!(stacks, "<option>{}</option>", escaped(label)).expect(GROWS);
    }
    format!(
        "<header>\n<h1><span class=\"dot {verdict}\"></span>{}</h1>\n<p>Compared with <code>{}</code></p>\n\
         <form id=\"filter\" role=\"search\">\n\
         <input type=\"search\" id=\"words\" placeholder=\"Search objects, rules, fields, lines\" aria-label=\"Search\" autocomplete=\"off\">\n\
         <select id=\"stack\" aria-label=\"Stack\"><option value=\"\">all stacks</option>{stacks}</select>\n\
         <button type=\"button\" id=\"unfold\">Unfold all</button>\n<output id=\"shown\"></output>\n</form>\n</header>\n<main>\n",
        escaped(&report.counts()),
        escaped(&report.base)
    )
}

fn stacks(report: &Report) -> String {
    let mut rows = String::new();
    for (outcome, label) in report.outcomes.iter().zip(&report.labels) {
        let state = match outcome.state {
            State::Compared => String::new(),
            State::New => "new".to_owned(),
            State::Gone => "removed".to_owned(),
            State::Broken => "cannot be rendered".to_owned(),
            State::BaseBroken => "could not be rendered before".to_owned(),
        };
        let counts = outcome.plan.as_deref().map(plan_report::summary);
        writeln!(
            rows,
            "<tr class=\"item\" data-stacks=\"{}\"><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            listed([label]),
            escaped(label),
            escaped(&outcome.path.display().to_string()),
            escaped(&state),
            escaped(&counts.unwrap_or_default()),
        )
        .expect(GROWS);
    }
    format!(
        "<section id=\"stacks\"><h2>Stacks</h2><div class=\"wide\"><table>\n<thead><tr><th>stack</th><th>file</th><th></th><th>objects</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div></section>\n"
    )
}

/// The names of stacks as an attribute: each between line feeds, which no name has.
fn listed<S: AsRef<str>>(stacks: impl IntoIterator<Item = S>) -> String {
    let mut list = String::from("\n");
    for stack in stacks {
        list.push_str(stack.as_ref());
        list.push('\n');
    }
    escaped(&list)
}

fn section(id: &str, title: &str, items: &str) -> String {
    if items.is_empty() {
        return String::new();
    }
    format!("<section id=\"{id}\"><h2>{title}</h2>\n{items}</section>\n")
}

/// The findings with the user's lines, failed tests, and stacks that were broken.
fn wrong(report: &Report) -> String {
    let mut items = String::new();
    for finding in &report.findings {
        let mut diagnostic = finding.diagnostic.clone();
        diagnostic.notes.extend(
            report
                .places_of(finding)
                .map(|places| format!("in {places}")),
        );
        let text = diagnostic.render(&report.sources, Style::Plain);
        writeln!(
            items,
            "<pre class=\"item finding {}\" data-stacks=\"{}\">{}</pre>",
            word(diagnostic.severity),
            listed(&finding.stacks),
            escaped(&text)
        )
        .expect(GROWS);
    }
    for problem in problems(report) {
        if problem.code == rule_tests::FAILS {
            let place = problem.place();
            let place = place.map(|place| format!("{}:{}: ", place.file, place.line));
            writeln!(
                items,
                "<pre class=\"item finding error\">{}{}</pre>",
                escaped(&place.unwrap_or_default()),
                escaped(&problem.text())
            )
            .expect(GROWS);
        }
    }
    for (outcome, label) in report.of_state(State::BaseBroken) {
        writeln!(
            items,
            "<details class=\"item\" data-stacks=\"{}\"><summary><b>{}</b> could not be rendered before, so it is not compared</summary><pre>{}</pre></details>",
            listed([label]),
            escaped(label),
            escaped(&outcome.wrong_before.join("\n\n"))
        )
        .expect(GROWS);
    }
    section("wrong", "What is wrong", &items)
}

fn rules(report: &Report) -> String {
    let items: String = report.rules.iter().map(|one| rule(one, report)).collect();
    section("rules", "Rules", &items)
}

fn rule(rule: &SharedRule, report: &Report) -> String {
    let title = rule.change.title();
    let phrase = rule.change.phrase();
    let mut what = phrase.replacen(&format!("{title}: "), "", 1);
    if rule.change.tendency().is_some() {
        // The badge says it for all parts.
        let parts = rule.change.parts.iter();
        let texts: Vec<&str> = parts.map(|part| part.text.as_str()).collect();
        what = texts.join(", ");
    }
    let tendency = rule
        .change
        .tendency()
        .map(|tendency| format!(" <span class=\"badge {tendency}\">{tendency}</span>"));
    let places = report
        .places(&rule.stacks)
        .map(|places| format!(" <span class=\"places\">{}</span>", escaped(&places)));
    format!(
        "<details class=\"item rule\" data-stacks=\"{}\"><summary><b>{}</b> {}{}{}</summary>\n{}{}</details>\n",
        listed(&rule.stacks),
        escaped(&title),
        escaped(&what),
        tendency.unwrap_or_default(),
        places.unwrap_or_default(),
        tried(rule),
        diff::of_rule(&rule.change)
    )
}

/// How the alert would have fired, as bars.
fn tried(rule: &SharedRule) -> String {
    let Some(tried) = &rule.tried else {
        return String::new();
    };
    let mut out = format!(
        "<p>Over the last {}:</p><dl class=\"tried\">\n",
        tried.span()
    );
    for (name, side) in [("before", &tried.before), ("after", &tried.after)] {
        let text = match side {
            None => continue,
            Some(Side::Unknown(reason)) => escaped(reason),
            Some(Side::Fired(fired)) if fired.times == 0 => "never".to_owned(),
            Some(Side::Fired(fired)) => {
                format!("{} {}", bars(&fired.timeline), escaped(&fired.words()))
            }
        };
        writeln!(out, "<dt>{name}</dt><dd>{text}</dd>").expect(GROWS);
    }
    out.push_str("</dl>\n");
    out
}

/// A timeline as a drawing, a unit a part.
fn bars(timeline: &[usize]) -> String {
    const HEIGHT: usize = 16;
    let most = timeline.iter().copied().max().unwrap_or(0).max(1);
    let mut out = format!(
        "<svg class=\"bars\" viewBox=\"0 0 {} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"how many series fired over time\">",
        timeline.len()
    );
    for (at, count) in timeline.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = (count * HEIGHT).div_ceil(most);
        write!(
            out,
            "<rect x=\"{at}\" y=\"{}\" width=\"1\" height=\"{height}\"/>",
            HEIGHT - height
        )
        .expect(GROWS);
    }
    out.push_str("</svg>");
    out
}

/// What is said about dashboards, each with the way to its lines.
fn dashboards(changes: &Changes<'_>) -> String {
    let mut items = String::new();
    for (number, Shared { step, stacks }) in changes.shared.iter().enumerate() {
        for effect in &step.effects {
            if effect.kind == EffectKind::Dashboard {
                writeln!(
                    items,
                    "<p class=\"item\" data-stacks=\"{}\"><a href=\"#change-{number}\">{}</a>{}</p>",
                    listed(stacks),
                    escaped(&effect.text),
                    places(changes, stacks)
                )
                .expect(GROWS);
            }
        }
    }
    section("dashboards", "Dashboards", &items)
}

fn places(changes: &Changes<'_>, stacks: &[&str]) -> String {
    if !changes.are_of_many() {
        return String::new();
    }
    format!(
        " <span class=\"places\">{}</span>",
        escaped(&changes.places(stacks))
    )
}

fn objects(changes: &Changes<'_>) -> String {
    let mut items = String::new();
    for moved in &changes.moved {
        let mut meaning = String::new();
        for line in moved.meaning() {
            writeln!(meaning, "<li>{}</li>", escaped(&line)).expect(GROWS);
        }
        writeln!(
            items,
            "<div class=\"item\" data-stacks=\"{}\"><b>{}</b><ul>\n{meaning}</ul></div>",
            listed(&moved.stacks),
            escaped(&moved.phrase(changes))
        )
        .expect(GROWS);
    }
    for (number, change) in changes.shared.iter().enumerate() {
        items.push_str(&object(number, change, changes));
    }
    section("objects", "Objects", &items)
}

fn object(number: usize, Shared { step, stacks }: &Shared<'_>, changes: &Changes<'_>) -> String {
    let action = plan_report::word(step.action);
    let mut inside = String::new();
    for effect in &step.effects {
        writeln!(inside, "<p class=\"effect\">{}</p>", escaped(&effect.text)).expect(GROWS);
    }
    if !step.changes.is_empty() {
        const MOST: usize = 50;
        let lines = step.changes.iter().take(MOST);
        let lines: Vec<String> = lines
            .map(|change| escaped(&plan_report::change_line(change)))
            .collect();
        let more = step.changes.len().saturating_sub(MOST);
        let more = if more > 0 {
            format!("\nand {more} more fields")
        } else {
            String::new()
        };
        writeln!(
            inside,
            "<pre class=\"fields\">{}{more}</pre>",
            lines.join("\n")
        )
        .expect(GROWS);
    }
    inside.push_str(&diff::of_object(step));
    format!(
        "<details class=\"item\" id=\"change-{number}\" data-stacks=\"{}\"><summary><span class=\"badge {action}\">{action}</span> <b>{}</b>{}</summary>\n{inside}</details>\n",
        listed(stacks),
        escaped(&step.object.to_string()),
        places(changes, stacks)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_users_is_markup() {
        assert_eq!(escaped("<a b='\"&'>"), "&lt;a b=&#39;&quot;&amp;&#39;&gt;");
        assert_eq!(listed(["a", "<b>"]), "\na\n&lt;b&gt;\n");
    }

    #[test]
    fn a_timeline_is_drawn_where_it_fires() {
        assert_eq!(bars(&[0, 2, 1]).matches("<rect").count(), 2);
    }

    #[test]
    fn the_page_loads_nothing() {
        for part in [STYLE, SCRIPT] {
            for word in ["http", "url(", "@import", "import(", "fetch(", "</"] {
                assert!(!part.contains(word), "{word}");
            }
        }
    }
}
