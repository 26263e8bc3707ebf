//! The templates of notifications: those of the stack file and those of the
//! user's files, each one that Alertmanager can read.

use std::collections::BTreeMap;
use std::path::Path;

use kpbuild_core::go_template::{self, Mistake};
use kpbuild_core::{Code, Diagnostic, Diagnostics, FileId, Object, SourceMap, Span};
use kpbuild_stack::components::alertmanager::{FUNCTIONS, InlineTemplate, TemplateChoices};
use kpbuild_stack::format;
use serde_json::{Value, json};

/// A template that Alertmanager cannot read.
pub const TEMPLATE: Code = Code("alertmanager-template");
/// Two templates of one file name, or a file whose name Kubernetes does not take.
pub const FILE_NAME: Code = Code("alertmanager-template-file-name");

/// The templates of a stack, by the names of their files.
#[derive(Debug, Default)]
pub(crate) struct Notifications {
    config_map: String,
    by_file: BTreeMap<String, Written>,
}

/// A text, and where it is written.
#[derive(Debug)]
struct Written {
    text: String,
    span: Span,
}

/// Reads all templates; what is wrong with them is reported.
pub(crate) fn read(
    choices: Option<&TemplateChoices>,
    files: &[FileId],
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) -> Notifications {
    let Some(choices) = choices else {
        return Notifications::default();
    };
    let mut all = Notifications {
        config_map: choices.config_map.clone(),
        by_file: BTreeMap::new(),
    };
    for template in &choices.inline {
        if let Err(mistake) = go_template::read(&template.text, &FUNCTIONS) {
            let (span, note) = place(template, &mistake, sources);
            let wrong = wrong(&template.name, mistake).at(span, "");
            diagnostics.push(match note {
                Some(note) => wrong.note(note),
                None => wrong,
            });
        }
        let (text, span) = (template.text.clone(), template.name_span);
        all.add(template.name.clone(), Written { text, span }, diagnostics);
    }
    for file in files {
        all.add_file(*file, sources, diagnostics);
    }
    all
}

impl Notifications {
    fn add_file(&mut self, file: FileId, sources: &SourceMap, diagnostics: &mut Diagnostics) {
        let source = sources.file(file);
        let name = Path::new(&source.name).file_name();
        let name = name.unwrap_or_default().to_string_lossy().into_owned();
        let start = |at| u32::try_from(at).unwrap_or(u32::MAX);
        let whole = Span {
            file,
            start: 0,
            end: start(source.text.lines().next().unwrap_or_default().len()),
        };
        let known = format::named("template-file").expect("the format is in the table");
        if let Err(reason) = known.check(&name) {
            let message = format!("`{name}` cannot be the name of a template's file");
            let diagnostic = Diagnostic::error(FILE_NAME, message).at(whole, "");
            diagnostics.push(diagnostic.help(reason));
            return;
        }
        if let Err(mistake) = go_template::read(&source.text, &FUNCTIONS) {
            let span = Span {
                file,
                start: start(mistake.at.start),
                end: start(mistake.at.end),
            };
            diagnostics.push(wrong(&name, mistake).at(span, ""));
        }
        let text = source.text.clone();
        self.add(name, Written { text, span: whole }, diagnostics);
    }

    /// Adds a template unless there is one of its name: they share a folder.
    fn add(&mut self, name: String, written: Written, diagnostics: &mut Diagnostics) {
        if let Some(first) = self.by_file.get(&name) {
            let message = format!("two templates have the file name `{name}`");
            diagnostics.push(
                Diagnostic::error(FILE_NAME, message)
                    .at(written.span, "")
                    .at(first.span, "the other one")
                    .help("rename one of them: all templates are in one folder of Alertmanager"),
            );
            return;
        }
        self.by_file.insert(name, written);
    }

    /// The texts by file name, as the template of the component takes them.
    pub(crate) fn texts(&self) -> Value {
        let texts = self.by_file.iter();
        texts
            .map(|(name, written)| (name.clone(), json!(written.text)))
            .collect()
    }

    /// Says where the parts of the ConfigMap are written.
    pub(crate) fn place(&self, objects: &mut [Object]) {
        let is_theirs = |object: &&mut Object| {
            object.kind() == "ConfigMap" && object.key().name == self.config_map
        };
        for object in objects.iter_mut().filter(is_theirs) {
            for (name, written) in &self.by_file {
                object.written_at(format!("/data/{name}"), written.span);
            }
        }
    }
}

fn wrong(name: &str, mistake: Mistake) -> Diagnostic {
    let message = format!("`{name}` is no template: {}", mistake.message);
    Diagnostic::error(TEMPLATE, message).help(mistake.help)
}

/// The place of a mistake in a stack file, or the whole text and the line in
/// words.
fn place(
    template: &InlineTemplate,
    mistake: &Mistake,
    sources: &SourceMap,
) -> (Span, Option<String>) {
    let before = &template.text[..mistake.at.start];
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().len();
    let Some(start) = start_of_line(template, line, sources) else {
        let note = format!("in line {} of the template", line + 1);
        return (template.text_span, Some(note));
    };
    let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
    let span = Span {
        file: template.name_span.file,
        start: offset(start + column),
        end: offset(start + column + mistake.at.len()),
    };
    (span, None)
}

/// Where a line of a text is in the stack file, if it stands there as it is
/// read: line by line, indented, and not with escapes.
fn start_of_line(template: &InlineTemplate, line: usize, sources: &SourceMap) -> Option<usize> {
    let source = &sources.file(template.name_span.file).text;
    let mut start = template.name_span.end as usize;
    let mut end = start;
    for text in template.text.lines().take(line + 1) {
        start = end + source.get(end..)?.find(text)?;
        end = start + text.len();
    }
    Some(start)
}
