//! Options that many components have do the same in each: what one component
//! forgets to pass on is found here. What is special to a component is tested
//! beside it.

use kpbuild_core::{Bundle, Diagnostics, Object, SourceMap};
use kpbuild_render::Inputs;
use serde_json::{Value, json};

/// The components that have pods.
const WITH_PODS: [&str; 9] = [
    "alertmanager",
    "blackbox-exporter",
    "grafana",
    "kube-state-metrics",
    "metrics-server",
    "node-exporter",
    "prometheus",
    "prometheus-adapter",
    "prometheus-operator",
];

/// The parts of Kubernetes that a ServiceMonitor is for.
const PARTS: [&str; 5] = [
    "kubeApiserver",
    "kubeControllerManager",
    "kubeScheduler",
    "kubelet",
    "coredns",
];

#[test]
fn what_every_pod_takes_reaches_the_pods() {
    let options = json!({
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "Exists"}]}],
        }}},
        "priorityClassName": "urgent",
        "podSecurityContext": {"runAsUser": 4711, "runAsNonRoot": null},
        "securityContext": {"readOnlyRootFilesystem": false},
        "resources": {"requests": {"cpu": "4711m", "memory": null}, "limits": {}},
        "image": "example.com/image:1",
    });
    let bundle = of_each(&WITH_PODS, &options);
    for component in WITH_PODS {
        let pod = pod(&bundle, component);
        for field in [
            "nodeSelector",
            "tolerations",
            "affinity",
            "priorityClassName",
        ] {
            assert_eq!(pod[field], options[field], "{component}: {field}");
        }
        let security = &pod["securityContext"];
        assert_eq!(security["runAsUser"], 4711, "{component}");
        assert_eq!(security.get("runAsNonRoot"), None, "{component}");
        let container = main_container(pod, component);
        let read_only = &container["securityContext"]["readOnlyRootFilesystem"];
        assert_eq!(*read_only, false, "{component}");
        // The operator takes image and resources beside its own pod's fields.
        let place = if is_custom(component) { pod } else { container };
        assert_eq!(place["image"], "example.com/image:1", "{component}");
        let resources = json!({"requests": {"cpu": "4711m"}});
        assert_eq!(place["resources"], resources, "{component}");
    }
}

#[test]
fn labels_and_annotations_reach_every_object_and_pod_but_no_selector() {
    let components: Vec<&str> = WITH_PODS.into_iter().chain(["kubernetes"]).collect();
    let options = json!({"labels": {"team": "x"}, "annotations": {"owner": "y"}});
    let bundle = of_each(&components, &options);
    for object in bundle.objects() {
        let component = object.origin.component.as_str();
        if !components.contains(&component) || object.kind() == "CustomResourceDefinition" {
            continue;
        }
        let metadata = &object.value()["metadata"];
        let key = object.key();
        assert_eq!(metadata["labels"]["team"], "x", "{key}");
        assert_eq!(metadata["annotations"]["owner"], "y", "{key}");
        for selector in selectors(object.value()) {
            assert_eq!(selector.get("team"), None, "{key}: {selector}");
        }
    }
    for component in WITH_PODS {
        let pod = pod_metadata(&bundle, component);
        assert_eq!(pod["labels"]["team"], "x", "{component}");
        assert_eq!(pod["annotations"]["owner"], "y", "{component}");
    }
}

#[test]
fn every_monitor_follows_its_interval_and_takes_a_spec() {
    let monitor = json!({"interval": "7s", "spec": {"sampleLimit": 4711}});
    let mut components = each(&WITH_PODS, &json!({"serviceMonitor": monitor}));
    components["kubernetes"] = each(&PARTS, &json!({"serviceMonitor": monitor}));
    let bundle = render(&components);
    let monitors: Vec<_> = bundle.of_kind("ServiceMonitor").collect();
    assert_eq!(monitors.len(), WITH_PODS.len() + PARTS.len());
    for monitor in monitors {
        let spec = &monitor.value()["spec"];
        assert_eq!(spec["sampleLimit"], 4711, "{}", monitor.key());
        for endpoint in spec["endpoints"]
            .as_array()
            .expect("monitors have endpoints")
        {
            if endpoint["path"] != "/metrics/slis" {
                assert_eq!(endpoint["interval"], "7s", "{}: {endpoint}", monitor.key());
            }
        }
    }
}

#[test]
fn a_component_that_is_off_leaves_nothing() {
    for component in WITH_PODS.into_iter().chain(["kubernetes"]) {
        let bundle = render(&json!({component: {"enabled": false}}));
        let left = bundle
            .objects()
            .iter()
            .find(|object| object.origin.component == component);
        assert!(left.is_none(), "{}", left.expect("it is some").key());
    }
}

#[test]
fn new_names_reach_everything_that_says_them() {
    let text = "
kind: Stack
name: test
namespace: observability
components:
  prometheus: {name: one}
  alertmanager: {name: two}
  pyrra: {}
";
    for object in render_text(text).objects() {
        if object.kind() == "CustomResourceDefinition" {
            continue;
        }
        let yaml = object.yaml();
        let old = [
            "prometheus-k8s",
            "alertmanager-main",
            "namespace: monitoring\n",
            ".monitoring.svc",
            "namespace=\"monitoring\"",
            "prometheus: k8s",
        ];
        for name in old {
            assert!(!yaml.contains(name), "`{name}` is left in {}", object.key());
        }
    }
}

#[test]
fn every_image_comes_from_the_mirror() {
    let text = "
kind: Stack
name: test
images: {registry: registry.example.com/mirror}
";
    let bundle = render_text(text);
    let mut images = Vec::new();
    for object in bundle.objects() {
        if object.kind() != "CustomResourceDefinition" {
            collect_images(object.value(), &mut images);
        }
    }
    assert!(images.len() > WITH_PODS.len(), "{images:?}");
    for image in images {
        assert!(image.starts_with("registry.example.com/mirror/"), "{image}");
    }
}

fn is_custom(component: &str) -> bool {
    matches!(component, "alertmanager" | "prometheus")
}

/// The same options for each component.
fn of_each(components: &[&str], options: &Value) -> Bundle {
    render(&each(components, options))
}

fn each(names: &[&str], value: &Value) -> Value {
    let mut all: Value = names
        .iter()
        .map(|name| ((*name).to_owned(), value.clone()))
        .collect();
    if !all["metrics-server"].is_null() {
        // Its replicas keep apart by themselves.
        all["metrics-server"]["antiAffinity"] = json!("none");
        // Beside it, the adapter has only this to do.
        all["prometheus-adapter"]["customMetrics"] = json!(true);
    }
    all
}

fn render(components: &Value) -> Bundle {
    let stack = json!({"kind": "Stack", "name": "test", "components": components});
    render_text(&stack.to_string())
}

fn render_text(text: &str) -> Bundle {
    let mut sources = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let file = sources.add("stack.yaml", text);
    let stack = kpbuild_stack::parse(&sources, file, &mut diagnostics)
        .map(|file| kpbuild_stack::resolve(&file));
    let inputs = Inputs::none();
    let bundle = stack
        .and_then(|stack| kpbuild_render::render(&stack, &inputs, &mut sources, &mut diagnostics));
    bundle.unwrap_or_else(|_| panic!("{:#?}", diagnostics.sorted()))
}

/// What runs a component's pods.
fn workload<'a>(bundle: &'a Bundle, component: &str) -> &'a Object {
    let kinds = ["Deployment", "DaemonSet", "Prometheus", "Alertmanager"];
    bundle
        .objects()
        .iter()
        .find(|object| object.origin.component == component && kinds.contains(&object.kind()))
        .expect("the component has pods")
}

/// The fields that a pod's `spec` has: in custom resources, directly in theirs.
fn pod<'a>(bundle: &'a Bundle, component: &str) -> &'a Value {
    let spec = &workload(bundle, component).value()["spec"];
    if is_custom(component) {
        spec
    } else {
        &spec["template"]["spec"]
    }
}

fn pod_metadata<'a>(bundle: &'a Bundle, component: &str) -> &'a Value {
    let spec = &workload(bundle, component).value()["spec"];
    if is_custom(component) {
        &spec["podMetadata"]
    } else {
        &spec["template"]["metadata"]
    }
}

fn main_container<'a>(pod: &'a Value, component: &str) -> &'a Value {
    pod["containers"]
        .as_array()
        .and_then(|list| list.iter().find(|container| container["name"] == component))
        .expect("the main container has the component's name")
}

/// The maps of labels by which an object selects others.
fn selectors(object: &Value) -> Vec<&Value> {
    let spec = &object["spec"];
    let maps = [
        &spec["selector"],
        &spec["selector"]["matchLabels"],
        &spec["podSelector"]["matchLabels"],
    ];
    maps.into_iter().filter(|map| map.is_object()).collect()
}

/// The images of all containers, and those that arguments name.
fn collect_images(value: &Value, images: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(image)) = map.get("image") {
                images.push(image.clone());
            }
            map.values().for_each(|value| collect_images(value, images));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_images(item, images)),
        Value::String(text) => {
            let flag = "--prometheus-config-reloader=";
            images.extend(text.strip_prefix(flag).map(str::to_owned));
        }
        _ => {}
    }
}
