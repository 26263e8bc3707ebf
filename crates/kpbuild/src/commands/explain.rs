//! `kpbuild explain`: what a finding means, and how things hang together.

use kpbuild_check::explain::{self, Chain, Link, Receiver, RuleStory, State, Unknown};
use kpbuild_core::suggest::nearest;
use kpbuild_core::{Diagnostics, SourceMap};
use kpbuild_stack::field::{self, Field, NoField};

use crate::cli::{Explain, ExplainNamed, ExplainWhat};
use crate::commands::check::{self, Subject};
use crate::exit::Exit;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &Explain, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    match &arguments.what {
        Some(ExplainWhat::Target(named)) => target(named, terminal),
        Some(ExplainWhat::Rule(named)) => rule(named, terminal),
        Some(ExplainWhat::Field(field)) => {
            let found = field::field(&field.path).map_err(|error| no_field(&error))?;
            terminal.data(&of_field(&found))?;
            Ok(Exit::Done)
        }
        None => code(arguments.code.as_deref(), terminal),
    }
}

fn code(code: Option<&str>, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let Some(code) = code else {
        terminal.data(&all_codes())?;
        return Ok(Exit::Done);
    };
    match kpbuild_check::page(code) {
        Some(page) => terminal.data(&format!("{}\n\n{}\n", page.code, page.text))?,
        None => anyhow::bail!(unknown(code)),
    }
    Ok(Exit::Done)
}

/// The codes by what finds them.
fn all_codes() -> String {
    let checks = kpbuild_check::codes_of_checks();
    let mut others = kpbuild_check::codes();
    others.retain(|code| !checks.contains(code));
    format!(
        "Checks of what is rendered, by `kpbuild check` and `kpbuild ci`:\n  {}\n\n\
         Findings of reading, rendering and applying:\n  {}\n",
        checks.join("\n  "),
        others.join("\n  ")
    )
}

/// That no finding has a code, with the one that was probably meant.
pub(crate) fn unknown(code: &str) -> String {
    match nearest(code, kpbuild_check::codes()) {
        Some(near) => format!("there is no code `{code}`; did you mean `{near}`?"),
        None => format!("there is no code `{code}`; `kpbuild explain` lists all of them"),
    }
}

/// A broken chain is an error: scripts can ask whether a target will be scraped.
fn target(named: &ExplainNamed, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let Some(subject) = read(named, terminal)? else {
        return Ok(Exit::Error);
    };
    let chains = explain::target(&subject.bundle, &subject.checking, &named.name)
        .map_err(|error| nothing("target", &named.name, &error))?;
    let text: Vec<String> = chains.iter().map(of_chain).collect();
    terminal.data(&text.join("\n"))?;
    Ok(if chains.iter().any(Chain::is_broken) {
        Exit::Error
    } else {
        Exit::Done
    })
}

fn rule(named: &ExplainNamed, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let Some(subject) = read(named, terminal)? else {
        return Ok(Exit::Error);
    };
    let stories = explain::rule(&subject.bundle, &subject.checking, &named.name)
        .map_err(|error| nothing("rule", &named.name, &error))?;
    let text: Vec<String> = stories.iter().map(of_rule).collect();
    terminal.data(&text.join("\n"))?;
    Ok(Exit::Done)
}

/// The objects that are asked about. Findings are said only where they stand
/// against it.
fn read(named: &ExplainNamed, terminal: &mut Terminal) -> anyhow::Result<Option<Subject>> {
    let mut sources = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let what = named.stack.as_ref().unwrap_or(&named.what);
    let namespace = named.namespace.as_deref();
    let subject = check::read(what, namespace, &mut sources, &mut diagnostics)?;
    if subject.is_none() {
        terminal.findings(&diagnostics, &sources);
    }
    Ok(subject)
}

fn nothing(noun: &str, name: &str, unknown: &Unknown) -> anyhow::Error {
    match &unknown.near {
        Some(near) => anyhow::anyhow!("there is no {noun} `{name}`; did you mean `{near}`?"),
        None if unknown.all.is_empty() => anyhow::anyhow!("there is no {noun} at all"),
        None if unknown.all.len() > 30 => anyhow::anyhow!("there is no {noun} `{name}`"),
        None => anyhow::anyhow!(
            "there is no {noun} `{name}`; there is {}",
            unknown.all.join(", ")
        ),
    }
}

fn no_field(error: &NoField) -> anyhow::Error {
    let NoField {
        known,
        step,
        near,
        elsewhere,
    } = error;
    let place = if known.is_empty() {
        "the stack file".to_owned()
    } else {
        format!("`{known}`")
    };
    let below = |name: &str| {
        if known.is_empty() {
            name.to_owned()
        } else {
            format!("{known}.{name}")
        }
    };
    let way_out = match (near, elsewhere.as_slice()) {
        (Some(near), _) => format!("did you mean `{}`?", below(near)),
        (None, []) => format!("`kpbuild explain field {known}` lists its fields"),
        (None, places) => format!("did you mean `{}`?", places.join("` or `")),
    };
    anyhow::anyhow!("{place} has no field `{step}`; {way_out}")
}

fn of_chain(chain: &Chain) -> String {
    let mut text = format!("{}\n", chain.title);
    for Link {
        state,
        text: says,
        notes,
    } in &chain.links
    {
        let mark = match state {
            State::Holds => "ok    ",
            State::Broken => "BROKEN",
            State::Outside => "?     ",
            State::Unreached => "-     ",
        };
        text.push_str(&block(&format!("  {mark}  "), says));
        for note in notes {
            text.push_str(&block("            ", note));
        }
    }
    text
}

fn of_rule(rule: &RuleStory) -> String {
    let mut text = format!("{}\n  {}\n\n", rule.title, rule.timing.join(", "));
    for line in rule.expr.lines() {
        text.push_str("    ");
        text.push_str(line);
        text.push('\n');
    }
    text.push_str("\n  reads\n");
    for source in &rule.reads {
        text.push_str(&block("    ", &source.name));
        for from in &source.from {
            text.push_str(&block("      ", from));
        }
        if source.from.is_empty() {
            text.push_str("      nothing gives it\n");
        }
    }
    text.push_str("  used by\n");
    for user in &rule.used_by {
        text.push_str(&block("    ", user));
    }
    if rule.used_by.is_empty() {
        text.push_str("    nothing among these objects\n");
    }
    if !rule.sent_to.is_empty() {
        text.push_str("  sent to\n");
    }
    for receiver in &rule.sent_to {
        text.push_str(&of_receiver(receiver));
    }
    text
}

fn of_receiver(receiver: &Receiver) -> String {
    let how = match receiver.notifies.as_slice() {
        [] => "which notifies nobody".to_owned(),
        kinds => format!("by {}", kinds.join(", ")),
    };
    let condition = match receiver.only_if.as_slice() {
        [] => String::new(),
        conditions => format!(", if {}", conditions.join(" and ")),
    };
    let mut text = block(
        "    ",
        &format!(
            "the receiver `{}` of {}, {how}{condition}",
            receiver.name, receiver.object
        ),
    );
    text.push_str(&block("      ", &receiver.timing));
    text
}

fn of_field(field: &Field) -> String {
    let mut text = String::new();
    if !field.path.is_empty() {
        text.push_str(&block("", &field.path));
        text.push('\n');
    }
    for paragraph in field.about.split("\n\n").filter(|text| !text.is_empty()) {
        text.push_str(&block("", &paragraph.replace('\n', " ")));
        text.push('\n');
    }
    text.push_str(&block("value    ", &field.kind));
    if field.is_required {
        text.push_str("         must be set\n");
    }
    if let Some(default) = &field.default {
        text.push_str(&block("default  ", default));
    }
    for (index, (name, about)) in field.allowed.iter().enumerate() {
        let start = if index == 0 { "one of   " } else { "         " };
        let line = if about.is_empty() {
            name.clone()
        } else {
            format!("{name}: {about}")
        };
        text.push_str(&block(start, &line));
    }
    if !field.fields.is_empty() {
        text.push_str("fields\n");
    }
    for below in &field.fields {
        let about = if below.about.is_empty() {
            &below.kind
        } else {
            &below.about
        };
        text.push_str(&block("  ", &format!("{}: {about}", below.name)));
    }
    text
}

/// A text after a start, broken between words so that it fits 80 columns; the
/// lines that follow are indented below it.
fn block(start: &str, text: &str) -> String {
    const COLUMNS: usize = 80;
    let indent = start.chars().count();
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if indent + line.chars().count() + word.chars().count() < COLUMNS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let margin = " ".repeat(indent);
    let mut out = String::new();
    for (index, line) in lines.iter().enumerate() {
        out.push_str(if index == 0 { start } else { &margin });
        out.push_str(line);
        out.push('\n');
    }
    out
}
