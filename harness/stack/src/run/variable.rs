//! The values of variables: from the command line, from files, from a module's caller, or by
//! default.

use std::collections::BTreeMap;
use std::sync::Arc;

use hcl_edit::expr::Expression;
use indexmap::IndexMap;

use crate::config::{Assigned, Check, Variable, parse_variable_file};
use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use crate::expression::Expr;
use crate::source::Span;
use crate::value::convert::convert;
use crate::value::{Kind, Type, Value};
use crate::{Inputs, Source, input};

use super::body::constant;

/// A value for a variable of the root module, before it is converted to the variable's type.
pub(super) struct Given {
    value: Value,
    /// Where it is set, if that is in a file.
    span: Option<Span>,
}

/// What is given to the root module's variables, by their names: of several values the last.
pub(super) fn given(
    inputs: &Inputs<'_>,
    declared: &IndexMap<String, Variable>,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Given> {
    let mut given = BTreeMap::new();
    for input in &inputs.given {
        match input {
            input::Given::File(file) => {
                given.append(&mut of_file(file, declared, diagnostics));
            }
            input::Given::Text { name, text, meant } => match declared.get(name) {
                Some(variable) => {
                    let value = of_text(name, text, variable, diagnostics);
                    given.insert(name.clone(), Given { value, span: None });
                }
                None if *meant => {
                    let message = format!("there is no variable `{name}` to set");
                    diagnostics.push(with_hint(Diagnostic::error(message), name, declared));
                }
                None => {}
            },
        }
    }
    given
}

fn with_hint(problem: Diagnostic, name: &str, declared: &IndexMap<String, Variable>) -> Diagnostic {
    match did_you_mean(name, declared.keys().map(String::as_str)) {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

fn of_file(
    file: &Source,
    declared: &IndexMap<String, Variable>,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Given> {
    let source = Arc::new(file.clone());
    let mut given = BTreeMap::new();
    for assignment in parse_variable_file(&source, diagnostics) {
        let name = assignment.name;
        let Some(variable) = declared.get(&name) else {
            let message = format!("there is no variable `{name}` to set");
            let problem = Diagnostic::warning(message).at(&assignment.name_at);
            diagnostics.push(with_hint(problem, &name, declared));
            continue;
        };
        let value = match assignment.value {
            Assigned::Value(value) => value,
            Assigned::Expr(expr) => {
                let (value, problems) = constant(&expr, &Type::Any);
                diagnostics.extend(problems);
                value
            }
        };
        let value = value.marked(variable.sensitive);
        let span = Some(assignment.value_at);
        given.insert(name, Given { value, span });
    }
    given
}

/// A value that came as text.
///
/// Terraform takes the text itself for a variable that declares no type, and for strings, numbers
/// and bools; for any other type, and `any` is one, it reads an expression.
fn of_text(name: &str, text: &str, variable: &Variable, diagnostics: &mut Diagnostics) -> Value {
    match &variable.ty {
        Type::String | Type::Number | Type::Bool => text.into(),
        Type::Any if !variable.typed => text.into(),
        Type::Any
        | Type::List(_)
        | Type::Set(_)
        | Type::Map(_)
        | Type::Tuple(_)
        | Type::Object(_) => of_expression(name, text, variable, diagnostics),
    }
}

fn of_expression(
    name: &str,
    text: &str,
    variable: &Variable,
    diagnostics: &mut Diagnostics,
) -> Value {
    let refused = |diagnostics: &mut Diagnostics, problem: &str| {
        diagnostics.push(
            Diagnostic::error(format!("the value given for variable `{name}`: {problem}"))
                .at(&variable.span)
                .hint(format!(
                    "it has the type {}, whose values are written as in a *.tfvars file",
                    variable.ty
                )),
        );
        Value::broken()
    };
    // Line breaks and comments may stand around it, as between brackets. Differs from Terraform: a
    // heredoc may end without a line break.
    let bracketed = format!("(\n{text}\n)");
    let Ok(Expression::Parenthesis(parenthesis)) = bracketed.parse() else {
        return refused(diagnostics, "it is no expression");
    };
    let expression = parenthesis.into_inner();
    let source = Arc::new(Source::new(format!("(value of {name})"), bracketed));
    let expr = Expr { source, expression };
    let (value, problems) = constant(&expr, &Type::Any);
    if problems.has_errors() {
        return refused(diagnostics, "it cannot be evaluated on its own");
    }
    value
}

/// The value of a variable of the root module.
pub(super) fn of_root(
    name: &str,
    variable: &Variable,
    given: Option<&Given>,
    diagnostics: &mut Diagnostics,
) -> Value {
    match given {
        Some(given) => {
            let at = given.span.as_ref().unwrap_or(&variable.span);
            settle(name, variable, Some(&given.value), at, diagnostics)
        }
        None if variable.default.is_none() => {
            diagnostics.push(
                Diagnostic::error(format!("variable `{name}` has no value"))
                    .at(&variable.span)
                    .hint(format!(
                        "give it a `default`, or set TF_VAR_{name}, or write it into a *.tfvars file"
                    )),
            );
            Value::broken()
        }
        None => settle(name, variable, None, &variable.span, diagnostics),
    }
}

/// A variable's value, converted to its type: the one given, or the default.
pub(super) fn settle(
    name: &str,
    variable: &Variable,
    given: Option<&Value>,
    at: &Span,
    diagnostics: &mut Diagnostics,
) -> Value {
    let given = given.filter(|value| variable.nullable || !value.is_null());
    let value = match (given, &variable.default) {
        (Some(value), _) => match convert(value, &variable.ty) {
            Ok(value) => value,
            Err(error) => {
                diagnostics.push(
                    Diagnostic::error(format!("the value given for variable `{name}`: {error}"))
                        .at(at)
                        .hint(format!("it has the type {}", variable.ty)),
                );
                Value::broken()
            }
        },
        (None, Some(default)) => {
            let (value, problems) = constant(default, &variable.ty);
            diagnostics.extend(problems);
            value
        }
        (None, None) => {
            diagnostics
                .push(Diagnostic::error(format!("variable `{name}` must not be null")).at(at));
            Value::broken()
        }
    };
    value.marked(variable.sensitive)
}

/// Reports a condition that does not hold. `truth` and `message` are its evaluated parts.
pub(super) fn judge(
    what: &str,
    check: &Check,
    truth: &Value,
    message: &Value,
    at: &Span,
    diagnostics: &mut Diagnostics,
) {
    match convert(truth, &Type::Bool).map(|value| value.kind) {
        Ok(Kind::Bool(true) | Kind::Broken | Kind::Unknown(_)) => {}
        Ok(Kind::Bool(false)) => {
            let said = match (&message.kind, message.sensitive) {
                (Kind::String(text), false) => text.trim().to_owned(),
                _ => "its condition does not hold".to_owned(),
            };
            let condition = check.condition.span().place();
            diagnostics.push(
                Diagnostic::error(format!("{what}: {said}"))
                    .at(at)
                    .hint(format!("the condition is at {condition}")),
            );
        }
        Ok(_) | Err(_) => diagnostics.push(
            Diagnostic::error("a condition must be true or false").at(&check.condition.span()),
        ),
    }
}

impl Given {
    pub(super) fn span(&self) -> Option<&Span> {
        self.span.as_ref()
    }
}
