//! The name that was probably meant.

/// The valid name nearest to a misspelt one, when one is near enough that a
/// reader would say "of course".
pub fn nearest<'a>(wrong: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    valid
        .into_iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&lower, &name.to_lowercase()),
                name,
            )
        })
        .filter(|(distance, name)| {
            *distance <= 1 + wrong.len().max(name.len()) / 4
                || prefix_of(&lower, &name.to_lowercase())
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// A long enough beginning is as good as a typo: `prom` means `prometheus`.
fn prefix_of(wrong: &str, name: &str) -> bool {
    wrong.len() >= 4 && name.starts_with(wrong)
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
        assert_eq!(nearest("loki", names), None);
    }
}
