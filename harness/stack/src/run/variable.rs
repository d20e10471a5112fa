//! The values of variables: from the command line, from files, from a module's caller, or by
//! default.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{Check, Variable, parse_variable_file};
use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use crate::expression::Expr;
use crate::source::Span;
use crate::value::convert::convert;
use crate::value::{Kind, Type, Value};
use crate::{Inputs, Source};

use super::body::constant;

/// A value for a variable of the root module, before it is converted to the variable's type.
pub(super) struct Given {
    value: Value,
    /// Where it is set, if that is in a file.
    span: Option<Span>,
}

/// What the files and the command line give, by the variables' names.
pub(super) fn given(
    inputs: &Inputs<'_>,
    declared: &indexmap::IndexMap<String, Variable>,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Given> {
    let mut given = BTreeMap::new();
    for file in &inputs.variable_files {
        let source = Arc::new(file.clone());
        for (name, span, expr) in parse_variable_file(&source, diagnostics) {
            let Some(variable) = declared.get(&name) else {
                let mut problem =
                    Diagnostic::warning(format!("there is no variable `{name}` to set")).at(&span);
                if let Some(hint) = did_you_mean(&name, declared.keys().map(String::as_str)) {
                    problem = problem.hint(hint);
                }
                diagnostics.push(problem);
                continue;
            };
            let (value, problems) = constant(inputs.files, &expr, &Type::Any);
            diagnostics.extend(problems);
            let value = value.marked(variable.sensitive);
            let span = Some(expr.span());
            given.insert(name, Given { value, span });
        }
    }
    for (name, text) in &inputs.variables {
        // As from the environment: what is not declared is for somebody else.
        let Some(variable) = declared.get(name) else {
            continue;
        };
        let value = match &variable.ty {
            Type::String | Type::Number | Type::Bool => Value::from(text.as_str()),
            Type::Any
            | Type::List(_)
            | Type::Set(_)
            | Type::Map(_)
            | Type::Tuple(_)
            | Type::Object(_) => typed(inputs, name, text, variable, diagnostics),
        };
        given.insert(name.clone(), Given { value, span: None });
    }
    given
}

/// The text of a value for a variable that is no string, number or bool: an expression.
fn typed(
    inputs: &Inputs<'_>,
    name: &str,
    text: &str,
    variable: &Variable,
    diagnostics: &mut Diagnostics,
) -> Value {
    let refused = |diagnostics: &mut Diagnostics, problem: &str| {
        diagnostics.push(
            Diagnostic::error(format!("the value given for variable `{name}`: {problem}"))
                .at(&variable.span)
                .hint(format!("it has the type {}", variable.ty)),
        );
        Value::broken()
    };
    let expression = match text.parse() {
        Ok(expression) => expression,
        // Text is text, if any type will do.
        Err(_) if variable.ty == Type::Any => return text.into(),
        Err(_) => return refused(diagnostics, "it is no expression"),
    };
    let source = Arc::new(Source::new(format!("(value of {name})"), text));
    let expr = Expr { source, expression };
    let (value, problems) = constant(inputs.files, &expr, &Type::Any);
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
    inputs: &Inputs<'_>,
    diagnostics: &mut Diagnostics,
) -> Value {
    match given {
        Some(given) => {
            let at = given.span.as_ref().unwrap_or(&variable.span);
            settle(name, variable, Some(&given.value), at, inputs, diagnostics)
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
        None => settle(name, variable, None, &variable.span, inputs, diagnostics),
    }
}

/// A variable's value, converted to its type: the one given, or the default.
pub(super) fn settle(
    name: &str,
    variable: &Variable,
    given: Option<&Value>,
    at: &Span,
    inputs: &Inputs<'_>,
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
            let (value, problems) = constant(inputs.files, default, &variable.ty);
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
