//! The command line as a user meets it: what is printed where, and the exit code. A transcript is a text file of commands
//! and their output, in the form in which they would stand in a terminal.

mod check;
pub(crate) mod readme;
mod stacks;
mod transcript;

use std::path::Path;

use kpbuild_tests::kpbuild;

/// Runs every `*.transcript` in this folder. `INSTA_UPDATE=always` writes what is printed now.
#[test]
fn transcripts() {
    insta::glob!("*.transcript", |path| {
        let text = std::fs::read_to_string(path).expect("the transcript was just found");
        let commands = transcript::commands(&text);
        let folder = tempfile::tempdir().expect("a folder for the transcript");
        let setting = transcript::Setting::new(folder.path());
        let shown: String = commands
            .iter()
            .map(|command| setting.run(command))
            .collect();
        insta::assert_snapshot!(shown);
    });
}

#[test]
fn every_example_is_a_starting_point() {
    let folder = std::fs::read_dir(kpbuild::checkout().join("stacks")).expect("it is there");
    let paths = folder.map(|entry| entry.expect("a folder lists its entries").path());
    let name = |path: &Path| {
        path.file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
    };
    let mut files: Vec<String> = paths.filter_map(|path| name(&path)).collect();
    files.sort();
    let output = kpbuild::run(kpbuild::checkout(), &["init", "--list"]);
    let listed = String::from_utf8(output.stdout).expect("kpbuild prints UTF-8");
    let names: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(names, files);
}

/// A reader who has seen enough is no error; a full disk is one.
#[test]
fn what_cannot_be_written_is_said() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        kpbuild_tests::tools::progress(
            "SKIPPED what_cannot_be_written_is_said: this system has no /dev/full",
        );
        return;
    }
    let output = std::process::Command::new(kpbuild::path())
        .arg("schema")
        .current_dir(kpbuild::checkout())
        .stdout(
            std::fs::File::options()
                .write(true)
                .open(full)
                .expect("it is there"),
        )
        .output()
        .expect("kpbuild can be run");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: cannot write to stdout\n  because: No space left on device (os error 28)\n"
    );
}
