//! `kpbuild check` judges Alertmanager's configuration as Alertmanager itself does: what amtool refuses is an error of
//! ours, what it takes is none.
//!
//! The amtool that can be built here is older than the Alertmanager of the stack, so that nothing is tried that has come
//! since.

use std::fs;
use std::path::Path;
use std::process::Command;

use kpbuild_core::yaml;
use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::{self, Tool};
use serde_json::{Value, json};

/// A configuration that is right, with something of everything.
fn right() -> Value {
    json!({
        "global": {"resolve_timeout": "5m", "smtp_smarthost": "mail.example.com:25", "smtp_from": "a@example.com"},
        "route": {
            "receiver": "default", "group_by": ["namespace"], "group_wait": "30s",
            "routes": [
                {"receiver": "pager", "matchers": ["severity = critical", "namespace =~ \"a|b\""], "continue": true},
                {"receiver": "mail", "match": {"team": "a"}, "mute_time_intervals": ["weekend"]},
            ],
        },
        "inhibit_rules": [{"source_matchers": ["severity = critical"], "target_matchers": ["severity = warning"], "equal": ["namespace"]}],
        "time_intervals": [{"name": "weekend", "time_intervals": [{"weekdays": ["saturday", "sunday"], "times": [{"start_time": "09:00", "end_time": "17:00"}]}]}],
        "receivers": [
            {"name": "default", "webhook_configs": [{"url": "https://example.com/hook", "send_resolved": true}]},
            {"name": "pager", "pagerduty_configs": [{"routing_key": "k", "details": {"a": "b"}}]},
            {"name": "mail", "email_configs": [{"to": "b@example.com", "headers": {"Subject": "x"}}],
             "slack_configs": [{"api_url": "https://hooks.example.com/x", "channel": "#a", "fields": [{"title": "a", "value": "b"}]}]},
        ],
    })
}

/// One change that Alertmanager refuses: what, where, and the new value.
fn wrong() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("an unknown field at the top", "/recievers", json!([])),
        (
            "an unknown field of a route",
            "/route/group_waits",
            json!("30s"),
        ),
        (
            "an unknown field of a receiver",
            "/receivers/0/webhooks",
            json!([]),
        ),
        (
            "an unknown field of an integration",
            "/receivers/0/webhook_configs/0/uri",
            json!("x"),
        ),
        (
            "an unknown field of the global section",
            "/global/slack_url",
            json!("x"),
        ),
        (
            "a duration without a unit",
            "/route/group_wait",
            json!("30"),
        ),
        (
            "a list that is a text",
            "/route/group_by",
            json!({"a": "b"}),
        ),
        ("no receiver at the top", "/route/receiver", Value::Null),
        ("matchers at the top", "/route/matchers", json!(["a = b"])),
        (
            "a receiver that does not exist",
            "/route/routes/0/receiver",
            json!("nobody"),
        ),
        (
            "a matcher without an operator",
            "/route/routes/0/matchers/0",
            json!("severity critical"),
        ),
        (
            "a pattern that is none",
            "/route/routes/0/matchers/1",
            json!("namespace =~ \"a(\""),
        ),
        (
            "a time interval that nobody defines",
            "/route/routes/1/mute_time_intervals/0",
            json!("weekends"),
        ),
        (
            "a label twice in a group",
            "/route/group_by",
            json!(["a", "a"]),
        ),
        (
            "two receivers of a name",
            "/receivers/1/name",
            json!("default"),
        ),
        (
            "a receiver without a name",
            "/receivers/2/name",
            Value::Null,
        ),
        (
            "a webhook without an address",
            "/receivers/0/webhook_configs/0/url",
            Value::Null,
        ),
        (
            "a pager without a key",
            "/receivers/1/pagerduty_configs/0/routing_key",
            Value::Null,
        ),
        (
            "a mail to nobody",
            "/receivers/2/email_configs/0/to",
            Value::Null,
        ),
        (
            "a mail without a server",
            "/global/smtp_smarthost",
            Value::Null,
        ),
        (
            "a channel without an address",
            "/receivers/2/slack_configs/0/api_url",
            Value::Null,
        ),
    ]
}

#[test]
fn kpbuild_and_alertmanager_agree() {
    let folder = tempfile::tempdir().expect("a folder for configurations");
    assert_eq!(
        judge(folder.path(), &right()),
        (true, true),
        "the right one"
    );
    let mut differ = Vec::new();
    for (what, pointer, value) in wrong() {
        let mut config = right();
        put(&mut config, pointer, value);
        match judge(folder.path(), &config) {
            (false, false) => {}
            (amtool, kpbuild) => differ.push(format!("{what}: amtool {amtool}, kpbuild {kpbuild}")),
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
}

/// Templates that Alertmanager reads, and such that it refuses.
#[test]
fn kpbuild_and_alertmanager_agree_on_templates() {
    let folder = tempfile::tempdir().expect("a folder for templates");
    let right = [
        "{{ define \"a\" }}{{ .Status | toUpper }}{{ end }}",
        "{{ define \"a\" }}{{ .Status | }}{{ end }}",
        "{{ define \"a\" -}} {{ range $i, $alert := .Alerts }}{{ if gt $i 3 }}{{ break }}{{ end }}{{ $alert.Labels.pod }}{{ else }}-{{ end }}{{ end }}",
        "{{ define \"a\" }}{{ if eq .Status \"firing\" }}x{{ else if not .Alerts }}y{{ else }}z{{ end }}{{ end }}",
        "{{ define \"a\" }}{{ with $x := index .Alerts 0 }}{{ $x.Labels }}{{ $.Status }}{{ end }}{{ end }}",
        "{{/* a comment */}}{{ define \"a\" }}{{ (index .Alerts 0).Labels.pod }}{{ printf `%d` 3 }}{{ end }}",
        "{{ define \"a\" }}{{ template \"slack.default.title\" . }}{{ block \"b\" .Alerts }}{{ len . }}{{ end }}{{ end }}",
        "{{ define \"a\" }}{{ .CommonLabels.SortedPairs.Values | join \" \" | title }}{{ end }}",
        "{{ define \"a\" }}{{ $n := 1 }}{{ $n = 2 }}{{ $n }} }} plain {{ end }}",
    ];
    let wrong = [
        "{{ define \"a\" }}{{ .Status",
        "{{ define \"a\" }}{{ .Status }}",
        "{{ define \"a\" }}{{ .Status | upper }}{{ end }}",
        "{{ define \"a\" }}{{ }}{{ end }}",
        "{{ define \"a\" }}{{ if }}x{{ end }}{{ end }}",
        "{{ define \"a\" }}{{ .Status || toUpper }}{{ end }}",
        "{{ define \"a\" }}{{ end }}{{ end }}",
        "{{ define \"a\" }}{{ else }}{{ end }}",
        "{{ define \"a\" }}{{ if .A }}{{ else }}{{ else }}{{ end }}{{ end }}",
        "{{ define \"a\" }}{{ $x }}{{ end }}",
        "{{ define \"a\" }}{{ if $x := .A }}{{ end }}{{ $x }}{{ end }}",
        "{{ define \"a\" }}{{ len (.Alerts }}{{ end }}",
        "{{ define \"a\" }}{{ len .Alerts) }}{{ end }}",
        "{{ define \"a\" }}{{ if .Status == \"firing\" }}x{{ end }}{{ end }}",
        "{{ define \"a\" }}{{ template slack.text . }}{{ end }}",
        "{{ define \"a\" }}{{ define \"b\" }}{{ end }}{{ end }}",
        "{{ define \"a\" }}x{{ end }}{{ define \"a\" }}y{{ end }}",
        "{{ define \"a\" }}{{ break }}{{ end }}",
        "{{ define \"a\" }}{{ .Status | 3 }}{{ end }}",
        "{{ define \"a\" }}{{ \"x }}{{ end }}",
        "{{ define \"a\" }}{{/* x }}{{ end }}",
        "{{ define a }}{{ end }}",
    ];
    let cases = right.map(|text| (text, true)).into_iter();
    let cases = cases.chain(wrong.map(|text| (text, false)));
    let mut differ = Vec::new();
    for (text, is_right) in cases {
        let judged = judge_template(folder.path(), text);
        if judged != (is_right, is_right) {
            differ.push(format!("{text}: amtool {}, kpbuild {}", judged.0, judged.1));
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
}

/// Whether amtool and kpbuild take a file of templates.
fn judge_template(folder: &Path, text: &str) -> (bool, bool) {
    fs::write(folder.join("team.tmpl"), text).expect("the folder is ours");
    let config = |path: &str| {
        let mut config = right();
        config["templates"] = json!([path]);
        yaml::document(&config)
    };
    let manifests = manifests(&json!({
        "alertmanager.yaml": config("/etc/alertmanager/config/*.tmpl"),
        "team.tmpl": text,
    }));
    fs::write(folder.join("alertmanager.yaml"), config("*.tmpl")).expect("the folder is ours");
    judged(folder, &manifests, &["alertmanager-template"])
}

fn put(config: &mut Value, pointer: &str, value: Value) {
    let (parent, field) = pointer.rsplit_once('/').expect("it starts with a slash");
    match config.pointer_mut(parent).expect("the parent is there") {
        Value::Object(map) if value.is_null() => {
            map.remove(field).expect("it is there");
        }
        Value::Object(map) => {
            map.insert(field.to_owned(), value);
        }
        Value::Array(items) => items[field.parse::<usize>().expect("an index")] = value,
        _ => panic!("{pointer} leads nowhere"),
    }
}

/// Whether amtool and kpbuild take a configuration.
fn judge(folder: &Path, config: &Value) -> (bool, bool) {
    let text = yaml::document(config);
    fs::write(folder.join("alertmanager.yaml"), &text).expect("the folder is ours");
    let manifests = manifests(&json!({"alertmanager.yaml": text}));
    judged(
        folder,
        &manifests,
        &["alertmanager-config", "receiver-missing"],
    )
}

/// An Alertmanager, and the Secret that it reads.
fn manifests(files: &Value) -> String {
    let alertmanager = json!({
        "apiVersion": "monitoring.coreos.com/v1", "kind": "Alertmanager",
        "metadata": {"name": "main", "namespace": "monitoring"}, "spec": {"replicas": 1},
    });
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "alertmanager-main", "namespace": "monitoring"},
        "stringData": files,
    });
    [alertmanager, secret]
        .map(|one| yaml::document(&one))
        .join("---\n")
}

/// What amtool says about the configuration in a folder, and kpbuild about
/// manifests with it.
fn judged(folder: &Path, manifests: &str, checks: &[&str]) -> (bool, bool) {
    let checked = Command::new(tools::path(Tool::Amtool))
        .args(["check-config", "alertmanager.yaml"])
        .current_dir(folder)
        .output()
        .expect("amtool was built and can be run");
    fs::write(folder.join("manifests.yaml"), manifests).expect("the folder is ours");
    let only = checks.iter().flat_map(|check| ["--only", *check]);
    let arguments: Vec<&str> = ["check", "manifests.yaml"]
        .into_iter()
        .chain(only)
        .collect();
    let ours = kpbuild::run(folder, &arguments);
    (checked.status.success(), ours.status.success())
}
