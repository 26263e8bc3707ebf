//! Files of rules: Prometheus' own rule files, and PrometheusRule objects.

use std::sync::LazyLock;

use kpbuild_core::node::NodeKind;
use kpbuild_core::{Code, Diagnostic, Diagnostics, FileId, Node, SourceMap, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{RuleGroup, UserGroup, check, choices};
use crate::documents::documents;
use crate::format;
use crate::scalar::Name;
use crate::schema;
use crate::shape::{Annotations, Labels};
use crate::validate::validate;

/// A file that holds no rules, or that no object can be made of.
pub const NOT_RULES: Code = Code("rule-file");

/// The rules of one document of a file.
#[derive(Debug, Clone)]
pub struct UserRules {
    /// The name of the object that they go into.
    pub name: String,
    /// The `metadata` that the file gives the object; nothing in a rule file of
    /// Prometheus.
    pub metadata: Value,
    /// The groups.
    pub groups: Vec<UserGroup>,
    /// Where the document is.
    pub span: Span,
}

/// A rule file of Prometheus.
#[derive(Serialize, Deserialize, JsonSchema)]
struct RuleFile {
    /// The groups of rules.
    groups: Vec<RuleGroup>,
}

/// A PrometheusRule object.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RuleManifest {
    /// Version of the API.
    api_version: Version,
    /// Kind of the object.
    kind: Kind,
    /// Identity of the object.
    metadata: Metadata,
    /// The rules.
    spec: RuleFile,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
enum Version {
    #[serde(rename = "monitoring.coreos.com/v1")]
    V1,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
enum Kind {
    PrometheusRule,
}

/// What a file may say about its object: the rest is the server's.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Metadata {
    /// The name of the object.
    name: Name,
    /// The namespace; by default, that of the stack.
    namespace: Option<crate::scalar::Label>,
    /// Labels of the object.
    labels: Option<Labels>,
    /// Annotations of the object.
    annotations: Option<Annotations>,
}

/// Reads a file of rules; everything that is wrong with it is reported.
pub fn read(sources: &SourceMap, file: FileId, diagnostics: &mut Diagnostics) -> Vec<UserRules> {
    let before = diagnostics.errors();
    let documents = documents(sources, file, NOT_RULES, diagnostics);
    let path = &sources.file(file).name;
    let read = documents
        .iter()
        .map(|document| document_of(document, path, diagnostics));
    let rules: Vec<UserRules> = read.collect::<Vec<_>>().into_iter().flatten().collect();
    if rules.len() > 1 && rules.iter().any(|rules| rules.metadata.is_null()) {
        let message = "a rule file of Prometheus holds one document";
        let help = "put each into a file of its own, as its name becomes that of the object";
        diagnostics.push(not_rules(message, rules[1].span).help(help));
    }
    if diagnostics.errors() > before {
        return Vec::new();
    }
    rules
}

fn document_of(document: &Node, path: &str, diagnostics: &mut Diagnostics) -> Option<UserRules> {
    if !matches!(document.kind, NodeKind::Map(_)) {
        let help = "it holds `groups`, as Prometheus' rule files do, or is a PrometheusRule object";
        diagnostics.push(not_rules("this is no file of rules", document.span).help(help));
        return None;
    }
    if document.get("kind").is_some() || document.get("apiVersion").is_some() {
        manifest(document, diagnostics)
    } else {
        rule_file(document, path, diagnostics)
    }
}

fn rule_file(document: &Node, path: &str, diagnostics: &mut Diagnostics) -> Option<UserRules> {
    let groups = checked(document, &["groups"], &schemas().0, diagnostics)?;
    match object_name(path) {
        Ok(name) => Some(UserRules {
            name,
            metadata: Value::Null,
            groups: choices::groups(groups),
            span: document.span,
        }),
        Err(reason) => {
            let message = "the file's name becomes that of an object, and cannot be one";
            diagnostics.push(
                not_rules(message, document.span)
                    .note(reason)
                    .help("rename the file"),
            );
            None
        }
    }
}

fn manifest(document: &Node, diagnostics: &mut Diagnostics) -> Option<UserRules> {
    if let Some(kind) = document.get("kind")
        && let Some(name) = kind.as_str().filter(|name| *name != "PrometheusRule")
    {
        let message = format!("this is a manifest of the kind `{name}`, not `PrometheusRule`");
        let help = match name {
            "List" | "PrometheusRuleList" => {
                "write its items as documents, with `---` between them"
            }
            _ => {
                "files of rules hold PrometheusRule objects, or `groups` as in Prometheus' rule files"
            }
        };
        diagnostics.push(not_rules(&message, kind.span).help(help));
        return None;
    }
    let groups = checked(document, &["spec", "groups"], &schemas().1, diagnostics)?;
    let metadata = document.get("metadata")?.to_json();
    Some(UserRules {
        name: metadata["name"].as_str()?.to_owned(),
        metadata,
        groups: choices::groups(groups),
        span: document.at(["metadata", "name"]).unwrap_or(document).span,
    })
}

/// The groups of a document that is of a schema, if nothing is wrong with them.
fn checked<'n>(
    document: &'n Node,
    path: &[&str],
    schema: &Value,
    diagnostics: &mut Diagnostics,
) -> Option<&'n Node> {
    let before = diagnostics.errors();
    validate(document, schema, diagnostics);
    if diagnostics.errors() > before {
        return None;
    }
    let groups = document.at(path.iter().copied())?;
    check::groups(groups, diagnostics);
    (diagnostics.errors() == before).then_some(groups)
}

fn schemas() -> &'static (Value, Value) {
    static SCHEMAS: LazyLock<(Value, Value)> = LazyLock::new(|| {
        (
            schema::strict::<RuleFile>(),
            schema::strict::<RuleManifest>(),
        )
    });
    &SCHEMAS
}

/// The name of the object for a file: that of the file without its ending.
fn object_name(path: &str) -> Result<String, String> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let name = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let format = format::named("kubernetes-name").expect("names are a format of the table");
    format.check(name).map(|()| name.to_owned())
}

fn not_rules(message: &str, span: Span) -> Diagnostic {
    Diagnostic::error(NOT_RULES, message).at(span, "")
}
