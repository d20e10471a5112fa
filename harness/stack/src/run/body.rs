//! Evaluating what stands between a block's braces, with a schema or without.

use std::collections::BTreeMap;

use hcl_edit::Span as _;
use hcl_edit::structure::{Attribute, Block, Body, Structure};

use crate::config::Nested;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::expression::Evaluator;
use crate::schema::{
    AttributeSchema, BlockSchema, BodySchema, EvaluatedBody, Noted, Presence, Support,
};
use crate::source::Span;
use crate::value::convert::convert;
use crate::value::{Type, Value};

/// Evaluates the bodies of one block.
pub(super) struct BodyEvaluator<'e, 'a> {
    pub evaluator: &'e mut Evaluator<'a>,
    pub nested: &'e Nested,
    /// What to call the block in messages.
    pub what: String,
    pub noted: Vec<Noted>,
}

impl BodyEvaluator<'_, '_> {
    pub(super) fn problem(&mut self, problem: Diagnostic) {
        self.evaluator.diagnostics.push(problem);
    }

    pub(super) fn with_schema(&mut self, schema: &BodySchema) -> EvaluatedBody {
        let body = &self.nested.body;
        self.body(body, schema, self.nested.span.clone(), "")
    }

    fn body(&mut self, body: &Body, schema: &BodySchema, span: Span, path: &str) -> EvaluatedBody {
        let mut evaluated = EvaluatedBody {
            span,
            attributes: BTreeMap::new(),
            blocks: BTreeMap::new(),
        };
        let mut seen = Vec::new();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    seen.push(attribute.key.as_str().to_owned());
                    self.attribute(attribute, schema, path, &mut evaluated);
                }
                Structure::Block(block) if block.ident.as_str() == "dynamic" => {
                    self.dynamic(block, schema, path, &mut evaluated);
                }
                Structure::Block(block) => self.block(block, schema, path, &mut evaluated),
            }
        }
        for attribute in schema.attributes {
            if attribute.presence == Presence::Required
                && !evaluated.attributes.contains_key(attribute.name)
                && !seen.iter().any(|name| name == attribute.name)
            {
                let what = self.what(path);
                self.problem(
                    Diagnostic::error(format!("{what} has no `{}`", attribute.name))
                        .at(&evaluated.span),
                );
            }
        }
        for block in schema.blocks {
            let count = evaluated.blocks.get(block.name).map_or(0, Vec::len);
            let what = self.what(path);
            if count < block.least {
                self.problem(
                    Diagnostic::error(format!("{what} has no `{}` block", block.name))
                        .at(&evaluated.span),
                );
            }
            if let Some(most) = block.most
                && count > most
                && let Some(extra) = evaluated.blocks.get(block.name).and_then(|b| b.get(most))
            {
                let problem =
                    Diagnostic::error(format!("{what} has more than one `{}` block", block.name))
                        .at(&extra.span);
                self.problem(problem);
            }
        }
        evaluated
    }

    /// The block, or the block inside it, in words.
    pub(super) fn what(&self, path: &str) -> String {
        match path.trim_end_matches('.') {
            "" => self.what.clone(),
            inner => format!("`{inner}` of {}", self.what),
        }
    }

    fn unknown_name(
        &mut self,
        name: &str,
        what: &str,
        span: &Span,
        schema: &BodySchema,
        path: &str,
    ) {
        let attributes = schema
            .attributes
            .iter()
            .filter(|attribute| attribute.presence != Presence::Computed)
            .map(|attribute| attribute.name);
        let names = attributes.chain(schema.blocks.iter().map(|block| block.name));
        let owner = self.what(path);
        let mut problem = Diagnostic::error(format!("{owner} has no {what} `{name}`")).at(span);
        if let Some(hint) = did_you_mean(name, names) {
            problem = problem.hint(hint);
        }
        self.problem(problem);
    }

    fn attribute(
        &mut self,
        attribute: &Attribute,
        schema: &BodySchema,
        path: &str,
        evaluated: &mut EvaluatedBody,
    ) {
        let name = attribute.key.as_str();
        let key = self.nested.span_of(attribute.key.span());
        let Some(known) = schema.attributes.iter().find(|a| a.name == name) else {
            self.unknown_name(name, "argument", &key, schema, path);
            self.evaluator.evaluate(&attribute.value);
            return;
        };
        if known.presence == Presence::Computed {
            let problem = Diagnostic::error(format!("`{name}` cannot be set")).at(&key);
            self.problem(problem.hint("AWS decides it when the resource is made"));
            return;
        }
        let value = self
            .evaluator
            .evaluate_as(&attribute.value, &known.shape.ty());
        if value.is_null() {
            if known.presence == Presence::Required {
                let problem = Diagnostic::error(format!("`{name}` must not be null"));
                let span = self.nested.span_of(attribute.value.span());
                self.problem(problem.at(&span));
            }
            return;
        }
        self.support(known, &value, &key, path);
        let span = self.nested.span_of(attribute.value.span());
        evaluated.attributes.insert(known.name, (value, span));
    }

    /// Notes or refuses an argument that says more than its default does.
    fn support(&mut self, known: &AttributeSchema, value: &Value, key: &Span, path: &str) {
        let says_nothing = match known.default.value() {
            Some(default) => default.kind == value.kind,
            None => value.as_bool() == Some(false) || value.as_str() == Some(""),
        };
        if says_nothing {
            return;
        }
        let name = format!("{path}{}", known.name);
        match known.support {
            Support::Used => {}
            Support::Ignored(reason) => self.noted.push(Noted {
                attribute: name,
                span: key.clone(),
                reason,
            }),
            Support::Refused(advice) => self.problem(
                Diagnostic::error(format!("`{name}` is not supported"))
                    .at(key)
                    .hint(advice),
            ),
        }
    }

    fn block(
        &mut self,
        block: &Block,
        schema: &BodySchema,
        path: &str,
        evaluated: &mut EvaluatedBody,
    ) {
        let name = block.ident.as_str();
        let key = self.nested.span_of(block.ident.span());
        let Some(known) = schema.blocks.iter().find(|b| b.name == name) else {
            self.unknown_name(name, "block", &key, schema, path);
            return;
        };
        self.known_block(known, &block.body, &key, path, evaluated);
    }

    fn known_block(
        &mut self,
        known: &BlockSchema,
        body: &Body,
        key: &Span,
        path: &str,
        evaluated: &mut EvaluatedBody,
    ) {
        let name = format!("{path}{}", known.name);
        match known.support {
            Support::Used => {
                let inner = self.body(body, &known.body, key.clone(), &format!("{name}."));
                evaluated.blocks.entry(known.name).or_default().push(inner);
            }
            Support::Ignored(reason) => {
                // Its expressions still have to be right.
                self.free_body(body);
                self.noted.push(Noted {
                    attribute: name,
                    span: key.clone(),
                    reason,
                });
            }
            Support::Refused(advice) => self.problem(
                Diagnostic::error(format!("`{name}` blocks are not supported"))
                    .at(key)
                    .hint(advice),
            ),
        }
    }

    fn dynamic(
        &mut self,
        block: &Block,
        schema: &BodySchema,
        path: &str,
        evaluated: &mut EvaluatedBody,
    ) {
        let Some(label) = block.labels.first() else {
            let span = self.nested.span_of(block.ident.span());
            let problem = Diagnostic::error("a `dynamic` block has one label, the blocks' type");
            self.problem(problem.at(&span));
            return;
        };
        let key = self.nested.span_of(label.span());
        let Some(known) = schema.blocks.iter().find(|b| b.name == label.as_str()) else {
            self.unknown_name(label.as_str(), "block", &key, schema, path);
            return;
        };
        for (content, names) in self.rounds(block, label.as_str()) {
            self.bound(names, |this| {
                this.known_block(known, &content.body, &key, path, evaluated);
            });
        }
    }

    pub(super) fn bound(&mut self, names: (String, Value), run: impl FnOnce(&mut Self)) {
        self.evaluator.push(names);
        run(self);
        self.evaluator.pop();
    }

    /// The `content` of a `dynamic` block with what its iterator means, once for each element.
    pub(super) fn rounds<'b>(
        &mut self,
        block: &'b Block,
        label: &str,
    ) -> Vec<(&'b Block, (String, Value))> {
        let span = self.nested.span_of(block.ident.span());
        let missing = |this: &mut Self, what: &str| {
            let problem = Diagnostic::error(format!("this `dynamic` block has no `{what}`"));
            this.problem(problem.at(&span));
            Vec::new()
        };
        for structure in &block.body {
            let (name, range) = match structure {
                Structure::Attribute(a) => (a.key.as_str(), a.key.span()),
                Structure::Block(b) => (b.ident.as_str(), b.ident.span()),
            };
            if !["for_each", "iterator", "labels", "content"].contains(&name) {
                let at = self.nested.span_of(range);
                let problem =
                    Diagnostic::error(format!("a `dynamic` block has no `{name}`")).at(&at);
                self.problem(problem.hint("the arguments of the blocks stand in `content`"));
            }
        }
        let Some(for_each) = block.body.get_attribute("for_each") else {
            return missing(self, "for_each");
        };
        let Some(content) = block.body.get_blocks("content").next() else {
            return missing(self, "content");
        };
        let iterator = block
            .body
            .get_attribute("iterator")
            .map_or(label.to_owned(), |a| a.value.to_string().trim().to_owned());
        let collection = self.evaluator.evaluate(&for_each.value);
        let at = self.nested.span_of(for_each.value.span());
        let Some(items) = collection.iterate() else {
            if collection.is_broken() {
                return Vec::new();
            }
            let problem = if collection.is_null() {
                "`for_each` must not be null".to_owned()
            } else if collection.is_unknown() {
                "`for_each` is known only after apply".to_owned()
            } else {
                format!("`for_each` cannot go over a {}", collection.friendly())
            };
            self.problem(Diagnostic::error(problem).at(&at));
            return Vec::new();
        };
        items
            .into_iter()
            .map(|(key, value)| {
                let entries =
                    BTreeMap::from([("key".to_owned(), key), ("value".to_owned(), value)]);
                (content, (iterator.clone(), Value::object(entries)))
            })
            .collect()
    }

    /// Evaluates a body of which nothing is known: attributes by their names, and blocks as lists
    /// of objects.
    pub(super) fn free(&mut self) -> BTreeMap<String, Value> {
        let body = &self.nested.body;
        self.free_body(body)
    }

    pub(super) fn free_body(&mut self, body: &Body) -> BTreeMap<String, Value> {
        let mut values = BTreeMap::new();
        let mut blocks: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    let value = self.evaluator.evaluate(&attribute.value);
                    values.insert(attribute.key.to_string(), value);
                }
                Structure::Block(block) if block.ident.as_str() == "dynamic" => {
                    let Some(label) = block.labels.first() else {
                        continue;
                    };
                    let label = label.as_str().to_owned();
                    for (content, names) in self.rounds(block, &label) {
                        self.bound(names, |this| {
                            let inner = Value::object(this.free_body(&content.body));
                            blocks.entry(label.clone()).or_default().push(inner);
                        });
                    }
                }
                Structure::Block(block) => {
                    let inner = Value::object(self.free_body(&block.body));
                    let name = block.ident.as_str().to_owned();
                    blocks.entry(name).or_default().push(inner);
                }
            }
        }
        values.extend(
            blocks
                .into_iter()
                .map(|(name, inner)| (name, Value::tuple(inner))),
        );
        values
    }
}

/// The finished resource as a value: what its block says, what is computed, and what is left out.
pub(super) fn object_of(
    schema: &BodySchema,
    evaluated: &EvaluatedBody,
    computed: &[(&'static str, Value)],
    broken: bool,
) -> BTreeMap<String, Value> {
    let mut object = BTreeMap::new();
    for attribute in schema.attributes {
        let ty = attribute.shape.ty();
        let set = evaluated
            .attributes
            .get(attribute.name)
            .map(|(v, _)| v.clone());
        let known = computed
            .iter()
            .find(|(name, _)| *name == attribute.name)
            .map(|(_, value)| value.clone());
        let value = match (known, set, attribute.presence) {
            (_, Some(set), _) => set,
            (Some(known), None, _) => convert(&known, &ty).unwrap_or(known),
            (None, None, Presence::Computed | Presence::OptionalComputed) if broken => {
                Value::broken()
            }
            (None, None, Presence::Required) if broken => Value::broken(),
            (None, None, _) if attribute.default.value().is_some() => {
                attribute.default.value().unwrap_or_else(Value::null)
            }
            (None, None, Presence::Computed | Presence::OptionalComputed) => Value::unknown(ty),
            (None, None, Presence::Optional | Presence::Required) => Value::null(),
        };
        object.insert(attribute.name.to_owned(), value);
    }
    for block in schema.blocks {
        let inner = evaluated
            .blocks
            .get(block.name)
            .map_or(&[][..], Vec::as_slice);
        let values = inner
            .iter()
            .map(|body| Value::object(object_of(&block.body, body, &[], broken)))
            .collect();
        object.insert(block.name.to_owned(), Value::tuple(values));
    }
    object
}

/// Evaluates what must not refer to anything, such as a variable's default.
pub(super) fn constant(
    expr: &crate::expression::Expr,
    ty: &Type,
) -> (Value, crate::diagnostic::Diagnostics) {
    let mut evaluator = Evaluator::on_its_own(&expr.source);
    let value = evaluator.evaluate_as(&expr.expression, ty);
    (value, evaluator.diagnostics)
}
