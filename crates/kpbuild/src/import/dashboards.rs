//! Dashboards that were not given, those that were changed, and those that only
//! were given.

use kpbuild_core::ObjectKey;
use serde_json::{Value, json};

use super::meaning::is_dashboard;
use super::text::is_file_name;
use super::{Search, SideFile, set};

/// What the ConfigMap of a dashboard is called, before the dashboard's name.
pub(super) const START: &str = "grafana-dashboard-";

pub(super) fn each(search: &mut Search<'_>) -> anyhow::Result<()> {
    if !search.rendered.keys().any(is_dashboard) {
        return Ok(());
    }
    let lacking = search
        .rendered
        .keys()
        .filter(|key| is_dashboard(key) && search.given.get(key).is_none());
    let lacking: Vec<String> = lacking.map(name_of).collect();
    if !lacking.is_empty() {
        search.attempt(&["dashboards", "exclude"], json!(lacking));
    }
    let files = search.given.objects().filter_map(|(key, object)| {
        let is_file = is_dashboard(key) && is_file_name(&key.name);
        let is_meant = is_file && is_own(search, key, &object.value);
        Some((name_of(key), file_of(key, &object.value)?)).filter(|_| is_meant)
    });
    for (name, file) in files.collect::<Vec<_>>() {
        add(search, &name, file)?;
    }
    Ok(())
}

fn name_of(key: &ObjectKey) -> String {
    key.name.trim_start_matches(START).to_owned()
}

/// Whether a dashboard is somebody's own: kpbuild has none of its name, or it is
/// another one in more than its words.
fn is_own(search: &Search<'_>, key: &ObjectKey, theirs: &Value) -> bool {
    match search.rendered.get(key) {
        None => true,
        Some(ours) if search.texts.compares(key) => ours.object.value()["data"] != theirs["data"],
        Some(_) => false,
    }
}

/// The file of a dashboard.
fn file_of(key: &ObjectKey, config_map: &Value) -> Option<SideFile> {
    let data = config_map["data"].as_object()?;
    let (name, text) = data.iter().next().filter(|_| data.len() == 1)?;
    let text = text.as_str()?;
    serde_json::from_str::<Value>(text).ok()?;
    (*name == format!("{}.json", name_of(key))).then(|| SideFile {
        path: format!("dashboards/{name}"),
        text: text.to_owned(),
        is_secret: false,
    })
}

/// Adds a dashboard, in place of ours of the same name, if that leads nearer.
fn add(search: &mut Search<'_>, name: &str, file: SideFile) -> anyhow::Result<()> {
    let path = file.path.clone();
    search.put_beside(file)?;
    let mut stack = search.stack.clone();
    let mut append = |field: &str, item: &str| {
        let list = &stack["dashboards"][field];
        let mut list = list.as_array().cloned().unwrap_or_default();
        list.push(json!(item));
        set(&mut stack, &["dashboards", field], Value::Array(list));
    };
    append("files", &path);
    let is_ours = search
        .rendered
        .keys()
        .any(|key| is_dashboard(key) && name_of(key) == name);
    if is_ours {
        append("exclude", name);
    }
    if !search.attempt_stack(stack) {
        search.beside.pop();
    }
    Ok(())
}
