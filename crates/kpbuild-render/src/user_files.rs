//! The user's files beside the stack file: how they are read, where imports
//! are looked for, and what is said when their jsonnet fails.
//!
//! Nothing here opens a file: the binary says how that is done, so that a
//! render depends on nothing else.

use std::fmt;
use std::io;
use std::rc::Rc;

use kpbuild_core::{Code, Diagnostic, SourceMap, Span};

use crate::jsonnet::{Frame, JsonnetError};

/// How a file is read: its text, or `None` when there is no such file.
type Reader = dyn Fn(&str) -> io::Result<Option<String>>;

/// The user's files.
#[derive(Clone)]
pub struct UserFiles {
    folder: String,
    reader: Rc<Reader>,
}

impl fmt::Debug for UserFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserFiles({:?})", self.folder)
    }
}

impl UserFiles {
    /// The files beside a stack file that lies in `folder` (empty for the
    /// current one), read by `reader`: a path to its text, or to `None` when
    /// there is no such file.
    pub fn new(
        folder: impl Into<String>,
        reader: impl Fn(&str) -> io::Result<Option<String>> + 'static,
    ) -> Self {
        Self {
            folder: folder.into(),
            reader: Rc::new(reader),
        }
    }

    /// No files.
    pub fn none() -> Self {
        Self::new("", |_| Ok(None))
    }

    pub(crate) fn read(&self, path: &str) -> io::Result<Option<String>> {
        (self.reader)(path)
    }

    /// Where a file that is imported may be: beside the importing file, then in
    /// `vendor/` beside the stack file, where jsonnet-bundler puts libraries.
    pub(crate) fn candidates(&self, from: &str, wanted: &str) -> [String; 2] {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let vendor = below(&self.folder, "vendor");
        [below(folder, wanted), below(&vendor, wanted)]
    }
}

/// A path below a folder, the shortest way: each file has one name.
fn below(folder: &str, path: &str) -> String {
    let whole = match folder {
        _ if path.starts_with('/') => path.to_owned(),
        "" => path.to_owned(),
        folder => format!("{folder}/{path}"),
    };
    let mut steps: Vec<&str> = Vec::new();
    for step in whole
        .split('/')
        .filter(|step| !step.is_empty() && *step != ".")
    {
        match (step, steps.last()) {
            ("..", Some(last)) if *last != ".." => drop(steps.pop()),
            _ => steps.push(step),
        }
    }
    let root = if whole.starts_with('/') { "/" } else { "" };
    format!("{root}{}", steps.join("/"))
}

/// What is said when a user's jsonnet fails: at the innermost place that is in
/// a file of theirs, with the way that led there. `what` is what failed, and
/// `root` is shown when the interpreter names no place.
pub(crate) fn failed(
    code: Code,
    what: &str,
    root: Span,
    error: &JsonnetError,
    sources: &mut SourceMap,
) -> Diagnostic {
    let (reason, way_out) = reason(error);
    let diagnostic = Diagnostic::error(code, format!("{what} cannot be evaluated: {reason}"));
    let innermost = error
        .trace
        .iter()
        .position(|frame| frame.in_user_file.is_some());
    let place = match innermost {
        Some(index) => span(&error.trace[index], error, sources),
        None => missing_field(reason, root, sources).unwrap_or(root),
    };
    let mut steps: Vec<String> = Vec::new();
    for frame in &error.trace {
        let step = step(frame);
        let is_shown = innermost.is_some_and(|shown| frame.is_at(&error.trace[shown]));
        if !is_shown && !steps.contains(&step) {
            steps.push(step);
        }
    }
    let shown = steps.into_iter().take(MOST_STEPS);
    let diagnostic = shown.fold(diagnostic.at(place, ""), Diagnostic::note);
    match way_out {
        Some(way_out) => diagnostic.help(way_out),
        None => diagnostic,
    }
}

/// Why it failed, and what to do about it where the interpreter knows more.
fn reason(error: &JsonnetError) -> (&str, Option<String>) {
    let message = error.message.as_str();
    let message = message.strip_prefix("runtime error: ").unwrap_or(message);
    let (reason, rest) = message.split_once('\n').unwrap_or((message, ""));
    if reason.starts_with("can't resolve ") {
        let way = "imports are looked for beside the file, then in `vendor/` beside the stack file";
        return (reason, Some(way.to_owned()));
    }
    let near = rest.rsplit_once("present: ");
    match near.filter(|(_, near)| !near.contains(';')) {
        Some((_, near)) => (reason, Some(format!("did you mean {}?", quoted(near)))),
        None => (message, None),
    }
}

/// Where the missing field is asked for, if the file asks for one of its name
/// once: the interpreter does not say where it failed.
fn missing_field(reason: &str, root: Span, sources: &SourceMap) -> Option<Span> {
    let name = reason.strip_prefix("no such field: ")?;
    let text = &sources.file(root.file).text;
    let is_whole = |end: usize| {
        let next = text[end..].chars().next();
        !next.is_some_and(|next| next.is_alphanumeric() || next == '_')
    };
    let wanted = format!(".{name}");
    let mut places = text
        .match_indices(&wanted)
        .map(|(dot, found)| (dot + 1, dot + found.len()))
        .filter(|(_, end)| is_whole(*end));
    let (start, end) = places.next().filter(|_| places.next().is_none())?;
    Some(Span {
        file: root.file,
        start: u32::try_from(start).ok()?,
        end: u32::try_from(end).ok()?,
    })
}

/// Names as literals: `a, b` are `a` and `b`.
fn quoted(names: &str) -> String {
    let names = names.split(", ").map(|name| format!("`{}`", name.trim()));
    names.collect::<Vec<_>>().join(" or ")
}

/// Who needs more steps than this has a debugger's question.
const MOST_STEPS: usize = 6;

/// A step on the way to an error, in words.
fn step(
    Frame {
        file,
        line,
        what,
        in_user_file,
        ..
    }: &Frame,
) -> String {
    match in_user_file {
        Some(_) => format!("{what}, in {file}:{line}"),
        None if file.is_empty() => what.clone(),
        None => format!("{what}, in kpbuild:{file}:{line}"),
    }
}

fn span(frame: &Frame, error: &JsonnetError, sources: &mut SourceMap) -> Span {
    let (start, end) = frame.in_user_file.expect("the frame was chosen for it");
    let file = sources
        .find(&frame.file)
        .unwrap_or_else(|| sources.add(&frame.file, &error.texts[&frame.file]));
    Span { file, start, end }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonnet::Jsonnet;
    use kpbuild_core::Style;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn files(texts: &[(&'static str, &'static str)]) -> UserFiles {
        let texts: BTreeMap<&str, &str> = texts.iter().copied().collect();
        UserFiles::new("stacks", move |path| {
            Ok(texts.get(path).map(|text| (*text).to_owned()))
        })
    }

    #[test]
    fn imports_are_found_beside_the_file_in_vendor_and_among_the_templates() {
        let files = files(&[
            (
                "stacks/d/a.jsonnet",
                "{b: import '../b.libsonnet', v: import 'v/v.libsonnet', t: std.isObject(import 'lib/objects.libsonnet')}",
            ),
            ("stacks/b.libsonnet", "importstr 'd/x.txt'"),
            ("stacks/d/x.txt", "text"),
            ("stacks/vendor/v/v.libsonnet", "import 'w.libsonnet'"),
            ("stacks/vendor/v/w.libsonnet", "1"),
        ]);
        let value = Jsonnet::with_files(&files).call_user_file("stacks/d/a.jsonnet", &[]);
        assert_eq!(value.unwrap(), json!({"b": "text", "v": 1, "t": true}));
    }

    #[test]
    fn each_file_has_one_name() {
        assert_eq!(below("a/b", "../c/./d"), "a/c/d");
        assert_eq!(below("", "../../x"), "../../x");
        assert_eq!(below("../a", "../../x"), "../../x");
        assert_eq!(below("a", "/x//y"), "/x/y");
    }

    fn said(texts: &[(&'static str, &'static str)]) -> String {
        let error = Jsonnet::with_files(&files(texts))
            .call_user_file("a.jsonnet", &[])
            .unwrap_err();
        let mut sources = SourceMap::default();
        let root = Span {
            file: sources.add(texts[0].0, texts[0].1),
            start: 0,
            end: 1,
        };
        failed(Code("x"), "the dashboard", root, &error, &mut sources)
            .render(&sources, Style::Plain)
    }

    #[test]
    fn an_error_is_shown_in_the_file_that_made_it() {
        let text = said(&[
            (
                "a.jsonnet",
                "// é\nlocal f = import 'f.libsonnet';\n{ x: f(1) }\n",
            ),
            ("f.libsonnet", "function(n) error 'no way with %d' % n\n"),
        ]);
        insta::assert_snapshot!(text, @"
        error[x]: the dashboard cannot be evaluated: no way with 1
         --> f.libsonnet:1:13
          |
        1 | function(n) error 'no way with %d' % n
          |             ^^^^^
          |
          = note: function <anonymous> call, in a.jsonnet:3
          = note: field <x> evaluation
        ");
    }

    #[test]
    fn what_is_no_jsonnet_is_shown_where_it_stops_being_it() {
        insta::assert_snapshot!(said(&[("a.jsonnet", "{\n  a: 1,\n  b 2\n}\n")]), @r#"
        error[x]: the dashboard cannot be evaluated: syntax error: expected ':', got number "2"
         --> a.jsonnet:3:5
          |
        3 |   b 2
          |     ^
        "#);
    }

    #[test]
    fn a_file_that_is_missing_is_shown_where_it_is_imported() {
        insta::assert_snapshot!(said(&[("a.jsonnet", "{ a: import 'gone.libsonnet' }\n")]), @"
        error[x]: the dashboard cannot be evaluated: can't resolve gone.libsonnet from a.jsonnet
         --> a.jsonnet:1:13
          |
        1 | { a: import 'gone.libsonnet' }
          |             ^^^^^^^^^^^^^^^^
          |
          = note: field <a> evaluation
          = help: imports are looked for beside the file, then in `vendor/` beside the
                  stack file
        ");
    }

    #[test]
    fn a_field_that_is_missing_is_said_with_the_one_that_was_meant() {
        insta::assert_snapshot!(said(&[("a.jsonnet", "local x = { title: 1 };\n{ a: x.titel }\n")]), @"
        error[x]: the dashboard cannot be evaluated: no such field: titel
         --> a.jsonnet:2:8
          |
        2 | { a: x.titel }
          |        ^^^^^
          |
          = note: field <a> evaluation
          = help: did you mean `title`?
        ");
    }

    #[test]
    fn a_failure_inside_a_template_is_shown_where_the_user_called_it() {
        let code = "local mixin = import 'lib/mixin.libsonnet';\nmixin({ prometheusAlerts:: 1 }, {}).alerts\n";
        insta::assert_snapshot!(said(&[("a.jsonnet", code)]), @"
        error[x]: the dashboard cannot be evaluated: number index type should be string, got string
         --> a.jsonnet:2:37
          |
        2 | mixin({ prometheusAlerts:: 1 }, {}).alerts
          |                                     ^^^^^^
          |
          = note: function <groups> call, in kpbuild:lib/mixin.libsonnet:6
        ");
    }
}
