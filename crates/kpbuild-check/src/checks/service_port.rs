//! A port of a Service that leads nowhere.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::services::Target;

pub(super) const CHECK: Check = Check {
    code: Code("service-port"),
    severity: Severity::Error,
    page: "\
A port of a Service leads to a port of its pods: by the name of a container's
port, or by number (its own number if it says none). If no container declares
it, connections are refused, and a named port has no endpoints at all.

Numbers are compared only with pods that declare any ports: a container may
listen on ports that it does not declare.

To mend it, set `targetPort` to a port that a container of the pods declares.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for service in &facts.services {
        let Some(object) = service.object.filter(|object| object.kind() == "Service") else {
            continue;
        };
        for port in &service.ports {
            for pods in service.pods.iter().map(|index| &facts.pods[*index]) {
                let declared = match &port.target {
                    Target::Name(name) => pods.port(name).is_some(),
                    Target::Number(number) => {
                        pods.ports.is_empty() || pods.ports.iter().any(|one| one.number == *number)
                    }
                };
                if declared {
                    continue;
                }
                let target = match &port.target {
                    Target::Name(name) => name.clone(),
                    Target::Number(number) => number.to_string(),
                };
                let message = format!(
                    "the port `{}` of `{}` leads to the port `{target}`, which `{}` does not declare",
                    port.name,
                    object.key(),
                    pods.object.key()
                );
                let known: Vec<String> = pods
                    .ports
                    .iter()
                    .map(|one| {
                        if one.name.is_empty() {
                            one.number.to_string()
                        } else {
                            one.name.clone()
                        }
                    })
                    .collect();
                let help = match nearest(&target, known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("its ports are `{}`", known.join("`, `")),
                };
                findings.on(object, message).help(help);
            }
        }
    }
}
