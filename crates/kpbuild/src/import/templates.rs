//! Templates of Alertmanager's notifications, which are in a ConfigMap.

use serde_json::{Value, json};

use super::{Search, SideFile, set};

/// Makes a file of each template. They are in the ConfigMap that a stack makes of
/// its templates; one with another name is somebody's own, and stays that.
pub(super) fn of_notifications(search: &mut Search<'_>) -> anyhow::Result<()> {
    let Some((alertmanager, _)) = search.pair("alertmanager", &["Alertmanager"]) else {
        return Ok(());
    };
    let instance = alertmanager["metadata"]["name"].as_str();
    let name = format!("alertmanager-{}-templates", instance.unwrap_or_default());
    let mut objects = search.given.objects();
    let found = objects.find(|(key, _)| key.kind == "ConfigMap" && key.name == name);
    let Some(files) = found.and_then(|(_, object)| files(&object.value)) else {
        return Ok(());
    };
    let begun = search.beside.len();
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    for file in files {
        search.put_beside(file)?;
    }
    let mut stack = search.stack.clone();
    let place = ["components", "alertmanager", "templates", "files"];
    set(&mut stack, &place, json!(paths));
    if !search.attempt_stack(stack) {
        search.beside.truncate(begun);
    }
    Ok(())
}

/// The files of a ConfigMap, if all are templates.
fn files(config_map: &Value) -> Option<Vec<SideFile>> {
    let format = kpbuild_stack::format::named("template-file");
    let format = format.expect("the format is in the table");
    let texts = config_map["data"].as_object()?.iter();
    let file = |(name, text): (&String, &Value)| {
        format.check(name).ok()?;
        Some(SideFile {
            path: format!("notifications/{name}"),
            text: text.as_str()?.to_owned(),
            is_secret: false,
        })
    };
    texts.map(file).collect()
}
