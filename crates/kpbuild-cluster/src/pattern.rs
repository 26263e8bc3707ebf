//! Patterns by which users name objects: `KIND/NAME`, with `*` for any text and
//! `!` in front for all others. `Deployment/*`, `*/grafana*`, `!Secret/*`.

use std::str::FromStr;

use kpbuild_core::ObjectKey;

/// One pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    kind: String,
    name: String,
    negated: bool,
}

impl Pattern {
    fn names(&self, key: &ObjectKey) -> bool {
        fits(&self.kind, &key.kind.to_lowercase()) && fits(&self.name, &key.name.to_lowercase())
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (negated, rest) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        match rest.to_lowercase().split_once('/') {
            Some((kind, name)) if !kind.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Self {
                    kind: kind.to_owned(),
                    name: name.to_owned(),
                    negated,
                })
            }
            _ => {
                Err("expected KIND/NAME, such as `Deployment/grafana` or `ConfigMap/*`".to_owned())
            }
        }
    }
}

/// Whether patterns select an object: one of those without `!` names it, if
/// there are any, and none of those with `!` does.
pub(crate) fn selects(patterns: &[Pattern], key: &ObjectKey) -> bool {
    let (without, with): (Vec<&Pattern>, Vec<&Pattern>) =
        patterns.iter().partition(|pattern| !pattern.negated);
    let wanted = without.is_empty() || without.iter().any(|pattern| pattern.names(key));
    wanted && !with.iter().any(|pattern| pattern.names(key))
}

/// Whether an object is named by one of the patterns; none name nothing.
pub(crate) fn names(patterns: &[Pattern], key: &ObjectKey) -> bool {
    !patterns.is_empty() && selects(patterns, key)
}

/// Whether a text is what a pattern with `*` stands for.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len())
                .filter(|at| text.is_char_boundary(*at))
                .any(|at| fits(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(patterns: &[&str], kind: &str, name: &str) -> bool {
        let patterns: Vec<Pattern> = patterns.iter().map(|text| text.parse().unwrap()).collect();
        let key = ObjectKey {
            group: String::new(),
            kind: kind.into(),
            namespace: "m".into(),
            name: name.into(),
        };
        selects(&patterns, &key)
    }

    #[test]
    fn patterns_select_by_kind_and_name() {
        assert!(check(&["deployment/grafana"], "Deployment", "grafana"));
        assert!(!check(&["Deployment/graf"], "Deployment", "grafana"));
        assert!(check(&["*/graf*"], "Deployment", "grafana"));
        assert!(!check(&["*/*", "!secret/*"], "Secret", "a"));
        assert!(check(&["!secret/*"], "ConfigMap", "a"));
        assert!(check(&[], "ConfigMap", "a"));
    }

    #[test]
    fn a_pattern_has_a_kind_and_a_name() {
        assert!("grafana".parse::<Pattern>().is_err());
        assert!("a/b/c".parse::<Pattern>().is_err());
    }
}
