//! Single faults put into a good bundle, the default stack: each must be found
//! by the check that is for it, and by no other.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use kpbuild_check::CHECKS;
use kpbuild_core::{Bundle, Diagnostics, Object, Origin, SourceMap, yaml};
use serde_json::{Value, json};

/// The objects of the default stack.
fn good() -> &'static [Object] {
    static GOOD: OnceLock<Vec<Object>> = OnceLock::new();
    GOOD.get_or_init(|| objects("kube-prometheus"))
}

fn objects(stack: &str) -> Vec<Object> {
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
    bundle.objects().to_vec()
}

/// What all checks find: code and message.
fn found(objects: Vec<Object>) -> BTreeSet<(&'static str, String)> {
    let bundle = Bundle::new(objects, &mut Diagnostics::default());
    let findings = kpbuild_check::check(&bundle, |_| true);
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

/// Changes the configuration of Alertmanager.
fn config(what: &'static str, finds: &'static str, pointer: &'static str, new: Value) -> Case {
    edit(
        what,
        finds,
        "Secret/monitoring/alertmanager-main",
        move |value| {
            let text = value["stringData"]["alertmanager.yaml"]
                .as_str()
                .expect("it is there");
            let mut config = yaml::read(text).expect("it is YAML");
            put(&mut config, pointer, &new);
            value["stringData"]["alertmanager.yaml"] = json!(yaml::document(&config));
        },
    )
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
            "the data source has another port",
            "service-reference",
            "Secret/monitoring/grafana-datasources",
            "/stringData/datasources.yaml",
            json!("datasources:\n- name: p\n  url: http://prometheus-k8s.monitoring.svc:9091\n"),
        ),
        set(
            "the data source has another name",
            "service-reference",
            "Secret/monitoring/grafana-datasources",
            "/stringData/datasources.yaml",
            json!("datasources:\n- name: p\n  url: http://prometheus.monitoring.svc:9090\n"),
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
    ]
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
        rule(
            "a record's name has a dash",
            "rule-format",
            "instance:node_memory_utilisation:ratio",
            |rule| {
                rule["record"] = json!("instance-node");
                rule["expr"] = json!("up");
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
            "a template names a label that the sum removed",
            "template-label",
            "KubeNodeReadinessFlapping",
            |rule| rule["annotations"]["summary"] = json!("{{ $labels.condition }}"),
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
    [wiring(), rules(), alerting(), single_objects()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn each_fault_is_found_by_its_check_and_no_other() {
    let good_findings = found(good().to_vec());
    let wrong: Vec<String> = cases()
        .iter()
        .filter_map(|case| {
            let mut objects = good().to_vec();
            (case.change)(&mut objects);
            let new: Vec<_> = found(objects).difference(&good_findings).cloned().collect();
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
    let all: BTreeSet<&str> = CHECKS.iter().map(|check| check.code.0).collect();
    assert_eq!(tried, all);
}

/// What is found on the examples, by stack, code and a part of the message.
/// Each is right, for the reason beside it.
const RIGHT: &[(&str, &str, &str)] = &[
    // The window of a minute holds two scrapes of the API server, every 30s.
    ("*", "range-too-short", "`KubeAggregatedAPIErrors`"),
    // The Secret with the client certificate is the user's own.
    ("etcd", "missing-config", "`etcd-client`"),
    // The window of a minute holds two scrapes of Windows nodes, every 30s.
    (
        "windows",
        "range-too-short",
        "windows_node_cpu_utilisation:avg1m`",
    ),
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
        "aws",
        "etcd",
        "windows",
    ] {
        for (code, message) in found(objects(stack)) {
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
