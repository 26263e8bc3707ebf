//! What jsonnet would do without a word and nobody means: add to what is not
//! there, and drop what is.
//!
//! Whether a field is written with `+` is not asked of the text (names may be
//! computed, and files imported) but tried: a mark is put where the field goes,
//! and whoever adds keeps it.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Diagnostic, Diagnostics};
use serde_json::{Value, json};

use super::places::Places;
use super::{REPLACES, UNKNOWN, VALUES, Wrong, camel};
use crate::jsonnet::{Jsonnet, Lazy};
use crate::library;

/// The name of the mark.
const MARK: &str = "kpbuild-mark";

/// One overlay and what it is laid over.
pub(super) struct Layer<'a> {
    pub(super) jsonnet: &'a Jsonnet,
    pub(super) base: &'a Lazy,
    pub(super) overlay: &'a Lazy,
    pub(super) places: &'a Places,
}

impl Layer<'_> {
    /// Says what is wrong, and remembers where, so that it is said once.
    ///
    /// What cannot be evaluated is said later, when the objects are made.
    pub(super) fn check(&self, wrong: &mut Wrong, diagnostics: &mut Diagnostics) {
        for name in self.overlay.names() {
            let found = if name == VALUES {
                vec![(vec![name.clone()], self.sets_values())]
            } else if self.base.has(&name) {
                self.component(&name)
            } else {
                let problem = self.unfounded(&[name.as_str()], "component");
                problem
                    .map(|problem| (vec![name.clone()], problem))
                    .into_iter()
                    .collect()
            };
            for (path, problem) in found {
                wrong.insert(path);
                diagnostics.push(problem);
            }
        }
    }

    fn sets_values(&self) -> Diagnostic {
        Diagnostic::error(REPLACES, "an overlay reads `values` and does not set them")
            .at(self.places.nearest(&[VALUES]), "")
            .help("the stack file sets them; `kpbuild schema` has all of its fields")
    }

    /// What is wrong with the fields of a component.
    fn component(&self, name: &str) -> Vec<(Vec<String>, Diagnostic)> {
        let marked = self.base.with_at(&[name, MARK], &an_object());
        let merged = self.overlay.over(&marked);
        let Some(component) = self.at(&merged, &[name]) else {
            return Vec::new();
        };
        let path = |more: &[&str]| -> Vec<String> {
            let names = [name].into_iter().chain(more.iter().copied());
            names.map(str::to_owned).collect()
        };
        if !component.has(MARK) || !merged.shows(name) {
            return vec![(path(&[]), self.replaces(name, &component))];
        }
        let Some(base) = self.at(self.base, &[name]) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for field in &component.names() {
            let field = field.as_str();
            if field == MARK {
                continue;
            }
            let problem = if base.has(field) {
                self.object(name, field, &base, &component)
            } else {
                self.unfounded(&[name, field], "object")
            };
            found.extend(problem.map(|problem| (path(&[field]), problem)));
        }
        found
    }

    /// That a component goes, or all objects that the overlay does not name.
    fn replaces(&self, name: &str, now: &Lazy) -> Diagnostic {
        let way_out = if now.has(MARK) {
            format!("`{name}+:` with one `:` changes parts of it, `::` hides all of it")
        } else if now.names().is_empty() {
            "the stack file leaves out components: `enabled: false`".to_owned()
        } else {
            format!("`{name}+:` changes parts of it, `{name}:` replaces it")
        };
        let message = format!("this drops the component `{name}` with all of its objects");
        Diagnostic::error(REPLACES, message)
            .at(self.places.nearest(&[name]), "")
            .help(way_out)
    }

    /// What is wrong with the fields of an object that was there before.
    fn object(
        &self,
        component: &str,
        field: &str,
        base: &Lazy,
        merged: &Lazy,
    ) -> Option<Diagnostic> {
        let before = self.at(base, &[field])?;
        let now = self.at(merged, &[field])?;
        let new = now.names().into_iter().filter(|name| !before.has(name));
        let mut wrong = new.filter_map(|name| self.unfounded(&[component, field, &name], "field"));
        wrong.next()
    }

    /// What is wrong with a name that was not there before: nothing can be
    /// added to it or removed.
    fn unfounded(&self, path: &[&str], what: &str) -> Option<Diagnostic> {
        if self.adds(path) {
            return Some(self.unknown(path, what, "adds to"));
        }
        let merged = self.overlay.over(self.base);
        let value = self.at(&merged, path)?;
        (value.is_null() && what != "field").then(|| self.unknown(path, what, "removes"))
    }

    /// Whether the overlay has `+:` at a path that leads nowhere.
    fn adds(&self, path: &[&str]) -> bool {
        let marked = self.base.with_at(path, &json!({MARK: true}));
        let merged = self.overlay.over(&marked);
        self.at(&merged, path).is_some_and(|value| value.has(MARK))
    }

    /// The value at a path; none if it cannot be evaluated.
    fn at(&self, value: &Lazy, path: &[&str]) -> Option<Lazy> {
        path.iter().try_fold(value.clone(), |value, name| {
            self.jsonnet.field(&value, name).ok().flatten()
        })
    }

    fn unknown(&self, path: &[&str], what: &str, does: &str) -> Diagnostic {
        let (name, around) = path.split_last().expect("a path has a name");
        let message = match what {
            "component" => format!("this {does} a component that is not there: `{name}`"),
            _ => format!(
                "this {does} {} that `{}` does not have: `{name}`",
                with_article(what),
                around.join(".")
            ),
        };
        let diagnostic = Diagnostic::error(UNKNOWN, message).at(self.places.nearest(path), "");
        let known = known(self.base, around, self.jsonnet);
        let off =
            library::components().find(|component| camel(component) == *name || component == name);
        if let Some(component) =
            off.filter(|component| around.is_empty() && !known.contains(&camel(component)))
        {
            return diagnostic.help(format!(
                "the stack does not have it; `components.{component}` of the stack file turns it on"
            ));
        }
        if let Some(near) = nearest(name, known.iter().map(String::as_str)) {
            return diagnostic.help(format!("did you mean `{near}`?"));
        }
        let diagnostic = diagnostic.note(format!("there is {}", known.join(", ")));
        match (*name, what) {
            ("dashboards" | "dashboardDefinitions" | "grafanaDashboards" | "rawDashboards", _) => {
                diagnostic.help(
                    "the stack file adds dashboards: `dashboards: {files: [...]}`, or `mixins`",
                )
            }
            (_, "field") => diagnostic.help(format!("`{name}:` without `+` makes a new field")),
            (_, "object") if does == "adds to" => {
                diagnostic.help(format!("`{name}:` without `+` makes a new object"))
            }
            _ => diagnostic,
        }
    }
}

fn with_article(what: &str) -> String {
    format!("{} {what}", if what == "object" { "an" } else { "a" })
}

/// The names that are not hidden at a path.
fn known(value: &Lazy, path: &[&str], jsonnet: &Jsonnet) -> Vec<String> {
    let at = path.iter().try_fold(value.clone(), |value, name| {
        jsonnet.field(&value, name).ok().flatten()
    });
    let Some(at) = at else { return Vec::new() };
    let names = at.names().into_iter();
    names.filter(|name| at.shows(name)).collect()
}

/// A mark that functions over all objects of a component find to be one.
fn an_object() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": MARK, "namespace": MARK, "labels": {}, "annotations": {}},
        "data": {},
        "spec": {},
    })
}
