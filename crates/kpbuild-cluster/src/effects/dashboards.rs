//! Which dashboards change, and how much of them, by title.

use serde_json::{Map, Value};

use super::{Changed, Effect, EffectKind, count};

pub(super) fn effects(changed: &Changed<'_>) -> Vec<Effect> {
    if changed.key.kind != "ConfigMap" {
        return Vec::new();
    }
    let nothing = Map::new();
    let data = |object: Option<&'_ Value>| {
        object
            .and_then(|object| object.get("data"))
            .and_then(Value::as_object)
            .cloned()
    };
    let before = data(Some(changed.before)).unwrap_or_else(|| nothing.clone());
    let after = data(changed.after).unwrap_or(nothing);
    let mut texts = Vec::new();
    for (file, text) in &before {
        texts.extend(of_file(
            dashboard(text),
            after.get(file).and_then(dashboard),
        ));
    }
    for (_, text) in after.iter().filter(|(file, _)| !before.contains_key(*file)) {
        texts.extend(of_file(None, dashboard(text)));
    }
    texts
        .into_iter()
        .map(|text| Effect::new(EffectKind::Dashboard, text))
        .collect()
}

/// A text as a dashboard, if it is one.
fn dashboard(text: &Value) -> Option<Value> {
    let value: Value = serde_json::from_str(text.as_str()?).ok()?;
    (value.get("title").is_some() && value.get("panels").is_some()).then_some(value)
}

fn of_file(before: Option<Value>, after: Option<Value>) -> Option<String> {
    let title = |dashboard: &Value| dashboard["title"].as_str().unwrap_or_default().to_owned();
    match (before, after) {
        (Some(before), None) => Some(format!("dashboard {}: removed", title(&before))),
        (None, Some(after)) => Some(format!("dashboard {}: new", title(&after))),
        (Some(before), Some(after)) if before != after => Some(format!(
            "dashboard {}: {}",
            title(&after),
            difference(&before, &after)
        )),
        _ => None,
    }
}

fn difference(before: &Value, after: &Value) -> String {
    let (old, new) = (panels(before), panels(after));
    let by_title = |panels: &[&Value], panel: &Value| {
        panels.iter().any(|other| other["title"] == panel["title"])
    };
    let added = new.iter().filter(|panel| !by_title(&old, panel)).count();
    let removed = old.iter().filter(|panel| !by_title(&new, panel)).count();
    let kept = new.iter().filter(|panel| by_title(&old, panel));
    let changed = kept
        .filter(|panel| !old.iter().any(|other| same_panel(other, panel)))
        .count();
    let counted =
        |number, what: &str| (number > 0).then(|| format!("{} {what}", count(number, "panel")));
    let field =
        |name: &str, what: &str| (before.get(name) != after.get(name)).then(|| what.to_owned());
    let parts: Vec<String> = [
        counted(changed, "changed"),
        counted(added, "new"),
        counted(removed, "removed"),
        field("templating", "variables changed"),
        field("title", "renamed"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        "layout or settings changed".to_owned()
    } else {
        parts.join(", ")
    }
}

/// Whether two panels show the same; their place and number on the page do not matter.
fn same_panel(left: &Value, right: &Value) -> bool {
    let content = |panel: &Value| {
        let mut panel = panel.clone();
        if let Some(map) = panel.as_object_mut() {
            map.remove("id");
            map.remove("gridPos");
        }
        panel
    };
    content(left) == content(right)
}

/// All panels that show something, those inside of rows among them.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let direct = dashboard["panels"].as_array().into_iter().flatten();
    direct
        .flat_map(|panel| match panel["type"].as_str() {
            Some("row") => panel["panels"].as_array().into_iter().flatten().collect(),
            _ => vec![panel],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::effects::tests::phrases;
    use serde_json::{Value, json};

    fn object(dashboard: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d", "namespace": "m"}, "data": {"nodes.json": dashboard.to_string()}})
    }

    #[test]
    fn panels_are_counted_by_title() {
        let panel = |title: &str, expr: &str, y: u32| json!({"title": title, "type": "timeseries", "gridPos": {"y": y}, "targets": [{"expr": expr}]});
        let before = json!({"title": "Nodes", "panels": [panel("A", "a", 0), panel("B", "b", 1), {"type": "row", "title": "R", "panels": [panel("C", "c", 2)]}]});
        let after = json!({"title": "Nodes", "panels": [panel("A", "a", 5), panel("B", "bb", 1), panel("D", "d", 2)]});
        assert_eq!(
            phrases(object(&before), Some(object(&after))),
            ["dashboard Nodes: 1 panel changed, 1 panel new, 1 panel removed"]
        );
        assert_eq!(phrases(object(&before), None), ["dashboard Nodes: removed"]);
        let moved = json!({"title": "Nodes", "panels": [panel("A", "a", 5), panel("B", "b", 6), panel("C", "c", 7)]});
        assert_eq!(
            phrases(object(&before), Some(object(&moved))),
            ["dashboard Nodes: layout or settings changed"]
        );
    }
}
