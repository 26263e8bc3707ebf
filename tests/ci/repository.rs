//! A git repository as a user of kpbuild has it, made anew for each test: two stacks, a dashboard, rule tests, and a branch
//! for each typical change.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use kpbuild_tests::kpbuild;
use tempfile::TempDir;

/// Commits are the same in every run, so that reports can be kept.
const DATE: &str = "2026-01-01T00:00:00Z";

pub(super) struct Repository {
    folder: TempDir,
    cache: TempDir,
    /// Another repository, from which a mixin is vendored, and the configuration by which git finds it.
    remotes: TempDir,
}

/// The mixin as users name it; git is led to the folder of this test instead.
const MIXIN: &str = "git.example.com/team/mixins/shop";

impl Repository {
    /// A repository with the stacks on `main`.
    pub(super) fn new() -> Self {
        let folder = || tempfile::tempdir().expect("the system has a folder for temporary files");
        let repository = Self {
            folder: folder(),
            cache: folder(),
            remotes: folder(),
        };
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        for (name, text) in FILES {
            repository.write(name, text);
        }
        repository.commit("main");
        repository
    }

    /// The same, with a vendored mixin in the stack `staging`.
    pub(super) fn with_mixin() -> Self {
        let repository = Self::new();
        let remotes = repository.remotes.path();
        let config = format!(
            "[url \"file://{}/\"]\n  insteadOf = https://git.example.com/\n",
            remotes.display()
        );
        fs::write(remotes.join("gitconfig"), config).expect("there is room");
        repository.release_mixin(1);
        let package = format!("{MIXIN}@main");
        repository.done(&["mixin", "add", &package, "--dir", "stacks"]);
        repository.replace(
            "stacks/staging.yaml",
            "rules:\n",
            "mixins:\n- path: shop/mixin.libsonnet\nrules:\n",
        );
        repository.commit("a mixin");
        repository
    }

    /// Puts a newer mixin, with another threshold, into the repository that it comes from.
    pub(super) fn release_mixin(&self, threshold: u32) {
        let folder = self.remotes.path().join("team/mixins.git");
        if !folder.exists() {
            fs::create_dir_all(folder.join("shop")).expect("it can be made");
            git(&folder, &["init", "--quiet", "--initial-branch", "main"]);
        }
        let mixin = format!(
            "{{ prometheusAlerts+:: {{ groups: [{{ name: 'shop', rules: [{{ alert: 'ShopSlow', expr: 'shop_latency > {threshold}', labels: {{ severity: 'warning' }} }}] }}] }} }}\n"
        );
        fs::write(folder.join("shop/mixin.libsonnet"), mixin).expect("there is room");
        git(&folder, &["add", "."]);
        git(&folder, &["commit", "--quiet", "--message", "release"]);
    }

    /// Runs a command of kpbuild that succeeds.
    pub(super) fn done(&self, arguments: &[&str]) {
        let output = self.kpbuild(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
        fs::write(path, text).expect("there is room");
    }

    /// Replaces a text that is there once.
    pub(super) fn replace(&self, name: &str, from: &str, to: &str) {
        let path = self.folder().join(name);
        let text = fs::read_to_string(&path).expect("it is there");
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {name}");
        self.write(name, &text.replace(from, to));
    }

    pub(super) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    /// A new branch from `main`, with a change.
    pub(super) fn branch(&self, name: &str, change: impl FnOnce(&Self)) {
        self.git(&["checkout", "--quiet", "-b", name, "main"]);
        change(self);
        self.commit(name);
    }

    /// Runs kpbuild as a CI system would; it finds git and promtool.
    pub(super) fn kpbuild(&self, arguments: &[&str]) -> Output {
        let promtool = kpbuild_tests::tools::path(kpbuild_tests::tools::Tool::Promtool);
        Command::new(kpbuild::path())
            .args(arguments)
            .current_dir(self.folder())
            .env_clear()
            .env("PATH", kpbuild::search_path(&promtool))
            .env("KPBUILD_CACHE", self.cache.path())
            .env("XDG_CACHE_HOME", self.cache.path())
            .env("GIT_CONFIG_GLOBAL", self.remotes.path().join("gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("kpbuild was built and can be run")
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        git(self.folder(), arguments)
    }
}

/// Runs git in a folder; commits are always of one moment and one person.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=test", "-c", "user.email=test@example.com"])
        .args(["-c", "core.autocrlf=false", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_AUTHOR_DATE", DATE)
        .env("GIT_COMMITTER_DATE", DATE)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git is there");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const FILES: &[(&str, &str)] = &[
    (
        "stacks/prod.yaml",
        "\
kind: Stack
name: prod
namespace: monitoring
cluster:
  platform: kubeadm
components:
  prometheus:
    replicas: 2
  alertmanager:
    config:
      route:
        receiver: team
      receivers:
      - name: team
        slack_configs:
        - api_url: https://example.com/one-secret
  grafana:
    version: 13.0.2
  blackbox-exporter:
    enabled: true
rules:
  tests:
  - ../tests/rules.yaml
dashboards:
  files:
  - ../dashboards/*.jsonnet
overlays:
- ../overlays/prod.jsonnet
",
    ),
    (
        "overlays/prod.jsonnet",
        "\
{
  prometheus+: {
    service+: { metadata+: { labels+: { team: 'shop' } } },
  },
}
",
    ),
    (
        "stacks/staging.yaml",
        "\
kind: Stack
name: staging
namespace: monitoring
rules:
  tests:
  - ../tests/rules.yaml
dashboards:
  files:
  - ../dashboards/*.jsonnet
",
    ),
    (
        "dashboards/shop.jsonnet",
        "\
local panels = import '../lib/panels.libsonnet';
{
  title: 'Shop',
  uid: 'shop',
  schemaVersion: 42,
  time: { from: 'now-1h', to: 'now' },
  templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus' }] },
  panels: [panels.series('Memory', 'sum(container_memory_working_set_bytes{namespace=\"shop\"})')],
}
",
    ),
    (
        "lib/panels.libsonnet",
        "\
{
  series(title, expr):: {
    title: title,
    description: title,
    type: 'timeseries',
    datasource: { type: 'prometheus', uid: '${datasource}' },
    gridPos: { x: 0, y: 0, w: 24, h: 8 },
    fieldConfig: { defaults: { unit: 'bytes' }, overrides: [] },
    targets: [{ expr: expr, refId: 'A' }],
  },
}
",
    ),
    (
        "tests/rules.yaml",
        "\
tests:
- interval: 1m
  input_series:
  - series: 'up{job=\"node-exporter\", namespace=\"monitoring\", service=\"node-exporter\", instance=\"a\"}'
    values: '0x30'
  alert_rule_test:
  - alertname: TargetDown
    eval_time: 5m
    exp_alerts: []
",
    ),
];
