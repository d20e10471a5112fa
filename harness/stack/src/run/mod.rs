//! From a configuration to a stack: everything evaluated, in the order of the graph.

mod body;
mod described;
mod graph;
mod resource;
mod scope;
mod variable;

use std::collections::{BTreeMap, HashMap};

use crate::config::{Module, load};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expression::{Evaluator, Expr};
use crate::schema::Context;
use crate::source::Span;
use crate::value::convert::convert;
use crate::value::{Kind, Type, Value, json};
use crate::{Inputs, InstanceKey, ModuleStep, NotEmulated, Output, Resource, Source, Stack, Text};
use graph::{Graph, Item, Node};
use scope::{Repetition, Scope};

/// Reads a configuration: the `*.tf` files of its root module.
///
/// All that is wrong is found in one run. There is a stack only if nothing was an error; warnings
/// leave one.
///
/// Nothing is read but the arguments: local modules and files come through [`Inputs::files`].
#[must_use]
pub fn read(sources: Vec<Source>, inputs: &Inputs<'_>) -> (Option<Stack>, Vec<Diagnostic>) {
    let mut diagnostics = Diagnostics::default();
    let modules = load(sources, inputs.files, &mut diagnostics);
    // What was not parsed may declare what the rest refers to: first things first.
    if diagnostics.has_errors() && modules.first().is_none_or(is_empty) {
        return (None, diagnostics.into_sorted());
    }
    let graph = Graph::build(&modules, &mut diagnostics);
    let mut world = World::new(&modules, inputs);
    world.given = variable::given(inputs, &modules[0].variables, &mut diagnostics);
    for node in &graph.order {
        world.evaluate(node, &graph, &mut diagnostics);
    }
    let outputs = world.outputs();
    let stack = (!diagnostics.has_errors()).then(|| Stack {
        account: inputs.account.clone(),
        region: world.context.region.clone(),
        partition: world.context.partition,
        resources: world.resources,
        outputs,
        not_emulated: world.not_emulated,
    });
    (stack, diagnostics.into_sorted())
}

fn is_empty(module: &Module) -> bool {
    module.resources.is_empty() && module.variables.is_empty() && module.locals.is_empty()
}

/// One instance of a module.
struct ModuleInstance {
    module: usize,
    parent: Option<usize>,
    path: Vec<ModuleStep>,
    /// What `each` and `count` mean in the arguments of its call.
    repetition: Repetition,
}

/// All that is known so far.
struct World<'w> {
    modules: &'w [Module],
    inputs: &'w Inputs<'w>,
    context: Context,
    default_tags: BTreeMap<String, Value>,
    given: BTreeMap<String, variable::Given>,
    instances: Vec<ModuleInstance>,
    values: HashMap<(usize, Item), Value>,
    resources: Vec<Resource>,
    not_emulated: Vec<NotEmulated>,
    /// The addresses of the instances of each block, for what depends on it.
    addresses: HashMap<Node, Vec<crate::Address>>,
}

/// The values of instances as what refers to their block sees them.
fn by_key(instances: Vec<(Option<InstanceKey>, Value)>, count: bool, for_each: bool) -> Value {
    if count {
        return Value::tuple(instances.into_iter().map(|(_, value)| value).collect());
    }
    if for_each {
        let named = instances.into_iter().filter_map(|(key, value)| match key? {
            InstanceKey::Name(name) => Some((name, value)),
            InstanceKey::Index(_) => None,
        });
        return Value::object(named.collect());
    }
    match instances.into_iter().next() {
        Some((_, value)) => value,
        None => Value::broken(),
    }
}

impl<'w> World<'w> {
    fn new(modules: &'w [Module], inputs: &'w Inputs<'w>) -> Self {
        Self {
            modules,
            inputs,
            context: Context {
                account: inputs.account.clone(),
                region: inputs.region.clone(),
                partition: inputs.region.partition(),
                secrets: inputs.secrets.clone(),
            },
            default_tags: BTreeMap::new(),
            given: BTreeMap::new(),
            instances: vec![ModuleInstance {
                module: 0,
                parent: None,
                path: Vec::new(),
                repetition: Repetition::default(),
            }],
            values: HashMap::new(),
            resources: Vec::new(),
            not_emulated: Vec::new(),
            addresses: HashMap::new(),
        }
    }

    fn instances_of(&self, module: usize) -> Vec<usize> {
        (0..self.instances.len())
            .filter(|at| self.instances[*at].module == module)
            .collect()
    }

    fn evaluate(&mut self, node: &Node, graph: &Graph, diagnostics: &mut Diagnostics) {
        let modules = self.modules;
        let module = &modules[node.module];
        match &node.item {
            Item::Providers => {
                if node.module == 0 {
                    self.providers(module, diagnostics);
                } else if let Some(provider) = module.providers.first() {
                    diagnostics.push(
                        Diagnostic::error("a module cannot configure a provider of its own")
                            .at(&provider.body.span)
                            .hint("a local stack has one region and one account"),
                    );
                }
                return;
            }
            Item::Variable(_)
            | Item::Local(_)
            | Item::Resource(_)
            | Item::Output(_)
            | Item::Call(_) => {}
        }
        for instance in self.instances_of(node.module) {
            let value = match &node.item {
                Item::Providers => continue,
                Item::Variable(name) => self.variable(instance, name, diagnostics),
                Item::Local(name) => {
                    self.expression(instance, &module.locals[name], &Type::Any, diagnostics)
                }
                Item::Resource(id) => self.resource(instance, node, id, graph, diagnostics),
                Item::Output(name) => self.output(instance, name, diagnostics),
                Item::Call(name) => {
                    self.call(instance, name, diagnostics);
                    continue;
                }
            };
            self.values.insert((instance, node.item.clone()), value);
        }
    }

    /// Runs an evaluation in the names of an instance.
    fn with_evaluator<T>(
        &self,
        instance: usize,
        repetition: &Repetition,
        source: &std::sync::Arc<Source>,
        diagnostics: &mut Diagnostics,
        run: impl FnOnce(&mut Evaluator<'_>) -> T,
    ) -> T {
        let scope = Scope {
            world: self,
            instance,
            repetition: repetition.clone(),
        };
        let mut evaluator = Evaluator::new(&scope, self.inputs.files, source);
        let result = run(&mut evaluator);
        diagnostics.extend(evaluator.diagnostics);
        result
    }

    fn expression(
        &self,
        instance: usize,
        expr: &Expr,
        ty: &Type,
        diagnostics: &mut Diagnostics,
    ) -> Value {
        let repetition = Repetition::default();
        self.with_evaluator(
            instance,
            &repetition,
            &expr.source,
            diagnostics,
            |evaluator| evaluator.evaluate_as(&expr.expression, ty),
        )
    }

    /// Takes the region and the tags for everything; what else the provider is told is how to
    /// reach AWS.
    fn providers(&mut self, module: &Module, diagnostics: &mut Diagnostics) {
        for provider in &module.providers {
            if provider.alias.is_some() || provider.name != "aws" {
                // Unused unless a resource asks for it, which is refused there.
                continue;
            }
            let nested = &provider.body;
            if let Some(attribute) = nested.body.get_attribute("region") {
                let expr = nested.expr(&attribute.value);
                let value = self.expression(0, &expr, &Type::String, diagnostics);
                match value.as_str().map(zipster_names::Region::parse) {
                    Some(Ok(region)) => {
                        self.context.partition = region.partition();
                        self.context.region = region;
                    }
                    Some(Err(error)) => diagnostics.push(
                        Diagnostic::error(format!("{:?} is not a region", error.value()))
                            .at(&expr.span())
                            .hint(error.rule()),
                    ),
                    None => {}
                }
            }
            for block in nested.body.get_blocks("default_tags") {
                let Some(tags) = block.body.get_attribute("tags") else {
                    continue;
                };
                let expr = nested.expr(&tags.value);
                let ty = Type::map(Type::String);
                let value = self.expression(0, &expr, &ty, diagnostics);
                self.default_tags
                    .extend(value.as_entries().cloned().unwrap_or_default());
            }
        }
    }

    fn variable(&mut self, instance: usize, name: &str, diagnostics: &mut Diagnostics) -> Value {
        let modules = self.modules;
        let ModuleInstance { module, parent, .. } = self.instances[instance];
        let variable = &modules[module].variables[name];
        let step = self.instances[instance].path.last().cloned();
        let (value, at) = match (parent, step) {
            (Some(parent), Some(step)) => {
                let calls = &modules[self.instances[parent].module].calls;
                let argument = calls.get(&step.name).and_then(|c| c.arguments.get(name));
                let given = argument.map(|(_, expr)| {
                    let repetition = self.instances[instance].repetition.clone();
                    let value = self.with_evaluator(
                        parent,
                        &repetition,
                        &expr.source,
                        diagnostics,
                        |evaluator| evaluator.evaluate(&expr.expression),
                    );
                    (value, expr.span())
                });
                if given.is_none() && variable.default.is_none() {
                    // Reported where the module is called.
                    return Value::broken();
                }
                let at = given
                    .as_ref()
                    .map_or(&variable.span, |(_, span)| span)
                    .clone();
                let given = given.as_ref().map(|(value, _)| value);
                let value = variable::settle(name, variable, given, &at, diagnostics);
                (value, at)
            }
            _ => {
                let given = self.given.get(name);
                let at = given
                    .and_then(|given| given.span())
                    .unwrap_or(&variable.span);
                let value = variable::of_root(name, variable, given, diagnostics);
                (value, at.clone())
            }
        };
        // The conditions name the variable, so it has to be there for them.
        let key = (instance, Item::Variable(name.to_owned()));
        self.values.insert(key, value.clone());
        if !value.has_broken() {
            let what = format!("variable `{name}`");
            self.checks(instance, &what, &variable.validations, &at, diagnostics);
        }
        value
    }

    fn checks(
        &self,
        instance: usize,
        what: &str,
        checks: &[crate::config::Check],
        at: &Span,
        diagnostics: &mut Diagnostics,
    ) {
        for check in checks {
            let truth = self.expression(instance, &check.condition, &Type::Any, diagnostics);
            let message = self.expression(instance, &check.message, &Type::String, diagnostics);
            variable::judge(what, check, &truth, &message, at, diagnostics);
        }
    }

    fn output(&mut self, instance: usize, name: &str, diagnostics: &mut Diagnostics) -> Value {
        let modules = self.modules;
        let output = &modules[self.instances[instance].module].outputs[name];
        let what = format!("output `{name}`");
        self.checks(instance, &what, &output.checks, &output.span, diagnostics);
        let value = self.expression(instance, &output.value, &Type::Any, diagnostics);
        let is_root = self.instances[instance].parent.is_none();
        if is_root && !output.sensitive && value.has_sensitive() {
            diagnostics.push(
                Diagnostic::error(format!("{what} would show a sensitive value"))
                    .at(&output.value.span())
                    .hint("add `sensitive = true`, or nonsensitive(...) if it may be seen"),
            );
        }
        value.marked(output.sensitive)
    }

    /// Finds out which instances of a called module there are.
    fn call(&mut self, instance: usize, name: &str, diagnostics: &mut Diagnostics) {
        let modules = self.modules;
        let call = &modules[self.instances[instance].module].calls[name];
        let Some(child) = call.child else { return };
        let repetitions = self.repetitions(
            instance,
            call.count.as_ref(),
            call.for_each.as_ref(),
            diagnostics,
        );
        for (key, repetition) in repetitions.unwrap_or_default() {
            let mut path = self.instances[instance].path.clone();
            path.push(ModuleStep {
                name: name.to_owned(),
                key,
            });
            self.instances.push(ModuleInstance {
                module: child,
                parent: Some(instance),
                path,
                repetition,
            });
        }
    }

    /// The outputs of the root module.
    fn outputs(&self) -> BTreeMap<String, Output> {
        let mut outputs = BTreeMap::new();
        for name in self.modules[0].outputs.keys() {
            let key = (0, Item::Output(name.clone()));
            if let Some(value) = self.values.get(&key) {
                outputs.insert(name.clone(), output_of(value));
            }
        }
        outputs
    }
}

fn output_of(value: &Value) -> Output {
    if value.has_unknown() {
        return Output::KnownAfterApply;
    }
    let text = |text: String| {
        if value.has_sensitive() {
            Text::sensitive(text)
        } else {
            Text::plain(text)
        }
    };
    match convert(value, &Type::String).map(|value| value.kind) {
        Ok(Kind::String(known)) => Output::Text(text(known)),
        _ => Output::Json(text(json::encode(value))),
    }
}
