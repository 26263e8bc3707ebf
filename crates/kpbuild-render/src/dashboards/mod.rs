//! The dashboards of a stack: those of its mixins without the excluded ones,
//! and the user's own; each once, in a folder of Grafana.

mod config_maps;
mod mixin;
mod user;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use glob::Pattern;
use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Diagnostic, Diagnostics, Object, Span};
use kpbuild_stack::{DashboardChoices, DashboardFolder, Mixin, UserMixin};
use serde_json::{Value, json};

use crate::user_mixins::UserEvaluated;

pub use user::DashboardFile;

pub(crate) use user::read;

use user::Place;

use crate::Session;

/// A pattern of dashboards that matches none.
pub const EXCLUDES_NOTHING: Code = Code("dashboard-excludes-nothing");
/// Two dashboards that Grafana or Kubernetes cannot tell apart.
pub const TWICE: Code = Code("dashboard-twice");
/// A dashboard that reads records which no rule of the stack makes.
pub const WITHOUT_RULES: Code = Code("dashboard-without-rules");
/// Dashboards in a stack without Grafana.
pub const WITHOUT_GRAFANA: Code = Code("dashboard-without-grafana");

/// The dashboards of a stack, by file name.
#[derive(Debug, Default)]
pub(crate) struct Dashboards {
    by_file: BTreeMap<String, Dashboard>,
    /// The folders of Grafana, the default one first.
    folders: Vec<DashboardFolder>,
}

/// What Grafana reads, and what follows from it alone. It is kept as text: as a
/// value, with its thousands of small maps, it is several times as large.
#[derive(Debug)]
pub(crate) struct Shown {
    text: String,
    title: String,
    uid: String,
    /// Its queries by their places.
    queries: Vec<(Vec<String>, String)>,
    records: OnceLock<Vec<(Vec<String>, String)>>,
}

impl From<Value> for Shown {
    fn from(value: Value) -> Self {
        let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let queries = kpbuild_dashboard::queries(&value);
        let owned =
            |query: kpbuild_dashboard::Query<'_>| (query.path.clone(), query.expr.to_owned());
        Self {
            text: config_maps::text(&value),
            title: field("title"),
            uid: field("uid"),
            queries: queries.map(owned).collect(),
            records: OnceLock::new(),
        }
    }
}

impl Shown {
    /// It, read again.
    fn value(&self) -> Value {
        serde_json::from_str(&self.text).expect("it was a value")
    }

    /// The records that its queries read, with the places of the queries.
    fn records(&self) -> &[(Vec<String>, String)] {
        self.records.get_or_init(|| {
            let of_query = |(path, expr): &(Vec<String>, String)| {
                let path = path.clone();
                kpbuild_dashboard::records(expr).map(move |record| (path.clone(), record))
            };
            self.queries.iter().flat_map(of_query).collect()
        })
    }
}

/// One dashboard.
#[derive(Debug)]
pub(crate) struct Dashboard {
    value: Arc<Shown>,
    /// Its folder, by its number in the stack.
    folder: usize,
    source: Source,
}

/// Where a dashboard comes from.
#[derive(Debug)]
enum Source {
    /// A mixin, installed because of this line.
    Mixin {
        name: String,
        span: Option<Span>,
        /// Whether the stack wants the mixin's rules as well.
        rules: bool,
    },
    /// A file of the user's.
    User(Place),
}

impl Dashboard {
    fn title(&self) -> &str {
        &self.value.title
    }

    /// Where it, or a part of it, is written or asked for.
    fn span(&self, path: &[&str]) -> Option<Span> {
        match &self.source {
            Source::Mixin { span, .. } => *span,
            Source::User(place) => Some(place.span(path)),
        }
    }
}

impl Dashboards {
    /// None yet, and the folders that the stack file names.
    pub(crate) fn in_folders(folders: Vec<DashboardFolder>) -> Self {
        Self {
            by_file: BTreeMap::new(),
            folders,
        }
    }

    /// The folders of Grafana, the default one first.
    pub(crate) fn folders(&self) -> &[DashboardFolder] {
        &self.folders
    }

    /// Adds those of a mixin. One that two components bring comes once, with
    /// its rules if one of the two wants them.
    pub(crate) fn add_mixin(
        &mut self,
        mixin: &Mixin,
        span: Option<Span>,
        dashboards: &BTreeMap<String, Arc<Shown>>,
        diagnostics: &mut Diagnostics,
    ) {
        for (file, value) in dashboards {
            let (file, value) = (file.clone(), Arc::clone(value));
            let rules = mixin.rules.is_some();
            let source = Source::Mixin {
                name: mixin.name.to_owned(),
                span,
                rules,
            };
            let dashboard = Dashboard {
                value,
                folder: 0,
                source,
            };
            match self.by_file.get(&file).map(|first| &first.source) {
                Some(Source::Mixin {
                    name, rules: true, ..
                }) if name == mixin.name => {}
                Some(Source::Mixin { name, .. }) if name == mixin.name => {
                    self.by_file.insert(file, dashboard);
                }
                _ => self.add(file, dashboard, diagnostics),
            }
        }
    }

    /// Removes those that the stack does not want.
    pub(crate) fn exclude(&mut self, choices: &DashboardChoices, diagnostics: &mut Diagnostics) {
        let mut excluded = BTreeSet::new();
        for (text, span) in &choices.exclude {
            let matching = self.matching(text);
            if matching.is_empty() {
                diagnostics.push(self.excludes_nothing(text, *span));
            }
            excluded.extend(matching);
        }
        self.by_file.retain(|file, _| !excluded.contains(file));
    }

    fn matching(&self, text: &str) -> Vec<String> {
        let Ok(pattern) = Pattern::new(text) else {
            return Vec::new();
        };
        let files = self.by_file.keys();
        files
            .filter(|file| pattern.matches(stem(file)))
            .cloned()
            .collect()
    }

    fn excludes_nothing(&self, text: &str, span: Option<Span>) -> Diagnostic {
        let names = || self.by_file.keys().map(|file| stem(file));
        let words = || {
            text.split(|c: char| !c.is_alphanumeric())
                .filter(|word| word.len() > 3)
        };
        let related: Vec<&str> = names()
            .filter(|name| words().any(|word| name.contains(word)))
            .take(8)
            .collect();
        let help = match nearest(stem(text), names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if related.is_empty() => {
                "names are those of the ConfigMaps, without `grafana-dashboard-`".to_owned()
            }
            None => format!("there is {}", related.join(", ")),
        };
        Diagnostic::error(EXCLUDES_NOTHING, format!("there is no dashboard `{text}`"))
            .at_some(span, "")
            .help(help)
    }

    /// Adds one of the user's, and says what is wrong with it.
    pub(crate) fn add_user(&mut self, read: user::UserDashboard, diagnostics: &mut Diagnostics) {
        for finding in kpbuild_dashboard::check(&read.value) {
            diagnostics.push(read.place.diagnostic(finding));
        }
        let dashboard = Dashboard {
            value: Arc::new(Shown::from(read.value)),
            folder: self.folder(read.folder.as_deref()),
            source: Source::User(read.place),
        };
        self.add(read.name, dashboard, diagnostics);
    }

    /// The number of a folder; the default one without a title, a new one if
    /// there is none of it yet.
    fn folder(&mut self, title: Option<&str>) -> usize {
        let Some(title) = title else { return 0 };
        let known = self.folders.iter().position(|folder| folder.title == title);
        known.unwrap_or_else(|| {
            let number = self.folders.len();
            self.folders.push(DashboardFolder::new(number, title));
            number
        })
    }

    /// Adds those of a mixin from elsewhere. What is wrong with them is said at
    /// the line that names the mixin, warnings of one kind together.
    pub(crate) fn add_user_mixin(
        &mut self,
        mixin: &UserMixin,
        given: UserEvaluated,
        diagnostics: &mut Diagnostics,
    ) {
        let Some(span) = mixin.span else { return };
        let folder = if given.dashboards.is_empty() {
            0
        } else {
            self.folder(given.folder.as_deref())
        };
        let mut found = Vec::new();
        for (file, value) in given.dashboards {
            found.extend(
                kpbuild_dashboard::check(&value.value())
                    .into_iter()
                    .map(|finding| (stem(&file).to_owned(), finding)),
            );
            let dashboard = Dashboard {
                value,
                folder,
                source: Source::User(Place::whole(span)),
            };
            self.add(file, dashboard, diagnostics);
        }
        diagnostics.extend(mixin::findings(span, found));
    }

    /// Adds a dashboard unless there is one that it cannot stand beside.
    fn add(&mut self, file: String, dashboard: Dashboard, diagnostics: &mut Diagnostics) {
        let same_uid = self.same(&dashboard, |shown| &shown.uid, |_| true);
        let same_title = self.same(
            &dashboard,
            |shown| &shown.title,
            |other| other.folder == dashboard.folder,
        );
        let problem = if let Some(first) = self.by_file.get_key_value(&file) {
            twice("file name", &file, (&file, &dashboard), first)
        } else if let Some(first) = same_uid {
            twice("uid", &dashboard.value.uid, (&file, &dashboard), first)
        } else if let Some(first) = same_title {
            twice("title", dashboard.title(), (&file, &dashboard), first)
        } else {
            self.by_file.insert(file, dashboard);
            return;
        };
        diagnostics.push(problem);
    }

    fn same(
        &self,
        new: &Dashboard,
        field: impl Fn(&Shown) -> &String,
        and: impl Fn(&Dashboard) -> bool,
    ) -> Option<(&String, &Dashboard)> {
        let text = field(&new.value);
        let mut others = self.by_file.iter().filter(|_| !text.is_empty());
        others.find(|(_, other)| field(&other.value) == text && and(other))
    }

    /// Says which dashboards read records that are not made, once for each of
    /// the user's and once for each mixin. Those of a mixin whose rules nobody
    /// wants are silent: they are there only because kube-prometheus has them,
    /// for things that this stack does not measure.
    pub(crate) fn check_records(&self, recorded: &BTreeSet<String>, diagnostics: &mut Diagnostics) {
        let mut of_mixins: BTreeMap<&str, Missing<'_>> = BTreeMap::new();
        for (file, dashboard) in &self.by_file {
            let mut read = dashboard.value.records().iter();
            let Some((path, record)) = read.find(|(_, record)| !recorded.contains(record)) else {
                continue;
            };
            match &dashboard.source {
                Source::Mixin { rules: false, .. } => {}
                Source::Mixin { name, span, .. } => {
                    let missing = of_mixins.entry(name).or_insert(Missing {
                        span: *span,
                        record: record.clone(),
                        dashboards: Vec::new(),
                    });
                    missing.dashboards.push(stem(file));
                }
                Source::User(place) => diagnostics.push(unrecorded(file, record, place, path)),
            }
        }
        diagnostics.extend(
            of_mixins
                .into_iter()
                .map(|(mixin, missing)| missing.finding(mixin)),
        );
    }

    /// Says that nobody shows the dashboards that the stack file speaks of.
    pub(crate) fn without_grafana(choices: &DashboardChoices, diagnostics: &mut Diagnostics) {
        if let Some(span) = choices.span {
            diagnostics.push(
                Diagnostic::warning(
                    WITHOUT_GRAFANA,
                    "this stack has no Grafana to show dashboards",
                )
                .at(span, "not used")
                .help("remove the section, or `enabled: false` of `components.grafana`"),
            );
        }
    }

    /// What Grafana's template mounts: name and path of each.
    pub(crate) fn mounts(&self) -> Value {
        let mount = |(file, dashboard): (&String, &Dashboard)| {
            let folder = &self.folders[dashboard.folder].path;
            json!({"name": stem(file), "path": format!("{folder}/{}", stem(file))})
        };
        self.by_file.iter().map(mount).collect()
    }

    /// A checksum over all of them.
    pub(crate) fn checksum(&self) -> String {
        config_maps::checksum(
            self.by_file
                .iter()
                .map(|(file, dashboard)| (file.as_str(), dashboard.value.text.as_str())),
        )
    }

    /// The ConfigMap of each, with Grafana's own metadata.
    pub(crate) fn config_maps(
        &self,
        metadata: &Value,
        session: &Session,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Object> {
        let mut objects = Vec::with_capacity(self.by_file.len());
        for (file, dashboard) in &self.by_file {
            let (shown, span) = (&dashboard.value, dashboard.span(&[]));
            let key = format!("{:p} {file} {metadata}", Arc::as_ptr(shown));
            let Ok(kept) = session.config_maps().get(key, || {
                let object = config_maps::config_map(file, &shown.text, metadata);
                Ok::<_, Infallible>((Arc::clone(shown), object))
            });
            let mut object = kept.1.clone();
            object.origin.span = span;
            config_maps::check_size(file, &object, diagnostics);
            objects.push(object);
        }
        objects
    }
}

/// The name that a dashboard has in Kubernetes: its file name without the ending.
fn stem(file: &str) -> &str {
    file.strip_suffix(".json").unwrap_or(file)
}

fn twice(
    what: &str,
    value: &str,
    (file, second): (&str, &Dashboard),
    (first_file, first): (&String, &Dashboard),
) -> Diagnostic {
    let path: &[&str] = if what == "file name" { &[] } else { &[what] };
    let message = format!("two dashboards have the {what} `{value}`");
    let diagnostic = Diagnostic::error(TWICE, message).at_some(second.span(path), "");
    match &first.source {
        Source::User(place) => diagnostic
            .at(place.span(path), "the other one")
            .help(format!("give one of them another {what}")),
        Source::Mixin { name, .. } => diagnostic
            .note(format!("the other one, `{}`, comes with the mixin `{name}`", first.title()))
            .help(format!(
                "give `{}` another {what}, or replace the other one: `dashboards: {{exclude: [{}]}}`",
                stem(file),
                stem(first_file)
            )),
    }
}

/// The dashboards of a mixin that read records which are not made.
struct Missing<'a> {
    span: Option<Span>,
    /// One of the records.
    record: String,
    dashboards: Vec<&'a str>,
}

impl Missing<'_> {
    fn finding(&self, mixin: &str) -> Diagnostic {
        let all = self.dashboards.join(", ");
        let (count, show) = match self.dashboards.len() {
            1 => ("a dashboard".to_owned(), "shows"),
            count => (format!("{count} dashboards"), "show"),
        };
        let message = format!(
            "{count} of the mixin `{mixin}` {show} records that no rule of this stack makes"
        );
        Diagnostic::warning(WITHOUT_RULES, message)
            .at_some(self.span, "")
            .note(format!("such as `{}`", self.record))
            .help(format!(
                "keep the rules, or drop what stays empty: `dashboards: {{exclude: [{all}]}}`"
            ))
    }
}

fn unrecorded(file: &str, record: &str, place: &Place, path: &[String]) -> Diagnostic {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    Diagnostic::warning(
        WITHOUT_RULES,
        format!(
            "no rule of this stack makes `{record}`, which `{}` shows",
            stem(file)
        ),
    )
    .at(place.span(&path), "")
    .help("the panel stays empty unless somebody else records it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mixins::shown;
    use kpbuild_core::{SourceMap, Style};
    use kpbuild_stack::RuleObject;

    fn mixin(name: &'static str, rules: bool) -> Mixin {
        let rules = rules.then(|| RuleObject {
            name: "r".into(),
            metadata: kpbuild_stack::context::Metadata::default(),
        });
        Mixin {
            name,
            config: json!({}),
            rules,
        }
    }

    fn of(mixins: &[(Mixin, Value)]) -> (Dashboards, Diagnostics) {
        let (mut all, mut diagnostics) = (Dashboards::default(), Diagnostics::default());
        for (mixin, dashboards) in mixins {
            let map = dashboards
                .as_object()
                .expect("a map from file to dashboard");
            let dashboards = shown(map.clone());
            all.add_mixin(mixin, None, &dashboards, &mut diagnostics);
        }
        (all, diagnostics)
    }

    fn choices(exclude: &[&str]) -> DashboardChoices {
        DashboardChoices {
            exclude: exclude
                .iter()
                .map(|text| ((*text).to_owned(), None))
                .collect(),
            folders: vec![DashboardFolder {
                title: "Default".into(),
                path: "/0".into(),
            }],
            span: None,
        }
    }

    fn messages(diagnostics: &Diagnostics) -> Vec<String> {
        diagnostics
            .sorted()
            .iter()
            .map(|d| format!("{} {:?}", d.message, d.help))
            .collect()
    }

    #[test]
    fn patterns_exclude_and_those_that_match_nothing_are_errors() {
        let dashboards = json!({"nodes.json": {}, "nodes-aix.json": {}, "k8s-windows-x.json": {}});
        let (mut all, mut diagnostics) = of(&[(mixin("m", true), dashboards)]);
        all.exclude(
            &choices(&["k8s-*windows*", "nodes-aix", "node", "nodes-aix.json"]),
            &mut diagnostics,
        );
        assert_eq!(all.by_file.keys().collect::<Vec<_>>(), ["nodes.json"]);
        assert_eq!(
            messages(&diagnostics),
            [
                "there is no dashboard `node` Some(\"did you mean `nodes`?\")",
                "there is no dashboard `nodes-aix.json` Some(\"did you mean `nodes-aix`?\")",
            ]
        );
    }

    #[test]
    fn a_mixin_that_comes_twice_comes_once_and_with_its_rules() {
        let dashboards = json!({"a.json": {"uid": "a", "title": "A"}});
        let (all, diagnostics) = of(&[
            (mixin("m", false), dashboards.clone()),
            (mixin("m", true), dashboards.clone()),
            (mixin("m", false), dashboards),
        ]);
        assert!(diagnostics.is_empty());
        assert!(matches!(
            all.by_file["a.json"].source,
            Source::Mixin { rules: true, .. }
        ));
    }

    #[test]
    fn what_grafana_cannot_tell_apart_is_an_error() {
        let (_, diagnostics) = of(&[
            (
                mixin("m", true),
                json!({"a.json": {"uid": "a", "title": "A"}}),
            ),
            (
                mixin("n", true),
                json!({
                    "a.json": {"uid": "x", "title": "X"},
                    "b.json": {"uid": "a", "title": "B"},
                    "c.json": {"uid": "c", "title": "A"},
                    "d.json": {"uid": "d", "title": "D"},
                }),
            ),
        ]);
        let found = messages(&diagnostics);
        assert_eq!(found.len(), 3);
        assert!(
            found[0].starts_with("two dashboards have the file name `a.json`"),
            "{found:?}"
        );
        assert!(
            found[1].starts_with("two dashboards have the title `A`"),
            "{found:?}"
        );
        assert!(
            found[2].starts_with("two dashboards have the uid `a`"),
            "{found:?}"
        );
    }

    #[test]
    fn records_that_nobody_makes_are_said_unless_their_rules_are_unwanted() {
        let dashboard = |expr: &str| json!({"panels": [{"targets": [{"expr": expr}]}]});
        let (all, mut diagnostics) = of(&[
            (
                mixin("m", true),
                json!({"a.json": dashboard("sum(a:b) / x:y:z + c:d")}),
            ),
            (mixin("windows", false), json!({"b.json": dashboard("w:x")})),
        ]);
        all.check_records(&BTreeSet::from(["c:d".to_owned()]), &mut diagnostics);
        let found: Vec<String> = diagnostics
            .sorted()
            .iter()
            .map(|d| d.render(&SourceMap::default(), Style::Plain))
            .collect();
        insta::assert_snapshot!(found.join("\n"), @"
        warning[dashboard-without-rules]: a dashboard of the mixin `m` shows records that no rule of this stack makes
         |
         = note: such as `a:b`
         = help: keep the rules, or drop what stays empty: `dashboards: {exclude:
                 [a]}`
        ");
    }
}
