//! The dashboards against the types that Grafana publishes, and their layout: `check.sh`, which needs node.

use std::process::Command;

use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::progress;

/// What `check.sh` ends with when it could not check.
const SKIPPED: i32 = 77;

#[test]
fn dashboards_have_the_types_that_grafana_publishes() {
    let folder = tempfile::tempdir().expect("a folder for the dashboards");
    let manifests = folder.path().join("manifests");
    let path = manifests
        .to_str()
        .expect("temporary folders have plain names");
    let rendered = kpbuild::run(
        kpbuild::checkout(),
        &["render", "stacks/kube-prometheus.yaml", "-o", path],
    );
    assert!(
        rendered.status.success(),
        "{}",
        String::from_utf8_lossy(&rendered.stderr)
    );

    let checked = Command::new("sh")
        .arg(kpbuild::checkout().join("tests/dashboards/check.sh"))
        .arg(&manifests)
        .output()
        .expect("a system has a shell");
    let said = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    if checked.status.code() == Some(SKIPPED) {
        progress(said.trim());
        return;
    }
    assert!(checked.status.success(), "{said}");
    for line in [
        "types: 33 dashboards, 0 problems",
        "layout: 33 dashboards, 0 problems",
    ] {
        assert!(said.contains(line), "{said}");
    }
}
