//! Deployments and `DaemonSet`s: replicas, pods and their containers.

use serde_json::{Map, Value, json};

use super::{Search, custom_resources, meaning};

const KINDS: [&str; 2] = ["Deployment", "DaemonSet"];

/// What holds for the pods of all components.
pub(super) fn all_pods(search: &mut Search<'_>) {
    let pods: Vec<Value> = search
        .given
        .objects()
        .filter_map(|(_, object)| pod_of(&object.value))
        .collect();
    let containers = || pods.iter().flat_map(containers);
    if !pods.is_empty() && containers().all(|one| one["resources"]["limits"].is_null()) {
        search.attempt(&["pods", "limits"], json!("none"));
    }
    let with_affinity = |pod: &Value| !pod["affinity"]["podAntiAffinity"].is_null();
    if pods.iter().any(with_affinity) {
        for strictness in ["soft", "hard"] {
            search.attempt(&["pods", "antiAffinity"], json!(strictness));
        }
    }
    let secrets = pods.iter().find_map(|pod| {
        let list = pod["imagePullSecrets"].as_array()?;
        let names = list.iter().map(|secret| secret["name"].clone());
        Some(names.collect::<Vec<_>>())
    });
    if let Some(secrets) = secrets.filter(|secrets| !secrets.is_empty()) {
        search.attempt(&["images", "pullSecrets"], Value::Array(secrets));
    }
}

/// The pod of an object that has one, or is one to the operator.
fn pod_of(object: &Value) -> Option<Value> {
    match object["kind"].as_str()? {
        "Deployment" | "DaemonSet" => Some(object["spec"]["template"]["spec"].clone()),
        "Prometheus" | "PrometheusAgent" | "Alertmanager" => Some(object["spec"].clone()),
        _ => None,
    }
}

fn containers(pod: &Value) -> Vec<&Value> {
    pod["containers"].as_array().into_iter().flatten().collect()
}

/// Each component's own.
pub(super) fn each(search: &mut Search<'_>) {
    for component in search.components_with(&KINDS) {
        let component = component.as_str();
        let Some((ours, theirs)) = search.pair(component, &KINDS) else {
            continue;
        };
        let label = |object: &Value| {
            let labels = &object["spec"]["template"]["metadata"]["labels"];
            labels["app.kubernetes.io/version"]
                .as_str()
                .map(str::to_owned)
        };
        if let Some(version) =
            label(&theirs).filter(|version| label(&ours).as_ref() != Some(version))
        {
            search.attempt(&["components", component, "version"], json!(version));
        }
        let replicas = &theirs["spec"]["replicas"];
        if !replicas.is_null() && ours["spec"]["replicas"] != *replicas {
            search.attempt(&["components", component, "replicas"], replicas.clone());
        }
        pod(search, component);
        for index in 0..containers(&ours["spec"]["template"]["spec"]).len() {
            container(search, component, index);
        }
        match component {
            "grafana" => volumes_of_grafana(search),
            "node-exporter" | "blackbox-exporter" => port(search, component),
            _ => {}
        }
    }
}

/// Where the pods run, and as whom.
fn pod(search: &mut Search<'_>, component: &str) {
    let Some((ours, theirs)) = search.pair(component, &KINDS) else {
        return;
    };
    let (ours, theirs) = (&ours["spec"]["template"], &theirs["spec"]["template"]);
    metadata_of_pods(search, component, &ours["metadata"], &theirs["metadata"]);
    let (ours, theirs) = (&ours["spec"], &theirs["spec"]);
    for name in [
        "nodeSelector",
        "tolerations",
        "affinity",
        "priorityClassName",
    ] {
        let is_same = meaning::is_same("Pod", name, &ours[name], &theirs[name]);
        if !is_same && !theirs[name].is_null() {
            search.attempt(&["components", component, name], theirs[name].clone());
        }
    }
    let (ours, theirs) = (&ours["securityContext"], &theirs["securityContext"]);
    if ours != theirs {
        let value = merge_patch(ours, theirs);
        search.attempt(&["components", component, "podSecurityContext"], value);
    }
}

/// Labels and annotations that pods have more than others do.
pub(super) fn metadata_of_pods(
    search: &mut Search<'_>,
    component: &str,
    ours: &Value,
    theirs: &Value,
) {
    for field in ["labels", "annotations"] {
        for (name, value) in theirs[field].as_object().into_iter().flatten() {
            if ours[field].get(name) != Some(value) {
                search.attempt(&["components", component, field, name], value.clone());
            }
        }
    }
}

/// One container: its image, resources, security settings and arguments.
fn container(search: &mut Search<'_>, component: &str, index: usize) {
    let Some((ours, theirs)) = pair_of_containers(search, component, index) else {
        return;
    };
    let Some(place) = place(component, index, ours["name"].as_str().unwrap_or_default()) else {
        return;
    };
    let path = |name: &'static str| -> Vec<&str> {
        let place = Some(place).filter(|place| !place.is_empty());
        ["components", component]
            .into_iter()
            .chain(place)
            .chain([name])
            .collect()
    };
    image(search, &path("version"), &path("image"), &ours, &theirs);
    if ours["resources"] != theirs["resources"] {
        let value = resources(&ours["resources"], &theirs["resources"]);
        search.attempt(&path("resources"), value);
    }
    let (before, after) = (&ours["securityContext"], &theirs["securityContext"]);
    if before != after {
        search.attempt(&path("securityContext"), merge_patch(before, after));
    }
    if index == 0 {
        arguments(search, component);
        if component == "grafana" {
            environment(search, &ours, &theirs);
        }
    }
}

fn pair_of_containers(
    search: &Search<'_>,
    component: &str,
    index: usize,
) -> Option<(Value, Value)> {
    let (ours, theirs) = search.pair(component, &KINDS)?;
    let ours = &ours["spec"]["template"]["spec"]["containers"][index];
    let theirs = &theirs["spec"]["template"]["spec"];
    let same = containers(theirs)
        .into_iter()
        .find(|one| one["name"] == ours["name"])?;
    Some((ours.clone(), same.clone()))
}

/// Where a stack speaks of a container: below the component, or in a part of it.
fn place(component: &str, index: usize, container: &str) -> Option<&'static str> {
    match (index, component, container) {
        (0, ..) => Some(""),
        (_, _, "kube-rbac-proxy-main") => Some("kubeRbacProxyMain"),
        (_, _, "kube-rbac-proxy-self") => Some("kubeRbacProxySelf"),
        (_, _, "kube-rbac-proxy") => Some("kubeRbacProxy"),
        (_, "blackbox-exporter", _) => Some("configmapReload"),
        _ => None,
    }
}

/// A tag is said as a version where that is all.
fn image(search: &mut Search<'_>, version: &[&str], whole: &[&str], ours: &Value, theirs: &Value) {
    let (Some(ours), Some(theirs)) = (ours["image"].as_str(), theirs["image"].as_str()) else {
        return;
    };
    if ours == theirs {
        return;
    }
    // The main container has the version of its component, which was tried.
    if let (Some((name, _)), Some((same, tag)), 4..) = (
        ours.rsplit_once(':'),
        theirs.rsplit_once(':'),
        version.len(),
    ) && name == same
        && search.attempt(version, json!(tag.trim_start_matches('v')))
    {
        return;
    }
    search.attempt(whole, json!(theirs));
}

/// Resources as a stack says them: what is to go is null.
pub(super) fn resources(ours: &Value, theirs: &Value) -> Value {
    let mut all = Map::new();
    for part in ["requests", "limits"] {
        let (ours, theirs) = (&ours[part], &theirs[part]);
        if meaning::is_nothing(part, theirs) && !meaning::is_nothing(part, ours) {
            all.insert(part.to_owned(), json!({}));
            continue;
        }
        let amounts = merge_patch(ours, theirs);
        if amounts
            .as_object()
            .is_some_and(|amounts| !amounts.is_empty())
        {
            all.insert(part.to_owned(), amounts);
        }
    }
    Value::Object(all)
}

/// What makes a map another one: its fields that differ, null for those to go.
pub(super) fn merge_patch(ours: &Value, theirs: &Value) -> Value {
    let (Value::Object(ours), Value::Object(theirs)) = (ours, theirs) else {
        return theirs.clone();
    };
    let gone = ours.keys().filter(|key| !theirs.contains_key(*key));
    let mut patch: Map<String, Value> = gone.map(|key| (key.clone(), Value::Null)).collect();
    for (key, value) in theirs {
        match ours.get(key) {
            Some(before) if before == value => {}
            Some(before) => drop(patch.insert(key.clone(), merge_patch(before, value))),
            None => drop(patch.insert(key.clone(), value.clone())),
        }
    }
    Value::Object(patch)
}

/// Fields of a stack that say an argument of a program.
const ARGUMENTS: [(&str, &str, &[&str]); 8] = [
    ("", "--log.level=", &["logLevel"]),
    ("", "--log-level=", &["logLevel"]),
    (
        "node-exporter",
        "--collector.filesystem.mount-points-exclude=",
        &["filesystemMountPointsExclude"],
    ),
    (
        "node-exporter",
        "--collector.netclass.ignored-devices=",
        &["ignoredNetworkDevices"],
    ),
    (
        "prometheus-operator",
        "--prometheus-config-reloader=",
        &["configReloader", "image"],
    ),
    (
        "prometheus-operator",
        "--config-reloader-cpu-limit=",
        &["configReloader", "resources", "limits", "cpu"],
    ),
    (
        "prometheus-operator",
        "--config-reloader-memory-limit=",
        &["configReloader", "resources", "limits", "memory"],
    ),
    (
        "prometheus-adapter",
        "--prometheus-url=",
        &["prometheusUrl"],
    ),
];

/// Arguments of the main container that only the given one has: fields that say
/// them, and the rest as they are.
fn arguments(search: &mut Search<'_>, component: &str) {
    let further = further_arguments(search, component);
    for argument in &further {
        for (of, start, path) in ARGUMENTS {
            if let Some(value) = argument.strip_prefix(start)
                && (of == component || of.is_empty())
            {
                let path: Vec<&str> = ["components", component]
                    .into_iter()
                    .chain(path.iter().copied())
                    .collect();
                search.attempt(&path, json!(value));
            }
        }
    }
    if component == "kube-state-metrics" && !further.is_empty() {
        search.attempt(&["components", component, "lite"], json!(true));
    }
    if component == "prometheus-operator" {
        kubelet_service(search);
    }
    let further = further_arguments(search, component);
    if !further.is_empty() {
        search.attempt(&["components", component, "extraArgs"], json!(further));
    }
}

/// Whether the operator keeps the Service of the kubelets, and how.
fn kubelet_service(search: &mut Search<'_>) {
    let Some((ours, theirs)) = pair_of_containers(search, "prometheus-operator", 0) else {
        return;
    };
    let has = |container: &Value, argument: &str| {
        let args = container["args"].as_array();
        args.is_some_and(|args| args.iter().any(|one| one == argument))
    };
    for (argument, field) in [
        ("--kubelet-service=kube-system/kubelet", "enabled"),
        ("--kubelet-endpoints=true", "endpoints"),
        ("--kubelet-endpointslice=true", "endpointSlices"),
    ] {
        if has(&ours, argument) && !has(&theirs, argument) {
            let path = ["components", "prometheus-operator", "kubeletService", field];
            search.attempt(&path, json!(false));
        }
    }
}

fn further_arguments(search: &Search<'_>, component: &str) -> Vec<String> {
    let Some((ours, theirs)) = pair_of_containers(search, component, 0) else {
        return Vec::new();
    };
    let args = |container: &Value| -> Vec<String> {
        let list = container["args"].as_array().into_iter().flatten();
        list.filter_map(|one| one.as_str().map(str::to_owned))
            .collect()
    };
    let known = args(&ours);
    let theirs = args(&theirs).into_iter();
    theirs
        .filter(|argument| !known.contains(argument))
        .collect()
}

/// Grafana's environment, and the administrator's Secret in it.
fn environment(search: &mut Search<'_>, ours: &Value, theirs: &Value) {
    let env = theirs["env"].as_array().cloned().unwrap_or_default();
    if env.is_empty() || meaning::is_same("Pod", "env", &ours["env"], &theirs["env"]) {
        return;
    }
    let key = |name: &str| {
        let variable = env.iter().find(|one| one["name"] == name)?;
        Some(&variable["valueFrom"]["secretKeyRef"]).filter(|key| key["name"].is_string())
    };
    let admin = [
        key("GF_SECURITY_ADMIN_USER"),
        key("GF_SECURITY_ADMIN_PASSWORD"),
    ];
    if let [Some(user), Some(password)] = admin {
        let mut value = json!({"secret": user["name"]});
        for (field, usual, key) in [
            ("userKey", "admin-user", &user["key"]),
            ("passwordKey", "admin-password", &password["key"]),
        ] {
            if key != usual {
                value[field] = key.clone();
            }
        }
        search.attempt(&["components", "grafana", "admin"], value);
    }
    let is_said = !search.stack["components"]["grafana"]["admin"].is_null();
    let left = env.iter().filter(|one| {
        let name = one["name"].as_str().unwrap_or_default();
        !(is_said && name.starts_with("GF_SECURITY_ADMIN_"))
    });
    let left: Vec<Value> = left.cloned().collect();
    if !left.is_empty() {
        search.attempt(&["components", "grafana", "env"], Value::Array(left));
    }
}

/// The port on which an exporter is scraped.
fn port(search: &mut Search<'_>, component: &str) {
    let port = |service: &Value| service["spec"]["ports"][0]["port"].clone();
    if let Some((ours, theirs)) = search.pair(component, &["Service"])
        && port(&ours) != port(&theirs)
    {
        search.attempt(&["components", component, "port"], port(&theirs));
    }
}

/// The volume of Grafana's database, and the Secret of LDAP, which is one, too.
fn volumes_of_grafana(search: &mut Search<'_>) {
    if let Some((_, theirs)) = search.pair("grafana", &KINDS) {
        let volumes = &theirs["spec"]["template"]["spec"]["volumes"];
        let mut volumes = volumes.as_array().into_iter().flatten();
        if let Some(volume) = volumes.find(|volume| volume["name"] == "grafana-ldap") {
            let secret = volume["secret"]["secretName"].clone();
            search.attempt(&["components", "grafana", "ldap", "secret"], secret);
        }
    }
    let mut claims = search
        .given
        .objects()
        .filter(|(key, _)| key.kind == "PersistentVolumeClaim");
    let storage = claims.find_map(|(_, object)| custom_resources::storage(&object.value["spec"]));
    if let Some(storage) = storage {
        search.attempt(&["components", "grafana", "storage"], storage);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_said_and_what_goes_is_null() {
        let ours = json!({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2"}});
        let theirs = json!({"requests": {"cpu": "1", "memory": "2Gi"}});
        assert_eq!(
            resources(&ours, &theirs),
            json!({"requests": {"memory": "2Gi"}, "limits": {}})
        );
        let theirs = json!({"requests": {"cpu": "1"}, "limits": {"cpu": "2"}});
        assert_eq!(
            resources(&ours, &theirs),
            json!({"requests": {"memory": null}})
        );
        assert_eq!(
            merge_patch(
                &json!({"a": 1, "b": {"c": 1, "d": [1]}}),
                &json!({"b": {"d": [2]}, "e": {}})
            ),
            json!({"a": null, "b": {"c": null, "d": [2]}, "e": {}})
        );
    }
}
