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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_found_by_their_path() {
        assert!(template("components/namespace/main.jsonnet").is_some());
        assert!(template("components/nothing/main.jsonnet").is_none());
        assert!(TEMPLATES.is_sorted());
    }
}
