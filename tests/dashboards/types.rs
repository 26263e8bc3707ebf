//! The dashboards against the types that Grafana publishes, and their layout: `check.sh`, which needs node.

use kpbuild_tests::{kpbuild, scripts};

#[test]
fn dashboards_have_the_types_that_grafana_publishes() {
    let folder = tempfile::tempdir().expect("a folder for the dashboards");
    let manifests = folder.path().join("manifests");
    let path = manifests
        .to_str()
        .expect("temporary folders have plain names");
    let rendered = kpbuild::run(
        kpbuild::checkout(),
        &["render", "tests/dashboards/stack.yaml", "-o", path],
    );
    assert!(
        rendered.status.success(),
        "{}",
        String::from_utf8_lossy(&rendered.stderr)
    );

    let Some(said) = scripts::said("tests/dashboards/check.sh", &manifests) else {
        return;
    };
    for line in [
        "types: 36 dashboards, 0 problems",
        "layout: 36 dashboards, 0 problems",
    ] {
        assert!(said.contains(line), "{said}");
    }
}
