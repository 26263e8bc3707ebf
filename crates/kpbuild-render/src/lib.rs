//! From a complete `Stack` to its objects.
//!
//! Templates spell each component's objects, mixins give rules and dashboards,
//! and what no template has to spell (definitions, rule objects, ConfigMaps of
//! dashboards) is made here. Nothing is decided here: a choice belongs into
//! `kpbuild-stack`.

mod components;
pub mod dashboards;
mod definitions;
mod jsonnet;
mod library;
mod mixins;
mod notifications;
pub mod overlay;
#[cfg(test)]
mod parameters;
mod passes;
pub mod rules;
mod session;
mod user_files;
pub mod user_mixins;

use std::cell::LazyCell;
use std::ops::Deref;

use kpbuild_core::{Bundle, Code, Diagnostic, Diagnostics, FileId, Object, Reported, SourceMap};
use kpbuild_stack::{Component, Mixin, Stack, UserMixin};
use serde_json::Value;

pub use jsonnet::{Frame, JsonnetError};
pub use notifications::{FILE_NAME, TEMPLATE as NOTIFICATION};
pub use passes::patches::{ListKind, PatchFile, list_kind};
pub use session::{Cache, Session};
pub use user_files::UserFiles;

use crate::components::Late;
use crate::dashboards::{DashboardFile, Dashboards};
use crate::jsonnet::Jsonnet;
use crate::overlay::{Names, Overlay};
use crate::rules::Rules;
use crate::user_mixins::UserEvaluated;

/// A template of kpbuild itself failed.
pub const TEMPLATE: Code = Code("template-failed");

/// What a render takes besides the stack: the user's files.
#[derive(Debug)]
pub struct Inputs {
    /// How files are read that others import.
    pub files: UserFiles,
    /// The dashboards that the stack file names.
    pub dashboards: Vec<DashboardFile>,
    /// The files of rules that the stack file names.
    pub rules: Vec<FileId>,
    /// The files with templates of notifications that the stack file names.
    pub templates: Vec<FileId>,
    /// The files of patches that the stack file names.
    pub patches: Vec<PatchFile>,
    /// Whether to say what works and could be written better.
    pub advise: bool,
    /// A file for each mixin that the stack file names; none where it could not
    /// be read, which is reported.
    pub mixins: Vec<Option<FileId>>,
    /// The overlays that the stack file names, in their order.
    pub overlays: Vec<FileId>,
    /// What this render shares with others.
    pub session: Session,
}

impl Inputs {
    /// No files.
    pub fn none() -> Self {
        Self {
            files: UserFiles::none(),
            dashboards: Vec::new(),
            rules: Vec::new(),
            templates: Vec::new(),
            patches: Vec::new(),
            advise: false,
            mixins: Vec::new(),
            overlays: Vec::new(),
            session: Session::new(&Cache::default()),
        }
    }
}

/// Renders all objects of a stack. Files that an error leads to are added to
/// the sources, so that the error can be shown.
pub fn render(
    stack: &Stack,
    inputs: &Inputs,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Result<Bundle, Reported> {
    let session = &inputs.session;
    let mut rules = evaluate_rules(session, stack, diagnostics);
    let mut dashboards = evaluate_dashboards(session, stack, diagnostics);
    // Parts of kpbuild are shared between stacks, files beside them are not.
    let jsonnet = LazyCell::new(|| Jsonnet::with_files(&inputs.files));
    let user = evaluate_user_mixins(&jsonnet, stack, inputs, sources, diagnostics);
    for (mixin, given) in &user {
        rules.add_user_mixin(mixin, &given.groups);
    }
    complete(&mut rules, stack, inputs, sources, diagnostics);
    if has_grafana(stack) {
        dashboards.exclude(&stack.dashboards, diagnostics);
        for (mixin, given) in user {
            dashboards.add_user_mixin(mixin, given, diagnostics);
        }
        for file in &inputs.dashboards {
            if let Some(read) = dashboards::read(file, &jsonnet, sources, diagnostics) {
                dashboards.add_user(read, diagnostics);
            }
        }
        dashboards.check_records(&rules.records(), diagnostics);
    } else {
        Dashboards::without_grafana(&stack.dashboards, diagnostics);
    }
    let templates = stack.templates.as_ref();
    let notifications = notifications::read(templates, &inputs.templates, sources, diagnostics);
    let mut objects = definitions::objects(stack);
    let mut names = Names::new();
    for component in &stack.components {
        let rendered = components::render(
            session,
            component,
            stack,
            &Late {
                dashboards: &dashboards,
                notifications: &notifications,
            },
            &mut names,
            diagnostics,
        );
        match rendered {
            Ok(rendered) => objects.extend(rendered),
            Err(error) => diagnostics.push(template_failed(component.name, &error)),
        }
    }
    objects.extend(rules.into_objects().map(|object| session.kept(object)));
    passes::leave_out(stack, &mut objects);
    if !inputs.overlays.is_empty() {
        diagnostics.reported()?;
        let overlay = Overlay {
            jsonnet: &jsonnet,
            files: &inputs.files,
            values: &stack.values,
            overlays: &inputs.overlays,
        };
        overlay::name_rules(stack, &objects, &mut names);
        objects = overlay.apply(objects, &names, sources, diagnostics);
    }
    passes::patch(stack, inputs, sources, &mut objects, diagnostics);
    diagnostics.reported()?;
    let bundle = Bundle::new(objects, diagnostics);
    diagnostics.reported()?;
    Ok(bundle)
}

fn has_grafana(stack: &Stack) -> bool {
    let mut components = stack.components.iter();
    components.any(|component| component.name == "grafana")
}

/// The rules of all components.
fn evaluate_rules(session: &Session, stack: &Stack, diagnostics: &mut Diagnostics) -> Rules {
    let mut rules = Rules::default();
    for (component, mixin) in mixins(stack).filter(|(_, mixin)| mixin.rules.is_some()) {
        match mixins::groups_once(session, mixin) {
            Ok(groups) => rules.add(component.name, component.span, mixin, &groups),
            Err(error) => diagnostics.push(template_failed(mixin.name, &error)),
        }
    }
    rules
}

/// The dashboards of all components, for a stack that has Grafana.
fn evaluate_dashboards(
    session: &Session,
    stack: &Stack,
    diagnostics: &mut Diagnostics,
) -> Dashboards {
    let mut dashboards = Dashboards::in_folders(stack.dashboards.folders.clone());
    for (component, mixin) in mixins(stack).filter(|_| has_grafana(stack)) {
        match mixins::dashboards_once(session, mixin) {
            Ok(shown) => dashboards.add_mixin(mixin, component.span, &shown, diagnostics),
            Err(error) => diagnostics.push(template_failed(mixin.name, &error)),
        }
    }
    dashboards
}

/// The mixins of a stack, each with the component that brings it.
fn mixins(stack: &Stack) -> impl Iterator<Item = (&Component, &Mixin)> {
    let components = stack.components.iter();
    components.flat_map(|component| component.mixins.iter().map(move |mixin| (component, mixin)))
}

/// Adds the user's rules to those of the mixins, and edits all as the stack says.
fn complete(
    rules: &mut Rules,
    stack: &Stack,
    inputs: &Inputs,
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) {
    rules.add_user(&stack.rules, &inputs.rules, sources, diagnostics);
    let templates = inputs.session.templates();
    let evaluate = |mixin: &Mixin| mixins::groups(templates, mixin);
    rules.edit(&stack.rules, &evaluate, inputs.advise, diagnostics);
}

/// What the mixins from elsewhere give, in the order of the stack file.
fn evaluate_user_mixins<'a>(
    jsonnet: &impl Deref<Target = Jsonnet>,
    stack: &'a Stack,
    inputs: &Inputs,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<(&'a UserMixin, UserEvaluated)> {
    let mut all = Vec::new();
    for (mixin, file) in stack.mixins.iter().zip(&inputs.mixins) {
        let Some(file) = *file else { continue };
        if let Some(given) = user_mixins::evaluate(jsonnet, mixin, file, sources, diagnostics) {
            all.push((mixin, given));
        }
    }
    all
}

/// The rules of one mixin, under a stack's parameters and under its own.
#[derive(Debug, Clone)]
pub struct MixinRules {
    /// The mixin's name.
    pub mixin: &'static str,
    /// The groups as the stack has them.
    pub groups: Vec<Value>,
    /// The groups that its unit tests are written for.
    pub defaults: Vec<Value>,
}

/// The rules of all mixins whose rules the stack installs, for testing them.
pub fn rules(
    stack: &Stack,
    inputs: &Inputs,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<MixinRules>, Reported> {
    let session = &inputs.session;
    let mut rules = evaluate_rules(session, stack, diagnostics);
    let jsonnet = LazyCell::new(|| Jsonnet::with_files(&inputs.files));
    for (mixin, given) in evaluate_user_mixins(&jsonnet, stack, inputs, sources, diagnostics) {
        rules.add_user_mixin(mixin, &given.groups);
    }
    complete(&mut rules, stack, inputs, sources, diagnostics);
    let components = stack.components.iter();
    let mixins = components.flat_map(|component| &component.mixins);
    let mut tested = Vec::new();
    for mixin in mixins.filter(|mixin| mixin.rules.is_some()) {
        match mixins::tested(session.templates(), mixin) {
            Ok(defaults) => tested.push(MixinRules {
                mixin: mixin.name,
                groups: rules.of_mixin(mixin.name),
                defaults,
            }),
            Err(error) => diagnostics.push(template_failed(mixin.name, &error)),
        }
    }
    diagnostics.reported()?;
    Ok(tested)
}

/// The files of unit tests that come with a mixin: path and text.
pub fn mixin_tests(mixin: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    library::tests(mixin)
}

/// An input that passed all checks must not break a template, so this is a
/// fault of kpbuild; the trace is what a report of it needs.
fn template_failed(name: &str, error: &JsonnetError) -> Diagnostic {
    let message = format!("the template `{name}` failed: {error}");
    let diagnostic = Diagnostic::error(TEMPLATE, message)
        .help("this is a fault of kpbuild: please report it with the lines above");
    error
        .trace
        .iter()
        .filter(|frame| !frame.file.is_empty())
        .fold(diagnostic, |diagnostic, frame| {
            diagnostic.note(format!(
                "{}:{}:{} {}",
                frame.file, frame.line, frame.column, frame.what
            ))
        })
}

/// Objects, in the order in which a template gives them.
pub(crate) type Objects = Vec<Object>;
