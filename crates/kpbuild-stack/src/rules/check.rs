//! What is wrong with rules beyond the types of their fields.

use kpbuild_core::node::NodeKind;
use kpbuild_core::{Code, Diagnostic, Diagnostics, Node, Span};

use crate::conflicts::CONFLICT;
use crate::parse::StackFile;

/// An expression that is not PromQL.
pub const SYNTAX: Code = Code("rule-syntax");

/// Reports what is wrong with the section `rules`.
pub(crate) fn check(file: &StackFile, diagnostics: &mut Diagnostics) {
    let Some(section) = file.tree.get("rules") else {
        return;
    };
    for item in items(section.get("disable")) {
        disabled(item, diagnostics);
    }
    for item in items(section.get("patch")) {
        patch(item, diagnostics);
    }
    if let Some(list) = section.get("groups") {
        groups(list, diagnostics);
    }
}

/// Reports what is wrong with groups of rules.
pub(super) fn groups(list: &Node, diagnostics: &mut Diagnostics) {
    let mut names: Vec<(&str, Span)> = Vec::new();
    for group in items(Some(list)) {
        let name = group.get("name");
        if let Some((name, span)) = name.and_then(|name| Some((name.as_str()?, name.span))) {
            if let Some((_, first)) = names.iter().find(|(known, _)| *known == name) {
                diagnostics.push(
                    wrong(format!("there are two groups `{name}`"), span)
                        .at(*first, "first here")
                        .help("rename one of them, or join their rules"),
                );
            }
            names.push((name, span));
        }
        for item in items(group.get("rules")) {
            rule(item, diagnostics);
        }
    }
}

fn disabled(item: &Node, diagnostics: &mut Diagnostics) {
    if !matches!(item.kind, NodeKind::Map(_)) {
        return;
    }
    exclusive(item, diagnostics);
    if ["alert", "record", "group"]
        .iter()
        .all(|field| item.get(field).is_none())
    {
        diagnostics.push(
            wrong(
                "this does not say which rules are disabled".to_owned(),
                item.span,
            )
            .help("name an `alert`, a `record` or a `group`"),
        );
    }
}

fn patch(item: &Node, diagnostics: &mut Diagnostics) {
    const SETS: [&str; 7] = [
        "for",
        "keep_firing_for",
        "severity",
        "labels",
        "annotations",
        "expr",
        "parameters",
    ];
    exclusive(item, diagnostics);
    let about = item.entry("alert").or(item.entry("record"));
    let Some(about) = about else {
        diagnostics.push(
            wrong(
                "this does not say which rules are patched".to_owned(),
                item.span,
            )
            .help("name an `alert` or a `record`"),
        );
        return;
    };
    if SETS.iter().all(|field| item.get(field).is_none()) {
        let known: Vec<String> = SETS.iter().map(|field| format!("`{field}`")).collect();
        diagnostics.push(
            wrong("this patch changes nothing".to_owned(), about.key_span)
                .help(format!("set one of {}", known.join(", "))),
        );
    }
    let severity = item
        .get("labels")
        .and_then(|labels| labels.entry("severity"));
    if let (Some(first), Some(second)) = (item.entry("severity"), severity) {
        diagnostics.push(
            wrong("the severity is set twice".to_owned(), second.key_span)
                .at(first.key_span, "first here")
                .help("keep one of the two"),
        );
    }
    if let (Some(first), Some(second)) = (item.entry("parameters"), item.entry("expr")) {
        diagnostics.push(
            wrong(
                "`parameters` and `expr` exclude each other".to_owned(),
                first.key_span,
            )
            .at(second.key_span, "and this")
            .help("write the values into the expression, or leave it to the parameters"),
        );
    }
    of_alerts_only(item, diagnostics);
    expression(item, diagnostics);
}

fn rule(item: &Node, diagnostics: &mut Diagnostics) {
    exclusive(item, diagnostics);
    if item.get("alert").is_none() && item.get("record").is_none() {
        diagnostics.push(
            wrong("the rule has no name".to_owned(), item.span)
                .help("give it an `alert` or a `record`"),
        );
    }
    of_alerts_only(item, diagnostics);
    expression(item, diagnostics);
}

/// An alert is no record.
fn exclusive(item: &Node, diagnostics: &mut Diagnostics) {
    if let (Some(alert), Some(record)) = (item.entry("alert"), item.entry("record")) {
        diagnostics.push(
            wrong(
                "`alert` and `record` exclude each other".to_owned(),
                record.key_span,
            )
            .at(alert.key_span, "and this")
            .help("a rule is one of the two: write two items"),
        );
    }
}

fn of_alerts_only(item: &Node, diagnostics: &mut Diagnostics) {
    if item.get("record").is_none() || item.get("alert").is_some() {
        return;
    }
    for field in ["for", "keep_firing_for", "severity", "annotations"] {
        if let Some(entry) = item.entry(field) {
            diagnostics.push(
                wrong(format!("a record has no `{field}`"), entry.key_span)
                    .help("remove it: only alerts have one"),
            );
        }
    }
}

fn expression(item: &Node, diagnostics: &mut Diagnostics) {
    let Some(node) = item.get("expr") else { return };
    let Some(text) = node.as_str() else { return };
    if let Err(error) = promql_parser::parser::parse(text) {
        let reason = error.lines().next().unwrap_or_default();
        diagnostics.push(
            Diagnostic::error(SYNTAX, format!("the expression is not PromQL: {reason}"))
                .at(node.span, ""),
        );
    }
}

fn wrong(message: String, span: Span) -> Diagnostic {
    Diagnostic::error(CONFLICT, message).at(span, "")
}

/// The items of a list, none if it is not one.
fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.kind) {
        Some(NodeKind::List(items)) => items,
        _ => &[],
    }
}
