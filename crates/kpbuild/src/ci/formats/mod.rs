//! The report of a run in every format. All say the same.

mod findings;
mod html;
mod json;
mod junit;
mod markdown;
mod text;

use kpbuild_core::Style;

use super::report::Report;
use crate::cli::CiFormat;
use crate::problems;

/// The marker by which a comment is found again.
pub(crate) const MARKER: &str = "<!-- kpbuild-ci -->";

/// What a format may need besides the report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wishes<'a> {
    /// Whether text may have colours.
    pub(crate) style: Style,
    /// Where the full report will be found.
    pub(crate) url: Option<&'a str>,
    /// Whether warnings fail.
    pub(crate) warnings_fail: bool,
}

/// The report in a format.
pub(crate) fn write(
    format: CiFormat,
    report: &Report,
    wishes: Wishes<'_>,
) -> anyhow::Result<String> {
    Ok(match format {
        CiFormat::Text => text::text(report, wishes.style),
        CiFormat::Markdown => markdown::whole(report),
        CiFormat::Comment => markdown::comment(report, wishes.url),
        CiFormat::Json => json::json(report),
        CiFormat::Sarif => {
            let mut all = findings::problems(report);
            all.extend(findings::silenced(report));
            problems::sarif(&all)
        }
        CiFormat::Junit => junit::junit(report, wishes.warnings_fail)?,
        // The counts after the commands are what the log of the step shows.
        CiFormat::Github => format!(
            "{}compared with {}\n{}\n",
            problems::github(&findings::problems(report)),
            report.base,
            report.counts()
        ),
        CiFormat::Html => html::html(report),
    })
}
