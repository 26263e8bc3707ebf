//! A mount of a volume that the pods do not have.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity};

use crate::check::{Check, Findings};
use crate::facts::{Facts, items};

pub(super) const CHECK: Check = Check {
    code: Code("volume-mount"),
    severity: Severity::Error,
    page: "\
A container mounts a volume by its name in the `volumes` of its pods, or in the
`volumeClaimTemplates` of its StatefulSet. The API server refuses a workload with
a mount of a volume that is not there, or with two mounts at one path.

Pods that the operator makes are not looked at: it adds volumes of its own.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for pods in facts
        .pods
        .iter()
        .filter(|pods| pods.object.key().group != "monitoring.coreos.com")
    {
        let claims = items(&pods.object.value()["spec"]["volumeClaimTemplates"])
            .map(|claim| &claim["metadata"]["name"]);
        let volumes: Vec<&str> = items(&pods.spec["volumes"])
            .map(|volume| &volume["name"])
            .chain(claims)
            .filter_map(|name| name.as_str())
            .collect();
        for container in pods.containers() {
            let mut paths = Vec::new();
            for mount in items(&container["volumeMounts"]) {
                let (name, path) = (
                    mount["name"].as_str().unwrap_or_default(),
                    mount["mountPath"].as_str().unwrap_or_default(),
                );
                let who = format!(
                    "the container `{}` of `{}`",
                    container["name"].as_str().unwrap_or_default(),
                    pods.object.key()
                );
                if !volumes.contains(&name) {
                    let help = nearest(name, volumes.iter().copied())
                        .map_or("add the volume".to_owned(), |near| {
                            format!("did you mean `{near}`?")
                        });
                    findings
                        .on(
                            pods.object,
                            format!("{who} mounts the volume `{name}`, which does not exist"),
                        )
                        .help(help);
                }
                if paths.contains(&path) {
                    findings
                        .on(pods.object, format!("{who} mounts two volumes at `{path}`"))
                        .help("mount one of them elsewhere");
                }
                paths.push(path);
            }
        }
    }
}
