//! `kpbuild status` on a healthy installation, and on one that is broken in ten ways, one after the other.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kpbuild_tests::tools::progress;
use serde_json::Value;

use super::installed::{Installed, until};

fn status(installed: &Installed) -> (Option<i32>, String) {
    let (code, out, err) = installed.run(&["status", "stack.yaml"]);
    (code, out + &err)
}

/// Waits for a status: whatever was done needs its time to be noticed.
fn expect(installed: &Installed, code: i32, text: &str) {
    let mut last = (None, String::new());
    let found = until(Duration::from_mins(4), || {
        last = status(installed);
        last.0 == Some(code) && last.1.contains(text)
    });
    assert!(
        found,
        "`{text}` and code {code} are not in: {:?}\n{}",
        last.0, last.1
    );
}

#[test]
fn a_healthy_installation_is_told_from_ten_broken_ones() {
    // What is broken here would break the other tests.
    let installed = &Installed::start();
    expect(installed, 0, "reach in watching: healthy");
    // Targets that were not scraped yet are no problem, but not up either.
    let (code, _, err) = installed.run(&["apply", "stack.yaml", "--yes", "--verify"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("reach in watching: healthy"), "{err}");
    let (code, json, err) = installed.run(&["status", "stack.yaml", "--format", "json"]);
    assert_eq!(code, Some(0), "{err}");
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["healthy"], true);
    assert_eq!(json["alertmanager"]["members"], 2);
    assert_eq!(json["targets"]["up"], json["targets"]["total"]);
    assert!(json["rules"]["loaded"].as_u64() > Some(50), "{json}");
    assert_eq!(json["drift"], 0, "{json}");

    for case in CASES {
        (case.damage)(installed);
        expect(installed, 1, case.found);
        progress(&format!("status has found {}", case.what));
        if let Some(mend) = case.mend {
            mend(installed);
            expect(installed, 0, "healthy");
        }
    }
}

/// A way to break an installation.
struct Case {
    what: &'static str,
    damage: fn(&Installed),
    /// What status says.
    found: &'static str,
    mend: Option<fn(&Installed)>,
}

/// The last one cannot be mended.
const CASES: [Case; 10] = [
    Case {
        what: "a pod that does not become ready",
        damage: |installed| set_image(installed, "grafana", "grafana=example.com/grafana:unready"),
        found: "Deployment/grafana: ",
        mend: Some(apply),
    },
    Case {
        what: "a workload that somebody has deleted",
        damage: |installed| delete(installed, "deployment/blackbox-exporter"),
        found: "Deployment/blackbox-exporter: it is not there",
        mend: Some(apply),
    },
    Case {
        what: "an image that cannot be pulled",
        damage: |installed| {
            set_image(
                installed,
                "kube-state-metrics",
                "kube-state-metrics=example.com/a:missing",
            );
        },
        found: "ImagePullBackOff",
        mend: Some(apply),
    },
    Case {
        what: "targets that do not answer",
        damage: |installed| installed.targets.set_broken(true),
        found: "503 Service Unavailable",
        mend: Some(|installed| installed.targets.set_broken(false)),
    },
    Case {
        what: "a monitor without a target",
        damage: |installed| delete(installed, "service/blackbox-exporter"),
        found: "ServiceMonitor/watching/blackbox-exporter finds no target",
        mend: Some(apply),
    },
    Case {
        what: "a Service that is gone, and with it Prometheus and Grafana's data",
        damage: |installed| delete(installed, "service/prometheus-own"),
        found: "Prometheus cannot be asked: nobody answers for service watching/prometheus-own",
        mend: Some(apply),
    },
    Case {
        what: "a Grafana that is not well",
        damage: |installed| installed.web.set_broken(true),
        found: "Grafana (grafana-",
        mend: Some(|installed| installed.web.set_broken(false)),
    },
    Case {
        what: "a rule that cannot be evaluated",
        damage: |installed| installed.prometheus.change_rules(add_broken_rule),
        found: "rule Broken (group extra) cannot be evaluated",
        mend: Some(|installed| installed.prometheus.change_rules(remove_broken_rule)),
    },
    Case {
        what: "rules that are not loaded",
        damage: |installed| installed.prometheus.change_rules(take_rules_away),
        found: "is not loaded as the stack has it",
        mend: Some(|installed| installed.prometheus.change_rules(put_rules_back)),
    },
    Case {
        what: "an Alertmanager that is dead",
        damage: |installed| installed.programs.kill("alertmanager-1").expect("it runs"),
        found: "Alertmanager (alertmanager-own-1) does not answer",
        mend: None,
    },
];

fn set_image(installed: &Installed, deployment: &str, image: &str) {
    installed.kubectl(&["set", "image", &format!("deployment/{deployment}"), image]);
}

fn delete(installed: &Installed, object: &str) {
    installed.kubectl(&["delete", object]);
}

fn apply(installed: &Installed) {
    let take = ["--take-from", "kubectl-set"];
    let all = [&["apply", "stack.yaml", "--yes", "--no-wait"][..], &take].concat();
    let (code, _, err) = installed.run(&all);
    assert_eq!(code, Some(0), "{err}");
}

/// The folder whose files the configuration names.
fn rule_folder(folder: &Path) -> PathBuf {
    std::fs::read_dir(folder)
        .expect("there are rules")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.to_string_lossy().contains("-rulefiles-"))
        .expect("the operator has written rules")
}

fn add_broken_rule(folder: &Path) {
    let text =
        "groups: [{name: extra, interval: 1s, rules: [{alert: Broken, expr: 'up * on () up'}]}]";
    let file = rule_folder(folder).join("extra.yaml");
    std::fs::write(file, text).expect("the folder is ours");
}

fn remove_broken_rule(folder: &Path) {
    std::fs::remove_file(rule_folder(folder).join("extra.yaml")).expect("it was put there");
}

/// Takes one file of rules away, to where the configuration does not look.
fn take_rules_away(folder: &Path) {
    let rules = rule_folder(folder);
    let file = std::fs::read_dir(&rules)
        .expect("there are rules")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.to_string_lossy().contains("kube-state-metrics"))
        .expect("kube-state-metrics has rules");
    let kept = folder.join("kept");
    std::fs::create_dir_all(&kept).expect("the folder is ours");
    let name = file.file_name().expect("files have names");
    std::fs::rename(&file, kept.join(name)).expect("the folder is ours");
}

fn put_rules_back(folder: &Path) {
    let kept = std::fs::read_dir(folder.join("kept")).expect("it was made");
    for file in kept.flatten() {
        let place = rule_folder(folder).join(file.file_name());
        std::fs::rename(file.path(), place).expect("the folder is ours");
    }
}

#[test]
fn whoever_may_not_look_is_told() {
    let installed = Installed::shared();
    let nobody = installed.cluster.user("blind", None);
    let arguments = [
        "status",
        "stack.yaml",
        "--kubeconfig",
        nobody.to_str().expect("a plain name"),
    ];
    let output = kpbuild_tests::kpbuild::run(installed.folder.path(), &arguments);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("forbidden"), "{err}");
}
