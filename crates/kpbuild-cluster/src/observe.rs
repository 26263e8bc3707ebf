//! Finds out what the cluster has, and what the server would make of each object
//! of a bundle: one dry run an object, and none for those that nobody has
//! touched since this very manifest was applied.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::{try_join, try_join_all};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use kpbuild_core::{Bundle, Object, ObjectKey};
use serde_json::Value;
use tokio::time::sleep;

use crate::answer::Refusal;
use crate::clean::PART_OF;
use crate::conflict::{Conflict, conflicts};
use crate::error::ClusterError;
use crate::inventory::{Inventory, StackId};
use crate::live::{After, Desired, Live, Missing, Present};
use crate::manifest::{manifest, manifest_digest};
use crate::owners;
use crate::resources::{Resource, Resources, version_of};
use crate::server::{Answer, ApplyAs, Server, labelled};

/// What a run knows about the cluster.
pub(crate) struct Observation {
    pub(crate) resources: Resources,
    pub(crate) inventory: Inventory,
    /// Metadata of the members of the stack's set.
    pub(crate) members: BTreeMap<ObjectKey, Value>,
    /// Namespaces of the bundle that are there.
    pub(crate) namespaces: BTreeSet<String>,
}

/// How an object is applied, but for the question whether it is only asked.
pub(crate) const DRY: ApplyAs = ApplyAs {
    manager: owners::MANAGER,
    dry: true,
    force: false,
};

/// Looks at the cluster as a whole.
pub(crate) async fn observe(
    server: &Server,
    stack: &StackId,
    bundle: &Bundle,
    resources: Resources,
    concurrency: usize,
) -> Result<Observation, ClusterError> {
    let parent = format!(
        "/api/v1/namespaces/{}/secrets/{}",
        stack.namespace,
        stack.parent()
    );
    let parent = server.find(&parent).await.map_err(ClusterError::doing(
        "look for the list of the stack's objects",
    ))?;
    let inventory =
        Inventory::read(parent.as_ref(), stack).map_err(|tool| ClusterError::ForeignSet {
            parent: stack.parent(),
            namespace: stack.namespace.clone(),
            tool,
        })?;
    let namespaces = bundle
        .objects()
        .iter()
        .map(|object| object.key().namespace.clone())
        .filter(|name| !name.is_empty());
    let (members, namespaces) = try_join(
        members(server, stack, &resources, inventory.places(), concurrency),
        existing_namespaces(server, namespaces.collect()),
    )
    .await
    .map_err(ClusterError::doing("look at the objects of the stack"))?;
    if let Some((namespace, _)) = namespaces.iter().find(|(_, terminating)| **terminating) {
        return Err(ClusterError::Terminating {
            namespace: namespace.clone(),
        });
    }
    Ok(Observation {
        resources,
        inventory,
        members,
        namespaces: namespaces.into_keys().collect(),
    })
}

/// The metadata of all objects that carry the mark of the set, of these kinds
/// (group, kind) in these namespaces.
pub(crate) async fn members(
    server: &Server,
    stack: &StackId,
    resources: &Resources,
    wanted: BTreeSet<(String, String, String)>,
    concurrency: usize,
) -> Result<BTreeMap<ObjectKey, Value>, Refusal> {
    let set = stack.set();
    let mut places: BTreeSet<(&Resource, String, String)> = BTreeSet::new();
    for (group, kind, namespace) in wanted {
        if let Some(resource) = resources.preferred(&group, &kind) {
            let namespace = if resource.namespaced {
                namespace
            } else {
                String::new()
            };
            places.insert((resource, kind, namespace));
        }
    }
    let lists = places.into_iter().map(|(resource, kind, namespace)| {
        let path = labelled(resource, &namespace, PART_OF, &set);
        async move {
            let items = server.list_metadata(&path).await?;
            let group = resource.group.clone();
            Ok(items
                .into_iter()
                .map(move |item| (key(&group, &kind, &item), item))
                .collect::<Vec<_>>())
        }
    });
    let lists: Vec<_> = stream::iter(lists)
        .buffered(concurrency)
        .try_collect()
        .await?;
    Ok(lists.into_iter().flatten().collect())
}

fn key(group: &str, kind: &str, item: &Value) -> ObjectKey {
    let text = |field: &str| {
        item["metadata"][field]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    ObjectKey {
        group: group.to_owned(),
        kind: kind.to_owned(),
        namespace: text("namespace"),
        name: text("name"),
    }
}

/// Those of the namespaces that are there, and whether they are on their way out.
async fn existing_namespaces(
    server: &Server,
    names: BTreeSet<String>,
) -> Result<BTreeMap<String, bool>, Refusal> {
    let look = names.into_iter().map(|name| async move {
        let found = match server.find(&format!("/api/v1/namespaces/{name}")).await {
            Ok(found) => found.map(|namespace| namespace["status"]["phase"] == "Terminating"),
            // Who may work in a namespace may not be allowed to look at it.
            Err(refusal) if refusal.code == 403 => Some(false),
            Err(refusal) => return Err(refusal),
        };
        Ok(found.map(|terminating| (name, terminating)))
    });
    Ok(try_join_all(look).await?.into_iter().flatten().collect())
}

/// What the server would make of one object.
pub(crate) struct Question<'a> {
    pub(crate) server: &'a Server,
    pub(crate) observation: &'a Observation,
    pub(crate) set: &'a str,
    pub(crate) take_from: &'a [String],
}

/// The object as it shall be.
pub(crate) fn desired<'a>(object: &'a Object, set: &str) -> Desired<'a> {
    Desired {
        digest: manifest_digest(object, set),
        object,
    }
}

/// Where an object is, in the version that it is written in.
pub(crate) fn resource_of<'r>(resources: &'r Resources, object: &Object) -> Option<&'r Resource> {
    let key = object.key();
    // The texts of definitions are long: their version is known without reading them.
    let version = match key.group.as_str() {
        "apiextensions.k8s.io" => "v1",
        _ => version_of(object.value()),
    };
    resources.of_version(&key.group, &key.kind, version)
}

impl Question<'_> {
    /// Asks about an object, unless the answer is known.
    pub(crate) async fn ask(&self, desired: &Desired<'_>) -> Live {
        let key = desired.key();
        if self.is_untouched(desired) {
            return Live::Untouched(None);
        }
        let Some(resource) = resource_of(&self.observation.resources, desired.object) else {
            return Live::Premature(Missing::Definition);
        };
        if resource.namespaced && !self.observation.namespaces.contains(&key.namespace) {
            return Live::Premature(Missing::Namespace);
        }
        let path = resource.object(&key.namespace, &key.name);
        self.ask_server(&path, &manifest(desired.object, self.set))
            .await
    }

    /// Whether the same manifest was applied before, and the server's note about
    /// kpbuild's fields is still the one of then. Applying it again could not
    /// change anything.
    fn is_untouched(&self, desired: &Desired<'_>) -> bool {
        let record = self.observation.inventory.records.get(desired.key());
        let member = self.observation.members.get(desired.key());
        let (Some(record), Some(member)) = (record, member) else {
            return false;
        };
        record.manifest == desired.digest
            && member["metadata"]["uid"] == *record.uid
            && owners::our_digest(member).is_some_and(|fields| fields == record.fields)
    }

    async fn ask_server(&self, path: &str, manifest: &Value) -> Live {
        // Whoever rolls an object out writes its status many times in a second, and rests in between.
        const ATTEMPTS: u32 = 10;
        const PAUSE: Duration = Duration::from_millis(50);
        for attempt in 1..=ATTEMPTS {
            match self.ask_once(path, manifest).await {
                Ok(Some(live)) => return live,
                Ok(None) => sleep(PAUSE * attempt).await,
                Err(refusal) => return Live::Refused(refusal),
            }
        }
        Live::Refused(Refusal::unreachable(
            "the object changes faster than it can be looked at",
        ))
    }

    /// One look; nothing when the object changed between two requests.
    async fn ask_once(&self, path: &str, manifest: &Value) -> Result<Option<Live>, Refusal> {
        let (refusal, answer) = match self.server.apply(path, manifest, DRY).await {
            Ok(answer) if answer.created => {
                return Ok(Some(Live::Absent {
                    after: answer.value,
                }));
            }
            Ok(answer) if says_unchanged(&answer) => {
                return Ok(Some(Live::Untouched(Some(Box::new(answer.value)))));
            }
            Ok(answer) => (None, Some(answer.value)),
            Err(refusal) => (Some(refusal), None),
        };
        if let Some(refusal) = refusal
            .as_ref()
            .filter(|refusal| !is_about_the_object(refusal))
        {
            return Err(refusal.clone());
        }
        let Some(before) = self.server.find(path).await? else {
            return Ok(None);
        };
        let present = match (answer, refusal) {
            (Some(after), _) if version(&after) == version(&before) => {
                self.present(path, before, after, Vec::new()).await?
            }
            (None, Some(refusal)) => self.refused(path, manifest, before, refusal).await?,
            _ => return Ok(None),
        };
        Ok(Some(Live::Present(Box::new(present))))
    }

    /// An object that cannot be applied as it is: with conflicts, what would
    /// come of it if they were solved; or what cannot change.
    async fn refused(
        &self,
        path: &str,
        manifest: &Value,
        before: Value,
        refusal: Refusal,
    ) -> Result<Present, Refusal> {
        if let Some(fields) = refusal.immutable() {
            return Ok(immutable(before, fields, Vec::new()));
        }
        let conflicts = conflicts(&refusal, &before, manifest);
        let forced = ApplyAs { force: true, ..DRY };
        match self.server.apply(path, manifest, forced).await {
            Ok(answer) => self.present(path, before, answer.value, conflicts).await,
            Err(refusal) => match refusal.immutable() {
                Some(fields) => Ok(immutable(before, fields, conflicts)),
                None => Err(refusal),
            },
        }
    }

    /// When objects of others are taken over, what those had set and the stack
    /// does not render goes. A dry run of an apply cannot show that, one of a
    /// replacement can: the server fills in its defaults where something went.
    async fn present(
        &self,
        path: &str,
        before: Value,
        after: Value,
        conflicts: Vec<Conflict>,
    ) -> Result<Present, Refusal> {
        let after = match owners::take_over(&before, self.take_from) {
            Some(_) => self.without_orphans(path, &before, &after).await?,
            None => After::Changed(after),
        };
        Ok(Present {
            before,
            after,
            conflicts,
        })
    }

    async fn without_orphans(
        &self,
        path: &str,
        before: &Value,
        after: &Value,
    ) -> Result<After, Refusal> {
        let (had, _) = owners::fields_of(before, self.take_from);
        let (_, others) = owners::fields_of(after, self.take_from);
        let wanted = owners::without_orphans(after, &had, &others);
        let replaced = self
            .server
            .replace(&format!("{path}?dryRun=All"), &wanted)
            .await;
        match replaced {
            Ok(answer) => Ok(After::Changed(answer.value)),
            Err(refusal) => match refusal.immutable() {
                Some(fields) => Ok(After::Immutable(fields)),
                None => Err(refusal),
            },
        }
    }
}

/// An object that cannot become what it shall be.
fn immutable(before: Value, fields: Vec<String>, conflicts: Vec<Conflict>) -> Present {
    Present {
        before,
        after: After::Immutable(fields),
        conflicts,
    }
}

/// Whether a dry run has changed nothing: otherwise the server would note that
/// kpbuild changed the object just now, by the clock of this very answer.
fn says_unchanged(answer: &Answer) -> bool {
    const DOUBT: jiff::SignedDuration = jiff::SignedDuration::from_secs(3);
    let (Some(changed), Some(now)) = (owners::our_time(&answer.value), answer.now) else {
        return false;
    };
    older_than(changed, now, DOUBT)
}

fn older_than(time: Timestamp, now: Timestamp, age: jiff::SignedDuration) -> bool {
    now.duration_since(time) > age
}

/// Whether a refusal is about what the object is now, so that it is worth looking at.
fn is_about_the_object(refusal: &Refusal) -> bool {
    refusal.immutable().is_some()
        || refusal
            .causes
            .iter()
            .any(|cause| cause.reason == "FieldManagerConflict")
}

fn version(object: &Value) -> &Value {
    &object["metadata"]["resourceVersion"]
}
