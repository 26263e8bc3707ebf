//! A configuration that Alertmanager refuses.

use std::collections::BTreeSet;

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Object, Severity};
use serde_json::Value;

use crate::alerting::{configs, matcher, routes};
use crate::check::{Check, Findings};
use crate::facts::{Facts, has_format, items, strings};

pub(super) const CHECK: Check = Check {
    code: Code("alertmanager-config"),
    severity: Severity::Error,
    page: "\
Alertmanager does not load a configuration that is not YAML, has fields that it
does not know, no route, a route at the top that has matchers or no receiver,
receivers without a name or with the same one, matchers that it cannot read, or
times that are no durations. A running Alertmanager keeps the old configuration,
a new one does not start.",
    run,
};

const TOP: [&str; 8] = [
    "global",
    "inhibit_rules",
    "mute_time_intervals",
    "receivers",
    "route",
    "templates",
    "time_intervals",
    "tracing",
];
const ROUTE: [&str; 12] = [
    "active_time_intervals",
    "continue",
    "group_by",
    "group_interval",
    "group_wait",
    "match",
    "match_re",
    "matchers",
    "mute_time_intervals",
    "receiver",
    "repeat_interval",
    "routes",
];
const INHIBITION: [&str; 8] = [
    "equal",
    "name",
    "source_match",
    "source_match_re",
    "source_matchers",
    "target_match",
    "target_match_re",
    "target_matchers",
];

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for config in configs(facts) {
        match &config.value {
            Err(error) => {
                let reason = error.lines().next().unwrap_or_default();
                findings
                    .on(
                        config.object,
                        format!(
                            "the configuration in `{}` is not YAML: {reason}",
                            config.object.key()
                        ),
                    )
                    .help("mend it");
            }
            Ok(value) => whole(config.object, value, findings),
        }
    }
}

fn whole(object: &Object, config: &Value, findings: &mut Findings<'_>) {
    let place = format!("the configuration in `{}`", object.key());
    unknown(object, config, &TOP, &place, findings);
    let route = &config["route"];
    if !route.is_object() {
        findings
            .on(object, format!("{place} has no route"))
            .help("add a `route` with a `receiver`");
        return;
    }
    if !route["receiver"].is_string() {
        findings
            .on(
                object,
                format!("the first route of {place} has no receiver"),
            )
            .help("name the receiver of all alerts that no other route takes");
    }
    if ["matchers", "match", "match_re"]
        .iter()
        .any(|field| !route[*field].is_null())
    {
        findings
            .on(object, format!("the first route of {place} has matchers"))
            .help("move them to a route below it: the first one takes all alerts");
    }
    for route in routes(route) {
        let place = format!("a route of {place}");
        unknown(object, route, &ROUTE, &place, findings);
        readable(object, route, &["matchers"], &place, findings);
        for field in ["group_wait", "group_interval", "repeat_interval"] {
            if let Some(Err(reason)) = route[field]
                .as_str()
                .map(|text| has_format("prometheus-duration", text))
            {
                findings
                    .on(object, format!("`{field}` of {place} is not a duration"))
                    .help(reason);
            }
        }
    }
    for inhibition in items(&config["inhibit_rules"]) {
        let place = format!("an inhibition of {place}");
        unknown(object, inhibition, &INHIBITION, &place, findings);
        readable(
            object,
            inhibition,
            &["source_matchers", "target_matchers"],
            &place,
            findings,
        );
    }
    let mut names = BTreeSet::new();
    for receiver in items(&config["receivers"]) {
        match receiver["name"].as_str() {
            None | Some("") => findings
                .on(object, format!("a receiver of {place} has no name"))
                .help("give it a `name`"),
            Some(name) if !names.insert(name) => findings
                .on(object, format!("{place} has two receivers `{name}`"))
                .help("rename one of them"),
            Some(_) => {}
        }
    }
}

fn unknown(
    object: &Object,
    value: &Value,
    known: &[&str],
    place: &str,
    findings: &mut Findings<'_>,
) {
    for (field, _) in value
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(field, _)| !known.contains(&field.as_str()))
    {
        let near = nearest(field, known.iter().copied());
        let help = near.map_or(format!("the fields are `{}`", known.join("`, `")), |near| {
            format!("did you mean `{near}`?")
        });
        findings
            .on(object, format!("{place} has the unknown field `{field}`"))
            .help(help);
    }
}

fn readable(
    object: &Object,
    value: &Value,
    fields: &[&str],
    place: &str,
    findings: &mut Findings<'_>,
) {
    for text in fields
        .iter()
        .flat_map(|field| strings(&value[*field]))
        .filter(|text| matcher(text).is_none())
    {
        findings
            .on(
                object,
                format!("{place} has the matcher `{text}`, which cannot be read"),
            )
            .help("write `label = value`, with `=`, `!=`, `=~` or `!~`");
    }
}
