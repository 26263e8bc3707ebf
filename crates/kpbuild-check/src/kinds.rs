//! The schemas of objects: Kubernetes' own kinds from `data/kubernetes.json` (see
//! `data/kubernetes.py`), the operator's and Pyrra's from the definitions that come
//! with kpbuild, and those of definitions that are part of the bundle.

use std::borrow::Cow;
use std::sync::OnceLock;

use kpbuild_core::Object;
use kpbuild_stack::definitions;
use serde_json::Value;

use crate::facts::{Facts, items};

/// What is known about the objects of a kind.
#[derive(Debug)]
pub(crate) struct Schema<'a> {
    /// Where references lead.
    root: Cow<'a, Value>,
    /// Where in the root the schema of the kind is, as a JSON pointer.
    at: String,
    /// The same with what only Kubernetes knows: keys of lists, rules in CEL.
    structural: Option<&'a Value>,
}

impl<'a> Schema<'a> {
    /// What references in the schema are looked up in.
    pub(crate) fn root(&self) -> &Value {
        &self.root
    }

    /// Whether it comes with the program: it is the same for all bundles.
    pub(crate) fn is_of_the_program(&self) -> bool {
        matches!(self.root, Cow::Borrowed(_))
    }

    /// The schema of a whole object.
    pub(crate) fn whole(&self) -> &Value {
        self.root
            .pointer(&self.at)
            .expect("the pointer was made for this root")
    }

    /// The root and the schema in which the words of Kubernetes are.
    pub(crate) fn structural(&self) -> (&Value, &Value) {
        match self.structural {
            Some(schema) => (schema, schema),
            None => (self.root(), self.whole()),
        }
    }

    /// The schema of an object's kind and version, if it is known.
    pub(crate) fn of(facts: &Facts<'a>, object: &'a Object) -> Option<Self> {
        let version = object.value()["apiVersion"].as_str()?;
        let kind = format!("{version}/{}", object.kind());
        if let Some(name) = kubernetes()["kinds"][&kind].as_str() {
            return Some(Self {
                root: Cow::Borrowed(kubernetes()),
                at: format!("/definitions/{name}"),
                structural: None,
            });
        }
        let of_bundle = definition(facts, object).map(|structural| Self {
            root: Cow::Owned(definitions::strict(structural)),
            at: String::new(),
            structural: Some(structural),
        });
        let own = || {
            let group = object.key().group.as_str();
            let schema = definitions::of_kind(group, object.kind())?;
            Some(Self {
                root: Cow::Borrowed(schema),
                at: String::new(),
                structural: definitions::structural(group, object.kind()),
            })
        };
        of_bundle.or_else(own)
    }
}

/// The schema that a definition of the bundle has for an object. Definitions that
/// come with kpbuild are texts that need not be read again.
fn definition<'a>(facts: &Facts<'a>, object: &Object) -> Option<&'a Value> {
    let version = object.value()["apiVersion"].as_str()?;
    let (_, version) = version.split_once('/')?;
    let others = facts
        .bundle
        .of_kind("CustomResourceDefinition")
        .filter(|one| !one.is_of_the_program());
    let mut fitting = others.filter(|one| {
        let spec = &one.value()["spec"];
        spec["group"] == object.key().group && spec["names"]["kind"] == object.kind()
    });
    let versions = items(&fitting.next()?.value()["spec"]["versions"]);
    versions
        .filter(|one| one["name"] == version)
        .map(|one| &one["schema"]["openAPIV3Schema"])
        .find(|schema| schema.is_object())
}

/// The version of Kubernetes whose kinds are known.
pub(crate) fn kubernetes_version() -> &'static str {
    kubernetes()["version"]
        .as_str()
        .expect("the generator writes it")
}

fn kubernetes() -> &'static Value {
    static KUBERNETES: OnceLock<Value> = OnceLock::new();
    KUBERNETES.get_or_init(|| {
        serde_json::from_str(include_str!("../data/kubernetes.json"))
            .expect("the generator writes JSON")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(schema: &Value, count: &mut usize) {
            match schema {
                Value::Object(map) => {
                    if let Some(Value::String(path)) = map.get("$ref") {
                        assert!(
                            kubernetes().pointer(&path[1..]).is_some(),
                            "{path} is missing"
                        );
                        *count += 1;
                    }
                    map.values().for_each(|value| walk(value, count));
                }
                Value::Array(items) => items.iter().for_each(|value| walk(value, count)),
                _ => {}
            }
        }
        let mut count = 0;
        walk(&kubernetes()["definitions"], &mut count);
        assert!(count > 300, "{count} references");
        assert!(kubernetes_version().starts_with("1."));
    }
}
