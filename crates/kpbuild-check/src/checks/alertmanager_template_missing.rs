//! A template of notifications that is used and not there.

use std::collections::BTreeSet;

use kpbuild_core::go_template::{Mistake, Template};
use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::notifications::{self, File, Notifications, defaults};

pub(super) const CHECK: Check = Check {
    code: Code("alertmanager-template-missing"),
    severity: Severity::Error,
    page: "\
A receiver, or a template of notifications, uses a template that no file of
`templates` defines and that Alertmanager does not come with. The configuration is
loaded all the same, but every notification with it fails, and nobody is told.
Nothing is said where files of templates are not part of the bundle.

To mend it, correct the name, define the template
(`components.alertmanager.templates`), or name its file in `templates` of the
configuration.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for notifications in notifications::of(facts) {
        if notifications.complete {
            missing(&notifications, findings);
        }
    }
}

fn missing(notifications: &Notifications<'_>, findings: &mut Findings<'_>) {
    let Some(there) = there(notifications) else {
        return;
    };
    for text in &notifications.texts {
        for name in unknown(&text.template, &there) {
            let message = format!(
                "{} in `{}` uses the template `{name}`, which is not there",
                text.place,
                notifications.config.key()
            );
            findings
                .on(notifications.config, message)
                .help(way_out(name, &there, notifications));
        }
    }
    for file in notifications.files.iter().filter(|file| file.is_read) {
        for name in unknown(&file.template, &there) {
            let message = format!(
                "`{}` in `{}` uses the template `{name}`, which is not there",
                file.name,
                file.object.key()
            );
            findings
                .on_part(file.object, &file.pointer(), message)
                .help(way_out(name, &there, notifications));
        }
    }
}

/// The names of all templates; none if a file cannot be read, so that it is not
/// known what it defines.
fn there<'n>(notifications: &'n Notifications<'_>) -> Option<BTreeSet<&'n str>> {
    let mut names: BTreeSet<&str> = defaults().collect();
    for file in notifications.files.iter().filter(|file| file.is_read) {
        let template = file.template.as_ref().ok()?;
        names.insert(&file.name);
        names.extend(template.defines.iter().map(|one| one.name.as_str()));
    }
    Some(names)
}

/// What a template uses and is not there.
fn unknown<'n>(
    template: &'n Result<Template, Mistake>,
    there: &BTreeSet<&str>,
) -> impl Iterator<Item = &'n str> {
    let uses = template.iter().flat_map(|template| &template.uses);
    let names = uses.map(|one| one.name.as_str());
    names.filter(|name| !there.contains(name))
}

fn way_out(name: &str, there: &BTreeSet<&str>, notifications: &Notifications<'_>) -> String {
    let mut unread = notifications.files.iter().filter(|file| !file.is_read);
    let defines = |file: &&File<'_>| {
        let mut all = file.template.iter().flat_map(|template| &template.defines);
        all.any(|one| one.name == name)
    };
    if let Some(file) = unread.find(defines) {
        return format!(
            "add its file to `templates` of the configuration: `{}`",
            file.path
        );
    }
    match nearest(name, there.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("define it: `{{{{ define \"{name}\" }}}}...{{{{ end }}}}`"),
    }
}
