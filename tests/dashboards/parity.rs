//! The rules and dashboards against what those of kube-prometheus return in 20 synthetic clusters, by the program
//! `parity` of the reference material, which lies beside the checkout of the people who write this and nowhere else.

use std::path::{Path, PathBuf};
use std::process::Command;

use kpbuild_core::yaml;
use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::{go_is_installed, progress};

use super::default_dashboards;

/// The last line about rules: the alerts that differ are those of `deviations.yaml`.
const RULES: &str = "alerts: 133 of 138 equivalent (137 fired at least once); records: 95 of 95 equivalent (95 with output)";

/// The last line about dashboards.
const DASHBOARDS: &str = "dashboards: 33 of 33 found; panels 0; queries: 512 of 581 covered (581 tested, 0 empty in all worlds)";

#[test]
fn rules_behave_as_those_of_kube_prometheus() {
    if let Some(said) = parity("rules") {
        assert_eq!(line(&said, "alerts: 1"), RULES);
    }
}

/// Every query of kube-prometheus that no query here gives the same data as is a documented deviation.
#[test]
fn dashboards_show_what_those_of_kube_prometheus_show() {
    let Some(said) = parity("dashboards") else {
        return;
    };
    assert_eq!(line(&said, "dashboards: "), DASHBOARDS);
    assert_eq!(
        line(&said, "candidate queries"),
        "candidate queries that fail: 0, that return nothing: 3"
    );
    let deviations = deviations();
    for (dashboard, panel) in not_covered(&said) {
        let explained = deviations.iter().any(|(files, panels)| {
            (files.contains(&dashboard) || files[0] == "all of them")
                && (panels.contains(&panel) || panels.starts_with("all"))
        });
        assert!(
            explained,
            "`{panel}` of `{dashboard}` differs, and no deviations.yaml says why"
        );
    }
}

/// What `parity` says about the default stack; nothing where it is not there or cannot be built.
fn parity(what: &str) -> Option<String> {
    let shared = kpbuild::checkout().parent()?.join("shared");
    let sources = shared.join("tools/parity");
    if !sources.join("go.mod").exists() || !go_is_installed() {
        progress(&format!(
            "SKIPPED parity of {what}: ../shared/tools/parity or go is not there"
        ));
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder for the manifests");
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
    let program = built(&sources, folder.path());
    let output = Command::new(program)
        .args([what, "--brief", "--answers"])
        .arg(shared.join("reference/answers.gz"))
        .args(["--cand", path])
        .output()
        .expect("it was just built");
    Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// The program, built into a folder; go keeps what it needs for the next time.
fn built(sources: &Path, folder: &Path) -> PathBuf {
    let program = folder.join("parity");
    let output = Command::new("go")
        .args(["build", "-buildvcs=false", "-o"])
        .args([&program, Path::new(".")])
        .current_dir(sources)
        .output()
        .expect("go was asked for its version");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    program
}

/// The last line with this beginning.
fn line<'a>(said: &'a str, beginning: &str) -> &'a str {
    let line = said.lines().rev().find(|line| line.starts_with(beginning));
    line.unwrap_or_else(|| panic!("`parity` says nothing of `{beginning}`:\n{said}"))
}

/// Dashboard (its file name without ending) and panel of each query that is not covered.
fn not_covered(said: &str) -> Vec<(String, String)> {
    let mut dashboard = None;
    let mut found = Vec::new();
    for line in said.lines() {
        if let Some((title, _)) = line.split_once(" panels ") {
            dashboard = file_of(title.trim());
        } else if let Some(rest) = line.trim().strip_prefix("not covered: \"") {
            let panel = rest.split_once('"').expect("the title is in quotes").0;
            let dashboard = dashboard
                .clone()
                .unwrap_or_else(|| panic!("no dashboard has the title before: {line}"));
            found.push((dashboard, panel.to_owned()));
        }
    }
    found
}

fn file_of(title: &str) -> Option<String> {
    let (file, _) = default_dashboards()
        .iter()
        .find(|(_, dashboard)| dashboard["title"] == title)?;
    Some(file.trim_end_matches(".json").to_owned())
}

/// Dashboards and panels of all entries about dashboards in `deviations.yaml` files.
fn deviations() -> Vec<(Vec<String>, String)> {
    let mixins = kpbuild::checkout().join("templates/mixins");
    let mut found = Vec::new();
    for mixin in std::fs::read_dir(mixins).expect("the checkout has mixins") {
        let path = mixin
            .expect("the folder can be read")
            .path()
            .join("deviations.yaml");
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        let entries = yaml::read(&text);
        for entry in entries
            .expect("it is YAML")
            .as_array()
            .into_iter()
            .flatten()
        {
            let text = |field: &str| entry[field].as_str().map(str::to_owned);
            if let (Some(files), Some(panels)) = (text("dashboard"), text("panel")) {
                found.push((files.split(", ").map(str::to_owned).collect(), panels));
            }
        }
    }
    found
}
