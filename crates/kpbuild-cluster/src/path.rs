//! Where in an object a field is, as people read it and as the API server spells it.
//!
//! Paths are for showing and for telling what a change means, not for editing
//! objects.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// One step from a value into a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A field of a map.
    Field(String),
    /// The item of a list that is known by a name of its own.
    Item(String),
    /// The item of a list of which only the place is known, from 0.
    Index(usize),
}

impl Segment {
    fn as_field(&self) -> Option<&str> {
        match self {
            Self::Field(name) => Some(name),
            Self::Item(_) | Self::Index(_) => None,
        }
    }
}

/// The way from an object to one of its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldPath(Vec<Segment>);

impl FieldPath {
    /// The path of a part of what this path leads to.
    #[must_use]
    pub fn then(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// The path of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        self.then(Segment::Field(name.to_owned()))
    }

    /// The names of the fields on the way; items of lists are left out.
    pub fn fields(&self) -> Vec<&str> {
        self.0.iter().filter_map(Segment::as_field).collect()
    }

    /// Whether the path starts with these fields.
    pub fn is_below(&self, fields: &[&str]) -> bool {
        let own = self.0.iter().map(Segment::as_field);
        self.0.len() >= fields.len() && own.zip(fields).all(|(own, wanted)| own == Some(wanted))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Field(name) if name.contains(['.', '/']) => write!(f, "[{name}]")?,
                Segment::Field(name) if index == 0 => f.write_str(name)?,
                Segment::Field(name) => write!(f, ".{name}")?,
                Segment::Item(name) => write!(f, "[{name}]")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The value at a path as the API server spells it in conflicts, such as
/// `.spec.containers[name="web"].image`. Names may hold dots, so the value
/// itself says where a name ends.
pub(crate) fn lookup<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() {
        return Some(value);
    }
    if let Some(rest) = path.strip_prefix('.') {
        let parts = value.as_object()?.iter();
        return parts
            .filter(|(name, _)| is_next_name(name, rest))
            .find_map(|(name, part)| lookup(part, &rest[name.len()..]));
    }
    let (item, rest) = path.strip_prefix('[')?.split_once(']')?;
    lookup(find_item(value.as_array()?, item)?, rest)
}

fn is_next_name(name: &str, path: &str) -> bool {
    path.strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The item that `name="web"`, `port=80,protocol="TCP"`, `="value"` or `3` stands for.
fn find_item<'a>(items: &'a [Value], item: &str) -> Option<&'a Value> {
    if let Ok(index) = item.parse::<usize>() {
        return items.get(index);
    }
    let parts: Vec<(&str, Value)> = item
        .split(',')
        .map(|part| {
            let (name, value) = part.split_once('=')?;
            Some((name, serde_json::from_str(value).ok()?))
        })
        .collect::<Option<_>>()?;
    items.iter().find(|candidate| {
        parts.iter().all(|(name, value)| match *name {
            "" => *candidate == value,
            name => candidate.get(name) == Some(value),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn people_read_short_paths() {
        let path = FieldPath::default().field("spec").field("containers");
        let image = path.then(Segment::Item("web".into())).field("image");
        assert_eq!(image.to_string(), "spec.containers[web].image");
        assert!(image.is_below(&["spec", "containers"]));
        assert!(!image.is_below(&["spec", "image"]));
        let label = FieldPath::default().field("labels").field("a.b/c");
        assert_eq!(label.to_string(), "labels[a.b/c]");
    }

    #[test]
    fn the_servers_paths_lead_to_their_values() {
        let value = json!({
            "metadata": {"labels": {"app.kubernetes.io/name": "x"}},
            "spec": {"ports": [{"port": 80, "protocol": "TCP", "name": "web"}], "finalizers": ["a"]},
        });
        let at = |path| lookup(&value, path).cloned();
        assert_eq!(
            at(".metadata.labels.app.kubernetes.io/name"),
            Some(json!("x"))
        );
        assert_eq!(
            at(".spec.ports[port=80,protocol=\"TCP\"].name"),
            Some(json!("web"))
        );
        assert_eq!(at(".spec.ports[0].port"), Some(json!(80)));
        assert_eq!(at(".spec.finalizers[=\"a\"]"), Some(json!("a")));
        assert_eq!(at(".spec.ports[port=81,protocol=\"TCP\"].name"), None);
    }
}
