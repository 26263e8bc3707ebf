//! A Kubernetes object on its way from a template to a cluster.
//!
//! Objects are data (`serde_json`), not the types of an API library: what a
//! user's overlay or a newer definition adds must pass through untouched.
//! Whether the data is right is for `kpbuild-check` to say.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::source::Span;
use crate::yaml;

/// What makes an object the same one over time: its version may change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectKey {
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind, as in the manifest.
    pub kind: String,
    /// The namespace; empty for objects of the whole cluster.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

/// Who asked for an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The component (or `overlay`, `patch`, ...) that made it.
    pub component: String,
    /// The line of the stack file that asked for it, when one did.
    pub span: Option<Span>,
}

/// Why a value is no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnObject {
    /// A map was expected.
    #[error("it is not a map")]
    NotAMap,
    /// A field that every object has is missing or not a string.
    #[error("it has no `{0}`")]
    Missing(&'static str),
}

/// A manifest with its identity and origin.
#[derive(Debug, Clone)]
pub struct Object {
    key: ObjectKey,
    /// Shared by all copies of the object until one of them is changed.
    manifest: Arc<Manifest>,
    /// Where parts of it are written, by their JSON pointers.
    places: Vec<(String, Span)>,
    /// Who asked for it.
    pub origin: Origin,
}

/// A manifest as data and as text; one of the two is there from the start, the
/// other one is made when somebody asks for it.
#[derive(Debug, Default)]
struct Manifest {
    value: OnceLock<Value>,
    text: OnceLock<Cow<'static, str>>,
    digest: OnceLock<String>,
    derived: Derived,
}

/// What was found out about a manifest, one value of each type.
#[derive(Default)]
struct Derived(Mutex<Vec<Arc<dyn Any + Send + Sync>>>);

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Derived")
    }
}

impl Derived {
    fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = known.iter().cloned();
        known.find_map(|one| one.downcast().ok())
    }

    fn add<T: Any + Send + Sync>(&self, new: &Arc<T>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.push(Arc::clone(new) as Arc<dyn Any + Send + Sync>);
    }
}

impl From<Value> for Manifest {
    fn from(value: Value) -> Self {
        Self {
            value: OnceLock::from(value),
            ..Self::default()
        }
    }
}

impl Object {
    /// Takes a manifest.
    pub fn new(value: Value, origin: Origin) -> Result<Self, NotAnObject> {
        Ok(Self {
            key: key_of(&value)?,
            manifest: Arc::new(value.into()),
            places: Vec::new(),
            origin,
        })
    }

    /// Takes the text of a manifest that is part of the program, such as a
    /// custom resource definition of half a megabyte: it is read only if
    /// somebody looks inside.
    pub fn from_text(key: ObjectKey, text: &'static str, origin: Origin) -> Self {
        Self {
            key,
            manifest: Arc::new(Manifest {
                text: OnceLock::from(Cow::Borrowed(text)),
                ..Manifest::default()
            }),
            places: Vec::new(),
            origin,
        }
    }

    /// Whether it is as the program carries it: nothing has changed its text.
    pub fn is_of_the_program(&self) -> bool {
        matches!(self.manifest.text.get(), Some(Cow::Borrowed(_)))
    }

    /// The object's identity.
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// The kind, as in the manifest.
    pub fn kind(&self) -> &str {
        &self.key.kind
    }

    /// The manifest as data.
    pub fn value(&self) -> &Value {
        self.manifest.value.get_or_init(|| {
            let text = self.manifest.text.get();
            let text = text.expect("an object has a text or a value");
            yaml::read(text).expect("texts of the program are YAML, the tests read them all")
        })
    }

    /// Remembers where a part of it is written, such as a rule of the user's:
    /// what is wrong with that part is said there. An edit forgets it, because
    /// it may move the part.
    pub fn written_at(&mut self, pointer: String, span: Span) {
        self.places.push((pointer, span));
    }

    /// Where a part is written, or who asked for the object.
    pub fn place(&self, pointer: &str) -> Option<Span> {
        let known = self.places.iter().find(|(known, _)| known == pointer);
        known.map(|(_, span)| *span).or(self.origin.span)
    }

    /// Changes the manifest; a change of name or namespace moves the identity.
    pub fn edit(&mut self, change: impl FnOnce(&mut Value)) -> Result<(), NotAnObject> {
        let own = Arc::get_mut(&mut self.manifest).and_then(|manifest| manifest.value.take());
        let mut value = own.unwrap_or_else(|| self.value().clone());
        change(&mut value);
        let key = key_of(&value);
        self.places.clear();
        self.manifest = Arc::new(value.into());
        self.key = key?;
        Ok(())
    }

    /// The manifest as a YAML document.
    pub fn yaml(&self) -> &str {
        let text = &self.manifest.text;
        text.get_or_init(|| Cow::Owned(yaml::document(self.value())))
    }

    /// Shares the manifest of an object that says the same, with its text.
    pub fn share(&mut self, same: &Self) {
        self.manifest = Arc::clone(&same.manifest);
    }

    /// The SHA-256 sum of the YAML document, in hexadecimal digits.
    pub fn digest(&self) -> &str {
        let digest = &self.manifest.digest;
        digest.get_or_init(|| sha256(self.yaml().as_bytes()))
    }

    /// What follows from the manifest alone, such as the meaning of an expression in
    /// it. It is found out once for all copies of the object, also for those in other
    /// bundles; an edit forgets it.
    pub fn derived<T: Any + Send + Sync>(&self, make: impl FnOnce(&Value) -> T) -> Arc<T> {
        if let Some(known) = self.manifest.derived.get() {
            return known;
        }
        // Not under the lock: two threads may do the same work, none has to wait.
        let new = Arc::new(make(self.value()));
        self.manifest.derived.add(&new);
        new
    }

    /// Whether both say the same, whoever asked for them.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.manifest.text.get(), other.manifest.text.get());
        match (ours, theirs) {
            _ if Arc::ptr_eq(&self.manifest, &other.manifest) => true,
            (Some(text), Some(others)) if text == others => true,
            _ => self.value() == other.value(),
        }
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter()
            .try_fold(self.value(), |value, key| value.get(key))
    }
}

/// The SHA-256 sum of some bytes, in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    let digits = |text: String, byte: &u8| text + &format!("{byte:02x}");
    Sha256::digest(bytes).iter().fold(String::new(), digits)
}

fn key_of(value: &Value) -> Result<ObjectKey, NotAnObject> {
    let map = value.as_object().ok_or(NotAnObject::NotAMap)?;
    let text = |value: Option<&Value>, name| {
        value
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .ok_or(NotAnObject::Missing(name))
    };
    let api_version = text(map.get("apiVersion"), "apiVersion")?;
    let metadata = map.get("metadata").unwrap_or(&Value::Null);
    Ok(ObjectKey {
        group: api_version
            .split_once('/')
            .map_or_else(String::new, |(group, _)| group.to_owned()),
        kind: text(map.get("kind"), "kind")?,
        namespace: metadata["namespace"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        name: text(metadata.get("name"), "metadata.name")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn origin() -> Origin {
        Origin {
            component: "test".into(),
            span: None,
        }
    }

    #[test]
    fn the_identity_is_group_kind_namespace_name() {
        let object = Object::new(
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "g", "namespace": "m"}}),
            origin(),
        );
        assert_eq!(object.unwrap().key().to_string(), "Deployment/m/g");
    }

    #[test]
    fn what_is_no_object_says_what_it_lacks() {
        let error = |value| Object::new(value, origin()).unwrap_err().to_string();
        assert_eq!(error(json!([])), "it is not a map");
        assert_eq!(error(json!({"kind": "A"})), "it has no `apiVersion`");
        assert_eq!(
            error(json!({"apiVersion": "v1", "kind": "A", "metadata": {}})),
            "it has no `metadata.name`"
        );
    }

    #[test]
    fn what_follows_from_a_manifest_is_found_out_once() {
        struct Name(String);
        let value = json!({"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}});
        let object = Object::new(value, origin()).unwrap();
        let mut copy = object.clone();
        let mut made = 0;
        let mut name = |object: &Object| {
            let derived = object.derived(|value| {
                made += 1;
                Name(value["metadata"]["name"].to_string())
            });
            derived.0.clone()
        };
        assert_eq!(
            (name(&object), name(&copy)),
            ("\"a\"".into(), "\"a\"".into())
        );
        copy.edit(|value| value["metadata"]["name"] = json!("b"))
            .unwrap();
        assert_eq!(
            (name(&object), name(&copy)),
            ("\"a\"".into(), "\"b\"".into())
        );
        assert_eq!(made, 2);
    }

    #[test]
    fn an_edit_moves_the_identity_and_drops_the_text() {
        let key = ObjectKey {
            group: String::new(),
            kind: "Namespace".into(),
            namespace: String::new(),
            name: "a".into(),
        };
        let text = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a # kept\n";
        let mut object = Object::from_text(key, text, origin());
        assert_eq!(object.yaml(), text);
        object
            .edit(|value| value["metadata"]["name"] = json!("b"))
            .unwrap();
        assert_eq!(object.key().name, "b");
        assert_eq!(
            object.yaml(),
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: b\n"
        );
    }
}
