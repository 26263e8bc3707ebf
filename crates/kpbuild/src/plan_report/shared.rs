//! The changes of one or of many stacks: what is the same in several stacks is
//! there once, with the list of stacks; objects that only move to another
//! namespace are counted.

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_cluster::{Action, Plan, Step};
use kpbuild_core::ObjectKey;
use serde_json::Value;

/// What would change, and in which stacks.
#[derive(Debug)]
pub(crate) struct Changes<'a> {
    /// Every stack with its plan, in the order in which they were given.
    pub(crate) stacks: Vec<(&'a str, &'a Plan)>,
    /// Every change once, in the order of the first stack that has it; not those
    /// that are a move.
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

/// Objects that are the same but for their namespace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Moved<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    /// How many objects, in each of the stacks.
    pub(crate) objects: usize,
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
            let pairs = moves(plan);
            changes.add_moves(&pairs, &names);
            let keys = pairs
                .iter()
                .flat_map(|(old, new)| [&old.object, &new.object]);
            let moving: BTreeSet<&ObjectKey> = keys.collect();
            let steps = plan.steps.iter();
            let changing = steps
                .filter(|step| step.action != Action::Unchanged && !moving.contains(&step.object));
            for step in changing {
                changes.add(step, &names, of_object.entry(&step.object).or_default());
            }
        }
        changes.sort_stacks(&stacks);
        changes.stacks = stacks;
        changes
    }

    fn add_moves(&mut self, pairs: &[Pair<'a>], names: &[&'a str]) {
        for ((from, to), objects) in counted(pairs) {
            let same = |known: &&mut Moved<'a>| {
                (known.from, known.to, known.objects) == (from, to, objects)
            };
            match self.moved.iter_mut().find(same) {
                Some(known) => known.stacks.extend(names),
                None => self.moved.push(Moved {
                    from,
                    to,
                    objects,
                    stacks: names.to_vec(),
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
        let moved: usize = self.moved.iter().map(|moved| moved.objects).sum();
        self.shared.len() + moved
    }

    /// `1 change`, `12 changes`: how many there are besides moves.
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

/// What moves between namespaces, in words.
pub(crate) fn moved_lines(changes: &Changes<'_>) -> Vec<String> {
    let line = |moved: &Moved<'_>| {
        let (objects, verb) = match moved.objects {
            1 => ("1 object".to_owned(), "moves"),
            objects => (format!("{objects} objects"), "move"),
        };
        let places = changes
            .are_of_many()
            .then(|| format!(" in {}", changes.places(&moved.stacks)));
        format!(
            "{objects} {verb} from namespace {} to {}{}: made anew there, removed here; volumes stay behind",
            moved.from,
            moved.to,
            places.unwrap_or_default()
        )
    };
    changes.moved.iter().map(line).collect()
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
    let comes_or_goes = !matches!(one.action, Action::Update | Action::Replace);
    one.action == other.action
        && one.changes == other.changes
        && one.effects == other.effects
        && one.obstacles == other.obstacles
        && (!comes_or_goes || (&one.before, &one.after) == (&other.before, &other.after))
}

/// An object that goes, and the same one that comes in another namespace.
type Pair<'a> = (&'a Step, &'a Step);

/// The pairs of objects that go and come elsewhere, and all other steps.
pub(crate) fn pairs(plan: &Plan) -> (Vec<Pair<'_>>, Vec<&Step>) {
    let identity = |key: &ObjectKey| (key.group.clone(), key.kind.clone(), key.name.clone());
    let mut gone: BTreeMap<_, Vec<&Step>> = BTreeMap::new();
    let prunes = plan.steps.iter();
    for step in prunes.filter(|step| step.action == Action::Prune) {
        gone.entry(identity(&step.object)).or_default().push(step);
    }
    let new = plan.steps.iter();
    let new = new.filter(|step| step.action == Action::Create);
    let pairs: Vec<Pair<'_>> = new
        .filter_map(|new| {
            let [old] = gone.get(&identity(&new.object))?[..] else {
                return None;
            };
            Some((old, new))
        })
        .filter(|(old, new)| !old.object.namespace.is_empty() && !new.object.namespace.is_empty())
        .collect();
    let keys = pairs
        .iter()
        .flat_map(|(old, new)| [&old.object, &new.object]);
    let paired: BTreeSet<&ObjectKey> = keys.collect();
    let all = plan.steps.iter();
    let single = all.filter(|step| !paired.contains(&step.object)).collect();
    (pairs, single)
}

/// The pairs of an object that goes and the same one that comes elsewhere, without
/// another change.
fn moves(plan: &Plan) -> Vec<Pair<'_>> {
    let (mut pairs, _) = pairs(plan);
    pairs.retain(|(old, new)| is_move(old, new));
    pairs
}

fn counted<'a>(moves: &[(&'a Step, &'a Step)]) -> BTreeMap<(&'a str, &'a str), usize> {
    let mut counts = BTreeMap::new();
    for (old, new) in moves {
        let way = (old.object.namespace.as_str(), new.object.namespace.as_str());
        *counts.entry(way).or_default() += 1;
    }
    counts
}

fn is_move(old: &Step, new: &Step) -> bool {
    let (from, to) = (&old.object.namespace, &new.object.namespace);
    match (&old.before, &new.after) {
        (Some(before), Some(after)) => is_alike(before, after, from, to),
        _ => false,
    }
}

/// Whether two values are the same when one namespace stands for the other one.
pub(crate) fn is_alike(before: &Value, after: &Value, from: &str, to: &str) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            before.len() == after.len()
                && before.iter().all(|(name, value)| {
                    let other = after.get(name);
                    other.is_some_and(|other| is_alike(value, other, from, to))
                })
        }
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len()
                && before
                    .iter()
                    .zip(after)
                    .all(|(before, after)| is_alike(before, after, from, to))
        }
        (Value::String(before), Value::String(after)) => {
            let either = |text: &str| text.replace(from, "\0").replace(to, "\0");
            before == after || either(before) == either(after)
        }
        (before, after) => before == after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kpbuild_cluster::between;
    use kpbuild_core::{Bundle, Diagnostics, Object, Origin};
    use serde_json::json;

    fn bundle(values: Vec<Value>) -> Bundle {
        let origin = Origin {
            component: "test".into(),
            span: None,
        };
        let object = |value| Object::new(value, origin.clone()).expect("cases are whole");
        Bundle::new(
            values.into_iter().map(object).collect(),
            &mut Diagnostics::default(),
        )
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
    fn what_only_moves_is_counted() {
        let plan = between(
            &bundle(vec![map("old", "x", "x.old.svc"), map("old", "y", "1")]),
            &bundle(vec![map("new", "x", "x.new.svc"), map("new", "y", "2")]),
            &[],
        );
        let changes = Changes::of_one("a", &plan);
        assert_eq!(
            moved_lines(&changes),
            [
                "1 object moves from namespace old to new: made anew there, removed here; volumes stay behind"
            ]
        );
        assert_eq!(changes.shared.len(), 2);
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed(&["a", "b"], 2), "a, b");
        assert_eq!(listed(&["a", "b", "c"], 2), "a, b, c");
        assert_eq!(listed(&["a", "b", "c", "d"], 2), "a, b and 2 more");
    }
}
