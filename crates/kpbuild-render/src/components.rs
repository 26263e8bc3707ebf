//! Renders one component: calls its template and names what comes out.

use kpbuild_core::{Code, Diagnostic, Diagnostics, Object, Origin};
use kpbuild_stack::{Component, Stack, dashboard_providers};
use serde_json::{Value, json};

use crate::Objects;
use crate::dashboards::Dashboards;
use crate::jsonnet::{Jsonnet, JsonnetError};
use crate::overlay::{Names, camel};

/// A template gave something that is no object.
pub(crate) const NOT_AN_OBJECT: Code = Code("template-not-an-object");

/// The objects of a component. A template gives a map from a name (by which
/// overlays find the object) to the object; what is null is left out. The
/// ConfigMaps of dashboards have no such name: `dashboards` is about them.
pub(crate) fn render(
    jsonnet: &Jsonnet,
    component: &Component,
    stack: &Stack,
    dashboards: &Dashboards,
    names: &mut Names,
    diagnostics: &mut Diagnostics,
) -> Result<Objects, JsonnetError> {
    let template = format!("components/{}/main.jsonnet", component.name);
    let input = with_dashboards(component, stack, dashboards);
    let Value::Object(fields) = jsonnet.call(&template, &[("input", &input)])? else {
        panic!("`{template}` gives a map");
    };
    let mut objects = Vec::with_capacity(fields.len());
    for (field, value) in fields.into_iter().filter(|(_, value)| !value.is_null()) {
        match Object::new(value, origin(component)) {
            Ok(object) => {
                names.insert(object.key().clone(), (camel(component.name), field));
                objects.push(object);
            }
            Err(reason) => {
                let message = format!("`{field}` of `{}` is no object: {reason}", component.name);
                diagnostics
                    .push(Diagnostic::error(NOT_AN_OBJECT, message).at_some(component.span, ""));
            }
        }
    }
    if component.name == "grafana" {
        objects.extend(dashboards.config_maps(&input["metadata"], diagnostics));
    }
    Ok(objects)
}

fn origin(component: &Component) -> Origin {
    Origin {
        component: component.name.to_owned(),
        span: component.span,
    }
}

/// Grafana mounts every dashboard; which there are is known only now.
fn with_dashboards(component: &Component, stack: &Stack, dashboards: &Dashboards) -> Value {
    let mut input = component.input.clone();
    if component.name == "grafana" {
        input["dashboards"] = dashboards.mounts();
        if dashboards.folders().len() > stack.dashboards.folders.len() {
            input["dashboardProviders"] = json!(dashboard_providers(dashboards.folders()));
        }
        let wanted = input["dashboardsChecksum"] == true;
        input["dashboardsChecksum"] = json!(wanted.then(|| dashboards.checksum()));
    }
    input
}
