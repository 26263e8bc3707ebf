//! Findings as the annotations of GitHub's workflows.

use kpbuild_check::{Finding, Report};
use kpbuild_core::SourceMap;

use super::{place, whole, word};

/// One workflow command a line: GitHub shows them beside the changed lines.
pub(crate) fn github(report: &Report, sources: &SourceMap) -> String {
    report
        .findings
        .iter()
        .map(|one| command(one, sources))
        .collect()
}

fn command(finding: &Finding, sources: &SourceMap) -> String {
    let diagnostic = &finding.diagnostic;
    let place = place(finding, sources)
        .map(|(file, line, column)| format!("file={},line={line},col={column},", property(file)));
    format!(
        "::{} {}title={}::{}\n",
        word(diagnostic.severity),
        place.unwrap_or_default(),
        property(diagnostic.code.0),
        data(&whole(diagnostic))
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
    use super::super::tests::report;
    use super::*;

    #[test]
    fn workflow_commands_are_escaped() {
        let (report, sources) = report();
        let expected = "::error file=a%2Cb.yaml,line=2,col=1,title=rule-syntax::100%25 wrong%0Amend it\n::warning title=unknown-job::nowhere\n";
        assert_eq!(github(&report, &sources), expected);
    }
}
