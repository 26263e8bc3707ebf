//! What Kubernetes distributions and providers do differently: one table.
//!
//! A platform is a part of a stack file that lies below the user's own: what it
//! says holds where the user says nothing, and it can say nothing that users
//! cannot. Whether a cluster really is of its platform is not known here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::components::metrics_server;
use crate::components::prometheus::agent;

/// What a cluster was made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline, title = "Platform")]
pub enum Platform {
    /// Azure Kubernetes Service. Azure hides the scheduler and the controller
    /// manager and installs metrics-server; CoreDNS needs a Service for its
    /// metrics.
    Aks,
    /// Kubernetes on machines of AWS, looked after by yourself; pods of the
    /// control plane have the label `app.kubernetes.io/name`.
    Aws,
    /// bootkube, and Typhoon, which is made of it.
    Bootkube,
    /// Amazon Elastic Kubernetes Service. Amazon hides the scheduler and the
    /// controller manager; the VPC CNI plug-in is scraped, with its alert.
    Eks,
    /// Google Kubernetes Engine. Google hides the scheduler and the controller
    /// manager and installs metrics-server.
    Gke,
    /// kOps with kube-dns.
    Kops,
    /// kOps with CoreDNS.
    KopsCoredns,
    /// K3s. Scheduler and controller manager are parts of the program `k3s`,
    /// not pods, and listen on 127.0.0.1 of the servers; metrics-server is
    /// installed. To scrape them nevertheless, let them listen on all addresses
    /// (`--kube-scheduler-arg=bind-address=0.0.0.0`), turn them on here, and
    /// name the servers in `service.addresses`.
    K3s,
    /// kubeadm. Scheduler and controller manager listen on 127.0.0.1 unless
    /// their `bind-address` in its `ClusterConfiguration` is `0.0.0.0`.
    Kubeadm,
    /// Kubespray, which uses kubeadm.
    Kubespray,
    /// `OpenShift`. The scheduler and the controller manager are found in
    /// namespaces of their own, which Prometheus may discover; its monitoring of
    /// the platform serves resource
    /// metrics, keeps the Service of the kubelets, watches DNS, and has taken
    /// port 9100 of the nodes. Pods run under the users that it gives
    /// them, but node-exporter: its service account needs the security context
    /// constraint `node-exporter` or `privileged`.
    Openshift,
    /// RKE2. It installs metrics-server. Scheduler and controller manager
    /// listen on 127.0.0.1 of the servers unless told otherwise
    /// (`kube-scheduler-arg: [bind-address=0.0.0.0]`).
    Rke2,
    /// Talos Linux. Scheduler and controller manager listen on 127.0.0.1 unless
    /// the machine configuration says otherwise
    /// (`cluster.scheduler.extraArgs.bind-address: 0.0.0.0`).
    Talos,
}

impl Platform {
    /// As users write it.
    pub(crate) fn name(self) -> String {
        let name = json!(self);
        name.as_str().expect("it is written as a text").to_owned()
    }
}

/// Puts what the platform of a stack file says, and what follows from Prometheus
/// being an agent and from metrics-server, below what the file says.
pub(crate) fn complete(given: Value) -> Value {
    let follows = over(metrics_server::defaults(&given), agent::defaults(&given));
    let named = &given["cluster"]["platform"];
    let below = match Platform::deserialize(named) {
        Ok(platform) => over(defaults(platform), follows),
        Err(_) => follows,
    };
    over(below, given)
}

/// How a platform that serves the resource metrics API itself does so.
pub(crate) enum ResourceMetrics {
    /// Whatever users do.
    Always,
    /// Unless users do this.
    Unless(&'static str),
}

/// Whether a platform serves the resource metrics API itself.
pub(crate) fn resource_metrics(platform: Platform) -> Option<ResourceMetrics> {
    match platform {
        Platform::Aks | Platform::Gke | Platform::Openshift => Some(ResourceMetrics::Always),
        Platform::K3s => Some(ResourceMetrics::Unless(
            "start the servers with `--disable metrics-server`",
        )),
        Platform::Rke2 => Some(ResourceMetrics::Unless(
            "leave RKE2's own out: `disable: [rke2-metrics-server]` in the configuration of the servers",
        )),
        _ => None,
    }
}

/// Whether a platform asks for a component that the user does not mention.
pub(crate) fn asks_for(platform: Platform, component: &str) -> bool {
    defaults(platform)["components"].get(component).is_some()
}

/// What each platform says.
fn defaults(platform: Platform) -> Value {
    let kubernetes = |parts: Value| json!({"components": {"kubernetes": parts}});
    match platform {
        Platform::Aks => json!({"components": {
            "kubernetes": managed(json!({"coredns": {"service": kube_dns_metrics()}})),
            "prometheus-adapter": {"resourceMetrics": false},
        }}),
        Platform::Aws => kubernetes(control_plane("app.kubernetes.io/name")),
        Platform::Bootkube => kubernetes(with_kube_dns(
            control_plane("app.kubernetes.io/name"),
            &json!({
                "selector": {"app.kubernetes.io/name": "kube-dns"},
                "ports": {"http-metrics-skydns": 10055, "http-metrics-dnsmasq": 10054},
            }),
        )),
        Platform::Eks => json!({"components": {
            "aws-vpc-cni": {},
            // The port of the Service has no name there that tells what it is for.
            "kubernetes": managed(json!({"coredns": {"port": 9153}})),
        }}),
        Platform::Gke | Platform::K3s => json!({"components": {
            "kubernetes": managed(json!({})),
            "prometheus-adapter": {"resourceMetrics": false},
        }}),
        Platform::Kops => kubernetes(with_kube_dns(
            control_plane("k8s-app"),
            &json!({
                "selector": {"k8s-app": "kube-dns"},
                "ports": {"metrics": 10055, "http-metrics-dnsmasq": 10054},
            }),
        )),
        Platform::KopsCoredns => kubernetes(with_kube_dns(
            control_plane("k8s-app"),
            &json!({"selector": {"k8s-app": "kube-dns"}, "ports": {"metrics": 9153}}),
        )),
        Platform::Kubeadm | Platform::Kubespray => kubernetes(control_plane("component")),
        Platform::Openshift => openshift(),
        Platform::Rke2 => json!({"components": {
            "kubernetes": with_kube_dns(control_plane("component"), &kube_dns_metrics()),
            "prometheus-adapter": {"resourceMetrics": false},
        }}),
        Platform::Talos => kubernetes(control_plane("k8s-app")),
    }
}

/// A control plane that the provider hides, and the rest of Kubernetes.
fn managed(rest: Value) -> Value {
    over(
        json!({
            "kubeControllerManager": {"enabled": false},
            "kubeScheduler": {"enabled": false},
        }),
        rest,
    )
}

/// A control plane in pods, whose label of this name says what they are. They
/// have no Service, so that Prometheus needs one to find them.
fn control_plane(label: &str) -> Value {
    let service = |name: &str| {
        // Who knows the pods by a label of that name looks for Services alike.
        let labels = match label {
            "k8s-app" => json!({label: name}),
            _ => json!({}),
        };
        json!({"service": {"selector": {label: name}, "labels": labels}})
    };
    json!({
        "kubeControllerManager": service("kube-controller-manager"),
        "kubeScheduler": service("kube-scheduler"),
    })
}

fn with_kube_dns(mut parts: Value, service: &Value) -> Value {
    parts["coredns"] = json!({"service": service});
    parts
}

/// A Service for the metrics of CoreDNS where that for questions has no port for them.
fn kube_dns_metrics() -> Value {
    json!({
        "name": "kube-dns-metrics",
        "selector": {"k8s-app": "kube-dns"},
        "ports": {"metrics": 9153},
    })
}

fn openshift() -> Value {
    const CONTROLLER_MANAGER: &str = "openshift-kube-controller-manager";
    const SCHEDULER: &str = "openshift-kube-scheduler";
    // Its Services are labelled for its own Prometheus; their port is `https`.
    let part = |name: &str, namespace: &str| {
        json!({
            "port": "https",
            "serviceMonitor": {"spec": {
                "jobLabel": "prometheus",
                "namespaceSelector": {"matchNames": [namespace]},
                "selector": {"matchLabels": {"app.kubernetes.io/name": null, "prometheus": name}},
            }},
        })
    };
    // Fixed users and groups are forbidden to most pods.
    let container = json!({"securityContext": {"runAsUser": null, "runAsGroup": null}});
    let pod =
        json!({"podSecurityContext": {"runAsUser": null, "runAsGroup": null, "fsGroup": null}});
    json!({"components": {
        "alertmanager": pod.clone(),
        "blackbox-exporter": over(
            container.clone(),
            json!({"configmapReload": container, "kubeRbacProxy": container}),
        ),
        "grafana": pod.clone(),
        "kube-state-metrics": over(
            container.clone(),
            json!({"kubeRbacProxyMain": container, "kubeRbacProxySelf": container}),
        ),
        "kubernetes": {
            "coredns": {"enabled": false},
            "kubeControllerManager": part("kube-controller-manager", CONTROLLER_MANAGER),
            "kubeScheduler": part("kube-scheduler", SCHEDULER),
        },
        "node-exporter": {"port": 9200, "internalPort": 9201},
        "prometheus": over(
            pod.clone(),
            json!({"namespaces": ["default", "kube-system", CONTROLLER_MANAGER, SCHEDULER]}),
        ),
        "prometheus-adapter": {"resourceMetrics": false},
        "prometheus-operator": over(
            pod,
            json!({"kubeRbacProxy": container, "kubeletService": {"enabled": false}}),
        ),
    }})
}

/// Fields whose maps are one value: half of a selector selects something else.
const WHOLE: [&str; 3] = ["selector", "ports", "nodeSelector"];

/// One part of a stack file over another: maps are merged, all else replaces.
/// Unlike a patch it keeps nulls, which mean something where users write them.
fn over(below: Value, above: Value) -> Value {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => Value::Object(merged(below, above)),
        (_, above) => above,
    }
}

fn merged(mut below: Map<String, Value>, above: Map<String, Value>) -> Map<String, Value> {
    for (key, value) in above {
        let value = match below.remove(&key) {
            Some(under) if !WHOLE.contains(&key.as_str()) || key_of_spec(&under) => {
                over(under, value)
            }
            _ => value,
        };
        below.insert(key, value);
    }
    below
}

/// A label selector in a monitor's `spec` merges as all of `spec` does.
fn key_of_spec(value: &Value) -> bool {
    value.get("matchLabels").is_some()
}

#[cfg(test)]
mod tests {
    use kpbuild_core::{Diagnostics, SourceMap};

    use super::*;

    const ALL: [Platform; 13] = [
        Platform::Aks,
        Platform::Aws,
        Platform::Bootkube,
        Platform::Eks,
        Platform::Gke,
        Platform::Kops,
        Platform::KopsCoredns,
        Platform::K3s,
        Platform::Kubeadm,
        Platform::Kubespray,
        Platform::Openshift,
        Platform::Rke2,
        Platform::Talos,
    ];

    /// The file as it is read, or the messages about it.
    fn read(text: &str) -> Result<crate::StackFile, Vec<(String, Option<String>)>> {
        let mut sources = SourceMap::default();
        let file = sources.add("stack.yaml", text);
        let mut diagnostics = Diagnostics::default();
        crate::parse(&sources, file, &mut diagnostics).map_err(|_| {
            let found = diagnostics.sorted();
            let said = found
                .iter()
                .map(|one| (one.message.clone(), one.help.clone()));
            said.collect()
        })
    }

    #[test]
    fn a_platform_says_only_what_a_user_could_say() {
        for platform in ALL {
            let mut file = defaults(platform);
            file["kind"] = json!("Stack");
            file["name"] = json!("test");
            // JSON is YAML.
            read(&file.to_string()).unwrap_or_else(|found| panic!("{platform:?}: {found:?}"));
        }
    }

    #[test]
    fn who_serves_resource_metrics_is_said_once() {
        for platform in ALL {
            let adapter = &defaults(platform)["components"]["prometheus-adapter"];
            let by_another = adapter["resourceMetrics"] == false;
            assert_eq!(
                resource_metrics(platform).is_some(),
                by_another,
                "{platform:?}"
            );
        }
    }

    /// A cluster may have another network than its platform comes with.
    #[test]
    fn weave_net_is_watched_where_the_user_says_so_and_nowhere_else() {
        for platform in ALL {
            assert!(!asks_for(platform, "weave-net"), "{platform:?}");
            let text = format!(
                "kind: Stack\nname: test\ncluster: {{platform: {}}}\ncomponents: {{weave-net: {{}}}}\n",
                platform.name()
            );
            let file = read(&text).unwrap_or_else(|found| panic!("{platform:?}: {found:?}"));
            let components = crate::resolve(&file).components;
            assert!(components.iter().any(|one| one.name == "weave-net"));
        }
    }

    #[test]
    fn what_the_user_says_wins() {
        let file = read(
            "
kind: Stack
name: test
cluster: {platform: eks}
components:
  aws-vpc-cni: {enabled: false}
  kubernetes:
    kubeScheduler: {enabled: true, service: {selector: {a: b}}}
",
        )
        .unwrap();
        let components = &file.shape.components;
        assert!(!components.aws_vpc_cni.as_ref().unwrap().common.enabled);
        assert!(components.kubernetes.kube_scheduler.part.enabled);
        assert!(!components.kubernetes.kube_controller_manager.part.enabled);
    }

    #[test]
    fn what_would_ask_an_agent_is_off_on_every_platform() {
        for platform in ["aks", "openshift"] {
            let agent = "components: {prometheus: {agent: {}, remoteWrite: [{url: 'http://a'}]}}";
            let file = read(&format!(
                "kind: Stack\nname: test\ncluster: {{platform: {platform}}}\n{agent}\n"
            ))
            .unwrap();
            let components = &file.shape.components;
            assert!(!components.alertmanager.common.enabled, "{platform}");
            assert!(!components.grafana.common.enabled, "{platform}");
            assert!(!components.prometheus_adapter.common.enabled, "{platform}");
        }
    }

    #[test]
    fn selectors_are_replaced_and_patches_of_them_merged() {
        let below =
            json!({"selector": {"a": "1"}, "spec": {"selector": {"matchLabels": {"a": "1"}}}});
        let above =
            json!({"selector": {"b": "2"}, "spec": {"selector": {"matchLabels": {"a": null}}}});
        assert_eq!(
            over(below, above),
            json!({"selector": {"b": "2"}, "spec": {"selector": {"matchLabels": {"a": null}}}})
        );
    }

    #[test]
    fn an_unknown_platform_is_an_error_with_the_nearest_name() {
        let found = read("kind: Stack\nname: test\ncluster: {platform: kops_coredns}\n");
        assert_eq!(
            found.unwrap_err(),
            [(
                "`kops_coredns` is not a value of `cluster.platform`".to_owned(),
                Some("did you mean `kops-coredns`?".to_owned())
            )]
        );
    }
}
