//! Strategic merge patches, as `kubectl patch` and kustomize apply them: maps
//! are merged, lists by the keys of their items where Kubernetes says so,
//! `null` removes, and `$patch` says what merging cannot.

use kpbuild_core::node::{Entry, NodeKind};
use kpbuild_core::suggest::nearest;
use kpbuild_core::{Node, Object, ObjectKey};
use serde_json::{Map, Value, json};

use super::lists::{self, Kind};
use super::{Outcome, Problem};

/// What a patch makes of an object. Items to delete must be there if the
/// object is the only one that the patch is about.
pub(super) fn applied(change: &Node, object: &Object, is_only: bool) -> Result<Outcome, Problem> {
    let NodeKind::Map(entries) = &change.kind else {
        return Err(Problem::new(
            "a patch is a map of fields".to_owned(),
            change.span,
        ));
    };
    let merge = Merge {
        key: object.key(),
        is_only,
    };
    if directive(entries)? == Some(Directive::Delete) {
        return Ok(Outcome::Deleted);
    }
    let mut value = object.value().clone();
    let map = value.as_object_mut().expect("an object is a map");
    merge.map(map, entries, &mut Vec::new())?;
    Ok(Outcome::Changed(value))
}

struct Merge<'o> {
    key: &'o ObjectKey,
    is_only: bool,
}

/// What is done with a map instead of merging it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

const PATCH: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const DELETE_VALUES: &str = "$deleteFromPrimitiveList/";

impl<'n> Merge<'_> {
    fn map(
        &self,
        base: &mut Map<String, Value>,
        entries: &'n [Entry],
        path: &mut Vec<&'n str>,
    ) -> Result<(), Problem> {
        if directive(entries)? == Some(Directive::Replace) {
            base.clear();
        }
        for entry in entries {
            if let Some(list) = entry.key.strip_prefix(DELETE_VALUES) {
                self.remove_values(base, list, entry, path)?;
            } else if entry.key == RETAIN {
                let kept = strings(entry)?;
                base.retain(|key, _| kept.contains(&key.as_str()));
            } else if entry.key.starts_with('$') && entry.key != PATCH {
                return Err(unknown(entry));
            }
        }
        for entry in entries.iter().filter(|entry| !entry.key.starts_with('$')) {
            path.push(&entry.key);
            self.field(base, entry, path)?;
            path.pop();
        }
        Ok(())
    }

    fn field(
        &self,
        base: &mut Map<String, Value>,
        entry: &'n Entry,
        path: &mut Vec<&'n str>,
    ) -> Result<(), Problem> {
        let key = &entry.key;
        match (base.get_mut(key), &entry.value.kind) {
            (_, NodeKind::Null) => drop(base.remove(key)),
            (_, NodeKind::Map(entries)) if directive(entries)? == Some(Directive::Delete) => {
                if base.remove(key).is_none() && self.is_only {
                    return Err(self.not_there(key, base.keys(), entry, path));
                }
            }
            (Some(Value::Object(map)), NodeKind::Map(entries)) => self.map(map, entries, path)?,
            (Some(Value::Array(list)), NodeKind::List(items)) => self.list(list, items, path)?,
            (Some(old), new)
                if is_container(old) || matches!(new, NodeKind::Map(_) | NodeKind::List(_)) =>
            {
                if !old.is_null() {
                    return Err(self.other_type(old, &entry.value, path));
                }
                base.insert(key.clone(), self.plain(&entry.value, path)?);
            }
            _ => {
                base.insert(key.clone(), self.plain(&entry.value, path)?);
            }
        }
        Ok(())
    }

    fn list(
        &self,
        base: &mut Vec<Value>,
        items: &'n [Node],
        path: &mut Vec<&'n str>,
    ) -> Result<(), Problem> {
        let replaces = items.iter().any(is_only_replace);
        let items = items.iter().filter(|item| !is_only_replace(item));
        let kind = lists::kind(self.key, path);
        if replaces || kind == Kind::Whole {
            *base = items
                .map(|item| self.item(item, path))
                .collect::<Result<_, _>>()?;
            return Ok(());
        }
        for item in items {
            if let Kind::ByKeys(keys) = &kind {
                self.keyed(base, item, keys, path)?;
                continue;
            }
            let value = item.to_json();
            if !base.contains(&value) {
                base.push(value);
            }
        }
        Ok(())
    }

    /// An item of a list that is replaced as a whole.
    fn item(&self, item: &'n Node, path: &mut Vec<&'n str>) -> Result<Value, Problem> {
        if let NodeKind::Map(entries) = &item.kind
            && directive(entries)? == Some(Directive::Delete)
        {
            let message = format!(
                "the items of `{}` have no key by which one could be deleted",
                path.join(".")
            );
            return Err(Problem::new(message, item.span).help(
                "the list is replaced as a whole: write the items that shall stay, or use a JSON patch",
            ));
        }
        self.plain(item, path)
    }

    /// Merges an item into the one of the same keys, or adds it.
    fn keyed(
        &self,
        base: &mut Vec<Value>,
        item: &'n Node,
        keys: &[&'static str],
        path: &mut Vec<&'n str>,
    ) -> Result<(), Problem> {
        let NodeKind::Map(entries) = &item.kind else {
            let message = format!("an item of `{}` is a map", path.join("."));
            return Err(Problem::new(message, item.span));
        };
        let Some(first) = item.get(keys[0]) else {
            let message = format!("an item of `{}` has no `{}`", path.join("."), keys[0]);
            return Err(Problem::new(message, item.span).help(format!(
                "items are merged by their `{}`: say which one is meant",
                keys[0]
            )));
        };
        // Further keys have defaults (the protocol of a port): they count when they are said.
        let is_same = |other: &Value| {
            keys.iter().all(|key| match item.get(key) {
                Some(node) => {
                    other.get(key).is_none_or(|value| *value == node.to_json())
                        && (*key != keys[0] || other.get(key).is_some())
                }
                None => true,
            })
        };
        let found = base.iter().position(is_same);
        match (directive(entries)?, found) {
            (Some(Directive::Delete), Some(index)) => drop(base.remove(index)),
            (Some(Directive::Delete), None) if self.is_only => {
                let names: Vec<String> =
                    base.iter().map(|item| plain_text(&item[keys[0]])).collect();
                let wanted = plain_text(&first.to_json());
                let message = format!(
                    "`{}` of `{}` has no item to delete with `{}: {wanted}`",
                    path.join("."),
                    self.key,
                    keys[0]
                );
                let near = nearest(&wanted, names.iter().map(String::as_str));
                return Err(Problem::new(message, first.span).help(match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there is {}", quoted(&names)),
                }));
            }
            (Some(Directive::Delete), None) => {}
            (Some(Directive::Replace), Some(index)) => base[index] = self.plain(item, path)?,
            (_, Some(index)) => match &mut base[index] {
                Value::Object(map) => self.map(map, entries, path)?,
                other => *other = self.plain(item, path)?,
            },
            (_, None) => base.push(self.plain(item, path)?),
        }
        Ok(())
    }

    /// A value that is new in the object, without what only patches have.
    fn plain(&self, node: &'n Node, path: &mut Vec<&'n str>) -> Result<Value, Problem> {
        match &node.kind {
            NodeKind::Map(entries) => {
                let mut map = Map::new();
                self.map(&mut map, entries, path)?;
                Ok(Value::Object(map))
            }
            NodeKind::List(items) => {
                let items = items.iter().filter(|item| !is_only_replace(item));
                items.map(|item| self.item(item, path)).collect()
            }
            _ => Ok(node.to_json()),
        }
    }

    fn remove_values(
        &self,
        base: &mut Map<String, Value>,
        list: &str,
        entry: &'n Entry,
        path: &[&str],
    ) -> Result<(), Problem> {
        let NodeKind::List(gone) = &entry.value.kind else {
            let message = format!("`{}` is a list of values", entry.key);
            return Err(Problem::new(message, entry.value.span));
        };
        let gone: Vec<Value> = gone.iter().map(Node::to_json).collect();
        match base.get_mut(list) {
            Some(Value::Array(items)) => items.retain(|item| !gone.contains(item)),
            _ if self.is_only => return Err(self.not_there(list, base.keys(), entry, path)),
            _ => {}
        }
        Ok(())
    }

    fn not_there<'k>(
        &self,
        field: &str,
        known: impl Iterator<Item = &'k String>,
        entry: &Entry,
        path: &[&str],
    ) -> Problem {
        let place = match path.last() {
            Some(last) if *last == field => path.join("."),
            _ => [path, &[field]].concat().join("."),
        };
        let message = format!("`{}` has no `{place}` to remove", self.key);
        let problem = Problem::new(message, entry.key_span);
        match nearest(field, known.map(String::as_str)) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem,
        }
    }

    fn other_type(&self, old: &Value, new: &Node, path: &[&str]) -> Problem {
        let is = match old {
            Value::Object(_) => "a map",
            Value::Array(_) => "a list",
            _ => "a single value",
        };
        let message = format!(
            "`{}` of `{}` is {is}, and not {}",
            path.join("."),
            self.key,
            new.type_name()
        );
        Problem::new(message, new.span)
            .help("write what the field takes, or remove it first in a patch of its own (`null`)")
    }
}

fn is_container(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// What a map says about itself.
fn directive(entries: &[Entry]) -> Result<Option<Directive>, Problem> {
    let Some(entry) = entries.iter().find(|entry| entry.key == PATCH) else {
        return Ok(None);
    };
    match entry.value.as_str() {
        Some("merge") => Ok(Some(Directive::Merge)),
        Some("replace") => Ok(Some(Directive::Replace)),
        Some("delete") => Ok(Some(Directive::Delete)),
        _ => Err(
            Problem::new("`$patch` has another value".to_owned(), entry.value.span)
                .help("it is one of `delete`, `merge`, `replace`"),
        ),
    }
}

/// Whether an item says nothing but that it and its neighbours are the whole list.
fn is_only_replace(item: &Node) -> bool {
    match &item.kind {
        NodeKind::Map(entries) => {
            entries.len() == 1
                && entries[0].key == PATCH
                && entries[0].value.as_str() == Some("replace")
        }
        _ => false,
    }
}

fn strings(entry: &Entry) -> Result<Vec<&str>, Problem> {
    let items = match &entry.value.kind {
        NodeKind::List(items) => items.iter().map(Node::as_str).collect(),
        _ => None,
    };
    items.ok_or_else(|| {
        Problem::new(
            format!("`{}` is a list of names", entry.key),
            entry.value.span,
        )
    })
}

fn unknown(entry: &Entry) -> Problem {
    Problem::new(format!("there is no directive `{}`", entry.key), entry.key_span).help(
        "the directives are `$patch`, `$retainKeys` and `$deleteFromPrimitiveList/NAME`; the order of \
         a list is changed by replacing it",
    )
}

fn plain_text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| json!(value).to_string(), str::to_owned)
}

fn quoted(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        _ => names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
