//! What would happen to each object, what that means, and what stands against it.
//!
//! Pure: made of a bundle, of what the cluster has, and of what the user has
//! allowed. Values of Secrets are hidden in everything that can be shown.

use std::collections::BTreeMap;

use kpbuild_core::bundle::Phase;
use kpbuild_core::{Object, ObjectKey, Origin};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clean::{PART_OF, clean, mask};
use crate::compare::{FieldChange, compare};
use crate::conflict::{Conflict, masked};
use crate::effects::{Changed, Effect, EffectKind, effects, effects_of_new, what_goes_with};
use crate::inventory::{Record, StackId};
use crate::live::{After, Desired, Live, Missing, Present};
use crate::owners;
use crate::pattern::{Pattern, names};

/// What would happen, object by object, in the order in which it would.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Plan {
    /// One step an object; those that go come last.
    pub steps: Vec<Step>,
    /// The objects that come and go only because they move to another namespace,
    /// with what else differs in them. Their steps are among the others too; only
    /// a plan that was made without a cluster knows them.
    #[serde(skip)]
    pub moves: Vec<Step>,
}

/// What would happen to one object.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// The object.
    pub object: ObjectKey,
    /// When it is its turn.
    #[serde(skip)]
    pub phase: Phase,
    /// What would be done.
    pub action: Action,
    /// The namespace from which it moves, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<String>,
    /// The fields that differ, without noise.
    pub changes: Vec<FieldChange>,
    /// What that means.
    pub effects: Vec<Effect>,
    /// What stands against it.
    pub obstacles: Vec<Obstacle>,
    /// Whether the server could not judge the object, because the definition of
    /// its kind or its namespace is still to come.
    #[serde(skip)]
    pub is_premature: bool,
    /// The object now and then, without noise and secrets, for a line diff.
    #[serde(skip)]
    pub before: Option<Value>,
    /// See `before`.
    #[serde(skip)]
    pub after: Option<Value>,
    /// Who asked for it; nobody asks for an object that goes.
    #[serde(skip)]
    pub origin: Option<Origin>,
    /// What the user is shown, so that nothing else is done.
    #[serde(skip)]
    pub(crate) approved: Approved,
}

/// By what an object is known again between the plan and its execution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Approved {
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
    /// A digest of the object as it will be, without noise.
    pub(crate) after: Option<String>,
    /// What the books lack about an object that does not change.
    pub(crate) record: Option<Record>,
}

/// What would be done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is made.
    Create,
    /// Some of its fields change.
    Update,
    /// It is deleted and made anew, because a field that changes cannot.
    Replace,
    /// It becomes the stack's without any change.
    Adopt,
    /// It goes from one namespace and comes to another one: never a step, only
    /// one of [`Plan::moves`].
    Move,
    /// Nothing.
    Unchanged,
    /// It goes: the stack no longer renders it.
    Prune,
    /// It should go, but data would go with it and nobody has named it.
    Keep,
    /// Nobody knows: the server does not take it, or does not tell.
    Unknown,
}

/// What stands against a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Obstacle {
    /// Others have set fields to something else.
    Conflicts {
        /// Which fields, and who.
        fields: Vec<Conflict>,
    },
    /// The object was there before, made by others.
    NotOurs {
        /// Who owns its fields.
        owners: Vec<String>,
    },
    /// The object belongs to another stack, or to a set of another tool.
    OtherSet {
        /// The identity of that set.
        set: String,
        /// The stack, if it is one of kpbuild's and may be seen.
        #[serde(skip_serializing_if = "Option::is_none")]
        stack: Option<StackId>,
    },
    /// The aggregated API is served by somebody else.
    OtherService {
        /// Namespace and name of that service.
        service: String,
    },
    /// Fields that change cannot, so the object must be replaced.
    NeedsReplace {
        /// The fields, as the server names them.
        fields: Vec<String>,
    },
    /// Data goes with the object that must be replaced.
    LosesData,
    /// Neither the cluster nor the stack has a definition of the kind.
    NoDefinition,
    /// The server does not take it, or does not answer.
    Refused {
        /// The status code, 0 without an answer.
        code: u16,
        /// Its message.
        message: String,
    },
}

/// What the user has allowed, and whose objects these are.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    /// The identity of the stack's own set of objects.
    pub set: String,
    /// Other sets and their stacks, as far as they are known; one without a stack is
    /// no more, and what its deletion has kept is nobody's.
    pub others: BTreeMap<String, Option<StackId>>,
    /// Managers whose fields and objects may be taken over.
    pub take_from: Vec<String>,
    /// Objects that may be deleted and made anew.
    pub replace: Vec<Pattern>,
    /// Objects that may go although data goes with them.
    pub delete_data: Vec<Pattern>,
}

impl Plan {
    /// Whether anything at all would be done, or should and cannot.
    pub fn is_empty(&self) -> bool {
        self.steps
            .iter()
            .all(|step| matches!(step.action, Action::Unchanged | Action::Keep))
    }

    /// How many objects have an action.
    pub fn count(&self, action: Action) -> usize {
        self.steps
            .iter()
            .filter(|step| step.action == action)
            .count()
    }

    /// Whether something stands against it.
    pub fn has_obstacles(&self) -> bool {
        self.steps.iter().any(|step| !step.obstacles.is_empty())
    }

    /// The steps about which the server could not or would not tell.
    pub fn refused(&self) -> impl Iterator<Item = &Step> {
        self.steps
            .iter()
            .filter(|step| step.action == Action::Unknown)
    }
}

/// The step of an object that the stack renders. `defined` says whether the
/// bundle itself brings the definition of a kind that is missing.
pub(crate) fn step(desired: &Desired<'_>, live: &Live, defined: bool, allowed: &Allowed) -> Step {
    let object = desired.object;
    let mut step = match live {
        Live::Untouched(_) => bare(object.key(), Action::Unchanged),
        Live::Absent { after } => create(object, after),
        Live::Premature(missing) => premature(object, *missing, defined),
        Live::Present(present) => existing(object, present, allowed),
        Live::Refused(refusal) => refused(object.key(), refusal.code, refusal.to_string()),
    };
    step.origin = Some(object.origin.clone());
    if step.action == Action::Unchanged {
        step.approved.record = record(live, &desired.digest);
    }
    step
}

/// The step of an object that the stack no longer renders.
pub(crate) fn removal(key: &ObjectKey, live: &Value, allowed: &Allowed) -> Step {
    let kept = what_goes_with(key).is_some() && !names(&allowed.delete_data, key);
    let (before, _) = shown(live, &Value::Null);
    let changed = Changed {
        key,
        before: &before,
        after: None,
        changes: &[],
    };
    let mut meaning = effects(&changed);
    if kept {
        for effect in &mut meaning {
            effect.text = format!("stays, because its removal {}", effect.text);
        }
    }
    Step {
        effects: meaning,
        approved: approved(live, None),
        before: Some(before),
        ..bare(key, if kept { Action::Keep } else { Action::Prune })
    }
}

/// A step that says only what is done with which object.
pub(crate) fn bare(key: &ObjectKey, action: Action) -> Step {
    Step {
        object: key.clone(),
        phase: Phase::of(key),
        action,
        moved_from: None,
        changes: Vec::new(),
        effects: Vec::new(),
        obstacles: Vec::new(),
        is_premature: false,
        before: None,
        after: None,
        origin: None,
        approved: Approved::default(),
    }
}

/// The step of an object that is not there yet.
pub(crate) fn create(object: &Object, after: &Value) -> Step {
    let (_, masked) = shown(&Value::Null, after);
    Step {
        effects: effects_of_new(object.key(), &masked),
        approved: Approved {
            after: Some(fingerprint(after)),
            ..Approved::default()
        },
        after: Some(masked),
        ..bare(object.key(), Action::Create)
    }
}

/// An object that the server cannot judge yet is created as it is rendered.
fn premature(object: &Object, missing: Missing, defined: bool) -> Step {
    let (_, masked) = shown(&Value::Null, object.value());
    let unknown = missing == Missing::Definition && !defined;
    Step {
        is_premature: true,
        effects: effects_of_new(object.key(), &masked),
        after: Some(masked),
        obstacles: if unknown {
            vec![Obstacle::NoDefinition]
        } else {
            Vec::new()
        },
        ..bare(object.key(), Action::Create)
    }
}

fn existing(object: &Object, present: &Present, allowed: &Allowed) -> Step {
    let (after, immutable) = match &present.after {
        After::Changed(after) => (after, None),
        After::Immutable(fields) => (object.value(), Some(fields)),
    };
    let (before, masked) = shown(&present.before, after);
    let mut changes = compare(&before, &masked);
    if immutable.is_some() {
        // The manifest has no defaults: what it does not say does not go.
        changes.retain(|change| change.after.is_some());
    }
    let action = match immutable {
        Some(_) => Action::Replace,
        None if !changes.is_empty() => Action::Update,
        None if !is_member(&present.before, allowed) => Action::Adopt,
        None => Action::Unchanged,
    };
    let mut meaning = effects(&Changed {
        key: object.key(),
        before: &before,
        after: Some(&masked),
        changes: &changes,
    });
    if let Some(fields) = immutable {
        meaning.splice(0..0, replacement(object.key(), fields));
    }
    Step {
        effects: meaning,
        obstacles: obstacles(object, present, immutable, allowed),
        approved: approved(&present.before, immutable.is_none().then_some(after)),
        changes,
        before: Some(before),
        after: Some(masked),
        ..bare(object.key(), action)
    }
}

/// What it means that an object goes before it comes again.
pub(crate) fn replacement(key: &ObjectKey, fields: &[String]) -> Vec<Effect> {
    let text = format!(
        "is deleted and created anew, because `{}` cannot change",
        fields.join("`, `")
    );
    let mut effects = vec![Effect::new(EffectKind::Replace, text)];
    if Phase::of(key) == Phase::Workload {
        let text = "all its pods end before the first new one starts";
        effects.push(Effect::new(EffectKind::Restart, text));
    }
    effects.extend(what_goes_with(key).map(|text| Effect::new(EffectKind::Data, text)));
    effects
}

/// Whether the object carries the mark of the stack's own set, and kpbuild's name.
fn is_member(live: &Value, allowed: &Allowed) -> bool {
    set_of(live) == Some(&allowed.set) && owners::is_ours(live)
}

/// The set that an object belongs to.
pub(crate) fn set_of(object: &Value) -> Option<&str> {
    object["metadata"]["labels"][PART_OF].as_str()
}

fn obstacles(
    object: &Object,
    present: &Present,
    immutable: Option<&Vec<String>>,
    allowed: &Allowed,
) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    let live = &present.before;
    if let Some(service) = other_service(object, live) {
        return vec![Obstacle::OtherService { service }];
    }
    let is_gone = |set: &str| matches!(allowed.others.get(set), Some(None));
    if let Some(set) = set_of(live).filter(|set| *set != allowed.set && !is_gone(set)) {
        return vec![Obstacle::OtherSet {
            set: set.to_owned(),
            stack: allowed.others.get(set).cloned().flatten(),
        }];
    }
    let owners = owners::owners(live);
    let taken = |manager: &String| allowed.take_from.contains(manager);
    if !owners::is_ours(live) && !owners.iter().any(taken) {
        obstacles.push(Obstacle::NotOurs { owners });
    }
    let fields: Vec<Conflict> = present
        .conflicts
        .iter()
        .filter(|conflict| !taken(&conflict.manager))
        .cloned()
        .collect();
    if !fields.is_empty() {
        let fields = masked(&fields, object.kind());
        obstacles.push(Obstacle::Conflicts { fields });
    }
    let key = object.key();
    if let Some(fields) = immutable.filter(|_| !names(&allowed.replace, key)) {
        obstacles.push(Obstacle::NeedsReplace {
            fields: fields.clone(),
        });
    }
    let loses_data = immutable.is_some() && what_goes_with(key).is_some();
    if loses_data && !names(&allowed.delete_data, key) {
        obstacles.push(Obstacle::LosesData);
    }
    obstacles
}

/// The foreign service behind an aggregated API that the stack would redirect.
/// Taking it over would break whoever relies on it, so it is never allowed.
fn other_service(object: &Object, live: &Value) -> Option<String> {
    if object.kind() != "APIService" || owners::is_ours(live) {
        return None;
    }
    let service = |object: &Value| {
        let service = &object["spec"]["service"];
        let part = |field: &str| service[field].as_str().unwrap_or("?").to_owned();
        format!("{}/{}", part("namespace"), part("name"))
    };
    let theirs = service(live);
    (theirs != service(object.value())).then_some(theirs)
}

fn refused(key: &ObjectKey, code: u16, message: String) -> Step {
    Step {
        obstacles: vec![Obstacle::Refused { code, message }],
        ..bare(key, Action::Unknown)
    }
}

fn approved(live: &Value, after: Option<&Value>) -> Approved {
    let text = |field: &str| live["metadata"][field].as_str().map(str::to_owned);
    Approved {
        uid: text("uid"),
        resource_version: text("resourceVersion"),
        after: after.map(fingerprint),
        record: None,
    }
}

/// What to remember of an object that is as it shall be, unless it is known.
fn record(live: &Live, manifest: &str) -> Option<Record> {
    match live {
        Live::Untouched(object) => Record::of(object.as_deref()?, manifest),
        Live::Present(present) => Record::of(&present.before, manifest),
        _ => None,
    }
}

/// By what two objects are the same to a user: all but noise.
pub(crate) fn fingerprint(object: &Value) -> String {
    owners::digest(clean(object).to_string().as_bytes())
}

/// Both sides as they may be shown.
pub(crate) fn shown(before: &Value, after: &Value) -> (Value, Value) {
    let (mut before, mut after) = (clean(before), clean(after));
    mask(&mut before, &mut after);
    (before, after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Refusal;
    use serde_json::json;

    #[expect(clippy::needless_pass_by_value, reason = "cases read better")]
    fn manifest(spec: Value) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "g", "namespace": "m"}, "spec": spec})
    }

    fn live(spec: Value, manager: &str, set: &str) -> Value {
        let mut object = manifest(spec);
        object["metadata"]["resourceVersion"] = json!("7");
        object["metadata"]["labels"] = json!({PART_OF: set});
        object["metadata"]["managedFields"] =
            json!([{"manager": manager, "operation": "Apply", "fieldsV1": {"f:spec": {}}}]);
        object
    }

    fn allowed() -> Allowed {
        Allowed {
            set: "ours".into(),
            others: BTreeMap::from([("gone".to_owned(), None)]),
            take_from: vec!["helm".into()],
            replace: vec!["deployment/replaceable".parse().unwrap()],
            delete_data: vec!["namespace/named".parse().unwrap()],
        }
    }

    fn check(live: &Live) -> Step {
        let origin = Origin {
            component: "grafana".into(),
            span: None,
        };
        let object = Object::new(manifest(json!({"replicas": 2})), origin).unwrap();
        let desired = Desired {
            object: &object,
            digest: String::new(),
        };
        step(&desired, live, false, &allowed())
    }

    fn present(before: Value, after: Value, conflicts: Vec<Conflict>) -> Live {
        Live::Present(Box::new(Present {
            before,
            after: After::Changed(after),
            conflicts,
        }))
    }

    #[test]
    fn an_object_that_changes_is_updated() {
        let (before, after) = (json!({"replicas": 1}), json!({"replicas": 2}));
        let step = check(&present(
            live(before, "kpbuild", "ours"),
            live(after, "kpbuild", "ours"),
            vec![],
        ));
        assert_eq!(step.action, Action::Update);
        assert_eq!(step.changes[0].path.to_string(), "spec.replicas");
        assert_eq!(step.effects[0].text, "scales from 1 to 2 replicas");
        assert_eq!(step.approved.resource_version.as_deref(), Some("7"));
        assert!(step.obstacles.is_empty());
    }

    #[test]
    fn an_object_that_is_as_it_shall_be_is_unchanged() {
        let same = || live(json!({"replicas": 2}), "kpbuild", "ours");
        assert_eq!(
            check(&present(same(), same(), vec![])).action,
            Action::Unchanged
        );
        assert_eq!(check(&Live::Untouched(None)).action, Action::Unchanged);
    }

    #[test]
    fn nothing_is_taken_from_others_without_a_word() {
        let same = |manager| live(json!({"replicas": 2}), manager, "ours");
        let step = check(&present(same("kubectl"), same("kubectl"), vec![]));
        assert_eq!(step.action, Action::Adopt);
        assert_eq!(
            step.obstacles,
            [Obstacle::NotOurs {
                owners: vec!["kubectl".into()]
            }]
        );
        assert!(
            check(&present(same("helm"), same("helm"), vec![]))
                .obstacles
                .is_empty()
        );
        let other = live(json!({"replicas": 2}), "kpbuild", "theirs");
        let step = check(&present(other.clone(), other, vec![]));
        assert_eq!(
            step.obstacles,
            [Obstacle::OtherSet {
                set: "theirs".into(),
                stack: None,
            }]
        );
        let left = live(json!({"replicas": 2}), "kpbuild", "gone");
        let step = check(&present(left.clone(), left, vec![]));
        assert_eq!((step.action, step.obstacles), (Action::Adopt, Vec::new()));
    }

    #[test]
    fn conflicts_are_obstacles_until_their_manager_is_named() {
        let conflict = |manager: &str| Conflict {
            field: ".spec.replicas".into(),
            manager: manager.into(),
            theirs: Some(json!(1)),
            ours: Some(json!(2)),
        };
        let same = || live(json!({"replicas": 1}), "kpbuild", "ours");
        let step = check(&present(
            same(),
            same(),
            vec![conflict("edit"), conflict("helm")],
        ));
        assert_eq!(
            step.obstacles,
            [Obstacle::Conflicts {
                fields: vec![conflict("edit")]
            }]
        );
    }

    #[test]
    fn what_cannot_change_must_be_replaced() {
        let present = Present {
            before: live(json!({"selector": "a"}), "kpbuild", "ours"),
            after: After::Immutable(vec!["spec.selector".into()]),
            conflicts: vec![],
        };
        let step = check(&Live::Present(Box::new(present)));
        assert_eq!(step.action, Action::Replace);
        assert_eq!(
            step.effects[0].text,
            "is deleted and created anew, because `spec.selector` cannot change"
        );
        assert_eq!(
            step.effects[1].text,
            "all its pods end before the first new one starts"
        );
        assert_eq!(
            step.obstacles,
            [Obstacle::NeedsReplace {
                fields: vec!["spec.selector".into()]
            }]
        );
    }

    #[test]
    fn what_holds_data_is_replaced_only_when_its_data_may_go() {
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "g", "namespace": "m"}});
        let origin = Origin {
            component: "grafana".into(),
            span: None,
        };
        let object = Object::new(claim.clone(), origin).unwrap();
        let desired = Desired {
            object: &object,
            digest: String::new(),
        };
        let mut before = claim;
        before["metadata"]["managedFields"] =
            json!([{"manager": "kpbuild", "operation": "Apply", "fieldsV1": {"f:spec": {}}}]);
        let present = Live::Present(Box::new(Present {
            before,
            after: After::Immutable(vec!["spec".into()]),
            conflicts: vec![],
        }));
        let pattern = || vec!["persistentvolumeclaim/g".parse().unwrap()];
        let replaceable = Allowed {
            replace: pattern(),
            ..Allowed::default()
        };
        let obstacles = |allowed| step(&desired, &present, false, &allowed).obstacles;
        assert_eq!(obstacles(replaceable.clone()), [Obstacle::LosesData]);
        let named = Allowed {
            delete_data: pattern(),
            ..replaceable
        };
        assert_eq!(obstacles(named), []);
    }

    #[test]
    fn a_new_object_says_who_may_do_more() {
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]});
        let origin = Origin {
            component: "prometheus".into(),
            span: None,
        };
        let object = Object::new(role.clone(), origin).unwrap();
        let desired = Desired {
            object: &object,
            digest: String::new(),
        };
        let step = step(&desired, &Live::Absent { after: role }, false, &allowed());
        assert_eq!(step.effects[0].text, "grants `get pods`");
    }

    #[test]
    fn what_is_not_there_yet_is_created() {
        assert_eq!(
            check(&Live::Premature(Missing::Namespace)).action,
            Action::Create
        );
        assert!(
            check(&Live::Premature(Missing::Namespace))
                .obstacles
                .is_empty()
        );
        assert_eq!(
            check(&Live::Premature(Missing::Definition)).obstacles,
            [Obstacle::NoDefinition]
        );
    }

    #[test]
    fn a_refusal_is_not_silence() {
        let refusal = Refusal::read(403, b"{\"message\": \"no\"}");
        let step = check(&Live::Refused(refusal));
        assert_eq!(step.action, Action::Unknown);
    }

    #[test]
    fn what_takes_data_with_it_goes_only_by_name() {
        let removal = |name: &str| {
            let key = ObjectKey {
                group: String::new(),
                kind: "Namespace".into(),
                namespace: String::new(),
                name: name.into(),
            };
            removal(
                &key,
                &json!({"kind": "Namespace", "metadata": {"name": name}}),
                &allowed(),
            )
            .action
        };
        assert_eq!(removal("named"), Action::Prune);
        assert_eq!(removal("other"), Action::Keep);
    }

    #[test]
    fn an_api_service_of_others_is_never_taken() {
        let api = |service: &str| json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1beta1.metrics.k8s.io", "managedFields": [{"manager": "helm", "operation": "Update", "fieldsV1": {"f:spec": {}}}]}, "spec": {"service": {"namespace": "kube-system", "name": service}}});
        let origin = Origin {
            component: "adapter".into(),
            span: None,
        };
        let object = Object::new(api("adapter"), origin).unwrap();
        let desired = Desired {
            object: &object,
            digest: String::new(),
        };
        let live = present(api("metrics-server"), api("adapter"), vec![]);
        let step = step(&desired, &live, false, &allowed());
        let service = "kube-system/metrics-server".to_owned();
        assert_eq!(step.obstacles, [Obstacle::OtherService { service }]);
    }
}
