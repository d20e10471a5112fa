//! Unary and binary operators.
//!
//! Follows <https://developer.hashicorp.com/terraform/language/expressions/operators>.

use hcl_edit::Span as _;
use hcl_edit::expr::{BinaryOp, BinaryOperator, Expression, UnaryOp, UnaryOperator};

use super::Evaluator;
use crate::value::{Number, Type, Value};

impl Evaluator<'_> {
    pub(super) fn unary(&mut self, operation: &UnaryOp) -> Value {
        match operation.operator.value() {
            UnaryOperator::Not => {
                let Some(value) = self.operand(&operation.expr, &Type::Bool) else {
                    return Value::broken();
                };
                match value.as_bool() {
                    Some(truth) => Value::from(!truth).marked(value.sensitive),
                    None => Value::unknown(Type::Bool).marked(value.sensitive),
                }
            }
            UnaryOperator::Neg => {
                let Some(value) = self.operand(&operation.expr, &Type::Number) else {
                    return Value::broken();
                };
                match value.as_number() {
                    Some(number) => Value::from(number.negate()).marked(value.sensitive),
                    None => Value::unknown(Type::Number).marked(value.sensitive),
                }
            }
        }
    }

    pub(super) fn binary(&mut self, operation: &BinaryOp) -> Value {
        let (left, right) = (&operation.lhs_expr, &operation.rhs_expr);
        match operation.operator.value() {
            BinaryOperator::Eq => self.equality(left, right, true),
            BinaryOperator::NotEq => self.equality(left, right, false),
            BinaryOperator::And => self.logic(left, right, false),
            BinaryOperator::Or => self.logic(left, right, true),
            BinaryOperator::Less => self.compare(left, right, |a, b| a < b),
            BinaryOperator::LessEq => self.compare(left, right, |a, b| a <= b),
            BinaryOperator::Greater => self.compare(left, right, |a, b| a > b),
            BinaryOperator::GreaterEq => self.compare(left, right, |a, b| a >= b),
            BinaryOperator::Plus => self.arithmetic(operation, |a, b| Some(a.add(b))),
            BinaryOperator::Minus => self.arithmetic(operation, |a, b| Some(a.subtract(b))),
            BinaryOperator::Mul => self.arithmetic(operation, |a, b| Some(a.multiply(b))),
            BinaryOperator::Div => self.arithmetic(operation, Number::divide),
            BinaryOperator::Mod => self.arithmetic(operation, Number::remainder),
        }
    }

    /// An operand of the type that the operator wants, known or not, but not null.
    fn operand(&mut self, expression: &Expression, ty: &Type) -> Option<Value> {
        let value = self.evaluate_as(expression, ty);
        if value.is_broken() {
            return None;
        }
        if value.is_null() {
            let span = self.span_of(expression);
            self.fail(&span, "the operand must not be null");
            return None;
        }
        Some(value)
    }

    fn numbers(&mut self, left: &Expression, right: &Expression) -> Option<(Value, Value)> {
        let left = self.operand(left, &Type::Number);
        let right = self.operand(right, &Type::Number);
        Some((left?, right?))
    }

    fn arithmetic(
        &mut self,
        operation: &BinaryOp,
        compute: impl Fn(&Number, &Number) -> Option<Number>,
    ) -> Value {
        let Some((left, right)) = self.numbers(&operation.lhs_expr, &operation.rhs_expr) else {
            return Value::broken();
        };
        let sensitive = left.sensitive || right.sensitive;
        let (Some(a), Some(b)) = (left.as_number(), right.as_number()) else {
            return Value::unknown(Type::Number).marked(sensitive);
        };
        match compute(a, b) {
            Some(result) => Value::from(result).marked(sensitive),
            None => {
                let span = self.span(operation.span());
                self.fail(&span, "cannot divide by zero")
            }
        }
    }

    fn compare(
        &mut self,
        left: &Expression,
        right: &Expression,
        holds: impl Fn(&Number, &Number) -> bool,
    ) -> Value {
        let Some((left, right)) = self.numbers(left, right) else {
            return Value::broken();
        };
        let sensitive = left.sensitive || right.sensitive;
        match (left.as_number(), right.as_number()) {
            (Some(a), Some(b)) => Value::from(holds(a, b)).marked(sensitive),
            _ => Value::unknown(Type::Bool).marked(sensitive),
        }
    }

    fn equality(&mut self, left: &Expression, right: &Expression, wanted: bool) -> Value {
        let (left, right) = (self.evaluate(left), self.evaluate(right));
        if left.has_broken() || right.has_broken() {
            return Value::broken();
        }
        let sensitive = left.has_sensitive() || right.has_sensitive();
        match left.unmarked().equals(&right.unmarked()) {
            Some(equal) => Value::from(equal == wanted).marked(sensitive),
            None => Value::unknown(Type::Bool).marked(sensitive),
        }
    }

    /// `||` if `decided_by`, else `&&`. What stands right of a side that decides is not looked at.
    fn logic(&mut self, left: &Expression, right: &Expression, decided_by: bool) -> Value {
        let Some(first) = self.operand(left, &Type::Bool) else {
            return Value::broken();
        };
        if first.as_bool() == Some(decided_by) {
            return Value::from(decided_by).marked(first.sensitive);
        }
        let Some(second) = self.operand(right, &Type::Bool) else {
            return Value::broken();
        };
        let sensitive = first.sensitive || second.sensitive;
        match (first.as_bool(), second.as_bool()) {
            (_, Some(truth)) if truth == decided_by => Value::from(decided_by).marked(sensitive),
            (Some(_), Some(truth)) => Value::from(truth).marked(sensitive),
            _ => Value::unknown(Type::Bool).marked(sensitive),
        }
    }
}
