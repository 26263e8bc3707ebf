//! `kpbuild diff`, `apply` and `delete` on a real API server: what is written and what is not, whose fields are taken
//! and whose are not, and that a run may be stopped, killed and repeated.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Once;
use std::time::Duration;

use kpbuild_tests::cluster::{Cluster, Options};
use kpbuild_tests::kpbuild;
use tempfile::TempDir;

/// A stack of a test's own, in a namespace of its own.
struct Stack<'a> {
    cluster: &'a Cluster,
    name: String,
    folder: TempDir,
    kubeconfig: PathBuf,
}

impl<'a> Stack<'a> {
    /// Grafana alone: an object of each phase but definitions and instances, and none outside of its namespace.
    fn small(prefix: &str) -> Stack<'static> {
        static DEFINITIONS: Once = Once::new();
        let cluster = Cluster::shared();
        DEFINITIONS.call_once(|| cluster.install_definitions());
        let stack = Stack::in_cluster(cluster, Cluster::unique(prefix));
        stack.write(SMALL);
        stack
    }

    fn in_cluster(cluster: &'a Cluster, name: String) -> Self {
        Self {
            cluster,
            name,
            folder: tempfile::tempdir().expect("a folder for the stack"),
            kubeconfig: cluster.kubeconfig().to_owned(),
        }
    }

    /// Writes the stack file, with these components.
    fn write(&self, components: &str) {
        let text = format!(
            "kind: Stack\nname: {0}\nnamespace: {0}\ncomponents:\n{components}",
            self.name
        );
        std::fs::write(self.folder.path().join("stack.yaml"), text).expect("the folder is ours");
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let kubeconfig = self
            .kubeconfig
            .to_str()
            .expect("temporary folders have plain names");
        let (verb, rest) = arguments.split_first().expect("a subcommand");
        let all: Vec<&str> = [*verb, "stack.yaml", "--kubeconfig", kubeconfig]
            .iter()
            .chain(rest)
            .copied()
            .collect();
        Run::of(&kpbuild::run(self.folder.path(), &all))
    }

    /// Applies and expects success.
    fn apply(&self, arguments: &[&str]) -> Run {
        let all: Vec<&str> = ["apply", "--yes"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        let run = self.run(&all);
        run.expect(0)
    }

    /// Starts an apply that the test ends or waits for.
    fn start_apply(&self) -> std::process::Child {
        Command::new(kpbuild::path())
            .args(["apply", "stack.yaml", "--yes", "--kubeconfig"])
            .arg(&self.kubeconfig)
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kpbuild was built and can be run")
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        let all = ["-n", &self.name]
            .into_iter()
            .chain(arguments.iter().copied());
        self.cluster.kubectl(all)
    }
}

const SMALL: &str = "  alertmanager: {enabled: false}
  blackbox-exporter: {enabled: false}
  kube-state-metrics: {enabled: false}
  kubernetes: {enabled: false}
  node-exporter: {enabled: false}
  prometheus: {enabled: false}
  prometheus-adapter: {enabled: false}
  prometheus-operator: {enabled: false}
";

/// How a run ended.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }

    fn says(&self, text: &str) {
        let found = self.out.contains(text) || self.err.contains(text);
        assert!(found, "`{text}` is not in:\n{}\n{}", self.out, self.err);
    }
}

#[test]
fn one_command_installs_and_the_next_writes_nothing() {
    let cluster = Cluster::start(&Options::full());
    let stack = Stack::in_cluster(&cluster, "monitoring".to_owned());
    // Pods of the test cluster run nothing, so no aggregated API becomes available.
    stack.write("  prometheus-adapter: {enabled: false}\n");
    stack.apply(&["--timeout", "3m"]);
    for (kind, name) in [("prometheus", "k8s"), ("alertmanager", "main")] {
        let conditions = stack.kubectl(&[
            "get",
            kind,
            name,
            "-o",
            "jsonpath={.status.conditions[*].status}",
        ]);
        assert_eq!(conditions, "True True", "{kind}/{name}");
    }
    stack.run(&["diff"]).expect(0);

    let (versions, before) = (resource_versions(&stack), cluster.requests().len());
    stack.apply(&[]);
    let requests = cluster.requests().split_off(before);
    let ours: Vec<_> = requests
        .iter()
        .filter(|request| request.agent.starts_with("kpbuild/"))
        .collect();
    let writes: Vec<_> = ours.iter().filter(|request| request.is_write()).collect();
    assert!(writes.is_empty(), "{writes:#?}");
    assert!(
        (1..60).contains(&ours.len()),
        "an unchanged apply sends {} requests",
        ours.len()
    );
    assert_eq!(resource_versions(&stack), versions);

    let everything = members(&stack);
    stack.write("  prometheus-adapter: {enabled: false}\n  blackbox-exporter: {enabled: false}\n");
    stack.apply(&[]);
    let gone: Vec<String> = everything.difference(&members(&stack)).cloned().collect();
    assert!(
        gone.iter().all(|name| name.contains("blackbox-exporter")),
        "{gone:?}"
    );
    assert_eq!(gone.len(), 8, "{gone:?}");

    stack.run(&["delete", "--yes"]).expect(0);
    let left = members(&stack);
    let kept = |name: &String| {
        name.starts_with("customresourcedefinition") || name.starts_with("namespace/")
    };
    assert!(left.iter().all(kept), "{left:?}");
    assert_eq!(left.len(), 11, "{left:?}");
    assert_eq!(stack.kubectl(&["get", "secret,lease", "-o", "name"]), "");
}

/// Kinds without a status that controllers write.
const QUIET: &str = "configmap,secret,service,serviceaccount,networkpolicy,servicemonitor,prometheusrule,clusterrole,\
                     clusterrolebinding,role,rolebinding";

fn resource_versions(stack: &Stack<'_>) -> String {
    let columns =
        "custom-columns=:.kind,:.metadata.namespace,:.metadata.name,:.metadata.resourceVersion";
    stack.kubectl(&[
        "get",
        QUIET,
        "-A",
        "-l",
        "applyset.kubernetes.io/part-of",
        "-o",
        columns,
    ])
}

/// What carries the mark of a set of objects and is nobody's child.
fn members(stack: &Stack<'_>) -> BTreeSet<String> {
    let kinds = format!(
        "{QUIET},deployment,daemonset,prometheus,alertmanager,poddisruptionbudget,crd,namespace"
    );
    let names = stack.kubectl(&[
        "get",
        &kinds,
        "-A",
        "-l",
        "applyset.kubernetes.io/part-of",
        "-o",
        "name",
    ]);
    names.lines().map(str::to_owned).collect()
}

#[test]
fn a_change_by_hand_is_seen_and_taken_back_only_by_name() {
    let stack = Stack::small("by-hand");
    stack.apply(&["--no-wait"]);
    let edit = [
        "patch",
        "deployment",
        "grafana",
        "--type=merge",
        "--field-manager=kubectl-edit",
        "-p",
    ];
    stack.kubectl(&[&edit[..], &["{\"spec\":{\"replicas\":3}}"]].concat());

    let diff = stack.run(&["diff"]).expect(2);
    diff.says("scales from 3 to 1 replicas");
    diff.says(".spec.replicas  kubectl-edit  3       1");
    stack.run(&["diff", "--exit-zero"]).expect(0);
    stack.run(&["diff", "--target", "!Deployment/*"]).expect(0);
    stack
        .run(&["apply", "--yes"])
        .expect(1)
        .says("nothing was written");
    assert_eq!(replicas(&stack), "3");

    stack.apply(&["--no-wait", "--take-from", "kubectl-edit"]);
    assert_eq!(replicas(&stack), "1");
    stack.run(&["diff"]).expect(0);
}

fn replicas(stack: &Stack<'_>) -> String {
    stack.kubectl(&[
        "get",
        "deployment",
        "grafana",
        "-o",
        "jsonpath={.spec.replicas}",
    ])
}

#[test]
fn a_changed_secret_is_seen_and_not_shown() {
    let stack = Stack::small("secret");
    stack.apply(&["--no-wait"]);
    let secret = stack.kubectl(&[
        "get",
        "secret",
        "-l",
        "app.kubernetes.io/name=grafana",
        "-o",
        "name",
    ]);
    let secret = secret
        .lines()
        .next()
        .expect("Grafana is configured by a Secret");
    let data = stack.kubectl(&["get", secret, "-o", "jsonpath={.data}"]);
    let key = data.split('"').nth(1).expect("the Secret has a value");
    let patch = format!("{{\"data\":{{\"{key}\":\"c2VjcmV0LXBhc3N3b3Jk\"}}}}");
    stack.kubectl(&[
        "patch",
        secret,
        "--type=merge",
        "--field-manager=thief",
        "-p",
        &patch,
    ]);
    for arguments in [
        &["diff"][..],
        &["diff", "--format", "json"],
        &["diff", "--format", "markdown"],
    ] {
        let diff = stack.run(arguments).expect(2);
        diff.says("*** (before)");
        diff.says("thief");
        let leaked = ["c2VjcmV0LXBhc3N3b3Jk", "secret-password"]
            .iter()
            .any(|text| diff.out.contains(text));
        assert!(!leaked, "{}", diff.out);
    }
}

#[test]
fn an_installation_by_kubectl_is_adopted_by_name() {
    let stack = Stack::small("adopted");
    stack.cluster.kubectl(["create", "namespace", &stack.name]);
    let rendered = kpbuild::run(stack.folder.path(), &["render", "stack.yaml"]);
    let manifests = String::from_utf8(rendered.stdout).expect("manifests are UTF-8");
    stack
        .cluster
        .try_kubectl(["apply", "-f", "-"], &manifests)
        .expect("kubectl applies what is rendered");
    // What kubectl's installation had set and the stack does not say.
    let old = manifests.replace("  replicas: 1\n", "  replicas: 2\n  paused: true\n");
    stack
        .cluster
        .try_kubectl(["apply", "-f", "-"], &old)
        .expect("kubectl applies an older version");

    let refused = stack.run(&["apply", "--yes"]).expect(1);
    refused.says("--take-from kubectl-client-side-apply");
    let managers = [
        "--take-from",
        "kubectl-client-side-apply",
        "--take-from",
        "kubectl-create",
    ];
    stack.apply(&[&["--no-wait"][..], &managers].concat());
    let deployment = stack
        .cluster
        .get(&stack.name, "deployment", "grafana")
        .expect("it was never deleted");
    assert_eq!(deployment["spec"]["replicas"], 1);
    assert_eq!(
        deployment["spec"]["paused"],
        serde_json::Value::Null,
        "what the stack does not say goes"
    );
    let copy =
        &deployment["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"];
    assert!(copy.is_null(), "{copy}");
    stack.run(&["diff"]).expect(0);
}

#[test]
fn what_cannot_change_is_replaced_only_by_name() {
    let stack = Stack::small("replaced");
    stack.cluster.kubectl(["create", "namespace", &stack.name]);
    let other = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: grafana, namespace: NAMESPACE}\nspec:\n  \
                 selector: {matchLabels: {other: label}}\n  template:\n    metadata: {labels: {other: label}}\n    \
                 spec: {containers: [{name: web, image: 'example.com/web:1'}]}\n";
    stack
        .cluster
        .apply(&other.replace("NAMESPACE", &stack.name));
    let take = ["--take-from", "test", "--take-from", "kubectl-create"];
    let refused = stack
        .run(&[&["apply", "--yes", "--no-wait"][..], &take].concat())
        .expect(1);
    refused.says("is deleted and created anew, because `spec.selector` cannot change");
    refused.says("--allow-replace Deployment/grafana");
    let uid = || {
        stack.kubectl(&[
            "get",
            "deployment",
            "grafana",
            "-o",
            "jsonpath={.metadata.uid}",
        ])
    };
    let before = uid();
    stack.apply(
        &[
            &["--no-wait", "--allow-replace", "deployment/grafana"][..],
            &take,
        ]
        .concat(),
    );
    assert_ne!(uid(), before);
    stack.run(&["diff"]).expect(0);
}

#[test]
fn missing_permissions_are_named_before_anything_is_written() {
    let mut stack = Stack::small("restricted");
    stack.cluster.kubectl(["create", "namespace", &stack.name]);
    stack.kubeconfig = stack.cluster.user("bob", None);
    let binding = [
        "create",
        "rolebinding",
        "bob",
        "--clusterrole=edit",
        "--user=bob",
    ];
    stack.kubectl(&binding);
    let run = stack.run(&["apply", "--yes"]).expect(1);
    run.says("nothing was written");
    run.says("`patch` on `servicemonitors.monitoring.coreos.com` in namespace");
    run.says("`patch` on `namespaces` in the whole cluster");
    assert!(
        !run.err.contains("deployments.apps"),
        "what is granted is not missing: {}",
        run.err
    );
    assert_eq!(stack.kubectl(&["get", "deployment", "-o", "name"]), "");
}

#[test]
fn nothing_is_done_without_a_yes_or_in_another_cluster() {
    let stack = Stack::small("careful");
    stack.run(&["apply"]).expect(1).says("add `--yes`");
    assert!(
        stack
            .cluster
            .get("default", "namespace", &stack.name)
            .is_none()
    );
    stack.write(&format!("{SMALL}cluster: {{context: production}}\n"));
    for verb in ["diff", "apply", "delete"] {
        stack
            .run(&[verb])
            .expect(1)
            .says("is for the context `production`, not for `kpbuild-test`");
    }
}

#[test]
fn two_runs_at_once_do_not_mix() {
    let stack = Stack::small("twins");
    let runs: Vec<_> = (0..2).map(|_| stack.start_apply()).collect();
    let ends: Vec<Run> = runs
        .into_iter()
        .map(|run| Run::of(&run.wait_with_output().expect("it ends")))
        .collect();
    assert!(
        ends.iter().any(|run| run.code == Some(0)),
        "{}\n{}",
        ends[0].err,
        ends[1].err
    );
    for run in ends.iter().filter(|run| run.code != Some(0)) {
        let reasons = [
            "is at work on this stack",
            "after the plan was shown",
            "run this again",
        ];
        assert!(
            reasons.iter().any(|reason| run.err.contains(reason)),
            "{}",
            run.err
        );
    }
    stack.apply(&[]);
    stack.run(&["diff"]).expect(0);
}

#[test]
fn a_run_that_was_killed_is_finished_by_the_next() {
    let stack = Stack::small("killed");
    for moment in [5, 120, 300, 500, 800, 1200] {
        let mut run = stack.start_apply();
        std::thread::sleep(Duration::from_millis(moment));
        // One that has ended by itself is as good.
        let _ = run.kill();
        run.wait().expect("it was killed");
    }
    stack.apply(&[]);
    stack.run(&["diff"]).expect(0);
    assert_eq!(stack.kubectl(&["get", "lease", "-o", "name"]), "");
}
