//! Templates of notifications: how messages look, beside Alertmanager's own
//! configuration.
//!
//! Here is what the stack file says. The files are read by the binary, and what
//! is in them is looked at in `kpbuild-render`.

use std::collections::BTreeMap;

use kpbuild_core::Span;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::parse::StackFile;

/// Templates of notifications, in the language of Go's templates. The
/// configuration uses them by the names that they define:
/// `text: '{{ template "team.text" . }}'`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
#[schemars(rename = "NotificationTemplates")]
pub struct Templates {
    /// Templates by the name of their file, which ends in `.tmpl`:
    /// `team.tmpl: '{{ define "team.text" }}...{{ end }}'`.
    pub inline: Inline,
    /// Files of templates, such as `notifications/*.tmpl`. Paths are relative to
    /// the stack file.
    #[schemars(inner(length(min = 1)))]
    pub files: Vec<String>,
}

/// Texts by the names of their files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Inline(pub BTreeMap<String, String>);

impl JsonSchema for Inline {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "InlineTemplates".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": {
                "format": "template-file",
                "pattern": r"^[A-Za-z0-9_-]([A-Za-z0-9_.-]*[A-Za-z0-9_-])?\.tmpl$",
            },
            "additionalProperties": {"type": "string"},
        })
    }
}

/// The functions of Alertmanager's templates, beside those of Go.
pub const FUNCTIONS: [&str; 20] = [
    "append",
    "date",
    "dict",
    "humanizeDuration",
    "join",
    "list",
    "match",
    "now",
    "reReplaceAll",
    "safeHtml",
    "safeUrl",
    "since",
    "stringSlice",
    "title",
    "toJson",
    "toLower",
    "toUpper",
    "trimSpace",
    "tz",
    "urlUnescape",
];

/// The templates that the stack file asks for.
#[derive(Debug, Clone)]
pub struct TemplateChoices {
    /// The ConfigMap that they go into.
    pub config_map: String,
    /// Those that stand in the stack file.
    pub inline: Vec<InlineTemplate>,
}

/// A template in the stack file.
#[derive(Debug, Clone)]
pub struct InlineTemplate {
    /// The name of its file.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Where the name is written.
    pub name_span: Span,
    /// Where the text is written.
    pub text_span: Span,
}

/// The part of the input of `templates/components/alertmanager` about them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Input {
    config_map: String,
    /// Texts by file name; they are known when the files are read.
    files: Map<String, Value>,
}

/// Whether there are any.
fn wanted(context: &Context<'_>) -> bool {
    let alertmanager = &context.file.components.alertmanager;
    let templates = &alertmanager.templates;
    alertmanager.common.enabled && !(templates.inline.0.is_empty() && templates.files.is_empty())
}

/// The name of the ConfigMap with all templates, if there are any.
pub(super) fn config_map(context: &Context<'_>) -> Option<String> {
    wanted(context).then(|| format!("{}-templates", context.alertmanager_full_name()))
}

pub(super) fn input(context: &Context<'_>) -> Option<Input> {
    config_map(context).map(|config_map| Input {
        config_map,
        files: Map::new(),
    })
}

/// Lets a configuration read the templates of a ConfigMap. It is mounted at a
/// place of the operator's choice.
pub(super) fn refer(config: &mut Value, config_map: &str) {
    let all = json!(format!("/etc/alertmanager/configmaps/{config_map}/*.tmpl"));
    match &mut config["templates"] {
        Value::Array(own) if own.contains(&all) => {}
        Value::Array(own) => own.push(all),
        other => *other = json!([all]),
    }
}

pub(crate) fn resolve(file: &StackFile, context: &Context<'_>) -> Option<TemplateChoices> {
    let config_map = config_map(context)?;
    let path = ["components", "alertmanager", "templates", "inline"];
    let texts = &file.shape.components.alertmanager.templates.inline.0;
    let inline = texts.iter().filter_map(|(name, text)| {
        let entry = file.tree.at(path)?.entry(name)?;
        Some(InlineTemplate {
            name: name.clone(),
            text: text.clone(),
            name_span: entry.key_span,
            text_span: entry.value.span,
        })
    });
    Some(TemplateChoices {
        config_map,
        inline: inline.collect(),
    })
}
