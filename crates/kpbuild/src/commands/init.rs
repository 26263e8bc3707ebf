//! `kpbuild init`: a stack file to start from.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use kpbuild_core::suggest::nearest;

use crate::cli::Init;
use crate::exit::Exit;
use crate::questions;
use crate::terminal::Terminal;

/// Name and text of every file in `stacks/`.
const EXAMPLES: &[(&str, &str)] = &[
    ("aws", include_str!("../../../../stacks/aws.yaml")),
    ("etcd", include_str!("../../../../stacks/etcd.yaml")),
    (
        "kube-prometheus",
        include_str!("../../../../stacks/kube-prometheus.yaml"),
    ),
    (
        "kube-proxy",
        include_str!("../../../../stacks/kube-proxy.yaml"),
    ),
    (
        "metrics-server",
        include_str!("../../../../stacks/metrics-server.yaml"),
    ),
    ("operator", include_str!("../../../../stacks/operator.yaml")),
    ("patches", include_str!("../../../../stacks/patches.yaml")),
    ("pyrra", include_str!("../../../../stacks/pyrra.yaml")),
    (
        "weave-net",
        include_str!("../../../../stacks/weave-net.yaml"),
    ),
    ("windows", include_str!("../../../../stacks/windows.yaml")),
];

pub(crate) fn run(arguments: &Init, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    if arguments.list {
        terminal.data(&list())?;
        return Ok(Exit::Done);
    }
    let path = &arguments.output;
    refuse_existing(path)?;
    let text = match &arguments.example {
        None if terminal.can_ask() => {
            terminal.say("Enter takes what is in brackets.");
            questions::stack_file(&mut |question, default| terminal.ask(question, default))?
        }
        None => example("kube-prometheus")?.to_owned(),
        Some(name) => example(name)?.to_owned(),
    };
    let mut file = match File::create_new(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            refuse_existing(path)?;
            return Err(error).with_context(|| format!("cannot create `{}`", path.display()));
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot create `{}`", path.display()));
        }
    };
    file.write_all(text.as_bytes())
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    terminal.say(&format!(
        "wrote {0}; render it with\n  kpbuild render {0} -o manifests",
        path.display()
    ));
    Ok(Exit::Done)
}

/// Said before anything is asked.
fn refuse_existing(path: &Path) -> anyhow::Result<()> {
    if path.symlink_metadata().is_ok() {
        bail!(
            "`{}` exists already: choose another file with -o, nothing was written",
            path.display()
        );
    }
    Ok(())
}

fn example(name: &str) -> anyhow::Result<&'static str> {
    if let Some((_, text)) = EXAMPLES.iter().find(|(known, _)| *known == name) {
        return Ok(text);
    }
    match nearest(name, EXAMPLES.iter().map(|(known, _)| *known)) {
        Some(near) => bail!("there is no example `{name}`; did you mean `{near}`?"),
        None => bail!("there is no example `{name}`; `kpbuild init --list` lists them"),
    }
}

/// Each example with the sentence that it starts with.
fn list() -> String {
    let mut list = String::new();
    for (name, text) in EXAMPLES {
        let lines = text.lines().map_while(|line| line.strip_prefix("# "));
        let about: Vec<&str> = lines
            .take_while(|line| !line.starts_with("yaml-language-server"))
            .collect();
        writeln!(list, "{name:<20} {}", about.join(" ")).expect("strings grow");
    }
    list
}
