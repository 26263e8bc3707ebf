//! The configuration files of programs, which are texts in Secrets and
//! ConfigMaps.

use serde_json::{Map, Value, json};

use super::Search;
use super::meaning;
use super::workloads::merge_patch;

pub(super) fn each(search: &mut Search<'_>) {
    of_alertmanager(search);
    of_grafana(search);
    data_sources(search);
    modules(search);
    of_the_adapter(search);
}

/// What a text of a component says: as it is rendered, and as it was given.
fn pair(search: &Search<'_>, component: &str, kind: &str, key: &str) -> Option<(Value, Value)> {
    let text = |object: &Value| {
        let texts = [&object["stringData"], &object["data"]];
        texts
            .iter()
            .find_map(|texts| texts[key].as_str().map(str::to_owned))
    };
    let kinds = [kind];
    let mut pairs = search.pairs(component, &kinds);
    let (ours, theirs) = pairs.find_map(|(ours, theirs)| Some((text(ours)?, text(theirs)?)))?;
    let (ours, theirs) = (meaning::content(key, &ours), meaning::content(key, &theirs));
    (ours != theirs && theirs.is_object()).then_some((ours, theirs))
}

fn of_alertmanager(search: &mut Search<'_>) {
    if let Some((_, theirs)) = pair(search, "alertmanager", "Secret", "alertmanager.yaml") {
        search.attempt(&["components", "alertmanager", "config"], theirs);
    }
}

/// The sections and keys that differ from what is there without them.
fn of_grafana(search: &mut Search<'_>) {
    let Some((ours, theirs)) = pair(search, "grafana", "Secret", "grafana.ini") else {
        return;
    };
    let mut config = Map::new();
    for (section, values) in theirs.as_object().into_iter().flatten() {
        let values = values.as_object().into_iter().flatten();
        let new = values.filter(|(key, value)| ours[section].get(*key) != Some(*value));
        let new: Map<String, Value> = new
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if !new.is_empty() {
            config.insert(section.clone(), Value::Object(new));
        }
    }
    search.attempt(&["components", "grafana", "config"], Value::Object(config));
}

fn data_sources(search: &mut Search<'_>) {
    let Some((ours, theirs)) = pair(search, "grafana", "Secret", "datasources.yaml") else {
        return;
    };
    let list = |value: &Value| value["datasources"].as_array().cloned().unwrap_or_default();
    let known = list(&ours);
    let further = list(&theirs).into_iter().filter(|one| !known.contains(one));
    let further: Vec<Value> = further.collect();
    if !further.is_empty() {
        search.attempt(
            &["components", "grafana", "dataSources"],
            Value::Array(further),
        );
    }
}

/// The ways to probe of blackbox-exporter.
fn modules(search: &mut Search<'_>) {
    let component = "blackbox-exporter";
    let Some((ours, theirs)) = pair(search, component, "ConfigMap", "config.yml") else {
        return;
    };
    let (ours, theirs) = (&ours["modules"], &theirs["modules"]);
    let all = theirs.as_object().into_iter().flatten();
    let new = all.filter(|(name, module)| ours.get(*name) != Some(*module));
    let new: Map<String, Value> = new
        .map(|(name, module)| (name.clone(), module.clone()))
        .collect();
    if !new.is_empty() {
        search.attempt(&["components", component, "modules"], Value::Object(new));
    }
    let mut names = ours.as_object().into_iter().flatten().map(|(name, _)| name);
    if names.any(|name| theirs.get(name).is_none()) {
        let mut stack = search.stack.clone();
        super::set(
            &mut stack,
            &["components", component, "defaultModules"],
            json!(false),
        );
        super::set(
            &mut stack,
            &["components", component, "modules"],
            theirs.clone(),
        );
        search.attempt_stack(stack);
    }
}

/// What the adapter answers with.
fn of_the_adapter(search: &mut Search<'_>) {
    let component = "prometheus-adapter";
    let keys = search.rendered.keys();
    let mut untold = keys.filter(|key| !search.texts.compares(key));
    if untold.any(|key| key.name == "adapter-config") {
        return;
    }
    if let Some((ours, theirs)) = pair(search, component, "ConfigMap", "config.yaml") {
        let config = merge_patch(&ours, &theirs);
        search.attempt(&["components", component, "config"], config);
    }
}

/// The fields of a stack that come from texts of Secrets.
pub(super) const OF_SECRETS: [&[&str]; 5] = [
    &["components", "alertmanager", "config"],
    &["components", "etcd", "tls", "certificates"],
    &["components", "grafana", "config"],
    &["components", "grafana", "dataSources"],
    &["components", "windows", "hosts"],
];
