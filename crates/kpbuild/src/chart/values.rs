//! What differs between clusters: taken out of the objects, and put into a
//! values file with a schema of its own.

use std::collections::BTreeMap;

use kpbuild_core::{Object, yaml};
use serde_json::{Map, Value, json};

use super::template::mark;

/// Where a value is in the values file: component, kind of value, and name of
/// the container or nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) path: Vec<String>,
    pub(super) how: How,
}

/// How a value comes back into its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// As it is.
    Plain,
    /// After the argument's name.
    Argument(&'static str),
    /// As it is, and its field only if it says something.
    Optional,
}

/// The values by component, and what each mark in an object stands for.
#[derive(Debug, Default)]
pub(super) struct Values {
    components: BTreeMap<String, Map<String, Value>>,
    pub(super) places: Vec<Place>,
}

/// The argument by which the operator is told the image of its sidecars.
const RELOADER: &str = "--prometheus-config-reloader=";

impl Values {
    /// Takes the values of an object out of it, and leaves marks.
    pub(super) fn take(&mut self, object: &Object, value: &mut Value) {
        let component = object.origin.component.as_str();
        match object.kind() {
            "Deployment" | "DaemonSet" | "StatefulSet" => self.of_workload(component, value),
            "Prometheus" | "PrometheusAgent" | "Alertmanager" | "ThanosRuler" => {
                self.of_instance(component, value);
            }
            "PersistentVolumeClaim" => {
                let storage = ["storage".to_owned()];
                self.replace(component, &storage, value.get_mut("spec"), How::Plain);
            }
            _ => {}
        }
    }

    fn of_workload(&mut self, component: &str, value: &mut Value) {
        let replicas = value.pointer_mut("/spec/replicas");
        self.replace(component, &["replicas".to_owned()], replicas, How::Plain);
        let Some(pod) = value.pointer_mut("/spec/template/spec") else {
            return;
        };
        for field in ["initContainers", "containers"] {
            let containers = pod.get_mut(field).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten() {
                self.of_container(component, container);
            }
        }
    }

    fn of_container(&mut self, component: &str, container: &mut Value) {
        let name = container["name"].as_str().unwrap_or_default().to_owned();
        let path = |kind: &str| [kind.to_owned(), name.clone()];
        let image = container.get_mut("image");
        self.replace(component, &path("images"), image, How::Plain);
        let resources = container.get_mut("resources");
        self.replace(component, &path("resources"), resources, How::Plain);
        let arguments = container.get_mut("args").and_then(Value::as_array_mut);
        for argument in arguments.into_iter().flatten() {
            let image = argument
                .as_str()
                .and_then(|text| text.strip_prefix(RELOADER));
            if let Some(image) = image.map(|image| json!(image)) {
                let path = ["images".to_owned(), "prometheus-config-reloader".to_owned()];
                *argument = image;
                self.replace(component, &path, Some(argument), How::Argument(RELOADER));
            }
        }
    }

    fn of_instance(&mut self, component: &str, value: &mut Value) {
        let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) else {
            return;
        };
        spec.entry("storage").or_insert_with(|| json!({}));
        for (field, path, how) in [
            ("replicas", vec!["replicas".to_owned()], How::Plain),
            (
                "image",
                vec!["images".to_owned(), component.to_owned()],
                How::Plain,
            ),
            (
                "resources",
                vec!["resources".to_owned(), component.to_owned()],
                How::Plain,
            ),
            ("storage", vec!["storage".to_owned()], How::Optional),
        ] {
            self.replace(component, &path, spec.get_mut(field), how);
        }
    }

    /// Moves a value into the values file.
    fn replace(&mut self, component: &str, path: &[String], value: Option<&mut Value>, how: How) {
        let Some(value) = value else {
            return;
        };
        let mut place = vec![component.to_owned()];
        place.extend_from_slice(path);
        self.places.push(Place { path: place, how });
        let taken = std::mem::replace(value, json!(mark(self.places.len() - 1)));
        let of_component = self.components.entry(component.to_owned()).or_default();
        match path {
            [kind, name] => {
                let kind = of_component
                    .entry(kind.clone())
                    .or_insert_with(|| json!({}));
                kind[name.as_str()] = taken;
            }
            path => {
                let name = path.first().map_or("", String::as_str);
                of_component.insert(name.to_owned(), taken);
            }
        }
    }

    /// The values file, with what each kind of value means.
    pub(super) fn yaml(&self, namespace: &str) -> String {
        let mut text = "# What differs between clusters. Everything else is decided by the stack file that this chart \
                        was made of.\n\n# Where everything is installed, whatever namespace the release is in.\n"
            .to_owned();
        text.push_str(&yaml::document(&json!({"namespace": namespace})));
        text.push_str("# Whether the chart makes the namespace.\ncreateNamespace: true\n\n");
        text.push_str(
            "# By component: replicas, images and resources by container, and volumes.\n",
        );
        text.push_str(&yaml::document(&json!(self.components)));
        text
    }

    /// The JSON Schema of the values file: a name that is not there is an error.
    pub(super) fn schema(&self) -> Value {
        let mut properties = Map::from_iter([
            ("namespace".to_owned(), namespace()),
            ("createNamespace".to_owned(), json!({"type": "boolean"})),
            // Helm gives it to every chart.
            ("global".to_owned(), json!({"type": "object"})),
        ]);
        for (component, values) in &self.components {
            let fields = values
                .iter()
                .map(|(kind, value)| (kind.clone(), of_kind(kind, value)));
            properties.insert(component.clone(), closed(&fields.collect()));
        }
        let mut schema = closed(&properties);
        schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
        schema["required"] = json!(["namespace", "createNamespace"]);
        schema
    }
}

fn closed(properties: &Map<String, Value>) -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

fn namespace() -> Value {
    json!({"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"})
}

/// The schema of the values of a kind, by container where they have names.
fn of_kind(kind: &str, value: &Value) -> Value {
    let one = match kind {
        "replicas" => return json!({"type": "integer", "minimum": 0}),
        "storage" => return json!({"type": "object"}),
        "images" => json!({"type": "string", "pattern": "^[^\\s]+$"}),
        _ => resources(),
    };
    let names = value.as_object().into_iter().flatten();
    closed(&names.map(|(name, _)| (name.clone(), one.clone())).collect())
}

fn resources() -> Value {
    let quantities = json!({
        "type": "object",
        "additionalProperties": {"type": ["string", "number"], "pattern": "^[0-9.]+([eE][0-9]+)?(m|k|[KMGTPE]i?)?$"},
    });
    let fields = [
        ("limits".to_owned(), quantities.clone()),
        ("requests".to_owned(), quantities),
        ("claims".to_owned(), json!({"type": "array"})),
    ];
    closed(&Map::from_iter(fields))
}
