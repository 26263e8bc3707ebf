//! The only place that prints: data to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};

use kpbuild_core::{Diagnostics, SourceMap, Style};

use crate::cli::Color;
use crate::exit::Exit;

/// Where the run talks to.
#[derive(Debug)]
pub(crate) struct Terminal {
    style: Style,
}

impl Terminal {
    pub(crate) fn new(color: Color) -> Self {
        let colours = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stderr().is_terminal() && !no_color(),
        };
        Self {
            style: if colours { Style::Colour } else { Style::Plain },
        }
    }

    /// Whether a person reads stdout.
    pub(crate) fn stdout_is_read_by_a_person(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Writes data to stdout. A reader who has seen enough (`| head`) is no error.
    pub(crate) fn data(&mut self, text: &str) -> anyhow::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(anyhow::Error::new(error).context("cannot write to stdout"))
            }
            _ => Ok(()),
        }
    }

    /// Says something that is not data.
    pub(crate) fn say(&mut self, text: &str) {
        // Nothing can be said about a stderr that cannot be written.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Prints all findings, and how many there are.
    pub(crate) fn findings(&mut self, diagnostics: &Diagnostics, sources: &SourceMap) {
        for diagnostic in diagnostics.sorted() {
            self.say(&diagnostic.render(sources, self.style));
            self.say("");
        }
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
    if error.use_stderr() { Exit::Usage } else { Exit::Done }
}

/// Whether the user wants no colours anywhere (no-color.org).
#[expect(clippy::disallowed_methods, reason = "this is the edge where the environment is read")]
fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}
