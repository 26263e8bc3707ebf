//! A template of notifications that Alertmanager cannot read.

use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::notifications;

pub(super) const CHECK: Check = Check {
    code: Code("alertmanager-template"),
    severity: Severity::Error,
    page: "\
The texts of receivers, and the files that `templates` of Alertmanager's
configuration names, are templates: `{{ .Status | toUpper }}` is replaced. A brace
that is not closed, a function that does not exist or an `if` without `end` in a
file make Alertmanager refuse the whole configuration; in a text of a receiver,
its notifications fail. The functions are those of Go's templates and those of
Alertmanager (see crates/kpbuild-check/data/alertmanager.json).

To mend it, correct the template at the line that is named.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for notifications in notifications::of(facts) {
        for file in notifications.files.iter().filter(|file| file.is_read) {
            if let Err(mistake) = &file.template {
                let message = format!(
                    "line {} of `{}` in `{}` is no template: {}",
                    file.line(mistake.at.start),
                    file.name,
                    file.object.key(),
                    mistake.message
                );
                findings
                    .on_part(file.object, &file.pointer(), message)
                    .help(mistake.help.clone());
            }
        }
        for text in &notifications.texts {
            if let Err(mistake) = &text.template {
                let message = format!(
                    "{} in `{}` is no template: {}",
                    text.place,
                    notifications.config.key(),
                    mistake.message
                );
                findings
                    .on(notifications.config, message)
                    .help(mistake.help.clone());
            }
        }
    }
}
