//! Which stacks a run is about: files, and all stacks below folders, on either
//! side, so that a stack that was removed is not forgotten.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::bail;

use kpbuild_stack::Glance;

use crate::files::Files;

/// The stacks that arguments stand for. Without arguments they are those of the
/// folder `stacks`, or else of the current folder.
pub(crate) fn stacks(
    arguments: &[PathBuf],
    head: &Files,
    base: &Files,
) -> anyhow::Result<Vec<PathBuf>> {
    let usual = [PathBuf::from("stacks"), PathBuf::new()];
    let arguments = if arguments.is_empty() {
        let is_there = |path: &&PathBuf| head.is_folder(path) || base.is_folder(path);
        let found = usual.iter().find(is_there);
        std::slice::from_ref(found.unwrap_or(&usual[1]))
    } else {
        arguments
    };
    let mut stacks = Vec::new();
    for argument in arguments {
        let found: BTreeSet<PathBuf> = if head.is_folder(argument) || base.is_folder(argument) {
            let mut found = below(argument, head);
            found.extend(below(argument, base));
            found
        } else if head.exists(argument) || base.exists(argument) {
            BTreeSet::from([argument.clone()])
        } else {
            // Says which file was probably meant.
            crate::load::read(head, &mut kpbuild_core::SourceMap::default(), argument)?;
            continue;
        };
        if found.is_empty() {
            bail!(
                "there is no stack in `{}`: a stack file ends in `.yaml` and has a line `kind: Stack`",
                if argument.as_os_str().is_empty() {
                    Path::new(".")
                } else {
                    argument
                }
                .display()
            );
        }
        // `./a.yaml` and `a.yaml` are one file, and annotations need the latter.
        let found = found
            .iter()
            .map(|path| path.strip_prefix(".").unwrap_or(path).to_owned());
        let known: Vec<PathBuf> = stacks.clone();
        stacks.extend(found.filter(|path| !known.contains(path)));
    }
    Ok(stacks)
}

/// The stack files below a folder, but for those of others in `vendor`.
pub(crate) fn below(folder: &Path, files: &Files) -> BTreeSet<PathBuf> {
    let all = ["**/*.yaml", "**/*.yml"].iter().flat_map(|pattern| {
        files
            .matching(folder, pattern)
            .expect("the patterns are right")
    });
    let is_ours = |path: &PathBuf| {
        let inside = path.strip_prefix(folder).unwrap_or(path);
        !inside.iter().any(|name| name == "vendor")
    };
    let is_stack = |path: &PathBuf| {
        let text = files.text(path).ok().flatten();
        text.is_some_and(|text| says_that_it_is_a_stack(&text) || is_meant_as_one(&text))
    };
    all.filter(is_ours).filter(is_stack).collect()
}

/// Whether a file without that line is hardly anything else than a stack: what is
/// wrong with it is then said, instead of passing it over.
fn is_meant_as_one(text: &str) -> bool {
    let mut sources = kpbuild_core::SourceMap::default();
    let file = sources.add("", text);
    matches!(kpbuild_stack::glance(&sources, file), Glance::Stack { .. })
}

/// Whether a line at the top level is `kind: Stack`: a stack that is broken
/// elsewhere is still one.
fn says_that_it_is_a_stack(text: &str) -> bool {
    text.lines().any(|line| {
        let value = line.strip_prefix("kind:").map(|value| {
            let value = value.split(" #").next().unwrap_or_default();
            value.trim().trim_matches(['"', '\''])
        });
        value == Some("Stack")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_says_that_it_is_one() {
        assert!(says_that_it_is_a_stack("# x\nkind: Stack\nname: a\n"));
        assert!(says_that_it_is_a_stack("name: [\nkind: 'Stack' # yes\r\n"));
        assert!(!says_that_it_is_a_stack("kind: StackBase\n"));
        assert!(!says_that_it_is_a_stack("x:\n  kind: Stack\n"));
    }

    #[test]
    fn stacks_of_both_sides_are_found() {
        let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
            std::fs::write(path, text).expect("there is room");
        };
        write("a.yaml", "kind: Stack\n");
        write("deep/b.yml", "kind: Stack\n");
        write("vendor/c.yaml", "kind: Stack\n");
        write("values.yaml", "kind: Other\n");
        let files = Files::default();
        let found = stacks(&[folder.path().to_owned()], &files, &files).expect("there are some");
        let names: Vec<_> = found
            .iter()
            .map(|path| path.strip_prefix(folder.path()).expect("it is below"))
            .collect();
        assert_eq!(names, [Path::new("a.yaml"), Path::new("deep/b.yml")]);
        let none = folder.path().join("vendor");
        write("empty/x.yaml", "kind: Other\n");
        assert_eq!(
            stacks(&[none], &files, &files).expect("it is named").len(),
            1
        );
        let error = stacks(&[folder.path().join("empty")], &files, &files).unwrap_err();
        assert!(
            error.to_string().starts_with("there is no stack in"),
            "{error}"
        );
    }
}
