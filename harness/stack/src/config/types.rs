//! Type constraints: `string`, `list(number)`, `object({ name = optional(string, "x") })`.
//!
//! Follows <https://developer.hashicorp.com/terraform/language/expressions/type-constraints>.

use std::collections::BTreeMap;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, FuncCall, ObjectKey};

use crate::Source;
use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use crate::expression::{Evaluator, Expr};
use crate::source::Span;
use crate::value::convert::convert;
use crate::value::{Attribute, Type, Value};

const NAMES: [&str; 9] = [
    "any", "bool", "list", "map", "number", "object", "set", "string", "tuple",
];

/// Reads a type constraint; what is none is reported and counts as `any`.
pub(super) fn read(expr: &Expr, diagnostics: &mut Diagnostics) -> Type {
    Reader { expr, diagnostics }.ty(&expr.expression)
}

/// The type that `text` writes; `any` if it is none, which is for those who write such texts to test.
pub(crate) fn of_text(text: &str) -> Type {
    let Ok(expression) = text.parse() else {
        return Type::Any;
    };
    let source = Arc::new(Source::new("(type)", text));
    read(&Expr { source, expression }, &mut Diagnostics::default())
}

struct Reader<'a> {
    expr: &'a Expr,
    diagnostics: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn span(&self, range: Option<std::ops::Range<usize>>) -> Span {
        range.map_or_else(
            || self.expr.span(),
            |range| Span::new(&self.expr.source, range),
        )
    }

    fn problem(&mut self, expression: &Expression, message: String, hint: Option<String>) -> Type {
        let mut problem = Diagnostic::error(message).at(&self.span(expression.span()));
        if let Some(hint) = hint {
            problem = problem.hint(hint);
        }
        self.diagnostics.push(problem);
        Type::Any
    }

    fn ty(&mut self, expression: &Expression) -> Type {
        match expression {
            Expression::Variable(name) => match name.as_str() {
                "any" => Type::Any,
                "bool" => Type::Bool,
                "number" => Type::Number,
                "string" => Type::String,
                // As Terraform itself used to write them.
                "list" => Type::list(Type::Any),
                "map" => Type::map(Type::Any),
                "set" => Type::set(Type::Any),
                other => self.problem(
                    expression,
                    format!("there is no type `{other}`"),
                    did_you_mean(other, NAMES),
                ),
            },
            Expression::FuncCall(call) => self.constructor(expression, call),
            Expression::Parenthesis(inner) => self.ty(inner.inner()),
            Expression::String(text) => {
                let hint = format!("write {} without quotes", text.value());
                self.problem(expression, "a type is not text".to_owned(), Some(hint))
            }
            Expression::Null(_)
            | Expression::Bool(_)
            | Expression::Number(_)
            | Expression::Array(_)
            | Expression::Object(_)
            | Expression::StringTemplate(_)
            | Expression::HeredocTemplate(_)
            | Expression::Conditional(_)
            | Expression::Traversal(_)
            | Expression::UnaryOp(_)
            | Expression::BinaryOp(_)
            | Expression::ForExpr(_) => {
                self.problem(expression, "a type is expected".to_owned(), None)
            }
        }
    }

    fn constructor(&mut self, expression: &Expression, call: &FuncCall) -> Type {
        let arguments: Vec<&Expression> = call.args.iter().collect();
        match (call.name.name.as_str(), arguments.as_slice()) {
            ("list", [element]) => Type::list(self.ty(element)),
            ("set", [element]) => Type::set(self.ty(element)),
            ("map", [element]) => Type::map(self.ty(element)),
            ("tuple", [Expression::Array(elements)]) => {
                Type::Tuple(elements.iter().map(|element| self.ty(element)).collect())
            }
            ("object", [Expression::Object(object)]) => {
                let mut attributes = BTreeMap::new();
                for (key, value) in object {
                    let name = match key {
                        ObjectKey::Ident(name) => name.to_string(),
                        ObjectKey::Expression(Expression::Variable(name)) => name.to_string(),
                        ObjectKey::Expression(Expression::String(name)) => name.value().clone(),
                        ObjectKey::Expression(other) => {
                            self.problem(other, "a name is expected".to_owned(), None);
                            continue;
                        }
                    };
                    attributes.insert(name, self.attribute(value.expr()));
                }
                Type::Object(attributes)
            }
            ("optional", _) => self.problem(
                expression,
                "`optional` is for attributes of `object({...})`".to_owned(),
                None,
            ),
            (name @ ("list" | "set" | "map" | "tuple" | "object"), _) => {
                let shape = match name {
                    "tuple" => "tuple([string, number])",
                    "object" => "object({ name = string })",
                    _ => "list(string), set(string) or map(string)",
                };
                self.problem(
                    expression,
                    format!("`{name}` takes one type"),
                    Some(format!("write it like {shape}")),
                )
            }
            (other, _) => self.problem(
                expression,
                format!("there is no type `{other}`"),
                did_you_mean(other, NAMES),
            ),
        }
    }

    fn attribute(&mut self, expression: &Expression) -> Attribute {
        let Expression::FuncCall(call) = expression else {
            return Attribute::required(self.ty(expression));
        };
        if call.name.name.as_str() != "optional" {
            return Attribute::required(self.ty(expression));
        }
        let arguments: Vec<&Expression> = call.args.iter().collect();
        let (ty, default) = match arguments.as_slice() {
            [ty] => (self.ty(ty), None),
            [ty, default] => {
                let ty = self.ty(ty);
                let default = self.default(default, &ty);
                (ty, Some(default))
            }
            _ => {
                self.problem(
                    expression,
                    "`optional` takes a type and a default".to_owned(),
                    None,
                );
                (Type::Any, None)
            }
        };
        Attribute {
            ty,
            optional: true,
            default,
        }
    }

    fn default(&mut self, expression: &Expression, ty: &Type) -> Value {
        let mut evaluator = Evaluator::on_its_own(&self.expr.source);
        let value = evaluator.evaluate(expression);
        self.diagnostics.extend(evaluator.diagnostics);
        match convert(&value, ty) {
            Ok(value) => value,
            Err(error) => {
                self.problem(expression, format!("the default: {error}"), None);
                Value::broken()
            }
        }
    }
}
