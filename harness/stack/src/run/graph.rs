//! Who depends on whom, and in which order all of it can be evaluated.
//!
//! Like Terraform's, the graph knows blocks and not their instances: a reference to one instance
//! depends on the whole block.

use std::collections::{BTreeSet, HashMap};

use hcl_edit::structure::{Body, Structure};

use crate::config::{Mode, Module, Nested, ResourceId};
use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean, nearest};
use crate::expression::{Expr, Reference, references, traversal_of};
use crate::resources;
use crate::source::Span;

/// Something in a module that is evaluated as one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Item {
    /// All `provider` blocks.
    Providers,
    Variable(String),
    Local(String),
    Resource(ResourceId),
    Output(String),
    /// How many instances a `module` block has.
    Call(String),
}

/// An item and the module that it is in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Node {
    pub module: usize,
    pub item: Item,
}

impl Node {
    pub(crate) fn new(module: usize, item: Item) -> Self {
        Self { module, item }
    }
}

/// The nodes in an order in which each comes after all that it depends on.
pub(crate) struct Graph {
    pub order: Vec<Node>,
    edges: HashMap<Node, Vec<(Node, Option<Span>)>>,
}

impl Graph {
    /// Finds all references; reports those to nothing, and those that go round in circles.
    pub(crate) fn build(modules: &[Module], diagnostics: &mut Diagnostics) -> Self {
        let mut builder = Builder {
            modules,
            diagnostics,
            nodes: Vec::new(),
            edges: HashMap::new(),
        };
        for module in 0..modules.len() {
            builder.module(module);
        }
        let Builder { nodes, edges, .. } = builder;
        let mut sorter = Sorter {
            modules,
            edges: &edges,
            diagnostics,
            state: HashMap::new(),
            stack: Vec::new(),
            order: Vec::new(),
        };
        for node in nodes {
            sorter.visit(&node);
        }
        let order = sorter.order;
        Self { order, edges }
    }

    /// The resources that a node depends on, directly or by way of other items.
    pub(crate) fn resources_before(&self, node: &Node) -> BTreeSet<Node> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open: Vec<&Node> = vec![node];
        while let Some(current) = open.pop() {
            for (next, _) in self.edges.get(current).into_iter().flatten() {
                if !seen.insert(next) {
                    continue;
                }
                if matches!(&next.item, Item::Resource(id) if id.mode == Mode::Managed) {
                    found.insert(next.clone());
                } else {
                    open.push(next);
                }
            }
        }
        found
    }
}

struct Builder<'a> {
    modules: &'a [Module],
    diagnostics: &'a mut Diagnostics,
    nodes: Vec<Node>,
    edges: HashMap<Node, Vec<(Node, Option<Span>)>>,
}

impl Builder<'_> {
    fn edge(&mut self, from: &Node, to: Node, span: Option<Span>) {
        self.edges.entry(from.clone()).or_default().push((to, span));
    }

    fn expr(&mut self, from: &Node, module: usize, expr: &Expr, bound: &[&str]) {
        for reference in references(expr, bound) {
            for to in self.targets(module, &reference) {
                self.edge(from, to, Some(reference.span.clone()));
            }
        }
    }

    fn module(&mut self, at: usize) {
        let modules = self.modules;
        let module = &modules[at];
        let call = Node::new(at, Item::Providers);
        self.nodes.push(call.clone());
        for provider in &module.providers {
            self.body(&call, at, &provider.body, &provider.body.body, &[]);
        }
        // Everything in a module comes after the number of its instances is known.
        let expansion = module.parent.map(|parent| {
            let name = module.path.last().cloned().unwrap_or_default();
            Node::new(parent, Item::Call(name))
        });
        let start = |this: &mut Self, item: Item| {
            let node = Node::new(at, item);
            this.nodes.push(node.clone());
            if let Some(expansion) = &expansion {
                this.edge(&node, expansion.clone(), None);
            }
            node
        };
        for (name, variable) in &module.variables {
            let node = start(self, Item::Variable(name.clone()));
            for validation in &variable.validations {
                for expr in [&validation.condition, &validation.message] {
                    self.validation(&node, at, name, expr);
                }
            }
            if let Some(parent) = module.parent
                && let Some(call) = module
                    .path
                    .last()
                    .and_then(|n| modules[parent].calls.get(n))
                && let Some((_, argument)) = call.arguments.get(name)
            {
                self.expr(&node, parent, argument, &[]);
            }
        }
        for (name, expr) in &module.locals {
            let node = start(self, Item::Local(name.clone()));
            self.expr(&node, at, expr, &[]);
        }
        for (id, resource) in &module.resources {
            let node = start(self, Item::Resource(id.clone()));
            self.edge(&node, Node::new(0, Item::Providers), None);
            for expr in resource.count.iter().chain(&resource.for_each) {
                self.expr(&node, at, expr, &[]);
            }
            for check in &resource.checks {
                // A condition about the finished resource may name it.
                let bound: &[&str] = if check.after { &["self"] } else { &[] };
                for expr in [&check.condition, &check.message] {
                    for reference in references(expr, bound) {
                        for to in self.targets(at, &reference) {
                            if to != node {
                                self.edge(&node, to, Some(reference.span.clone()));
                            }
                        }
                    }
                }
            }
            self.depends_on(&node, at, &resource.depends_on);
            self.body(&node, at, &resource.body, &resource.body.body, &[]);
        }
        for (name, call) in &module.calls {
            let node = start(self, Item::Call(name.clone()));
            for expr in call.count.iter().chain(&call.for_each) {
                self.expr(&node, at, expr, &[]);
            }
            self.depends_on(&node, at, &call.depends_on);
            self.arguments(at, name);
        }
        for (name, output) in &module.outputs {
            let node = start(self, Item::Output(name.clone()));
            self.expr(&node, at, &output.value, &[]);
            self.depends_on(&node, at, &output.depends_on);
            for check in &output.checks {
                for expr in [&check.condition, &check.message] {
                    self.expr(&node, at, expr, &[]);
                }
            }
        }
    }

    /// A variable's own conditions refer to the variable itself.
    fn validation(&mut self, node: &Node, module: usize, name: &str, expr: &Expr) {
        for reference in references(expr, &[]) {
            let is_own = matches!(reference.path.as_slice(), [root, own, ..] if root == "var" && own == name);
            if is_own {
                continue;
            }
            for to in self.targets(module, &reference) {
                self.edge(node, to, Some(reference.span.clone()));
            }
        }
    }

    /// The arguments of a call have to be variables of the module, and all that it needs.
    fn arguments(&mut self, module: usize, name: &str) {
        let call = &self.modules[module].calls[name];
        let Some(child) = call.child.map(|child| &self.modules[child]) else {
            return;
        };
        for (argument, (span, _)) in &call.arguments {
            if child.variables.contains_key(argument) {
                continue;
            }
            let mut problem =
                Diagnostic::error(format!("module `{name}` has no variable `{argument}`")).at(span);
            if let Some(hint) = did_you_mean(argument, child.variables.keys().map(String::as_str)) {
                problem = problem.hint(hint);
            }
            self.diagnostics.push(problem);
        }
        for (variable, declared) in &child.variables {
            if declared.default.is_none() && !call.arguments.contains_key(variable) {
                self.diagnostics.push(
                    Diagnostic::error(format!("module `{name}` needs a value for `{variable}`"))
                        .at(&call.span),
                );
            }
        }
    }

    fn depends_on(&mut self, node: &Node, module: usize, exprs: &[Expr]) {
        for expr in exprs {
            let Some(reference) = traversal_of(expr) else {
                self.diagnostics.push(
                    Diagnostic::error("`depends_on` has references only, such as aws_sns_topic.a")
                        .at(&expr.span()),
                );
                continue;
            };
            for to in self.targets(module, &reference) {
                if let Item::Call(name) = &to.item
                    && let Some(child) = self.modules[module].calls[name].child
                {
                    self.all_resources(node, child);
                }
                self.edge(node, to, Some(reference.span.clone()));
            }
        }
    }

    fn all_resources(&mut self, node: &Node, module: usize) {
        let modules = self.modules;
        for id in modules[module].resources.keys() {
            self.edge(node, Node::new(module, Item::Resource(id.clone())), None);
        }
        for call in modules[module].calls.values() {
            if let Some(child) = call.child {
                self.all_resources(node, child);
            }
        }
    }

    fn body(&mut self, node: &Node, module: usize, nested: &Nested, body: &Body, bound: &[&str]) {
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    self.expr(node, module, &nested.expr(&attribute.value), bound);
                }
                Structure::Block(block) if block.ident.as_str() == "dynamic" => {
                    let label = block.labels.first().map_or("", |label| label.as_str());
                    let iterator = block
                        .body
                        .get_attribute("iterator")
                        .map(|attribute| attribute.value.to_string());
                    let iterator = iterator.as_deref().map_or(label, str::trim);
                    for name in ["for_each", "labels"] {
                        if let Some(attribute) = block.body.get_attribute(name) {
                            self.expr(node, module, &nested.expr(&attribute.value), bound);
                        }
                    }
                    let mut inner = bound.to_vec();
                    inner.push(iterator);
                    for content in block.body.get_blocks("content") {
                        self.body(node, module, nested, &content.body, &inner);
                    }
                }
                Structure::Block(block) => self.body(node, module, nested, &block.body, bound),
            }
        }
    }

    fn undeclared(&mut self, reference: &Reference, what: &str, known: &[String], name: &str) {
        let mut problem = Diagnostic::error(format!("there is no {what}")).at(&reference.span);
        if let Some(hint) = did_you_mean(name, known.iter().map(String::as_str)) {
            problem = problem.hint(hint);
        }
        self.diagnostics.push(problem);
    }

    /// The nodes that a reference in a module is to; reports one to nothing.
    fn targets(&mut self, at: usize, reference: &Reference) -> Vec<Node> {
        let modules = self.modules;
        let module = &modules[at];
        let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["each" | "count" | "path" | "terraform" | "self", ..] => Vec::new(),
            ["var", name, ..] => {
                if module.variables.contains_key(*name) {
                    return vec![Node::new(at, Item::Variable((*name).to_owned()))];
                }
                let known: Vec<String> = module.variables.keys().cloned().collect();
                self.undeclared(reference, &format!("variable `{name}`"), &known, name);
                Vec::new()
            }
            ["local", name, ..] => {
                if module.locals.contains_key(*name) {
                    return vec![Node::new(at, Item::Local((*name).to_owned()))];
                }
                let known: Vec<String> = module.locals.keys().cloned().collect();
                self.undeclared(reference, &format!("local value `{name}`"), &known, name);
                Vec::new()
            }
            ["var"] => (module.variables.keys())
                .map(|name| Node::new(at, Item::Variable(name.clone())))
                .collect(),
            ["local"] => (module.locals.keys())
                .map(|name| Node::new(at, Item::Local(name.clone())))
                .collect(),
            ["module", name, rest @ ..] => self.module_targets(at, reference, name, rest),
            ["data", ty, name, rest @ ..] => {
                self.resource_target(at, reference, Mode::Data, ty, name, rest)
            }
            ["data", ..] | ["module"] => {
                self.diagnostics
                    .push(Diagnostic::error("this reference is not complete").at(&reference.span));
                Vec::new()
            }
            [ty, name, rest @ ..] => {
                self.resource_target(at, reference, Mode::Managed, ty, name, rest)
            }
            [name] => {
                let problem =
                    Diagnostic::error(format!("there is no `{name}` here")).at(&reference.span);
                let problem = if module.variables.contains_key(*name) {
                    problem.hint(format!("did you mean `var.{name}`?"))
                } else if module.locals.contains_key(*name) {
                    problem.hint(format!("did you mean `local.{name}`?"))
                } else {
                    problem.hint(format!("write \"{name}\" if it is text"))
                };
                self.diagnostics.push(problem);
                Vec::new()
            }
            [] => Vec::new(),
        }
    }

    fn module_targets(
        &mut self,
        at: usize,
        reference: &Reference,
        name: &str,
        rest: &[&str],
    ) -> Vec<Node> {
        let modules = self.modules;
        let Some(call) = modules[at].calls.get(name) else {
            let known: Vec<String> = modules[at].calls.keys().cloned().collect();
            self.undeclared(reference, &format!("module `{name}`"), &known, name);
            return Vec::new();
        };
        let mut nodes = vec![Node::new(at, Item::Call(name.to_owned()))];
        let Some(child) = call.child else {
            return nodes;
        };
        let outputs = &modules[child].outputs;
        match rest {
            [output, ..] => {
                if outputs.contains_key(*output) {
                    nodes.push(Node::new(child, Item::Output((*output).to_owned())));
                } else {
                    let what = format!("output `{output}` of module `{name}`");
                    let known: Vec<String> = outputs.keys().cloned().collect();
                    self.undeclared(reference, &what, &known, output);
                }
            }
            [] => nodes.extend(
                outputs
                    .keys()
                    .map(|output| Node::new(child, Item::Output(output.clone()))),
            ),
        }
        nodes
    }

    fn undeclared_resource(&mut self, at: usize, reference: &Reference, id: &ResourceId) {
        let shown = id.to_string();
        let same_mode = self.modules[at]
            .resources
            .keys()
            .filter(|r| r.mode == id.mode);
        let known: Vec<String> = same_mode.map(ToString::to_string).collect();
        let (what, kind) = match id.mode {
            Mode::Managed => ("resource", "resource"),
            Mode::Data => ("data source", "data"),
        };
        let hint = match nearest(&shown, known.iter().map(String::as_str)) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("declare it: {kind} \"{}\" \"{}\" {{ ... }}", id.ty, id.name),
        };
        self.diagnostics.push(
            Diagnostic::error(format!("there is no {what} `{shown}`"))
                .at(&reference.span)
                .hint(hint),
        );
    }

    fn resource_target(
        &mut self,
        at: usize,
        reference: &Reference,
        mode: Mode,
        ty: &str,
        name: &str,
        rest: &[&str],
    ) -> Vec<Node> {
        let id = ResourceId {
            mode,
            ty: ty.to_owned(),
            name: name.to_owned(),
        };
        let module = &self.modules[at];
        if !module.resources.contains_key(&id) {
            self.undeclared_resource(at, reference, &id);
            return Vec::new();
        }
        // Terraform knows the attributes before it evaluates anything.
        if let (Mode::Managed, Some(schema), [attribute, ..]) = (mode, resources::type_of(ty), rest)
        {
            let attributes = schema.body.attributes.iter().map(|a| a.name);
            let blocks = schema.body.blocks.iter().map(|b| b.name);
            // In the order and words in which the evaluation would report it, too.
            let names: BTreeSet<&str> = attributes.chain(blocks).collect();
            if !names.contains(attribute) {
                let (span, before) = reference.step(2);
                let mut problem =
                    Diagnostic::error(format!("`{before}` has no attribute `{attribute}`"))
                        .at(&span);
                if let Some(hint) = did_you_mean(attribute, names) {
                    problem = problem.hint(hint);
                }
                self.diagnostics.push(problem);
            }
        }
        vec![Node::new(at, Item::Resource(id))]
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Open,
    Done,
}

struct Sorter<'a> {
    modules: &'a [Module],
    edges: &'a HashMap<Node, Vec<(Node, Option<Span>)>>,
    diagnostics: &'a mut Diagnostics,
    state: HashMap<Node, Visit>,
    stack: Vec<Node>,
    order: Vec<Node>,
}

impl Sorter<'_> {
    /// Visits a node and what it depends on. A chain of dependencies may be longer than the thread's
    /// own stack is deep.
    fn visit(&mut self, node: &Node) {
        if self.state.contains_key(node) {
            return;
        }
        self.open(node);
        // For each node on the stack, how many of its edges have been followed.
        let mut followed = vec![0];
        let edges = self.edges;
        while let (Some(node), Some(at)) = (self.stack.last(), followed.last_mut()) {
            let edge = edges.get(node).and_then(|edges| edges.get(*at));
            *at += 1;
            let Some((next, span)) = edge else {
                followed.pop();
                if let Some(node) = self.stack.pop() {
                    self.state.insert(node.clone(), Visit::Done);
                    self.order.push(node);
                }
                continue;
            };
            match self.state.get(next) {
                Some(Visit::Open) => self.cycle(next, span.as_ref()),
                Some(Visit::Done) => {}
                None => {
                    self.open(next);
                    followed.push(0);
                }
            }
        }
    }

    fn open(&mut self, node: &Node) {
        self.state.insert(node.clone(), Visit::Open);
        self.stack.push(node.clone());
    }

    fn cycle(&mut self, back_to: &Node, span: Option<&Span>) {
        let start = self.stack.iter().position(|node| node == back_to);
        let round = &self.stack[start.unwrap_or(0)..];
        let mut names: Vec<String> = round.iter().map(|node| self.show(node)).collect();
        let first = names.first().cloned().unwrap_or_default();
        let alone = names.len() == 1;
        names.push(first.clone());
        let message = if alone {
            format!("{first} refers to itself")
        } else {
            format!("these depend on each other: {}", names.join(" -> "))
        };
        let mut problem = Diagnostic::error(message);
        if let Some(span) = span {
            problem = problem.at(span);
        }
        self.diagnostics.push(problem);
    }

    fn show(&self, node: &Node) -> String {
        let mut path = String::new();
        for step in &self.modules[node.module].path {
            path.push_str(&format!("module.{step}."));
        }
        let item = match &node.item {
            Item::Providers => "provider".to_owned(),
            Item::Variable(name) => format!("var.{name}"),
            Item::Local(name) => format!("local.{name}"),
            Item::Resource(id) => id.to_string(),
            Item::Output(name) => format!("output.{name}"),
            Item::Call(name) => format!("module.{name}"),
        };
        path + &item
    }
}

#[cfg(test)]
mod tests {
    use zipster_names::{AccountId, Region};

    use crate::{Inputs, Source, read};

    #[test]
    fn a_chain_of_references_may_be_long() {
        const LENGTH: usize = 20_000;
        let links: String = (0..LENGTH)
            .map(|link| format!("  a{link} = local.a{}\n", link + 1))
            .collect();
        let text = format!(
            "locals {{\n{links}  a{LENGTH} = 7\n}}\noutput \"o\" {{\n  value = local.a0\n}}\n"
        );
        let inputs = Inputs::new(
            AccountId::parse("123456789012").unwrap(),
            Region::parse("us-east-1").unwrap(),
        );
        let (stack, diagnostics) = read(vec![Source::new("main.tf", text)], &inputs);
        assert_eq!(diagnostics, []);
        assert!(stack.is_some());
    }
}
