//! A stack in which every choice is made, ready to be rendered.

use std::collections::BTreeMap;

use serde_json::Value;

use kpbuild_core::Span;

use crate::checking::{self, Checking};
use crate::components;
use crate::components::alertmanager::{self, TemplateChoices};
use crate::components::grafana::Admin;
use crate::components::pyrra;
use crate::context::{Context, Metadata};
use crate::dashboards::{self, DashboardChoices};
use crate::mixins::{self, UserMixin};
use crate::parse::StackFile;
use crate::patches::{self, PatchChoice};
use crate::platform;
use crate::rules::{self, RuleChoices};

/// Everything that rendering needs: no defaults are added after this.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The stack's name.
    pub name: String,
    /// Where the stack file says it.
    pub name_span: Option<Span>,
    /// The namespace that it is installed into.
    pub namespace: String,
    /// The kubeconfig context of the cluster that it is for, if it names one.
    pub context: Option<String>,
    /// The address of the API server that it is for, if it names one.
    pub server: Option<String>,
    /// Whether objects of the kind `NetworkPolicy` are wanted.
    pub network_policies: bool,
    /// The components that are on, in the order of their names.
    pub components: Vec<Component>,
    /// Which dashboards are wanted, and where.
    pub dashboards: DashboardChoices,
    /// Where the stack file says something about an objective of Pyrra, by its name.
    pub objectives: BTreeMap<String, Span>,
    /// The templates of notifications, if there are any.
    pub templates: Option<TemplateChoices>,
    /// Changes of objects after they are rendered, in their order.
    pub patches: Vec<PatchChoice>,
    /// Which rules are wanted, how, and which the user adds.
    pub rules: RuleChoices,
    /// What checks are told beside the objects.
    pub checking: Checking,
    /// The mixins from elsewhere, in the order of the stack file.
    pub mixins: Vec<UserMixin>,
    /// What overlays read of the stack: the stack file with its defaults. Null
    /// when there are none.
    pub values: Value,
    /// Where the password of Grafana's administrator is, if Grafana is
    /// installed and the stack names a place.
    pub grafana_admin: Option<Admin>,
}

/// One component with the complete input of its template.
#[derive(Debug, Clone)]
pub struct Component {
    /// Its name: in the stack file, of the template's folder, in file names.
    pub name: &'static str,
    /// The argument of its template.
    pub input: Value,
    /// The rules and dashboards that watch it.
    pub mixins: Vec<Mixin>,
    /// Where the stack file asks for it, if it says anything about it.
    pub span: Option<Span>,
}

/// A set of rules and dashboards with its parameters.
#[derive(Debug, Clone)]
pub struct Mixin {
    /// The folder below `templates/mixins`.
    pub name: &'static str,
    /// Parameters that differ from the mixin's own defaults (`_config`).
    pub config: Value,
    /// The PrometheusRule object that its rules go into; none when nobody
    /// wants its rules.
    pub rules: Option<RuleObject>,
}

/// The object that rules go into.
#[derive(Debug, Clone)]
pub struct RuleObject {
    /// Its name.
    pub name: String,
    /// The rest of its metadata.
    pub metadata: Metadata,
}

impl RuleObject {
    /// The rules of a component: its own metadata, with the labels by which
    /// Prometheus finds rules.
    pub(crate) fn of(context: &Context<'_>, name: impl Into<String>, metadata: &Metadata) -> Self {
        let mut metadata = metadata.clone();
        metadata.labels.extend(context.rule_labels());
        Self {
            name: name.into(),
            metadata,
        }
    }
}

/// Where the stack file asks for a component: in its name, or in that of a platform.
fn asked_for(file: &StackFile, component: &str) -> Option<Span> {
    let named = file.tree.at(["components", component]).is_some();
    let platform = file.shape.cluster.platform;
    match platform.filter(|platform| !named && platform::asks_for(*platform, component)) {
        Some(_) => file.span(&["cluster", "platform"]),
        None => file.span(&["components", component]),
    }
}

fn values(file: &StackFile) -> Value {
    if file.shape.overlays.is_empty() {
        return Value::Null;
    }
    serde_json::to_value(&file.shape).expect("what was read as JSON can be written as JSON")
}

/// Makes every choice.
pub fn resolve(file: &StackFile) -> Stack {
    let context = Context { file: &file.shape };
    let mut components: Vec<Component> = components::resolve(&context);
    for component in &mut components {
        component.span = asked_for(file, component.name);
        for mixin in &mut component.mixins {
            file.shape
                .rules
                .parameters
                .configure(mixin.name, &mut mixin.config);
        }
    }
    Stack {
        name: file.shape.name.to_string(),
        name_span: file.span(&["name"]),
        namespace: context.namespace().to_owned(),
        context: file.shape.cluster.context.clone(),
        server: file.shape.cluster.server.as_ref().map(ToString::to_string),
        network_policies: file.shape.network_policies,
        components,
        dashboards: dashboards::resolve(file, &context),
        objectives: pyrra::places(file),
        templates: alertmanager::resolve_templates(file, &context),
        patches: patches::resolve(file),
        rules: rules::resolve(file, &context),
        checking: checking::resolve(file),
        mixins: mixins::resolve(file, &context),
        values: values(file),
        grafana_admin: file
            .shape
            .components
            .grafana
            .admin
            .clone()
            .filter(|_| file.shape.components.grafana.common.enabled),
    }
}
