//! Evaluating the block of a resource that a local stack does not make: its arguments are checked
//! against the provider's schema, and what it would have is known by name and type.

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::Span as _;
use hcl_edit::structure::{Body, Structure};

use super::body::BodyEvaluator;
use crate::described::{self, Description};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::source::Span;
use crate::value::convert::convert;
use crate::value::{Type, Value};

/// What a body says: attributes, and the blocks of each name.
#[derive(Default)]
pub(super) struct Said {
    pub attributes: BTreeMap<String, Value>,
    blocks: BTreeMap<&'static str, Vec<Said>>,
}

impl BodyEvaluator<'_, '_> {
    /// Evaluates the whole block.
    pub(super) fn described(&mut self, description: &Description) -> Said {
        let body = &self.nested.body;
        self.described_body(body, description, &self.nested.span.clone(), "")
    }

    fn described_body(
        &mut self,
        body: &Body,
        description: &Description,
        span: &Span,
        path: &str,
    ) -> Said {
        let mut said = Said::default();
        let mut seen = BTreeSet::new();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    let name = attribute.key.as_str();
                    let key = self.nested.span_of(attribute.key.span());
                    seen.insert(name);
                    match description.attribute(name) {
                        None => {
                            self.not_described(name, "argument", &key, description, path);
                            self.evaluator.evaluate(&attribute.value);
                        }
                        Some(known) if !known.settable => {
                            let problem = Diagnostic::error(format!("`{name}` cannot be set"));
                            let hint = "AWS decides it when the resource is made";
                            self.problem(problem.at(&key).hint(hint));
                        }
                        Some(known) => {
                            let value = self.evaluator.evaluate_as(&attribute.value, &known.ty);
                            if !value.is_null() {
                                said.attributes.insert(name.to_owned(), value);
                            }
                        }
                    }
                }
                Structure::Block(block) => {
                    let is_dynamic = block.ident.as_str() == "dynamic";
                    let label = block
                        .labels
                        .first()
                        .map(hcl_edit::structure::BlockLabel::as_str);
                    let name = match label.filter(|_| is_dynamic) {
                        Some(label) => label,
                        None => block.ident.as_str(),
                    };
                    let key = self.nested.span_of(block.ident.span());
                    seen.insert(name);
                    if is_dynamic {
                        for (content, names) in self.rounds(block, name) {
                            self.bound(names, |this| {
                                this.described_block(
                                    name,
                                    &content.body,
                                    description,
                                    &key,
                                    path,
                                    &mut said,
                                );
                            });
                        }
                    } else {
                        self.described_block(name, &block.body, description, &key, path, &mut said);
                    }
                }
            }
        }
        let missing = description
            .attributes
            .iter()
            .filter(|attribute| attribute.required && !seen.contains(attribute.name))
            .map(|attribute| format!("`{}`", attribute.name));
        let blocks = description
            .blocks
            .iter()
            .filter(|block| block.least > 0 && !seen.contains(block.name))
            .map(|block| format!("`{}` block", block.name));
        for missing in missing.chain(blocks) {
            let what = self.what(path);
            self.problem(Diagnostic::error(format!("{what} has no {missing}")).at(span));
        }
        said
    }

    fn described_block(
        &mut self,
        name: &str,
        body: &Body,
        description: &Description,
        key: &Span,
        path: &str,
        said: &mut Said,
    ) {
        if let Some(known) = description.block(name) {
            let inner = format!("{path}{name}.");
            let inner = self.described_body(body, &known.body, key, &inner);
            said.blocks.entry(known.name).or_default().push(inner);
            return;
        }
        // Some attributes are lists of objects that may be written as blocks.
        let of_objects = description.attribute(name).and_then(|attribute| {
            let (Type::List(of) | Type::Set(of)) = &attribute.ty else {
                return None;
            };
            match &**of {
                Type::Object(attributes) if attribute.settable => Some((&attribute.ty, attributes)),
                Type::Object(_)
                | Type::Any
                | Type::Bool
                | Type::Number
                | Type::String
                | Type::List(_)
                | Type::Set(_)
                | Type::Map(_)
                | Type::Tuple(_) => None,
            }
        });
        let Some((ty, attributes)) = of_objects else {
            self.not_described(name, "block", key, description, path);
            return;
        };
        let mut object = self.free_body(body);
        for extra in object.keys().filter(|name| !attributes.contains_key(*name)) {
            let problem = Diagnostic::error(format!("`{path}{name}` has no argument `{extra}`"));
            let hint = did_you_mean(extra, attributes.keys().map(String::as_str));
            let problem = problem.at(key);
            self.problem(match hint {
                Some(hint) => problem.hint(hint),
                None => problem,
            });
        }
        for name in attributes.keys() {
            object.entry(name.clone()).or_insert_with(Value::null);
        }
        let mut all = match said.attributes.remove(name) {
            Some(before) => before.as_elements().unwrap_or_default().to_vec(),
            None => Vec::new(),
        };
        all.push(Value::object(object));
        match convert(&Value::tuple(all), ty) {
            Ok(value) => {
                said.attributes.insert(name.to_owned(), value);
            }
            Err(error) => {
                self.problem(Diagnostic::error(format!("`{path}{name}`: {error}")).at(key));
            }
        }
    }

    fn not_described(
        &mut self,
        name: &str,
        what: &str,
        key: &Span,
        description: &Description,
        path: &str,
    ) {
        let owner = self.what(path);
        let mut problem = Diagnostic::error(format!("{owner} has no {what} `{name}`")).at(key);
        if let Some(hint) = did_you_mean(name, description.names()) {
            problem = problem.hint(hint);
        }
        self.problem(problem);
    }
}

/// The resource as what refers to it sees it.
pub(super) fn object_of(
    description: &Description,
    said: &Said,
    computed: &[(&'static str, Value)],
) -> BTreeMap<String, Value> {
    let mut object = BTreeMap::new();
    for described::Attribute {
        name,
        ty,
        computed: has_it,
        ..
    } in &description.attributes
    {
        let known = computed.iter().find(|(computed, _)| computed == name);
        let value = match (known, said.attributes.get(*name)) {
            (Some((_, known)), _) => convert(known, ty).unwrap_or_else(|_| known.clone()),
            (None, Some(said)) => said.clone(),
            (None, None) if *has_it => Value::unknown(ty.clone()),
            (None, None) => Value::null(),
        };
        object.insert((*name).to_owned(), value);
    }
    for block in &description.blocks {
        let inner = said.blocks.get(block.name).map_or(&[][..], Vec::as_slice);
        let mut values = inner
            .iter()
            .map(|said| Value::object(object_of(&block.body, said, &[])));
        let value = if block.single {
            values.next().unwrap_or_else(Value::null)
        } else {
            Value::tuple(values.collect())
        };
        object.insert(block.name.to_owned(), value);
    }
    object
}
