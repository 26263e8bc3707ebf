//! The configurations of Alertmanager in a bundle: where alerts are sent.

use std::sync::OnceLock;

use kpbuild_core::{Object, yaml};
use serde_json::Value;

use crate::facts::{Facts, items, strings};

/// A configuration, in the Secret that an Alertmanager object reads.
#[derive(Debug)]
pub(crate) struct Config<'a> {
    /// The Alertmanager object.
    pub(crate) alertmanager: &'a Object,
    pub(crate) object: &'a Object,
    /// What it says, or why it is not YAML.
    pub(crate) value: Result<Value, String>,
}

/// All configurations that are part of the bundle.
pub(crate) fn configs<'a>(facts: &Facts<'a>) -> Vec<Config<'a>> {
    let objects = facts
        .bundle
        .of_kind("Alertmanager")
        .filter_map(|alertmanager| {
            let default = format!("alertmanager-{}", alertmanager.key().name);
            let name = alertmanager
                .at(&["spec", "configSecret"])
                .and_then(Value::as_str)
                .unwrap_or(&default);
            let object = facts.find("Secret", &alertmanager.key().namespace, name)?;
            let text = Facts::text(object, "alertmanager.yaml")?;
            Some(Config {
                alertmanager,
                object,
                value: yaml::read(&text).map_err(|error| error.to_string()),
            })
        });
    objects.collect()
}

/// What Alertmanager's own code says (see `data/alertmanager.py`): the types of
/// its configuration, the templates that it comes with, their functions.
pub(crate) fn known() -> &'static Value {
    static KNOWN: OnceLock<Value> = OnceLock::new();
    KNOWN.get_or_init(|| {
        serde_json::from_str(include_str!("../data/alertmanager.json"))
            .expect("the generator writes JSON")
    })
}

/// Those that are YAML.
pub(crate) fn readable<'a>(facts: &Facts<'a>) -> impl Iterator<Item = (&'a Object, Value)> {
    configs(facts)
        .into_iter()
        .filter_map(|config| Some((config.object, config.value.ok()?)))
}

/// A route and all routes below it.
pub(crate) fn routes(route: &Value) -> Vec<&Value> {
    let mut all = vec![route];
    let mut next = 0;
    while let Some(route) = all.get(next).copied() {
        all.extend(items(&route["routes"]));
        next += 1;
    }
    all
}

/// A condition on a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matcher {
    pub(crate) name: String,
    pub(crate) operator: &'static str,
    pub(crate) value: String,
}

impl Matcher {
    /// Whether a value of the label fits.
    pub(crate) fn is_match(&self, value: &str) -> bool {
        let pattern = || {
            regex::Regex::new(&format!("^(?:{})$", self.value))
                .is_ok_and(|pattern| pattern.is_match(value))
        };
        match self.operator {
            "=" => self.value == value,
            "!=" => self.value != value,
            "=~" => pattern(),
            _ => !pattern(),
        }
    }
}

/// The conditions of a route, or of one side of an inhibition, in every
/// spelling; what cannot be read is left out (the configuration's check says so).
pub(crate) fn matchers(value: &Value, prefix: &str) -> Vec<Matcher> {
    let field = |name: &str| &value[format!("{prefix}{name}").as_str()];
    let lines = strings(field("matchers"))
        .flat_map(split)
        .filter_map(|one| matcher(&one));
    let equal = pairs(field("match")).map(|(name, value)| Matcher {
        name,
        operator: "=",
        value,
    });
    let pattern = pairs(field("match_re")).map(|(name, value)| Matcher {
        name,
        operator: "=~",
        value,
    });
    lines.chain(equal).chain(pattern).collect()
}

fn pairs(value: &Value) -> impl Iterator<Item = (String, String)> {
    let map = value.as_object().into_iter().flatten();
    map.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
}

/// `{a="b", c="d"}` is several in one text.
pub(crate) fn split(text: &str) -> Vec<String> {
    let inner = text.trim().trim_start_matches('{').trim_end_matches('}');
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in inner.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("there is always one").push(c);
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// `severity =~ "warning|info"`.
pub(crate) fn matcher(text: &str) -> Option<Matcher> {
    let at = text.find(['=', '!'])?;
    let (name, rest) = text.split_at(at);
    let operator = ["=~", "!~", "!=", "="]
        .into_iter()
        .find(|operator| rest.starts_with(operator))?;
    let value = rest[operator.len()..].trim();
    let value = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .unwrap_or(value);
    let name = name.trim().trim_matches('"');
    (!name.is_empty()).then(|| Matcher {
        name: name.to_owned(),
        operator,
        value: value.to_owned(),
    })
}

/// The values that routes and inhibitions name for a label, alternatives of a
/// pattern one by one.
pub(crate) fn values(facts: &Facts<'_>, label: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (_, config) in readable(facts) {
        for matcher in routes(&config["route"])
            .into_iter()
            .flat_map(|route| matchers(route, ""))
        {
            if matcher.name == label && matcher.operator.starts_with('=') {
                all.extend(matcher.value.split('|').map(str::to_owned));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn matchers_are_read_in_every_spelling() {
        let text = |value: Value| -> Vec<String> {
            let all = matchers(&value, "").into_iter();
            all.map(|one| format!("{}{}{}", one.name, one.operator, one.value))
                .collect()
        };
        assert_eq!(
            text(json!({"matchers": ["severity =~ warning|info", "a!=\"b c\""]})),
            ["severity=~warning|info", "a!=b c"]
        );
        assert_eq!(
            text(json!({"matchers": ["{a=\"x,y\", b!~\"z\"}"]})),
            ["a=x,y", "b!~z"]
        );
        assert_eq!(
            text(json!({"match": {"a": "b"}, "match_re": {"c": "d.*"}})),
            ["a=b", "c=~d.*"]
        );
    }
}
