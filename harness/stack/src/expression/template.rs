//! Templates: strings with interpolations and directives, heredocs, and template files.
//!
//! White space is treated token by token, as HCL's own parser does: a strip marker eats what is
//! beside it up to the end of the line, and `<<-` removes the indentation that all lines share
//! after that.
//!
//! Follows <https://developer.hashicorp.com/terraform/language/expressions/strings>.

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::template::{Directive, Element, ForTemplateExpr, Strip, Template};
use unicode_segmentation::UnicodeSegmentation;

use super::{Evaluator, loop_names};
use crate::diagnostic::Diagnostic;
use crate::value::convert::convert;
use crate::value::{Kind, Type, Value};

/// How a template is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    /// Between quotes: escapes, and no lines.
    Quoted,
    /// A heredoc or a file: lines, and no escapes.
    Lines,
    /// A heredoc that begins with `<<-`.
    FlushHeredoc,
}

/// A piece of a template, flat: what is between `if` and `endif` stands between their tokens.
enum Token<'a> {
    Literal(String),
    Control(Control<'a>, Strip),
}

enum Control<'a> {
    Interpolation(&'a Expression),
    If(&'a Expression),
    Else,
    EndIf,
    For(&'a ForTemplateExpr),
    EndFor,
}

/// The outcome so far.
struct Output {
    text: String,
    sensitive: bool,
    unknown: bool,
    broken: bool,
}

impl Evaluator<'_> {
    pub(super) fn template(&mut self, template: &Template, flavour: Flavour) -> Value {
        // An interpolation alone is its value, and not a string of it.
        if flavour == Flavour::Quoted
            && let Some(Element::Interpolation(interpolation)) = template.as_single_element()
        {
            return self.evaluate(&interpolation.expr);
        }
        let mut tokens = Vec::new();
        self.flatten(template, flavour, &mut tokens);
        trim(&mut tokens);
        if flavour == Flavour::FlushHeredoc {
            flush(&mut tokens);
        }
        let mut output = Output {
            text: String::new(),
            sensitive: false,
            unknown: false,
            broken: false,
        };
        self.render(&tokens, &mut output);
        let value = if output.broken {
            Value::broken()
        } else if output.unknown {
            Value::unknown(Type::String)
        } else {
            Value::from(output.text)
        };
        value.marked(output.sensitive)
    }

    /// Renders a template that is a whole text, such as a file's.
    pub(super) fn template_text(&mut self, template: &Template) -> Value {
        if let Some(Element::Interpolation(interpolation)) = template.as_single_element() {
            return self.evaluate(&interpolation.expr);
        }
        self.template(template, Flavour::Lines)
    }

    fn flatten<'t>(&self, template: &'t Template, flavour: Flavour, tokens: &mut Vec<Token<'t>>) {
        for element in template {
            match element {
                Element::Literal(literal) if flavour == Flavour::Quoted => {
                    tokens.push(Token::Literal(literal.value().clone()));
                }
                Element::Literal(literal) => {
                    // The parser has removed indentation already, by other rules than HCL's.
                    let raw = self.span(literal.span());
                    let text = raw.text().replace("$${", "${").replace("%%{", "%{");
                    let lines = text.split_inclusive('\n');
                    tokens.extend(lines.map(|line| Token::Literal(line.to_owned())));
                }
                Element::Interpolation(interpolation) => tokens.push(Token::Control(
                    Control::Interpolation(&interpolation.expr),
                    interpolation.strip,
                )),
                Element::Directive(directive) => self.flatten_directive(directive, flavour, tokens),
            }
        }
    }

    fn flatten_directive<'t>(
        &self,
        directive: &'t Directive,
        flavour: Flavour,
        tokens: &mut Vec<Token<'t>>,
    ) {
        match directive {
            Directive::If(directive) => {
                let then = &directive.if_expr;
                tokens.push(Token::Control(Control::If(&then.cond_expr), then.strip));
                self.flatten(&then.template, flavour, tokens);
                if let Some(otherwise) = &directive.else_expr {
                    tokens.push(Token::Control(Control::Else, otherwise.strip));
                    self.flatten(&otherwise.template, flavour, tokens);
                }
                tokens.push(Token::Control(Control::EndIf, directive.endif_expr.strip));
            }
            Directive::For(directive) => {
                let each = &directive.for_expr;
                tokens.push(Token::Control(Control::For(each), each.strip));
                self.flatten(&each.template, flavour, tokens);
                tokens.push(Token::Control(Control::EndFor, directive.endfor_expr.strip));
            }
        }
    }

    /// Renders tokens up to the one that ends the block they are in.
    fn render(&mut self, tokens: &[Token<'_>], output: &mut Output) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                Token::Literal(text) => output.text.push_str(text),
                Token::Control(Control::Interpolation(expression), _) => {
                    self.interpolate(expression, output);
                }
                Token::Control(Control::If(condition), _) => {
                    let (otherwise, end) = block_end(tokens, at);
                    let (then, or_else) = match otherwise {
                        Some(otherwise) => (&tokens[at..otherwise], &tokens[otherwise + 1..end]),
                        None => (&tokens[at..end], &tokens[end..end]),
                    };
                    let value = self.evaluate(condition);
                    output.sensitive |= value.sensitive;
                    let place = self.span_of(condition);
                    match self.truth(&value, "the condition of an `if`", &place) {
                        Some(Some(true)) => self.render(then, output),
                        Some(Some(false)) => self.render(or_else, output),
                        Some(None) => output.unknown = true,
                        None => output.broken = true,
                    }
                    at = end + 1;
                }
                Token::Control(Control::For(each), _) => {
                    let (_, end) = block_end(tokens, at);
                    let collection = self.evaluate(&each.collection_expr);
                    output.sensitive |= collection.sensitive;
                    let place = self.span_of(&each.collection_expr);
                    match self.items(&collection, &place) {
                        Some(Some(items)) => {
                            for (key, value) in items {
                                let names = loop_names(
                                    each.key_var.as_deref(),
                                    &each.value_var,
                                    key,
                                    value,
                                );
                                self.with_bound(names, |this| {
                                    this.render(&tokens[at..end], output);
                                });
                            }
                        }
                        Some(None) => output.unknown = true,
                        None => output.broken = true,
                    }
                    at = end + 1;
                }
                Token::Control(Control::Else | Control::EndIf | Control::EndFor, _) => {}
            }
        }
    }

    fn interpolate(&mut self, expression: &Expression, output: &mut Output) {
        let value = self.evaluate(expression);
        output.sensitive |= value.sensitive;
        let problem = match convert(&value, &Type::String).map(|value| value.kind) {
            Ok(Kind::String(text)) => return output.text.push_str(&text),
            Ok(Kind::Broken) => return output.broken = true,
            Ok(Kind::Null) => "null cannot be part of a string".to_owned(),
            Ok(_) => return output.unknown = true,
            Err(_) => format!("a {} cannot be part of a string", value.friendly()),
        };
        output.broken = true;
        let problem = Diagnostic::error(problem).at(&self.span_of(expression));
        let hint = if value.is_null() {
            "coalesce(...) gives it a value"
        } else {
            "jsonencode(...) makes it text, join(\", \", ...) a list of its elements"
        };
        self.fail_with(problem.hint(hint));
    }
}

/// The positions of the `else` and of the end of the block whose first token is at `at`.
fn block_end(tokens: &[Token<'_>], at: usize) -> (Option<usize>, usize) {
    let mut depth = 0;
    let mut otherwise = None;
    for (position, token) in tokens.iter().enumerate().skip(at) {
        match token {
            Token::Control(Control::If(_) | Control::For(_), _) => depth += 1,
            Token::Control(Control::Else, _) if depth == 0 => otherwise = Some(position),
            Token::Control(Control::EndIf | Control::EndFor, _) if depth == 0 => {
                return (otherwise, position);
            }
            Token::Control(Control::EndIf | Control::EndFor, _) => depth -= 1,
            Token::Control(Control::Else | Control::Interpolation(_), _) | Token::Literal(_) => {}
        }
    }
    (otherwise, tokens.len())
}

/// Lets strip markers eat the white space in the literals beside them.
fn trim(tokens: &mut [Token<'_>]) {
    let strips: Vec<Option<(bool, bool)>> = tokens
        .iter()
        .map(|token| match token {
            Token::Control(_, strip) => Some((strip.strip_start(), strip.strip_end())),
            Token::Literal(_) => None,
        })
        .collect();
    for (at, strip) in strips.into_iter().enumerate() {
        let Some((start, end)) = strip else { continue };
        if start
            && let Some(Token::Literal(before)) =
                at.checked_sub(1).and_then(|at| tokens.get_mut(at))
        {
            before.truncate(before.trim_end().len());
        }
        if end && let Some(Token::Literal(after)) = tokens.get_mut(at + 1) {
            *after = after.trim_start().to_owned();
        }
    }
}

/// Removes the indentation that all lines share; lines of white space only do not count.
fn flush(tokens: &mut [Token<'_>]) {
    let mut indented = Vec::new();
    let mut least = usize::MAX;
    let mut at_start = true;
    for (at, token) in tokens.iter().enumerate() {
        let Token::Literal(text) = token else {
            if at_start {
                least = 0;
            }
            at_start = false;
            continue;
        };
        if at_start {
            let content = text.trim_start();
            if !(content.is_empty() && text.ends_with('\n')) {
                let spaces = text[..text.len() - content.len()].graphemes(true).count();
                least = least.min(spaces);
                indented.push(at);
            }
        }
        at_start = text.ends_with('\n');
    }
    for at in indented {
        if let Some(Token::Literal(text)) = tokens.get_mut(at) {
            *text = text.graphemes(true).skip(least).collect();
        }
    }
}
