//! Evaluates jsonnet: the only module that names the interpreter.
//!
//! The interpreter is a pre-release whose types move and whose state belongs to
//! one thread; nothing of it leaves this module. Values go in and come out as
//! `serde_json`, errors with the places that led to them.

mod fields;
mod lazy;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;

use jrsonnet_evaluator::error::ErrorKind;
use jrsonnet_evaluator::rustc_hash::FxHashMap;
use jrsonnet_evaluator::tla::{TlaArg, apply_tla};
use jrsonnet_evaluator::trace::PathResolver;
use jrsonnet_evaluator::{
    AsPathLike, Error, ImportResolver, ObjValueBuilder, ResolvePathOwned, Result, ResultExt as _,
    Source, SourcePath, SourceVirtual, Span, StackTraceElement, State, StateEnterGuard, Val,
};
use jrsonnet_gcmodule::{Acyclic, collect_thread_cycles};
use jrsonnet_ir::SourceFile;
use jrsonnet_stdlib::ContextInitializer;
use serde_json::{Map, Number, Value};

pub(crate) use fields::{Field, fields, imports};
pub(crate) use lazy::Lazy;

use crate::library;
use crate::user_files::UserFiles;

/// What went wrong during an evaluation, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonnetError {
    /// The reason, as the interpreter says it.
    pub message: String,
    /// The places that led to it, the innermost first.
    pub trace: Vec<Frame>,
    /// The text of every file of the user's that the places are in, by name.
    pub texts: BTreeMap<String, String>,
}

/// One place on the way to an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The file, by the path it was imported under; empty for a step without one.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
    /// What was being done there.
    pub what: String,
    /// The bytes of the place, if it is in a file of the user's.
    pub in_user_file: Option<(u32, u32)>,
}

impl Frame {
    /// Whether both are at the same place.
    pub(crate) fn is_at(&self, other: &Self) -> bool {
        let place = |frame: &Self| (frame.line, frame.column);
        self.file == other.file && place(self) == place(other)
    }
}

impl fmt::Display for JsonnetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for JsonnetError {}

/// An interpreter that knows the templates. It keeps what it has imported, so
/// that files which several templates share are read once.
pub(crate) struct Jsonnet {
    state: State,
}

impl Jsonnet {
    /// An interpreter for templates only.
    #[cfg(test)]
    pub(crate) fn new() -> Self {
        Self::with_files(&UserFiles::none())
    }

    /// An interpreter that also evaluates files of the user's.
    pub(crate) fn with_files(files: &UserFiles) -> Self {
        let mut builder = State::builder();
        builder
            .import_resolver(Imports {
                files: files.clone(),
                texts: RefCell::default(),
            })
            .context_initializer(ContextInitializer::new(PathResolver::FileName));
        Self {
            state: builder.build(),
        }
    }

    fn enter(&self) -> StateEnterGuard {
        EVALUATED.set(EVALUATED.get() + 1);
        self.state.enter()
    }

    /// Calls the function that a template is with named arguments.
    pub(crate) fn call(
        &self,
        template: &str,
        arguments: &[(&str, &Value)],
    ) -> Result<Value, JsonnetError> {
        let _entered = self.enter();
        let call = || {
            let function = self.state.import(template)?;
            to_json(&apply_tla(&bind(arguments), function)?)
        };
        call().map_err(|error| explain(&error))
    }

    /// Evaluates a file of the user's; if it is a function, it is called.
    pub(crate) fn call_user_file(
        &self,
        path: &str,
        arguments: &[(&str, &Value)],
    ) -> Result<Value, JsonnetError> {
        let _entered = self.enter();
        let call = || {
            let path = SourcePath::new(SourceFile::new(path.into()));
            let value = self.state.import_resolved(path)?;
            to_json(&apply_tla(&bind(arguments), value)?)
        };
        call().map_err(|error| explain(&error))
    }

    /// Evaluates code that may import templates, and calls the function that it is.
    pub(crate) fn call_snippet(
        &self,
        name: &str,
        code: &str,
        arguments: &[(&str, &Value)],
    ) -> Result<Value, JsonnetError> {
        let _entered = self.enter();
        let call = || {
            let function = self.state.evaluate_snippet(name, code)?;
            to_json(&apply_tla(&bind(arguments), function)?)
        };
        call().map_err(|error| explain(&error))
    }
}

thread_local! {
    /// How often this thread has evaluated since its garbage was collected.
    static EVALUATED: Cell<usize> = const { Cell::new(0) };
}

/// Finding garbage means to look at everything that is kept: after a few
/// evaluations there is little to find.
const WORTH_IT: usize = 64;

/// Frees the values of this thread that refer to each other in a circle, as
/// objects with fields that use `self` do. (What the interpreter offers in place
/// of it, to leak them, frees the head of a list that they remain part of: a
/// later step of the same or another thread then never ends.)
pub(crate) fn collect_garbage() {
    if EVALUATED.get() >= WORTH_IT {
        EVALUATED.set(0);
        collect_thread_cycles();
    }
}

#[expect(
    clippy::mutable_key_type,
    reason = "interned strings are equal by what never changes"
)]
fn bind(arguments: &[(&str, &Value)]) -> FxHashMap<jrsonnet_evaluator::IStr, TlaArg> {
    arguments
        .iter()
        .map(|(name, value)| ((*name).into(), TlaArg::Val(from_json(value))))
        .collect()
}

/// Finds imports: of a template beside it, then from the root of `templates/`;
/// of a user's file beside it, then in `vendor/` beside the stack file, then
/// among the templates.
#[derive(Acyclic)]
struct Imports {
    files: UserFiles,
    texts: RefCell<BTreeMap<String, String>>,
}

impl ImportResolver for Imports {
    fn resolve_from(&self, from: &SourcePath, path: &dyn AsPathLike) -> Result<SourcePath> {
        let wanted = path.as_path().to_owned().to_string();
        if let Some(file) = from.downcast_ref::<SourceFile>() {
            let from = file.path().display().to_string();
            for candidate in self.files.candidates(&from, &wanted) {
                if self.read(&candidate)? {
                    return Ok(SourcePath::new(SourceFile::new(candidate.into())));
                }
            }
        }
        template_from(from, &wanted).ok_or_else(|| self.not_found(from, wanted))
    }

    fn load_file_contents(&self, resolved: &SourcePath) -> Result<Vec<u8>> {
        if let Some(file) = resolved.downcast_ref::<SourceFile>() {
            let path = file.path().display().to_string();
            if self.read(&path)? {
                return Ok(self.texts.borrow()[&path].clone().into_bytes());
            }
        }
        resolved
            .downcast_ref::<SourceVirtual>()
            .and_then(|file| library::template(&file.0))
            .map(|text| text.as_bytes().to_vec())
            .ok_or_else(|| ErrorKind::ResolvedFileNotFound(resolved.clone()).into())
    }
}

impl Imports {
    /// That an import leads nowhere. The interpreter does not say where it
    /// stands, so the file is searched for it.
    fn not_found(&self, from: &SourcePath, wanted: String) -> Error {
        let code = from.downcast_ref::<SourceFile>().and_then(|file| {
            self.texts
                .borrow()
                .get(&file.path().display().to_string())
                .cloned()
        });
        let place = code.and_then(|code| {
            let quoted = ["'", "\""].map(|quote| format!("{quote}{wanted}{quote}"));
            let start = quoted.iter().find_map(|text| code.find(text))?;
            let start = u32::try_from(start).ok()?;
            let end = start + u32::try_from(wanted.len() + 2).ok()?;
            Some(Span(Source::new(from.clone(), code.into()), start, end))
        });
        let mut error = Error::from(ErrorKind::ImportFileNotFound(
            from.clone(),
            ResolvePathOwned::Str(wanted),
        ));
        if place.is_some() {
            error.trace_mut().0.push(StackTraceElement {
                location: place,
                desc: "import".to_owned(),
            });
        }
        error
    }

    /// Reads a file of the user's, once; gives whether there is one.
    fn read(&self, path: &str) -> Result<bool> {
        if self.texts.borrow().contains_key(path) {
            return Ok(true);
        }
        match self.files.read(path) {
            Ok(Some(text)) => {
                self.texts.borrow_mut().insert(path.to_owned(), text);
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(error) => Err(ErrorKind::ImportIo(format!("cannot read `{path}`: {error}")).into()),
        }
    }
}

fn template_from(from: &SourcePath, wanted: &str) -> Option<SourcePath> {
    let folder = from
        .downcast_ref::<SourceVirtual>()
        .and_then(|file| file.0.rsplit_once('/').map(|(folder, _)| folder.to_owned()))
        .unwrap_or_default();
    [join(&folder, wanted), join("", wanted)]
        .into_iter()
        .find(|candidate| library::template(candidate).is_some())
        .map(|found| SourcePath::new(SourceVirtual(found.into())))
}

/// A path below a folder, without `.` and `..`.
fn join(folder: &str, path: &str) -> String {
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

fn from_json(value: &Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(value) => Val::Bool(*value),
        Value::Number(number) => {
            let number = number.as_f64().expect("numbers of a stack are finite");
            Val::Num(
                jrsonnet_evaluator::NumValue::new(number).expect("numbers of a stack are finite"),
            )
        }
        Value::String(text) => Val::string(text.as_str()),
        Value::Array(items) => Val::arr(items.iter().map(from_json).collect::<Vec<_>>()),
        Value::Object(map) => {
            let mut object = ObjValueBuilder::with_capacity(map.len());
            for (key, value) in map {
                object.field(key.as_str()).value(from_json(value));
            }
            Val::Obj(object.build())
        }
    }
}

fn to_json(value: &Val) -> Result<Value> {
    Ok(match value {
        Val::Null => Value::Null,
        Val::Bool(value) => Value::Bool(*value),
        Val::Num(number) => Value::Number(to_number(number.get())),
        Val::Str(text) => Value::String(str::to_owned(&text.clone().into_flat())),
        Val::Arr(items) => {
            let mut list = Vec::with_capacity(items.len() as usize);
            for item in items.iter() {
                list.push(to_json(&item?)?);
            }
            Value::Array(list)
        }
        Val::Obj(object) => {
            object.run_assertions()?;
            let mut map = Map::new();
            for (key, value) in object.iter() {
                let value = value.and_then(|value| to_json(&value));
                let value = value.with_description(|| format!("field <{key}> evaluation"))?;
                map.insert(str::to_owned(&key), value);
            }
            Value::Object(map)
        }
        Val::Func(_) => {
            return Err(ErrorKind::RuntimeError(
                "a function is left where data was expected".into(),
            )
            .into());
        }
    })
}

/// Jsonnet has floats only; what is whole is written as an integer.
fn to_number(number: f64) -> Number {
    /// Up to here every integer has a float of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    if number.fract() == 0.0 && number.abs() <= EXACT {
        Number::from(number as i64)
    } else {
        Number::from_f64(number).expect("jsonnet has no infinite numbers")
    }
}

fn explain(error: &Error) -> JsonnetError {
    let message = match error.error() {
        ErrorKind::StaticAnalysisError(findings) => findings
            .iter()
            .map(|finding| finding.message.as_str())
            .collect::<Vec<_>>()
            .join("; "),
        other => other.to_string(),
    };
    let analysed: Vec<&Span> = match error.error() {
        ErrorKind::StaticAnalysisError(findings) => findings
            .iter()
            .filter_map(|finding| finding.span.as_ref())
            .collect(),
        ErrorKind::ImportSyntaxError { error, .. } => vec![&error.location],
        _ => Vec::new(),
    };
    let steps = &error.trace().0;
    let places: Vec<(Option<&Span>, &str)> = analysed
        .into_iter()
        .map(|span| (Some(span), "here"))
        .chain(
            steps
                .iter()
                .map(|step| (step.location.as_ref(), step.desc.as_str())),
        )
        .collect();
    JsonnetError {
        message,
        trace: places
            .iter()
            .map(|(span, what)| frame(*span, what))
            .collect(),
        texts: places
            .iter()
            .filter_map(|(span, _)| user_text((*span)?))
            .collect(),
    }
}

fn frame(span: Option<&Span>, what: &str) -> Frame {
    let mut frame = Frame {
        file: String::new(),
        line: 0,
        column: 0,
        what: what.to_owned(),
        in_user_file: None,
    };
    if let Some(span) = span {
        let before = span.0.code().get(..span.1 as usize).unwrap_or_default();
        frame.line = before.matches('\n').count() + 1;
        frame.column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        frame.file = file_name(span.0.source_path());
        frame.in_user_file = user_text(span).map(|_| (span.1, span.2));
    }
    frame
}

fn file_name(path: &SourcePath) -> String {
    match path.downcast_ref::<SourceVirtual>() {
        Some(template) => template.0.to_string(),
        None => path.to_string(),
    }
}

/// Name and text of the file that a place is in, if it is a file of the user's.
fn user_text(span: &Span) -> Option<(String, String)> {
    let file = span.0.source_path().downcast_ref::<SourceFile>()?;
    Some((file.path().display().to_string(), span.0.code().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_pass_through_unchanged() {
        let value =
            json!({"a": [1, -2.5, true, null, "é", {}], "b": {"c": 9_007_199_254_740_992_i64}});
        let back = Jsonnet::new().call_snippet("identity", "function(x) x", &[("x", &value)]);
        assert_eq!(back.unwrap(), value);
    }

    #[test]
    fn an_error_says_where_it_happened() {
        let code = "local f(x) = error 'no ' + x;\nfunction(x)\n  { a: f(x) }";
        let error = Jsonnet::new()
            .call_snippet("overlay.jsonnet", code, &[("x", &json!("way"))])
            .unwrap_err();
        assert_eq!(error.message, "runtime error: no way");
        assert_eq!(
            (error.trace[0].file.as_str(), error.trace[0].line),
            ("overlay.jsonnet", 1)
        );
    }

    #[test]
    fn an_unknown_variable_has_a_place() {
        let error = Jsonnet::new()
            .call_snippet("a.jsonnet", "function(x)\n  y", &[("x", &json!(1))])
            .unwrap_err();
        assert!(error.message.contains('y'), "{error}");
        assert_eq!(
            (error.trace[0].file.as_str(), error.trace[0].line),
            ("a.jsonnet", 2)
        );
    }

    #[test]
    fn imports_are_relative_to_the_file_and_to_the_root() {
        assert_eq!(
            join("components/grafana", "../../lib/x.libsonnet"),
            "lib/x.libsonnet"
        );
        assert_eq!(join("", "lib/x.libsonnet"), "lib/x.libsonnet");
    }
}
