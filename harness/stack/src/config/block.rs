//! Reading one block: which arguments it has, and which it should not have.

use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::structure::{Attribute, Block, Body, Structure};

use crate::Source;
use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use crate::expression::Expr;
use crate::source::Span;

/// A body with the file that it is from.
#[derive(Clone)]
pub(crate) struct Nested {
    pub source: Arc<Source>,
    pub body: Body,
    /// The block's header, to point at for what is missing.
    pub span: Span,
}

impl Nested {
    pub(crate) fn of(source: &Arc<Source>, block: &Block) -> Self {
        Self {
            source: Arc::clone(source),
            body: block.body.clone(),
            span: header(source, block),
        }
    }

    pub(crate) fn span_of(&self, range: Option<std::ops::Range<usize>>) -> Span {
        range.map_or_else(|| self.span.clone(), |range| Span::new(&self.source, range))
    }

    pub(crate) fn expr(&self, expression: &hcl_edit::expr::Expression) -> Expr {
        Expr {
            source: Arc::clone(&self.source),
            expression: expression.clone(),
        }
    }
}

/// From a block's first word to its last label.
pub(crate) fn header(source: &Arc<Source>, block: &Block) -> Span {
    let start = block.ident.span().unwrap_or(0..0);
    let end = block
        .labels
        .last()
        .and_then(|label| label.span())
        .map_or(start.end, |span| span.end);
    Span::new(source, start.start..end)
}

/// Takes the arguments and blocks out of a body by name, and reports what is left.
pub(crate) struct BlockReader<'a> {
    nested: Nested,
    what: String,
    known: Vec<&'static str>,
    pub diagnostics: &'a mut Diagnostics,
}

impl<'a> BlockReader<'a> {
    pub(crate) fn new(
        source: &Arc<Source>,
        block: &Block,
        what: impl Into<String>,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        Self {
            nested: Nested::of(source, block),
            what: what.into(),
            known: Vec::new(),
            diagnostics,
        }
    }

    pub(crate) fn span(&self) -> Span {
        self.nested.span.clone()
    }

    /// An argument, taken out.
    pub(crate) fn attribute(&mut self, name: &'static str) -> Option<Attribute> {
        self.known.push(name);
        self.nested.body.remove_attribute(name)
    }

    pub(crate) fn expr(&mut self, name: &'static str) -> Option<Expr> {
        let attribute = self.attribute(name)?;
        Some(self.nested.expr(&attribute.value))
    }

    pub(crate) fn required(&mut self, name: &'static str) -> Option<Expr> {
        let found = self.expr(name);
        if found.is_none() {
            self.diagnostics.push(
                Diagnostic::error(format!("{} has no `{name}`", self.what)).at(&self.nested.span),
            );
        }
        found
    }

    /// `true` or `false`, written out; `default` if absent.
    pub(crate) fn flag(&mut self, name: &'static str, default: bool) -> bool {
        let Some(expr) = self.expr(name) else {
            return default;
        };
        if let Some(value) = expr.expression.as_bool() {
            return value;
        }
        self.diagnostics
            .push(Diagnostic::error(format!("`{name}` must be true or false")).at(&expr.span()));
        default
    }

    /// The elements of an argument that has to be a list in brackets.
    pub(crate) fn list(&mut self, name: &'static str) -> Vec<Expr> {
        let Some(expr) = self.expr(name) else {
            return Vec::new();
        };
        match expr.expression.as_array() {
            Some(array) => array
                .iter()
                .map(|element| self.nested.expr(element))
                .collect(),
            None => {
                self.diagnostics.push(
                    Diagnostic::error(format!("`{name}` must be a list in brackets"))
                        .at(&expr.span()),
                );
                Vec::new()
            }
        }
    }

    /// The blocks of a kind, taken out.
    pub(crate) fn blocks(&mut self, name: &'static str) -> Vec<Block> {
        self.known.push(name);
        self.nested.body.remove_blocks(name)
    }

    /// What has not been taken out, without complaint.
    pub(crate) fn rest(self) -> Nested {
        self.nested
    }

    /// Reports all that has not been taken out.
    pub(crate) fn finish(self) {
        for structure in &self.nested.body {
            let (name, range, what) = match structure {
                Structure::Attribute(attribute) => {
                    (attribute.key.as_str(), attribute.key.span(), "argument")
                }
                Structure::Block(block) => (block.ident.as_str(), block.ident.span(), "block"),
            };
            let mut problem = Diagnostic::error(format!("{} has no {what} `{name}`", self.what))
                .at(&self.nested.span_of(range));
            if let Some(hint) = did_you_mean(name, self.known.iter().copied()) {
                problem = problem.hint(hint);
            }
            self.diagnostics.push(problem);
        }
    }
}
