//! `kpbuild import`: the manifests of an installation, or the values of a chart,
//! become a stack file.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use kpbuild_core::node::{NodeKind, read_documents};
use kpbuild_core::{Diagnostics, SourceMap, Style};

use crate::cli::Import;
use crate::exit::Exit;
use crate::files::Files;
use crate::import::{self, Given, Imported, SideFile};
use crate::plan_report::{self, Changes, Detail};
use crate::terminal::Terminal;
use crate::{load, read_manifests};

pub(crate) fn run(arguments: &Import, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let (what, output) = (&arguments.what, &arguments.output);
    anyhow::ensure!(
        output != Path::new("-"),
        "import writes several files: give the name of the stack file with -o"
    );
    refuse_existing(output)?;
    let file = output.file_name().and_then(|name| name.to_str());
    let file = file.with_context(|| format!("`{}` is not a file's name", output.display()))?;
    let mut sources = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let is_there = what.try_exists();
    anyhow::ensure!(
        is_there.with_context(|| format!("cannot read `{}`", what.display()))?,
        "there is no `{}`: give the folder with the manifests, such as that of kube-prometheus, \
         or a values file of kube-prometheus-stack",
        what.display()
    );
    let imported = if what.is_dir() {
        manifests(arguments, file, &mut sources, &mut diagnostics)?
    } else {
        values(arguments, file, &mut sources, &mut diagnostics)?
    };
    terminal.findings(&diagnostics, &sources);
    let Some(imported) = imported else {
        return Ok(Exit::Error);
    };
    write(output, &imported)?;
    for note in &imported.notes {
        terminal.say(&format!("{note}\n"));
    }
    terminal.say(&summary(output, &imported));
    if arguments.diff {
        terminal.data(&difference(&imported, terminal))?;
    }
    Ok(Exit::Done)
}

/// A stack; nothing where what it is made of is wrong.
type Made = Option<Imported>;

/// The stack of the manifests below a folder.
fn manifests(
    arguments: &Import,
    file: &str,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> anyhow::Result<Made> {
    let folder = &arguments.what;
    let namespace = arguments.namespace.as_deref();
    let bundle =
        read_manifests::folder(&Files::default(), folder, namespace, sources, diagnostics)?;
    if diagnostics.errors() > 0 {
        return Ok(None);
    }
    let given = Given::of(&bundle, sources);
    if given.is_empty() {
        bail!(
            "`{}` holds nothing that a stack could be made of",
            folder.display()
        );
    }
    let imported = import::import(&given, &name(arguments), file)?;
    Ok(Some(imported))
}

/// The stack of a values file.
fn values(
    arguments: &Import,
    file: &str,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> anyhow::Result<Made> {
    let path = &arguments.what;
    anyhow::ensure!(
        !arguments.diff,
        "--diff compares manifests with what the stack renders: `{}` is a file of values",
        path.display()
    );
    let read = load::read(&Files::default(), sources, path)?;
    let documents = match read_documents(sources, read) {
        Ok(documents) => documents,
        Err(problem) => {
            diagnostics.push(problem);
            return Ok(None);
        }
    };
    let [document] = documents.as_slice() else {
        bail!(
            "`{}` is no file of values: it holds {} documents",
            path.display(),
            documents.len()
        );
    };
    if document.get("apiVersion").is_some() || !matches!(document.kind, NodeKind::Map(_)) {
        bail!(
            "`{}` is no file of values: manifests are imported by their folder",
            path.display()
        );
    }
    let namespace = arguments.namespace.as_deref();
    let imported = import::values::import(document, sources, &name(arguments), namespace, file)?;
    Ok(Some(imported))
}

/// The stack's name: as it was said, or that of the folder.
fn name(arguments: &Import) -> String {
    let path = &arguments.what;
    let folder = if path.is_dir() {
        path
    } else {
        path.parent().unwrap_or(path)
    };
    let said = arguments.name.clone();
    said.unwrap_or_else(|| {
        name_of(if folder == Path::new("") {
            Path::new(".")
        } else {
            folder
        })
    })
}

/// What applying the stack would change of what was given.
fn difference(imported: &Imported, terminal: &Terminal) -> String {
    let plan = kpbuild_cluster::between(&imported.given, &imported.rendered, &[]);
    let detail = Detail {
        style: if terminal.colours_on_stdout() {
            Style::Colour
        } else {
            Style::Plain
        },
        fields: true,
        lines: None,
        whole: false,
    };
    plan_report::text(&Changes::of_one("", &plan), detail)
}

/// The name of the folder, if it can be that of a stack.
fn name_of(folder: &Path) -> String {
    let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let name = whole.file_name().and_then(|name| name.to_str());
    let label = kpbuild_stack::format::named("dns-label").expect("the format is in the table");
    name.filter(|name| label.check(name).is_ok())
        .unwrap_or("imported")
        .to_owned()
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
    let beside = imported
        .beside
        .iter()
        .map(|file| (folder.join(&file.path), file));
    let all: Vec<(PathBuf, &SideFile)> = beside.chain([(output.to_owned(), &stack)]).collect();
    for (path, _) in &all {
        anyhow::ensure!(
            path.symlink_metadata().is_err(),
            "`{}` exists already: remove it, or choose a stack file in another folder with -o; nothing was written",
            path.display()
        );
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
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let mut staged = staging(file.is_secret)
        .tempfile_in(folder)
        .with_context(failed)?;
    staged
        .write_all(file.text.as_bytes())
        .with_context(failed)?;
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

fn summary(output: &Path, imported: &Imported) -> String {
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
         {measure}",
        stack = output.display(),
        lines = imported.stack.lines().count(),
        measure = imported.measure,
    )
}
