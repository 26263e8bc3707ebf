//! Where the fields of a jsonnet file are written. The interpreter forgets that
//! when it evaluates, and an object of an overlay needs a line to point at.

use jrsonnet_ir::visit::{Visitor, visit_expr};
use jrsonnet_ir::{Expr, FieldMember, FieldName, IStr, ObjBody, Source, SourcePath, SourceVirtual};
use jrsonnet_ir_parser::{ParserSettings, parse};

/// A field as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its name after those of the fields around it; none where a name is computed.
    pub(crate) path: Vec<Option<String>>,
    /// The bytes of the name.
    pub(crate) place: (u32, u32),
}

impl Field {
    /// Whether the field may be the one of a path.
    pub(crate) fn is(&self, path: &[&str]) -> bool {
        let same =
            |(own, name): (&Option<String>, &&str)| own.as_deref().is_none_or(|own| own == *name);
        self.path.len() == path.len() && self.path.iter().zip(path).all(same)
    }
}

/// All fields of a text in the order in which they are written; none of a text
/// that is not jsonnet.
pub(crate) fn fields(text: &str) -> Vec<Field> {
    read(text).found
}

/// The paths of all files that a text imports as jsonnet, as it names them.
pub(crate) fn imports(text: &str) -> Vec<String> {
    read(text).imports
}

fn read(text: &str) -> Fields {
    let source = Source::new(SourcePath::new(SourceVirtual("".into())), text.into());
    let mut fields = Fields::default();
    if let Ok(expression) = parse(text, &ParserSettings { source }) {
        fields.visit_expr(&expression);
    }
    fields
}

#[derive(Default)]
struct Fields {
    path: Vec<Option<String>>,
    found: Vec<Field>,
    imports: Vec<String>,
}

impl Visitor for Fields {
    fn visit_expr(&mut self, expression: &Expr) {
        match expression {
            Expr::Obj(body) => self.body(body),
            Expr::ObjExtend(base, body) => {
                self.visit_expr(base);
                self.body(body);
            }
            _ => visit_expr(self, expression),
        }
    }

    fn visit_import(&mut self, as_jsonnet: bool, path: IStr) {
        if as_jsonnet {
            self.imports.push(path.to_string());
        }
    }
}

impl Fields {
    fn body(&mut self, body: &ObjBody) {
        match body {
            ObjBody::MemberList(members) => {
                for field in &members.fields {
                    self.field(field);
                }
            }
            ObjBody::ObjComp(comprehension) => self.field(&comprehension.field),
        }
    }

    fn field(&mut self, field: &FieldMember) {
        self.path.push(match &field.name.value {
            FieldName::Fixed(name) | FieldName::Dyn(Expr::Str(name)) => Some(name.to_string()),
            FieldName::Dyn(_) => None,
        });
        self.found.push(Field {
            path: self.path.clone(),
            place: (field.name.span.1, field.name.span.2),
        });
        self.visit_expr(&field.value);
        self.path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_with_those_around_them() {
        let text = "local x = { no: 1 };\n{ a+: { 'b-c'+: x { d:: 1 } } } + { [f(1)]: { e: 2 } }";
        let found = fields(text);
        let shown: Vec<String> = found
            .iter()
            .map(|field| {
                let path: Vec<&str> = field
                    .path
                    .iter()
                    .map(|name| name.as_deref().unwrap_or("*"))
                    .collect();
                format!(
                    "{} {}",
                    path.join("."),
                    &text[field.place.0 as usize..field.place.1 as usize]
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "no no",
                "a a",
                "a.b-c 'b-c'",
                "a.b-c.d d",
                "* [f(1)]",
                "*.e e"
            ]
        );
        assert!(found[5].is(&["anything", "e"]) && !found[5].is(&["e"]));
        assert_eq!(imports("(import 'a/b') + { c: importstr 'd' }"), ["a/b"]);
    }
}
