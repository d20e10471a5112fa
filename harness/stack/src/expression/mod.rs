//! Evaluating expressions, all forms that HCL has.
//!
//! A problem is reported where it is found and the value becomes [`Kind::Broken`], so that one
//! run finds them all and none is reported twice.
//!
//! Follows <https://developer.hashicorp.com/terraform/language/expressions>.

mod call;
mod operator;
mod references;
mod template;
#[cfg(test)]
mod tests;
mod traversal;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{Conditional, Expression, ForExpr, Object, ObjectKey};

pub(crate) use references::{Reference, references, traversal_of};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::value::convert::convert;
use crate::value::{Kind, Number, Type, Value, unify};
use crate::{Files, NoFiles, Source};

/// An expression and the file that it is from.
#[derive(Clone)]
pub(crate) struct Expr {
    pub source: Arc<Source>,
    pub expression: Expression,
}

impl Expr {
    pub(crate) fn span(&self) -> Span {
        Span::new(&self.source, self.expression.span().unwrap_or(0..0))
    }
}

/// What names at the beginning of a reference mean, such as `var` in `var.project`.
pub(crate) trait Names {
    /// The value of what `root` and the attributes after it refer to, and how many of these were
    /// part of the name. `None` if there is nothing of that name.
    fn resolve(&self, root: &str, attributes: &[&str]) -> Option<(Value, usize)>;

    /// All roots that `resolve` knows, for a hint.
    fn roots(&self) -> Vec<String>;
}

/// Nothing has a name: for values that have to stand for themselves.
pub(crate) struct NoNames;

impl Names for NoNames {
    fn resolve(&self, _root: &str, _attributes: &[&str]) -> Option<(Value, usize)> {
        None
    }

    fn roots(&self) -> Vec<String> {
        Vec::new()
    }
}

/// One evaluation: the names in reach, and the problems found.
pub(crate) struct Evaluator<'a> {
    names: &'a dyn Names,
    files: &'a dyn Files,
    source: Arc<Source>,
    /// Variables of `for` and of `dynamic` blocks, the innermost last.
    bound: Vec<(String, Value)>,
    /// Templates that are being rendered by `templatefile`.
    depth: usize,
    /// Whether functions may be called.
    calls: bool,
    pub(crate) diagnostics: Diagnostics,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(names: &'a dyn Names, files: &'a dyn Files, source: &Arc<Source>) -> Self {
        Self {
            names,
            files,
            source: Arc::clone(source),
            bound: Vec::new(),
            depth: 0,
            calls: true,
            diagnostics: Diagnostics::default(),
        }
    }

    /// For values that have to stand for themselves, as those of variables do: nothing has a name,
    /// and no function may be called.
    pub(crate) fn on_its_own(source: &Arc<Source>) -> Self {
        Self {
            calls: false,
            ..Self::new(&NoNames, &NoFiles, source)
        }
    }

    /// Binds a name until [`Evaluator::pop`].
    pub(crate) fn push(&mut self, name: (String, Value)) {
        self.bound.push(name);
    }

    pub(crate) fn pop(&mut self) {
        self.bound.pop();
    }

    fn span(&self, range: Option<Range<usize>>) -> Span {
        Span::new(&self.source, range.unwrap_or(0..0))
    }

    fn span_of(&self, expression: &Expression) -> Span {
        self.span(expression.span())
    }

    /// Reports an error, and answers with the value that says so.
    fn fail(&mut self, at: &Span, message: impl Into<String>) -> Value {
        self.fail_with(Diagnostic::error(message).at(at))
    }

    fn fail_with(&mut self, diagnostic: Diagnostic) -> Value {
        self.diagnostics.push(diagnostic);
        Value::broken()
    }

    /// Evaluates without reporting, and answers with what there would be to report.
    fn speculate(&mut self, expression: &Expression) -> (Value, Diagnostics) {
        let outer = std::mem::take(&mut self.diagnostics);
        let value = self.evaluate(expression);
        let inner = std::mem::replace(&mut self.diagnostics, outer);
        (value, inner)
    }

    fn with_bound<T>(
        &mut self,
        names: Vec<(String, Value)>,
        run: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.bound.len();
        self.bound.extend(names);
        let result = run(self);
        self.bound.truncate(before);
        result
    }

    pub(crate) fn evaluate(&mut self, expression: &Expression) -> Value {
        match expression {
            Expression::Null(_) => Value::null(),
            Expression::Bool(value) => Value::from(*value.value()),
            Expression::Number(number) => {
                // The parser keeps 64 bits; the text has them all.
                let text = self.span(number.span()).text().trim().to_owned();
                let number = Number::parse(&text)
                    .or_else(|| Number::parse(&number.value().to_string()))
                    .unwrap_or_else(Number::zero);
                Value::from(number)
            }
            Expression::String(text) => Value::from(text.value().as_str()),
            Expression::Array(array) => {
                Value::tuple(array.iter().map(|element| self.evaluate(element)).collect())
            }
            Expression::Object(object) => self.object(object),
            Expression::StringTemplate(template) => {
                self.template(template, template::Flavour::Quoted)
            }
            Expression::HeredocTemplate(heredoc) => {
                let span = self.span_of(expression);
                let flavour = if heredoc.indent().is_some() || self.is_flush(&span) {
                    template::Flavour::FlushHeredoc
                } else {
                    template::Flavour::Lines
                };
                self.template(&heredoc.template, flavour)
            }
            Expression::Parenthesis(inner) => self.evaluate(inner.inner()),
            Expression::Variable(_) | Expression::Traversal(_) => self.traversal(expression),
            Expression::Conditional(conditional) => self.conditional(conditional, expression),
            Expression::FuncCall(call) => self.call(call),
            Expression::UnaryOp(operation) => self.unary(operation),
            Expression::BinaryOp(operation) => self.binary(operation),
            Expression::ForExpr(each) => self.for_expression(each),
        }
    }

    /// Whether a heredoc begins with `<<-`, and so is freed of its common indentation.
    fn is_flush(&self, span: &Span) -> bool {
        span.text().trim_start().starts_with("<<-")
    }

    /// Evaluates to a value of a type, reporting what cannot be converted.
    pub(crate) fn evaluate_as(&mut self, expression: &Expression, ty: &Type) -> Value {
        let value = self.evaluate(expression);
        match convert(&value, ty) {
            Ok(value) => value,
            Err(error) => {
                let span = self.span_of(expression);
                self.fail(&span, error.to_string())
            }
        }
    }

    fn object(&mut self, object: &Object) -> Value {
        let mut entries = BTreeMap::new();
        let mut sensitive = false;
        for (key, value) in object {
            let name = self.object_key(key);
            let value = self.evaluate(value.expr());
            match name {
                Some((name, secret)) => {
                    sensitive |= secret;
                    entries.insert(name, value);
                }
                // Which attributes it has is not known, and that has been reported.
                None => return Value::broken(),
            }
        }
        Value::object(entries).marked(sensitive)
    }

    fn object_key(&mut self, key: &ObjectKey) -> Option<(String, bool)> {
        let expression = match key {
            ObjectKey::Ident(name) => return Some((name.to_string(), false)),
            ObjectKey::Expression(Expression::Variable(name)) => {
                return Some((name.to_string(), false));
            }
            ObjectKey::Expression(expression) => expression,
        };
        let span = self.span_of(expression);
        if matches!(expression, Expression::Traversal(_)) {
            self.fail_with(
                Diagnostic::error("ambiguous attribute key")
                    .at(&span)
                    .hint(format!(
                        "write ({0}) if it is a reference, or \"{0}\" if it is text",
                        span.text()
                    )),
            );
            return None;
        }
        let value = self.evaluate(expression);
        self.key(&value, &span).map(|key| (key, value.sensitive))
    }

    /// A value as the key of an object.
    fn key(&mut self, value: &Value, span: &Span) -> Option<String> {
        match convert(value, &Type::String).map(|value| value.kind) {
            Ok(Kind::String(text)) => Some(text),
            Ok(Kind::Broken) => None,
            Ok(Kind::Null) => {
                self.fail(span, "the key of an attribute must not be null");
                None
            }
            Ok(_) => {
                self.fail(span, "the key is known only after apply");
                None
            }
            Err(error) => {
                self.fail(span, format!("the key of an attribute: {error}"));
                None
            }
        }
    }

    fn conditional(&mut self, conditional: &Conditional, whole: &Expression) -> Value {
        let (yes, yes_problems) = self.speculate(&conditional.true_expr);
        let (no, no_problems) = self.speculate(&conditional.false_expr);
        let condition = self.evaluate(&conditional.cond_expr);
        let span = self.span_of(&conditional.cond_expr);
        let chosen = match convert(&condition, &Type::Bool).map(|value| value.kind) {
            Ok(Kind::Bool(chosen)) => Some(chosen),
            Ok(Kind::Broken) => return Value::broken(),
            Ok(Kind::Null) => return self.fail(&span, "the condition must not be null"),
            Ok(_) => None,
            Err(error) => return self.fail(&span, format!("the condition: {error}")),
        };
        // Only the branch that is taken has to work: the other may ask for a file that is absent.
        match chosen {
            Some(true) => self.diagnostics.extend(yes_problems),
            Some(false) => self.diagnostics.extend(no_problems),
            None => {
                self.diagnostics.extend(yes_problems);
                self.diagnostics.extend(no_problems);
            }
        }
        let Some(ty) = unify([&yes.ty(), &no.ty()]) else {
            let message = format!(
                "the two results must have one type, and are {} and {}",
                yes.friendly(),
                no.friendly()
            );
            let span = self.span_of(whole);
            return self.fail_with(
                Diagnostic::error(message)
                    .at(&span)
                    .hint("convert one of them, for example with tostring(...) or tolist(...)"),
            );
        };
        let result = match chosen {
            Some(true) => yes,
            Some(false) => no,
            None if yes.is_broken() || no.is_broken() => return Value::broken(),
            None => return Value::unknown(ty).marked(condition.sensitive),
        };
        match convert(&result, &ty) {
            Ok(value) => value.marked(condition.sensitive),
            Err(error) => {
                let span = self.span_of(whole);
                self.fail(&span, error.to_string())
            }
        }
    }

    fn for_expression(&mut self, each: &ForExpr) -> Value {
        let collection = self.evaluate(&each.intro.collection_expr);
        let span = self.span_of(&each.intro.collection_expr);
        let Some(items) = self.items(&collection, &span) else {
            return Value::broken();
        };
        let Some(items) = items else {
            return Value::unknown(Type::Any).marked(collection.sensitive);
        };
        let mut tuple = Vec::new();
        let mut object: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut sensitive = collection.sensitive;
        let mut broken = false;
        let mut unknown = false;
        for (key, value) in items {
            let names = loop_names(
                each.intro.key_var.as_deref(),
                &each.intro.value_var,
                key,
                value,
            );
            self.with_bound(names, |this| {
                if let Some(condition) = &each.cond {
                    let wanted = this.evaluate(&condition.expr);
                    sensitive |= wanted.sensitive;
                    let span = this.span_of(&condition.expr);
                    match this.truth(&wanted, "the `if` of a `for`", &span) {
                        Some(Some(true)) => {}
                        Some(Some(false)) => return,
                        Some(None) => {
                            unknown = true;
                            return;
                        }
                        None => {
                            broken = true;
                            return;
                        }
                    }
                }
                let Some(key_expression) = &each.key_expr else {
                    tuple.push(this.evaluate(&each.value_expr));
                    return;
                };
                let key = this.evaluate(key_expression);
                sensitive |= key.sensitive;
                let value = this.evaluate(&each.value_expr);
                let span = this.span_of(key_expression);
                if matches!(key.kind, Kind::Unknown(_)) {
                    unknown = true;
                    return;
                }
                let Some(key) = this.key(&key, &span) else {
                    broken = true;
                    return;
                };
                let values = object.entry(key.clone()).or_default();
                if !values.is_empty() && !each.grouping {
                    this.fail_with(
                        Diagnostic::error(format!("two items have the key {key:?}"))
                            .at(&span)
                            .hint("write `...` after the value to group items by key"),
                    );
                    broken = true;
                }
                values.push(value);
            });
        }
        if broken {
            return Value::broken();
        }
        if unknown {
            return Value::unknown(Type::Any).marked(sensitive);
        }
        let value = if each.key_expr.is_none() {
            Value::tuple(tuple)
        } else if each.grouping {
            Value::object(
                object
                    .into_iter()
                    .map(|(key, values)| (key, Value::tuple(values)))
                    .collect(),
            )
        } else {
            Value::object(
                object
                    .into_iter()
                    .filter_map(|(key, mut values)| Some((key, values.pop()?)))
                    .collect(),
            )
        };
        value.marked(sensitive)
    }

    /// What a loop goes over; `Some(None)` if it is not known yet, `None` if it is reported.
    fn items(&mut self, collection: &Value, span: &Span) -> Option<Option<Vec<(Value, Value)>>> {
        if let Some(items) = collection.iterate() {
            return Some(Some(items));
        }
        if collection.is_broken() {
            return None;
        }
        if collection.is_unknown() {
            return Some(None);
        }
        let message = if collection.is_null() {
            "cannot go over null".to_owned()
        } else {
            format!("cannot go over a {}", collection.friendly())
        };
        self.fail(span, message);
        None
    }

    /// A value as a condition; `Some(None)` if it is not known yet, `None` if it is reported.
    fn truth(&mut self, value: &Value, what: &str, span: &Span) -> Option<Option<bool>> {
        match convert(value, &Type::Bool).map(|value| value.kind) {
            Ok(Kind::Bool(truth)) => Some(Some(truth)),
            Ok(Kind::Broken) => None,
            Ok(Kind::Null) => {
                self.fail(span, format!("{what} must not be null"));
                None
            }
            Ok(_) => Some(None),
            Err(error) => {
                self.fail(span, format!("{what}: {error}"));
                None
            }
        }
    }
}

/// The names that a `for` binds in one round.
fn loop_names(
    key_name: Option<&hcl_edit::Ident>,
    value_name: &hcl_edit::Ident,
    key: Value,
    value: Value,
) -> Vec<(String, Value)> {
    let mut names = vec![(value_name.to_string(), value)];
    if let Some(key_name) = key_name {
        names.push((key_name.to_string(), key));
    }
    names
}

/// `value` converted to a string for a template or message, if it can be.
fn as_text(value: &Value) -> Option<String> {
    convert(value, &Type::String)
        .ok()?
        .as_str()
        .map(str::to_owned)
}
