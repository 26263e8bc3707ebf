//! How often an alert would have fired: its expression on what a Prometheus has
//! recorded, with `for` and `keep_firing_for` applied as Prometheus does.
//!
//! The past is looked at once a minute (seldomer over more than a month). What
//! was pending before the window begins anew in it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kpbuild_cluster::{RuleKind, What};
use serde::Serialize;
use serde_json::Value;

use crate::ci::report::{Report, SharedRule};
use crate::cli::Backtest;
use crate::prometheus::{Prometheus, Times, Window};

/// How an alert would have fired before the change and after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Tried {
    /// The window, from and until, in seconds since 1970.
    from: u64,
    until: u64,
    /// Nothing where there was no such alert.
    pub(crate) before: Option<Side>,
    /// Nothing where there is no such alert any more.
    pub(crate) after: Option<Side>,
}

/// One of the two sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    /// It was tried.
    Fired(Fired),
    /// It could not be tried, and why.
    Unknown(String),
}

/// How an alert would have fired.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Fired {
    /// How often it would have begun to fire, on all series.
    pub(crate) times: usize,
    /// On how many series.
    pub(crate) series: usize,
    /// How long, all series together.
    pub(crate) seconds: u64,
    /// How many series fired at once at most, in equal parts of the window.
    pub(crate) timeline: Vec<usize>,
}

/// The parts of a timeline: six a day in the usual week.
const PARTS: usize = 42;
/// Questions to the server that are under way at once.
const AT_ONCE: usize = 4;

impl Tried {
    /// What is said about it, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let sides = [("before", &self.before), ("after", &self.after)];
        sides
            .into_iter()
            .filter_map(|(name, side)| Some((name, side.as_ref()?)))
            .map(|(name, side)| match side {
                Side::Fired(fired) if fired.times == 0 => {
                    format!("{name}: never in {}", self.span())
                }
                Side::Fired(fired) => {
                    format!("{name}: {} {}", bars(&fired.timeline), fired.words())
                }
                Side::Unknown(reason) => format!("{name}: {reason}"),
            })
            .collect()
    }

    /// The length of the window, as in `--since`.
    pub(crate) fn span(&self) -> String {
        length(self.until - self.from)
    }
}

impl Fired {
    /// `12 times, 4h in all, on 3 series`.
    pub(crate) fn words(&self) -> String {
        let times = match self.times {
            1 => "once".to_owned(),
            2 => "twice".to_owned(),
            times => format!("{times} times"),
        };
        let series = match self.series {
            1 => "1 series".to_owned(),
            series => format!("{series} series"),
        };
        format!("{times}, {} in all, on {series}", length(self.seconds))
    }
}

/// `7d`, `4h20m`, `90s`: the two largest units.
fn length(seconds: u64) -> String {
    let units = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (unit, size) in units {
        if rest / size > 0 {
            parts.push(format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    parts.truncate(2);
    if parts.is_empty() {
        return "0s".to_owned();
    }
    parts.concat()
}

/// A timeline as a row of bars; a dot where nothing fired.
fn bars(timeline: &[usize]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = timeline.iter().copied().max().unwrap_or(0).max(1);
    let bar = |count: &usize| match count {
        0 => '·',
        count => BARS[(count * BARS.len()).div_ceil(most) - 1],
    };
    timeline.iter().map(bar).collect()
}

/// Tries every alert that changes, comes or goes, before and after.
pub(crate) fn run(report: &mut Report, arguments: &Backtest) -> anyhow::Result<()> {
    let Some(address) = &arguments.prometheus else {
        return Ok(());
    };
    let token = arguments.prometheus_token.as_deref();
    let prometheus = Prometheus::at(address, token)?;
    let until = match arguments.at {
        Some(at) => u64::from(at),
        None => prometheus.now()?,
    };
    let window = window(until, arguments.since);
    let unknown = changed_records(&report.rules);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let rules = &report.rules;
    let worker = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(rule) = rules.get(index) else {
                return;
            };
            if rule.is_alert() {
                let tried = tried(rule, &prometheus, window, &unknown);
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                done.push((index, tried));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(worker);
        }
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (index, tried) in done {
        report.rules[index].tried = Some(tried);
    }
    Ok(())
}

/// The window that ends at a time, on whole steps as Prometheus' own graphs.
fn window(until: u64, since: Duration) -> Window {
    const MOST_STEPS: u64 = 45_000;
    let since = since.as_secs();
    let step = since.div_ceil(MOST_STEPS).max(60).next_multiple_of(60);
    let end = until - until % step;
    Window {
        start: end.saturating_sub(since),
        end,
        step,
    }
}

/// Records that the server has not as they will be.
fn changed_records(rules: &[SharedRule]) -> BTreeSet<&str> {
    rules
        .iter()
        .map(|rule| &rule.change)
        .filter(|change| change.kind == RuleKind::Record && change.what != What::Removed)
        .map(|change| change.name.as_str())
        .collect()
}

fn tried(
    rule: &SharedRule,
    prometheus: &Prometheus,
    window: Window,
    unknown: &BTreeSet<&str>,
) -> Tried {
    let side = |alert: &Value, unknown: &BTreeSet<&str>| {
        let expression = text(&alert["expr"]);
        let read = names(&expression).find(|name| unknown.contains(name));
        if let Some(record) = read {
            return Side::Unknown(format!(
                "cannot be told, as it reads {record}, which changes too"
            ));
        }
        match prometheus.times(&expression, window) {
            Ok(series) => Side::Fired(fired(
                &series,
                window,
                seconds(&alert["for"]),
                seconds(&alert["keep_firing_for"]),
            )),
            Err(error) => Side::Unknown(format!("cannot be told: {error:#}")),
        }
    };
    Tried {
        from: window.start,
        until: window.end,
        before: rule
            .change
            .before
            .as_ref()
            .map(|alert| side(alert, &BTreeSet::new())),
        after: rule.change.after.as_ref().map(|alert| side(alert, unknown)),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Everything in an expression that could be the name of a metric.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
}

/// A duration as rules have it; none is none at all.
fn seconds(value: &Value) -> u64 {
    let text = value.as_str().unwrap_or_default();
    kpbuild_cluster::rule_duration(text).map_or(0, |duration| duration.as_secs())
}

/// What Prometheus would have made of the times at which the series had values.
fn fired(series: &[Times], window: Window, pending: u64, keep: u64) -> Fired {
    let mut fired = Fired {
        timeline: vec![0; PARTS],
        ..Fired::default()
    };
    let span = (window.end - window.start).max(1);
    let part = |time: u64| {
        let at = (time - window.start) * PARTS as u64 / span;
        usize::try_from(at).unwrap_or(PARTS).min(PARTS - 1)
    };
    // How many series fire at each step, for the most of each part.
    let steps = usize::try_from((window.end - window.start) / window.step).unwrap_or(0) + 1;
    let mut at_once = vec![0_usize; steps];
    for times in series {
        let firings = firings(times, window, pending, keep);
        fired.times += firings.len();
        fired.series += usize::from(!firings.is_empty());
        for (start, end) in firings {
            fired.seconds += end - start;
            let mut time = start;
            while time < end {
                let step = usize::try_from((time - window.start) / window.step).unwrap_or(0);
                if let Some(count) = at_once.get_mut(step) {
                    *count += 1;
                }
                time += window.step;
            }
        }
    }
    for (step, count) in at_once.iter().enumerate() {
        let time = window.start + step as u64 * window.step;
        let most = &mut fired.timeline[part(time)];
        *most = (*most).max(*count);
    }
    fired
}

/// From when until when one series fires.
fn firings(times: &[u64], window: Window, pending: u64, keep: u64) -> Vec<(u64, u64)> {
    let mut firings = Vec::new();
    let mut since: Option<u64> = None;
    let mut firing: Option<u64> = None;
    let mut last = 0;
    let mut times = times.iter().copied().peekable();
    let mut time = window.start;
    while time <= window.end {
        while times.peek().is_some_and(|next| *next < time) {
            times.next();
        }
        let is_active = times.peek() == Some(&time);
        if is_active {
            last = time;
            let began = *since.get_or_insert(time);
            if firing.is_none() && time - began >= pending {
                firing = Some(time);
            }
        } else {
            since = None;
            if let Some(start) = firing.filter(|_| keep == 0 || time - last >= keep) {
                firings.push((start, time));
                firing = None;
            }
        }
        time += window.step;
    }
    firings.extend(firing.map(|start| (start, window.end + window.step)));
    firings
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window {
        start: 0,
        end: 600,
        step: 60,
    };

    #[test]
    fn an_alert_fires_after_for_and_as_long_as_it_is_active() {
        let active = [60, 120, 180, 240, 420, 480];
        assert_eq!(firings(&active, WINDOW, 0, 0), [(60, 300), (420, 540)]);
        assert_eq!(firings(&active, WINDOW, 120, 0), [(180, 300)]);
        assert_eq!(firings(&active, WINDOW, 300, 0), []);
        assert_eq!(firings(&active, WINDOW, 0, 180), [(60, 660)]);
        assert_eq!(firings(&active, WINDOW, 0, 120), [(60, 360), (420, 600)]);
    }

    #[test]
    fn what_fires_to_the_end_is_counted_to_the_end() {
        assert_eq!(firings(&[540, 600], WINDOW, 0, 0), [(540, 660)]);
    }

    #[test]
    fn series_are_added_up() {
        let fired = fired(&[vec![60, 120], vec![120], vec![]], WINDOW, 0, 0);
        assert_eq!((fired.times, fired.series, fired.seconds), (2, 2, 180));
        assert_eq!(fired.timeline.iter().max(), Some(&2));
        assert_eq!(fired.words(), "twice, 3m in all, on 2 series");
    }

    #[test]
    fn timelines_are_drawn_by_their_highest_part() {
        assert_eq!(bars(&[0, 1, 4, 8]), "·▁▄█");
        assert_eq!(bars(&[0, 0]), "··");
        assert_eq!(bars(&[1, 0]), "█·");
    }

    #[test]
    fn lengths_have_two_units() {
        assert_eq!(length(0), "0s");
        assert_eq!(length(604_800), "7d");
        assert_eq!(length(15_600), "4h20m");
        assert_eq!(length(90_061), "1d1h");
    }

    #[test]
    fn windows_begin_and_end_on_steps() {
        let week = window(1_000_000, Duration::from_hours(7 * 24));
        assert_eq!(
            (week.step, week.end % 60, week.end - week.start),
            (60, 0, 604_800)
        );
        let year = window(100_000_000, Duration::from_hours(365 * 24));
        assert_eq!(year.step, 720);
    }
}
