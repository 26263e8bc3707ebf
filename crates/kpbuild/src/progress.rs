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
    waiting: BTreeMap<String, ProgressBar>,
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
        let bar = self.waiting.entry(object.to_owned()).or_insert_with(|| {
            let style = ProgressStyle::with_template("  {spinner} {wide_msg}")
                .expect("the template is right");
            let bar = self.lines.add(ProgressBar::new_spinner().with_style(style));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        // Only the first line of a reason fits; a log has them all.
        bar.set_message(format!(
            "{object}: {}",
            reason.lines().next().unwrap_or_default()
        ));
    }

    fn end_wait(&mut self, object: &str) {
        if let Some(bar) = self.waiting.remove(object) {
            bar.finish_and_clear();
        }
    }

    fn finish(&mut self) {
        for (_, bar) in std::mem::take(&mut self.waiting) {
            bar.finish_and_clear();
        }
        if let Some(bar) = self.phase.take() {
            bar.finish_with_message("");
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.finish();
    }
}
