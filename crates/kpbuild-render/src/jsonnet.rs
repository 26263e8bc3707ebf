//! Evaluates jsonnet: the only file that names the interpreter.
//!
//! The interpreter is a pre-release whose types move and whose state belongs to
//! one thread; nothing of it leaves this file. Values go in and come out as
//! `serde_json`, errors with the places that led to them.

use std::fmt;

use jrsonnet_evaluator::error::ErrorKind;
use jrsonnet_evaluator::rustc_hash::FxHashMap;
use jrsonnet_evaluator::tla::{TlaArg, apply_tla};
use jrsonnet_evaluator::trace::PathResolver;
use jrsonnet_evaluator::{
    AsPathLike, Error, ImportResolver, ObjValueBuilder, ResolvePathOwned, Result, SourcePath,
    SourceVirtual, Span, State, Val,
};
use jrsonnet_gcmodule::Acyclic;
use jrsonnet_stdlib::ContextInitializer;
use serde_json::{Map, Number, Value};

use crate::library;

/// What went wrong during an evaluation, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonnetError {
    /// The reason, as the interpreter says it.
    pub message: String,
    /// The places that led to it, the innermost first.
    pub trace: Vec<Frame>,
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
    pub(crate) fn new() -> Self {
        let mut builder = State::builder();
        builder
            .import_resolver(Templates)
            .context_initializer(ContextInitializer::new(PathResolver::FileName));
        Self {
            state: builder.build(),
        }
    }

    /// Calls the function that a template is with named arguments.
    pub(crate) fn call(
        &self,
        template: &str,
        arguments: &[(&str, &Value)],
    ) -> Result<Value, JsonnetError> {
        let _entered = self.state.enter();
        let call = || {
            let function = self.state.import(template)?;
            to_json(&apply_tla(&bind(arguments), function)?)
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
        let _entered = self.state.enter();
        let call = || {
            let function = self.state.evaluate_snippet(name, code)?;
            to_json(&apply_tla(&bind(arguments), function)?)
        };
        call().map_err(|error| explain(&error))
    }
}

fn bind(arguments: &[(&str, &Value)]) -> FxHashMap<jrsonnet_evaluator::IStr, TlaArg> {
    arguments
        .iter()
        .map(|(name, value)| ((*name).into(), TlaArg::Val(from_json(value))))
        .collect()
}

/// Finds imports among the templates: beside the importing file, then from the
/// root of `templates/`.
#[derive(Acyclic)]
struct Templates;

impl ImportResolver for Templates {
    fn resolve_from(&self, from: &SourcePath, path: &dyn AsPathLike) -> Result<SourcePath> {
        let wanted = path.as_path().to_owned();
        let text = wanted.to_string();
        let folder = from
            .downcast_ref::<SourceVirtual>()
            .and_then(|file| file.0.rsplit_once('/').map(|(folder, _)| folder.to_owned()))
            .unwrap_or_default();
        [join(&folder, &text), join("", &text)]
            .into_iter()
            .find(|candidate| library::template(candidate).is_some())
            .map(|found| SourcePath::new(SourceVirtual(found.into())))
            .ok_or_else(|| {
                ErrorKind::ImportFileNotFound(from.clone(), ResolvePathOwned::Str(text)).into()
            })
    }

    fn load_file_contents(&self, resolved: &SourcePath) -> Result<Vec<u8>> {
        resolved
            .downcast_ref::<SourceVirtual>()
            .and_then(|file| library::template(&file.0))
            .map(|text| text.as_bytes().to_vec())
            .ok_or_else(|| ErrorKind::ResolvedFileNotFound(resolved.clone()).into())
    }
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
        Val::Str(text) => Value::String(text.clone().into_flat().to_string()),
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
                map.insert(key.to_string(), to_json(&value?)?);
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
    let analysed = match error.error() {
        ErrorKind::StaticAnalysisError(findings) => findings
            .iter()
            .filter_map(|finding| finding.span.as_ref())
            .collect(),
        _ => Vec::new(),
    };
    let trace = analysed
        .into_iter()
        .map(|span| frame(Some(span), "here"))
        .chain(
            error
                .trace()
                .0
                .iter()
                .map(|step| frame(step.location.as_ref(), &step.desc)),
        )
        .collect();
    JsonnetError { message, trace }
}

fn frame(span: Option<&Span>, what: &str) -> Frame {
    let (file, line, column) = span.map_or((String::new(), 0, 0), |span| {
        let [start] = span.0.map_source_locations(&[span.1]);
        let file = span.0.source_path().to_string();
        (file, start.line, start.column)
    });
    Frame {
        file,
        line,
        column,
        what: what.to_owned(),
    }
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
