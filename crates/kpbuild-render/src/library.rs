//! The templates that are part of the program.

/// Path below `templates/` and text of every jsonnet file, sorted by path.
static TEMPLATES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// The text of a template.
pub(crate) fn template(path: &str) -> Option<&'static str> {
    let index = TEMPLATES
        .binary_search_by(|(name, _)| (*name).cmp(path))
        .ok()?;
    Some(TEMPLATES[index].1)
}

/// Path below `templates/` and text of every file of rule tests, sorted by path.
static TESTS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/tests.rs"));

/// The files of rule tests of a mixin.
pub(crate) fn tests(mixin: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let folder = format!("mixins/{mixin}/tests/");
    TESTS
        .iter()
        .copied()
        .filter(move |(path, _)| path.starts_with(&folder))
}

/// The mixin that has a rule of a name somewhere in its text.
pub(crate) fn mixin_with(rule: &str) -> Option<&'static str> {
    let literal = format!("'{rule}'");
    TEMPLATES.iter().find_map(|(path, text)| {
        let (mixin, _) = path.strip_prefix("mixins/")?.split_once('/')?;
        text.contains(&literal).then_some(mixin)
    })
}

/// The names of all components.
pub(crate) fn components() -> impl Iterator<Item = &'static str> {
    TEMPLATES.iter().filter_map(|(path, _)| {
        path.strip_prefix("components/")?
            .strip_suffix("/main.jsonnet")
    })
}

/// The names of the mixins that have a table of parameters.
#[cfg(test)]
pub(crate) fn mixins() -> impl Iterator<Item = &'static str> {
    TEMPLATES.iter().filter_map(|(path, _)| {
        path.strip_prefix("mixins/")?
            .strip_suffix("/config.libsonnet")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_found_by_their_path() {
        assert!(template("components/namespace/main.jsonnet").is_some());
        assert!(template("components/nothing/main.jsonnet").is_none());
        assert!(TEMPLATES.is_sorted());
        assert_eq!(super::tests("alertmanager").count(), 1);
    }
}
