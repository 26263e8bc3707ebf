//! The only place that prints: data to stdout, everything else to stderr.

#![expect(
    clippy::unused_self,
    reason = "a `Terminal` is the permission to talk to the user: who has none cannot print"
)]

use std::io::{self, IsTerminal, Write};

use indicatif::MultiProgress;
use kpbuild_core::{Diagnostics, SourceMap, Style};

use crate::cli::Color;
use crate::exit::Exit;

/// Where the run talks to.
#[derive(Debug)]
pub(crate) struct Terminal {
    style: Style,
    color: Color,
}

impl Terminal {
    pub(crate) fn new(color: Color) -> Self {
        let colours = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stderr().is_terminal() && !no_color(),
        };
        Self {
            color,
            style: if colours { Style::Colour } else { Style::Plain },
        }
    }

    /// Whether messages may have colours.
    pub(crate) fn style(&self) -> Style {
        self.style
    }

    /// Whether data may have colours: only where a person reads it.
    pub(crate) fn colours_on_stdout(&self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stdout().is_terminal() && !no_color(),
        }
    }

    /// Lines that change in place, if a person is there to see them.
    pub(crate) fn live_lines(&self) -> Option<MultiProgress> {
        io::stderr().is_terminal().then(MultiProgress::new)
    }

    /// Whether there is somebody to answer a question.
    pub(crate) fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a question; only `yes` is a yes.
    pub(crate) fn confirm(&mut self, question: &str) -> anyhow::Result<bool> {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{question} Type `yes` to go on: ");
        let _ = stderr.flush();
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        read.map_err(|error| anyhow::Error::new(error).context("cannot read the answer"))?;
        Ok(answer.trim() == "yes")
    }

    /// Asks a question and shows the default; without a default it only says it.
    pub(crate) fn ask(&mut self, question: &str, default: &str) -> anyhow::Result<String> {
        if default.is_empty() {
            self.say(question);
            return Ok(String::new());
        }
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{question} [{default}]: ");
        let _ = stderr.flush();
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        let read =
            read.map_err(|error| anyhow::Error::new(error).context("cannot read the answer"))?;
        if read == 0 {
            anyhow::bail!("stopped; nothing was written");
        }
        Ok(answer)
    }

    /// How many characters fit into a line of stdout.
    pub(crate) fn width(&self) -> usize {
        const USUAL: usize = 80;
        terminal_size::terminal_size_of(io::stdout())
            .map_or(USUAL, |(width, _)| usize::from(width.0).max(40))
    }

    /// Whether a person reads stdout.
    pub(crate) fn stdout_is_read_by_a_person(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Writes data to stdout. A reader who has seen enough (`| head`) is no error.
    pub(crate) fn data(&mut self, text: &str) -> anyhow::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
        {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(anyhow::Error::new(error).context("cannot write to stdout"))
            }
            _ => Ok(()),
        }
    }

    /// Empties the screen, if stdout is one.
    pub(crate) fn clear(&mut self) {
        if io::stdout().is_terminal() {
            // Nothing can be said about a terminal that cannot be written.
            let _ = write!(io::stdout().lock(), "\u{1b}[H\u{1b}[2J");
        }
    }

    /// Says something that is not data.
    pub(crate) fn say(&mut self, text: &str) {
        // Nothing can be said about a stderr that cannot be written.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Says something that the user should think about.
    pub(crate) fn warn(&mut self, text: &str) {
        let (start, end) = match self.style {
            Style::Colour => ("\u{1b}[1;33m", "\u{1b}[0m"),
            Style::Plain => ("", ""),
        };
        self.say(&format!("{start}warning{end}: {text}"));
    }

    /// Prints all findings, and how many there are.
    pub(crate) fn findings(&mut self, diagnostics: &Diagnostics, sources: &SourceMap) {
        for diagnostic in diagnostics.sorted() {
            self.say(&diagnostic.render(sources, self.style));
            self.say("");
        }
        self.counts(diagnostics);
    }

    /// Says how many findings there are.
    fn counts(&mut self, diagnostics: &Diagnostics) {
        let count = |number, what| match number {
            0 => None,
            1 => Some(format!("1 {what}")),
            _ => Some(format!("{number} {what}s")),
        };
        let errors = count(diagnostics.errors(), "error");
        let warnings = count(diagnostics.warnings(), "warning");
        let counts: Vec<_> = errors.into_iter().chain(warnings).collect();
        if !counts.is_empty() {
            self.say(&counts.join(", "));
        }
    }

    /// Prints all findings as the data that was asked for, and how many there are.
    pub(crate) fn report(
        &mut self,
        diagnostics: &Diagnostics,
        sources: &SourceMap,
    ) -> anyhow::Result<()> {
        let style = if self.stdout_is_read_by_a_person() {
            self.style
        } else {
            Style::Plain
        };
        for diagnostic in diagnostics.sorted() {
            self.data(&format!("{}\n\n", diagnostic.render(sources, style)))?;
        }
        self.counts(diagnostics);
        Ok(())
    }

    /// Prints why the run failed, with the chain of causes.
    pub(crate) fn failure(&mut self, error: &anyhow::Error) -> Exit {
        let (start, end) = match self.style {
            Style::Colour => ("\u{1b}[1;31m", "\u{1b}[0m"),
            Style::Plain => ("", ""),
        };
        self.say(&format!("{start}error{end}: {error}"));
        for cause in error.chain().skip(1) {
            self.say(&format!("  because: {cause}"));
        }
        Exit::Error
    }
}

/// Prints what clap says: help and versions are data, the rest is wrong usage.
pub(crate) fn usage(error: &clap::Error) -> Exit {
    let _ = error.print();
    if error.use_stderr() {
        Exit::Usage
    } else {
        Exit::Done
    }
}

/// Whether the user wants no colours anywhere (no-color.org).
#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge where the environment is read"
)]
fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}
