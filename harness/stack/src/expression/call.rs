//! Function calls. The functions themselves are in [`crate::functions`]; here are those that need
//! more than the values of their arguments.

use std::collections::BTreeMap;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, FuncCall};

use super::Evaluator;
use crate::Source;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::functions::{self, Args, Function};
use crate::source::Span;
use crate::value::convert::convert;
use crate::value::{Type, Value};

/// How deep template files may render others.
const MAX_TEMPLATE_DEPTH: usize = 32;

impl Evaluator<'_> {
    pub(super) fn call(&mut self, call: &FuncCall) -> Value {
        let name = call.name.name.as_str();
        let at = self.span(call.name.name.span());
        if !self.calls {
            return self.fail_with(
                Diagnostic::error(format!("`{name}` cannot be called here"))
                    .at(&at)
                    .hint("values and defaults of variables stand for themselves: use a local"),
            );
        }
        let namespace: Vec<&str> = call.name.namespace.iter().map(|n| n.as_str()).collect();
        if !matches!(namespace.as_slice(), [] | ["core"]) {
            let full = format!("{}::{name}", namespace.join("::"));
            return self.fail_with(
                Diagnostic::error(format!("cannot evaluate `{full}`: function not supported"))
                    .at(&at)
                    .hint("the functions of providers are not read; Terraform's own are"),
            );
        }
        let arguments: Vec<&Expression> = call.args.iter().collect();
        match name {
            "try" => self.try_each(&arguments, &at),
            "can" => self.can(&arguments, &at),
            "templatefile" => self.template_file(&arguments, &at),
            "templatestring" => self.template_string(&arguments, &at),
            _ => match functions::find(name) {
                Some(function) => self.ordinary(function, call, &at),
                None => self.no_such_function(name, &at),
            },
        }
    }

    fn no_such_function(&mut self, name: &str, at: &Span) -> Value {
        if let Some(hint) = functions::why_not_supported(name) {
            let message = format!("cannot evaluate `{name}`: function not supported");
            return self.fail_with(Diagnostic::error(message).at(at).hint(hint));
        }
        let mut problem = Diagnostic::error(format!("there is no function `{name}`")).at(at);
        let special = ["try", "can", "templatefile", "templatestring"];
        let known: Vec<&str> = functions::names().chain(special).collect();
        if let Some(hint) = did_you_mean(name, known) {
            problem = problem.hint(hint);
        }
        self.fail_with(problem)
    }

    fn wrong_count(&mut self, name: &str, wanted: &str, given: usize, at: &Span) -> Value {
        let message = format!("`{name}` takes {wanted}, not {given}");
        self.fail(at, message)
    }

    /// The values and places of the arguments; a final `...` spreads the elements of the last one.
    fn arguments(&mut self, call: &FuncCall) -> Option<Vec<(Value, Span)>> {
        let mut values = Vec::new();
        for argument in call.args.iter() {
            let value = self.evaluate(argument);
            values.push((value, self.span_of(argument)));
        }
        if !call.args.expand_final() {
            return Some(values);
        }
        let (last, at) = values.pop()?;
        if last.is_broken() {
            return None;
        }
        if last.is_unknown() {
            // Not even the number of arguments is known: the whole result is not.
            values.push((last, at));
            return Some(values);
        }
        let Some(elements) = last.as_elements() else {
            let message = format!("a list is required before `...`, not {}", last.friendly());
            self.fail(&at, message);
            return None;
        };
        let spread = elements
            .iter()
            .map(|element| (element.clone().marked(last.sensitive), at.clone()));
        values.extend(spread.collect::<Vec<_>>());
        Some(values)
    }

    fn ordinary(&mut self, function: &Function, call: &FuncCall, at: &Span) -> Value {
        let Some(arguments) = self.arguments(call) else {
            return Value::broken();
        };
        let (values, places): (Vec<Value>, Vec<Span>) = arguments.into_iter().unzip();
        if values.iter().any(Value::has_broken) {
            return Value::broken();
        }
        let spread_unknown =
            call.args.expand_final() && values.last().is_some_and(Value::is_unknown);
        let too_few = values.len() < function.least && !spread_unknown;
        if too_few || function.most.is_some_and(|most| values.len() > most) {
            return self.wrong_count(function.name, &function.arity(), values.len(), at);
        }
        let unknown = values.iter().any(Value::is_unknown)
            || (!function.looks_inside_unknown && values.iter().any(Value::has_unknown));
        if unknown && !function.takes_unknown {
            let sensitive = values.iter().any(Value::has_sensitive);
            return Value::unknown(function.returns.ty()).marked(sensitive);
        }
        let arguments = Args::new(&values, self.files);
        match (function.run)(&arguments) {
            Ok(result) if function.sets_marks => result,
            Ok(result) => {
                // Elements keep their marks; what is computed from elements inherits them.
                let sensitive = if result.children().next().is_some() {
                    values.iter().any(|value| value.sensitive)
                } else {
                    values.iter().any(Value::has_sensitive)
                };
                result.marked(sensitive)
            }
            Err(failure) => {
                let place = failure
                    .argument
                    .and_then(|argument| places.get(argument))
                    .unwrap_or(at);
                let message = format!("cannot evaluate `{}`: {}", function.name, failure.message);
                let mut problem = Diagnostic::error(message).at(place);
                if let Some(hint) = failure.hint {
                    problem = problem.hint(hint);
                }
                self.fail_with(problem)
            }
        }
    }

    fn try_each(&mut self, arguments: &[&Expression], at: &Span) -> Value {
        if arguments.is_empty() {
            return self.wrong_count("try", "at least one argument", 0, at);
        }
        let mut last = None;
        for argument in arguments {
            let (value, problems) = self.speculate(argument);
            if !problems.has_errors() && !value.has_broken() {
                self.diagnostics.extend(problems);
                return value;
            }
            last = problems.into_sorted().into_iter().next();
        }
        let mut problem =
            Diagnostic::error("cannot evaluate `try`: none of its arguments can be evaluated")
                .at(at);
        if let Some(last) = last {
            problem = problem.hint(format!("of the last one: {}", last.message()));
        }
        self.fail_with(problem)
    }

    fn can(&mut self, arguments: &[&Expression], at: &Span) -> Value {
        let [argument] = arguments else {
            return self.wrong_count("can", "one argument", arguments.len(), at);
        };
        let (value, problems) = self.speculate(argument);
        Value::from(!problems.has_errors() && !value.has_broken())
    }

    fn template_file(&mut self, arguments: &[&Expression], at: &Span) -> Value {
        let [path, variables] = arguments else {
            return self.wrong_count("templatefile", "two arguments", arguments.len(), at);
        };
        let path_value = self.evaluate_as(path, &Type::String);
        let variables_value = self.evaluate(variables);
        if path_value.is_broken() || variables_value.has_broken() {
            return Value::broken();
        }
        let place = self.span_of(path);
        let Some(path) = path_value.as_str() else {
            return if path_value.is_null() {
                self.fail(&place, "the path must not be null")
            } else {
                Value::unknown(Type::String).marked(path_value.sensitive)
            };
        };
        let text = match functions::read_text(self.files, path) {
            Ok(text) => text,
            Err(problem) => {
                let message = format!("cannot evaluate `templatefile`: {problem}");
                return self.fail(&place, message);
            }
        };
        let source = Arc::new(Source::new(path, text));
        let place = self.span_of(variables);
        self.render_text(&source, &variables_value, &place, at)
            .marked(path_value.sensitive)
    }

    fn template_string(&mut self, arguments: &[&Expression], at: &Span) -> Value {
        let [template, variables] = arguments else {
            return self.wrong_count("templatestring", "two arguments", arguments.len(), at);
        };
        let text = self.evaluate_as(template, &Type::String);
        let variables_value = self.evaluate(variables);
        if text.is_broken() || variables_value.has_broken() {
            return Value::broken();
        }
        let place = self.span_of(template);
        let Some(known) = text.as_str() else {
            return if text.is_null() {
                self.fail(&place, "the template must not be null")
            } else {
                Value::unknown(Type::String).marked(text.sensitive)
            };
        };
        let shown = if text.sensitive { "" } else { known };
        // Problems inside it can only be shown in the text itself.
        let source = Arc::new(Source::new(
            format!("{} (template)", place.source.path),
            known,
        ));
        if shown.is_empty() && !known.is_empty() {
            let (value, problems) = self.render_quietly(&source, &variables_value, &place, at);
            if problems {
                return self.fail(
                    &place,
                    "cannot evaluate `templatestring`: the template fails",
                );
            }
            return value.marked(true);
        }
        self.render_text(&source, &variables_value, &place, at)
    }

    fn render_quietly(
        &mut self,
        source: &Arc<Source>,
        variables: &Value,
        variables_at: &Span,
        at: &Span,
    ) -> (Value, bool) {
        let outer = std::mem::take(&mut self.diagnostics);
        let value = self.render_text(source, variables, variables_at, at);
        let inner = std::mem::replace(&mut self.diagnostics, outer);
        (value, inner.has_errors())
    }

    /// Renders a template in which nothing but `variables` has a name.
    fn render_text(
        &mut self,
        source: &Arc<Source>,
        variables: &Value,
        variables_at: &Span,
        at: &Span,
    ) -> Value {
        if self.depth >= MAX_TEMPLATE_DEPTH {
            return self.fail(at, "template files render each other without end");
        }
        if variables.is_unknown() {
            return Value::unknown(Type::String).marked(variables.sensitive);
        }
        let Some(entries) = variables.as_entries() else {
            let message = format!(
                "the variables of a template must be an object, not {}",
                variables.friendly()
            );
            return self.fail(variables_at, message);
        };
        let template = match hcl_edit::parser::parse_template(&source.text) {
            Ok(template) => template,
            Err(error) => {
                return self.fail_with(crate::config::parse_problem(source, &error));
            }
        };
        let bound: BTreeMap<String, Value> = entries
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().marked(variables.sensitive)))
            .collect();
        let mut inner = Evaluator::new(&super::NoNames, self.files, source);
        inner.depth = self.depth + 1;
        inner.bound = bound.into_iter().collect();
        let value = inner.template_text(&template);
        let problems = std::mem::take(&mut inner.diagnostics);
        self.diagnostics.extend(problems);
        match convert(&value, &Type::String) {
            Ok(value) => value,
            Err(_) => value,
        }
    }
}
