//! Many stacks in one call, on top of common bases.

use std::fs;
use std::path::Path;

use kpbuild_tests::kpbuild;
use serde_json::{Value, json};

/// Writes files below a folder of its own.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("there is room");
        fs::write(path, text).expect("there is room");
    }
    folder
}

/// Exit code, stdout and stderr of a run.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = kpbuild::run(folder, arguments);
    let text = |bytes| String::from_utf8(bytes).expect("kpbuild prints UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

const BASE: &str = "\
kind: StackBase
variables: {cluster: , replicas: 2}
components:
  prometheus:
    replicas: ${replicas}
    externalLabels: {cluster: '${cluster}', team: sre}
dashboards: {files: [dashboards/*.json]}
";

const DASHBOARD: &str = r#"{"uid": "own", "title": "Own", "schemaVersion": 42, "panels": []}"#;

fn stacks() -> tempfile::TempDir {
    folder(&[
        ("bases/base.yaml", BASE),
        ("bases/dashboards/own.json", DASHBOARD),
        (
            "stacks/eu/a.yaml",
            "kind: Stack\nname: prod-eu\nextends: [../../bases/base.yaml]\nvariables: {cluster: prod-eu, replicas: 3}\n",
        ),
        (
            "stacks/us.yml",
            "kind: Stack\nname: prod-us\nextends: [../bases/base.yaml]\nvariables: {cluster: prod-us}\ncomponents: {prometheus: {externalLabels: {team: null}}}\n",
        ),
        ("stacks/rules.yaml", "groups: []\n"),
        ("stacks/manifest.yaml", "apiVersion: v1\nkind: Service\n"),
        ("stacks/vendor/x/c.yaml", "kind: Stack\nname: other\n"),
    ])
}

#[test]
fn every_stack_of_a_folder_has_a_folder() {
    let folder = stacks();
    let (code, stdout, stderr) = run(folder.path(), &["render", "stacks/", "-o", "out"]);
    assert_eq!(stdout, "");
    insta::assert_snapshot!(stderr, @"2 of 2 stacks, 264 objects in out (264 written, 0 unchanged, 0 removed)");
    assert_eq!(code, Some(0));
    assert!(
        folder
            .path()
            .join("out/prod-eu/grafana-configMap-grafana-dashboard-own.yaml")
            .exists()
    );
    let prometheus = |name: &str| {
        let path = format!("out/{name}/prometheus-prometheus-k8s.yaml");
        let text = fs::read_to_string(folder.path().join(path)).expect("it was written");
        let of_interest = ["replicas:", "cluster:", "team:"];
        let lines = text.lines().map(str::trim);
        lines
            .filter(|line| of_interest.iter().any(|word| line.starts_with(word)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    assert_eq!(
        prometheus("prod-eu"),
        "cluster: prod-eu, team: sre, replicas: 3"
    );
    assert_eq!(prometheus("prod-us"), "cluster: prod-us, replicas: 2");
    // Each alone gives the same bytes.
    let alone = ["render", "stacks/eu/a.yaml", "-o", "alone"];
    assert_eq!(run(folder.path(), &alone).0, Some(0));
    let list = |path: &str| fs::read_to_string(folder.path().join(path)).expect("a list");
    assert_eq!(
        list("alone/.kpbuild-files"),
        list("out/prod-eu/.kpbuild-files")
    );
    // What is of no stack any more is named, and left to its owner.
    fs::remove_file(folder.path().join("stacks/us.yml")).expect("it is there");
    let (code, _, stderr) = run(folder.path(), &["render", "stacks", "-o", "out"]);
    insta::assert_snapshot!(stderr, @"
    1 of 1 stack, 132 objects in out (0 written, 132 unchanged, 0 removed)
    out/prod-us is of an earlier run, and of none of these stacks; remove it if its stack is gone
    ");
    assert_eq!(code, Some(0));
    assert!(folder.path().join("out/prod-us").exists());
}

#[test]
fn problems_of_all_stacks_are_said_once() {
    let folder = folder(&[
        (
            "base.yaml",
            "kind: StackBase\ncomponents: {prometheus: {replicas: two}}\n",
        ),
        (
            "a.yaml",
            "kind: Stack\nname: a\nextends: [base.yaml]\nnamespace: A\n",
        ),
        ("b.yaml", "kind: Stack\nname: b\nextends: [base.yaml]\n"),
        ("c.yaml", "kind: Stack\nname: right\n"),
        ("d.yaml", "kind: Stack\nname: right\n"),
        ("e.yaml", "kind: Stack\nname: fine\n"),
    ]);
    let (code, _, stderr) = run(
        folder.path(),
        &[
            "render", "a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml", "f.yaml", "-o", "out",
        ],
    );
    insta::assert_snapshot!(stderr, @"
    error[stack-bad-format]: `namespace` must be a lower-case name
     --> a.yaml:4:12
      |
    4 | namespace: A
      |            ^
      |
      = help: it is made of lower-case letters, digits and `-`; `A` is none of
              them

    error[stack-name-twice]: two stacks are called `right`
     --> d.yaml:2:7
      |
    2 | name: right
      |       ^^^^^
      |
     ::: c.yaml:2:7
      |
    2 | name: right
      |       ----- the other one
      |
      = help: give each its own name: folders are named after it

    error[stack-wrong-type]: `components.prometheus.replicas` must be a whole number
     --> base.yaml:2:37
      |
    2 | components: {prometheus: {replicas: two}}
      |                                     ^^^ this is a string
      |
      = note: in the stacks `a`, `b`

    3 errors
    error: there is no file `f.yaml`; did you mean `a.yaml`?
      because: cannot read `f.yaml`
      because: No such file or directory (os error 2)
    1 of 6 stacks, 131 objects in out (131 written, 0 unchanged, 0 removed)
    ");
    assert_eq!(code, Some(1));
    let written = fs::read_dir(folder.path().join("out")).expect("one stack was written");
    assert_eq!(written.count(), 1);
}

#[test]
fn checks_of_all_stacks_are_one_report() {
    let folder = stacks();
    let (code, stdout, stderr) = run(
        folder.path(),
        &["check", "stacks", "--only", "stack-conflict"],
    );
    insta::assert_snapshot!(format!("{stdout}{stderr}"), @"2 stacks: 264 objects, nothing wrong");
    assert_eq!(code, Some(0));
}

#[test]
fn what_cannot_be_done_with_several_stacks_is_said() {
    let folder = folder(&[
        ("stacks/a.yaml", "kind: Stack\nname: a\n"),
        ("none/rules.yaml", "groups: []\n"),
    ]);
    let said = |arguments: &[&str]| run(folder.path(), arguments).2;
    assert_eq!(
        said(&["render", "stacks"]),
        "error: several stacks need a folder: add -o DIR\n"
    );
    assert_eq!(
        said(&["render", "none", "-o", "out"]),
        "error: there is no stack in `none`: a stack file ends in `.yaml` and has a line `kind: Stack`\n"
    );
}

/// A finding of many stacks is about an object, and what they accept is there as suppressed, as for one stack.
#[test]
fn programs_are_told_the_objects_of_all_stacks() {
    let base = "\
kind: StackBase
components:
  prometheus: {storage: {size: 10Gi, class: fast}}
  alertmanager: {storage: {size: 1Gi, class: slow}}
check:
  silence:
  - {code: storage-class, object: Prometheus/k8s, reason: it is made by hand}
";
    let folder = folder(&[
        ("base.yaml", base),
        (
            "stacks/a.yaml",
            "kind: Stack\nname: a\nextends: [../base.yaml]\n",
        ),
        (
            "stacks/b.yaml",
            "kind: Stack\nname: b\nextends: [../base.yaml]\n",
        ),
    ]);
    let report = |what: &str, format: &str| {
        let arguments = ["check", what, "--only", "storage-class", "--format", format];
        let (code, stdout, stderr) = run(folder.path(), &arguments);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(stderr.contains("1 finding silenced"), "{stderr}");
        let value: Value = serde_json::from_str(&stdout).expect("it is JSON");
        value
    };
    let json = report("stacks", "json");
    assert_eq!(
        json["findings"][0]["object"],
        "Alertmanager/monitoring/main"
    );
    assert_eq!(json["findings"][0]["stacks"], json!(["a", "b"]));
    assert_eq!(json["silenced"][0]["object"], "Prometheus/monitoring/k8s");
    assert_eq!(json["silenced"][0]["reason"], "it is made by hand");
    let results = |what: &str| {
        let log = report(what, "sarif");
        let results = log["runs"][0]["results"]
            .as_array()
            .expect("a list")
            .clone();
        let about = |one: &Value| {
            let location = &one["locations"][0];
            json!([
                location["physicalLocation"]["artifactLocation"]["uri"],
                location["logicalLocations"][0]["fullyQualifiedName"],
                one["suppressions"][0]["justification"],
                one["partialFingerprints"],
            ])
        };
        results.iter().map(about).collect::<Vec<_>>()
    };
    let of_many = results("stacks");
    assert_eq!(of_many.len(), 2, "{of_many:#?}");
    assert_eq!(of_many, results("stacks/a.yaml"));
}
