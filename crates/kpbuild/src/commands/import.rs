//! `kpbuild import`: the manifests of an installation become a stack file.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use kpbuild_core::{Diagnostics, SourceMap, Style};

use crate::cli::Import;
use crate::exit::Exit;
use crate::files::Files;
use crate::import::{self, Given, Imported, SideFile};
use crate::plan_report::{self, Changes, Detail};
use crate::read_manifests;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &Import, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let (folder, output) = (&arguments.folder, &arguments.output);
    refuse_existing(output)?;
    anyhow::ensure!(
        folder.is_dir(),
        "there is no folder `{}`: give the one with the manifests, such as that of kube-prometheus",
        folder.display()
    );
    let mut sources = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let bundle = read_manifests::folder(
        &Files::default(),
        folder,
        arguments.namespace.as_deref(),
        &mut sources,
        &mut diagnostics,
    )?;
    terminal.findings(&diagnostics, &sources);
    if diagnostics.errors() > 0 {
        return Ok(Exit::Error);
    }
    let given = Given::of(&bundle, &sources);
    if given.is_empty() {
        bail!(
            "`{}` holds nothing that a stack could be made of",
            folder.display()
        );
    }
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => name_of(folder),
    };
    let file = output.file_name().and_then(|name| name.to_str());
    let file = file.with_context(|| format!("`{}` is not a file's name", output.display()))?;
    let imported = import::import(&given, &name, file)?;
    write(output, &imported)?;
    for note in &imported.notes {
        terminal.say(&format!("{note}\n"));
    }
    terminal.say(&summary(output, folder, &imported));
    if arguments.diff {
        terminal.data(&difference(&given, &imported, &name, terminal))?;
    }
    Ok(Exit::Done)
}

/// What applying the stack would change of what was given.
fn difference(given: &Given, imported: &Imported, name: &str, terminal: &Terminal) -> String {
    let plan = kpbuild_cluster::between(&given.bundle(), &imported.rendered, &[]);
    let detail = Detail {
        style: if terminal.colours_on_stdout() { Style::Colour } else { Style::Plain },
        fields: true,
        lines: None,
        whole: false,
    };
    plan_report::text(&Changes::of_one(name, &plan), detail)
}

/// The name of the folder, if it can be that of a stack.
fn name_of(folder: &Path) -> String {
    let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let name = whole.file_name().and_then(|name| name.to_str());
    let label = kpbuild_stack::format::named("dns-label").expect("the format is in the table");
    name.filter(|name| label.check(name).is_ok()).unwrap_or("imported").to_owned()
}

fn refuse_existing(path: &Path) -> anyhow::Result<()> {
    if path.symlink_metadata().is_ok() {
        bail!(
            "`{}` exists already: choose another file with -o, nothing was written",
            path.display()
        );
    }
    Ok(())
}

/// Writes the stack file and those beside it, all or none; the stack file last,
/// so that it never names what is not there.
fn write(output: &Path, imported: &Imported) -> anyhow::Result<()> {
    let folder = output.parent().unwrap_or(Path::new(""));
    let stack = SideFile {
        path: String::new(),
        text: imported.stack.clone(),
        is_secret: false,
    };
    let beside = imported.beside.iter().map(|file| (folder.join(&file.path), file));
    let all: Vec<(PathBuf, &SideFile)> = beside.chain([(output.to_owned(), &stack)]).collect();
    for (path, _) in &all {
        refuse_existing(path)?;
    }
    let mut written = Vec::new();
    for (path, file) in &all {
        if let Err(error) = write_one(path, file) {
            for path in written {
                // It was not there before.
                let _ = fs::remove_file(path);
            }
            return Err(error);
        }
        written.push(path);
    }
    Ok(())
}

/// Writes a file as a whole: it appears under its name when all of it is there.
fn write_one(path: &Path, file: &SideFile) -> anyhow::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let failed = || format!("cannot write `{}`", path.display());
    fs::create_dir_all(folder).with_context(failed)?;
    let mut staged = staging(file.is_secret).tempfile_in(folder).with_context(failed)?;
    staged.write_all(file.text.as_bytes()).with_context(failed)?;
    match staged.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => refuse_existing(path),
        Err(error) => Err(error.error).with_context(failed),
    }
}

/// Files that are staged are their owner's alone; what holds no Secret is then
/// as open as files of this user are.
#[cfg(unix)]
fn staging(is_secret: bool) -> tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut staging = tempfile::Builder::new();
    staging.prefix(".kpbuild-import-");
    if !is_secret {
        staging.permissions(fs::Permissions::from_mode(0o666));
    }
    staging
}

#[cfg(not(unix))]
fn staging(_: bool) -> tempfile::Builder<'static, 'static> {
    let mut staging = tempfile::Builder::new();
    staging.prefix(".kpbuild-import-");
    staging
}

fn summary(output: &Path, folder: &Path, imported: &Imported) -> String {
    let beside = match imported.beside.as_slice() {
        [] => String::new(),
        files => {
            let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
            format!(", and beside it {}", names.join(", "))
        }
    };
    let secrets = if imported.beside.iter().any(|file| file.is_secret) {
        "\nvalues of Secrets are only in the files called `secret`: keep those out of the repository, or encrypt them"
    } else {
        ""
    };
    let patches = match imported.patches {
        0 => "no patches".to_owned(),
        1 => "1 patch".to_owned(),
        count => format!("{count} patches"),
    };
    format!(
        "wrote {stack} ({lines} lines, {patches}){beside}{secrets}\n\
         {same} of {objects} objects of {given} are rendered as they were given",
        stack = output.display(),
        lines = imported.stack.lines().count(),
        same = imported.same,
        objects = imported.objects,
        given = folder.display(),
    )
}
