//! The changes of one or of many stacks: what is the same in several stacks is
//! there once, with the list of stacks; objects that only move to another
//! namespace, or follow it, are counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kpbuild_cluster::{Action, Plan, Step};
use kpbuild_core::ObjectKey;
use serde::Serialize;

use super::GROWS;

/// What would change, and in which stacks.
#[derive(Debug)]
pub(crate) struct Changes<'a> {
    /// Every stack with its plan, in the order in which they were given.
    pub(crate) stacks: Vec<(&'a str, &'a Plan)>,
    /// Every change once, in the order of the first stack that has it; of what
    /// moves, only what is different besides the namespace.
    pub(crate) shared: Vec<Shared<'a>>,
    /// The objects that go from one namespace and come to another one.
    pub(crate) moved: Vec<Moved<'a>>,
}

/// One change of one object.
#[derive(Debug)]
pub(crate) struct Shared<'a> {
    /// The change, as the first of the stacks has it.
    pub(crate) step: &'a Step,
    /// The stacks that have it.
    pub(crate) stacks: Vec<&'a str>,
}

/// What goes from one namespace and comes to another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Moved<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    /// How many objects, in each of the stacks; those that differ in more are among
    /// the changes too.
    pub(crate) objects: usize,
    /// How many of them differ in more than the namespace.
    pub(crate) changed: usize,
    /// How many other objects change only because they name the namespace.
    pub(crate) following: usize,
    /// Whose pods store something.
    #[serde(skip)]
    stores: Vec<String>,
    #[serde(skip)]
    services: usize,
    /// Whether nothing else of the stack is left in the namespace: then it is the
    /// stack's own that is renamed.
    #[serde(skip)]
    is_whole: bool,
    pub(crate) stacks: Vec<&'a str>,
}

impl<'a> Changes<'a> {
    /// The changes of one stack.
    pub(crate) fn of_one(name: &'a str, plan: &'a Plan) -> Self {
        Self::of(vec![(name, plan)])
    }

    /// The changes of some stacks. Where several have one and the same plan, it is
    /// looked at once.
    pub(crate) fn of(stacks: Vec<(&'a str, &'a Plan)>) -> Self {
        let mut changes = Self {
            stacks: Vec::new(),
            shared: Vec::new(),
            moved: Vec::new(),
        };
        let mut of_object: BTreeMap<&ObjectKey, Vec<usize>> = BTreeMap::new();
        for (plan, names) in by_plan(&stacks) {
            let moved = moved(plan);
            let is_told = |step: &&Step| {
                step.action == Action::Unchanged
                    || plan.is_move(step)
                    || moved.iter().any(|one| step.follows(one.from, one.to))
            };
            let steps = plan.steps.iter().filter(|step| !is_told(step));
            let moving = plan.moves.iter().filter(|step| differs(step));
            for step in moving.chain(steps) {
                changes.add(step, &names, of_object.entry(&step.object).or_default());
            }
            changes.add_moves(moved, &names);
        }
        changes.sort_stacks(&stacks);
        changes.stacks = stacks;
        changes
    }

    fn add_moves(&mut self, moved: Vec<Moved<'a>>, names: &[&'a str]) {
        for new in moved {
            let same = |known: &&mut Moved<'a>| {
                let stacks = known.stacks.clone();
                **known
                    == Moved {
                        stacks,
                        ..new.clone()
                    }
            };
            match self.moved.iter_mut().find(same) {
                Some(known) => known.stacks.extend(names),
                None => self.moved.push(Moved {
                    stacks: names.to_vec(),
                    ..new
                }),
            }
        }
    }

    /// Adds a change; `known` are those of the same object.
    fn add(&mut self, step: &'a Step, names: &[&'a str], known: &mut Vec<usize>) {
        let same = known
            .iter()
            .find(|at| is_same(self.shared[**at].step, step));
        if let Some(at) = same {
            self.shared[*at].stacks.extend(names);
        } else {
            known.push(self.shared.len());
            self.shared.push(Shared {
                step,
                stacks: names.to_vec(),
            });
        }
    }

    /// Puts the stacks of every change into their order.
    fn sort_stacks(&mut self, stacks: &[(&'a str, &'a Plan)]) {
        let places: BTreeMap<&str, usize> = stacks
            .iter()
            .enumerate()
            .map(|(place, (name, _))| (*name, place))
            .collect();
        let of_shared = self.shared.iter_mut().map(|one| &mut one.stacks);
        let of_moved = self.moved.iter_mut().map(|one| &mut one.stacks);
        for names in of_shared.chain(of_moved) {
            names.sort_by_key(|name| places.get(name));
        }
    }

    /// Whether nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.moved.is_empty()
    }

    /// How many changes there are, each counted once.
    pub(crate) fn count(&self) -> usize {
        let moved = self.moved.iter();
        let moved = moved.map(|moved| moved.objects - moved.changed + moved.following);
        self.shared.len() + moved.sum::<usize>()
    }

    /// `1 change`, `12 changes`: how many there are besides what only moves.
    pub(crate) fn count_words(&self) -> String {
        match self.shared.len() {
            1 => "1 change".to_owned(),
            count => format!("{count} changes"),
        }
    }

    /// Whether it must be said which stacks a change is in.
    pub(crate) fn are_of_many(&self) -> bool {
        self.stacks.len() > 1
    }

    /// The stacks of a change in a few words: `all 50 stacks`, `a, b and 9 more`.
    pub(crate) fn places(&self, stacks: &[&str]) -> String {
        if stacks.len() == self.stacks.len() {
            return format!("all {} stacks", stacks.len());
        }
        listed(stacks, 5)
    }
}

/// The stacks that have one plan, in the order of the first of them.
fn by_plan<'a>(stacks: &[(&'a str, &'a Plan)]) -> Vec<(&'a Plan, Vec<&'a str>)> {
    let mut plans: Vec<(&Plan, Vec<&str>)> = Vec::new();
    for (name, plan) in stacks {
        match plans
            .iter_mut()
            .find(|(known, _)| std::ptr::eq(*known, *plan))
        {
            Some((_, names)) => names.push(name),
            None => plans.push((plan, vec![name])),
        }
    }
    plans
}

/// What moves in a plan, by namespaces.
fn moved(plan: &Plan) -> Vec<Moved<'_>> {
    let mut all: BTreeMap<(&str, &str), Moved<'_>> = BTreeMap::new();
    for step in &plan.moves {
        let (from, to) = way(step);
        let moved = all.entry((from, to)).or_default();
        (moved.from, moved.to) = (from, to);
        moved.objects += 1;
        moved.changed += usize::from(differs(step));
        moved.services += usize::from(step.object.kind == "Service");
        if STORES.contains(&step.object.kind.as_str()) {
            let key = &step.object;
            moved.stores.push(format!("{}/{}", key.kind, key.name));
        }
    }
    for moved in all.values_mut() {
        let steps = plan.steps.iter();
        let following = steps.filter(|step| step.follows(moved.from, moved.to));
        moved.following = following.count();
        let goes = |step: &Step| matches!(step.action, Action::Prune | Action::Keep);
        let mut left = plan.steps.iter();
        moved.is_whole = left.all(|step| goes(step) || step.object.namespace != moved.from);
    }
    all.into_values().collect()
}

/// Kinds whose pods store something, and what they store it on.
const STORES: [&str; 5] = [
    "Prometheus",
    "Alertmanager",
    "ThanosRuler",
    "StatefulSet",
    "PersistentVolumeClaim",
];

/// The namespaces of an object that moves: from, to.
fn way(step: &Step) -> (&str, &str) {
    let from = step.moved_from.as_deref().unwrap_or_default();
    (from, &step.object.namespace)
}

/// Whether an object that moves is another one there.
fn differs(step: &Step) -> bool {
    !step.changes.is_empty()
}

impl Moved<'_> {
    /// What moves, in words.
    pub(crate) fn phrase(&self, changes: &Changes<'_>) -> String {
        let objects = |count| match count {
            1 => "1 object".to_owned(),
            count => format!("{count} objects"),
        };
        let verb = if self.objects == 1 { "moves" } else { "move" };
        let places = changes
            .are_of_many()
            .then(|| format!(" in {}", changes.places(&self.stacks)));
        let mut text = format!(
            "{} {verb} from namespace {} to {}{}",
            objects(self.objects),
            self.from,
            self.to,
            places.unwrap_or_default()
        );
        if self.changed > 0 {
            write!(text, ", {} with other changes", self.changed).expect(GROWS);
        }
        if self.following > 0 {
            let verb = if self.following == 1 { "names" } else { "name" };
            let others = objects(self.following);
            write!(text, "; {others} elsewhere {verb} the new namespace").expect(GROWS);
        }
        text
    }

    /// What that means, a line each.
    pub(crate) fn meaning(&self) -> Vec<String> {
        let (from, to) = (self.from, self.to);
        let mut lines = vec![format!(
            "nothing can be moved in a cluster: they are made anew in {to} and removed from {from}"
        )];
        if !self.stores.is_empty() {
            let stores: Vec<&str> = self.stores.iter().map(String::as_str).collect();
            lines.push(format!(
                "volumes stay behind: {} begin without what they have stored",
                listed(&stores, 5)
            ));
        }
        if self.services > 0 {
            lines.push(format!(
                "whoever reaches Services as NAME.{from}.svc must use NAME.{to}.svc"
            ));
        }
        if self.is_whole {
            lines.push(format!(
                "`kpbuild apply` takes it for another installation and writes nothing while the one in {from} is \
                 there: `kpbuild delete` that one first, with the stack file as it was; nothing is watched until the \
                 new one is ready"
            ));
        }
        lines
    }
}

/// The first names of a list and how many more there are.
pub(crate) fn listed(names: &[&str], most: usize) -> String {
    // `and 1 more` takes more room than the name.
    let shown = if names.len() == most + 1 {
        names.len()
    } else {
        most.min(names.len())
    };
    let list = names[..shown].join(", ");
    match names.len() - shown {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}

/// Whether the same is done for the same reasons: other fields of the objects
/// may differ between stacks.
fn is_same(one: &Step, other: &Step) -> bool {
    let comes_or_goes = !matches!(one.action, Action::Update | Action::Replace | Action::Move);
    one.action == other.action
        && one.moved_from == other.moved_from
        && one.changes == other.changes
        && one.effects == other.effects
        && one.obstacles == other.obstacles
        && (!comes_or_goes || (&one.before, &one.after) == (&other.before, &other.after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kpbuild_cluster::between;
    use kpbuild_core::Bundle;
    use serde_json::{Value, json};

    fn bundle(values: Vec<Value>) -> Bundle {
        Bundle::of_manifests("test", values).expect("cases are whole")
    }

    fn map(namespace: &str, name: &str, text: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {"a": text}})
    }

    #[test]
    fn what_is_the_same_in_several_stacks_is_there_once() {
        let plan = |after: &str| {
            between(
                &bundle(vec![map("m", "x", "old"), map("m", "same", "")]),
                &bundle(vec![map("m", "x", after), map("m", "same", "")]),
                &[],
            )
        };
        let (one, two, three) = (plan("new"), plan("new"), plan("other"));
        let changes = Changes::of(vec![("one", &one), ("two", &two), ("three", &three)]);
        let stacks: Vec<_> = changes.shared.iter().map(|one| &one.stacks[..]).collect();
        assert_eq!(stacks, [&["one", "two"][..], &["three"]]);
        assert_eq!(changes.count(), 2);
    }

    #[test]
    fn what_moves_is_counted_and_shown_where_it_differs() {
        let plan = between(
            &bundle(vec![
                map("old", "x", "x.old.svc"),
                map("old", "y", "1"),
                map("m", "z", "x.old.svc"),
            ]),
            &bundle(vec![
                map("new", "x", "x.new.svc"),
                map("new", "y", "2"),
                map("m", "z", "x.new.svc"),
            ]),
            &[],
        );
        let changes = Changes::of_one("a", &plan);
        let [moved] = &changes.moved[..] else {
            panic!("{:?}", changes.moved);
        };
        assert_eq!(
            moved.phrase(&changes),
            "2 objects move from namespace old to new, 1 with other changes; 1 object elsewhere names the new namespace"
        );
        let apply = |line: &String| line.contains("`kpbuild apply`");
        assert!(moved.meaning().iter().any(apply), "{:?}", moved.meaning());
        let shown: Vec<String> = changes
            .shared
            .iter()
            .map(|change| change.step.object.to_string())
            .collect();
        assert_eq!(shown, ["ConfigMap/new/y"]);
        assert_eq!(changes.count(), 3);
    }

    #[test]
    fn a_stack_that_stays_is_no_other_installation() {
        let plan = between(
            &bundle(vec![map("old", "x", ""), map("old", "y", "")]),
            &bundle(vec![map("new", "x", ""), map("old", "y", "")]),
            &[],
        );
        let changes = Changes::of_one("a", &plan);
        assert_eq!(
            changes.moved[0].meaning(),
            ["nothing can be moved in a cluster: they are made anew in new and removed from old"]
        );
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed(&["a", "b"], 2), "a, b");
        assert_eq!(listed(&["a", "b", "c"], 2), "a, b, c");
        assert_eq!(listed(&["a", "b", "c", "d"], 2), "a, b and 2 more");
    }
}
