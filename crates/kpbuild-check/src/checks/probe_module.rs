//! A probe that asks for a module which the blackbox-exporter does not have.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity, yaml};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::references::{Address, address};

pub(super) const CHECK: Check = Check {
    code: Code("probe-module"),
    severity: Severity::Error,
    page: "\
A Probe says in `spec.module` how the blackbox-exporter shall look at its targets.
If the exporter's configuration, which is one of the objects, has no such module,
every probe is answered with an error, and `probe_success` is never there.

To mend it, use the name of a module, or add one to the configuration.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for probe in facts.bundle.of_kind("Probe") {
        let spec = &probe.value()["spec"];
        let (Some(module), Some(url)) = (spec["module"].as_str(), spec["prober"]["url"].as_str())
        else {
            continue;
        };
        let Some(known) = address(&format!("http://{url}")).and_then(|to| modules(facts, &to))
        else {
            continue;
        };
        if !known.iter().any(|one| one == module) {
            let help = match nearest(module, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its modules are `{}`", known.join("`, `")),
            };
            let message = format!(
                "`{}` asks for the module `{module}`, which `{url}` does not have",
                probe.key()
            );
            findings.on(probe, message).help(help);
        }
    }
}

/// The modules of the blackbox-exporter behind a Service, if its configuration is
/// one of the objects.
fn modules(facts: &Facts<'_>, (name, namespace, _): &Address) -> Option<Vec<String>> {
    let service = facts
        .services
        .iter()
        .find(|one| one.name == *name && one.namespace == *namespace)?;
    let pods = service.pods.iter().map(|index| &facts.pods[*index]);
    let maps = pods.flat_map(|pods| crate::facts::items(&pods.spec["volumes"]));
    let names = maps.filter_map(|volume| volume["configMap"]["name"].as_str());
    let texts = names
        .filter_map(|name| facts.find("ConfigMap", namespace, name))
        .filter_map(|object| Facts::text(object, "config.yml"));
    let mut modules = texts.filter_map(|text| {
        let config = yaml::read(&text).ok()?;
        let names = config["modules"].as_object()?.keys().cloned();
        Some(names.collect())
    });
    modules.next()
}
