//! What can be told of rules and dashboards that kube-prometheus says in words
//! of its own: whether they are as a release has them, or were changed.
//!
//! The release's texts are not here. `data/kube-prometheus.txt` holds a digest of
//! each, and of expressions a digest of what is between their numbers, with the
//! numbers: so a threshold that was changed shows as the old and the new number.
//! `UPDATE_RELEASE=1 cargo test -p kpbuild release` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use kpbuild_core::object::sha256;
use serde_json::{Map, Value, json};

use super::Search;
use super::meaning::{self, Texts, is_own_text};
use super::rules::{RUNBOOKS, Rule, paired_rules, runbooks_elsewhere};

static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::read(include_str!("../../data/kube-prometheus.txt")));

/// The release of the table, as messages name it.
pub(super) fn name() -> &'static str {
    &TABLE.release
}

/// What a release says, as digests.
#[derive(Debug, Default)]
struct Table {
    release: String,
    /// The versions that objects of rules are labelled with, by their names.
    versions: BTreeMap<String, String>,
    /// Rules by group, name and labels; some groups have several of a kind.
    rules: BTreeMap<String, Vec<RuleText>>,
    /// Digests of dashboards and configurations, by the names of their ConfigMaps.
    texts: BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Eq)]
struct RuleText {
    expr: Expression,
    annotations: BTreeMap<String, String>,
}

/// An expression without its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expression {
    /// The digest of what is between the numbers.
    between: String,
    /// Numbers and durations, in their order.
    pub(super) numbers: Vec<String>,
}

impl Expression {
    /// Whether another one differs in numbers only.
    pub(super) fn has_words_of(&self, other: &Self) -> bool {
        self.between == other.between
    }
}

impl Table {
    /// Reads lines of fields between tabulators.
    fn read(text: &str) -> Self {
        let mut table = Self::default();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            let fields: Vec<&str> = line.split('\t').collect();
            match fields.as_slice() {
                ["release", name] => (*name).clone_into(&mut table.release),
                ["version", object, version] => {
                    let (object, version) = ((*object).to_owned(), (*version).to_owned());
                    table.versions.insert(object, version);
                }
                ["text", object, digest] => {
                    let (object, digest) = ((*object).to_owned(), (*digest).to_owned());
                    table.texts.insert(object, digest);
                }
                ["rule", group, name, labels, between, numbers, annotations] => {
                    let key = format!("{group}\t{name}\t{labels}");
                    let rules = table.rules.entry(key).or_default();
                    rules.push(RuleText::read(between, numbers, annotations));
                }
                _ => panic!("the table of the release is generated, and has no line `{line}`"),
            }
        }
        table
    }
}

impl RuleText {
    fn read(between: &str, numbers: &str, annotations: &str) -> Self {
        let words = |text: &str| -> Vec<String> {
            let words = text.split(' ').filter(|word| !word.is_empty());
            words.map(str::to_owned).collect()
        };
        let annotations = words(annotations).into_iter().filter_map(|annotation| {
            let (name, digest) = annotation.split_once('=')?;
            Some((name.to_owned(), digest.to_owned()))
        });
        Self {
            expr: Expression {
                between: between.to_owned(),
                numbers: words(numbers),
            },
            annotations: annotations.collect(),
        }
    }

    /// `expr` and the names of annotations that differ.
    fn differing(&self, other: &Self) -> Vec<String> {
        let expr = Some("expr".to_owned()).filter(|_| self.expr != other.expr);
        let both = [&self.annotations, &other.annotations];
        let names: BTreeSet<&String> = both.into_iter().flat_map(BTreeMap::keys).collect();
        let differs = |name: &&String| self.annotations.get(*name) != other.annotations.get(*name);
        let names = names.into_iter().filter(differs).cloned();
        expr.into_iter().chain(names).collect()
    }
}

/// By what a rule is the same one in two places.
pub(super) fn key(rule: &Rule) -> String {
    let (_, name) = rule.name();
    let labels = match &rule.value["labels"] {
        Value::Null => json!({}),
        labels => labels.clone(),
    };
    format!("{}\t{name}\t{labels}", rule.group)
}

/// Names that texts of an installation hold, and those that the release has for
/// them.
#[derive(Debug)]
struct Home(Vec<(String, &'static str)>);

impl Home {
    /// Those of an installation, whose runbooks may be elsewhere.
    fn of(stack: &Value, runbooks: Option<String>) -> Self {
        let name = |component: &str| stack["components"][component]["name"].as_str();
        let namespace = stack["namespace"].as_str().unwrap_or("monitoring");
        let prometheus = name("prometheus").unwrap_or("k8s");
        let alertmanager = name("alertmanager").unwrap_or("main");
        let names = [
            (
                format!("namespace=\"{namespace}\""),
                "namespace=\"monitoring\"",
            ),
            (
                format!("job=\"prometheus-{prometheus}\""),
                "job=\"prometheus-k8s\"",
            ),
            (
                format!("job=\"alertmanager-{alertmanager}\""),
                "job=\"alertmanager-main\"",
            ),
        ];
        let names = names
            .into_iter()
            .chain(runbooks.map(|base| (base, RUNBOOKS)));
        Self(names.filter(|(name, usual)| name != usual).collect())
    }

    fn usual(&self, text: &str) -> String {
        let names = self.0.iter();
        names.fold(text.to_owned(), |text, (name, usual)| {
            text.replace(name, usual)
        })
    }

    /// The digest of a text. Spaces and line ends do not count.
    fn digest(&self, text: &str) -> String {
        digest(&in_one_line(&self.usual(text)))
    }

    fn expression(&self, rule: &Value) -> Expression {
        // One that is a number is its own text.
        let text = match &rule["expr"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        expression(&self.usual(&text))
    }

    fn rule(&self, rule: &Value) -> RuleText {
        let annotations = rule["annotations"].as_object().into_iter().flatten();
        let annotations = annotations.map(|(name, text)| {
            let text = text.as_str().unwrap_or_default();
            (name.clone(), self.digest(text))
        });
        RuleText {
            expr: self.expression(rule),
            annotations: annotations.collect(),
        }
    }

    /// The digest of what a dashboard or a configuration says.
    fn text_of(&self, config_map: &Value) -> String {
        let texts = config_map["data"].as_object().into_iter().flatten();
        let said = texts.map(|(name, text)| {
            let text = text.as_str().unwrap_or_default();
            let mut said = self.usual_in(&meaning::content(name, text));
            // Grafana counts these up itself; configurations have none.
            if let Some(fields) = said.as_object_mut() {
                fields.remove("id");
                fields.remove("version");
            }
            (name.clone(), said)
        });
        digest(&Value::Object(said.collect()).to_string())
    }

    fn usual_in(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => json!(self.usual(text)),
            Value::Array(items) => items.iter().map(|item| self.usual_in(item)).collect(),
            Value::Object(map) => {
                let fields = map.iter();
                let fields = fields.map(|(key, value)| (key.clone(), self.usual_in(value)));
                fields.collect()
            }
            other => other.clone(),
        }
    }
}

/// The first digits of a digest, which are enough to tell texts apart.
fn digest(text: &str) -> String {
    let mut digits = sha256(text.as_bytes());
    digits.truncate(16);
    digits
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is between the numbers of an expression, and the numbers. Those in
/// strings and in names are words.
pub(super) fn expression(text: &str) -> Expression {
    let text = in_one_line(text);
    let (mut between, mut numbers) = (String::new(), Vec::new());
    let (mut quote, mut before) = (None, ' ');
    let mut rest = text.chars().peekable();
    while let Some(one) = rest.next() {
        let is_in_name = before.is_ascii_alphanumeric() || "_:.$\\".contains(before);
        if quote.is_none() && one.is_ascii_digit() && !is_in_name {
            let mut number = String::from(one);
            while let Some(next) = rest.next_if(|next| next.is_ascii_alphanumeric() || *next == '.')
            {
                number.push(next);
            }
            between.push('#');
            before = '0';
            numbers.push(number);
            continue;
        }
        match quote {
            Some(_) if before == '\\' => {}
            Some(open) if open == one => quote = None,
            None if "\"'`".contains(one) => quote = Some(one),
            _ => {}
        }
        // A backslash that is itself escaped escapes nothing.
        before = if before == '\\' { ' ' } else { one };
        between.push(one);
    }
    Expression {
        between: digest(&between),
        numbers,
    }
}

/// What was changed by hand in texts that are not kpbuild's.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// By the key of the rule: `expr`, and the names of annotations.
    fields: BTreeMap<String, BTreeSet<String>>,
    /// ConfigMaps with other texts.
    texts: BTreeSet<String>,
}

impl Changed {
    /// The fields of a rule that are compared to the last character: `expr`, and
    /// the names of annotations.
    pub(super) fn fields(&self, rule: &Rule) -> impl Fn(&str) -> bool {
        let fields = self.fields.get(&key(rule));
        move |field| fields.is_some_and(|fields| fields.contains(field))
    }

    /// Whether the text of a ConfigMap is.
    pub(super) fn has_text(&self, name: &str) -> bool {
        self.texts.contains(name)
    }

    /// Takes a field of a rule for said.
    pub(super) fn settle(&mut self, rule: &str, field: &str) {
        if let Some(fields) = self.fields.get_mut(rule) {
            fields.remove(field);
        }
    }
}

/// What is known about the rules and dashboards of somebody else.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Whether what differs was changed by hand; otherwise it may as well be of
    /// another release.
    pub(super) is_of_release: bool,
    /// How many rules are as they were shipped.
    pub(super) rules_as_shipped: usize,
    /// How many dashboards are.
    pub(super) dashboards_as_shipped: usize,
    pub(super) rules: Vec<ChangedRule>,
    /// ConfigMaps with dashboards and configurations that were changed.
    pub(super) texts: Vec<String>,
    /// Rules that kpbuild has in place of several, of which one was changed.
    pub(super) joined_rules: Vec<(String, String)>,
    /// Rules that the release does not have, of which nothing can be told.
    pub(super) unknown_rules: Vec<(String, String)>,
    /// Dashboards that it does not have.
    pub(super) unknown_texts: Vec<String>,
}

/// A rule that is not as the release has it.
#[derive(Debug, Clone)]
pub(super) struct ChangedRule {
    pub(super) group: String,
    pub(super) name: String,
    /// How kpbuild's own rule is found, and the one that was given.
    pub(super) keys: [String; 2],
    /// `expr` and the names of annotations.
    pub(super) fields: Vec<String>,
    /// The release's numbers and those that were given, where nothing else of
    /// the expression was changed.
    pub(super) numbers: Option<[Vec<String>; 2]>,
    /// Whether a parameter of kpbuild says the new numbers.
    pub(super) is_parameter: bool,
}

impl ChangedRule {
    /// The old and the new one of each number that was changed.
    pub(super) fn pairs(&self) -> Vec<(&str, &str)> {
        let Some([old, new]) = &self.numbers else {
            return Vec::new();
        };
        let both = old.iter().zip(new).filter(|(old, new)| old != new);
        both.map(|(old, new)| (old.as_str(), new.as_str()))
            .collect()
    }
}

/// Finds out what was changed of a release.
pub(super) fn look(search: &Search<'_>) -> (Told, Changed) {
    let home = Home::of(&search.stack, runbooks_elsewhere(search));
    let mut told = Told::default();
    for pairs in paired_rules(search) {
        for (ours, theirs) in &pairs.rules {
            rule(&mut told, &home, ours, theirs, &pairs.given);
        }
    }
    for (key, object) in search.given.objects() {
        if !search.rendered.contains_key(key) || !is_own_text(key) {
            continue;
        }
        match TABLE.texts.get(&key.name) {
            None => told.unknown_texts.push(key.name.clone()),
            Some(digest) if *digest == home.text_of(&object.value) => {
                told.dashboards_as_shipped += usize::from(meaning::is_dashboard(key));
            }
            Some(_) => told.texts.push(key.name.clone()),
        }
    }
    told.is_of_release =
        told.rules_as_shipped >= told.rules.len() && has_versions_of_release(search);
    let mut changed = Changed::default();
    if told.is_of_release {
        changed.texts.extend(told.texts.iter().cloned());
        for rule in &told.rules {
            for key in &rule.keys {
                let fields = changed.fields.entry(key.clone()).or_default();
                fields.extend(rule.fields.iter().cloned());
            }
        }
    }
    (told, changed)
}

/// Whether most objects of rules are labelled as those of the release.
fn has_versions_of_release(search: &Search<'_>) -> bool {
    let labels = TABLE.versions.iter().filter_map(|(name, version)| {
        let mut objects = search.given.objects();
        let (_, object) = objects.find(|(key, _)| {
            key.kind == "PrometheusRule" && of_release(search, &key.name) == *name
        })?;
        let label = &object.value["metadata"]["labels"]["app.kubernetes.io/version"];
        Some(label == version)
    });
    let labels: Vec<bool> = labels.collect();
    let same = labels.iter().filter(|is_same| **is_same).count();
    2 * same > labels.len()
}

/// What an object is called in the release, where instances have other names.
fn of_release(search: &Search<'_>, name: &str) -> String {
    let instance = |component: &str| search.stack["components"][component]["name"].as_str();
    let mut name = name.to_owned();
    for (component, usual) in [("prometheus", "k8s"), ("alertmanager", "main")] {
        if let Some(own) = instance(component) {
            name = name.replace(
                &format!("{component}-{own}-"),
                &format!("{component}-{usual}-"),
            );
        }
    }
    name
}

/// Compares a rule with the release's.
fn rule(told: &mut Told, home: &Home, ours: &Rule, theirs: &Rule, all: &[Rule]) {
    let (group, name) = (ours.group.clone(), ours.name().1.to_owned());
    let Some(known) = TABLE.rules.get(&key(ours)) else {
        told.unknown_rules.push((group, name));
        return;
    };
    let as_shipped = |rule: &Rule| known.contains(&home.rule(&rule.value));
    let [known] = known.as_slice() else {
        // Several rules of one kind, of which kpbuild makes one.
        let mut alike = all.iter().filter(|rule| key(rule) == key(ours));
        if alike.all(as_shipped) {
            told.rules_as_shipped += 1;
        } else {
            told.joined_rules.push((group, name));
        }
        return;
    };
    let given = home.rule(&theirs.value);
    let fields = known.differing(&given);
    if fields.is_empty() {
        told.rules_as_shipped += 1;
        return;
    }
    let is_number = known.expr.has_words_of(&given.expr) && known.expr != given.expr;
    told.rules.push(ChangedRule {
        group,
        name,
        keys: [key(ours), key(theirs)],
        fields,
        numbers: is_number.then_some([known.expr.numbers.clone(), given.expr.numbers]),
        is_parameter: false,
    });
}

/// Leaves of a rule what is compared.
pub(super) fn compared(group: &str, rule: &Value, texts: &Texts) -> Value {
    let Texts::Others(changed) = texts else {
        return rule.clone();
    };
    let of_group = Rule {
        group: group.to_owned(),
        value: rule.clone(),
    };
    let is_said = changed.fields(&of_group);
    let fields = rule.as_object().into_iter().flatten();
    let compared = fields.filter_map(|(name, value)| match name.as_str() {
        "expr" => is_said("expr").then(|| (name.clone(), value.clone())),
        "annotations" => {
            let texts = value.as_object().into_iter().flatten();
            let texts = texts.filter(|(name, _)| is_said(name));
            let texts = texts.map(|(name, text)| (name.clone(), text.clone()));
            let texts: Map<String, Value> = texts.collect();
            (!texts.is_empty()).then(|| (name.clone(), Value::Object(texts)))
        }
        _ => Some((name.clone(), value.clone())),
    });
    Value::Object(compared.collect())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::io::Write as _;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use kpbuild_core::{Diagnostics, SourceMap};

    use super::*;
    use crate::files::Files;
    use crate::import::Given;
    use crate::import::rules::rules_of;
    use crate::read_manifests;

    const MODULE: &str = "github.com/prometheus-operator/kube-prometheus";
    const VERSION: &str = "v0.18.0";

    #[test]
    fn numbers_are_told_from_words() {
        let text = "rate(a:b5m{code=~\"5..\", x='\\'1'}[5m:1m]) * 24*60\n  > 0.95 and k8s_1 < 1e3";
        let found = expression(text);
        assert_eq!(found.numbers, ["5m", "24", "60", "0.95", "1e3"]);
        let changed = expression(&text.replace("0.95", "0.9"));
        assert_eq!(changed.between, found.between);
        assert_eq!(changed.numbers[3], "0.9");
        assert_ne!(
            expression(&text.replace("5..", "4..")).between,
            found.between
        );
    }

    #[test]
    fn texts_of_another_namespace_are_those_of_the_release() {
        let stack = json!({"namespace": "watching", "components": {"prometheus": {"name": "a"}}});
        let rule = |namespace: &str, job: &str| {
            let expr = format!("up{{namespace=\"{namespace}\",job=\"prometheus-{job}\"}} == 0");
            json!({"expr": expr})
        };
        let usual = Home::of(&json!({}), None).rule(&rule("monitoring", "k8s"));
        assert_eq!(Home::of(&stack, None).rule(&rule("watching", "a")), usual);
        assert_ne!(Home::of(&stack, None).rule(&rule("other", "a")), usual);
    }

    /// The release's manifests, from Go's cache of modules or the network.
    fn manifests() -> Option<PathBuf> {
        let module = format!("{MODULE}@{VERSION}");
        let output = Command::new("go")
            .args(["mod", "download", "-json", &module])
            .current_dir(std::env::temp_dir())
            .output()
            .ok()?;
        let about: Value = serde_json::from_slice(&output.stdout).ok()?;
        let folder = Path::new(about["Dir"].as_str()?).join("manifests");
        folder.is_dir().then_some(folder)
    }

    /// The table of a folder with manifests.
    fn table(folder: &Path) -> String {
        let (mut sources, mut diagnostics) = (SourceMap::default(), Diagnostics::default());
        let files = Files::default();
        let bundle = read_manifests::folder(&files, folder, None, &mut sources, &mut diagnostics);
        let given = Given::of(&bundle.expect("the folder can be read"), &sources);
        let home = Home::of(&json!({}), None);
        let mut lines = Vec::new();
        for (key, object) in given.objects() {
            let value = &object.value;
            if is_own_text(key) {
                lines.push(format!("text\t{}\t{}", key.name, home.text_of(value)));
            }
            if key.kind != "PrometheusRule" {
                continue;
            }
            if let Some(version) = value["metadata"]["labels"]["app.kubernetes.io/version"].as_str()
            {
                lines.push(format!("version\t{}\t{version}", key.name));
            }
            lines.extend(rules_of(value).iter().map(|rule| line(&home, rule)));
        }
        lines.sort();
        let mut text = format!(
            "# Generated by a test of src/import/release.rs; do not edit. What the rules, dashboards and configurations of\n\
             # kube-prometheus {VERSION} (its folder manifests/) are, without their texts: the first 16 digits of SHA-256 of\n\
             # each, of an expression the digest of what is between its numbers, and the numbers.\n\
             # rule GROUP NAME LABELS EXPRESSION NUMBERS ANNOTATIONS, text CONFIGMAP DIGEST, version OBJECT VERSION\n\
             release\tkube-prometheus {VERSION}\n"
        );
        for line in lines {
            writeln!(text, "{line}").expect("strings grow");
        }
        text
    }

    fn line(home: &Home, rule: &Rule) -> String {
        let text = home.rule(&rule.value);
        let annotations = text.annotations.iter();
        let annotations: Vec<String> = annotations
            .map(|(name, digest)| format!("{name}={digest}"))
            .collect();
        format!(
            "rule\t{}\t{}\t{}\t{}",
            key(rule),
            text.expr.between,
            text.expr.numbers.join(" "),
            annotations.join(" ")
        )
    }

    #[test]
    fn the_table_of_the_release_is_what_its_manifests_say() {
        let Some(folder) = manifests() else {
            let said =
                format!("SKIPPED the_table_of_the_release: `go mod download {MODULE}` fails");
            // Nobody to read it is no reason to stop.
            let _ = writeln!(std::io::stderr(), "{said}");
            return;
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/kube-prometheus.txt");
        let table = table(&folder);
        #[expect(
            clippy::disallowed_methods,
            reason = "a test that writes when it is told to"
        )]
        let update = std::env::var_os("UPDATE_RELEASE").is_some();
        if update {
            std::fs::write(&path, &table).expect("data/ is writable");
        }
        let written = std::fs::read_to_string(&path).expect("the table is part of the repository");
        assert!(
            written == table,
            "data/kube-prometheus.txt is not what the manifests say: write it anew with UPDATE_RELEASE=1"
        );
    }
}
