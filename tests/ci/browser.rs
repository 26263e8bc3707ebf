//! The page in a real browser: `page/check.sh`, which needs node and Chromium.

use std::process::Command;

use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::progress;

use super::repository::Repository;
use super::said;

/// What `check.sh` ends with when it could not check.
const SKIPPED: i32 = 77;

#[test]
fn the_page_works_in_a_browser() {
    let repository = Repository::new();
    repository.branch("many", |repository| {
        repository.replace("stacks/prod.yaml", "replicas: 2", "replicas: 3");
        let parameters = "rules:\n  parameters:\n    node-exporter:\n      fsSpaceAvailableWarningThreshold: 8\n";
        repository.replace("stacks/staging.yaml", "rules:\n", parameters);
        repository.replace("lib/panels.libsonnet", "h: 8", "h: 12, hideTimeOverride: false");
    });
    let page = repository.folder().join("out/page.html");
    let report = format!("html={}", page.display());
    let (_, stderr, code) =
        said(repository.kpbuild(&["ci", "--base", "main", "--report", &report]));
    assert_eq!(code, 0, "{stderr}");
    let checked = Command::new("sh")
        .arg(kpbuild::checkout().join("tests/ci/page/check.sh"))
        .arg(&page)
        .output()
        .expect("a system has a shell");
    let said = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    if checked.status.code() == Some(SKIPPED) {
        progress(said.trim());
        return;
    }
    assert!(checked.status.success(), "{said}");
    assert!(said.contains("page: all checks passed"), "{said}");
}
