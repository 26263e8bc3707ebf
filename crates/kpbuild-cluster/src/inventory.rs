//! Which objects are a stack's: an apply set, as KEP-3659 specifies it, so that
//! kubectl understands it too.
//!
//! The set's parent is a Secret in the stack's namespace. Its annotations say
//! which kinds and namespaces to look in; its data holds, for each object, by
//! what it is seen that nobody has touched it since it was applied. That part is
//! kpbuild's own and only saves requests: the label on the members is the truth.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kpbuild_core::ObjectKey;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::owners;
use crate::server::Server;

/// Which stack this is, and where it keeps its books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackId {
    /// The stack's name.
    pub name: String,
    /// The namespace that it is installed into.
    pub namespace: String,
}

/// What is remembered about one member of the set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) uid: String,
    /// The digest of the manifest that was applied.
    pub(crate) manifest: String,
    /// The digest of what the server then noted about kpbuild's fields.
    pub(crate) fields: String,
}

/// All members of the set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Inventory {
    pub(crate) records: BTreeMap<ObjectKey, Record>,
    /// Kinds and namespaces in which members may be that nothing is remembered
    /// about: a run was stopped, or another tool has added them.
    pub(crate) kinds: BTreeSet<(String, String)>,
    pub(crate) namespaces: BTreeSet<String>,
    /// Whether the parent is there at all.
    pub(crate) exists: bool,
}

/// Who writes the parent.
pub(crate) const MANAGER: &str = "kpbuild-applyset";
const TOOLING: &str = "kpbuild/v1";
const ID: &str = "applyset.kubernetes.io/id";
const TOOL: &str = "applyset.kubernetes.io/tooling";
const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";
const DATA: &str = "objects";

impl Record {
    /// What the server sent after a manifest was applied, or would have been in vain.
    pub(crate) fn of(object: &Value, manifest: &str) -> Option<Self> {
        Some(Self {
            uid: object["metadata"]["uid"].as_str()?.to_owned(),
            manifest: manifest.to_owned(),
            fields: owners::our_digest(object)?,
        })
    }
}

impl StackId {
    fn of_parent(parent: &Value) -> Option<Self> {
        let text = |field: &str| parent["metadata"][field].as_str();
        Some(Self {
            name: text("name")?.strip_prefix("kpbuild-")?.to_owned(),
            namespace: text("namespace")?.to_owned(),
        })
    }

    /// The name of the parent, and of the lock.
    pub fn parent(&self) -> String {
        format!("kpbuild-{}", self.name)
    }

    /// The identity of the set: what its members carry as a label.
    pub fn set(&self) -> String {
        let text = format!("{}.{}.Secret.", self.parent(), self.namespace);
        format!(
            "applyset-{}-v1",
            URL_SAFE_NO_PAD.encode(Sha256::digest(text))
        )
    }
}

/// The stacks of some sets; none for a set whose parent is gone. Who may not look
/// for parents learns nothing of any.
pub(crate) async fn stacks(
    server: &Server,
    sets: BTreeSet<&str>,
) -> BTreeMap<String, Option<StackId>> {
    let mut stacks = BTreeMap::new();
    for set in sets {
        let id = ID.replace('/', "%2F");
        let path = format!("/api/v1/secrets?labelSelector={id}%3D{set}");
        let Ok(parents) = server.list_metadata(&path).await else {
            continue;
        };
        let stack = parents.first().map(StackId::of_parent);
        // A parent that is not as ours are is there all the same.
        if stack != Some(None) {
            stacks.insert(set.to_owned(), stack.flatten());
        }
    }
    stacks
}

impl Inventory {
    /// Reads the parent. An error is the tool that the set belongs to.
    pub(crate) fn read(parent: Option<&Value>, stack: &StackId) -> Result<Self, String> {
        let Some(parent) = parent else {
            return Ok(Self::default());
        };
        let annotations = &parent["metadata"]["annotations"];
        let tool = annotations[TOOL].as_str().unwrap_or("an unknown tool");
        if !tool.starts_with("kpbuild/") || parent["metadata"]["labels"][ID] != *stack.set() {
            return Err(tool.to_owned());
        }
        let words = |name: &str| {
            let text = annotations[name].as_str().unwrap_or_default().to_owned();
            let words: Vec<String> = text
                .split(',')
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect();
            words
        };
        let namespaces = words(NAMESPACES)
            .into_iter()
            .chain([stack.namespace.clone()]);
        Ok(Self {
            records: records(&parent["data"][DATA]),
            kinds: words(KINDS)
                .iter()
                .map(|word| group_and_kind(word))
                .collect(),
            namespaces: namespaces.collect(),
            exists: true,
        })
    }

    /// The parent as a manifest.
    pub(crate) fn parent(&self, stack: &StackId) -> Value {
        let kinds: BTreeSet<String> = self
            .kinds
            .iter()
            .map(|(group, kind)| kind_dot_group(group, kind))
            .collect();
        let additional: BTreeSet<&String> = self
            .namespaces
            .iter()
            .filter(|name| **name != stack.namespace)
            .collect();
        let list: Vec<(&ObjectKey, &Record)> = self.records.iter().collect();
        let objects = serde_json::to_string(&list).expect("records are JSON");
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "metadata": {
                "name": stack.parent(),
                "namespace": stack.namespace,
                "labels": {ID: stack.set()},
                "annotations": {
                    TOOL: TOOLING,
                    KINDS: joined(kinds),
                    NAMESPACES: joined(additional),
                },
            },
            "data": {DATA: STANDARD.encode(objects)},
        })
    }

    /// Notes kinds and namespaces of objects that are about to be applied.
    pub(crate) fn expect<'a>(&mut self, keys: impl IntoIterator<Item = &'a ObjectKey>) {
        for key in keys {
            self.kinds.insert((key.group.clone(), key.kind.clone()));
            if !key.namespace.is_empty() {
                self.namespaces.insert(key.namespace.clone());
            }
        }
    }

    /// Notes what the server answered to an applied manifest.
    pub(crate) fn record(&mut self, key: &ObjectKey, manifest: &str, answer: &Value) {
        if let Some(record) = Record::of(answer, manifest) {
            self.records.insert(key.clone(), record);
        }
    }

    /// Forgets all kinds and namespaces but those of members.
    pub(crate) fn settle<'a>(&mut self, members: impl IntoIterator<Item = &'a ObjectKey>) {
        let members: BTreeSet<&ObjectKey> = members.into_iter().collect();
        self.records.retain(|key, _| members.contains(key));
        self.kinds.clear();
        self.namespaces.clear();
        self.expect(members);
    }

    /// Kind by kind, the namespaces to look for members in.
    pub(crate) fn places(&self) -> BTreeSet<(String, String, String)> {
        let place = |key: &ObjectKey| (key.group.clone(), key.kind.clone(), key.namespace.clone());
        let mut places: BTreeSet<_> = self.records.keys().map(place).collect();
        let known: BTreeSet<(String, String)> = places
            .iter()
            .map(|(group, kind, _)| (group.clone(), kind.clone()))
            .collect();
        for (group, kind) in self.kinds.iter().filter(|kind| !known.contains(*kind)) {
            for namespace in &self.namespaces {
                places.insert((group.clone(), kind.clone(), namespace.clone()));
            }
        }
        places
    }
}

fn records(data: &Value) -> BTreeMap<ObjectKey, Record> {
    #[derive(Deserialize)]
    struct Key {
        group: String,
        kind: String,
        namespace: String,
        name: String,
    }
    let bytes = data
        .as_str()
        .and_then(|text| STANDARD.decode(text).ok())
        .unwrap_or_default();
    // Books that cannot be read are no books: everything is asked for anew.
    let list: Vec<(Key, Record)> = serde_json::from_slice(&bytes).unwrap_or_default();
    let key = |key: Key| ObjectKey {
        group: key.group,
        kind: key.kind,
        namespace: key.namespace,
        name: key.name,
    };
    list.into_iter()
        .map(|(name, record)| (key(name), record))
        .collect()
}

fn kind_dot_group(group: &str, kind: &str) -> String {
    if group.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}.{group}")
    }
}

fn group_and_kind(word: &str) -> (String, String) {
    let (kind, group) = word.split_once('.').unwrap_or((word, ""));
    (group.to_owned(), kind.to_owned())
}

fn joined<T: ToString>(words: BTreeSet<T>) -> String {
    words
        .into_iter()
        .map(|word| word.to_string())
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack() -> StackId {
        StackId {
            name: "prod".into(),
            namespace: "monitoring".into(),
        }
    }

    fn key(group: &str, kind: &str, namespace: &str) -> ObjectKey {
        ObjectKey {
            group: group.into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: "x".into(),
        }
    }

    #[test]
    fn the_identity_of_a_set_is_the_one_of_the_specification() {
        // echo -n kpbuild-prod.monitoring.Secret. | sha256sum, in base64 for URLs
        assert_eq!(
            stack().set(),
            "applyset-OHOpR_9q3mLAq1HBbOfA_oYvPaoPIt0YkJ0K5Ib96C4-v1"
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut inventory = Inventory {
            exists: true,
            ..Inventory::default()
        };
        let members = [
            key("apps", "Deployment", "monitoring"),
            key("", "Service", "kube-system"),
            key("", "Namespace", ""),
        ];
        let answer = json!({"metadata": {"uid": "1", "managedFields": [{"manager": "kpbuild", "operation": "Apply"}]}});
        inventory.expect(&members);
        inventory.namespaces.insert("monitoring".into());
        inventory.record(&members[0], "digest", &answer);
        let parent = inventory.parent(&stack());
        assert_eq!(
            parent["metadata"]["annotations"][KINDS],
            "Deployment.apps,Namespace,Service"
        );
        assert_eq!(parent["metadata"]["annotations"][NAMESPACES], "kube-system");
        assert_eq!(Inventory::read(Some(&parent), &stack()), Ok(inventory));
    }

    #[test]
    fn the_set_of_another_tool_is_not_touched() {
        let parent = json!({"metadata": {"annotations": {TOOL: "kubectl/v1.34"}}});
        assert_eq!(
            Inventory::read(Some(&parent), &stack()),
            Err("kubectl/v1.34".to_owned())
        );
    }
}
