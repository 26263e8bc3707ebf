//! What can be seen in a dashboard without Grafana and without data.

use std::collections::BTreeSet;

use kpbuild_dashboard::{Finding, check};
use serde_json::Value;

use super::{all_dashboards, default_dashboards, panels};

#[test]
fn all_dashboards_of_kube_prometheus_are_there() {
    let files: Vec<&str> = default_dashboards().keys().map(String::as_str).collect();
    assert_eq!(files.len(), 33, "{files:?}");
    let on_demand: Vec<&str> = all_dashboards()
        .keys()
        .map(String::as_str)
        .filter(|file| !files.contains(file))
        .collect();
    assert_eq!(
        on_demand,
        ["etcd.json", "weave-net-cluster.json", "weave-net.json"]
    );
}

/// Title, uid, schema version, ids, layout, variables, PromQL: the checks that users' dashboards pass too.
#[test]
fn dashboards_pass_the_checks_of_users_dashboards() {
    let findings = all_dashboards().iter().flat_map(|(file, dashboard)| {
        let describe = move |finding: Finding| {
            format!("{file}: {} at {}", finding.message, finding.path.join("."))
        };
        check(dashboard).into_iter().map(describe)
    });
    assert_eq!(findings.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn titles_and_uids_are_unique() {
    for field in ["title", "uid"] {
        let all: Vec<&Value> = all_dashboards()
            .values()
            .map(|dashboard| &dashboard[field])
            .collect();
        let unique: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(unique.len(), all.len(), "{field}: {all:?}");
    }
}

#[test]
fn every_panel_says_what_it_shows_and_in_which_unit() {
    for (file, dashboard) in all_dashboards() {
        for panel in panels(dashboard).filter(|panel| panel["type"] != "row") {
            let said = |pointer: &str| {
                panel
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .is_some_and(|text| !text.is_empty())
            };
            let title = &panel["title"];
            assert!(said("/description"), "{file}: {title} has no description");
            assert!(
                panel["type"] == "text" || said("/fieldConfig/defaults/unit"),
                "{file}: {title} has no unit"
            );
        }
    }
}

/// Types of panels that Grafana replaced before version 13.
#[test]
fn no_panel_is_deprecated() {
    let deprecated = [
        "graph",
        "singlestat",
        "table-old",
        "grafana-piechart-panel",
        "grafana-worldmap-panel",
    ];
    for (file, dashboard) in all_dashboards() {
        for panel in panels(dashboard) {
            let kind = panel["type"].as_str().expect("a panel has a type");
            assert!(
                !deprecated.contains(&kind),
                "{file}: {} is a {kind}",
                panel["title"]
            );
        }
    }
}

#[test]
fn links_lead_to_dashboards_that_are_there() {
    let all = all_dashboards();
    let uids: BTreeSet<&str> = all
        .values()
        .filter_map(|dashboard| dashboard["uid"].as_str())
        .collect();
    let tags: Vec<&Value> = all
        .values()
        .filter_map(|dashboard| dashboard["tags"].as_array())
        .flatten()
        .collect();
    let mut links = 0;
    for (file, dashboard) in all {
        let mut texts = Vec::new();
        strings(dashboard, &mut texts);
        for uid in texts.iter().filter_map(|text| linked_uid(text)) {
            assert!(uids.contains(uid), "{file} links to `{uid}`");
            links += 1;
        }
        for link in dashboard["links"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|link| link["type"] == "dashboards")
        {
            for tag in link["tags"].as_array().into_iter().flatten() {
                assert!(
                    tags.contains(&tag),
                    "{file} links to dashboards with the tag {tag}"
                );
            }
        }
    }
    assert!(links > 40, "only {links} links were found");
}

/// The uid in a link such as `/d/UID/name?var-a=b`.
fn linked_uid(text: &str) -> Option<&str> {
    let rest = text.split_once("/d/")?.1;
    rest.split(['/', '?']).next()
}

fn strings<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(map) => map.values().for_each(|item| strings(item, found)),
        _ => {}
    }
}
