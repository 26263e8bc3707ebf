//! Which lines may hold a password, so that no message shows them.

use std::ops::Range;

/// Whether the line of a place may be one of a Secret's values: it is in the same
/// document as a Secret (in a stack file, in a patch of one), and does not
/// just name something.
pub(crate) fn is_near(text: &str, place: Range<usize>) -> bool {
    if is_name(around(text, place.start, |_| true)) {
        return false;
    }
    let document = around(text, place.start, |line| line.trim_end() == "---");
    if !is_secret(document) {
        return false;
    }
    if !document.lines().any(|line| line.starts_with("kind: Stack")) {
        return true;
    }
    let section = around(text, place.start, is_field);
    let indent = section.lines().find_map(indent_of_item);
    let is_border = |line: &str| is_field(line) || indent_of_item(line) == indent;
    let patch = around(text, place.start, is_border);
    section.starts_with("patches:") && is_secret(patch)
}

/// How far a line is indented that begins an item of a list.
fn indent_of_item(line: &str) -> Option<usize> {
    let item = line.trim_start_matches(' ');
    item.starts_with("- ").then_some(line.len() - item.len())
}

/// Whether a line says what an object is or what it is called, and no more.
fn is_name(line: &str) -> bool {
    const NAMES: [&str; 7] = [
        "apiVersion:",
        "kind:",
        "metadata:",
        "name:",
        "namespace:",
        "patch:",
        "target:",
    ];
    let field = line.trim().trim_start_matches("- ");
    let Some(name) = NAMES.iter().find(|name| field.starts_with(**name)) else {
        return false;
    };
    *name == "target:" || !field.contains(['{', ','])
}

/// Whether a line begins a field of the whole document.
fn is_field(line: &str) -> bool {
    line.starts_with(|first: char| first.is_alphanumeric() || first == '"')
}

/// The lines around a place from the last one that is a border, with it, to the
/// next one.
fn around(text: &str, place: usize, is_border: impl Fn(&str) -> bool) -> &str {
    let (mut start, mut end, mut at) = (0, text.len(), 0);
    for line in text.split_inclusive('\n') {
        if is_border(line) {
            if at > place {
                end = at;
                break;
            }
            start = at;
        }
        at += line.len();
    }
    text.get(start..end).unwrap_or(text)
}

/// Whether a text speaks of a Secret, in YAML or in JSON.
fn is_secret(text: &str) -> bool {
    let names_kind = |rest: &str| {
        let rest = rest.trim_start_matches(['"', '\'', ' ']);
        let value = rest.strip_prefix(':').unwrap_or("");
        let value = value.trim_start_matches(['"', '\'', ' ']);
        let word = value.split(|letter: char| !letter.is_alphanumeric()).next();
        matches!(word, Some("Secret" | "SecretList"))
    };
    text.contains("stringData") || text.split("kind").skip(1).any(names_kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hides(text: &str) -> bool {
        let place = text.find('^').expect("the case has a place");
        is_near(text, place..place + 1)
    }

    #[test]
    fn what_is_in_a_secret_is_hidden_and_what_is_beside_it_is_not() {
        assert!(hides("kind: Secret\ndata:\n  p: ^\n"));
        assert!(hides("{\"kind\":\"Secret\",\"data\":{\"p\":\"^\"}}"));
        assert!(hides("kind: 'Secret'\np: \"^"));
        assert!(hides(
            "kind: ConfigMap\n---\nkind: Secret\na: ^\n---\nkind: Service\n"
        ));
        assert!(!hides("kind: Secret\n---\nkind: ConfigMap\na: ^\n"));
        assert!(!hides("kind: Secret\nmetadata:\n  name: ^\n"));
        assert!(hides("kind: Secret\nmetadata: {name: a}, p: ^}\n"));
        assert!(!hides("kind: SecretStore\na: ^\n"));
        assert!(!hides("kind: ConfigMap\na: ^\n"));
    }

    #[test]
    fn patches_of_secrets_are_hidden_and_the_rest_of_a_stack_is_not() {
        assert!(!hides(
            "kind: Stack\npatches:\n- target: {kind: Service}\n  patch: ^\n- target: {kind: Secret}\n"
        ));
        assert!(!hides(
            "kind: Stack\npatches:\n- target: {kind: Secret, name: ^}\n"
        ));
        let patches = "patches:\n- target: {kind: Secret}\n  patch: {stringData: {p: ^}}\n";
        assert!(hides(&format!("kind: Stack\nname: x\n{patches}")));
        assert!(!hides(&format!(
            "kind: Stack\nname: ^\n{}",
            patches.replace('^', "x")
        )));
        assert!(!hides(
            "kind: Stack\npatches:\n- target: {kind: Service}\n  patch: ^\n"
        ));
    }
}
