//! Single faults put into a good bundle, the default stack: each must be found
//! by the check that is for it, and by no other.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use kpbuild_core::{Bundle, Diagnostics, Object, Origin, SourceMap, yaml};
use kpbuild_stack::Checking;
use serde_json::{Value, json};

/// The objects of the default stack.
fn good() -> &'static [Object] {
    static GOOD: OnceLock<Vec<Object>> = OnceLock::new();
    GOOD.get_or_init(|| objects("kube-prometheus").0)
}

/// The objects of an example, and what it says to checks.
fn objects(stack: &str) -> (Vec<Object>, Checking) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../stacks/{stack}.yaml"));
    let text = std::fs::read_to_string(path).expect("the stack is there");
    let mut sources = SourceMap::default();
    let file = sources.add("stack.yaml", text);
    let mut diagnostics = Diagnostics::default();
    let file = kpbuild_stack::parse(&sources, file, &mut diagnostics).expect("the stack is right");
    let stack = kpbuild_stack::resolve(&file);
    let inputs = kpbuild_render::Inputs::none();
    let bundle = kpbuild_render::render(&stack, &inputs, &mut sources, &mut diagnostics)
        .expect("it can be rendered");
    (bundle.objects().to_vec(), stack.checking)
}

/// What all checks find: code and message.
fn found(objects: Vec<Object>, checking: &Checking) -> BTreeSet<(&'static str, String)> {
    let bundle = Bundle::new(objects, &mut Diagnostics::default());
    let findings = kpbuild_check::check(&bundle, checking, |_| true);
    findings
        .into_iter()
        .map(|finding| (finding.diagnostic.code.0, finding.diagnostic.message))
        .collect()
}

/// A fault, as it is put into the objects.
type Change = Box<dyn Fn(&mut Vec<Object>) + Send + Sync>;

struct Case {
    what: &'static str,
    finds: &'static str,
    change: Change,
}

/// Changes one object, `Kind/namespace/name`.
fn edit(
    what: &'static str,
    finds: &'static str,
    key: &'static str,
    change: impl Fn(&mut Value) + Send + Sync + 'static,
) -> Case {
    let change = move |objects: &mut Vec<Object>| {
        let object = objects
            .iter_mut()
            .find(|object| object.key().to_string() == key);
        let object = object.unwrap_or_else(|| panic!("{what}: there is no `{key}`"));
        object
            .edit(|value| change(value))
            .expect("it stays an object");
    };
    Case {
        what,
        finds,
        change: Box::new(change),
    }
}

/// Changes the value at a JSON pointer of one object; null removes it.
fn set(
    what: &'static str,
    finds: &'static str,
    key: &'static str,
    pointer: &'static str,
    new: Value,
) -> Case {
    edit(what, finds, key, move |value| put(value, pointer, &new))
}

fn put(value: &mut Value, pointer: &str, new: &Value) {
    let (parent, field) = pointer
        .rsplit_once('/')
        .expect("a pointer starts with a slash");
    let field = field.replace("~1", "/");
    match value.pointer_mut(parent) {
        Some(Value::Object(map)) if new.is_null() => {
            assert!(map.remove(&field).is_some(), "{pointer} is there");
        }
        Some(Value::Object(map)) => {
            map.insert(field, new.clone());
        }
        Some(Value::Array(items)) if field == "-" => items.push(new.clone()),
        Some(Value::Array(items)) if new.is_null() => {
            items.remove(field.parse().expect("an index"));
        }
        Some(Value::Array(items)) => items[field.parse::<usize>().expect("an index")] = new.clone(),
        _ => panic!("{pointer} leads nowhere"),
    }
}

/// Changes the first rule of a name.
fn rule(
    what: &'static str,
    finds: &'static str,
    name: &'static str,
    change: impl Fn(&mut Value) + Send + Sync + 'static,
) -> Case {
    let change = move |objects: &mut Vec<Object>| {
        for object in objects
            .iter_mut()
            .filter(|object| object.kind() == "PrometheusRule")
        {
            let mut done = false;
            object
                .edit(|value| {
                    let groups = value["spec"]["groups"].as_array_mut().into_iter().flatten();
                    let mut rules = groups
                        .flat_map(|group| group["rules"].as_array_mut().into_iter().flatten());
                    if let Some(rule) =
                        rules.find(|rule| rule["alert"] == name || rule["record"] == name)
                    {
                        change(rule);
                        done = true;
                    }
                })
                .expect("it stays an object");
            if done {
                return;
            }
        }
        panic!("{what}: there is no rule `{name}`");
    };
    Case {
        what,
        finds,
        change: Box::new(change),
    }
}

/// Gives a rule another expression.
fn expr(what: &'static str, finds: &'static str, name: &'static str, new: &'static str) -> Case {
    rule(what, finds, name, move |rule| rule["expr"] = json!(new))
}

/// Changes the configuration of Alertmanager, and the texts beside it in the Secret.
fn alertmanager(
    what: &'static str,
    finds: &'static str,
    change: impl Fn(&mut Value, &mut Value) + Send + Sync + 'static,
) -> Case {
    edit(
        what,
        finds,
        "Secret/monitoring/alertmanager-main",
        move |value| {
            let texts = &mut value["stringData"];
            let text = texts["alertmanager.yaml"].as_str().expect("it is there");
            let mut config = yaml::read(text).expect("it is YAML");
            change(&mut config, texts);
            texts["alertmanager.yaml"] = json!(yaml::document(&config));
        },
    )
}

/// Changes a field of the configuration of Alertmanager.
fn config(what: &'static str, finds: &'static str, pointer: &'static str, new: Value) -> Case {
    alertmanager(what, finds, move |config, _| put(config, pointer, &new))
}

/// Lets all receivers notify somebody, and gives the first one.
fn notifying(config: &mut Value) -> &mut Value {
    let all = config["receivers"].as_array_mut().expect("a list");
    for one in all.iter_mut() {
        one["webhook_configs"] = json!([{"url": "https://example.com"}]);
    }
    &mut all[0]
}

/// Lets all receivers notify somebody, and changes the first one.
fn receivers(
    what: &'static str,
    finds: &'static str,
    change: impl Fn(&mut Value) + Send + Sync + 'static,
) -> Case {
    alertmanager(what, finds, move |config, _| change(notifying(config)))
}

/// Gives Alertmanager a file of templates, and the first receiver a text that
/// uses it; all receivers notify somebody.
fn templates(
    what: &'static str,
    finds: &'static str,
    file: &'static str,
    text: &'static str,
    read: &'static str,
) -> Case {
    alertmanager(what, finds, move |config, texts| {
        notifying(config)["slack_configs"] =
            json!([{"api_url": "https://example.com", "channel": "#alerts", "text": text}]);
        config["templates"] = json!([format!("/etc/alertmanager/config/{read}")]);
        texts["team.tmpl"] = json!(file);
    })
}

/// Changes a dashboard, by the name of its ConfigMap without the beginning.
fn dashboard(
    what: &'static str,
    finds: &'static str,
    name: &'static str,
    change: impl Fn(&mut Value) + Send + Sync + 'static,
) -> Case {
    let change = move |objects: &mut Vec<Object>| {
        let name = format!("grafana-dashboard-{name}");
        let object = objects
            .iter_mut()
            .find(|object| object.kind() == "ConfigMap" && object.key().name == name);
        let object = object.unwrap_or_else(|| panic!("{what}: there is no `{name}`"));
        object
            .edit(|value| {
                let data = value["data"].as_object_mut().expect("it has files");
                let text = data.values_mut().next().expect("it has one");
                let mut dashboard =
                    serde_json::from_str(text.as_str().expect("it is text")).expect("it is JSON");
                change(&mut dashboard);
                *text = json!(dashboard.to_string());
            })
            .expect("it stays an object");
    };
    Case {
        what,
        finds,
        change: Box::new(change),
    }
}

/// The first panel with queries, of the panels and those of rows.
fn panel(dashboard: &mut Value) -> &mut Value {
    fn has_queries(panel: &Value) -> bool {
        panel["targets"]
            .as_array()
            .is_some_and(|list| !list.is_empty())
    }
    let panels = dashboard["panels"].as_array_mut().expect("it has panels");
    let index = panels
        .iter()
        .position(has_queries)
        .expect("a panel has queries");
    &mut panels[index]
}

/// Adds an object.
fn add(what: &'static str, finds: &'static str, value: Value) -> Case {
    let change = move |objects: &mut Vec<Object>| {
        let origin = Origin {
            component: "test".into(),
            span: None,
        };
        objects.push(Object::new(value.clone(), origin).expect("it is an object"));
    };
    Case {
        what,
        finds,
        change: Box::new(change),
    }
}

const GRAFANA: &str = "Deployment/monitoring/grafana";
const KSM: &str = "Deployment/monitoring/kube-state-metrics";
const PROMETHEUS: &str = "Prometheus/monitoring/k8s";
const OPERATOR: &str = "Deployment/monitoring/prometheus-operator";

#[expect(clippy::too_many_lines, reason = "a table")]
fn wiring() -> Vec<Case> {
    let name = "/spec/selector/matchLabels/app.kubernetes.io~1name";
    vec![
        set(
            "a monitor's label is off by one letter",
            "monitor-selects-nothing",
            "ServiceMonitor/monitoring/grafana",
            name,
            json!("grafanna"),
        ),
        set(
            "a monitor looks in its own namespace only",
            "monitor-selects-nothing",
            "ServiceMonitor/monitoring/kubelet",
            "/spec/namespaceSelector",
            json!({"matchNames": ["monitoring"]}),
        ),
        add(
            "a PodMonitor selects no pods",
            "monitor-selects-nothing",
            json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor", "metadata": {"name": "x", "namespace": "monitoring"},
                "spec": {"selector": {"matchLabels": {"app": "none"}}, "podMetricsEndpoints": [{"port": "web"}]}}),
        ),
        set(
            "a monitor scrapes a port that the Service does not have",
            "monitor-port",
            "ServiceMonitor/monitoring/grafana",
            "/spec/endpoints/0/port",
            json!("htpp"),
        ),
        set(
            "a kubelet port is misspelt",
            "monitor-port",
            "ServiceMonitor/monitoring/kubelet",
            "/spec/endpoints/0/port",
            json!("https-metric"),
        ),
        set(
            "the API server's port is a number",
            "monitor-port",
            "ServiceMonitor/monitoring/kube-apiserver",
            "/spec/endpoints/0/port",
            json!("443"),
        ),
        set(
            "an endpoint is there twice",
            "duplicate-scrape",
            "ServiceMonitor/monitoring/grafana",
            "/spec/endpoints/-",
            json!({"port": "http", "interval": "15s"}),
        ),
        set(
            "Prometheus takes only monitors of a release",
            "not-selected",
            PROMETHEUS,
            "/spec/serviceMonitorSelector",
            json!({"matchLabels": {"release": "prometheus"}}),
        ),
        set(
            "Prometheus takes only rules with a label",
            "not-selected",
            PROMETHEUS,
            "/spec/ruleSelector",
            json!({"matchLabels": {"role": "alert-rule"}}),
        ),
        set(
            "Prometheus takes rules of other namespaces",
            "not-selected",
            PROMETHEUS,
            "/spec/ruleNamespaceSelector",
            json!({"matchLabels": {"team": "a"}}),
        ),
        set(
            "Prometheus has no rule selector",
            "not-selected",
            PROMETHEUS,
            "/spec/ruleSelector",
            Value::Null,
        ),
        set(
            "a Service selects pods of another name",
            "service-selects-nothing",
            "Service/monitoring/alertmanager-main",
            "/spec/selector/app.kubernetes.io~1instance",
            json!("mian"),
        ),
        set(
            "a Service leads to a port that the pods do not name",
            "service-port",
            "Service/monitoring/blackbox-exporter",
            "/spec/ports/1/targetPort",
            json!("htp"),
        ),
        set(
            "a Service leads to a number on which nobody listens",
            "service-port",
            "Service/monitoring/prometheus-adapter",
            "/spec/ports/0/targetPort",
            json!(6444),
        ),
        set(
            "a container's port moves and its argument does not",
            "port-not-listening",
            "Deployment/monitoring/prometheus-adapter",
            "/spec/template/spec/containers/0/args/4",
            json!("--secure-port=6444"),
        ),
        set(
            "a proxy leads to a port on which nobody listens",
            "port-not-listening",
            KSM,
            "/spec/template/spec/containers/1/args/2",
            json!("--upstream=http://127.0.0.1:8090/"),
        ),
        set(
            "a policy forgets the port that is scraped",
            "network-policy-scrape",
            "NetworkPolicy/monitoring/grafana",
            "/spec/ingress/0/ports/0/port",
            json!(3001),
        ),
        set(
            "a policy lets other pods scrape",
            "network-policy-scrape",
            "NetworkPolicy/monitoring/kube-state-metrics",
            "/spec/ingress/0/from/0/podSelector/matchLabels/app.kubernetes.io~1name",
            json!("prometheus-server"),
        ),
        set(
            "a policy lets Prometheus in from another namespace only",
            "network-policy-scrape",
            "NetworkPolicy/monitoring/prometheus-operator",
            "/spec/ingress/0/from/0/namespaceSelector",
            json!({"matchLabels": {"kubernetes.io/metadata.name": "observability"}}),
        ),
        set(
            "a policy allows UDP where TCP is meant",
            "network-policy-scrape",
            "NetworkPolicy/monitoring/prometheus-operator",
            "/spec/ingress/0/ports/0/protocol",
            json!("UDP"),
        ),
        set(
            "a policy forgets the gossip over UDP",
            "network-policy-gossip",
            "NetworkPolicy/monitoring/alertmanager-main",
            "/spec/ingress/1/ports/1",
            Value::Null,
        ),
        set(
            "a policy forgets the other Alertmanagers",
            "network-policy-gossip",
            "NetworkPolicy/monitoring/alertmanager-main",
            "/spec/ingress/1",
            Value::Null,
        ),
        set(
            "a policy forgets Grafana's queries",
            "network-policy-query",
            "NetworkPolicy/monitoring/prometheus-k8s",
            "/spec/ingress/2",
            Value::Null,
        ),
        set(
            "a policy forgets the adapter's queries",
            "network-policy-query",
            "NetworkPolicy/monitoring/prometheus-k8s",
            "/spec/ingress/1",
            Value::Null,
        ),
        set(
            "a policy lets Grafana send nothing",
            "network-policy-query",
            "NetworkPolicy/monitoring/grafana",
            "/spec/egress",
            json!([]),
        ),
        set(
            "a policy is for pods that are not there",
            "network-policy-selects-nothing",
            "NetworkPolicy/monitoring/blackbox-exporter",
            "/spec/podSelector/matchLabels/app.kubernetes.io~1component",
            json!("exportr"),
        ),
        set(
            "a Role lacks a verb",
            "rbac-discovery",
            "Role/default/prometheus-k8s",
            "/rules/0/verbs/2",
            Value::Null,
        ),
        set(
            "a Role is for Endpoints where EndpointSlices are read",
            "rbac-discovery",
            "Role/kube-system/prometheus-k8s",
            "/rules/0",
            json!({"apiGroups": [""], "resources": ["endpoints"], "verbs": ["get", "list", "watch"]}),
        ),
        set(
            "a monitor names a namespace without a Role",
            "rbac-discovery",
            "ServiceMonitor/monitoring/coredns",
            "/spec/namespaceSelector/matchNames/0",
            json!("dns-system"),
        ),
        set(
            "a monitor looks in all namespaces",
            "rbac-discovery",
            "ServiceMonitor/monitoring/coredns",
            "/spec/namespaceSelector",
            json!({"any": true}),
        ),
        set(
            "Prometheus may not read the kubelets' metrics",
            "rbac-scrape",
            "ClusterRole/prometheus-k8s",
            "/rules/0/resources/0",
            json!("nodes"),
        ),
        set(
            "Prometheus may not read a path",
            "rbac-scrape",
            "ClusterRole/prometheus-k8s",
            "/rules/1/nonResourceURLs/1",
            Value::Null,
        ),
        set(
            "a binding names a role that does not exist",
            "rbac-binding",
            "ClusterRoleBinding/kube-state-metrics",
            "/roleRef/name",
            json!("kube-state-metric"),
        ),
        set(
            "a binding is for an account that does not exist",
            "rbac-binding",
            "ClusterRoleBinding/node-exporter",
            "/subjects/0/name",
            json!("node-exporters"),
        ),
        set(
            "pods run as an account that does not exist",
            "service-account",
            GRAFANA,
            "/spec/template/spec/serviceAccountName",
            json!("grafanas"),
        ),
        set(
            "Grafana is on a port of every node, with the default password",
            "grafana-default-password",
            "Service/monitoring/grafana",
            "/spec/type",
            json!("NodePort"),
        ),
        set(
            "the data source has another port",
            "service-reference",
            "Secret/monitoring/grafana-datasources",
            "/stringData/datasources.yaml",
            json!(
                "datasources:\n- name: p\n  type: prometheus\n  url: http://prometheus-k8s.monitoring.svc:9091\n"
            ),
        ),
        set(
            "the data source has another name",
            "service-reference",
            "Secret/monitoring/grafana-datasources",
            "/stringData/datasources.yaml",
            json!(
                "datasources:\n- name: p\n  type: prometheus\n  url: http://prometheus.monitoring.svc:9090\n"
            ),
        ),
        set(
            "alerts are sent to a Service that does not exist",
            "service-reference",
            PROMETHEUS,
            "/spec/alerting/alertmanagers/0/name",
            json!("alertmanager"),
        ),
        set(
            "alerts are sent to a port that does not exist",
            "service-reference",
            PROMETHEUS,
            "/spec/alerting/alertmanagers/0/port",
            json!("http"),
        ),
        set(
            "the adapter asks a Service that does not exist",
            "service-reference",
            "Deployment/monitoring/prometheus-adapter",
            "/spec/template/spec/containers/0/args/3",
            json!("--prometheus-url=http://prometheus.monitoring.svc:9090/"),
        ),
        set(
            "a ConfigMap is not there",
            "missing-config",
            "Deployment/monitoring/prometheus-adapter",
            "/spec/template/spec/volumes/2/configMap/name",
            json!("adapter-configuration"),
        ),
        set(
            "a Secret is not there",
            "missing-config",
            PROMETHEUS,
            "/spec/secrets",
            json!(["etcd-certs"]),
        ),
        set(
            "a key of a ConfigMap is not there",
            "missing-key",
            "Deployment/monitoring/prometheus-adapter",
            "/spec/template/spec/volumes/2/configMap/items",
            json!([{"key": "config.yml", "path": "config.yaml"}]),
        ),
        set(
            "an aggregated API has no Service",
            "api-service",
            "APIService/v1beta1.metrics.k8s.io",
            "/spec/service/name",
            json!("metrics-server"),
        ),
        set(
            "an aggregated API has another port",
            "api-service",
            "APIService/v1beta1.metrics.k8s.io",
            "/spec/service/port",
            json!(8443),
        ),
        set(
            "a budget is for no pods",
            "disruption-budget",
            "PodDisruptionBudget/monitoring/alertmanager-main",
            "/spec/selector/matchLabels/app.kubernetes.io~1instance",
            json!("mains"),
        ),
        set(
            "a budget stops every drain",
            "disruption-budget",
            "PodDisruptionBudget/monitoring/prometheus-adapter",
            "/spec/minAvailable",
            json!(2),
        ),
        set(
            "volumes are of a class that is not known",
            "storage-class",
            PROMETHEUS,
            "/spec/storage",
            json!({"volumeClaimTemplate": {"spec": {"storageClassName": "ssd", "resources": {"requests": {"storage": "10Gi"}}}}}),
        ),
        set(
            "pods have a priority that is not known",
            "priority-class",
            GRAFANA,
            "/spec/template/spec/priorityClassName",
            json!("system-cluster-critcal"),
        ),
        add(
            "a probe asks for a module that does not exist",
            "probe-module",
            probe("blackbox-exporter.monitoring.svc:19115", "http_2x"),
        ),
        add(
            "a probe asks an exporter that does not exist",
            "service-reference",
            probe("blackbox.monitoring.svc:19115", "http_2xx"),
        ),
        add(
            "a probe asks a port that does not exist",
            "service-reference",
            probe("blackbox-exporter.monitoring.svc:9116", "http_2xx"),
        ),
        add(
            "a scrape configuration names a Service that does not exist",
            "service-reference",
            json!({"apiVersion": "monitoring.coreos.com/v1alpha1", "kind": "ScrapeConfig", "metadata": {"name": "x", "namespace": "monitoring"},
                "spec": {"staticConfigs": [{"targets": ["grafanna.monitoring.svc:3000"]}]}}),
        ),
        add(
            "an agent is not let through to the targets",
            "network-policy-scrape",
            json!({"apiVersion": "monitoring.coreos.com/v1alpha1", "kind": "PrometheusAgent", "metadata": {"name": "x", "namespace": "monitoring"},
                "spec": {"serviceAccountName": "prometheus-k8s", "serviceDiscoveryRole": "EndpointSlice", "replicas": 1,
                    "serviceMonitorSelector": {}, "serviceMonitorNamespaceSelector": {}, "podMonitorSelector": {}, "probeSelector": {}, "scrapeConfigSelector": {}}}),
        ),
        add(
            "a ruler asks a Service that does not exist",
            "service-reference",
            json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "ThanosRuler", "metadata": {"name": "x", "namespace": "monitoring"},
                "spec": {"ruleSelector": {}, "queryEndpoints": ["http://prometheus-k9s.monitoring.svc:9090"]}}),
        ),
    ]
}

fn probe(prober: &str, module: &str) -> Value {
    json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "Probe", "metadata": {"name": "x", "namespace": "monitoring"},
        "spec": {"prober": {"url": prober}, "module": module, "targets": {"staticConfig": {"static": ["https://example.com"]}}}})
}

/// An objective of Pyrra's with these fields.
fn objective(fields: &Value) -> Value {
    let mut spec =
        json!({"target": "99", "window": "4w", "indicator": {"bool_gauge": {"metric": "up"}}});
    for (name, value) in fields.as_object().into_iter().flatten() {
        spec[name] = value.clone();
    }
    json!({"apiVersion": "pyrra.dev/v1alpha1", "kind": "ServiceLevelObjective", "metadata": {"name": "x", "namespace": "monitoring"}, "spec": spec})
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn rules() -> Vec<Case> {
    vec![
        expr(
            "a parenthesis is not closed",
            "rule-syntax",
            "KubeAPIDown",
            "absent(up{job=\"apiserver\"}",
        ),
        expr(
            "a function is misspelt",
            "rule-syntax",
            "NodeRAIDDiskFailure",
            "sums(node_md_disks) > 0",
        ),
        rule("a duration is none", "rule-format", "KubeAPIDown", |rule| {
            rule["keep_firing_for"] = json!("1h 30m");
        }),
        edit(
            "a record's name has a dash",
            "rule-format",
            "PrometheusRule/monitoring/node-exporter-rules",
            |value| {
                let rules = value
                    .pointer_mut("/spec/groups/0/rules")
                    .and_then(Value::as_array_mut)
                    .expect("they are there");
                rules.push(json!({"record": "instance-node", "expr": "up"}));
            },
        ),
        edit(
            "a rule is there twice",
            "rule-duplicate",
            "PrometheusRule/monitoring/node-exporter-rules",
            |value| {
                let rules = value
                    .pointer_mut("/spec/groups/0/rules")
                    .and_then(Value::as_array_mut)
                    .expect("they are there");
                rules.push(rules[0].clone());
            },
        ),
        edit(
            "two groups have the same name",
            "rule-duplicate",
            "PrometheusRule/monitoring/node-exporter-rules",
            |value| {
                let first = value["spec"]["groups"][0]["name"].clone();
                value["spec"]["groups"][1]["name"] = first;
            },
        ),
        expr(
            "an alert compares nothing",
            "alert-comparison",
            "NodeFilesystemAlmostOutOfFiles",
            "node_filesystem_files_free{job=\"node-exporter\"}",
        ),
        expr(
            "an alert compares with bool",
            "alert-comparison",
            "KubeAPIInstanceUnreachable",
            "up{job=\"apiserver\"} == bool 0",
        ),
        rule(
            "an alert has no severity",
            "alert-severity",
            "KubeAPIDown",
            |rule| rule["labels"] = json!({}),
        ),
        rule(
            "a severity is misspelt",
            "alert-severity",
            "KubeAPIDown",
            |rule| rule["labels"]["severity"] = json!("critcal"),
        ),
        expr(
            "a window is shorter than four scrapes",
            "range-too-short",
            "PrometheusRuleFailures",
            "increase(prometheus_rule_evaluation_failures_total{job=\"prometheus-k8s\"}[1m]) > 0",
        ),
        set(
            "a scrape interval outgrows the windows",
            "range-too-short",
            "ServiceMonitor/monitoring/grafana",
            "/spec/endpoints/0/interval",
            json!("5m"),
        ),
        expr(
            "a threshold is on a counter",
            "counter-without-rate",
            "PrometheusRuleFailures",
            "prometheus_rule_evaluation_failures_total{job=\"prometheus-k8s\"} > 10",
        ),
        expr(
            "a rate is of a gauge",
            "rate-of-gauge",
            "NodeFileDescriptorLimit",
            "rate(node_filefd_allocated{job=\"node-exporter\"}[5m]) > 70",
        ),
        expr(
            "a rate is of a sum",
            "rate-of-gauge",
            "PrometheusRuleFailures",
            "rate(sum by (namespace, pod, rule_group) (prometheus_rule_evaluation_failures_total{job=\"prometheus-k8s\"})[5m:1m]) > 0",
        ),
        expr(
            "a metric is misspelt",
            "unknown-metric",
            "NodeRAIDDiskFailure",
            "node_md_diskz{job=\"node-exporter\"} > 0",
        ),
        expr(
            "a metric is of a component that is not scraped",
            "unknown-metric",
            "KubeAPIInstanceUnreachable",
            "etcd_server_has_leader == 0",
        ),
        expr(
            "a record is misspelt",
            "unknown-record",
            "KubeletPlegDurationHigh",
            "node_quantile:kubelet_pleg_relist_duration_second:histogram_quantile{quantile=\"0.99\"} >= 10",
        ),
        rule(
            "a record is renamed",
            "unknown-record",
            "node_namespace_pod:kube_pod_info:",
            |rule| rule["record"] = json!("node_namespace_pod:kube_pod_inf:"),
        ),
        set(
            "a monitor drops a metric that an alert reads",
            "dropped-metric",
            "ServiceMonitor/monitoring/kubelet",
            "/spec/endpoints/1/metricRelabelings",
            json!([{"action": "drop", "sourceLabels": ["__name__"], "regex": "container_(fs_usage_bytes|memory_rss)"}]),
        ),
        set(
            "a monitor keeps only some metrics",
            "dropped-metric",
            "ServiceMonitor/monitoring/prometheus-operator",
            "/spec/endpoints/0/metricRelabelings",
            json!([{"action": "keep", "sourceLabels": ["__name__"], "regex": "prometheus_operator_(list|watch)_.*"}]),
        ),
        set(
            "a monitor loses its job label",
            "unknown-job",
            "ServiceMonitor/monitoring/kube-apiserver",
            "/spec/jobLabel",
            Value::Null,
        ),
        expr(
            "a job is misspelt",
            "unknown-job",
            "KubeAPIInstanceUnreachable",
            "up{job=\"api-server\"} == 0",
        ),
        expr(
            "a metric is asked for a label that it does not have",
            "unknown-label",
            "NodeRAIDDiskFailure",
            "node_md_disks{job=\"node-exporter\",stat=\"failed\"} > 0",
        ),
        rule(
            "a sum loses the label that is matched on",
            "vector-match",
            "KubeNodeNotReady",
            |rule| {
                rule["expr"] = json!(
                    "sum(kube_node_status_condition{job=\"kube-state-metrics\"}) == 0 and on (node) kube_node_spec_unschedulable{job=\"kube-state-metrics\"} == 0"
                );
                rule["annotations"] = json!({});
            },
        ),
        rule(
            "two sums keep different labels",
            "vector-match",
            "PrometheusRuleFailures",
            |rule| {
                rule["expr"] = json!(
                    "sum by (pod) (prometheus_tsdb_head_series{job=\"prometheus-k8s\"}) > sum by (namespace) (prometheus_tsdb_head_series{job=\"prometheus-k8s\"})"
                );
                rule["annotations"] = json!({});
            },
        ),
        edit(
            "a record is read before it is made",
            "record-order",
            "PrometheusRule/monitoring/node-exporter-rules",
            |value| {
                let rules = value
                    .pointer_mut("/spec/groups/0/rules")
                    .and_then(Value::as_array_mut)
                    .expect("they are there");
                rules.insert(0, json!({"record": "x:first", "expr": "x:second"}));
                rules.push(json!({"record": "x:second", "expr": "up"}));
            },
        ),
        expr(
            "a pattern is none",
            "needless-regex",
            "KubeAPIInstanceUnreachable",
            "up{job=~\"apiserver\"} == 0",
        ),
        expr(
            "a part can never be true",
            "dead-branch",
            "KubeAPIDown",
            "absent(up{job=\"apiserver\"}) or vector(0) > 0",
        ),
        set(
            "data is kept shorter than a rule looks back",
            "beyond-retention",
            PROMETHEUS,
            "/spec/retention",
            json!("2h"),
        ),
        rule(
            "an alert about absence has no patience",
            "absent-without-for",
            "KubeAPIDown",
            |rule| {
                rule.as_object_mut().expect("a rule").remove("for");
            },
        ),
        expr(
            "an alert is about what topk picks",
            "fragile-alert",
            "NodeRAIDDiskFailure",
            "topk(3, node_md_disks{job=\"node-exporter\",state=\"failed\"}) > 0",
        ),
        expr(
            "an average is taken of quotients of rates",
            "nan-spreads",
            "NodeClockNotSynchronising",
            "avg by (instance) (rate(node_disk_read_time_seconds_total{job=\"node-exporter\"}[5m]) \
             / rate(node_disk_reads_completed_total{job=\"node-exporter\"}[5m])) > 1",
        ),
        dashboard(
            "a panel sums quotients whose divisor is a difference",
            "nan-spreads",
            "nodes",
            |value| {
                panel(value)["targets"][0]["expr"] = json!(
                    "sum(node_load1{job=\"node-exporter\", cluster=\"$cluster\", instance=\"$instance\"} \
                     / (node_load5{job=\"node-exporter\"} - node_load15{job=\"node-exporter\"}))"
                );
            },
        ),
        expr(
            "the state of an alert is asked for under another name",
            "unknown-alert",
            "InfoInhibitor",
            "ALERTS{severity=\"info\"} == 1 unless on (namespace) ALERTS{alertname=\"InfoInhibiter\"} == 1",
        ),
        expr(
            "a function is experimental",
            "promql-feature",
            "NodeRAIDDiskFailure",
            "mad_over_time(node_md_disks{job=\"node-exporter\",state=\"failed\"}[10m]) > 0",
        ),
        set(
            "a group is evaluated every ten minutes",
            "group-interval",
            "PrometheusRule/monitoring/node-exporter-rules",
            "/spec/groups/0/interval",
            json!("10m"),
        ),
        rule(
            "a template names an external label that does not exist",
            "external-label",
            "KubeAPIDown",
            |rule| rule["annotations"]["summary"] = json!("{{ $externalLabels.cluster }}"),
        ),
        rule(
            "a rule hides an external label",
            "external-label",
            "KubeAPIDown",
            |rule| rule["labels"]["prometheus_replica"] = json!("x"),
        ),
        edit(
            "a query of the adapter is not closed",
            "adapter-query",
            "ConfigMap/monitoring/adapter-config",
            |value| adapter(value, "container!=\"\", pod!=\"\"}", "container!=\"\""),
        ),
        edit(
            "the adapter reads a metric that does not exist",
            "unknown-metric",
            "ConfigMap/monitoring/adapter-config",
            |value| {
                adapter(
                    value,
                    "container_memory_working_set_bytes",
                    "container_memory_working_set_byte",
                );
            },
        ),
        edit(
            "the adapter's window is shorter than two scrapes",
            "range-too-short",
            "ConfigMap/monitoring/adapter-config",
            |value| adapter(value, "[120s]", "[20s]"),
        ),
        rule(
            "a label holds the value",
            "template-value",
            "KubeAPIDown",
            |rule| rule["labels"]["current"] = json!("{{ $value }}"),
        ),
        rule(
            "a template is not closed",
            "template-syntax",
            "KubeAPIDown",
            |rule| rule["annotations"]["description"] = json!("{{ $value }"),
        ),
        rule(
            "a template calls a function that does not exist",
            "template-syntax",
            "KubeAPIDown",
            |rule| rule["annotations"]["description"] = json!("{{ $value | humanise }}"),
        ),
        rule(
            "an annotation shows a quotient as it is calculated",
            "template-raw-value",
            "NodeFilesystemAlmostOutOfSpace",
            |rule| rule["annotations"]["summary"] = json!("Only {{ $value }}% left."),
        ),
        rule(
            "an annotation shows the value of a record that is a rate",
            "template-raw-value",
            "KubeAPIDown",
            |rule| {
                rule["expr"] =
                    json!("instance:node_cpu_utilisation:rate5m{job=\"node-exporter\"} > 0.9");
                rule["annotations"]["summary"] = json!("{{ .Value }} of {{ $labels.instance }}");
            },
        ),
        rule(
            "a template names a label that the sum removed",
            "template-label",
            "KubeNodeReadinessFlapping",
            |rule| rule["annotations"]["summary"] = json!("{{ $labels.condition }}"),
        ),
    ]
}

/// Changes the text of the adapter's configuration.
fn adapter(value: &mut Value, old: &str, new: &str) {
    let text = value["data"]["config.yaml"].as_str().expect("it is there");
    assert!(text.contains(old), "{old} is there");
    value["data"]["config.yaml"] = json!(text.replacen(old, new, 1));
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn dashboards() -> Vec<Case> {
    vec![
        dashboard(
            "a panel reads a metric that does not exist",
            "unknown-metric",
            "kubelet",
            |value| panel(value)["targets"][0]["expr"] = json!("sum(kubelet_running_podz)"),
        ),
        dashboard(
            "a panel reads a record that nobody makes",
            "unknown-record",
            "kubelet",
            |value| panel(value)["targets"][0]["expr"] = json!("sum(kubelet:running:sum)"),
        ),
        set(
            "a panel reads a metric that is dropped",
            "dropped-metric",
            "ServiceMonitor/monitoring/kubelet",
            "/spec/endpoints/0/metricRelabelings",
            json!([{"action": "drop", "sourceLabels": ["__name__"], "regex": "kubelet_runtime_operations_errors_total"}]),
        ),
        dashboard(
            "a panel's selector asks for a label that the metric does not have",
            "unknown-label",
            "kubelet",
            |value| {
                panel(value)["targets"][0]["expr"] =
                    json!("sum(kubelet_running_pods{job=\"kubelet\", nod=\"a\"})");
            },
        ),
        dashboard(
            "a panel's rate is of a gauge",
            "rate-of-gauge",
            "kubelet",
            |value| {
                panel(value)["targets"][0]["expr"] =
                    json!("sum(rate(kubelet_running_pods{job=\"kubelet\"}[5m]))");
            },
        ),
        dashboard(
            "a panel asks a data source that does not exist",
            "dashboard-source",
            "kubelet",
            |value| {
                panel(value)["datasource"] =
                    json!({"type": "prometheus", "uid": "P1809F7CD0C75ACF3"});
            },
        ),
        edit(
            "Grafana has no data source of a type that dashboards choose from",
            "dashboard-source",
            "Secret/monitoring/grafana-datasources",
            |value| {
                let text = value["stringData"]["datasources.yaml"]
                    .as_str()
                    .expect("it is there");
                value["stringData"]["datasources.yaml"] =
                    json!(text.replace("type: prometheus", "type: loki"));
            },
        ),
        dashboard(
            "a link leads to a dashboard that does not exist",
            "dashboard-link",
            "kubelet",
            |value| value["links"] = json!([{"type": "link", "title": "x", "url": "/d/nowhere/x"}]),
        ),
        dashboard(
            "a dashboard has no title",
            "dashboard-no-title",
            "kubelet",
            |value| value["title"] = json!(""),
        ),
        dashboard("a uid has a space", "dashboard-uid", "proxy", |value| {
            value["uid"] = json!("the proxy");
        }),
        dashboard(
            "a dashboard is of an old Grafana",
            "dashboard-old-schema",
            "kubelet",
            |value| value["schemaVersion"] = json!(30),
        ),
        dashboard(
            "two panels have one id",
            "dashboard-panel-id",
            "kubelet",
            |value| value["panels"][1]["id"] = value["panels"][0]["id"].clone(),
        ),
        dashboard(
            "a panel is wider than the dashboard",
            "dashboard-layout",
            "kubelet",
            |value| panel(value)["gridPos"]["w"] = json!(30),
        ),
        dashboard(
            "a query uses a variable that does not exist",
            "dashboard-undefined-variable",
            "kubelet",
            |value| {
                panel(value)["targets"][0]["expr"] =
                    json!("sum(kubelet_running_pods{job=\"kubelet\", instance=~\"$inst\"})");
            },
        ),
        dashboard(
            "a variable is renamed where it is defined",
            "dashboard-unused-variable",
            "kubelet",
            |value| {
                let list = value["templating"]["list"].as_array_mut().expect("a list");
                list.push(json!({"name": "spare", "type": "custom", "query": "a,b"}));
            },
        ),
        dashboard(
            "a panel's query is not closed",
            "dashboard-query",
            "kubelet",
            |value| panel(value)["targets"][0]["expr"] = json!("sum(kubelet_running_pods"),
        ),
        dashboard(
            "a rate is over the distance of two points",
            "dashboard-rate-interval",
            "kubelet",
            |value| {
                panel(value)["targets"][0]["expr"] = json!(
                    "sum(rate(kubelet_runtime_operations_total{job=\"kubelet\"}[$__interval]))"
                );
            },
        ),
        dashboard(
            "a panel has no query",
            "dashboard-no-query",
            "kubelet",
            |value| panel(value)["targets"] = json!([]),
        ),
        dashboard(
            "a panel has no title",
            "dashboard-panel-title",
            "kubelet",
            |value| panel(value)["title"] = json!(""),
        ),
        dashboard(
            "a variable never asks for its values again",
            "dashboard-stale-variable",
            "kubelet",
            |value| {
                let list = value["templating"]["list"].as_array_mut().expect("a list");
                let one = list.iter_mut().find(|one| one["type"] == "query");
                one.expect("one asks")["refresh"] = json!(0);
            },
        ),
    ]
}

/// Faults of the templates of notifications.
fn notifications() -> Vec<Case> {
    vec![
        templates(
            "a file of templates is not closed",
            "alertmanager-template",
            "{{ define \"team.text\" }}{{ .Status }}",
            "a text",
            "*.tmpl",
        ),
        templates(
            "a text of a receiver calls a function that does not exist",
            "alertmanager-template",
            "{{ define \"team.text\" }}{{ .Status }}{{ end }}",
            "{{ template \"team.text\" . }}{{ .Status | upper }}",
            "*.tmpl",
        ),
        templates(
            "a text of a receiver uses a template that is not there",
            "alertmanager-template-missing",
            "{{ define \"team.text\" }}{{ .Status }}{{ end }}",
            "{{ template \"team.text\" . }}{{ template \"team.title\" . }}",
            "*.tmpl",
        ),
        templates(
            "a template uses one that is not there",
            "alertmanager-template-missing",
            "{{ define \"team.text\" }}{{ template \"team.list\" . }}{{ end }}",
            "{{ template \"team.text\" . }}",
            "*.tmpl",
        ),
        templates(
            "a template is used by nothing",
            "alertmanager-template-unused",
            "{{ define \"team.text\" }}{{ .Status }}{{ end }}",
            "{{ .Status }}",
            "*.tmpl",
        ),
        templates(
            "a file of templates is not read",
            "alertmanager-template-unused",
            "{{ define \"slack.default.text\" }}{{ .Status }}{{ end }}",
            "{{ .Status }}",
            "*.template",
        ),
    ]
}

fn alerting() -> Vec<Case> {
    vec![
        edit(
            "the configuration is not YAML",
            "alertmanager-config",
            "Secret/monitoring/alertmanager-main",
            |value| value["stringData"]["alertmanager.yaml"] = json!("route: ["),
        ),
        config(
            "the configuration has an unknown field",
            "alertmanager-config",
            "/recievers",
            json!([]),
        ),
        receivers(
            "a receiver has no address",
            "alertmanager-config",
            |receiver| receiver["slack_configs"] = json!([{"channel": "#alerts"}]),
        ),
        receivers(
            "a field of an integration is misspelt",
            "alertmanager-config",
            |receiver| receiver["webhook_configs"][0]["send_resolve"] = json!(true),
        ),
        config(
            "a route is silent in a time that nobody defines",
            "alertmanager-config",
            "/route/routes/0/mute_time_intervals",
            json!(["weekend"]),
        ),
        config(
            "a time is no duration",
            "alertmanager-config",
            "/route/group_wait",
            json!("30 s"),
        ),
        config(
            "a matcher cannot be read",
            "alertmanager-config",
            "/route/routes/0/matchers/-",
            json!("alertname Watchdog"),
        ),
        config(
            "the first route has matchers",
            "alertmanager-config",
            "/route/matchers",
            json!(["severity = critical"]),
        ),
        config(
            "a route leads to no receiver",
            "receiver-missing",
            "/route/routes/-",
            json!({"matchers": ["severity = info"], "receiver": "Pager"}),
        ),
        config(
            "a receiver has no route",
            "receiver-unused",
            "/receivers/-",
            json!({"name": "team"}),
        ),
        config(
            "critical alerts end nowhere",
            "severity-unrouted",
            "/receivers/0/webhook_configs",
            json!([{"url": "https://example.com"}]),
        ),
        config(
            "an inhibition names a label that does not occur",
            "alertmanager-label",
            "/inhibit_rules/0/equal/0",
            json!("namepsace"),
        ),
        config(
            "a route asks for a severity that does not occur",
            "alertmanager-label",
            "/route/routes/2/matchers/0",
            json!("severity = criticl"),
        ),
        config(
            "an inhibition asks for an alert that does not exist",
            "alertmanager-label",
            "/inhibit_rules/2/source_matchers/0",
            json!("alertname = InfoInhibiter"),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn single_objects() -> Vec<Case> {
    let account = |name: &str, metadata: Value| {
        let mut value = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "monitoring"}});
        for (key, one) in metadata.as_object().into_iter().flatten() {
            value["metadata"][key] = one.clone();
        }
        value
    };
    vec![
        set(
            "a field of Prometheus is misspelt",
            "schema",
            PROMETHEUS,
            "/spec/retenton",
            json!("30d"),
        ),
        set(
            "a number is a text",
            "schema",
            PROMETHEUS,
            "/spec/podMonitorSelector/matchLabels",
            json!(["a"]),
        ),
        set(
            "a duration of a custom resource has a space",
            "schema",
            PROMETHEUS,
            "/spec/evaluationInterval",
            json!("30 s"),
        ),
        set(
            "a name that must be one of a list",
            "schema",
            "ServiceMonitor/monitoring/coredns",
            "/spec/endpoints/0/metricRelabelings/0/action",
            json!("dorp"),
        ),
        set(
            "a field of a Deployment is misspelt",
            "schema",
            GRAFANA,
            "/spec/template/spec/serviceAcountName",
            json!("grafana"),
        ),
        set(
            "a protocol is none",
            "schema",
            "Service/monitoring/alertmanager-main",
            "/spec/ports/0/protocol",
            json!("HTTP"),
        ),
        set(
            "a port is out of range",
            "schema",
            "Service/monitoring/alertmanager-main",
            "/spec/ports/-",
            json!({"name": "x", "port": 90930, "targetPort": "web"}),
        ),
        set(
            "a number is a text in a Deployment",
            "schema",
            GRAFANA,
            "/spec/replicas",
            json!("1"),
        ),
        set(
            "a field that must be there is missing",
            "schema",
            "RoleBinding/kube-system/resource-metrics-auth-reader",
            "/roleRef/apiGroup",
            Value::Null,
        ),
        set(
            "a list has one key twice",
            "schema",
            GRAFANA,
            "/spec/template/spec/containers/0/env",
            json!([{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
        ),
        set(
            "a rule of a definition is broken",
            "schema",
            PROMETHEUS,
            "/spec/shardingStrategy",
            json!({"mode": "Classic", "topology": {"values": ["a"]}}),
        ),
        add(
            "a pattern of a definition is not met",
            "schema",
            json!({"apiVersion": "monitoring.coreos.com/v1alpha1", "kind": "ScrapeConfig", "metadata": {"name": "x", "namespace": "monitoring"},
                "spec": {"fileSDConfigs": [{"files": ["targets.txt"]}]}}),
        ),
        add(
            "an objective has a field that there is not",
            "schema",
            objective(&json!({"targets": "99"})),
        ),
        add(
            "an objective counts what is no selector",
            "objective",
            objective(&json!({"indicator": {"bool_gauge": {"metric": "min(up)"}}})),
        ),
        add(
            "an objective measures in two ways",
            "objective",
            objective(&json!({"indicator": {
                "bool_gauge": {"metric": "up"},
                "latencyNative": {"latency": "1s", "total": {"metric": "prometheus_rule_evaluation_duration_histogram_seconds"}},
            }})),
        ),
        add(
            "an objective promises more than everything",
            "objective",
            objective(&json!({"target": "999"})),
        ),
        add(
            "an objective is about a metric that nothing exposes",
            "unknown-metric",
            objective(
                &json!({"indicator": {"bool_gauge": {"metric": "prometheus_config_last_reload_succesful"}}}),
            ),
        ),
        add(
            "a name has an upper-case letter",
            "object-name",
            account("Config", json!({})),
        ),
        add(
            "an object is in no namespace",
            "object-namespace",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}),
        ),
        add(
            "a label's value has a space",
            "object-labels",
            account("x", json!({"labels": {"team": "a b"}})),
        ),
        add(
            "a label's value is a number",
            "object-labels",
            account("x", json!({"labels": {"version": 2}})),
        ),
        set(
            "a budget is of an old version",
            "removed-api",
            "PodDisruptionBudget/monitoring/alertmanager-main",
            "/apiVersion",
            json!("policy/v1beta1"),
        ),
        set(
            "a quantity has the unit MB",
            "resources",
            GRAFANA,
            "/spec/template/spec/containers/0/resources/limits/memory",
            json!("200MB"),
        ),
        set(
            "a container requests more than its limit",
            "resources",
            OPERATOR,
            "/spec/template/spec/containers/0/resources/requests/memory",
            json!("1Gi"),
        ),
        set(
            "a mount names no volume",
            "volume-mount",
            GRAFANA,
            "/spec/template/spec/containers/0/volumeMounts/0/name",
            json!("storage"),
        ),
        set(
            "two volumes are mounted at one path",
            "volume-mount",
            GRAFANA,
            "/spec/template/spec/containers/0/volumeMounts/3/mountPath",
            json!("/var/lib/grafana"),
        ),
        set(
            "a template has another label than the selector",
            "workload-selector",
            KSM,
            "/spec/selector/matchLabels/app.kubernetes.io~1part-of",
            json!("kube-prom"),
        ),
    ]
}

fn cases() -> Vec<Case> {
    [
        wiring(),
        rules(),
        alerting(),
        notifications(),
        dashboards(),
        single_objects(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn each_fault_is_found_by_its_check_and_no_other() {
    let checking = Checking::default();
    let good_findings = found(good().to_vec(), &checking);
    let wrong: Vec<String> = cases()
        .iter()
        .filter_map(|case| {
            let mut objects = good().to_vec();
            (case.change)(&mut objects);
            let new: Vec<_> = found(objects, &checking)
                .difference(&good_findings)
                .cloned()
                .collect();
            let right = !new.is_empty() && new.iter().all(|(code, _)| *code == case.finds);
            (!right).then(|| format!("{} ({}): {new:#?}", case.what, case.finds))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} faults:\n{}",
        wrong.len(),
        cases().len(),
        wrong.join("\n")
    );
}

#[test]
fn every_check_has_a_fault_that_it_finds() {
    let tried: BTreeSet<&str> = cases().iter().map(|case| case.finds).collect();
    let all: BTreeSet<&str> = kpbuild_check::codes_of_checks().into_iter().collect();
    assert_eq!(tried, all);
}

/// What is found on the examples, by stack, code and a part of the message.
/// Each is right, for the reason beside it.
const RIGHT: &[(&str, &str, &str)] = &[
    // The window of a minute holds two scrapes of the API server, every 30s.
    ("*", "range-too-short", "`KubeAggregatedAPIErrors`"),
    // The window of a minute holds two scrapes of Windows nodes, every 30s.
    (
        "windows",
        "range-too-short",
        "windows_node_cpu_utilisation:avg1m`",
    ),
    // The panel's windows of a minute hold two scrapes, every 30s; its figures
    // are those of kube-prometheus.
    ("*", "range-too-short", "`Scrape failures`"),
    // The pattern of etcd's own mixin, which has nothing of a pattern.
    ("etcd", "needless-regex", "`etcdGRPCRequestsSlow`"),
    // windows-exporter has no longer exposed them since 0.31.
    (
        "windows",
        "unknown-metric",
        "`windows_os_visible_memory_bytes`",
    ),
    (
        "windows",
        "unknown-metric",
        "`windows_system_boot_time_timestamp_seconds`",
    ),
];

#[test]
fn the_examples_have_no_findings_but_those_that_are_right() {
    let mut others = Vec::new();
    let mut met = BTreeSet::new();
    for stack in [
        "kube-prometheus",
        "operator",
        "kube-proxy",
        "patches",
        "aws",
        "etcd",
        "pyrra",
        "weave-net",
        "windows",
    ] {
        let (objects, checking) = objects(stack);
        for (code, message) in found(objects, &checking) {
            let right = |(of, known, part): &&(&str, &str, &str)| {
                (*of == "*" || *of == stack) && *known == code && message.contains(part)
            };
            match RIGHT.iter().find(right) {
                Some(known) => {
                    met.insert(*known);
                }
                None => others.push(format!("{stack}: {code}: {message}")),
            }
        }
    }
    assert!(others.is_empty(), "{others:#?}");
    let listed: BTreeSet<_> = RIGHT.iter().copied().collect();
    assert_eq!(met, listed, "the list of findings is up to date");
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are asked by the environment to write what they compare with"
)]
fn is_update() -> bool {
    std::env::var_os("UPDATE_FAULTS").is_some()
}

/// The table of faults, for people: kept as a page, and written anew with
/// `UPDATE_FAULTS=1`.
#[test]
fn the_table_of_faults_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    let mut text = String::from(
        "# Faults that are found\n\nEach line is one fault that a test puts into the objects of the default stack, and the one check that\n\
         finds it; no other check says anything about it. Written by `tests/mutations.rs`.\n\n\
         | fault | found by |\n|---|---|\n",
    );
    for case in cases() {
        writeln!(text, "| {} | `{}` |", case.what, case.finds).expect("strings grow");
    }
    if is_update() {
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
        std::fs::write(&path, &text).expect("it can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(cases().len() >= 80, "{} faults", cases().len());
    assert_eq!(kept, text, "write it anew with UPDATE_FAULTS=1");
}
