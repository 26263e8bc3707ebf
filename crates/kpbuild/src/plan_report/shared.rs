//! The changes of one or of many stacks: what is the same in several stacks is
//! there once, with the list of stacks.

use std::collections::BTreeMap;

use kpbuild_cluster::{Action, Plan, Step};

/// What would change, and in which stacks.
#[derive(Debug)]
pub(crate) struct Changes<'a> {
    /// Every stack with its plan, in the order in which they were given.
    pub(crate) stacks: Vec<(&'a str, &'a Plan)>,
    /// Every change once, in the order of the first stack that has it.
    pub(crate) shared: Vec<Shared<'a>>,
}

/// One change of one object.
#[derive(Debug)]
pub(crate) struct Shared<'a> {
    /// The change, as the first of the stacks has it.
    pub(crate) step: &'a Step,
    /// The stacks that have it.
    pub(crate) stacks: Vec<&'a str>,
}

impl<'a> Changes<'a> {
    /// The changes of one stack.
    pub(crate) fn of_one(name: &'a str, plan: &'a Plan) -> Self {
        Self::of(vec![(name, plan)])
    }

    /// The changes of some stacks.
    pub(crate) fn of(stacks: Vec<(&'a str, &'a Plan)>) -> Self {
        let mut shared: Vec<Shared<'a>> = Vec::new();
        let mut of_object: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (name, plan) in &stacks {
            let changing = plan.steps.iter();
            for step in changing.filter(|step| step.action != Action::Unchanged) {
                let known = of_object.entry(&step.object).or_default();
                match known.iter().find(|at| is_same(shared[**at].step, step)) {
                    Some(at) => shared[*at].stacks.push(name),
                    None => {
                        known.push(shared.len());
                        shared.push(Shared {
                            step,
                            stacks: vec![name],
                        });
                    }
                }
            }
        }
        Self { stacks, shared }
    }

    /// Whether it must be said which stacks a change is in.
    pub(crate) fn are_of_many(&self) -> bool {
        self.stacks.len() > 1
    }

    /// The stacks of a change in a few words: `all 50 stacks`, `a, b and c`.
    pub(crate) fn places(&self, stacks: &[&str]) -> String {
        if stacks.len() == self.stacks.len() {
            return format!("all {} stacks", stacks.len());
        }
        listed(stacks, 5)
    }
}

/// The first names of a list and how many more there are.
fn listed(names: &[&str], most: usize) -> String {
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
