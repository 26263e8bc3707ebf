//! The name that was probably meant.

/// The valid name nearest to a misspelt one, when one is near enough that a
/// reader would say "of course".
pub fn nearest<'a>(wrong: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    valid
        .into_iter()
        .filter(|name| may_be_near(&wrong, name))
        .map(|name| {
            (
                strsim::damerau_levenshtein(&wrong, &name.to_lowercase()),
                name,
            )
        })
        .filter(|(distance, name)| is_near(&wrong, name, *distance))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Whether two names are alike enough in length: the distance is at least the
/// difference, and to find it among thousands of names takes long.
fn may_be_near(wrong: &str, name: &str) -> bool {
    let (one, other) = (wrong.chars().count(), name.chars().count());
    one.abs_diff(other) <= 1 + one.max(other) / 4
        || begins(wrong, &name.to_lowercase())
        || begins(&name.to_lowercase(), wrong)
}

/// A slip every few letters is likely; names that share no letter never are.
fn is_near(wrong: &str, name: &str, distance: usize) -> bool {
    let longer = wrong.chars().count().max(name.chars().count());
    let name = name.to_lowercase();
    (distance <= 1 + longer / 4 && distance < longer)
        || begins(wrong, &name)
        || begins(&name, wrong)
}

/// A long enough beginning is as good as a typo: `prom` means `prometheus`.
fn begins(short: &str, long: &str) -> bool {
    short.len() >= 4 && long.starts_with(short)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names = ["prometheus", "alertmanager", "grafana", "nodeExporter"];
        assert_eq!(nearest("grafan", names), Some("grafana"));
        assert_eq!(nearest("node-exporter", names), Some("nodeExporter"));
        assert_eq!(nearest("promehteus", names), Some("prometheus"));
        assert_eq!(nearest("alert", names), Some("alertmanager"));
        assert_eq!(nearest("warning", ["info", "warn"]), Some("warn"));
        assert_eq!(nearest("loki", names), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("y", ["Y"]), Some("Y"));
    }
}
