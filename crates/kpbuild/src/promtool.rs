//! Runs promtool on tests of rules and reads what it found.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use roxmltree::{Document, Node};
use serde_json::{Value, json};

/// A file of tests with the rules that they are about.
#[derive(Debug)]
pub(crate) struct Suite {
    /// The file, as the user knows it.
    pub(crate) file: String,
    /// Everything of the file but its tests.
    pub(crate) settings: Value,
    /// The rules, as a rule file.
    pub(crate) rules: Value,
    /// The tests.
    pub(crate) cases: Vec<Case>,
}

/// One test.
#[derive(Debug)]
pub(crate) struct Case {
    /// What it is about.
    pub(crate) name: String,
    /// Its line in the file.
    pub(crate) line: usize,
    /// The alerts and records that it checks.
    pub(crate) rules: BTreeSet<String>,
    /// The test, as promtool takes it.
    pub(crate) test: Value,
    /// Why it is not run, if it is not.
    pub(crate) skipped: Option<String>,
}

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As expected.
    Passed,
    /// Not as expected; what was expected and what came instead.
    Failed(String),
    /// Not run, and why.
    Skipped(String),
}

/// A promtool that can be run.
#[derive(Debug)]
pub(crate) struct Promtool {
    program: PathBuf,
}

impl Promtool {
    /// The promtool that the user names, or the one on the PATH.
    pub(crate) fn find(named: Option<&Path>) -> anyhow::Result<Self> {
        let program = match named {
            Some(path) if path.is_file() => path.to_owned(),
            Some(path) => bail!("there is no program `{}`", path.display()),
            None => which::which("promtool").ok().context(
                "promtool is not on the PATH: it comes with Prometheus' releases, \
                 or from `go install github.com/prometheus/prometheus/cmd/promtool@latest`; \
                 name one that lies elsewhere with --promtool",
            )?,
        };
        Ok(Self { program })
    }

    /// Runs all tests that are not skipped; the outcomes come in their order.
    pub(crate) fn run(&self, suites: &[Suite]) -> anyhow::Result<Vec<Vec<Outcome>>> {
        let folder = tempfile::tempdir().context("cannot make a folder for promtool's files")?;
        let mut files = Vec::new();
        for (index, suite) in suites.iter().enumerate() {
            files.push(write_suite(folder.path(), index, suite)?);
        }
        let report = folder.path().join("report.xml");
        let output = Command::new(&self.program)
            .args(["test", "rules", "--junit"])
            .arg(&report)
            .args(&files)
            .output()
            .with_context(|| format!("cannot run `{}`", self.program.display()))?;
        let text = std::fs::read_to_string(&report).unwrap_or_default();
        let said = String::from_utf8_lossy(&output.stderr);
        if text.is_empty() {
            bail!(
                "`{}` gave no report: {}",
                self.program.display(),
                said.trim()
            );
        }
        let report = Document::parse(&text)
            .with_context(|| format!("cannot read the report of `{}`", self.program.display()))?;
        suites
            .iter()
            .zip(&files)
            .map(|(suite, file)| outcomes(suite, file, &report, &said))
            .collect()
    }
}

/// Writes a suite's rules and tests. JSON is YAML, and needs no care for quotes.
fn write_suite(folder: &Path, index: usize, suite: &Suite) -> anyhow::Result<PathBuf> {
    let write = |name: String, value: &Value| -> anyhow::Result<PathBuf> {
        let path = folder.join(name);
        let mut file = std::fs::File::create(&path)
            .with_context(|| format!("cannot create `{}`", path.display()))?;
        file.write_all(value.to_string().as_bytes())
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        Ok(path)
    };
    let rules = write(format!("{index}-rules.json"), &suite.rules)?;
    let tests: Vec<Value> = suite
        .cases
        .iter()
        .filter(|case| case.skipped.is_none())
        .map(|case| {
            let mut test = case.test.clone();
            test["name"] = json!(case.name);
            test
        })
        .collect();
    let mut file = suite.settings.clone();
    file["rule_files"] = json!([rules]);
    file["tests"] = json!(tests);
    write(format!("{index}-tests.json"), &file)
}

/// The outcomes of one file: promtool's JUnit report has its tests in their order.
fn outcomes(
    suite: &Suite,
    file: &Path,
    report: &Document<'_>,
    said: &str,
) -> anyhow::Result<Vec<Outcome>> {
    let ran = suite
        .cases
        .iter()
        .filter(|case| case.skipped.is_none())
        .count();
    let reported: Vec<Node<'_, '_>> = report
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .filter(|case| {
            case.parent()
                .and_then(|suite| suite.attribute("name"))
                .map(Path::new)
                == Some(file)
        })
        .collect();
    if reported.len() != ran {
        bail!("promtool cannot read `{}`: {}", suite.file, said.trim());
    }
    let mut reported = reported.into_iter();
    Ok(suite
        .cases
        .iter()
        .map(|case| match &case.skipped {
            Some(reason) => Outcome::Skipped(reason.clone()),
            None => outcome(reported.next().expect("the numbers were compared")),
        })
        .collect())
}

fn outcome(case: Node<'_, '_>) -> Outcome {
    match case
        .children()
        .find(|child| child.has_tag_name("failure") || child.has_tag_name("error"))
    {
        Some(failure) => Outcome::Failed(failure.text().unwrap_or_default().to_owned()),
        None => Outcome::Passed,
    }
}
