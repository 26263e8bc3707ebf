//! `kpbuild query`: asks the stack's Prometheus a question.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use kpbuild_check::Mistake;
use kpbuild_cluster::{Ask, Cluster};
use kpbuild_core::{Code, Diagnostic, Diagnostics, SourceMap, Span};

use crate::cli::{Query, QueryFormat};
use crate::cluster_run::{compiled, connect};
use crate::exit::Exit;
use crate::prometheus_api::{self as api, Answer, Range};
use crate::query_report;
use crate::reach::{self, Interface, Place};
use crate::terminal::Terminal;
use crate::time_words::Moment;

/// An expression that is not PromQL.
const SYNTAX: Code = Code("query-syntax");

/// How long Prometheus may take: it gives up itself after two minutes.
const PATIENCE: Duration = Duration::from_secs(130);

pub(crate) fn run(arguments: &Query, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    if let Some(mistake) = kpbuild_check::mistake(&arguments.expression) {
        return Ok(underlined(&arguments.expression, mistake, terminal));
    }
    let Some(compiled) = compiled(&arguments.stack, terminal)? else {
        return Ok(Exit::Error);
    };
    if reach::is_agent(&compiled.bundle) {
        bail!(
            "`{}` installs Prometheus as an agent, which answers no queries; ask where its `remoteWrite` sends the data",
            arguments.stack.display()
        );
    }
    let place = http_place(&compiled.bundle, Interface::Prometheus, &arguments.stack)?;
    let cluster = connect(&compiled.stack, &arguments.connection)?;
    let at = moment(&cluster, &place, arguments)?;
    let (range, ask) = match arguments.since {
        None => (None, api::instant(&place.prefix, &arguments.expression, at)),
        Some(since) => {
            let end = at.context("the end of the time is known")?;
            let range = range(end, since, arguments.step, terminal.width());
            let ask = api::over(&place.prefix, &arguments.expression, range);
            (Some(range), ask)
        }
    };
    match answer(&cluster, &place, ask)? {
        Ok(answer) => show(&answer, range, arguments.format, terminal),
        Err(reason) => match mistake_of_prometheus(&arguments.expression, &reason) {
            Some(mistake) => Ok(underlined(&arguments.expression, mistake, terminal)),
            None => bail!("Prometheus does not answer the query: {reason}"),
        },
    }
}

/// Where an interface is that is asked by this program.
pub(crate) fn http_place(
    bundle: &kpbuild_core::Bundle,
    interface: Interface,
    stack: &Path,
) -> anyhow::Result<Place> {
    let place = reach::wanted(bundle, interface, stack)?;
    if place.scheme == "https" {
        bail!(
            "{} of this stack has a certificate of its own (`web.tlsConfig`), and kpbuild asks by HTTP only; `kpbuild \
             forward` leads a browser to it",
            interface.name()
        );
    }
    Ok(place)
}

/// One answer, or the words with which Prometheus refuses.
fn answer(cluster: &Cluster, place: &Place, ask: Ask) -> anyhow::Result<Result<Answer, String>> {
    let replies = cluster.ask(&place.service, &[ask], PATIENCE)?;
    let reply = replies.first().context("a question has an answer")?;
    Ok(api::answer(reply).map_err(|error| error.to_string()))
}

/// The time that is asked for. A time that is relative, or the end of a range,
/// is by Prometheus' own clock: that of this machine may differ.
fn moment(cluster: &Cluster, place: &Place, arguments: &Query) -> anyhow::Result<Option<f64>> {
    match arguments.at {
        Some(Moment::At(seconds)) => return Ok(Some(seconds)),
        None if arguments.since.is_none() => return Ok(None),
        _ => {}
    }
    let ask = api::instant(&place.prefix, "time()", None);
    let answer = answer(cluster, place, ask)?;
    let answer =
        answer.map_err(|reason| anyhow::anyhow!("Prometheus does not tell its time: {reason}"))?;
    let now = api::series(&answer.data)?
        .first()
        .and_then(|series| series.samples.first()?.1.parse::<f64>().ok());
    let now = now.context("Prometheus does not tell its time")?;
    Ok(Some(match arguments.at {
        Some(Moment::Ago(ago)) => now - ago.as_secs_f64(),
        _ => now,
    }))
}

/// As many points as a chart has columns, at whole seconds.
fn range(end: f64, since: Duration, step: Option<Duration>, width: usize) -> Range {
    let end = end.floor();
    let seconds = since.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a terminal has few columns")]
    let points = query_report::points(width) as f64;
    Range {
        start: end - seconds,
        end,
        step: step.map_or_else(
            || (seconds / points).ceil().max(1.0),
            |step| step.as_secs_f64(),
        ),
    }
}

fn show(
    answer: &Answer,
    range: Option<Range>,
    format: QueryFormat,
    terminal: &mut Terminal,
) -> anyhow::Result<Exit> {
    for warning in &answer.warnings {
        terminal.warn(warning);
    }
    let series = api::series(&answer.data)?;
    let text = match (format, range) {
        (QueryFormat::Json, _) => {
            serde_json::to_string_pretty(&answer.data).expect("an answer is JSON") + "\n"
        }
        (QueryFormat::Csv, _) => query_report::csv(&series),
        (QueryFormat::Table, _) if series.is_empty() => {
            terminal.say(
                "no data: the expression is right, but no series has these names and labels at that time",
            );
            return Ok(Exit::Done);
        }
        (QueryFormat::Table, Some(range)) => query_report::chart(&series, range, terminal.width()),
        (QueryFormat::Table, None) => query_report::table(&series),
    };
    terminal.data(&text)?;
    Ok(Exit::Done)
}

fn underlined(expression: &str, mistake: Mistake, terminal: &mut Terminal) -> Exit {
    let mut sources = SourceMap::default();
    let file = sources.add("expression", expression);
    let byte = |at: usize| u32::try_from(at).expect("an argument is shorter than 4 GiB");
    let span = Span {
        file,
        start: byte(mistake.at.start),
        end: byte(mistake.at.end),
    };
    let mut diagnostic = Diagnostic::error(SYNTAX, "this is not PromQL").at(span, mistake.message);
    if let Some(help) = mistake.help {
        diagnostic = diagnostic.help(help);
    }
    let mut diagnostics = Diagnostics::default();
    diagnostics.push(diagnostic);
    terminal.findings(&diagnostics, &sources);
    Exit::Error
}

/// What Prometheus says about an expression, at the place that it names:
/// `1:5: parse error: unexpected identifier`.
fn mistake_of_prometheus(expression: &str, reason: &str) -> Option<Mistake> {
    let pattern = regex::Regex::new(r"(\d+):(\d+): parse error: (.*)").expect("it is a pattern");
    let found = pattern.captures(reason)?;
    let number = |group: usize| found[group].parse::<usize>().ok();
    let line_start: usize = expression
        .split_inclusive('\n')
        .take(number(1)?.checked_sub(1)?)
        .map(str::len)
        .sum();
    let start = (line_start + number(2)?.checked_sub(1)?).min(expression.len());
    let start = (0..=start)
        .rev()
        .find(|at| expression.is_char_boundary(*at))?;
    let word = expression[start..]
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(expression.len() - start);
    let next = expression[start..].chars().next().map_or(0, char::len_utf8);
    Some(Mistake {
        at: start..start + word.max(next),
        message: found[3].to_owned(),
        help: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_that_prometheus_names_is_found() {
        let expression = "up +\n  foo(bar)";
        let reason =
            "invalid parameter \"query\": 2:3: parse error: unknown function with name \"foo\"";
        let mistake = mistake_of_prometheus(expression, reason).expect("it names a place");
        assert_eq!(&expression[mistake.at], "foo");
        assert_eq!(mistake.message, "unknown function with name \"foo\"");
        assert_eq!(mistake_of_prometheus(expression, "too many samples"), None);
    }

    #[test]
    fn a_range_has_a_point_for_each_column() {
        let hour = range(7200.4, Duration::from_hours(1), None, 80);
        assert_eq!((hour.start, hour.end, hour.step), (3600.0, 7200.0, 53.0));
        let short = range(100.0, Duration::from_secs(10), None, 80);
        assert!((short.step - 1.0).abs() < f64::EPSILON);
    }
}
