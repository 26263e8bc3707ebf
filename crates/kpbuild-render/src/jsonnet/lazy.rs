//! A value of which nothing is evaluated before it is asked for. Overlays need
//! that: what is wrong in one object shall not hide the others.

use jrsonnet_evaluator::tla::apply_tla;
use jrsonnet_evaluator::{ObjValueBuilder, SourcePath, Val};
use jrsonnet_ir::SourceFile;
use serde_json::Value;

use super::{Jsonnet, JsonnetError, bind, explain, from_json, to_json};

/// A value whose parts are evaluated one by one.
#[derive(Clone)]
pub(crate) struct Lazy(Val);

impl Jsonnet {
    /// The value of a file of the user's; a function is called without arguments.
    pub(crate) fn open(&self, path: &str) -> Result<Lazy, JsonnetError> {
        let _entered = self.state.enter();
        let open = || {
            let path = SourcePath::new(SourceFile::new(path.into()));
            let value = self.state.import_resolved(path)?;
            apply_tla(&bind(&[]), value)
        };
        open().map(Lazy).map_err(|error| explain(&error))
    }

    /// The value of a field; none if there is no such field.
    pub(crate) fn field(&self, value: &Lazy, name: &str) -> Result<Option<Lazy>, JsonnetError> {
        let Val::Obj(object) = &value.0 else {
            return Ok(None);
        };
        let _entered = self.state.enter();
        let field = object.get(name.into()).map_err(|error| explain(&error))?;
        Ok(field.map(Lazy))
    }

    /// The whole value, as data.
    pub(crate) fn data(&self, value: &Lazy) -> Result<Value, JsonnetError> {
        let _entered = self.state.enter();
        to_json(&value.0).map_err(|error| explain(&error))
    }
}

impl Lazy {
    /// An object without fields.
    pub(crate) fn empty() -> Self {
        Self(Val::Obj(ObjValueBuilder::new().build()))
    }

    /// What kind of value it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.0 {
            Val::Null => "null",
            Val::Bool(_) => "a boolean",
            Val::Num(_) => "a number",
            Val::Str(_) => "a string",
            Val::Arr(_) => "a list",
            Val::Obj(_) => "an object",
            Val::Func(_) => "a function",
        }
    }

    /// Whether it is an object.
    pub(crate) fn is_object(&self) -> bool {
        matches!(self.0, Val::Obj(_))
    }

    /// Whether it is null.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.0, Val::Null)
    }

    /// The names of its fields in their order, with the hidden ones.
    pub(crate) fn names(&self) -> Vec<String> {
        match &self.0 {
            Val::Obj(object) => {
                let names = object.fields_ex(true);
                names.iter().map(ToString::to_string).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it has a field, hidden or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        matches!(&self.0, Val::Obj(object) if object.has_field_include_hidden(name.into()))
    }

    /// Whether it has a field that is not hidden.
    pub(crate) fn shows(&self, name: &str) -> bool {
        matches!(&self.0, Val::Obj(object) if object.has_field(name.into()))
    }

    /// `base + self`: an object laid over another one.
    pub(crate) fn over(&self, base: &Self) -> Self {
        match (&self.0, &base.0) {
            (Val::Obj(object), Val::Obj(base)) => Self(Val::Obj(object.extend_from(base.clone()))),
            _ => self.clone(),
        }
    }

    /// `self + { name: data }`
    pub(crate) fn with(&self, name: &str, data: &Value) -> Self {
        self.extended(|object| object.field(name).value(from_json(data)))
    }

    /// `self + { name: value }`
    pub(crate) fn with_value(&self, name: &str, value: &Self) -> Self {
        self.extended(|object| object.field(name).value(value.0.clone()))
    }

    /// `self + { name:: data }`
    pub(crate) fn with_hidden(&self, name: &str, data: &Value) -> Self {
        self.extended(|object| object.field(name).hide().value(from_json(data)))
    }

    /// `self + { first+: { second+: { last: data } } }`, for a path of names.
    pub(crate) fn with_at(&self, path: &[&str], data: &Value) -> Self {
        match path {
            [] => self.clone(),
            [name] => self.with(name, data),
            [name, rest @ ..] => self.adding(name, &Self::empty().with_at(rest, data)),
        }
    }

    /// `self + { name+: value }`
    pub(crate) fn adding(&self, name: &str, value: &Self) -> Self {
        self.extended(|object| object.field(name).add().value(value.0.clone()))
    }

    /// `self + { name+:: value }`
    pub(crate) fn adding_hidden(&self, name: &str, value: &Self) -> Self {
        self.extended(|object| object.field(name).add().hide().value(value.0.clone()))
    }

    fn extended(&self, add: impl FnOnce(&mut ObjValueBuilder)) -> Self {
        let mut object = ObjValueBuilder::new();
        if let Val::Obj(base) = &self.0 {
            object.with_super(base.clone());
        }
        add(&mut object);
        Self(Val::Obj(object.build()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_evaluated_when_they_are_asked_for() {
        let jsonnet = Jsonnet::new();
        let base = Lazy::empty()
            .with("a", &json!({"x": 1, "y": [1]}))
            .with_hidden("values", &json!({"n": 2}));
        let merged = base.with_at(&["a", "z", "deep"], &json!(true));
        assert_eq!(merged.names(), ["a", "values"]);
        assert!(merged.has("values") && !merged.shows("values"));
        let a = jsonnet.field(&merged, "a").unwrap().expect("it is there");
        assert_eq!(
            jsonnet.data(&a).unwrap(),
            json!({"x": 1, "y": [1], "z": {"deep": true}})
        );
        assert!(jsonnet.field(&merged, "b").unwrap().is_none());
    }
}
