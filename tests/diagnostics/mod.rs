//! Wrong stack files, and what is said about each.
//!
//! A case is a file beside this one: a stack file, a line `# prints:`, and below it, as comments, what `kpbuild` prints.
//! The first line says the mistake. With `UPDATE_DIAGNOSTICS=1` the tests write what is printed into the files, for
//! review in the diff. A case whose first line ends with `(CRLF)` is read with the line ends of Windows.

mod rendered;
mod schema;

use std::fs;
use std::path::{Path, PathBuf};

use kpbuild_core::{Diagnostics, SourceMap, Style};
use kpbuild_tests::kpbuild;

const MARKER: &str = "# prints:\n";

/// A wrong stack file.
pub(crate) struct Case {
    path: PathBuf,
    /// Its file's name, as the diagnostics show it.
    pub(crate) name: String,
    /// The stack file.
    pub(crate) text: String,
    /// What shall be printed.
    prints: String,
}

#[test]
fn every_wrong_file_prints_what_it_says() {
    compare(&cases(), Case::printed);
}

/// Compares what is printed about each case with what the case says.
fn compare(cases: &[Case], printed: impl Fn(&Case) -> String) {
    let mut failures = Vec::new();
    for case in cases {
        let printed = printed(case);
        if printed == case.prints {
            continue;
        }
        if is_update() {
            case.update(&printed);
        } else {
            failures.push(format!("{}:\n{printed}", case.name));
        }
    }
    assert!(
        failures.is_empty(),
        "{} cases print something else than they say; see it with UPDATE_DIAGNOSTICS=1 and git diff:\n\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Logs, narrow terminals and e-mails: what explains a finding fits everywhere.
#[test]
fn explanations_fit_into_80_columns() {
    for case in cases() {
        assert_narrow(&case, &case.printed());
    }
}

fn assert_narrow(case: &Case, printed: &str) {
    let explanations = printed
        .lines()
        .filter(|line| line.contains(" = ") || line.starts_with("     "));
    for line in explanations {
        let width = line.chars().count();
        // A word cannot be broken: it is an expression of the user's or of a rule.
        let words = line.split(' ').map(|word| word.chars().count());
        let longest = words.max().unwrap_or_default();
        assert!(
            width <= 80.max(longest + 12),
            "{}: {width}: {line}",
            case.name
        );
    }
}

/// A message is a phrase: it starts in lower case or with a literal, and has no full stop.
#[test]
fn messages_have_the_form_of_messages() {
    for case in cases() {
        let (_, found) = case.parse();
        assert!(found.errors() > 0, "{} is not wrong", case.name);
        for finding in found.sorted() {
            let help = finding.help.iter().chain(&finding.notes);
            let labels = finding.labels.iter().map(|label| &label.text);
            for text in help.chain(labels).chain([&finding.message]) {
                assert!(!text.ends_with('.'), "{}: {text}", case.name);
                let first = text.split(' ').next().unwrap_or_default();
                let is_sentence = first.starts_with(|c: char| c.is_uppercase())
                    && first != "Kubernetes"
                    && first.chars().any(char::is_lowercase);
                assert!(!is_sentence, "{}: {text}", case.name);
            }
        }
    }
}

/// What is no text at all never becomes a diagnostic.
#[test]
fn a_file_that_is_no_text_is_said_to_be_none() {
    let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
    let bytes = b"kind: Stack\nname: caf\xe9\n";
    fs::write(folder.path().join("latin1.yaml"), bytes).expect("a new file");
    let output = kpbuild::run(folder.path(), &["render", "latin1.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stderr), @"
    error: cannot read `latin1.yaml`
      because: byte 21 is not UTF-8 text; is this a stack file?
    ");
}

/// All cases, in the order of their names.
pub(crate) fn cases() -> Vec<Case> {
    cases_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("diagnostics"))
}

fn cases_in(folder: &Path) -> Vec<Case> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder of cases can be read")
        .map(|entry| entry.expect("a folder lists its entries").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    paths.sort();
    paths.into_iter().map(Case::read).collect()
}

impl Case {
    fn read(path: PathBuf) -> Self {
        let whole = fs::read_to_string(&path).expect("a case is a text");
        let (text, comments) = whole.split_once(MARKER).unwrap_or((&whole, ""));
        let prints = comments
            .lines()
            .map(|line| line.strip_prefix("# ").unwrap_or("").to_owned() + "\n")
            .collect();
        let is_crlf = text
            .lines()
            .next()
            .is_some_and(|line| line.ends_with("(CRLF)"));
        Self {
            name: path
                .file_name()
                .expect("a file has a name")
                .to_string_lossy()
                .into_owned(),
            text: if is_crlf {
                text.replace('\n', "\r\n")
            } else {
                text.to_owned()
            },
            prints,
            path,
        }
    }

    /// What the binary prints about the file, without colours.
    fn printed(&self) -> String {
        let (sources, found) = self.parse();
        let render = |diagnostic: &&kpbuild_core::Diagnostic| {
            let text = diagnostic.render(&sources, Style::Plain);
            let lines: Vec<_> = text.lines().map(str::trim_end).collect();
            lines.join("\n") + "\n"
        };
        let rendered: Vec<String> = found.sorted().iter().map(render).collect();
        rendered.join("\n")
    }

    fn parse(&self) -> (SourceMap, Diagnostics) {
        let mut sources = SourceMap::default();
        let file = sources.add(&self.name, &self.text);
        let mut found = Diagnostics::default();
        let parsed = kpbuild_stack::parse(&sources, file, &mut found);
        assert!(parsed.is_err(), "{} is a stack file", self.name);
        (sources, found)
    }

    fn update(&self, printed: &str) {
        let comments: String = printed
            .lines()
            .map(|line| format!("# {line}").trim_end().to_owned() + "\n")
            .collect();
        let text = self.text.replace("\r\n", "\n");
        fs::write(&self.path, text + MARKER + &comments).expect("a case can be written");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test asks whether it shall rewrite its cases"
)]
fn is_update() -> bool {
    std::env::var_os("UPDATE_DIAGNOSTICS").is_some()
}
