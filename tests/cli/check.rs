//! `kpbuild check` and `kpbuild explain` as users meet them: the page of the check does what it shows, manifests of any
//! origin are read, and reports are what their readers take.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use kpbuild_tests::kpbuild;
use serde_json::Value;

const PAGE: &str = "crates/kpbuild/docs/check.md";

/// The manifests of the default stack, without the definitions, which are the ones that kpbuild has anyway.
fn manifests() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = tempfile::tempdir().expect("a folder for manifests");
            let output = folder.path().join("manifests");
            let output = output.to_str().expect("temporary folders have plain names");
            let rendered = kpbuild::run(
                kpbuild::checkout(),
                &["render", "stacks/kube-prometheus.yaml", "-o", output],
            );
            assert!(rendered.status.success(), "the default stack renders");
            fs::remove_dir_all(Path::new(output).join("setup")).expect("definitions are there");
            folder
        })
        .path()
}

/// A copy of them to break, as `manifests` in a folder of its own.
fn copy(folder: &Path) -> PathBuf {
    let copy = folder.join("manifests");
    let _ = fs::remove_dir_all(&copy);
    fs::create_dir(&copy).expect("there is room");
    for entry in fs::read_dir(manifests().join("manifests")).expect("they were rendered") {
        let path = entry.expect("it can be read").path();
        if path.is_file() {
            let name = path.file_name().expect("files have names");
            fs::copy(&path, copy.join(name)).expect("there is room");
        }
    }
    copy
}

/// What a command prints on both channels.
fn printed(folder: &Path, command: &str) -> String {
    let words: Vec<&str> = command
        .split_whitespace()
        .skip_while(|word| *word != "kpbuild")
        .skip(1)
        .collect();
    let output = kpbuild::run(folder, &words);
    let text = |bytes| String::from_utf8(bytes).expect("kpbuild prints UTF-8");
    text(output.stdout) + &text(output.stderr)
}

/// Every fault of the page is put into the manifests, and every block prints what it shows. With `UPDATE_PAGES=1` the
/// page is written anew.
#[test]
fn the_page_shows_what_is_printed() {
    let path = kpbuild::checkout().join(PAGE);
    let page = fs::read_to_string(&path).expect("the page is there");
    let folder = tempfile::tempdir().expect("a folder for manifests");
    let mut faults: Vec<(String, String, String)> = Vec::new();
    let mut new = String::new();
    // The block about a target stands before the faults and is about the first one.
    let first = fault(
        page.split("```diff\n")
            .nth(1)
            .expect("the page shows faults"),
    );
    faults.push(first);
    let mut parts = page.split("```");
    while let Some(text) = parts.next() {
        new.push_str(text);
        let Some(block) = parts.next() else { break };
        new.push_str("```");
        if let Some(diff) = block.strip_prefix("diff\n") {
            faults.push(fault(diff));
            new.push_str(block);
        } else if let Some(shown) = block.strip_prefix("console\n") {
            let command = shown.lines().next().expect("a block starts with a command");
            let manifests = copy(folder.path());
            let (file, old, now) = faults.last().expect("a fault comes before its block");
            let file = manifests.join(file);
            let text = fs::read_to_string(&file).expect("the file was rendered");
            assert!(
                text.contains(old.as_str()),
                "{old} is in {}",
                file.display()
            );
            fs::write(&file, text.replacen(old.as_str(), now, 1)).expect("there is room");
            new.push_str("console\n");
            new.push_str(command);
            new.push('\n');
            new.push_str(&printed(folder.path(), command.trim_start_matches("$ ")));
        } else {
            new.push_str(block);
        }
        new.push_str("```");
    }
    assert_eq!(faults.len(), 11, "ten faults, and the first one again");
    if is_update() {
        fs::write(&path, &new).expect("the checkout can be written");
    }
    let kept = fs::read_to_string(&path).expect("the page is there");
    assert_eq!(kept, new, "write it anew with UPDATE_PAGES=1");
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are asked by the environment to write what they compare with"
)]
fn is_update() -> bool {
    std::env::var_os("UPDATE_PAGES").is_some()
}

/// A change as `diff` shows it: the file, the old line and the new one.
fn fault(diff: &str) -> (String, String, String) {
    let line = |start: &str| {
        let found = diff.lines().find_map(|line| line.strip_prefix(start));
        found.expect("a diff has a file and two lines").to_owned()
    };
    (line("# manifests/"), line("-"), line("+"))
}

/// Every fault of the page is found as an error or warning, in its file, at a line.
#[test]
fn manifests_have_their_findings_in_their_files() {
    let folder = tempfile::tempdir().expect("a folder for manifests");
    let manifests = copy(folder.path());
    let file = manifests.join("grafana-serviceMonitor.yaml");
    let text = fs::read_to_string(&file).expect("it was rendered");
    fs::write(&file, text.replace("port: http", "port: htpp")).expect("there is room");
    let output = kpbuild::run(
        folder.path(),
        &[
            "check",
            "manifests",
            "--format",
            "json",
            "--only",
            "monitor-port",
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let [finding] = report["findings"].as_array().expect("a list").as_slice() else {
        panic!("one finding: {report}")
    };
    assert_eq!(finding["file"], "manifests/grafana-serviceMonitor.yaml");
    let line = usize::try_from(finding["line"].as_u64().expect("a line")).expect("it is small");
    assert_eq!(text.lines().nth(line - 1), Some("  name: grafana"));
}

/// Our own output has no errors when it is read back, whatever its form.
#[test]
fn rendered_manifests_are_right() {
    let whole = kpbuild::run(
        kpbuild::checkout(),
        &[
            "render",
            "stacks/kube-prometheus.yaml",
            "-o",
            "-",
            "--format",
            "json",
        ],
    );
    assert!(whole.status.success());
    let said = from_stdin(
        &whole.stdout,
        &["--only", "schema", "--only", "monitor-port"],
    );
    assert!(
        said.contains("<stdin>") || said.contains("nothing wrong"),
        "{said}"
    );
    assert!(!said.contains("error"), "{said}");
}

/// What a Helm chart gives: no namespaces, comments of its own, lists, and labels by release.
#[test]
fn the_output_of_a_chart_is_read() {
    let chart = include_bytes!("chart.yaml");
    let said = from_stdin(chart, &["--namespace", "team"]);
    for code in ["monitor-port", "rule-syntax"] {
        assert!(said.contains(&format!("[{code}]")), "{code}: {said}");
    }
    assert!(!said.contains("object-namespace"), "{said}");
    assert!(said.contains("--> <stdin>:"), "{said}");
    let without = from_stdin(chart, &[]);
    assert!(without.contains("object-namespace"), "{without}");
}

/// What `kpbuild check -` prints about a text.
fn from_stdin(text: &[u8], arguments: &[&str]) -> String {
    use std::io::Write as _;
    let mut child = Command::new(kpbuild::path())
        .args(["check", "-"])
        .args(arguments)
        .current_dir(kpbuild::checkout())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kpbuild can be run");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(text).expect("kpbuild reads it");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let read = |bytes| String::from_utf8(bytes).expect("kpbuild prints UTF-8");
    read(output.stdout) + &read(output.stderr)
}

/// Silences, what is external, and their own findings.
#[test]
fn a_stack_file_accepts_findings() {
    let folder = tempfile::tempdir().expect("a folder for the stack");
    let stack = |check: &str| {
        let text = format!(
            "kind: Stack\nname: x\ncomponents:\n  prometheus:\n    storage: {{size: 10Gi, class: fast}}\ncheck:\n{check}"
        );
        fs::write(folder.path().join("stack.yaml"), text).expect("there is room");
        printed(
            folder.path(),
            "kpbuild check stack.yaml --only storage-class --only silence-unused --only silence-unknown-code",
        )
    };
    assert!(stack("  metrics: [x]\n").contains("[storage-class]"));
    assert!(stack("  external: [StorageClass/fast]\n").contains("nothing wrong"));
    let silence = |code: &str, object: &str| {
        format!("  silence:\n  - {{code: {code}, object: {object}, reason: it is there}}\n")
    };
    let silenced = stack(&silence("storage-class", "Prometheus/k8s"));
    assert!(silenced.contains("1 finding silenced"), "{silenced}");
    let unused = stack(&silence("storage-class", "Prometheus/k9s"));
    assert!(unused.contains("[silence-unused]"), "{unused}");
    let unknown = stack(&silence("storage-clas", "Prometheus/k8s"));
    assert!(
        unknown.contains("[silence-unknown-code]")
            && unknown.contains("did you mean `storage-class`?"),
        "{unknown}"
    );
}

/// Wrong questions get an answer that leads on.
#[test]
fn explain_helps_who_asks_wrongly() {
    let stack = "stacks/kube-prometheus.yaml";
    let asked = |command: &str| printed(kpbuild::checkout(), command);
    assert!(
        asked(&format!("kpbuild explain target grafanna {stack}"))
            .contains("did you mean `grafana`?")
    );
    assert!(
        asked(&format!(
            "kpbuild explain rule KubePodCrashLoping --stack {stack}"
        ))
        .contains("did you mean `KubePodCrashLooping`?")
    );
    assert!(
        asked("kpbuild explain field components.prometheus.retenton")
            .contains("did you mean `components.prometheus.retention`?")
    );
    assert!(asked("kpbuild explain monitor-prot").contains("did you mean `monitor-port`?"));
    let rule = asked(&format!("kpbuild explain rule KubePodCrashLooping {stack}"));
    let rule = rule.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "kube-state-metrics",
        "receiver `Default`",
        "which notifies nobody",
    ] {
        assert!(rule.contains(part), "{part}: {rule}");
    }
    let target = asked(&format!("kpbuild explain target kubelet {stack}"));
    assert!(
        target.contains("ok") && !target.contains("BROKEN"),
        "{target}"
    );
    assert!(
        target.lines().all(|line| line.chars().count() <= 80),
        "{target}"
    );
}
