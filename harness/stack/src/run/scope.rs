//! What names mean inside one instance of a module, and inside one instance of a block.

use std::collections::BTreeMap;

use super::World;
use super::graph::Item;
use crate::config::{Mode, ResourceId};
use crate::expression::Names;
use crate::value::Value;

/// What `each` and `count` mean.
#[derive(Clone, Default)]
pub(super) struct Repetition {
    pub each: Option<(Value, Value)>,
    pub count: Option<usize>,
}

/// The names in reach of an expression.
pub(super) struct Scope<'w> {
    pub world: &'w World<'w>,
    /// The instance of the module.
    pub instance: usize,
    pub repetition: Repetition,
}

impl Scope<'_> {
    fn value(&self, item: Item) -> Value {
        self.world
            .values
            .get(&(self.instance, item))
            .cloned()
            // Undeclared, or part of a circle: both have been reported.
            .unwrap_or_else(Value::broken)
    }

    fn all<'n>(&self, names: impl Iterator<Item = &'n String>, item: fn(String) -> Item) -> Value {
        let entries = names.map(|name| (name.clone(), self.value(item(name.clone()))));
        Value::object(entries.collect())
    }
}

impl Names for Scope<'_> {
    fn resolve(&self, root: &str, attributes: &[&str]) -> Option<(Value, usize)> {
        let instance = &self.world.instances[self.instance];
        let module = &self.world.modules[instance.module];
        let resource = |mode, ty: &str, name: &str| {
            self.value(Item::Resource(ResourceId {
                mode,
                ty: ty.to_owned(),
                name: name.to_owned(),
            }))
        };
        match (root, attributes) {
            ("var", [name, ..]) => Some((self.value(Item::Variable((*name).to_owned())), 1)),
            ("var", []) => Some((self.all(module.variables.keys(), Item::Variable), 0)),
            ("local", [name, ..]) => Some((self.value(Item::Local((*name).to_owned())), 1)),
            ("local", []) => Some((self.all(module.locals.keys(), Item::Local), 0)),
            ("each", ["key", ..]) => Some((self.repetition.each.as_ref()?.0.clone(), 1)),
            ("each", ["value", ..]) => Some((self.repetition.each.as_ref()?.1.clone(), 1)),
            ("count", ["index", ..]) => Some((Value::from(self.repetition.count?), 1)),
            ("path", ["module", ..]) => Some((module.folder.as_str().into(), 1)),
            ("path", ["root", ..]) => Some((".".into(), 1)),
            ("path", ["cwd", ..]) => Some((self.world.inputs.files.working_folder().into(), 1)),
            ("terraform", ["workspace", ..]) => Some(("default".into(), 1)),
            ("each" | "count" | "path" | "terraform" | "self", _) => None,
            ("data", [ty, name, ..]) => Some((resource(Mode::Data, ty, name), 2)),
            ("module", [name, ..]) => Some((self.module_value(name), 1)),
            (ty, [name, ..]) => Some((resource(Mode::Managed, ty, name), 1)),
            // Reported when the references were looked at.
            (_, []) => Some((Value::broken(), 0)),
        }
    }

    fn roots(&self) -> Vec<String> {
        let mut roots: Vec<String> = ["var", "local", "data", "module", "path", "terraform"]
            .map(str::to_owned)
            .to_vec();
        if self.repetition.each.is_some() {
            roots.push("each".to_owned());
        }
        if self.repetition.count.is_some() {
            roots.push("count".to_owned());
        }
        roots
    }
}

impl Scope<'_> {
    /// All outputs of a called module, or of each of its instances.
    fn module_value(&self, name: &str) -> Value {
        let instance = &self.world.instances[self.instance];
        let module = &self.world.modules[instance.module];
        let Some(child) = module.calls.get(name).and_then(|call| call.child) else {
            return Value::broken();
        };
        let mut keyed = Vec::new();
        for (at, candidate) in self.world.instances.iter().enumerate() {
            if candidate.module != child || candidate.parent != Some(self.instance) {
                continue;
            }
            let outputs: BTreeMap<String, Value> = self.world.modules[child]
                .outputs
                .keys()
                .map(|output| {
                    let key = (at, Item::Output(output.clone()));
                    let value = self.world.values.get(&key).cloned();
                    (output.clone(), value.unwrap_or_else(Value::broken))
                })
                .collect();
            let key = candidate.path.last().and_then(|step| step.key.clone());
            keyed.push((key, Value::object(outputs)));
        }
        let call = &module.calls[name];
        super::by_key(keyed, call.count.is_some(), call.for_each.is_some())
    }
}
