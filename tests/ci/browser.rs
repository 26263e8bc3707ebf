//! The page in a real browser: `page/check.sh`, which needs node and Chromium.

use kpbuild_tests::scripts;

use super::repository::Repository;
use super::said;

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
    let Some(said) = scripts::said("tests/ci/page/check.sh", &page) else {
        return;
    };
    assert!(said.contains("page: all checks passed"), "{said}");
}
