//! The blocks of a configuration, sorted out but not evaluated.

mod block;
mod module;
mod types;
mod variable_file;

use std::sync::Arc;

use indexmap::IndexMap;

pub(crate) use block::Nested;
pub(crate) use module::load;
pub(crate) use types::of_text as type_of_text;
pub(crate) use variable_file::{Assigned, parse_variable_file};

use crate::Source;
use crate::diagnostic::Diagnostic;
use crate::expression::Expr;
use crate::source::Span;
use crate::value::Type;

/// A module: the root module, or one call of a local one.
pub(crate) struct Module {
    /// The labels of the `module` blocks from the root to here.
    pub path: Vec<String>,
    /// `path.module`: relative to the folder where Terraform runs.
    pub folder: String,
    /// The module that calls it, unless it is the root.
    pub parent: Option<usize>,
    pub providers: Vec<ProviderBlock>,
    pub variables: IndexMap<String, Variable>,
    pub locals: IndexMap<String, Expr>,
    pub resources: IndexMap<ResourceId, ResourceBlock>,
    pub outputs: IndexMap<String, OutputBlock>,
    pub calls: IndexMap<String, Call>,
}

/// Whether Terraform makes a thing or only looks it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Mode {
    Managed,
    Data,
}

/// What a resource or data source is called inside its module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ResourceId {
    pub mode: Mode,
    pub ty: String,
    pub name: String,
}

impl std::fmt::Display for ResourceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let data = match self.mode {
            Mode::Managed => "",
            Mode::Data => "data.",
        };
        write!(f, "{data}{}.{}", self.ty, self.name)
    }
}

/// A `resource` or `data` block.
pub(crate) struct ResourceBlock {
    /// The block's header.
    pub span: Span,
    pub count: Option<Expr>,
    pub for_each: Option<Expr>,
    pub depends_on: Vec<Expr>,
    /// `precondition` and `postcondition` blocks.
    pub checks: Vec<Check>,
    /// What is left for the type to say.
    pub body: Nested,
}

/// A condition with what to say if it does not hold.
pub(crate) struct Check {
    pub condition: Expr,
    pub message: Expr,
    /// Whether it is about the finished resource, and may use `self`.
    pub after: bool,
}

/// A `variable` block.
pub(crate) struct Variable {
    pub span: Span,
    pub ty: Type,
    /// Whether the block declares a type; `any` counts as well as another.
    pub typed: bool,
    pub default: Option<Expr>,
    pub sensitive: bool,
    pub nullable: bool,
    pub validations: Vec<Check>,
}

/// An `output` block.
pub(crate) struct OutputBlock {
    pub span: Span,
    pub value: Expr,
    pub sensitive: bool,
    pub depends_on: Vec<Expr>,
    pub checks: Vec<Check>,
}

/// A `provider` block.
pub(crate) struct ProviderBlock {
    pub name: String,
    pub alias: Option<String>,
    pub body: Nested,
}

/// A `module` block.
pub(crate) struct Call {
    pub span: Span,
    pub count: Option<Expr>,
    pub for_each: Option<Expr>,
    pub depends_on: Vec<Expr>,
    pub arguments: IndexMap<String, (Span, Expr)>,
    /// The module that it calls; `None` if that could not be read, which is reported.
    pub child: Option<usize>,
}

/// A parser's error as one of our diagnostics.
pub(crate) fn parse_problem(source: &Arc<Source>, error: &hcl_edit::parser::Error) -> Diagnostic {
    let at = error.location().offset();
    let end = source.text[crate::source::floor(&source.text, at)..]
        .chars()
        .next()
        .map_or(at, |c| at + c.len_utf8());
    Diagnostic::error(format!("cannot read this: {}", error.message()))
        .at(&Span::new(source, at..end))
}
