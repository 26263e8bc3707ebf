//! Lays the user's jsonnet over the objects of a stack, as users of
//! kube-prometheus know it: `{ prometheus+: { prometheus+: { spec+: {...} } } }`.
//!
//! The objects are there already, made by templates and mixins; here they
//! become one jsonnet object, `component.field`, that overlays add to. A stack
//! without overlays never comes here, so that nobody pays for what he does not
//! use.
//!
//! Jsonnet lets `+:` on a misspelt name make a new field and lets `:` on a
//! right one drop what was there. Both are errors here ([`check`]).

mod check;
mod places;

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Diagnostic, Diagnostics, FileId, Object, ObjectKey, Origin, SourceMap};
use kpbuild_stack::Stack;
use serde_json::Value;

use crate::jsonnet::{Jsonnet, JsonnetError, Lazy};
use crate::rules::USER_MIXINS;
use crate::user_files::{self, UserFiles};
use places::Places;

/// An overlay that cannot be evaluated.
pub const JSONNET: Code = Code("overlay-jsonnet");
/// An overlay adds to, or removes, what is not there.
pub const UNKNOWN: Code = Code("overlay-unknown-name");
/// An overlay drops a component, or objects of it.
pub const REPLACES: Code = Code("overlay-replaces");
/// An overlay gives something that is no object.
pub const NOT_AN_OBJECT: Code = Code("overlay-not-an-object");

/// The hidden field by which overlays read the stack.
const VALUES: &str = "values";

/// By which names overlays find objects: those of the component and of the
/// field of its template.
pub(crate) type Names = BTreeMap<ObjectKey, (String, String)>;

/// Names the objects of rules: those of a component are its `prometheusRule`,
/// those of mixins from elsewhere are in `mixins`, all others in `rules`.
pub(crate) fn name_rules(stack: &Stack, objects: &[Object], names: &mut Names) {
    let mut known: BTreeMap<&str, (String, String)> = BTreeMap::new();
    for component in &stack.components {
        for mixin in &component.mixins {
            let Some(object) = &mixin.rules else { continue };
            let field = if mixin.name == component.name {
                "prometheusRule".to_owned()
            } else {
                format!("prometheusRule{}", pascal(mixin.name))
            };
            let name = (camel(component.name), field);
            known.entry(&object.name).or_insert(name);
        }
    }
    for mixin in &stack.mixins {
        let name = (USER_MIXINS.to_owned(), camel(&mixin.name));
        known.entry(&mixin.rules.name).or_insert(name);
    }
    for object in objects
        .iter()
        .filter(|object| object.kind() == "PrometheusRule")
    {
        let name = known.get(object.key().name.as_str()).cloned();
        let name = name.unwrap_or_else(|| ("rules".to_owned(), camel(&object.key().name)));
        names.entry(object.key().clone()).or_insert(name);
    }
}

/// The name of a component, mixin or the like as jsonnet has it without quotes:
/// `node-exporter` is `nodeExporter`.
pub(crate) fn camel(name: &str) -> String {
    let mut parts = name.split(['-', '_']);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| name + &pascal(part))
}

/// The same with a capital first letter.
pub(crate) fn pascal(name: &str) -> String {
    let name = if name.contains(['-', '_']) {
        camel(name)
    } else {
        name.to_owned()
    };
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + letters.as_str(),
        None => String::new(),
    }
}

/// What overlays are laid over, and with.
pub(crate) struct Overlay<'a> {
    pub(crate) jsonnet: &'a Jsonnet,
    /// How the files are read that overlays import.
    pub(crate) files: &'a UserFiles,
    /// The stack file with its defaults.
    pub(crate) values: &'a Value,
    /// The overlays, in their order.
    pub(crate) overlays: &'a [FileId],
}

/// The path of a part of an overlay that was found to be wrong.
type Wrong = BTreeSet<Vec<String>>;

impl Overlay<'_> {
    /// The objects after all overlays. Those without a name stay as they are.
    pub(crate) fn apply(
        &self,
        objects: Vec<Object>,
        names: &Names,
        sources: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Object> {
        let places: Vec<Places> = self
            .overlays
            .iter()
            .map(|file| Places::of(*file, self.files, sources))
            .collect();
        let (mut base, others) = named(objects, names);
        let mut merged = lazy(&base, self.values);
        let mut wrong = Wrong::new();
        let mut failures = Failures::default();
        for (file, places) in self.overlays.iter().zip(&places) {
            let path = sources.file(*file).name.clone();
            match self.jsonnet.open(&path) {
                Ok(overlay) if overlay.is_object() => {
                    let layer = check::Layer {
                        jsonnet: self.jsonnet,
                        base: &merged,
                        overlay: &overlay,
                        places,
                    };
                    layer.check(&mut wrong, diagnostics);
                    merged = overlay.over(&merged);
                }
                Ok(other) => diagnostics.push(no_overlay(&path, &other, places)),
                Err(error) => failures.report(&error, places, &[], sources, diagnostics),
            }
        }
        let mut merged = Merged {
            jsonnet: self.jsonnet,
            value: merged,
            places: &places,
            wrong,
            failures,
            components: base
                .keys()
                .map(|(component, _)| component.clone())
                .collect(),
            names: base.keys().cloned().collect(),
        };
        let mut objects = merged.objects(&mut base, sources, diagnostics);
        objects.extend(others);
        objects
    }
}

fn no_overlay(path: &str, value: &Lazy, places: &Places) -> Diagnostic {
    Diagnostic::error(
        NOT_AN_OBJECT,
        format!(
            "`{path}` gives {}, where an overlay is expected",
            value.kind()
        ),
    )
    .at(places.start(), "")
    .help("an overlay is an object of components: `{ prometheus+: {...} }`")
}

/// Objects by component and field.
type Base = BTreeMap<(String, String), Object>;

fn named(objects: Vec<Object>, names: &Names) -> (Base, Vec<Object>) {
    let mut base = Base::new();
    let mut others = Vec::new();
    for object in objects {
        match names.get(object.key()) {
            Some(name) if !base.contains_key(name) => {
                base.insert(name.clone(), object);
            }
            _ => others.push(object),
        }
    }
    (base, others)
}

/// The object that overlays are laid over.
fn lazy(base: &Base, values: &Value) -> Lazy {
    let mut components: BTreeMap<&str, Lazy> = BTreeMap::new();
    for ((component, field), object) in base {
        let before = components.remove(component.as_str());
        let before = before.unwrap_or_else(Lazy::empty);
        components.insert(component, before.with(field, object.value()));
    }
    let start = Lazy::empty().with_hidden(VALUES, values);
    components
        .into_iter()
        .fold(start, |all, (name, component)| {
            all.with_value(name, &component)
        })
}

/// Failures that were said already: one mistake breaks every object that reads
/// it.
#[derive(Default)]
struct Failures(BTreeSet<(String, Option<Line>)>);

/// File, line and column.
type Line = (String, usize, usize);

impl Failures {
    fn report(
        &mut self,
        error: &JsonnetError,
        places: &Places,
        path: &[&str],
        sources: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) {
        let mut frames = error.trace.iter();
        let frame = frames.find(|frame| frame.in_user_file.is_some());
        let place = frame.map(|frame| (frame.file.clone(), frame.line, frame.column));
        if self.0.insert((error.message.clone(), place)) {
            let fallback = places.nearest(path);
            diagnostics.push(user_files::failed(
                JSONNET,
                "the overlay",
                fallback,
                error,
                sources,
            ));
        }
    }
}

/// The stack under its overlays.
struct Merged<'a> {
    jsonnet: &'a Jsonnet,
    value: Lazy,
    places: &'a [Places],
    wrong: Wrong,
    failures: Failures,
    /// What was there before: components, and their objects.
    components: BTreeSet<String>,
    names: Vec<(String, String)>,
}

impl<'a> Merged<'a> {
    /// All objects that are not hidden. One that no overlay changes stays the
    /// one that it was.
    fn objects(
        &mut self,
        base: &mut Base,
        sources: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Object> {
        let mut objects = Vec::new();
        for component in self.value.names() {
            if !self.value.shows(&component) || self.is_wrong(&[&component]) {
                continue;
            }
            let Some(value) = self.look(&self.value.clone(), &[&component], sources, diagnostics)
            else {
                continue;
            };
            if is_manifest(&value) {
                self.add(
                    &value,
                    &[&component],
                    base,
                    &mut objects,
                    sources,
                    diagnostics,
                );
                continue;
            }
            for field in value.names() {
                let path = [component.as_str(), field.as_str()];
                if !value.shows(&field) || self.is_wrong(&path) {
                    continue;
                }
                if let Some(object) = self.look(&value, &path, sources, diagnostics) {
                    self.add(&object, &path, base, &mut objects, sources, diagnostics);
                }
            }
        }
        objects
    }

    fn is_wrong(&self, path: &[&str]) -> bool {
        self.wrong.iter().any(|wrong| wrong == path)
    }

    /// A field of a value; what fails is said.
    fn look(
        &mut self,
        value: &Lazy,
        path: &[&str],
        sources: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) -> Option<Lazy> {
        let name = path.last().expect("a field has a name");
        match self.jsonnet.field(value, name) {
            Ok(found) => found,
            Err(error) => {
                let places = self.places_of(path);
                self.failures
                    .report(&error, places, path, sources, diagnostics);
                None
            }
        }
    }

    /// Adds an object, or those of a list of them, as kube-prometheus has it;
    /// null adds nothing.
    fn add(
        &mut self,
        value: &Lazy,
        path: &[&str],
        base: &mut Base,
        objects: &mut Vec<Object>,
        sources: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) {
        let data = match self.jsonnet.data(value) {
            Ok(data) => data,
            Err(error) => {
                let places = self.places_of(path);
                return self
                    .failures
                    .report(&error, places, path, sources, diagnostics);
            }
        };
        let before = match path {
            [component, field] => base.remove(&((*component).to_owned(), (*field).to_owned())),
            _ => None,
        };
        if let Some(before) = before.as_ref().filter(|before| *before.value() == data) {
            return objects.push(before.clone());
        }
        for one in unrolled(data) {
            match Object::new(one, self.origin(path, before.as_ref())) {
                Ok(object) => objects.push(object),
                Err(reason) => {
                    let message = format!("`{}` is no Kubernetes object: {reason}", path.join("."));
                    diagnostics.push(
                        Diagnostic::error(NOT_AN_OBJECT, message)
                            .at(self.places_of(path).nearest(path), "")
                            .help(self.way_out(path, before.is_some())),
                    );
                }
            }
        }
    }

    fn way_out(&self, path: &[&str], replaced: bool) -> String {
        let (name, around) = path.split_last().expect("a path has a name");
        if replaced {
            return format!("`{name}+:` changes a part of it, `{name}:` replaces all of it");
        }
        // A component that is new may be a typo, and so may an object in one that is not.
        let (name, known) = match around {
            [component] if !self.components.contains(*component) => (component, &self.components),
            [component] => (name, &self.fields(component)),
            _ => (name, &self.components),
        };
        match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}+:`?"),
            None => {
                "objects have `apiVersion`, `kind` and `metadata.name`; hide what is none with `::`"
                    .to_owned()
            }
        }
    }

    /// The objects of a component that were there before.
    fn fields(&self, component: &str) -> BTreeSet<String> {
        let of_component =
            |(of, field): &(String, String)| (of == component).then(|| field.clone());
        self.names.iter().filter_map(of_component).collect()
    }

    /// The overlay that wrote a part: the last one that has a line for it.
    fn places_of(&self, path: &[&str]) -> &'a Places {
        let written = (1..=path.len()).rev().find_map(|length| {
            let mut places = self.places.iter().rev();
            places.find(|places| places.exact(&path[..length]).is_some())
        });
        let last = self.places.last().expect("there is an overlay");
        written.unwrap_or(last)
    }

    /// An object keeps the name of its component, which names its file, too.
    fn origin(&self, path: &[&str], before: Option<&Object>) -> Origin {
        let component = match before {
            Some(before) => before.origin.component.clone(),
            None => dashed(path[0]),
        };
        Origin {
            component,
            span: Some(self.places_of(path).nearest(path)),
        }
    }
}

/// `nodeExporter` is the component `node-exporter`.
fn dashed(name: &str) -> String {
    let mut dashed = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !dashed.is_empty() {
            dashed.push('-');
        }
        dashed.push(letter.to_ascii_lowercase());
    }
    dashed
}

fn is_manifest(value: &Lazy) -> bool {
    value.has("apiVersion") && value.has("kind")
}

/// The objects of a list (`RoleList`, `ConfigMapList`, ...), or the one object.
fn unrolled(data: Value) -> Vec<Value> {
    match data {
        Value::Null => Vec::new(),
        Value::Object(mut list)
            if list
                .get("kind")
                .and_then(Value::as_str)
                .is_some_and(|kind| kind.ends_with("List"))
                && list.get("items").is_some_and(Value::is_array) =>
        {
            match list.remove("items") {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            }
        }
        one => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use serde_json::json;

    use super::*;
    use crate::components::{self, Late};
    use crate::dashboards::Dashboards;
    use crate::notifications::Notifications;

    #[test]
    fn names_are_those_that_need_no_quotes() {
        assert_eq!(camel("node-exporter"), "nodeExporter");
        assert_eq!(camel("aws-vpc-cni"), "awsVpcCni");
        assert_eq!(pascal("thanos-sidecar"), "ThanosSidecar");
        assert_eq!(dashed(&camel("kube-state-metrics")), "kube-state-metrics");
    }

    /// The page for users names every object that overlays find.
    #[test]
    fn the_documentation_names_every_object() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let page = fs::read_to_string(root.join("crates/kpbuild/docs/jsonnet.md"))
            .expect("the page is part of the repository");
        let session = crate::Session::new(&crate::Cache::default());
        let mut missing = BTreeSet::new();
        for folder in ["stacks", "tests/options"] {
            let entries = fs::read_dir(root.join(folder)).expect("it is part of the repository");
            let paths = entries.map(|entry| entry.expect("it can be read").path());
            let is_stack = |path: &PathBuf| path.extension().is_some_and(|end| end == "yaml");
            for path in paths.filter(is_stack) {
                let text = fs::read_to_string(&path).expect("a stack is text");
                for (component, field) in names_of(&session, &text).values() {
                    let start = format!("| `{component}` |");
                    let mut rows = page.lines().filter(|line| line.starts_with(&start));
                    // `role-default` is one of `role-NAMESPACE`.
                    let name = match field.split_once('-') {
                        Some((kind, _)) => format!("`{kind}-"),
                        None => format!("`{field}`"),
                    };
                    if !rows.any(|row| row.contains(&name)) {
                        missing.insert(format!("{component}.{field}"));
                    }
                }
            }
        }
        assert!(missing.is_empty(), "the page does not name {missing:?}");
    }

    fn names_of(session: &crate::Session, text: &str) -> Names {
        let mut sources = SourceMap::default();
        let file = sources.add("stack.yaml", text);
        let mut diagnostics = Diagnostics::default();
        let file = kpbuild_stack::parse(&sources, file, &mut diagnostics).expect("it is a stack");
        let stack = kpbuild_stack::resolve(&file);
        let late = Late {
            dashboards: &Dashboards::in_folders(stack.dashboards.folders.clone()),
            notifications: &Notifications::default(),
        };
        let (mut names, mut rules) = (Names::new(), Vec::new());
        for component in &stack.components {
            components::render(
                session,
                component,
                &stack,
                &late,
                &mut names,
                &mut diagnostics,
            )
            .expect("templates evaluate");
            let objects = component
                .mixins
                .iter()
                .filter_map(|mixin| mixin.rules.as_ref());
            rules.extend(objects.map(|object| rule_object(&object.name)));
        }
        name_rules(&stack, &rules, &mut names);
        names
    }

    fn rule_object(name: &str) -> Object {
        let value = json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": name}});
        let origin = Origin {
            component: String::new(),
            span: None,
        };
        Object::new(value, origin).expect("it has all that an object has")
    }
}
