//! From files to modules: which blocks there are, and what their fixed parts say.

use std::collections::BTreeSet;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::structure::{Block, Body, Structure};
use indexmap::IndexMap;

use super::block::{BlockReader, header};
use super::{
    Call, Check, Mode, Module, Nested, OutputBlock, ProviderBlock, ResourceBlock, ResourceId,
    Variable, parse_problem, types,
};
use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use crate::expression::Expr;
use crate::source::Span;
use crate::value::Type;
use crate::{Files, Source};

/// Modules may call each other this deep.
const MAX_DEPTH: usize = 16;

/// Reads the root module and all local modules that it calls. The root comes first.
pub(crate) fn load(
    sources: Vec<Source>,
    files: &dyn Files,
    diagnostics: &mut Diagnostics,
) -> Vec<Module> {
    let shown_folder = sources
        .first()
        .and_then(|source| source.path.rsplit_once('/'))
        .map_or(String::new(), |(folder, _)| folder.to_owned());
    let mut loader = Loader {
        files,
        diagnostics,
        modules: Vec::new(),
        shown_folder,
    };
    loader.module(sources, Vec::new(), ".".to_owned(), None);
    loader.modules
}

struct Loader<'a> {
    files: &'a dyn Files,
    diagnostics: &'a mut Diagnostics,
    modules: Vec<Module>,
    /// The root module's folder, as the paths of its files show it.
    shown_folder: String,
}

const BLOCKS: [&str; 9] = [
    "data",
    "locals",
    "module",
    "moved",
    "output",
    "provider",
    "resource",
    "terraform",
    "variable",
];

impl Loader<'_> {
    fn module(
        &mut self,
        sources: Vec<Source>,
        path: Vec<String>,
        folder: String,
        parent: Option<usize>,
    ) -> usize {
        let at = self.modules.len();
        self.modules.push(Module {
            path,
            folder,
            parent,
            providers: Vec::new(),
            variables: IndexMap::new(),
            locals: IndexMap::new(),
            resources: IndexMap::new(),
            outputs: IndexMap::new(),
            calls: IndexMap::new(),
        });
        for source in sources {
            let source = Arc::new(source);
            if source.path.ends_with(".json") {
                self.diagnostics.push(
                    Diagnostic::error("configurations in JSON are not read")
                        .at(&Span::new(&source, 0..1))
                        .hint("write it in HCL, in a *.tf file"),
                );
                continue;
            }
            match hcl_edit::parser::parse_body(&source.text) {
                Ok(body) => self.file(at, &source, body),
                Err(error) => self.diagnostics.push(parse_problem(&source, &error)),
            }
        }
        at
    }

    fn file(&mut self, module: usize, source: &Arc<Source>, body: Body) {
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => self.diagnostics.push(
                    Diagnostic::error(format!(
                        "`{}` stands outside of any block",
                        attribute.key.as_str()
                    ))
                    .at(&Span::new(source, attribute.key.span().unwrap_or(0..0)))
                    .hint("write it in a `locals` block, or in a `*.tfvars` file"),
                ),
                Structure::Block(block) => self.block(module, source, &block),
            }
        }
    }

    fn block(&mut self, module: usize, source: &Arc<Source>, block: &Block) {
        let labels: Vec<String> = block.labels.iter().map(|l| l.as_str().to_owned()).collect();
        match (block.ident.as_str(), labels.as_slice()) {
            ("terraform" | "moved" | "removed" | "import", _) => {
                // About versions and state: nothing of it changes what the stack is.
            }
            ("check", _) => self.diagnostics.push(
                Diagnostic::warning("`check` blocks are not looked at")
                    .at(&header(source, block))
                    .hint("a precondition or postcondition is"),
            ),
            ("locals", []) => self.locals(module, source, block),
            ("variable", [name]) => self.variable(module, source, block, name),
            ("output", [name]) => self.output(module, source, block, name),
            ("provider", [name]) => self.provider(module, source, block, name),
            ("module", [name]) => self.call(module, source, block, name),
            ("resource", [ty, name]) => {
                self.resource(module, source, block, Mode::Managed, ty, name);
            }
            ("data", [ty, name]) => self.resource(module, source, block, Mode::Data, ty, name),
            (
                kind @ ("locals" | "variable" | "output" | "provider" | "module" | "resource"
                | "data"),
                _,
            ) => {
                let labels = match kind {
                    "locals" => "no labels",
                    "resource" | "data" => "two labels, a type and a name",
                    _ => "one label, its name",
                };
                self.diagnostics.push(
                    Diagnostic::error(format!("a `{kind}` block has {labels}"))
                        .at(&header(source, block)),
                );
            }
            (kind, _) => {
                let mut problem =
                    Diagnostic::error(format!("blocks of type `{kind}` are not read"))
                        .at(&Span::new(source, block.ident.span().unwrap_or(0..0)));
                if let Some(hint) = did_you_mean(kind, BLOCKS) {
                    problem = problem.hint(hint);
                }
                self.diagnostics.push(problem);
            }
        }
    }

    fn declared_twice(&mut self, what: &str, again: &Span, first: &Span) {
        self.diagnostics.push(
            Diagnostic::error(format!("{what} is declared twice"))
                .at(again)
                .hint(format!("the other one is at {}", first.place())),
        );
    }

    fn locals(&mut self, module: usize, source: &Arc<Source>, block: &Block) {
        for structure in &block.body {
            match structure {
                Structure::Attribute(attribute) => {
                    let expr = Expr {
                        source: Arc::clone(source),
                        expression: attribute.value.clone(),
                    };
                    let name = attribute.key.to_string();
                    let key = Span::new(source, attribute.key.span().unwrap_or(0..0));
                    let before = self.modules[module].locals.insert(name.clone(), expr);
                    if let Some(before) = before {
                        self.declared_twice(&format!("`local.{name}`"), &key, &before.span());
                    }
                }
                Structure::Block(inner) => self.diagnostics.push(
                    Diagnostic::error("a `locals` block has values only, and no blocks")
                        .at(&header(source, inner)),
                ),
            }
        }
    }

    fn checks(&mut self, blocks: Vec<Block>, source: &Arc<Source>, after: bool) -> Vec<Check> {
        let mut checks = Vec::new();
        for block in blocks {
            let what = format!("this `{}` block", block.ident.as_str());
            let mut reader = BlockReader::new(source, &block, what, self.diagnostics);
            let condition = reader.required("condition");
            let message = reader.required("error_message");
            reader.finish();
            if let (Some(condition), Some(message)) = (condition, message) {
                checks.push(Check {
                    condition,
                    message,
                    after,
                });
            }
        }
        checks
    }

    fn variable(&mut self, module: usize, source: &Arc<Source>, block: &Block, name: &str) {
        let what = format!("variable `{name}`");
        let mut reader = BlockReader::new(source, block, what.clone(), self.diagnostics);
        let span = reader.span();
        let ty = reader.expr("type");
        let default = reader.expr("default");
        let sensitive = reader.flag("sensitive", false);
        let ephemeral = reader.flag("ephemeral", false);
        let nullable = reader.flag("nullable", true);
        reader.attribute("description");
        reader.attribute("deprecated");
        let validations = reader.blocks("validation");
        reader.finish();
        let typed = ty.is_some();
        let ty = ty.map_or(Type::Any, |expr| types::read(&expr, self.diagnostics));
        let validations = self.checks(validations, source, false);
        let variable = Variable {
            span: span.clone(),
            ty,
            typed,
            default,
            sensitive: sensitive || ephemeral,
            nullable,
            validations,
        };
        let before = self.modules[module]
            .variables
            .insert(name.to_owned(), variable);
        if let Some(before) = before {
            self.declared_twice(&what, &span, &before.span);
        }
    }

    fn output(&mut self, module: usize, source: &Arc<Source>, block: &Block, name: &str) {
        let what = format!("output `{name}`");
        let mut reader = BlockReader::new(source, block, what.clone(), self.diagnostics);
        let span = reader.span();
        let value = reader.required("value");
        let sensitive = reader.flag("sensitive", false);
        let ephemeral = reader.flag("ephemeral", false);
        let depends_on = reader.list("depends_on");
        reader.attribute("description");
        reader.attribute("deprecated");
        let preconditions = reader.blocks("precondition");
        reader.finish();
        let checks = self.checks(preconditions, source, false);
        let Some(value) = value else { return };
        let output = OutputBlock {
            span: span.clone(),
            value,
            sensitive: sensitive || ephemeral,
            depends_on,
            checks,
        };
        let before = self.modules[module].outputs.insert(name.to_owned(), output);
        if let Some(before) = before {
            self.declared_twice(&what, &span, &before.span);
        }
    }

    fn provider(&mut self, module: usize, source: &Arc<Source>, block: &Block, name: &str) {
        let mut reader = BlockReader::new(
            source,
            block,
            format!("provider `{name}`"),
            self.diagnostics,
        );
        let alias = reader.expr("alias");
        let alias = alias.and_then(|alias| alias.expression.as_str().map(str::to_owned));
        let body = reader.rest();
        self.modules[module].providers.push(ProviderBlock {
            name: name.to_owned(),
            alias,
            body,
        });
    }

    fn resource(
        &mut self,
        module: usize,
        source: &Arc<Source>,
        block: &Block,
        mode: Mode,
        ty: &str,
        name: &str,
    ) {
        let id = ResourceId {
            mode,
            ty: ty.to_owned(),
            name: name.to_owned(),
        };
        let mut reader = BlockReader::new(source, block, format!("`{id}`"), self.diagnostics);
        let span = reader.span();
        let count = reader.expr("count");
        let for_each = reader.expr("for_each");
        let depends_on = reader.list("depends_on");
        let provider = reader.expr("provider");
        let lifecycles = reader.blocks("lifecycle");
        for name in ["provisioner", "connection"] {
            for block in reader.blocks(name) {
                let at = header(source, &block);
                reader.diagnostics.push(
                    Diagnostic::error(format!("`{name}` blocks are not supported"))
                        .at(&at)
                        .hint("nothing is provisioned in a local stack"),
                );
            }
        }
        let body = reader.rest();
        let mut checks = Vec::new();
        for lifecycle in lifecycles {
            let mut reader =
                BlockReader::new(source, &lifecycle, "a `lifecycle` block", self.diagnostics);
            // How changes are made does not change what the stack is.
            for argument in [
                "create_before_destroy",
                "prevent_destroy",
                "ignore_changes",
                "replace_triggered_by",
            ] {
                reader.attribute(argument);
            }
            let before = reader.blocks("precondition");
            let after = reader.blocks("postcondition");
            reader.finish();
            checks.extend(self.checks(before, source, false));
            checks.extend(self.checks(after, source, true));
        }
        self.check_provider(provider.as_ref());
        if let (Some(count), Some(_)) = (&count, &for_each) {
            self.diagnostics.push(
                Diagnostic::error(format!("`{id}` has both `count` and `for_each`"))
                    .at(&count.span()),
            );
        }
        let resource = ResourceBlock {
            span: span.clone(),
            count,
            for_each,
            depends_on,
            checks,
            body,
        };
        let what = format!("`{id}`");
        if let Some(before) = self.modules[module].resources.insert(id, resource) {
            self.declared_twice(&what, &span, &before.span);
        }
    }

    /// Another configuration of a provider may mean another region or account.
    fn check_provider(&mut self, provider: Option<&Expr>) {
        if let Some(provider) = provider
            && provider.span().text().contains('.')
        {
            self.diagnostics.push(
                Diagnostic::error("another configuration of a provider is not supported")
                    .at(&provider.span())
                    .hint("a local stack has one region and one account"),
            );
        }
    }

    fn call(&mut self, module: usize, source: &Arc<Source>, block: &Block, name: &str) {
        let what = format!("module `{name}`");
        let mut reader = BlockReader::new(source, block, what.clone(), self.diagnostics);
        let span = reader.span();
        let from = reader.required("source");
        let count = reader.expr("count");
        let for_each = reader.expr("for_each");
        let depends_on = reader.list("depends_on");
        reader.attribute("version");
        let providers = reader.expr("providers");
        let rest: Nested = reader.rest();
        if let Some(providers) = providers {
            self.diagnostics.push(
                Diagnostic::error("passing `providers` to a module is not supported")
                    .at(&providers.span())
                    .hint("a local stack has one region and one account"),
            );
        }
        let mut arguments = IndexMap::new();
        for structure in &rest.body {
            match structure {
                Structure::Attribute(attribute) => {
                    let key = rest.span_of(attribute.key.span());
                    arguments.insert(
                        attribute.key.to_string(),
                        (key, rest.expr(&attribute.value)),
                    );
                }
                Structure::Block(inner) => self.diagnostics.push(
                    Diagnostic::error(format!("{what} has values only, and no blocks"))
                        .at(&header(source, inner)),
                ),
            }
        }
        let child = from.and_then(|from| self.child(module, name, &from));
        let call = Call {
            span: span.clone(),
            count,
            for_each,
            depends_on,
            arguments,
            child,
        };
        let before = self.modules[module].calls.insert(name.to_owned(), call);
        if let Some(before) = before {
            self.declared_twice(&what, &span, &before.span);
        }
    }

    /// Reads the module in a local folder.
    fn child(&mut self, parent: usize, name: &str, from: &Expr) -> Option<usize> {
        let at = from.span();
        let Some(folder) = from.expression.as_str() else {
            self.diagnostics
                .push(Diagnostic::error("the source of a module must be plain text").at(&at));
            return None;
        };
        if !folder.starts_with("./") && !folder.starts_with("../") {
            self.diagnostics.push(
                Diagnostic::error(format!("the module {folder:?} is not a local one"))
                    .at(&at)
                    .hint("modules are read from folders: a source begins with ./ or ../"),
            );
            return None;
        }
        if self.modules[parent].path.len() >= MAX_DEPTH {
            self.diagnostics
                .push(Diagnostic::error("modules call each other without end").at(&at));
            return None;
        }
        let folder = join(&self.modules[parent].folder, folder);
        let paths = match self.files.list(&folder) {
            Ok(paths) => paths,
            Err(error) => {
                self.diagnostics
                    .push(Diagnostic::error(format!("cannot read {folder:?}: {error}")).at(&at));
                return None;
            }
        };
        let mut sources = Vec::new();
        // In the order of their names, whatever the file system's is.
        let paths: BTreeSet<String> = paths.into_iter().collect();
        for path in paths {
            if path.contains('/') || !path.ends_with(".tf") {
                continue;
            }
            let file = join(&folder, &path);
            match crate::functions::read_text(self.files, &file) {
                Ok(text) => sources.push(Source::new(join(&self.shown_folder, &file), text)),
                Err(problem) => self.diagnostics.push(Diagnostic::error(problem).at(&at)),
            }
        }
        if sources.is_empty() {
            self.diagnostics
                .push(Diagnostic::error(format!("there are no *.tf files in {folder:?}")).at(&at));
            return None;
        }
        let mut path = self.modules[parent].path.clone();
        path.push(name.to_owned());
        Some(self.module(sources, path, folder, Some(parent)))
    }
}

/// `path` as seen from `folder`, with `.` and `..` resolved as far as they can be.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let absolute = folder.starts_with('/');
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
}
