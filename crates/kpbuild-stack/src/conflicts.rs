//! Fields that are right by themselves and wrong together.
//!
//! The schema knows every field alone; what one field says about another is
//! here, one function a pair.

use kpbuild_core::{Code, Diagnostic, Diagnostics};

use crate::components::prometheus::agent;
use crate::components::{kube_state_metrics, metrics_server, pyrra};
use crate::mixins::MixinFile;
use crate::parse::StackFile;
use crate::patches;
use crate::rules;

/// Two fields that say different things about one.
pub const CONFLICT: Code = Code("stack-conflict");

/// Parameters of rules that the stack does not install.
pub const UNUSED_PARAMETERS: Code = Code("stack-unused-parameters");

/// Reports all conflicts of a file.
pub(crate) fn check(file: &StackFile, diagnostics: &mut Diagnostics) {
    let found = [
        alertmanager_configuration(file),
        etcd_certificates(file),
        grafana_volume(file),
        kube_state_metrics::check(file),
        peers(file),
        scrape_configs(file),
        windows_hosts(file),
    ];
    rules::check(file, diagnostics);
    patches::check(file, diagnostics);
    for diagnostic in found
        .into_iter()
        .flatten()
        .chain(agent::check(file))
        .chain(metrics_server::check(file))
        .chain(pyrra::check(file))
        .chain(mixins_of_one_name(file))
        .chain(unused_parameters(file))
    {
        diagnostics.push(diagnostic);
    }
}

/// Parameters of rules and dashboards that do not come with any component. A
/// warning: several stacks may share them.
fn unused_parameters(file: &StackFile) -> Vec<Diagnostic> {
    if agent::wanted(&file.shape.components).is_some() {
        // The whole section is said to be wrong there.
        return Vec::new();
    }
    let mut unused: Vec<&str> = file.shape.rules.parameters.mixins().collect();
    if !unused.is_empty() {
        let components = crate::resolve(file).components;
        let installed = components.iter().flat_map(|component| &component.mixins);
        let installed: Vec<&str> = installed.map(|mixin| mixin.name).collect();
        unused.retain(|mixin| !installed.contains(mixin));
    }
    let warning = |mixin: &str| {
        let message = format!("nothing in this stack has the rules or dashboards of `{mixin}`");
        Diagnostic::warning(UNUSED_PARAMETERS, message)
            .at_some(file.span(&["rules", "parameters", mixin]), "")
            .help("turn the component on that brings them, or remove these parameters")
    };
    unused.into_iter().map(warning).collect()
}

/// The configuration of Alertmanager comes from one place.
fn alertmanager_configuration(file: &StackFile) -> Option<Diagnostic> {
    let alertmanager = &file.shape.components.alertmanager;
    (alertmanager.config.is_some() && alertmanager.config_secret.is_some()).then(|| {
        let place = ["components", "alertmanager", "config"];
        let other = ["components", "alertmanager", "configSecret"];
        conflict(file, &place, &other).help("keep one of the two")
    })
}

/// Mixins have objects by their names.
fn mixins_of_one_name(file: &StackFile) -> Vec<Diagnostic> {
    let names: Vec<String> = file.shape.mixins.iter().map(MixinFile::name).collect();
    let place = |index: usize| {
        let entry = file.tree.at(["mixins", &index.to_string()])?;
        let node = entry.get("name").or_else(|| entry.get("path"))?;
        Some(node.span)
    };
    let second = |(index, name): (usize, &String)| {
        let first = names[..index].iter().position(|other| other == name)?;
        let message = format!("two mixins are called `{name}`");
        Some(
            Diagnostic::error(CONFLICT, message)
                .at_some(place(index), "")
                .at_some(place(first), "the other one")
                .help("give one of them another `name`"),
        )
    };
    names.iter().enumerate().filter_map(second).collect()
}

/// Most volumes belong to one node at a time, and Grafana's own database to one process.
fn grafana_volume(file: &StackFile) -> Option<Diagnostic> {
    let grafana = &file.shape.components.grafana;
    (grafana.storage.is_some() && grafana.replicas > 1).then(|| {
        let place = ["components", "grafana", "storage"];
        let other = ["components", "grafana", "replicas"];
        conflict(file, &place, &other).help(
            "let replicas share a database (`config: {database: ...}`), which keeps what the volume would",
        )
    })
}

/// Addresses are no pods.
fn peers(file: &StackFile) -> Option<Diagnostic> {
    let expose = &file.shape.expose;
    let all = [
        ("prometheus", &expose.prometheus),
        ("alertmanager", &expose.alertmanager),
        ("grafana", &expose.grafana),
    ];
    all.into_iter().find_map(|(name, exposure)| {
        let mut peers = exposure.from.iter().flatten();
        let index = peers.position(|peer| {
            peer.cidr.is_some() && (peer.namespace.is_some() || !peer.pods.0.is_empty())
        })?;
        let index = index.to_string();
        let place = ["expose", name, "from", &index, "cidr"];
        let pods = ["expose", name, "from", &index, "pods"];
        let namespace = ["expose", name, "from", &index, "namespace"];
        let has = exposure.from.as_ref()?[index.parse::<usize>().ok()?]
            .namespace
            .is_some();
        let other = if has { namespace } else { pods };
        Some(conflict(file, &place, &other).help("write addresses and pods as two items"))
    })
}

/// Certificates come from one place.
fn etcd_certificates(file: &StackFile) -> Option<Diagnostic> {
    let tls = file.shape.components.etcd.as_ref()?.tls.as_ref()?;
    (tls.secret.is_some() && tls.certificates.is_some()).then(|| {
        let place = ["components", "etcd", "tls", "certificates"];
        let other = ["components", "etcd", "tls", "secret"];
        conflict(file, &place, &other)
            .help("keep `secret`, and the certificates out of the stack file")
    })
}

/// The Prometheus object refers to one Secret of scrape configurations, which
/// is that of the hosts.
fn scrape_configs(file: &StackFile) -> Option<Diagnostic> {
    let prometheus = &file.shape.components.prometheus;
    let field = "additionalScrapeConfigs";
    let in_spec = ["components", "prometheus", "spec", field];
    let by_option = ["components", "prometheus", field];
    let other: &[&str] = if prometheus.spec.0.0.get(field).is_some() {
        &in_spec
    } else if prometheus.additional_scrape_configs.is_some() {
        &by_option
    } else {
        return None;
    };
    has_windows_hosts(file).then(|| {
        let place = ["components", "windows", "hosts", "targets"];
        conflict(file, &place, other).help(
            "scrape your other targets by ScrapeConfig objects, or these hosts by your Secret",
        )
    })
}

/// Static targets are part of Prometheus' own configuration.
fn windows_hosts(file: &StackFile) -> Option<Diagnostic> {
    let prometheus = file.shape.components.prometheus.common.enabled;
    (!prometheus && has_windows_hosts(file)).then(|| {
        let place = ["components", "windows", "hosts", "targets"];
        let other = ["components", "prometheus", "enabled"];
        conflict(file, &place, &other)
            .help("let your own Prometheus scrape these hosts under the job `windows-exporter`")
    })
}

fn has_windows_hosts(file: &StackFile) -> bool {
    let windows = file.shape.components.windows.as_ref();
    windows.is_some_and(|windows| windows.common.enabled && !windows.hosts.targets.is_empty())
}

pub(crate) fn conflict(file: &StackFile, place: &[&str], other: &[&str]) -> Diagnostic {
    let message = format!(
        "`{}` and `{}` exclude each other",
        place.join("."),
        other.join(".")
    );
    Diagnostic::error(CONFLICT, message)
        .at_some(file.span(place), "")
        .at_some(file.span(other), "and this")
}

#[cfg(test)]
mod tests {
    use kpbuild_core::SourceMap;

    use super::*;

    /// The messages about a stack with these components.
    fn conflicts(components: &str) -> Vec<String> {
        let text = format!("kind: Stack\nname: test\ncomponents:\n{components}");
        let mut sources = SourceMap::default();
        let file = sources.add("stack.yaml", text);
        let mut diagnostics = Diagnostics::default();
        let parsed = crate::parse(&sources, file, &mut diagnostics);
        assert_eq!(parsed.is_err(), diagnostics.errors() > 0);
        let found = diagnostics.sorted();
        found
            .iter()
            .map(|diagnostic| diagnostic.message.clone())
            .collect()
    }

    #[test]
    fn certificates_of_etcd_have_one_source() {
        let both = "  etcd: {ips: [10.0.0.1], tls: {secret: {name: a}, certificates: {ca: A, cert: B, key: C}}}";
        assert_eq!(
            conflicts(both),
            [
                "`components.etcd.tls.certificates` and `components.etcd.tls.secret` exclude each other"
            ]
        );
        let one = "  etcd: {ips: [10.0.0.1], tls: {secret: {name: a}}}";
        assert!(conflicts(one).is_empty());
    }

    #[test]
    fn parameters_without_rules_are_a_warning() {
        let parameters =
            "rules: {parameters: {etcd: {etcdWindow: 10m}, windows: {dashboardMinStep: 2m}}}";
        assert_eq!(
            conflicts(&format!("  {{}}\n{parameters}")),
            ["nothing in this stack has the rules or dashboards of `etcd`"]
        );
        let etcd = "  etcd: {ips: [10.0.0.1]}";
        assert!(conflicts(&format!("{etcd}\n{parameters}")).is_empty());
    }

    #[test]
    fn windows_hosts_need_the_scrape_configuration_of_prometheus() {
        let hosts = "  windows: {hosts: {targets: ['10.0.0.1:9182']}}\n";
        assert!(conflicts(hosts).is_empty());
        let own = "  prometheus: {spec: {additionalScrapeConfigs: {name: a, key: b}}}\n";
        assert!(conflicts(own).is_empty());
        let found = conflicts(&format!("{hosts}{own}"));
        assert!(found[0].contains("additionalScrapeConfigs"), "{found:?}");
        let off = "  prometheus: {enabled: false}\n";
        let found = conflicts(&format!("{hosts}{off}"));
        assert!(
            found[0].contains("components.prometheus.enabled"),
            "{found:?}"
        );
    }

    #[test]
    fn one_source_one_volume_one_kind_of_peer() {
        let alertmanager = "  alertmanager: {configSecret: mine, config: {route: {receiver: a}}}\n";
        assert_eq!(
            conflicts(alertmanager),
            [
                "`components.alertmanager.config` and `components.alertmanager.configSecret` exclude each other"
            ]
        );
        let grafana = "  grafana: {replicas: 2, storage: {size: 1Gi}}\n";
        let found = conflicts(grafana);
        assert!(
            found[0].contains("`components.grafana.replicas`"),
            "{found:?}"
        );
        let peers = "  grafana: {}\nexpose: {grafana: {nodePort: 30902, from: [{cidr: 10.0.0.0/8, namespace: a}]}}";
        let found = conflicts(peers);
        assert!(
            found[0].contains("`expose.grafana.from.0.namespace`"),
            "{found:?}"
        );
    }

    #[test]
    fn scrape_configs_by_option_exclude_windows_hosts_too() {
        let both = "  windows: {hosts: {targets: ['10.0.0.1:9182']}}
  prometheus: {additionalScrapeConfigs: {secret: a}}\n";
        let found = conflicts(both);
        assert!(
            found[0].contains("`components.prometheus.additionalScrapeConfigs`"),
            "{found:?}"
        );
    }
}
