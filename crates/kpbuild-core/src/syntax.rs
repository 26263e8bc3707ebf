//! Why a text is not YAML, in words that help to mend it.
//!
//! The reader's own messages name rules of the grammar; most mistakes behind
//! them are a handful: a tab, an indent, a quote, a bracket, a text that looks
//! like an alias. Problems of what the YAML says are not found here.

use serde_saphyr::{Error, Location};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// The code of every finding about YAML itself.
pub const SYNTAX: Code = Code("yaml-syntax");

/// The finding that the reader's error is.
pub(crate) fn explain(text: &str, file: FileId, error: &Error) -> Diagnostic {
    let at = error
        .location()
        .map_or(0, |location| byte_offset(text, &location));
    let (start, end) = match innermost(error) {
        // The reader's place is that of the value after the tag.
        Error::UnsupportedTag { tag, .. } => match text[..at].rfind(tag.as_str()) {
            Some(start) => (start, start + tag.len()),
            None => (at, at),
        },
        _ => (at, at),
    };
    let offset = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    let span = Span {
        file,
        start: offset(start),
        end: offset(end),
    };
    let reason = Reason::of(error, &text[at..]);
    let diagnostic = Diagnostic::error(SYNTAX, reason.message).at(span, reason.label);
    match reason.help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// The error itself, without where an alias led to it.
fn innermost(error: &Error) -> &Error {
    match error.without_snippet() {
        Error::AliasError { error, .. } => innermost(error),
        error => error,
    }
}

/// An error of the reader in a user's words.
struct Reason {
    message: &'static str,
    label: String,
    help: Option<&'static str>,
}

impl Reason {
    /// The reason of an error, with the text from where the reader stopped.
    fn of(error: &Error, rest: &str) -> Self {
        match innermost(error) {
            Error::UnsupportedTag { tag, .. } => Self {
                message: "YAML tags have no meaning here",
                label: format!("`{tag}` is a tag"),
                help: Some("remove it, or put the text into quotes"),
            },
            Error::NonFiniteFloat { .. } => Self {
                message: "infinite numbers and NaN have no place in a Kubernetes object",
                label: String::new(),
                help: Some("put it into quotes if it is a text"),
            },
            Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. } => Self::too_large(),
            Error::RecursiveReferencesRequireWeakTypes { .. } => Self {
                message: "this is not YAML",
                label: "this alias stands for something that it is a part of".to_owned(),
                help: None,
            },
            other => match other.to_string() {
                message if message.contains("recursion limit") => Self::too_large(),
                message if message.contains("unexpected character") => Self::of_character(rest),
                message => Self::of_grammar(&message),
            },
        }
    }

    fn of_character(rest: &str) -> Self {
        let is_first = rest.starts_with(['@', '`', '%']);
        let (label, help) = if is_first {
            (
                "no text starts with this character",
                "put the text into quotes",
            )
        } else {
            (
                "this holds a character that is none of a text",
                "remove it: it may be invisible",
            )
        };
        Self {
            message: "this is not YAML",
            label: label.to_owned(),
            help: Some(help),
        }
    }

    fn too_large() -> Self {
        Self {
            message: "the file is too large: too deep, too long, or its aliases repeat too much",
            label: "reading stopped here".to_owned(),
            help: None,
        }
    }

    /// The reader's message without its ` at line 1, column 2`, which the
    /// underline shows, or our own words for it.
    fn of_grammar(message: &str) -> Self {
        let message = message.split(" at line ").next().unwrap_or(message);
        let known = GRAMMAR.iter().find(|known| message.contains(known.0));
        Self {
            message: "this is not YAML",
            label: known.map_or(message, |known| known.1).to_owned(),
            help: known.map(|known| known.2),
        }
    }
}

/// A part of the reader's message, what is wrong in our words, the way out.
const GRAMMAR: [(&str, &str, &str); 12] = [
    ("tabs disallowed", "a tab", INDENT_WITH_SPACES),
    ("cannot start with a tab", "a tab", INDENT_WITH_SPACES),
    (
        "mapping values are not allowed",
        "this `:` is out of place",
        "indent this line like its neighbours; a text that holds `: ` needs quotes",
    ),
    (
        "unclosed quote",
        "this quote is never closed",
        "end the text with the quote that it starts with",
    ),
    (
        "unclosed bracket",
        "this bracket is never closed",
        "close it, or put the text into quotes",
    ),
    (
        "simple key expected",
        "a `:` is missing after this",
        "each line of a map is `name: value`",
    ),
    (
        "expected string scalar",
        "this cannot be the name of a field",
        "put it into quotes if it is a text",
    ),
    (
        "unknown anchor",
        "no `&` before this has that name",
        "a text that starts with `*` needs quotes",
    ),
    (
        "block sequence entries are not allowed",
        "this `-` is out of place",
        "items of a list stand below each other, each after `- `",
    ),
    (
        "trailing content after",
        "the text ended at the quote before this",
        "double a `'` inside of `'...'`; write `\\\"` inside of `\"...\"`",
    ),
    (
        "invalid indentation",
        "this is not as far to the right as it must be",
        "indent it like its neighbours",
    ),
    (
        "merge value must be",
        "`<<` takes a map, or a list of maps",
        "point it at an anchor: `<<: *name`",
    ),
];

const INDENT_WITH_SPACES: &str = "indent with spaces: YAML does not take tabs";

/// Where the reader stopped; it counts bytes only for some errors, lines and
/// characters for all.
fn byte_offset(text: &str, location: &Location) -> usize {
    let index = |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let before: usize = text
        .split_inclusive('\n')
        .take(index(location.line()))
        .map(str::len)
        .sum();
    let within: usize = text[before..]
        .chars()
        .take_while(|c| *c != '\n')
        .take(index(location.column()))
        .map(char::len_utf8)
        .sum();
    before + within
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Style;
    use crate::node::read_documents;
    use crate::source::SourceMap;

    fn rendered(text: &str) -> String {
        let mut sources = SourceMap::default();
        let file = sources.add("stack.yaml", text);
        let error = read_documents(&sources, file).expect_err("the text is not YAML");
        error.render(&sources, Style::Plain)
    }

    #[test]
    fn a_line_with_another_indent() {
        insta::assert_snapshot!(rendered("name: x\n  bad: [1\n"), @"
        error[yaml-syntax]: this is not YAML
         --> stack.yaml:2:6
          |
        2 |   bad: [1
          |      ^ this `:` is out of place
          |
          = help: indent this line like its neighbours; a text that holds `: ` needs
                  quotes
        ");
    }

    #[test]
    fn a_place_after_characters_of_several_bytes() {
        insta::assert_snapshot!(rendered("é: ü\nß: *ö\n"), @"
        error[yaml-syntax]: this is not YAML
         --> stack.yaml:2:4
          |
        2 | ß: *ö
          |    ^ no `&` before this has that name
          |
          = help: a text that starts with `*` needs quotes
        ");
    }

    #[test]
    fn an_alias_bomb() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let item = format!("*a{}, ", level - 1);
            let line = format!("a{level}: &a{level} [{}]\n", item.repeat(10));
            text.push_str(&line);
        }
        let error = rendered(&text);
        assert!(error.contains("its aliases repeat too much"), "{error}");
    }

    #[test]
    fn a_very_deep_list() {
        for text in ["[".repeat(10_000), "- ".repeat(10_000)] {
            let error = rendered(&text);
            assert!(error.contains("too deep"), "{error}");
        }
    }
}
