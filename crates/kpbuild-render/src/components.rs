//! Renders one component: calls its template and names what comes out.

use kpbuild_core::object::NotAnObject;
use kpbuild_core::{Code, Diagnostic, Diagnostics, Object, Origin};
use kpbuild_stack::objective::is_objective;
use kpbuild_stack::{Component, Stack, dashboard_providers};
use serde_json::{Value, json};

use crate::dashboards::Dashboards;
use crate::jsonnet::JsonnetError;
use crate::notifications::Notifications;
use crate::overlay::{Names, camel};
use crate::{Objects, Session};

/// A template gave something that is no object.
pub(crate) const NOT_AN_OBJECT: Code = Code("template-not-an-object");

/// What components show or mount, and what is known only when files and mixins
/// are read.
pub(crate) struct Late<'a> {
    pub(crate) dashboards: &'a Dashboards,
    pub(crate) notifications: &'a Notifications,
}

/// The objects of a component. A template gives a map from a name (by which
/// overlays find the object) to the object; what is null is left out. The
/// ConfigMaps of dashboards have no such name: `dashboards` is about them.
pub(crate) fn render(
    session: &Session,
    component: &Component,
    stack: &Stack,
    late: &Late<'_>,
    names: &mut Names,
    diagnostics: &mut Diagnostics,
) -> Result<Objects, JsonnetError> {
    let input = completed(component, stack, late);
    let key = format!("{} {input}", component.name);
    let fields = session
        .components()
        .get(key, || fields(session, component.name, &input))?;
    let mut objects = Vec::with_capacity(fields.len());
    for (field, object) in fields.iter() {
        match object {
            Ok(object) => {
                let mut object = object.clone();
                object.origin.span = component.span;
                let name = (camel(component.name), field.clone());
                names.insert(object.key().clone(), name);
                objects.push(object);
            }
            Err(reason) => {
                let message = format!("`{field}` of `{}` is no object: {reason}", component.name);
                diagnostics
                    .push(Diagnostic::error(NOT_AN_OBJECT, message).at_some(component.span, ""));
            }
        }
    }
    match component.name {
        "grafana" => {
            let metadata = &input["metadata"];
            let dashboards = late.dashboards;
            objects.extend(dashboards.config_maps(metadata, session, diagnostics));
        }
        "alertmanager" => late.notifications.place(&mut objects),
        "pyrra" => place_objectives(&mut objects, stack),
        _ => {}
    }
    Ok(objects)
}

/// Lets what is wrong with an objective be said where the user wrote it.
fn place_objectives(objects: &mut Objects, stack: &Stack) {
    for object in objects {
        let key = object.key();
        if is_objective(&key.group, &key.kind)
            && let Some(span) = stack.objectives.get(&key.name)
        {
            object.origin.span = Some(*span);
        }
    }
}

/// What the fields of a template are.
pub(crate) type Fields = Vec<(String, Result<Object, NotAnObject>)>;

fn fields(session: &Session, component: &str, input: &Value) -> Result<Fields, JsonnetError> {
    let template = format!("components/{component}/main.jsonnet");
    let Value::Object(fields) = session.templates().call(&template, &[("input", input)])? else {
        panic!("`{template}` gives a map");
    };
    let origin = Origin {
        component: component.to_owned(),
        span: None,
    };
    let there = fields.into_iter().filter(|(_, value)| !value.is_null());
    Ok(there
        .map(|(field, value)| (field, Object::new(value, origin.clone())))
        .collect())
}

/// The input of a component with what is known only now: Grafana mounts every
/// dashboard, Alertmanager every template of notifications.
fn completed(component: &Component, stack: &Stack, late: &Late<'_>) -> Value {
    let mut input = component.input.clone();
    if component.name == "alertmanager" && stack.templates.is_some() {
        input["templates"]["files"] = late.notifications.texts();
    }
    if component.name == "grafana" {
        let dashboards = late.dashboards;
        input["dashboards"] = dashboards.mounts();
        if dashboards.folders().len() > stack.dashboards.folders.len() {
            input["dashboardProviders"] = json!(dashboard_providers(dashboards.folders()));
        }
        let wanted = input["dashboardsChecksum"] == true;
        input["dashboardsChecksum"] = json!(wanted.then(|| dashboards.checksum()));
    }
    input
}
