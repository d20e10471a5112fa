//! Which names an expression refers to, found without evaluating it.

use std::ops::Range;

use hcl_edit::expr::{Expression, ForExpr, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::template::{Directive, Element, Template};
use hcl_edit::{Decorated, Span as _};

use super::Expr;
use crate::source::Span;

/// One reference: a root name and the attributes after it, such as `var.project`.
#[derive(Clone)]
pub(crate) struct Reference {
    /// The names with dots between them. An index or splat ends them, except right after the name
    /// of a resource or module, where it is left out: `aws_s3_bucket.input[0].arn`.
    pub path: Vec<String>,
    pub span: Span,
    /// The places of the names after the first, each with its dot.
    steps: Vec<Range<usize>>,
    /// Where what stands before each of these ends.
    ends: Vec<usize>,
}

impl Reference {
    /// The place of a name after the first, and the text before it.
    pub(crate) fn step(&self, at: usize) -> (Span, &str) {
        let range = at.checked_sub(1).and_then(|at| self.steps.get(at).cloned());
        let end = at.checked_sub(1).and_then(|at| self.ends.get(at).copied());
        let whole = &self.span.range;
        let before = self
            .span
            .source
            .text
            .get(whole.start..end.unwrap_or(whole.end));
        let span = Span::new(&self.span.source, range.unwrap_or(whole.clone()));
        (span, before.unwrap_or(""))
    }
}

/// All references in an expression, except those to what it binds itself, and to `bound`.
pub(crate) fn references(expr: &Expr, bound: &[&str]) -> Vec<Reference> {
    let mut finder = Finder {
        expr,
        bound: bound.iter().map(|name| (*name).to_owned()).collect(),
        found: Vec::new(),
    };
    finder.expression(&expr.expression);
    finder.found
}

/// An expression that has to be a reference, as in `depends_on`.
pub(crate) fn traversal_of(expr: &Expr) -> Option<Reference> {
    matches!(
        expr.expression,
        Expression::Variable(_) | Expression::Traversal(_)
    )
    .then(|| references(expr, &[]).into_iter().next())?
}

struct Finder<'a> {
    expr: &'a Expr,
    bound: Vec<String>,
    found: Vec<Reference>,
}

impl Finder<'_> {
    fn reference(
        &mut self,
        whole: &Expression,
        root: &str,
        operators: &[Decorated<TraversalOperator>],
    ) {
        if self.bound.iter().any(|bound| bound == root) {
            return;
        }
        let range = whole.span().unwrap_or(0..0);
        let mut path = vec![root.to_owned()];
        let (mut steps, mut ends) = (Vec::new(), Vec::new());
        let mut end = range.start + root.len();
        for operator in operators {
            let place = operator.span().unwrap_or(end..end);
            let before = std::mem::replace(&mut end, place.end);
            match operator.value() {
                TraversalOperator::GetAttr(name) => {
                    path.push(name.as_str().to_owned());
                    steps.push(place);
                    ends.push(before);
                }
                TraversalOperator::Index(_)
                | TraversalOperator::LegacyIndex(_)
                | TraversalOperator::FullSplat(_)
                | TraversalOperator::AttrSplat(_) => {
                    // Instances of a resource or module: the attribute after it still counts.
                    let instances = match path.first().map(String::as_str) {
                        Some("data") => 3,
                        Some("var" | "local" | "each" | "count" | "path" | "terraform") => {
                            usize::MAX
                        }
                        _ => 2,
                    };
                    if path.len() != instances {
                        break;
                    }
                }
            }
        }
        self.found.push(Reference {
            path,
            span: Span::new(&self.expr.source, range),
            steps,
            ends,
        });
    }

    fn traversal(&mut self, whole: &Expression, traversal: &Traversal) {
        if let Expression::Variable(root) = &traversal.expr {
            self.reference(whole, root.as_str(), &traversal.operators);
        } else {
            self.expression(&traversal.expr);
        }
        for operator in &traversal.operators {
            if let TraversalOperator::Index(index) = operator.value() {
                self.expression(index);
            }
        }
    }

    fn expression(&mut self, expression: &Expression) {
        match expression {
            Expression::Null(_)
            | Expression::Bool(_)
            | Expression::Number(_)
            | Expression::String(_) => {}
            Expression::Array(array) => array.iter().for_each(|element| self.expression(element)),
            Expression::Object(object) => {
                for (key, value) in object {
                    match key {
                        ObjectKey::Ident(_) | ObjectKey::Expression(Expression::Variable(_)) => {}
                        ObjectKey::Expression(key) => self.expression(key),
                    }
                    self.expression(value.expr());
                }
            }
            Expression::StringTemplate(template) => self.template(template),
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template),
            Expression::Parenthesis(inner) => self.expression(inner.inner()),
            Expression::Variable(root) => self.reference(expression, root.as_str(), &[]),
            Expression::Traversal(traversal) => self.traversal(expression, traversal),
            Expression::Conditional(conditional) => {
                self.expression(&conditional.cond_expr);
                self.expression(&conditional.true_expr);
                self.expression(&conditional.false_expr);
            }
            Expression::FuncCall(call) => call.args.iter().for_each(|arg| self.expression(arg)),
            Expression::UnaryOp(operation) => self.expression(&operation.expr),
            Expression::BinaryOp(operation) => {
                self.expression(&operation.lhs_expr);
                self.expression(&operation.rhs_expr);
            }
            Expression::ForExpr(each) => self.for_expression(each),
        }
    }

    fn for_expression(&mut self, each: &ForExpr) {
        self.expression(&each.intro.collection_expr);
        let before = self.bound.len();
        self.bound.push(each.intro.value_var.as_str().to_owned());
        if let Some(key) = &each.intro.key_var {
            self.bound.push(key.as_str().to_owned());
        }
        if let Some(key) = &each.key_expr {
            self.expression(key);
        }
        self.expression(&each.value_expr);
        if let Some(condition) = &each.cond {
            self.expression(&condition.expr);
        }
        self.bound.truncate(before);
    }

    fn template(&mut self, template: &Template) {
        for element in template {
            match element {
                Element::Literal(_) => {}
                Element::Interpolation(interpolation) => self.expression(&interpolation.expr),
                Element::Directive(directive) => self.directive(directive),
            }
        }
    }

    fn directive(&mut self, directive: &Directive) {
        match directive {
            Directive::If(directive) => {
                self.expression(&directive.if_expr.cond_expr);
                self.template(&directive.if_expr.template);
                if let Some(otherwise) = &directive.else_expr {
                    self.template(&otherwise.template);
                }
            }
            Directive::For(directive) => {
                let each = &directive.for_expr;
                self.expression(&each.collection_expr);
                let before = self.bound.len();
                self.bound.push(each.value_var.as_str().to_owned());
                if let Some(key) = &each.key_var {
                    self.bound.push(key.as_str().to_owned());
                }
                self.template(&each.template);
                self.bound.truncate(before);
            }
        }
    }
}
