//! Which objects a patch is about, and what is said when there are none.

use std::collections::BTreeSet;

use glob::Pattern;
use kpbuild_core::suggest::nearest;
use kpbuild_core::{Diagnostic, Object, ObjectKey};
use kpbuild_stack::patches::Target;

use super::MATCHES_NOTHING;

/// The numbers of the objects that a target means.
pub(super) fn matching(target: &Target, objects: &[Object]) -> Vec<usize> {
    let meant = objects.iter().enumerate();
    let meant = meant.filter(|(_, object)| is_meant(target, object.key()));
    meant.map(|(index, _)| index).collect()
}

fn is_meant(target: &Target, key: &ObjectKey) -> bool {
    matches(target.group.as_deref(), &key.group)
        && matches(target.kind.as_deref(), &key.kind)
        && matches(target.namespace.as_deref(), &key.namespace)
        && matches(target.name.as_deref(), &key.name)
}

fn matches(wanted: Option<&str>, text: &str) -> bool {
    wanted.is_none_or(|wanted| {
        wanted == text || Pattern::new(wanted).is_ok_and(|pattern| pattern.matches(text))
    })
}

/// That no object is meant, with the one that probably was.
pub(super) fn nothing(target: &Target, objects: &[Object]) -> Diagnostic {
    let message = format!("the stack has no {}", words(target));
    Diagnostic::error(MATCHES_NOTHING, message).help(help(target, objects))
}

fn words(target: &Target) -> String {
    let quoted = |field: &Option<String>, before: &str| match field.as_deref() {
        None => String::new(),
        Some("") => format!("{before} \"\""),
        Some(text) => format!("{before} `{text}`"),
    };
    let kind = target
        .kind
        .as_deref()
        .map_or("object".to_owned(), |kind| format!("`{kind}`"));
    format!(
        "{kind}{}{}{}",
        quoted(&target.name, ""),
        quoted(&target.namespace, " in the namespace"),
        quoted(&target.group, " of the group")
    )
}

/// Takes the fields one after the other, and says which is the first that
/// nothing has.
fn help(target: &Target, objects: &[Object]) -> String {
    type Field = fn(&ObjectKey) -> &String;
    let fields: [(&str, &Option<String>, Field); 4] = [
        ("kind", &target.kind, |key| &key.kind),
        ("group", &target.group, |key| &key.group),
        ("namespace", &target.namespace, |key| &key.namespace),
        ("name", &target.name, |key| &key.name),
    ];
    let mut left: Vec<&ObjectKey> = objects.iter().map(Object::key).collect();
    for (name, wanted, field) in fields {
        let fits = |key: &&ObjectKey| matches(wanted.as_deref(), field(key));
        let fitting: Vec<&ObjectKey> = left.iter().copied().filter(fits).collect();
        if !fitting.is_empty() {
            left = fitting;
            continue;
        }
        let known: BTreeSet<&str> = left.iter().map(|key| field(key).as_str()).collect();
        let wanted = wanted.as_deref().unwrap_or_default();
        return match nearest(wanted.trim_matches('*'), known.iter().copied()) {
            Some(near) => format!("did you mean the {name} `{near}`?"),
            None if known.len() <= 8 => {
                let known: Vec<String> = known.iter().map(|text| format!("`{text}`")).collect();
                format!("the {name} is one of {}", known.join(", "))
            }
            None => format!("no object has this {name}; `kpbuild render` writes all of them"),
        };
    }
    "`kpbuild render` writes all objects".to_owned()
}
