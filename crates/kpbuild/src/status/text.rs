//! One screen for people.

use std::fmt::Write as _;

use kpbuild_core::Style;

use super::{Alertmanager, Alerts, Component, Status, Storage};

/// How many lines a list may take before the rest is only counted.
const MOST: usize = 12;

pub(crate) fn text(status: &Status, style: Style) -> String {
    let paint = Paint { style };
    let mut text = String::new();
    let verdict = match status.problems.len() {
        0 => paint.good("healthy"),
        1 => paint.bad("1 problem"),
        count => paint.bad(&format!("{count} problems")),
    };
    line(
        &mut text,
        &format!("{} in {}: {verdict}\n", status.stack, status.namespace),
    );
    components(&status.components, paint, &mut text);
    // What the stack has not is not shown; what cannot be asked is among the problems.
    let mut row = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            line(&mut text, &format!("{name:<13} {value}"));
        }
    };
    row(
        "targets",
        status
            .targets
            .as_ref()
            .map(|targets| format!("{} of {} up", targets.up, targets.total)),
    );
    row(
        "rules",
        status.rules.as_ref().map(|rules| {
            let waiting = match rules.waiting {
                0 => String::new(),
                count => format!(", {count} not evaluated yet"),
            };
            format!(
                "{} loaded, {} failing{waiting}",
                rules.loaded,
                rules.failing.len()
            )
        }),
    );
    row("alerts", status.alerts.as_ref().map(alerts));
    row(
        "alertmanager",
        status.alertmanager.as_ref().map(alertmanager),
    );
    row("storage", status.storage.as_ref().map(storage));
    row("data sources", data_sources(status));
    row("drift", Some(drift(status.drift)));
    if !status.problems.is_empty() {
        line(&mut text, &format!("\n{}", paint.bad("problems")));
        for problem in status.problems.iter().take(MOST) {
            line(&mut text, &format!("  {problem}"));
        }
        if status.problems.len() > MOST {
            let more = status.problems.len() - MOST;
            line(
                &mut text,
                &format!("  and {more} more; `--format json` has all"),
            );
        }
    }
    text
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("strings grow");
}

fn components(components: &[Component], paint: Paint, text: &mut String) {
    let width = components
        .iter()
        .map(|component| component.object.chars().count())
        .max()
        .unwrap_or(0);
    for component in components {
        let state = if component.ready {
            paint.good("ready")
        } else {
            paint.bad("not ready")
        };
        let (object, version) = (&component.object, &component.version);
        line(
            text,
            format!("  {object:<width$}  {version:<9} {state}").trim_end(),
        );
    }
    text.push('\n');
}

fn alerts(alerts: &Alerts) -> String {
    let silenced = match alerts.silenced {
        0 => String::new(),
        count => format!(", {count} silenced"),
    };
    if alerts.firing.is_empty() {
        return format!("none firing{silenced}");
    }
    let names: Vec<String> = alerts
        .firing
        .iter()
        .take(MOST)
        .map(|(name, count)| match count {
            1 => name.clone(),
            count => format!("{name} ({count})"),
        })
        .collect();
    let total: usize = alerts.firing.values().sum();
    format!("{total} firing{silenced}: {}", names.join(", "))
}

fn alertmanager(alertmanager: &Alertmanager) -> String {
    let failed = alertmanager.failed_notifications.map_or_else(
        || "failed notifications are not known".to_owned(),
        |failed| format!("{failed:.0} failed notifications in the last hour"),
    );
    format!(
        "{} of {} answer, {} in the cluster, {failed}",
        alertmanager.answering, alertmanager.wanted, alertmanager.members
    )
}

fn storage(storage: &Storage) -> String {
    let blocks = storage.block_bytes.map_or_else(String::new, |bytes| {
        format!(", {:.1} MiB in blocks", bytes / 1024.0 / 1024.0)
    });
    let retention = match storage.retention.as_str() {
        "" => String::new(),
        retention => format!(", kept for {retention}"),
    };
    format!(
        "{} series in the head{blocks}{retention}",
        storage.head_series
    )
}

fn drift(objects: Option<usize>) -> String {
    match objects {
        None => "not known: you may not ask what applying the stack would change".to_owned(),
        Some(0) => "none".to_owned(),
        Some(1) => "1 object differs from the stack; `kpbuild diff` shows it".to_owned(),
        Some(count) => {
            format!("{count} objects differ from the stack; `kpbuild diff` shows them")
        }
    }
}

fn data_sources(status: &Status) -> Option<String> {
    if status.data_sources.is_empty() {
        return None;
    }
    let names: Vec<String> = status
        .data_sources
        .iter()
        .map(|source| match source.reason {
            None => format!("{} ok", source.name),
            Some(_) => format!("{} not reachable", source.name),
        })
        .collect();
    Some(names.join(", "))
}

#[derive(Clone, Copy)]
struct Paint {
    style: Style,
}

impl Paint {
    fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    fn bad(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self.style {
            Style::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Style::Plain => text.to_owned(),
        }
    }
}
