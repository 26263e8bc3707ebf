//! Reads Grafana's configuration file, as far as people write it: sections,
//! keys, comments.

use serde_json::{Map, Value};

/// The section of what stands before the first heading.
const TOP: &str = "DEFAULT";

/// The values by section and key; nothing if a line is none of these.
pub(super) fn read(text: &str) -> Option<Value> {
    let mut sections = Map::new();
    let mut section = TOP.to_owned();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            name.trim().clone_into(&mut section);
            continue;
        }
        let (key, value) = line.split_once('=')?;
        let values = sections
            .entry(section.clone())
            .or_insert_with(|| Value::Object(Map::new()));
        values[key.trim()] = value_of(value.trim())?.into();
    }
    Some(Value::Object(sections))
}

/// A value without its quotes; nothing if it goes on in the next line, or has a
/// comment after it.
fn value_of(text: &str) -> Option<String> {
    for quote in ["\"\"\"", "`", "\"", "'"] {
        if let Some(rest) = text.strip_prefix(quote) {
            return Some(rest.strip_suffix(quote)?.to_owned());
        }
    }
    let goes_on = text.ends_with('\\') || text.contains([';', '#']);
    (!goes_on).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sections_keys_and_quotes_are_read() {
        let text = "instance = x\n; note\n[server]\nroot_url = https://g\n[smtp]\npass = `a#b`\n";
        assert_eq!(
            read(text),
            Some(json!({
                "DEFAULT": {"instance": "x"},
                "server": {"root_url": "https://g"},
                "smtp": {"pass": "a#b"},
            }))
        );
        assert_eq!(read("[a]\nb = c \\\nd"), None);
        assert_eq!(read("[a]\nno value"), None);
    }
}
