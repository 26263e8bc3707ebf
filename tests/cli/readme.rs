//! The README's console blocks do what they show.

use std::fs;

use kpbuild_tests::kpbuild::checkout;

use super::transcript::{Setting, commands};

/// The stack that the README's error is about.
const WRONG: &str = "kind: Stack\nname: prod-eu\nnamespace: monitoring\ncomponents:\n  prometheus:\n    replica: 3\n";

#[test]
fn console_blocks_print_what_they_show() {
    let readme =
        fs::read_to_string(checkout().join("README.md")).expect("the checkout has a README");
    let folder = tempfile::tempdir().expect("a folder for the commands");
    let setting = Setting::new(folder.path());
    let mut checked = 0;
    for block in blocks(&readme, "console").filter(|block| !block.contains("cargo test")) {
        let block = block.replace("cargo run --release --package kpbuild --", "kpbuild");
        if block.contains("replica`") {
            fs::write(folder.path().join("stack.yaml"), WRONG).expect("there is room");
        }
        let shown: String = commands(&block)
            .iter()
            .map(|command| setting.run(command))
            .collect();
        assert_eq!(without_exit_codes(&shown), block);
        checked += 1;
    }
    assert_eq!(checked, 3, "every console block is run");
}

#[test]
fn console_blocks_of_pages_print_what_they_show() {
    for name in ["access.md", "import.md"] {
        run_console_block(&page(name));
    }
}

/// Runs the one console block of a page.
fn run_console_block(page: &str) {
    let folder = tempfile::tempdir().expect("a folder for the commands");
    let setting = Setting::new(folder.path());
    for block in blocks(page, "console") {
        let shown: String = commands(block)
            .iter()
            .map(|command| setting.run(command))
            .collect();
        assert_eq!(without_exit_codes(&shown).trim_end(), block.trim_end());
    }
    assert_eq!(
        blocks(page, "console").count(),
        1,
        "every console block is run"
    );
}

/// What people copy from the pages is YAML, and objects are whole.
#[test]
fn yaml_blocks_of_the_pages_can_be_read() {
    let pages = [page("access.md"), page("gitops.md")];
    let found = pages.iter().flat_map(|page| blocks(page, "yaml"));
    let documents = found.flat_map(|block| block.split("---\n"));
    let mut objects = 0;
    for document in documents {
        let value = kpbuild_core::yaml::read(document)
            .unwrap_or_else(|error| panic!("{error}\n{document}"));
        if document.contains("apiVersion:") {
            assert!(value["metadata"]["name"].is_string(), "{document}");
            objects += 1;
        }
    }
    assert_eq!(objects, 5, "every object is looked at");
}

pub(crate) fn page(name: &str) -> String {
    let path = checkout().join("crates/kpbuild/docs").join(name);
    fs::read_to_string(path).expect("the checkout has the page")
}

/// The whole stack that the README shows is a stack.
#[test]
fn the_stack_of_the_readme_renders() {
    let readme =
        fs::read_to_string(checkout().join("README.md")).expect("the checkout has a README");
    let folder = tempfile::tempdir().expect("a folder for the stack");
    let stack = blocks(&readme, "yaml")
        .next()
        .expect("the README shows a stack");
    fs::write(folder.path().join("stack.yaml"), stack).expect("there is room");
    let shown = Setting::new(folder.path()).run("kpbuild render stack.yaml -o out");
    assert!(
        shown.ends_with("written, 0 unchanged, 0 removed)\n"),
        "{shown}"
    );
}

pub(crate) fn blocks<'a>(text: &'a str, language: &str) -> impl Iterator<Item = &'a str> {
    let fence = format!("```{language}\n");
    let starts: Vec<usize> = text
        .match_indices(&fence)
        .map(|(at, fence)| at + fence.len())
        .collect();
    starts
        .into_iter()
        .map(|start| &text[start..start + text[start..].find("```").expect("blocks are closed")])
}

fn without_exit_codes(shown: &str) -> String {
    shown
        .lines()
        .filter(|line| !line.starts_with("[exit "))
        .fold(String::new(), |text, line| text + line + "\n")
}
