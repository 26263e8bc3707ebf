//! Variables of dashboards in texts: `$name`, `${name}`, `${name:format}` and
//! the old `[[name]]`, as Grafana finds them.

use std::ops::Range;

/// A variable in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'a> {
    /// Its name.
    pub name: &'a str,
    /// The bytes that its value replaces.
    pub range: Range<usize>,
}

impl Reference<'_> {
    /// Whether Grafana itself gives it a value.
    pub fn is_built_in(&self) -> bool {
        self.name.starts_with("__") || self.name == "timeFilter"
    }
}

/// All variables in a text.
pub fn references(text: &str) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find(['$', '[']) {
        let start = at + offset;
        at = match reference(text, start) {
            Some(reference) => {
                let end = reference.range.end;
                found.push(reference);
                end
            }
            None => start + 1,
        };
    }
    found
}

/// The variable that starts at a byte.
fn reference(text: &str, start: usize) -> Option<Reference<'_>> {
    let rest = &text[start..];
    let (opening, closing) = match rest {
        _ if rest.starts_with("${") => ("${", "}"),
        _ if rest.starts_with("[[") => ("[[", "]]"),
        _ if rest.starts_with('$') => ("$", ""),
        _ => return None,
    };
    let inner = &rest[opening.len()..];
    let length = inner
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(inner.len());
    let name = &inner[..length];
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut end = start + opening.len() + length;
    if !closing.is_empty() {
        // `.field` and `:format` belong to it.
        let after = &text[end..];
        let close = after.find(closing)?;
        let between = &after[..close];
        if !between.is_empty() && !between.starts_with([':', '.']) {
            return None;
        }
        end += close + closing.len();
    }
    Some(Reference {
        name,
        range: start..end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_in_every_spelling() {
        let text = r#"x{a="$a", b=~"${b:regex}", c="[[c]]"}[$__rate_interval] ${d.value} $1 ${1} [[:alpha:]] ^x$"#;
        let found: Vec<_> = references(text)
            .into_iter()
            .map(|found| (found.name, &text[found.range]))
            .collect();
        assert_eq!(
            found,
            [
                ("a", "$a"),
                ("b", "${b:regex}"),
                ("c", "[[c]]"),
                ("__rate_interval", "$__rate_interval"),
                ("d", "${d.value}"),
            ]
        );
    }
}
