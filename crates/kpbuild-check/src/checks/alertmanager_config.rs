//! A configuration that Alertmanager refuses.

use std::collections::BTreeSet;

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Object, Severity};
use kpbuild_stack::validate;
use serde_json::Value;

use crate::alerting::{configs, known, matcher, routes, split};
use crate::check::{Check, Findings, Words};
use crate::facts::{Facts, items, strings};

pub(super) const CHECK: Check = Check {
    code: Code("alertmanager-config"),
    severity: Severity::Error,
    page: "\
Alertmanager does not load a configuration that is not YAML, has fields that it
does not know or values of another type (see crates/kpbuild-check/data/alertmanager.json),
no route, a route at the top that has matchers or no receiver, receivers without a
name, with the same one, or without an address to notify, matchers that it cannot
read, or time intervals that nobody defines. A running Alertmanager keeps the old configuration,
a new one does not start.",
    run,
};

/// What an integration cannot do without: one of the fields of each group, of its
/// own or, after `global.`, of the section for all.
const NEEDED: [(&str, &[&str]); 24] = [
    ("discord_configs", &["webhook_url", "webhook_url_file"]),
    ("email_configs", &["to"]),
    ("email_configs", &["smarthost", "global.smtp_smarthost"]),
    ("email_configs", &["from", "global.smtp_from"]),
    ("incidentio_configs", &["url", "url_file"]),
    ("jira_configs", &["api_url", "global.jira_api_url"]),
    ("jira_configs", &["project"]),
    ("jira_configs", &["issue_type"]),
    (
        "mattermost_configs",
        &[
            "webhook_url",
            "webhook_url_file",
            "global.mattermost_webhook_url",
            "global.mattermost_webhook_url_file",
        ],
    ),
    ("msteams_configs", &["webhook_url", "webhook_url_file"]),
    ("msteamsv2_configs", &["webhook_url", "webhook_url_file"]),
    (
        "opsgenie_configs",
        &[
            "api_key",
            "api_key_file",
            "global.opsgenie_api_key",
            "global.opsgenie_api_key_file",
        ],
    ),
    (
        "pagerduty_configs",
        &[
            "routing_key",
            "routing_key_file",
            "service_key",
            "service_key_file",
        ],
    ),
    ("pushover_configs", &["user_key", "user_key_file"]),
    ("pushover_configs", &["token", "token_file"]),
    (
        "slack_configs",
        &[
            "api_url",
            "api_url_file",
            "app_token",
            "app_token_file",
            "global.slack_api_url",
            "global.slack_api_url_file",
            "global.slack_app_token",
            "global.slack_app_token_file",
        ],
    ),
    ("sns_configs", &["target_arn", "topic_arn", "phone_number"]),
    (
        "telegram_configs",
        &[
            "bot_token",
            "bot_token_file",
            "global.telegram_bot_token",
            "global.telegram_bot_token_file",
        ],
    ),
    ("telegram_configs", &["chat_id", "chat_id_file"]),
    ("victorops_configs", &["routing_key"]),
    (
        "victorops_configs",
        &[
            "api_key",
            "api_key_file",
            "global.victorops_api_key",
            "global.victorops_api_key_file",
        ],
    ),
    ("webex_configs", &["room_id"]),
    ("webhook_configs", &["url", "url_file"]),
    ("wechat_configs", &["corp_id", "global.wechat_api_corp_id"]),
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
    types(object, config, &place, findings);
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
    if ["matchers", "match", "match_re", "continue"]
        .iter()
        .any(|field| !route[*field].is_null())
    {
        findings
            .on(
                object,
                format!("the first route of {place} has matchers or `continue`"),
            )
            .help("move them to a route below it: the first one takes all alerts");
    }
    for route in routes(route) {
        let place = format!("a route of {place}");
        readable(object, route, &["matchers"], &place, findings);
        intervals(object, config, route, &place, findings);
        grouping(object, route, &place, findings);
    }
    for inhibition in items(&config["inhibit_rules"]) {
        let fields = ["source_matchers", "target_matchers"];
        let place = format!("an inhibition of {place}");
        readable(object, inhibition, &fields, &place, findings);
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
            Some(name) => {
                let place = format!("the receiver `{name}` of {place}");
                needed(object, config, receiver, &place, findings);
            }
        }
    }
}

/// Fields that do not exist, and values of another type.
fn types(object: &Object, config: &Value, place: &str, findings: &mut Findings<'_>) {
    let root = known();
    let top = root["root"].as_str().expect("the generator writes it");
    for violation in validate::violations(config, root, &root["definitions"][top]) {
        let words = findings.on(object, format!("{place}: {}", violation.message));
        let words = violation.notes.into_iter().fold(words, Words::note);
        if let Some(help) = violation.help {
            words.help(help);
        }
    }
}

/// Names of time intervals that are not defined.
fn intervals(
    object: &Object,
    config: &Value,
    route: &Value,
    place: &str,
    findings: &mut Findings<'_>,
) {
    let defined: Vec<&str> = ["time_intervals", "mute_time_intervals"]
        .iter()
        .flat_map(|field| items(&config[*field]))
        .filter_map(|one| one["name"].as_str())
        .collect();
    for field in ["mute_time_intervals", "active_time_intervals"] {
        for name in strings(&route[field]).filter(|name| !defined.contains(name)) {
            let message = format!(
                "`{field}` of {place} names `{name}`, which `time_intervals` does not define"
            );
            let help = match nearest(name, defined.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "define it under `time_intervals`".to_owned(),
            };
            findings.on(object, message).help(help);
        }
    }
}

/// `...` stands for all labels and is therefore alone; no label comes twice.
fn grouping(object: &Object, route: &Value, place: &str, findings: &mut Findings<'_>) {
    let labels: Vec<&str> = strings(&route["group_by"]).collect();
    let unique: BTreeSet<&&str> = labels.iter().collect();
    if unique.len() < labels.len() {
        findings
            .on(object, format!("`group_by` of {place} names a label twice"))
            .help("name it once");
    }
    if labels.contains(&"...") && unique.len() > 1 {
        findings
            .on(
                object,
                format!("`group_by` of {place} has `...` beside other labels"),
            )
            .help("`...` stands for all labels: keep it alone, or leave it out");
    }
}

/// What integrations of a receiver cannot do without.
fn needed(
    object: &Object,
    config: &Value,
    receiver: &Value,
    place: &str,
    findings: &mut Findings<'_>,
) {
    for (kind, fields) in NEEDED {
        for integration in items(&receiver[kind]) {
            let is_set = |field: &&str| match field.strip_prefix("global.") {
                Some(field) => !config["global"][field].is_null(),
                None => !integration[*field].is_null(),
            };
            if !fields.iter().any(is_set) {
                let names: Vec<String> = fields.iter().map(|one| format!("`{one}`")).collect();
                let message = format!("`{kind}` of {place} lacks {}", names.join(" or "));
                findings
                    .on(object, message)
                    .help("Alertmanager does not load the configuration without it");
            }
        }
    }
}

/// Matchers that cannot be read, or whose pattern is none.
fn readable(
    object: &Object,
    value: &Value,
    fields: &[&str],
    place: &str,
    findings: &mut Findings<'_>,
) {
    for field in fields {
        for text in strings(&value[*field]) {
            let parts = split(text);
            let wrong = parts.iter().find_map(|part| match matcher(part) {
                None => {
                    Some("write it like `severity=\"critical\"` or `namespace=~\"a|b\"`".to_owned())
                }
                Some(one) if one.operator.ends_with('~') => regex::Regex::new(&one.value)
                    .err()
                    .map(|_| "its pattern is no regular expression".to_owned()),
                Some(_) => None,
            });
            if let Some(help) = wrong {
                findings
                    .on(
                        object,
                        format!("`{field}` of {place} has `{text}`, which is no matcher"),
                    )
                    .help(help);
            }
        }
    }
}
