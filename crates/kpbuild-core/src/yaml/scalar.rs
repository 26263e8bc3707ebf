//! How a string or number is spelt so that no reader misreads it.

use std::fmt::Write as _;

/// The ways to write a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As it is.
    Plain,
    /// Between `'`, with `'` doubled.
    Single,
    /// Between `"`, with escapes.
    Double,
    /// As a literal block, with its chomping indicator.
    Literal(&'static str),
}

/// The spelling of a string; keys may not be literal blocks.
pub(super) fn spelling(text: &str, is_key: bool) -> Spelling {
    if !is_printable_text(text) {
        Spelling::Double
    } else if text.contains('\n') {
        match chomping(text) {
            Some(chomping) if !is_key => Spelling::Literal(chomping),
            _ => Spelling::Double,
        }
    } else if is_plain(text) {
        Spelling::Plain
    } else {
        Spelling::Single
    }
}

/// Appends a string that stands on one line.
pub(super) fn write_flow(out: &mut String, text: &str, spelling: Spelling) {
    match spelling {
        Spelling::Plain => out.push_str(text),
        Spelling::Single => {
            out.push('\'');
            for part in text.split_inclusive('\'') {
                out.push_str(part);
                if part.ends_with('\'') {
                    out.push('\'');
                }
            }
            out.push('\'');
        }
        Spelling::Double | Spelling::Literal(_) => write_double(out, text),
    }
}

fn write_double(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printable(c) => out.push(c),
            c if u32::from(c) <= 0xffff => {
                write!(out, "\\u{:04x}", u32::from(c)).expect(INFALLIBLE);
            }
            c => write!(out, "\\U{:08x}", u32::from(c)).expect(INFALLIBLE),
        }
    }
    out.push('"');
}

const INFALLIBLE: &str = "writing to a string cannot fail";

/// Appends a number. Fractional numbers get a point and a signed exponent, or
/// YAML 1.1 readers take `1e21` for a string.
pub(super) fn write_number(out: &mut String, number: &serde_json::Number) {
    let text = number.to_string();
    match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            out.push_str(mantissa);
            if !mantissa.contains('.') {
                out.push_str(".0");
            }
            out.push('e');
            if !exponent.starts_with(['+', '-']) {
                out.push('+');
            }
            out.push_str(exponent);
        }
        None => out.push_str(&text),
    }
}

/// Whether a text is made of printable characters and line ends. Nearly all
/// texts are ASCII, and some have megabytes.
fn is_printable_text(text: &str) -> bool {
    // Without an end in the middle of a part, so that many bytes are looked at at once.
    let is_plain = |part: &[u8]| {
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n');
        part.iter().fold(true, |all, byte| all & is_plain(byte))
    };
    text.as_bytes().chunks(256).all(is_plain)
        || !text.is_ascii() && text.chars().all(|c| c == '\n' || is_printable(c))
}

/// What all readers take as a character like any other: no controls, no line
/// separators of Unicode, no byte order mark. Tabs are kept out too, as readers
/// differ about them at the ends of lines.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
        && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// The chomping indicator under which a literal block gives the text back, or
/// nothing when a literal block is not safe: an indented or empty first line
/// would need an indentation indicator, and lines of blanks are read differently.
fn chomping(text: &str) -> Option<&'static str> {
    let first = text.chars().next()?;
    // Few texts have a blank at the end of a line at all.
    let blank_line = (text.contains(" \n") || text.ends_with(' '))
        && text
            .split('\n')
            .any(|line| !line.is_empty() && line.trim_matches(' ').is_empty());
    if matches!(first, ' ' | '\n') || blank_line {
        return None;
    }
    let body = text.trim_end_matches('\n');
    match text.len() - body.len() {
        0 => Some("-"),
        1 => Some(""),
        _ => Some("+"),
    }
}

/// Whether the text can stand without quotes.
fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let last = text
        .chars()
        .next_back()
        .expect("there is a first character");
    let starts_well = first.is_alphanumeric()
        || matches!(first, '/' | '_' | '.' | '+')
        || (first == '-' && text.len() > 1 && !text.starts_with("- ") && !text.starts_with("---"))
        || (first == '(' || first == '^' || first == '$' || first == '\\');
    starts_well
        && !matches!(last, ' ' | ':')
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with("...")
        && !is_word_with_meaning(text)
        && !could_be_a_number_or_date(text)
}

/// The words that YAML 1.1 or 1.2 reads as something else than a string.
fn is_word_with_meaning(text: &str) -> bool {
    const WORDS: [&str; 17] = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nil", "none", ".inf",
        "+.inf", "-.inf", ".nan", "inf", "nan",
    ];
    text.len() <= 5 && WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// Whether some reader could take the text for a number (in any base, with
/// underscores, sexagesimal) or a date. Only what starts like a number can, and
/// not when it holds a letter that none of them has: `30d`, `100m`, `1.5Gi`.
fn could_be_a_number_or_date(text: &str) -> bool {
    let unsigned = text.trim_start_matches(['+', '-', '.', '_']);
    if !unsigned.starts_with(char::is_numeric) && !unsigned.is_empty() {
        return false;
    }
    // Readers of YAML 1.1 skip underscores wherever they are in a number.
    let digits = unsigned.replace('_', "");
    let based = digits
        .strip_prefix('0')
        .is_some_and(|rest| rest.starts_with(['x', 'X', 'o', 'O', 'b', 'B']));
    let foreign_letter =
        |c: char| c.is_alphabetic() && !matches!(c, 'e' | 'E' | 't' | 'T' | 'z' | 'Z');
    (based || !digits.contains(foreign_letter)) && !is_dotted_version(&digits)
}

/// `1.2.3` is no number, date or time anywhere.
fn is_dotted_version(digits: &str) -> bool {
    let parts: Vec<_> = digits.split('.').collect();
    parts.len() >= 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_traps_are_quoted() {
        for trap in [
            "",
            " ",
            "y",
            "N",
            "no",
            "On",
            "off",
            "TRUE",
            "null",
            "~",
            "=",
            "<<",
            "0x1",
            "0o7",
            "0b1",
            "012",
            "1e3",
            "1E3",
            "+1",
            "-1",
            ".5",
            "1.",
            "1_000",
            "+_0",
            "12:30",
            "190:20:30",
            "2001-01-01",
            "2001-12-14t21:59:43.10-05:00",
            ".inf",
            "-.Inf",
            ".NaN",
            "- a",
            "---",
            "...",
            "a: b",
            "a #b",
            "#a",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "{a",
            "[a",
            "\"a",
            "'a",
            ", a",
            "? a",
            "a:",
            " a",
            "a ",
            "|",
            ">",
            "-",
            "+",
            ".",
            "١",
        ] {
            assert_ne!(
                spelling(trap, false),
                Spelling::Plain,
                "{trap:?} stands unquoted"
            );
        }
    }

    #[test]
    fn what_is_safe_stays_readable() {
        for safe in [
            "monitoring",
            "30d",
            "100m",
            "1.5Gi",
            "v0.92.0",
            "3.12.0",
            "10.0.0.1",
            "quay.io/prometheus/prometheus:v3.12.0",
            "--web.listen-address=127.0.0.1:9101",
            "/metrics",
            "kube-system/kubelet",
            "^(veth.*|[a-f0-9]{15})$",
            "app.kubernetes.io/name",
            "a b",
            "café",
            "$1:10249",
            "(.*)",
        ] {
            assert_eq!(spelling(safe, false), Spelling::Plain, "{safe:?} is quoted");
        }
    }

    #[test]
    fn numbers_keep_their_type_in_yaml_1_1() {
        let write = |value: serde_json::Value| {
            let mut out = String::new();
            write_number(&mut out, value.as_number().expect("a number"));
            out
        };
        assert_eq!(write(serde_json::json!(30)), "30");
        assert_eq!(write(serde_json::json!(0.5)), "0.5");
        assert_eq!(write(serde_json::json!(1e30)), "1.0e+30");
        assert_eq!(write(serde_json::json!(1.5e-9)), "1.5e-9");
    }
}
