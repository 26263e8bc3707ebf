//! From the manifests of an installation to a stack file.
//!
//! A guess is kept only if it proves itself: the stack is rendered with it, and
//! must then be nearer to the manifests than before. So what is written is what
//! renders to the input, whatever made it; what no field says becomes a patch,
//! and what no patch can say is listed. Nothing here writes into the user's
//! folders: that is for the caller, when all is known.

mod candidates;
mod configuration;
mod custom_resources;
mod dashboards;
mod difference;
mod exposure;
mod given;
mod ini;
mod meaning;
mod monitors;
mod on_demand;
mod patches;
mod prune;
mod pyrra;
mod release;
mod report;
mod rules;
mod templates;
mod text;
mod thresholds;
pub(crate) mod values;
mod workloads;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Context as _;
use kpbuild_core::{Bundle, Diagnostics, Object, ObjectKey, SourceMap, yaml};
use serde_json::{Value, json};

use crate::compile::compile;
use crate::files::Files;

pub(crate) use given::Given;
pub(crate) use text::SideFile;

use meaning::Texts;
use release::{Changed, Told};

/// A stack that was made of manifests.
#[derive(Debug)]
pub(crate) struct Imported {
    /// The text of the stack file.
    pub(crate) stack: String,
    /// The files beside it that it names.
    pub(crate) beside: Vec<SideFile>,
    /// What the user should know about it, a paragraph each.
    pub(crate) notes: Vec<String>,
    /// How much of what was given it says, in words.
    pub(crate) measure: String,
    /// How many patches it needs for that.
    pub(crate) patches: usize,
    /// The objects that were given, without definitions. What is as a release of
    /// kube-prometheus has it is in kpbuild's words.
    pub(crate) given: Bundle,
    /// What it renders to, without definitions.
    pub(crate) rendered: Bundle,
}

/// The stack that renders to these manifests, as far as one can. Its files
/// will lie beside a stack file that is called `file`.
pub(crate) fn import(given: &Given, name: &str, file: &str) -> anyhow::Result<Imported> {
    let mut search = Search::begin(given, name)?;
    candidates::names(&mut search);
    anyhow::ensure!(
        search.rendered.keys().any(|key| given.get(key).is_some()),
        "none of these {} objects is one that a stack renders: is this the folder of kube-prometheus?",
        given.objects().count()
    );
    search.look_at_texts();
    candidates::try_all(&mut search)?;
    prune::stack(&mut search);
    search.remember_rules();
    let patched = patches::add(&mut search);
    let report = report::of(&search, &patched);
    let count = search.stack["patches"].as_array().map_or(0, Vec::len);
    let given = in_our_words(&search);
    let rendered = search.rendered.values().map(|ours| ours.object.clone());
    let rendered = Bundle::new(rendered.collect(), &mut Diagnostics::default());
    let (stack, beside) = text::files(search.stack, search.beside, file);
    Ok(Imported {
        stack,
        beside,
        notes: report.notes,
        measure: format!(
            "{} of {} objects are rendered as they were given",
            report.same, report.objects
        ),
        patches: count,
        given,
        rendered,
    })
}

/// What was given, with kpbuild's words for what a release says in others.
fn in_our_words(search: &Search<'_>) -> Bundle {
    let objects = search.given.objects().map(|(key, theirs)| {
        let mut object = theirs.object.clone();
        if let Some(ours) = search
            .rendered
            .get(key)
            .filter(|_| search.told.is_of_release)
        {
            let words = patches::expected(key, ours.object.value(), &theirs.value, &search.texts);
            let edited = object.edit(|value| *value = words);
            edited.expect("other words are of the same object");
        }
        object
    });
    Bundle::new(objects.collect(), &mut Diagnostics::default())
}

/// An object as a stack renders it.
#[derive(Debug, Clone)]
struct Ours {
    object: Object,
    /// How far it is from what was given, in fields.
    left: usize,
}

/// The objects that a stack renders to, without the definitions: those follow
/// from the version of the operator.
type Rendered = BTreeMap<ObjectKey, Ours>;

/// A stack on its way to the manifests that were given.
struct Search<'a> {
    given: &'a Given,
    /// What the given objects mean, as far as it is compared.
    meanings: BTreeMap<ObjectKey, Value>,
    texts: Texts,
    /// What is known about texts that are not kpbuild's.
    told: Told,
    /// Where the stack and the files that it names lie while it is tried.
    folder: tempfile::TempDir,
    /// The files that the stack names.
    beside: Vec<SideFile>,
    stack: Value,
    rendered: Rendered,
    /// The objects of rules before anything was patched.
    unpatched: BTreeMap<ObjectKey, Value>,
    /// How much of what it renders differs from what was given.
    left: usize,
}

impl<'a> Search<'a> {
    /// Begins with the stack that says nothing.
    fn begin(given: &'a Given, name: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for temporary files")?;
        let mut search = Self {
            given,
            meanings: BTreeMap::new(),
            // Names are found first; texts in other words must not outweigh them.
            texts: Texts::Others(Changed::default()),
            told: Told::default(),
            folder,
            beside: Vec::new(),
            stack: json!({"kind": "Stack", "name": name}),
            rendered: Rendered::new(),
            unpatched: BTreeMap::new(),
            left: usize::MAX,
        };
        search.measure_anew();
        Ok(search)
    }

    /// Finds out whether rules and dashboards were written by kpbuild, and
    /// compares as much of them as can be told.
    fn look_at_texts(&mut self) {
        if rules::are_ours(self) {
            self.texts = Texts::Ours;
        }
        self.compare_with_release();
    }

    /// Finds out what of somebody else's rules and dashboards was changed. What a
    /// stack renders only now may have come to them.
    fn compare_with_release(&mut self) {
        if !self.texts.are_ours() {
            let (told, changed) = release::look(self);
            (self.told, self.texts) = (told, Texts::Others(changed));
        }
        self.measure_anew();
    }

    /// Keeps what rules there are without patches, to tell what those add.
    fn remember_rules(&mut self) {
        let rules = self
            .rendered
            .iter()
            .filter(|(key, _)| key.kind == "PrometheusRule");
        let rules = rules.map(|(key, ours)| (key.clone(), ours.object.value().clone()));
        self.unpatched = rules.collect();
    }

    fn measure_anew(&mut self) {
        let of_given = |(key, object): (&ObjectKey, &given::GivenObject)| {
            let meaning = meaning::of(key, &object.value, &self.texts);
            (key.clone(), meaning)
        };
        self.meanings = self.given.objects().map(of_given).collect();
        self.rendered = Rendered::new();
        let rendered = self.render(&self.stack);
        self.rendered = rendered.expect("the stack rendered before");
        self.left = self.distance(&self.rendered);
    }

    /// Keeps a value at a path if it leads nearer to what was given; says whether
    /// it did.
    fn attempt<S: AsRef<str>>(&mut self, path: &[S], value: Value) -> bool {
        let mut stack = self.stack.clone();
        set(&mut stack, path, value);
        stack != self.stack && self.attempt_stack(stack)
    }

    /// Keeps a stack if it is nearer to what was given.
    fn attempt_stack(&mut self, stack: Value) -> bool {
        let Some(rendered) = self.render(&stack) else {
            return false;
        };
        let left = self.distance(&rendered);
        let is_nearer = left < self.left;
        if is_nearer {
            (self.stack, self.rendered, self.left) = (stack, rendered, left);
        }
        is_nearer
    }

    /// Keeps a stack that says less if it is as near to what was given.
    fn keep_if_as_near(&mut self, stack: Value) {
        if let Some(rendered) = self.render(&stack)
            && self.distance(&rendered) <= self.left
        {
            self.left = self.distance(&rendered);
            (self.stack, self.rendered) = (stack, rendered);
        }
    }

    /// The objects of a stack; nothing if it is not right.
    fn render(&self, stack: &Value) -> Option<Rendered> {
        let path = self.path("stack.yaml");
        let mut sources = SourceMap::default();
        let text = yaml::document(&text::without_variables(stack));
        let file = sources.add(path.display().to_string(), text);
        let mut diagnostics = Diagnostics::default();
        let files = Files::default();
        let compiled = compile(&files, &path, file, &mut sources, &mut diagnostics);
        let (_, bundle) = compiled.ok()?;
        let objects = bundle.objects().iter();
        let compared = objects.filter(|object| !given::is_definition(object.key()));
        Some(compared.map(|object| self.measured(object)).collect())
    }

    fn measured(&self, object: &Object) -> (ObjectKey, Ours) {
        let key = object.key().clone();
        let before = self.rendered.get(&key);
        let left = match before.filter(|before| before.object.says_the_same(object)) {
            Some(before) => before.left,
            None => match self.meanings.get(&key) {
                Some(theirs) => {
                    let ours = meaning::of(&key, object.value(), &self.texts);
                    difference::fields(&ours, theirs)
                }
                None if self.given.lacks_rightly(&key) => 0,
                None => difference::OBJECT,
            },
        };
        let object = object.clone();
        (key, Ours { object, left })
    }

    fn distance(&self, rendered: &Rendered) -> usize {
        let given = self.given.objects().map(|(key, _)| key);
        let missing = given.filter(|key| !rendered.contains_key(*key)).count();
        let of_ours: usize = rendered.values().map(|ours| ours.left).sum();
        missing * difference::OBJECT + of_ours
    }

    /// Where a file lies while the stack is tried.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file beside the stack.
    fn put_beside(&mut self, file: SideFile) -> anyhow::Result<()> {
        let path = self.path(&file.path);
        let folder = path.parent().expect("a file has a folder");
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, &file.text))
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        self.beside.push(file);
        Ok(())
    }

    /// The objects of a component that were given too: as they are rendered, and
    /// as they were given.
    fn pairs<'s>(
        &'s self,
        component: &'s str,
        kinds: &'s [&str],
    ) -> impl Iterator<Item = (&'s Value, &'s Value)> {
        let of_component = self.rendered.iter().filter(move |(key, ours)| {
            ours.object.origin.component == component && kinds.contains(&key.kind.as_str())
        });
        of_component.filter_map(|(key, ours)| {
            let theirs = self.given.get(key)?;
            Some((ours.object.value(), &theirs.value))
        })
    }

    /// The components that have objects of these kinds.
    fn components_with(&self, kinds: &[&str]) -> BTreeSet<String> {
        let rendered = self.rendered.iter();
        let of_kind = rendered.filter(|(key, _)| kinds.contains(&key.kind.as_str()));
        let names = of_kind.map(|(_, ours)| ours.object.origin.component.clone());
        names.collect()
    }

    /// The first of these pairs.
    fn pair(&self, component: &str, kinds: &[&str]) -> Option<(Value, Value)> {
        let (ours, theirs) = self.pairs(component, kinds).next()?;
        Some((ours.clone(), theirs.clone()))
    }
}

/// Sets a value in a tree of maps, making those on the way.
fn set<S: AsRef<str>>(tree: &mut Value, path: &[S], value: Value) {
    let mut place = tree;
    for step in path {
        place = &mut place[step.as_ref()];
    }
    *place = value;
}
