//! Shows a run as it goes: live lines on a terminal, otherwise one line whenever
//! something changes, or JSON events for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use kpbuild_cluster::{Event, Outcome};

use crate::terminal::Terminal;

/// Who watches a run.
pub(crate) enum Progress<'a> {
    /// A person, at a terminal.
    Live(Live),
    /// A log.
    Lines(&'a mut Terminal),
    /// A program.
    Events(&'a mut Terminal),
}

impl<'a> Progress<'a> {
    pub(crate) fn new(terminal: &'a mut Terminal, events: bool) -> Self {
        match terminal.live_lines() {
            _ if events => Self::Events(terminal),
            Some(lines) => Self::Live(Live::new(lines)),
            None => Self::Lines(terminal),
        }
    }

    pub(crate) fn show(&mut self, event: &Event<'_>) {
        match self {
            Self::Live(live) => live.show(event),
            Self::Lines(terminal) => {
                if let Some(line) = line(event) {
                    terminal.say(&line);
                }
            }
            Self::Events(terminal) => {
                let event = serde_json::to_string(event).expect("an event is JSON");
                // A reader who went away does not stop the work.
                let _ = terminal.data(&format!("{event}\n"));
            }
        }
    }
}

/// An event as one line of a log, unless nothing has changed.
fn line(event: &Event<'_>) -> Option<String> {
    Some(match event {
        Event::Phase { phase, objects } => format!("{phase}: {objects}"),
        Event::Done {
            outcome: Outcome::Unchanged,
            ..
        } => return None,
        Event::Done { object, outcome } => format!("  {} {object}", word(*outcome)),
        Event::Failed { object, message } => format!("  failed {object}: {message}"),
        Event::Waiting { object, reason } => format!("  waiting for {object}: {reason}"),
        Event::Ready { object } => format!("  ready {object}"),
    })
}

/// What was done, as a word.
pub(crate) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Created => "created",
        Outcome::Updated => "updated",
        Outcome::Replaced => "replaced",
        Outcome::Adopted => "adopted",
        Outcome::Unchanged => "unchanged",
        Outcome::Pruned => "removed",
        Outcome::Kept => "kept",
        Outcome::Skipped => "skipped",
    }
}

/// A bar for the phase, and a line for each object that is waited for.
pub(crate) struct Live {
    lines: MultiProgress,
    phase: Option<ProgressBar>,
    waiting: BTreeMap<String, Waiting>,
}

/// An object with what it waits for, and with what its pods say.
struct Waiting {
    object: ProgressBar,
    pods: Option<ProgressBar>,
}

impl Live {
    fn new(lines: MultiProgress) -> Self {
        Self {
            lines,
            phase: None,
            waiting: BTreeMap::new(),
        }
    }

    fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Phase { phase, objects } => self.begin(phase, *objects),
            Event::Done { object, outcome } => {
                if let Some(bar) = &self.phase {
                    bar.inc(1);
                    bar.set_message(format!("{} {object}", word(*outcome)));
                }
            }
            Event::Waiting { object, reason } => self.wait(&object.to_string(), reason),
            Event::Ready { object } => self.end_wait(&object.to_string()),
            Event::Failed { object, message } => {
                self.end_wait(&object.to_string());
                let _ = self.lines.println(format!("failed {object}: {message}"));
            }
        }
    }

    fn begin(&mut self, phase: &str, objects: usize) {
        self.finish();
        let style = ProgressStyle::with_template("{prefix:30} {pos:>3}/{len} {wide_msg}")
            .expect("the template is right");
        let bar = self
            .lines
            .add(ProgressBar::new(objects as u64).with_style(style));
        bar.set_prefix(phase.to_owned());
        bar.tick();
        self.phase = Some(bar);
    }

    fn wait(&mut self, object: &str, reason: &str) {
        let lines = &self.lines;
        let waiting = self
            .waiting
            .entry(object.to_owned())
            .or_insert_with(|| Waiting {
                object: spinner(lines),
                pods: None,
            });
        // What is longer is in a log; here the first two lines are worth their place.
        let mut texts = reason.lines();
        let first = texts.next().unwrap_or_default();
        waiting.object.set_message(format!("{object}: {first}"));
        match (texts.next(), &waiting.pods) {
            (Some(text), Some(pods)) => pods.set_message(text.trim().to_owned()),
            (Some(text), None) => {
                let pods = lines.insert_after(&waiting.object, detail());
                pods.set_message(text.trim().to_owned());
                waiting.pods = Some(pods);
            }
            (None, _) => clear(waiting.pods.take()),
        }
    }

    fn end_wait(&mut self, object: &str) {
        if let Some(waiting) = self.waiting.remove(object) {
            clear(waiting.pods.into_iter().chain([waiting.object]));
        }
    }

    fn finish(&mut self) {
        for (_, waiting) in std::mem::take(&mut self.waiting) {
            clear(waiting.pods.into_iter().chain([waiting.object]));
        }
        if let Some(bar) = self.phase.take() {
            bar.finish_with_message("");
        }
    }
}

/// The line of an object that is waited for.
fn spinner(lines: &MultiProgress) -> ProgressBar {
    let style =
        ProgressStyle::with_template("  {spinner} {wide_msg}").expect("the template is right");
    let bar = lines.add(ProgressBar::new_spinner().with_style(style));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// The line below it.
fn detail() -> ProgressBar {
    let style = ProgressStyle::with_template("      {wide_msg}").expect("the template is right");
    ProgressBar::new_spinner().with_style(style)
}

fn clear(bars: impl IntoIterator<Item = ProgressBar>) {
    for bar in bars {
        bar.finish_and_clear();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.finish();
    }
}
