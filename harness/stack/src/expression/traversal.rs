//! References, and what follows them: attributes, indices and splats.
//!
//! Follows <https://developer.hashicorp.com/terraform/language/expressions/references>.

use hcl_edit::expr::{Expression, TraversalOperator};
use hcl_edit::{Decorated, Span as _};

use super::Evaluator;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::source::Span;
use crate::value::convert::convert;
use crate::value::{Kind, Number, Type, Value, unify};

type Operators = [Decorated<TraversalOperator>];

impl Evaluator<'_> {
    pub(super) fn traversal(&mut self, expression: &Expression) -> Value {
        let (root, operators): (&Expression, &Operators) =
            if let Expression::Traversal(traversal) = expression {
                (&traversal.expr, &traversal.operators)
            } else {
                (expression, &[])
            };
        let start = expression.span().unwrap_or(0..0).start;
        let Expression::Variable(name) = root else {
            let value = self.evaluate(root);
            return self.follow(
                value,
                operators,
                start,
                root.span().map_or(start, |s| s.end),
            );
        };
        let end = root.span().map_or(start, |span| span.end);
        if let Some((_, value)) = self
            .bound
            .iter()
            .rev()
            .find(|(bound, _)| bound == name.as_str())
        {
            let value = value.clone();
            return self.follow(value, operators, start, end);
        }
        let attributes: Vec<&str> = operators
            .iter()
            .map_while(|operator| match operator.value() {
                TraversalOperator::GetAttr(name) => Some(name.as_str()),
                TraversalOperator::AttrSplat(_)
                | TraversalOperator::FullSplat(_)
                | TraversalOperator::Index(_)
                | TraversalOperator::LegacyIndex(_) => None,
            })
            .collect();
        match self.names.resolve(name.as_str(), &attributes) {
            Some((value, taken)) => {
                let end = taken
                    .checked_sub(1)
                    .and_then(|last| operators[last].span())
                    .map_or(end, |span| span.end);
                self.follow(value, &operators[taken..], start, end)
            }
            None => {
                let span = self.span(root.span());
                let mut known = self.names.roots();
                known.extend(self.bound.iter().map(|(name, _)| name.clone()));
                let mut problem =
                    Diagnostic::error(format!("there is no `{}` here", name.as_str())).at(&span);
                let hint = match name.as_str() {
                    "each" => Some(
                        "`each.key` and `each.value` are for blocks with `for_each`".to_owned(),
                    ),
                    "count" => Some("`count.index` is for blocks with `count`".to_owned()),
                    "self" => Some("`self` is for postconditions".to_owned()),
                    other => did_you_mean(other, known.iter().map(String::as_str)),
                };
                if let Some(hint) = hint {
                    problem = problem.hint(hint);
                }
                self.fail_with(problem)
            }
        }
    }

    /// Applies `operators` one after the other. The text from `start` to `end` is what `value` is
    /// the value of.
    fn follow(&mut self, value: Value, operators: &Operators, start: usize, end: usize) -> Value {
        let mut value = value;
        let mut end = end;
        let mut rest = operators;
        while let [operator, after @ ..] = rest {
            let subject = self.span(Some(start..end)).text().to_owned();
            let span = self.span(operator.span());
            match operator.value() {
                TraversalOperator::GetAttr(name) => {
                    value = self.attribute(&value, name.as_str(), &subject, &span);
                    rest = after;
                }
                TraversalOperator::Index(key) => {
                    let key_value = self.evaluate(key);
                    let span = self.span_of(key);
                    value = self.index(&value, &key_value, &subject, &span);
                    rest = after;
                }
                TraversalOperator::LegacyIndex(index) => {
                    let key = Value::from(Number::from(*index.value()));
                    value = self.index(&value, &key, &subject, &span);
                    rest = after;
                }
                TraversalOperator::FullSplat(_) | TraversalOperator::AttrSplat(_) => {
                    // `[*]` is for all that follows, `.*` for attributes only.
                    let attributes_only =
                        matches!(operator.value(), TraversalOperator::AttrSplat(_));
                    let count = if attributes_only {
                        after
                            .iter()
                            .take_while(|o| matches!(o.value(), TraversalOperator::GetAttr(_)))
                            .count()
                    } else {
                        after.len()
                    };
                    let (each, others) = after.split_at(count);
                    let end = operator.span().map_or(end, |span| span.end);
                    value = self.splat(&value, each, start, end);
                    rest = others;
                }
            }
            let taken = operators.len() - rest.len();
            end = operators[taken - 1].span().map_or(end, |span| span.end);
            if value.is_broken() {
                return value;
            }
        }
        value
    }

    fn attribute(&mut self, value: &Value, name: &str, subject: &str, span: &Span) -> Value {
        let sensitive = value.sensitive;
        let problem = match &value.kind {
            Kind::Broken => return Value::broken(),
            Kind::Unknown(Type::Object(attributes)) => match attributes.get(name) {
                Some(attribute) => {
                    return Value::unknown(attribute.ty.clone()).marked(sensitive);
                }
                None => Diagnostic::error(format!("`{subject}` has no attribute `{name}`")),
            },
            Kind::Unknown(Type::Map(element)) => {
                return Value::unknown((**element).clone()).marked(sensitive);
            }
            Kind::Unknown(Type::Any) => return Value::unknown(Type::Any).marked(sensitive),
            Kind::Open(entries) => {
                let known = entries.get(name).cloned();
                let value = known.unwrap_or_else(|| Value::unknown(Type::Any));
                return value.marked(sensitive);
            }
            Kind::Object(entries) | Kind::Map(_, entries) => {
                if let Some(found) = entries.get(name) {
                    return found.clone().marked(sensitive);
                }
                let what = if matches!(value.kind, Kind::Object(_)) {
                    "attribute"
                } else {
                    "element"
                };
                let problem = Diagnostic::error(format!("`{subject}` has no {what} `{name}`"));
                // The names in a sensitive value may be secrets themselves.
                match did_you_mean(name, entries.keys().map(String::as_str)) {
                    Some(hint) if !sensitive => problem.hint(hint),
                    _ => problem,
                }
            }
            Kind::Null => {
                Diagnostic::error(format!("`{subject}` is null and has no attribute `{name}`"))
            }
            Kind::List(..) | Kind::Set(..) | Kind::Tuple(_) => {
                let problem = Diagnostic::error(format!(
                    "`{subject}` is a {} and has no attribute `{name}`",
                    value.friendly()
                ));
                problem.hint(format!(
                    "{subject}[0].{name} is that of the first element, {subject}[*].{name} is those of all"
                ))
            }
            Kind::Unknown(_) | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {
                Diagnostic::error(format!(
                    "`{subject}` is a {} and has no attribute `{name}`",
                    value.friendly()
                ))
            }
        };
        self.fail_with(problem.at(span))
    }

    fn index(&mut self, value: &Value, key: &Value, subject: &str, span: &Span) -> Value {
        if value.is_broken() || key.is_broken() {
            return Value::broken();
        }
        let sensitive = value.sensitive || key.sensitive;
        let unknown = |ty: Type| Value::unknown(ty).marked(sensitive);
        if key.is_null() {
            return self.fail(span, "an index must not be null");
        }
        match &value.kind {
            Kind::Broken => Value::broken(),
            Kind::Unknown(Type::List(element) | Type::Map(element)) => unknown((**element).clone()),
            Kind::Unknown(_) | Kind::Open(_) => unknown(Type::Any),
            Kind::List(element, elements) => {
                let known = self.position(key, elements.len(), subject, span);
                match known {
                    Some(Some(at)) => elements[at].clone().marked(sensitive),
                    Some(None) => unknown(element.clone()),
                    None => Value::broken(),
                }
            }
            Kind::Tuple(elements) => {
                let known = self.position(key, elements.len(), subject, span);
                match known {
                    Some(Some(at)) => elements[at].clone().marked(sensitive),
                    Some(None) => unknown(Type::Any),
                    None => Value::broken(),
                }
            }
            Kind::Map(_, entries) | Kind::Object(entries) => {
                if matches!(value.kind, Kind::Object(_)) && key.as_number().is_some() {
                    let message = format!("`{subject}` is an object: its attributes have names");
                    return self.fail(span, message);
                }
                if key.is_unknown() {
                    let types: Vec<Type> = entries.values().map(Value::ty).collect();
                    return unknown(unify(&types).unwrap_or(Type::Any));
                }
                let Some(name) = super::as_text(key) else {
                    return self.fail(
                        span,
                        format!("a string is required, not {}", key.friendly()),
                    );
                };
                if let Some(found) = entries.get(&name) {
                    return found.clone().marked(sensitive);
                }
                if sensitive {
                    return self.fail(span, format!("`{subject}` has no such element"));
                }
                let mut problem =
                    Diagnostic::error(format!("`{subject}` has no element {name:?}")).at(span);
                if let Some(hint) = did_you_mean(&name, entries.keys().map(String::as_str)) {
                    problem = problem.hint(hint);
                }
                self.fail_with(problem)
            }
            Kind::Set(..) => {
                let problem =
                    Diagnostic::error(format!("`{subject}` is a set: its elements have no index"));
                self.fail_with(
                    problem
                        .at(span)
                        .hint(format!("tolist({subject}) has them in order")),
                )
            }
            Kind::Null => self.fail(span, format!("`{subject}` is null and has no elements")),
            Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {
                let message = format!("`{subject}` is a {} and has no elements", value.friendly());
                self.fail(span, message)
            }
        }
    }

    /// The position that `key` means among `length` elements; `Some(None)` if it is not known yet.
    fn position(
        &mut self,
        key: &Value,
        length: usize,
        subject: &str,
        span: &Span,
    ) -> Option<Option<usize>> {
        let number = match convert(key, &Type::Number) {
            Ok(number) => number,
            Err(error) => {
                self.fail(span, format!("an index: {error}"));
                return None;
            }
        };
        let Some(number) = number.as_number() else {
            return Some(None);
        };
        match number.to_usize() {
            Some(at) if at < length => Some(Some(at)),
            _ => {
                let elements = match length {
                    0 => "no elements".to_owned(),
                    1 => "one element".to_owned(),
                    _ => format!("{length} elements"),
                };
                let what = if number.is_integer() {
                    format!("`{subject}` has {elements}, and none of index {number}")
                } else {
                    format!("an index must be a whole number, not {number}")
                };
                self.fail(span, what);
                None
            }
        }
    }

    fn splat(&mut self, value: &Value, each: &Operators, start: usize, end: usize) -> Value {
        let sensitive = value.sensitive;
        let (elements, is_list) = match &value.kind {
            Kind::Broken => return Value::broken(),
            // One that is not there counts as none, one that is there as one.
            Kind::Null => (Vec::new(), false),
            Kind::Unknown(_) => return Value::unknown(Type::Any).marked(sensitive),
            Kind::Open(_) => (vec![value.clone()], false),
            Kind::List(_, elements) | Kind::Set(_, elements) => (elements.clone(), true),
            Kind::Tuple(elements) => (elements.clone(), false),
            Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Map(..) | Kind::Object(_) => {
                (vec![value.clone()], false)
            }
        };
        let elements: Vec<Value> = elements
            .into_iter()
            .map(|element| self.follow(element, each, start, end))
            .collect();
        let types: Vec<Type> = elements.iter().map(Value::ty).collect();
        match unify(&types) {
            Some(ty) if is_list => Kind::List(ty, elements).into(),
            _ => Value::tuple(elements),
        }
        .marked(sensitive)
    }
}
