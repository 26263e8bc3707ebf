//! Findings as workflow commands: GitHub shows them beside the changed lines.

use super::findings::{Problem, problems, word};
use crate::ci::report::Report;

/// One command a line; then the counts, which GitHub shows in the log.
pub(super) fn github(report: &Report) -> String {
    let commands: String = problems(report).iter().map(command).collect();
    format!(
        "{commands}compared with {}\n{}\n",
        report.base,
        report.counts()
    )
}

fn command(problem: &Problem) -> String {
    let place = problem.place.as_ref().map(|place| {
        let file = property(&place.file);
        format!(
            "file={file},line={},endLine={},col={},",
            place.line, place.end_line, place.column
        )
    });
    format!(
        "::{} {}title={}::{}\n",
        word(problem.severity),
        place.unwrap_or_default(),
        property(&problem.code),
        data(&problem.text)
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
