//! Pyrra with its objectives: those that come along, changed or not, and others.
//! What kube-prometheus' addon has wrong is read as kpbuild has it right.

use std::collections::{BTreeMap, BTreeSet};

use kpbuild_core::ObjectKey;
use kpbuild_core::object::sha256;
use kpbuild_stack::components::pyrra;
use kpbuild_stack::objective::{is_objective, mistakes};
use serde_json::{Map, Value, json};

use super::Search;
use super::candidates::has;
use super::given::GivenObject;
use super::workloads::merge_patch;

const PLACE: [&str; 2] = ["components", "pyrra"];

/// The Deployments: the API, and the controller.
const API: &str = "pyrra-api";
const CONTROLLER: &str = "pyrra-kubernetes";

pub(super) fn each(search: &mut Search<'_>) {
    let is_api = |key: &ObjectKey| key.kind == "Deployment" && key.name == API;
    if has(search, is_api) && search.attempt(&PLACE, json!({})) {
        let options = options(search);
        search.attempt(&PLACE, options);
    }
}

/// What a stack says about its objectives.
fn options(search: &Search<'_>) -> Value {
    let rendered = search.rendered.keys().filter(|key| is_of_pyrra(key));
    let (there, gone): (Vec<&ObjectKey>, Vec<&ObjectKey>) =
        rendered.partition(|key| search.given.get(key).is_some());
    let mut options = json!({});
    if there.is_empty() {
        options["defaultObjectives"] = json!(false);
    } else if !gone.is_empty() {
        let names: Vec<&str> = gone.iter().map(|key| key.name.as_str()).collect();
        options["excludeObjectives"] = json!(names);
    }
    let own = objectives(search);
    if !own.is_empty() {
        options["objectives"] = Value::Object(own);
    }
    options
}

/// Those that are not as they come along, in the namespace of the stack. One that
/// Pyrra could not read is no objective of a stack's.
fn objectives(search: &Search<'_>) -> Map<String, Value> {
    let mut keys = search.rendered.keys();
    let api = keys.find(|key| key.kind == "Deployment" && key.name == API);
    let home = api.map_or("", |key| key.namespace.as_str());
    let mut own = Map::new();
    for (key, theirs) in search.given.objects().filter(|(key, _)| is_of_pyrra(key)) {
        let spec = &theirs.value["spec"];
        if !mistakes(spec).is_empty() {
            continue;
        }
        match search.rendered.get(key) {
            Some(ours) => {
                let part = changed(&ours.object.value()["spec"], spec);
                if part != json!({}) {
                    own.insert(key.name.clone(), part);
                }
            }
            None if key.namespace == home => drop(own.insert(key.name.clone(), spec.clone())),
            None => {}
        }
    }
    own
}

/// What is different in an objective. Another way to measure replaces the one that
/// is there, and need not say so.
fn changed(ours: &Value, theirs: &Value) -> Value {
    let mut part = merge_patch(ours, theirs);
    if let Some(ways) = part.get_mut("indicator").and_then(Value::as_object_mut)
        && ways.values().any(|way| !way.is_null())
    {
        ways.retain(|_, way| !way.is_null());
    }
    part
}

fn is_of_pyrra(key: &ObjectKey) -> bool {
    is_objective(&key.group, &key.kind)
}

/// Reads the addon as kpbuild has it right, if it is kube-prometheus' own: its
/// controller says the port of the API. Gives the objects that kpbuild adds.
pub(super) fn mend(objects: &mut BTreeMap<ObjectKey, GivenObject>) -> BTreeSet<ObjectKey> {
    let mut keys = objects.keys();
    let controller = keys.find(|key| key.kind == "Deployment" && key.name == CONTROLLER);
    let Some(controller) = controller.cloned() else {
        return BTreeSet::new();
    };
    let pod = &objects[&controller].value["spec"]["template"]["spec"];
    if pod["containers"][0]["ports"] != json!([{"containerPort": 9099}]) {
        return BTreeSet::new();
    }
    for (key, object) in objects.iter_mut() {
        let value = &mut object.value;
        match (key.kind.as_str(), key.name.as_str()) {
            ("Deployment", CONTROLLER) => mend_controller(value),
            ("Deployment", API) => mend_api(value),
            ("ServiceAccount", CONTROLLER) => with_token(value, false),
            _ if is_of_pyrra(key) => mend_objective(&key.name, &mut value["spec"]),
            _ => {}
        }
    }
    let (policies, added) = mended_policies(objects, &controller);
    for key in policies {
        let policy = objects.get_mut(&key).expect("it was just found");
        if let Some(ways) = policy.value["spec"]["ingress"].as_array_mut() {
            ways.push(json!({
                "from": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "pyrra"}}}],
                "ports": [{"port": 9090, "protocol": "TCP"}],
            }));
        }
    }
    added
}

/// The NetworkPolicies of Prometheus, which do not let Pyrra in, and those that
/// its own pods lack, where there are policies at all.
fn mended_policies(
    objects: &BTreeMap<ObjectKey, GivenObject>,
    controller: &ObjectKey,
) -> (Vec<ObjectKey>, BTreeSet<ObjectKey>) {
    let all = || {
        objects
            .iter()
            .filter(|(key, _)| key.kind == "NetworkPolicy")
    };
    let of = |object: &GivenObject, app: &str| {
        let selector = &object.value["spec"]["podSelector"]["matchLabels"];
        selector["app.kubernetes.io/name"] == app
    };
    if all().next().is_none() || all().any(|(_, object)| of(object, "pyrra")) {
        return (Vec::new(), BTreeSet::new());
    }
    let of_prometheus = all().filter(|(_, object)| of(object, "prometheus"));
    let of_prometheus = of_prometheus.map(|(key, _)| key.clone()).collect();
    let added = [API, CONTROLLER].map(|name| ObjectKey {
        group: "networking.k8s.io".to_owned(),
        kind: "NetworkPolicy".to_owned(),
        namespace: controller.namespace.clone(),
        name: name.to_owned(),
    });
    (of_prometheus, BTreeSet::from(added))
}

fn mend_controller(deployment: &mut Value) {
    let pod = &mut deployment["spec"]["template"]["spec"];
    with_token(pod, true);
    let container = &mut pod["containers"][0];
    container["ports"] = json!([{"containerPort": 9444}]);
    let shipped = json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true});
    if container["securityContext"] == shipped {
        let settings = &mut container["securityContext"];
        settings["capabilities"] = json!({"drop": ["ALL"]});
        settings["runAsNonRoot"] = json!(true);
        settings["seccompProfile"] = json!({"type": "RuntimeDefault"});
    }
}

fn mend_api(deployment: &mut Value) {
    let pod = &mut deployment["spec"]["template"]["spec"];
    with_token(pod, false);
    let arguments = pod["containers"][0]["args"].as_array_mut();
    for argument in arguments.into_iter().flatten() {
        if let Some(text) = argument.as_str() {
            *argument = json!(text.replace(".svc.cluster.local:", ".svc:"));
        }
    }
}

/// Says whether there is a token, where nothing is said.
fn with_token(value: &mut Value, is_mounted: bool) {
    let field = "automountServiceAccountToken";
    if value[field].is_null() {
        value[field] = json!(is_mounted);
    }
}

/// The descriptions that the addon has, where it has any.
const SHIPPED: [&str; 2] = [
    "499fb9cb37a4e8ad228d81f2f01c7e982cb818acbab2bac70ecf61712432c764",
    "cb3b7d6ec422afcc5e7beb892b73b75467586acc3772cff36dbffbc4ccbf8797",
];

fn mend_objective(name: &str, spec: &mut Value) {
    let said = spec["description"].as_str().unwrap_or_default();
    let is_shipped = said.is_empty() || SHIPPED.contains(&sha256(said.as_bytes()).as_str());
    if let Some(description) = pyrra::description(name).filter(|_| is_shipped) {
        spec["description"] = json!(description);
    }
    let metric = spec.pointer_mut("/indicator/latency/success/metric");
    if let Some(Value::String(metric)) = metric {
        *metric = metric.replace("le=\"5\"", "le=\"5.0\"");
    }
}
