//! A storage class of which nothing is known.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Object, Severity};
use serde_json::Value;

use crate::check::{Check, Findings};
use crate::facts::{Facts, items};

pub(super) const CHECK: Check = Check {
    code: Code("storage-class"),
    severity: Severity::Warning,
    page: "\
A volume is asked for with a storage class that is neither one of the objects nor
one that the cluster's platform brings (`cluster.platform`: `gp2` of eks,
`standard-rwo` of gke, `managed-csi` of aks, `local-path` of k3s, ...). If the
cluster does not have it, the volume stays `Pending`, and so do the pods.

To mend it, correct the name, or say in the stack file that it is there:
`check: {external: [StorageClass/fast]}`.",
    run,
};

/// The classes that platforms install.
const OF_PLATFORMS: [(&str, &[&str]); 5] = [
    (
        "aks",
        &[
            "default",
            "managed",
            "managed-csi",
            "managed-csi-premium",
            "managed-premium",
            "azurefile",
            "azurefile-csi",
            "azurefile-csi-premium",
            "azurefile-premium",
        ],
    ),
    ("eks", &["gp2"]),
    ("gke", &["standard", "standard-rwo", "premium-rwo"]),
    ("k3s", &["local-path"]),
    (
        "openshift",
        &["gp2-csi", "gp3-csi", "thin-csi", "standard-csi", "ssd-csi"],
    ),
];

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let platform = facts.checking.platform.as_deref().unwrap_or_default();
    let of_platform = OF_PLATFORMS
        .iter()
        .find(|(name, _)| *name == platform)
        .map_or::<&[&str], _>(&[], |(_, classes)| classes);
    for (object, class) in wanted(facts) {
        // An empty name asks for no class.
        let known = class.is_empty()
            || of_platform.contains(&class)
            || facts.find("StorageClass", "", class).is_some()
            || facts.is_external("StorageClass", "", class);
        if known {
            continue;
        }
        let own = facts
            .bundle
            .of_kind("StorageClass")
            .map(|one| one.key().name.as_str());
        let help = match nearest(class, own.chain(of_platform.iter().copied())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "if the cluster has it, say so: `check: {{external: [StorageClass/{class}]}}`"
            ),
        };
        let message = format!(
            "`{}` asks for volumes of the storage class `{class}`, of which nothing is known",
            object.key()
        );
        findings.on(object, message).help(help);
    }
}

/// The objects that ask for volumes of a class, and the classes.
fn wanted<'a>(facts: &Facts<'a>) -> Vec<(&'a Object, &'a str)> {
    let mut found = Vec::new();
    for object in facts.bundle.objects() {
        let mut add = |claim: &'a Value| {
            found.extend(
                claim["storageClassName"]
                    .as_str()
                    .map(|class| (object, class)),
            );
        };
        match object.kind() {
            "PersistentVolumeClaim" => add(&object.value()["spec"]),
            "StatefulSet" => items(&object.value()["spec"]["volumeClaimTemplates"])
                .for_each(|claim| add(&claim["spec"])),
            "Prometheus" | "PrometheusAgent" | "Alertmanager" | "ThanosRuler" => {
                let storage = &object.value()["spec"]["storage"];
                add(&storage["volumeClaimTemplate"]["spec"]);
                add(&storage["ephemeral"]["volumeClaimTemplate"]["spec"]);
            }
            _ => {}
        }
    }
    found
}
