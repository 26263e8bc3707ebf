//! Problems as workflow commands: GitHub shows them beside the changed lines.

use super::{Problem, word};

/// One command a line; what is accepted is not shown.
pub(crate) fn github(problems: &[Problem]) -> String {
    let open = problems.iter().filter(|one| one.silenced.is_none());
    open.map(command).collect()
}

fn command(problem: &Problem) -> String {
    let place = problem.place().map(|place| {
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
        property(problem.code.0),
        data(&problem.text())
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

#[cfg(test)]
mod tests {
    use super::super::tests::problems;
    use super::*;

    #[test]
    fn workflow_commands_are_escaped() {
        let expected = "::error file=a%2Cb.yaml,line=2,endLine=2,col=1,title=rule-syntax::100%25 wrong%0Amend it\n::warning title=unknown-job::nowhere%0Aa fact\n";
        assert_eq!(github(&problems()), expected);
    }
}
