//! A stack in a test cluster, and what `kpbuild` and `kubectl` say about it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Once;

use kpbuild_tests::cluster::Cluster;
use kpbuild_tests::kpbuild;
use tempfile::TempDir;

/// A stack of a test's own, in a namespace of its own.
pub(super) struct Stack<'a> {
    pub(super) cluster: &'a Cluster,
    /// Of the stack and of its namespace.
    pub(super) name: String,
    pub(super) folder: TempDir,
    /// By which `kpbuild` finds the cluster.
    pub(super) kubeconfig: PathBuf,
}

/// Grafana alone: an object of each phase but definitions and instances, and none outside of its namespace.
pub(super) const SMALL: &str = "  alertmanager: {enabled: false}
  blackbox-exporter: {enabled: false}
  kube-state-metrics: {enabled: false}
  kubernetes: {enabled: false}
  node-exporter: {enabled: false}
  prometheus: {enabled: false}
  prometheus-adapter: {enabled: false}
  prometheus-operator: {enabled: false}
";

impl<'a> Stack<'a> {
    /// In the shared cluster, which has the operator's definitions.
    pub(super) fn small(prefix: &str) -> Stack<'static> {
        static DEFINITIONS: Once = Once::new();
        let cluster = Cluster::shared();
        DEFINITIONS.call_once(|| cluster.install_definitions());
        let stack = Stack::in_cluster(cluster, Cluster::unique(prefix));
        stack.write(SMALL);
        stack
    }

    pub(super) fn in_cluster(cluster: &'a Cluster, name: String) -> Self {
        Self {
            cluster,
            name,
            folder: tempfile::tempdir().expect("a folder for the stack"),
            kubeconfig: cluster.kubeconfig().to_owned(),
        }
    }

    /// Writes the stack file, with these components.
    pub(super) fn write(&self, components: &str) {
        let text = format!(
            "kind: Stack\nname: {0}\nnamespace: {0}\ncomponents:\n{components}",
            self.name
        );
        std::fs::write(self.folder.path().join("stack.yaml"), text).expect("the folder is ours");
    }

    /// Runs a subcommand on the stack file.
    pub(super) fn run(&self, arguments: &[&str]) -> Run {
        let kubeconfig = self
            .kubeconfig
            .to_str()
            .expect("temporary folders have plain names");
        let (verb, rest) = arguments.split_first().expect("a subcommand");
        let all = [&[*verb, "stack.yaml", "--kubeconfig", kubeconfig][..], rest].concat();
        Run::of(&kpbuild::run(self.folder.path(), &all))
    }

    /// Applies and expects success.
    pub(super) fn apply(&self, arguments: &[&str]) -> Run {
        self.run(&[&["apply", "--yes"][..], arguments].concat())
            .expect(0)
    }

    /// Starts an apply that the test ends or waits for.
    pub(super) fn start_apply(&self) -> Child {
        Command::new(kpbuild::path())
            .args(["apply", "stack.yaml", "--yes", "--kubeconfig"])
            .arg(&self.kubeconfig)
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kpbuild was built and can be run")
    }

    /// What the stack renders to, as one stream of YAML.
    pub(super) fn rendered(&self) -> String {
        let rendered = Run::of(&kpbuild::run(self.folder.path(), &["render", "stack.yaml"]));
        rendered.expect(0).out
    }

    /// Runs kubectl in the stack's namespace.
    pub(super) fn kubectl(&self, arguments: &[&str]) -> String {
        self.cluster
            .kubectl([&["-n", self.name.as_str()], arguments].concat())
    }

    /// The identity of the stack's set, as its namespace or a Secret in it carries it.
    pub(super) fn set(&self) -> String {
        let path = "jsonpath={.metadata.labels.applyset\\.kubernetes\\.io/part-of}";
        self.kubectl(&["get", "namespace", &self.name, "-o", path])
    }

    /// Makes the namespace, as somebody would before they install something.
    pub(super) fn create_namespace(&self) {
        self.cluster.kubectl(["create", "namespace", &self.name]);
    }
}

/// Kinds without a status that controllers write.
pub(super) const QUIET: &str = "configmap,secret,service,serviceaccount,networkpolicy,servicemonitor,prometheusrule,\
                                clusterrole,clusterrolebinding,role,rolebinding";

/// What carries the mark of a set of objects and is nobody's child, in all namespaces.
pub(super) fn members(stack: &Stack<'_>) -> BTreeSet<String> {
    let kinds = format!(
        "{QUIET},deployment,daemonset,prometheus,alertmanager,poddisruptionbudget,apiservice,crd,namespace"
    );
    let label = format!("applyset.kubernetes.io/part-of={}", stack.set());
    let columns = "custom-columns=:.kind,:.metadata.namespace,:.metadata.name,:.metadata.ownerReferences[0].kind";
    let list = stack.kubectl(&["get", &kinds, "-A", "-l", &label, "-o", columns]);
    let words = list
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    words
        .filter(|words| words.last() == Some(&"<none>"))
        .map(|words| words[..3].join(" "))
        .collect()
}

/// How a run ended.
pub(super) struct Run {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

impl Run {
    pub(super) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub(super) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(super) fn says(&self, text: &str) {
        let found = self.out.contains(text) || self.err.contains(text);
        assert!(found, "`{text}` is not in:\n{}\n{}", self.out, self.err);
    }

    #[track_caller]
    pub(super) fn does_not_say(&self, text: &str) {
        let found = self.out.contains(text) || self.err.contains(text);
        assert!(!found, "`{text}` is in:\n{}\n{}", self.out, self.err);
    }
}
