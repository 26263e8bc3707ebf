//! Runs the commands of a transcript. This is not a shell: it knows `kpbuild ...`, `cat FILE`, `ls DIR`, `rm FILE`,
//! `echo TEXT > FILE` and a redirection of stdout, which is what transcripts need.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use kpbuild_tests::kpbuild;

/// The lines after `$ `; a line that ends with a backslash goes on in the next.
pub(super) fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ ") else {
            continue;
        };
        let mut command = command.to_owned();
        while let Some(start) = command.strip_suffix('\\') {
            command = format!("{start}{}", lines.next().unwrap_or_default().trim_start());
        }
        commands.push(command);
    }
    commands
}

/// Where the commands run.
pub(super) struct Setting {
    folder: PathBuf,
}

impl Setting {
    /// A folder with the examples in it.
    pub(super) fn new(folder: &Path) -> Self {
        let stacks = folder.join("stacks");
        fs::create_dir(&stacks).expect("the folder is empty");
        for entry in
            fs::read_dir(kpbuild::checkout().join("stacks")).expect("the checkout has examples")
        {
            let path = entry.expect("the folder can be read").path();
            fs::copy(
                &path,
                stacks.join(path.file_name().expect("files have names")),
            )
            .expect("there is room");
        }
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Runs a command; gives it with what it printed and, unless it is 0, its exit code.
    pub(super) fn run(&self, command: &str) -> String {
        let mut shown = format!("$ {command}\n");
        let (words, target) = match command.split_once(" > ") {
            Some((command, target)) => (command, Some(target.trim())),
            None => (command, None),
        };
        // Quotes are for the shell that this is not; no word of a transcript holds a space.
        let words: Vec<&str> = words
            .split_whitespace()
            .map(|word| word.trim_matches('\''))
            .collect();
        let (stdout, stderr, code) = self.execute(&words);
        match target {
            Some(target) => fs::write(self.folder.join(target), stdout).expect("there is room"),
            None => shown.push_str(&stdout),
        }
        shown.push_str(&stderr);
        if code != 0 {
            writeln!(shown, "[exit {code}]").expect("strings grow");
        }
        shown
    }

    fn execute(&self, words: &[&str]) -> (String, String, i32) {
        let text = |text: String| (text, String::new(), 0);
        match words {
            ["kpbuild", arguments @ ..] => {
                let output = kpbuild::run(&self.folder, arguments);
                let read = |bytes| String::from_utf8(bytes).expect("kpbuild prints UTF-8");
                (
                    read(output.stdout),
                    read(output.stderr),
                    output.status.code().expect("it was not killed"),
                )
            }
            ["cat", file] => {
                text(fs::read_to_string(self.folder.join(file)).expect("the transcript made it"))
            }
            ["echo", words @ ..] => text(words.join(" ").replace("\\n", "\n") + "\n"),
            ["ls", folder] => text(self.list(folder)),
            ["rm", file] => {
                fs::remove_file(self.folder.join(file)).expect("the transcript made it");
                text(String::new())
            }
            other => panic!("a transcript cannot run {other:?}"),
        }
    }

    fn list(&self, folder: &str) -> String {
        let entries = fs::read_dir(self.folder.join(folder)).expect("the transcript made it");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("it can be read")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
                    + "\n"
            })
            .collect();
        names.sort();
        names.concat()
    }
}
