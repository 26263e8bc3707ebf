//! A record that is read before it is made.

use std::collections::BTreeMap;

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::uses;

pub(super) const CHECK: Check = Check {
    code: Code("record-order"),
    severity: Severity::Warning,
    page: "\
The rules of a group are evaluated from top to bottom. A rule that reads a record
which a later rule of its own group makes sees the value of the evaluation before:
the result lags by a whole interval, and the first one is missing. (Windows of
many evaluations are left alone, and so are records of other groups, which run side
by side.)

To mend it, move the rule below the one that makes the record.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut places: BTreeMap<(_, &str), Vec<usize>> = BTreeMap::new();
    for (index, rule) in facts.rules.iter().enumerate() {
        places
            .entry((rule.object.key(), rule.group))
            .or_default()
            .push(index);
    }
    for indices in places.values() {
        for (place, index) in indices.iter().enumerate() {
            let rule = &facts.rules[*index];
            let Ok(expr) = &rule.expr else { continue };
            // Over a window of many evaluations, one more or less is no matter.
            for name in uses(expr)
                .iter()
                .filter(|one| one.range.is_none())
                .filter_map(|one| one.name())
            {
                let made = |index: &usize| {
                    let other = &facts.rules[*index];
                    !other.is_alert && other.name == name
                };
                let later = indices[place + 1..].iter().any(made);
                // A record of several rules, or of other groups, is there already.
                let only_later = facts.records.get(name).is_some_and(|makers| {
                    makers
                        .iter()
                        .all(|maker| indices[place + 1..].contains(maker))
                });
                if later && only_later {
                    let message = format!(
                        "{} in `{}` reads `{name}`, which a later rule of the group records",
                        rule.words(),
                        rule.object.key()
                    );
                    findings
                        .on_rule(rule, message)
                        .help("move it below the rule that records it");
                }
            }
        }
    }
}
