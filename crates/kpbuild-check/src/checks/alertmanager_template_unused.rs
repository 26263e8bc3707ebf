//! A template of notifications that nothing uses.

use std::collections::BTreeSet;

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::notifications::{self, Notifications, defaults};

pub(super) const CHECK: Check = Check {
    code: Code("alertmanager-template-unused"),
    severity: Severity::Warning,
    page: "\
A template of notifications is used by no receiver and by no other template that
is used, or its file is mounted and not named by `templates` of the configuration:
messages look as if it were not there. One that has the name of a template which
Alertmanager comes with (`slack.default.text`) replaces that one and is used.
AlertmanagerConfig objects outside of the bundle may use templates too.

To mend it, use it in a receiver (`text: '{{ template \"team.text\" . }}'`), or
remove it.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let of_others: BTreeSet<String> = facts
        .bundle
        .of_kind("AlertmanagerConfig")
        .flat_map(|object| notifications::uses(object.value()))
        .collect();
    for notifications in notifications::of(facts) {
        unread(&notifications, findings);
        // What cannot be read may use any of them.
        if notifications.is_readable() {
            unused(&notifications, &of_others, findings);
        }
    }
}

/// Files that nothing leads to.
fn unread(notifications: &Notifications<'_>, findings: &mut Findings<'_>) {
    for file in notifications.files.iter().filter(|file| !file.is_read) {
        let message = format!(
            "`templates` in `{}` does not name `{}` of `{}`",
            notifications.config.key(),
            file.name,
            file.object.key()
        );
        findings
            .on_part(file.object, &file.pointer(), message)
            .help(format!("add `{}` to it", file.path));
    }
}

/// Definitions that nothing leads to.
fn unused(
    notifications: &Notifications<'_>,
    of_others: &BTreeSet<String>,
    findings: &mut Findings<'_>,
) {
    let used = used(notifications, of_others);
    for file in notifications.files.iter().filter(|file| file.is_read) {
        let defines = file.template.iter().flat_map(|template| &template.defines);
        for one in defines.filter(|one| !used.contains(one.name.as_str())) {
            let message = format!(
                "nothing uses the template `{}`, which line {} of `{}` in `{}` defines",
                one.name,
                file.line(one.at.start),
                file.name,
                file.object.key()
            );
            let help = format!(
                "use it in a receiver: `{{{{ template \"{}\" . }}}}`, or remove it",
                one.name
            );
            findings
                .on_part(file.object, &file.pointer(), message)
                .help(help);
        }
    }
}

/// The names that are used, by the configuration or by what that uses.
fn used<'n>(
    notifications: &'n Notifications<'_>,
    of_others: &'n BTreeSet<String>,
) -> BTreeSet<&'n str> {
    let texts = notifications.texts.iter();
    let templates = texts.flat_map(|text| text.template.iter());
    let by_texts = templates.flat_map(|template| template.uses.iter());
    let mut open: Vec<&str> = by_texts.map(|one| one.name.as_str()).collect();
    open.extend(defaults());
    open.extend(of_others.iter().map(String::as_str));
    let mut reached = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !reached.insert(name) {
            continue;
        }
        for file in &notifications.files {
            let inside = file.template.iter().flat_map(|template| &template.uses);
            // A file is a template itself, called like the file.
            let of_name = inside.filter(|one| match &one.inside {
                Some(definition) => definition == name,
                None => file.name == name,
            });
            open.extend(of_name.map(|one| one.name.as_str()));
        }
    }
    reached
}
