//! From a stack file to its objects: reads what the stack file names,
//! then calls the pure stages in their order.

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Bundle, Code, Diagnostic, Diagnostics, FileId, Reported, SourceMap, Span};
use kpbuild_render::dashboards::DashboardFile;
use kpbuild_render::{Cache, Inputs, PatchFile, Session, UserFiles};
use kpbuild_stack::scalar::Label;
use kpbuild_stack::{Stack, StackFile};

use crate::files::Files;
use crate::load;

/// Files that the stack file names and that are not there, or not to be used.
pub(crate) const FILES: Code = Code("stack-files");

/// The endings of mixins and overlays.
const JSONNET: &[&str] = &["jsonnet", "libsonnet"];

/// The endings of dashboards.
const DASHBOARDS: &[&str] = &["json", "jsonnet", "libsonnet"];

/// The ending of templates of notifications.
const TEMPLATES: &[&str] = &["tmpl"];

/// The endings of files of rules and of patches.
const YAML: &[&str] = &["yaml", "yml", "json"];

/// A stack file that was read and compiled, with what there is to say about it.
pub(crate) struct Compiled {
    /// The stack and its objects, unless it is too wrong.
    pub(crate) rendered: Result<(Stack, Bundle), Reported>,
    pub(crate) sources: SourceMap,
    pub(crate) diagnostics: Diagnostics,
}

/// Reads and compiles a stack file. What it names is read from the same view of
/// files.
pub(crate) fn read(files: &Files, path: &Path) -> anyhow::Result<Compiled> {
    read_changed(|_, _| {}, files, path)
}

/// Reads and compiles a stack file as if it named another namespace.
pub(crate) fn read_into(
    namespace: &'static str,
    files: &Files,
    path: &Path,
) -> anyhow::Result<Compiled> {
    let change = |file: &mut StackFile, _: &mut Inputs| {
        file.shape.namespace = Label::literal(namespace);
    };
    read_changed(change, files, path)
}

fn read_changed(
    change: impl FnOnce(&mut StackFile, &mut Inputs),
    files: &Files,
    path: &Path,
) -> anyhow::Result<Compiled> {
    let mut sources = SourceMap::default();
    let file = load::read(files, &mut sources, path)?;
    let mut diagnostics = Diagnostics::default();
    let rendered = changed(change, files, path, file, &mut sources, &mut diagnostics);
    Ok(Compiled {
        rendered,
        sources,
        diagnostics,
    })
}

/// Compiles a stack file that was read from `path`.
pub(crate) fn compile(
    files: &Files,
    path: &Path,
    file: FileId,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Result<(Stack, Bundle), Reported> {
    changed(|_, _| {}, files, path, file, sources, diagnostics)
}

/// Compiles a stack file as [`compile`] does, and says what could be written better.
pub(crate) fn compile_with_advice(
    files: &Files,
    path: &Path,
    file: FileId,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Result<(Stack, Bundle), Reported> {
    let change = |_: &mut StackFile, inputs: &mut Inputs| inputs.advise = true;
    changed(change, files, path, file, sources, diagnostics)
}

/// Compiles a stack file after a change.
fn changed(
    change: impl FnOnce(&mut StackFile, &mut Inputs),
    files: &Files,
    path: &Path,
    file: FileId,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Result<(Stack, Bundle), Reported> {
    let mut file = parse(files, path, file, sources, diagnostics)?;
    let mut inputs = inputs(files, &file, path, sources, diagnostics);
    change(&mut file, &mut inputs);
    let stack = kpbuild_stack::resolve(&file);
    let bundle = kpbuild_render::render(&stack, &inputs, sources, diagnostics)?;
    Ok((stack, bundle))
}

/// Reads the files that a stack file names, which was read from `path`.
pub(crate) fn inputs(
    files: &Files,
    file: &StackFile,
    path: &Path,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Inputs {
    let folder = path.parent().unwrap_or(Path::new(""));
    Inputs {
        files: user_files(files, folder),
        dashboards: dashboards(files, file, sources, diagnostics),
        mixins: mixins(files, file, sources, diagnostics),
        overlays: overlays(files, file, sources, diagnostics),
        rules: rules(files, file, sources, diagnostics),
        templates: templates(files, file, sources, diagnostics),
        patches: patches(files, file, sources, diagnostics),
        advise: false,
        session: SESSION.with(|session| Session::clone(session)),
    }
}

/// What all stacks of a run have in common.
static CACHE: LazyLock<Cache> = LazyLock::new(Cache::default);

thread_local! {
    /// The interpreter of this thread. It is never dropped: a thread that ends
    /// drops the interpreter's list of values first, and values that are dropped
    /// after it write into memory that is free by then.
    static SESSION: ManuallyDrop<Session> = ManuallyDrop::new(Session::new(&CACHE));
}

/// Frees what this thread's interpreter has left behind, between two stacks.
pub(crate) fn collect_garbage() {
    SESSION.with(|session| session.collect_garbage());
}

/// Reads a stack file and those that it extends.
pub(crate) fn parse(
    files: &Files,
    path: &Path,
    file: FileId,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Result<StackFile, Reported> {
    let mut bases = load::Bases::of(files, path, file);
    let mut read = |sources: &mut SourceMap, path: &str| bases.read(sources, path);
    kpbuild_stack::parse_with_bases(sources, file, &mut read, diagnostics)
}

/// The folder that paths in a field are relative to: that of the file which
/// holds the field, the stack file or one that it extends.
pub(crate) fn folder_of(file: &StackFile, field: &[&str], sources: &SourceMap) -> PathBuf {
    let path = Path::new(&sources.file(file.file_of(field)).name);
    path.parent().unwrap_or(Path::new("")).to_owned()
}

/// Reads the files of rule tests that a stack names; those that are missing are
/// findings. The stack is one that compiles.
pub(crate) fn rule_tests(
    files: &Files,
    path: &Path,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<FileId> {
    let Some(file) = sources.find(&path.display().to_string()) else {
        return Vec::new();
    };
    // What is wrong with the stack has been said when it was compiled.
    let Ok(stack) = parse(files, path, file, sources, &mut Diagnostics::default()) else {
        return Vec::new();
    };
    let folder = folder_of(&stack, &["rules", "tests"], sources);
    let mut read = Vec::new();
    for (index, named) in stack.shape.rules.tests.iter().enumerate() {
        let node = stack.tree.at(["rules", "tests", &index.to_string()]);
        match load::read(files, sources, &folder.join(named)) {
            Ok(file) => read.push(file),
            Err(error) => {
                let problem = format!("{error:#}");
                diagnostics.push(unusable(&problem, node.map(|node| node.span)));
            }
        }
    }
    read
}

/// How jsonnet reads the files that others import.
fn user_files(files: &Files, folder: &Path) -> UserFiles {
    let files = files.clone();
    let read = move |path: &str| files.text(Path::new(path));
    UserFiles::new(folder.display().to_string(), read)
}

/// Reads the files of rules that the stack file names.
fn rules(
    files: &Files,
    file: &StackFile,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<FileId> {
    let list = List {
        field: &["rules", "files"],
        paths: &file.shape.rules.files,
        endings: YAML,
    };
    read_list(files, file, &list, sources, diagnostics)
}

/// Reads the templates of notifications that the stack file names.
fn templates(
    files: &Files,
    file: &StackFile,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<FileId> {
    let alertmanager = &file.shape.components.alertmanager;
    if !alertmanager.common.enabled {
        return Vec::new();
    }
    let list = List {
        field: &["components", "alertmanager", "templates", "files"],
        paths: &alertmanager.templates.files,
        endings: TEMPLATES,
    };
    read_list(files, file, &list, sources, diagnostics)
}

/// A field of the stack file with paths and patterns of files.
struct List<'l> {
    field: &'l [&'l str],
    paths: &'l [String],
    endings: &'l [&'l str],
}

/// Reads the files of a list.
fn read_list(
    files: &Files,
    file: &StackFile,
    list: &List<'_>,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<FileId> {
    let folder = folder_of(file, list.field, sources);
    let mut read: Vec<FileId> = Vec::new();
    for (index, wanted) in list.paths.iter().enumerate() {
        let index = index.to_string();
        let path = list.field.iter().copied().chain([index.as_str()]);
        let node = file.tree.at(path);
        let named = Named {
            path: wanted,
            endings: list.endings,
            place: node.map(|node| node.span),
        };
        // A file that two patterns match is meant once.
        for file in read_named(files, &folder, &named, sources, diagnostics) {
            if !read.contains(&file) {
                read.push(file);
            }
        }
    }
    read
}

/// Reads the files of patches that the stack file names.
fn patches(
    files: &Files,
    file: &StackFile,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<PatchFile> {
    let folder = folder_of(file, &["patches"], sources);
    let mut read = Vec::new();
    for (index, patch) in file.shape.patches.iter().enumerate() {
        let Some(wanted) = &patch.path else { continue };
        let node = file.tree.at(["patches", &index.to_string(), "path"]);
        let named = Named {
            path: wanted,
            endings: YAML,
            place: node.map(|node| node.span),
        };
        let found = read_named(files, &folder, &named, sources, diagnostics);
        let of_patch = |file| PatchFile { patch: index, file };
        read.extend(found.into_iter().map(of_patch));
    }
    read
}

/// Reads the dashboards that the stack file names.
fn dashboards(
    files: &Files,
    file: &StackFile,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<DashboardFile> {
    let mut read = Vec::new();
    let folder = folder_of(file, &["dashboards", "files"], sources);
    for (index, dashboards) in file.shape.dashboards.files.iter().enumerate() {
        let node = file.tree.at(["dashboards", "files", &index.to_string()]);
        let named = Named {
            path: dashboards.path(),
            endings: DASHBOARDS,
            place: node.map(|node| node.get("path").unwrap_or(node).span),
        };
        for file in read_named(files, &folder, &named, sources, diagnostics) {
            read.push(DashboardFile {
                file,
                folder: dashboards.folder().map(str::to_owned),
            });
        }
    }
    read
}

/// Files that the stack file names.
struct Named<'n> {
    /// The path or pattern.
    path: &'n str,
    /// The endings that such files have.
    endings: &'n [&'n str],
    /// Where it is written.
    place: Option<Span>,
}

/// Reads the files that a path or pattern of the stack file stands for.
fn read_named(
    files: &Files,
    folder: &Path,
    named: &Named<'_>,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<FileId> {
    let paths = match matching(files, folder, named.path, named.endings) {
        Ok(paths) => paths,
        Err((problem, help)) => {
            diagnostics.push(unusable(&problem, named.place).help(help));
            return Vec::new();
        }
    };
    let mut read = Vec::new();
    for path in paths {
        let known = sources.find(&path.display().to_string());
        match known.map_or_else(|| load::read(files, sources, &path), Ok) {
            Ok(file) => read.push(file),
            Err(error) => diagnostics.push(unusable(&format!("{error:#}"), named.place)),
        }
    }
    read
}

/// Reads the mixins that the stack file names, beside it or below `vendor/`.
fn mixins(
    files: &Files,
    file: &StackFile,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<Option<FileId>> {
    let folder = &folder_of(file, &["mixins"], sources);
    let mut read = Vec::new();
    for (index, mixin) in file.shape.mixins.iter().enumerate() {
        let node = file.tree.at(["mixins", &index.to_string(), "path"]);
        let vendored = Path::new("vendor").join(&mixin.path).display().to_string();
        let found = matching(files, folder, &mixin.path, JSONNET)
            .or_else(|first| matching(files, folder, &vendored, JSONNET).map_err(|_| first));
        let place = node.map(|node| node.span);
        read.push(match found {
            Ok(paths) => read_all(files, &paths[..1], place, sources, diagnostics).pop(),
            Err((problem, help)) => {
                let jsonnetfile = files.text(&folder.join("jsonnetfile.json"));
                let help = if jsonnetfile.is_ok_and(|text| text.is_some()) {
                    format!("{help}; `kpbuild mixin vendor` installs what jsonnetfile.json names")
                } else {
                    help
                };
                diagnostics.push(unusable(&problem, place).help(help));
                None
            }
        });
    }
    read
}

/// Reads the overlays that the stack file names, in their order.
fn overlays(
    files: &Files,
    file: &StackFile,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<FileId> {
    let folder = &folder_of(file, &["overlays"], sources);
    let mut read = Vec::new();
    for (index, path) in file.shape.overlays.iter().enumerate() {
        let node = file.tree.at(["overlays", &index.to_string()]);
        let place = node.map(|node| node.span);
        match matching(files, folder, path, JSONNET) {
            Ok(paths) => read.extend(read_all(files, &paths, place, sources, diagnostics)),
            Err((problem, help)) => diagnostics.push(unusable(&problem, place).help(help)),
        }
    }
    read
}

fn read_all(
    files: &Files,
    paths: &[PathBuf],
    place: Option<Span>,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<FileId> {
    let mut read = Vec::new();
    for path in paths {
        match load::read(files, sources, path) {
            Ok(file) => read.push(file),
            Err(error) => diagnostics.push(unusable(&format!("{error:#}"), place)),
        }
    }
    read
}

fn unusable(problem: &str, place: Option<Span>) -> Diagnostic {
    Diagnostic::error(FILES, problem).at_some(place, "")
}

/// The files that a path or pattern below a folder stands for, in the order of
/// their names; otherwise what is wrong and the way out.
fn matching(
    files: &Files,
    folder: &Path,
    wanted: &str,
    endings: &[&str],
) -> Result<Vec<PathBuf>, (String, String)> {
    let paths = files.matching(folder, wanted).map_err(|error| {
        let help = "`*` stands for any characters of a name, `**` for any folders";
        (error.to_string(), help.to_owned())
    })?;
    if paths.is_empty() {
        return Err(nothing(files, folder, wanted));
    }
    let ending = |path: &Path| {
        path.extension()
            .and_then(|ending| ending.to_str())
            .map(str::to_owned)
    };
    let is_usable = |path: &Path| {
        ending(path).is_some_and(|ending| endings.contains(&ending.as_str()))
            && !files.is_folder(path)
    };
    match paths.iter().find(|path| !is_usable(path)) {
        None => Ok(paths),
        Some(path) => Err((
            format!("`{}` is not a file that can be used here", files.name(path)),
            if files.is_folder(path) {
                format!(
                    "`{}/*.{}` names those of a folder",
                    wanted.trim_end_matches(['/', '*']),
                    endings[0]
                )
            } else {
                format!(
                    "files end in {}",
                    endings
                        .iter()
                        .map(|ending| format!("`.{ending}`"))
                        .collect::<Vec<_>>()
                        .join(", ")
                )
            },
        )),
    }
}

/// That a path leads nowhere, with the name that was probably meant.
fn nothing(files: &Files, folder: &Path, wanted: &str) -> (String, String) {
    let path = folder.join(wanted);
    let problem = if wanted.contains(['*', '?', '[']) {
        format!("no file matches `{}`", files.name(&path))
    } else {
        format!("there is no file `{}`", files.name(&path))
    };
    let names = load::names_in(files, path.parent().unwrap_or(folder));
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let help = match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!(
            "did you mean `{}`?",
            Path::new(wanted).with_file_name(near).display()
        ),
        None => "paths are relative to the stack file".to_owned(),
    };
    (problem, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
        for name in [
            "b.json",
            "a.json",
            "c.jsonnet",
            ".hidden.json",
            "deep/[d].json",
            "notes.md",
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
            std::fs::write(path, "{}").expect("it can be written");
        }
        folder
    }

    fn found(folder: &Path, wanted: &str) -> Result<Vec<String>, String> {
        let name = |path: PathBuf| {
            path.strip_prefix(folder)
                .expect("it is below")
                .display()
                .to_string()
        };
        let shown = folder.display().to_string();
        matching(&Files::default(), folder, wanted, DASHBOARDS)
            .map(|paths| paths.into_iter().map(name).collect())
            .map_err(|(problem, help)| format!("{problem}; {help}").replace(&shown, "F"))
    }

    #[test]
    fn patterns_find_files_in_the_order_of_their_names() {
        let folder = folder();
        let found = |wanted| found(folder.path(), wanted).expect("it finds some");
        assert_eq!(found("*.json"), ["a.json", "b.json"]);
        assert_eq!(found("**/*.json"), ["a.json", "b.json", "deep/[d].json"]);
        assert_eq!(found("c.jsonnet"), ["c.jsonnet"]);
        assert_eq!(
            super::tests::found(&folder.path().join("deep"), "../b.json").map(|_| ()),
            Ok(())
        );
    }

    #[test]
    fn what_is_not_found_says_what_is_there() {
        let folder = folder();
        let wrong = |wanted| found(folder.path(), wanted).expect_err("it finds none");
        assert_eq!(
            wrong("c.jsonet"),
            "there is no file `F/c.jsonet`; did you mean `c.jsonnet`?"
        );
        assert_eq!(
            wrong("x/*.json"),
            "no file matches `F/x/*.json`; paths are relative to the stack file"
        );
        assert!(wrong("notes.md").starts_with("`F/notes.md` is not a file that can be used here"));
        assert!(wrong("deep").contains("`deep/*.json` names those of a folder"));
        assert!(wrong("[").starts_with("`[` is not a pattern"));
    }
}
