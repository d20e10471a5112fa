//! Files with values for the root module's variables: `*.tfvars`, and `*.tfvars.json`.

use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::structure::Structure;

use super::block::header;
use super::parse_problem;
use crate::Source;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expression::Expr;
use crate::source::Span;
use crate::value::{Value, json};

/// One value that a file gives.
pub(crate) struct Assignment {
    pub name: String,
    pub name_at: Span,
    pub value: Assigned,
    pub value_at: Span,
}

/// What stands after the name.
pub(crate) enum Assigned {
    /// In HCL, which has still to be evaluated.
    Expr(Expr),
    /// In JSON, where a string is the text itself and no template.
    Value(Value),
}

/// Reads the assignments of a variable file. As for Terraform, it is JSON if its name ends so.
pub(crate) fn parse_variable_file(
    source: &Arc<Source>,
    diagnostics: &mut Diagnostics,
) -> Vec<Assignment> {
    if source.path.ends_with(".json") {
        in_json(source, diagnostics)
    } else {
        in_hcl(source, diagnostics)
    }
}

fn in_hcl(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Vec<Assignment> {
    let body = match hcl_edit::parser::parse_body(&source.text) {
        Ok(body) => body,
        Err(error) => {
            diagnostics.push(parse_problem(source, &error));
            return Vec::new();
        }
    };
    let mut assignments = Vec::new();
    for structure in &body {
        match structure {
            Structure::Attribute(attribute) => {
                let expr = Expr {
                    source: Arc::clone(source),
                    expression: attribute.value.clone(),
                };
                assignments.push(Assignment {
                    name: attribute.key.to_string(),
                    name_at: Span::new(source, attribute.key.span().unwrap_or(0..0)),
                    value_at: expr.span(),
                    value: Assigned::Expr(expr),
                });
            }
            Structure::Block(block) => diagnostics.push(
                Diagnostic::error("a variable file has values only, and no blocks")
                    .at(&header(source, block)),
            ),
        }
    }
    assignments
}

fn in_json(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Vec<Assignment> {
    let members = match json::members(&source.text) {
        Ok(members) => members,
        Err((problem, at)) => {
            let at = Span::new(source, at..at + 1);
            diagnostics.push(Diagnostic::error(format!("cannot read this: {problem}")).at(&at));
            return Vec::new();
        }
    };
    let mut assignments: Vec<Assignment> = Vec::new();
    for member in members {
        let name_at = Span::new(source, member.key_at);
        if let Some(before) = assignments.iter().find(|a| a.name == member.key) {
            let place = before.name_at.place();
            diagnostics.push(
                Diagnostic::error(format!("`{}` is set twice", member.key))
                    .at(&name_at)
                    .hint(format!("the other one is at {place}")),
            );
            continue;
        }
        // What Terraform takes for a comment.
        if member.key == "//" {
            continue;
        }
        assignments.push(Assignment {
            name: member.key,
            name_at,
            value: Assigned::Value(member.value),
            value_at: Span::new(source, member.value_at),
        });
    }
    assignments
}
