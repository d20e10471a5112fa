//! Resources and data sources: their instances, what their blocks say, and what becomes of them.

use std::collections::BTreeMap;

use super::body::{BodyEvaluator, object_of};
use super::described;
use super::graph::{Graph, Node};
use super::scope::Repetition;
use super::{World, by_key};
use crate::config::{Mode, ResourceBlock, ResourceId};
use crate::data::{DataSource, source_of};
use crate::described::{computed, description_of};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expression::Expr;
use crate::resources::type_of;
use crate::schema::{EvaluatedBody, Fields, Noted, Read, Reported, ResourceType};
use crate::value::{Kind, Type, Value};
use crate::{Address, InstanceKey, NotEmulated, Resource, Text};

/// The instances of a block: their keys, and what `each` and `count` mean in them.
type Repetitions = Vec<(Option<InstanceKey>, Repetition)>;

/// More than this from one `count` is a slip, and would take all memory.
const MOST_INSTANCES: usize = 10_000;

impl World<'_> {
    /// The instances that `count` or `for_each` ask for; one, if there is neither.
    pub(super) fn repetitions(
        &self,
        instance: usize,
        count: Option<&Expr>,
        for_each: Option<&Expr>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Repetitions> {
        match (count, for_each) {
            (Some(count), _) => self.counted(instance, count, diagnostics),
            (None, Some(for_each)) => self.named(instance, for_each, diagnostics),
            (None, None) => Some(vec![(None, Repetition::default())]),
        }
    }

    fn counted(
        &self,
        instance: usize,
        count: &Expr,
        diagnostics: &mut Diagnostics,
    ) -> Option<Repetitions> {
        let value = self.expression(instance, count, &Type::Number, diagnostics);
        if value.is_broken() {
            return None;
        }
        let problem = match value.as_number() {
            None if value.is_null() => "`count` must not be null".to_owned(),
            None => "`count` is known only after apply".to_owned(),
            Some(number) => match number.to_usize() {
                Some(_) if value.sensitive => "`count` must not be sensitive".to_owned(),
                Some(count) if count <= MOST_INSTANCES => {
                    let counted = (0..count).map(|at| {
                        let repetition = Repetition {
                            each: None,
                            count: Some(at),
                        };
                        (Some(InstanceKey::Index(at)), repetition)
                    });
                    return Some(counted.collect());
                }
                _ => format!("`count` cannot be {number}"),
            },
        };
        diagnostics.push(Diagnostic::error(problem).at(&count.span()));
        None
    }

    fn named(
        &self,
        instance: usize,
        for_each: &Expr,
        diagnostics: &mut Diagnostics,
    ) -> Option<Repetitions> {
        let value = self.expression(instance, for_each, &Type::Any, diagnostics);
        let mut problem = match &value.kind {
            Kind::Broken => return None,
            _ if value.sensitive => Diagnostic::error("`for_each` must not be sensitive")
                .hint("its keys are shown in addresses"),
            Kind::Unknown(_) | Kind::Open(_) => {
                Diagnostic::error("`for_each` is known only after apply")
            }
            Kind::Null => Diagnostic::error("`for_each` must not be null"),
            Kind::Map(..) | Kind::Object(_) | Kind::Set(..) => {
                let items = value.iterate().unwrap_or_default();
                let keyed: Option<Repetitions> = items
                    .into_iter()
                    .map(|(key, value)| {
                        let name = key.as_str()?.to_owned();
                        let repetition = Repetition {
                            each: Some((key, value)),
                            count: None,
                        };
                        Some((Some(InstanceKey::Name(name)), repetition))
                    })
                    .collect();
                match keyed {
                    Some(keyed) => return Some(keyed),
                    None => Diagnostic::error("`for_each` needs a set of strings, all known now"),
                }
            }
            Kind::List(..) | Kind::Tuple(_) => {
                Diagnostic::error("`for_each` needs a map or a set of strings, not a list")
                    .hint("toset(...) makes a set of it")
            }
            Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => Diagnostic::error(format!(
                "`for_each` needs a map or a set of strings, not a {}",
                value.friendly()
            )),
        };
        problem = problem.at(&for_each.span());
        diagnostics.push(problem);
        None
    }

    /// Evaluates all instances of a block in one instance of its module.
    pub(super) fn resource(
        &mut self,
        instance: usize,
        node: &Node,
        id: &ResourceId,
        graph: &Graph,
        diagnostics: &mut Diagnostics,
    ) -> Value {
        let modules = self.modules;
        let block = &modules[node.module].resources[id];
        let (count, for_each) = (block.count.as_ref(), block.for_each.as_ref());
        let Some(repetitions) = self.repetitions(instance, count, for_each, diagnostics) else {
            return Value::broken();
        };
        let mut values = Vec::new();
        for (key, repetition) in repetitions {
            let address = Address {
                module: self.instances[instance].path.clone(),
                resource_type: match id.mode {
                    Mode::Managed => id.ty.clone(),
                    Mode::Data => format!("data.{}", id.ty),
                },
                name: id.name.clone(),
                key: key.clone(),
            };
            let one = One {
                instance,
                block,
                repetition,
                address,
            };
            self.conditions(&one, false, &Value::null(), diagnostics);
            let value = match id.mode {
                Mode::Managed => match type_of(&id.ty) {
                    Some(ty) => self.emulated(&one, ty, node, graph, diagnostics),
                    None => self.not_emulated(&one, node, graph, diagnostics),
                },
                Mode::Data => match source_of(&id.ty) {
                    Some(source) => self.answered(&one, source, diagnostics),
                    None => self.not_emulated(&one, node, graph, diagnostics),
                },
            };
            self.conditions(&one, true, &value, diagnostics);
            values.push((key, value));
        }
        by_key(values, count.is_some(), for_each.is_some())
    }

    fn conditions(&self, one: &One<'_>, after: bool, own: &Value, diagnostics: &mut Diagnostics) {
        for check in one.block.checks.iter().filter(|check| check.after == after) {
            let mut evaluate = |expr: &Expr| {
                self.with_evaluator(
                    one.instance,
                    &one.repetition,
                    &expr.source,
                    diagnostics,
                    |evaluator| {
                        evaluator.push(("self".to_owned(), own.clone()));
                        let value = evaluator.evaluate(&expr.expression);
                        evaluator.pop();
                        value
                    },
                )
            };
            let (truth, message) = (evaluate(&check.condition), evaluate(&check.message));
            let what = format!("`{}`", one.address);
            let at = &one.block.span;
            super::variable::judge(&what, check, &truth, &message, at, diagnostics);
        }
    }

    fn evaluate_body(
        &self,
        one: &One<'_>,
        schema: &crate::schema::BodySchema,
        diagnostics: &mut Diagnostics,
    ) -> (EvaluatedBody, Vec<Noted>) {
        let nested = &one.block.body;
        self.with_evaluator(
            one.instance,
            &one.repetition,
            &nested.source,
            diagnostics,
            |evaluator| {
                let mut bodies = BodyEvaluator {
                    evaluator,
                    nested,
                    what: format!("`{}`", one.address),
                    noted: Vec::new(),
                };
                let body = bodies.with_schema(schema);
                (body, bodies.noted)
            },
        )
    }

    fn emulated(
        &mut self,
        one: &One<'_>,
        ty: &ResourceType,
        node: &Node,
        graph: &Graph,
        diagnostics: &mut Diagnostics,
    ) -> Value {
        let (body, noted) = self.evaluate_body(one, &ty.body, diagnostics);
        self.check_region(&body, diagnostics);
        let mut fields = Fields {
            body: &body,
            context: &self.context,
            address: &one.address,
            diagnostics,
        };
        let read = (ty.read)(&mut fields);
        let has_tags = ty.body.attributes.iter().any(|a| a.name == "tags");
        let tags = if has_tags {
            self.own_tags(&body)
        } else {
            BTreeMap::new()
        };
        let (computed, broken) = match read {
            Ok(Read { kind, mut computed }) => {
                let depends_on = self.addresses_before(node, graph);
                self.resources.push(Resource {
                    address: one.address.clone(),
                    place: one.block.span.place(),
                    depends_on,
                    tags: shown(&tags),
                    kind,
                });
                computed.push(("tags_all", Value::object(tags)));
                computed.push(("region", self.context.region.as_str().into()));
                (computed, false)
            }
            // What depends on it is not to blame for what is wrong with it.
            Err(Reported) => (Vec::new(), true),
        };
        self.addresses
            .entry(node.clone())
            .or_default()
            .push(one.address.clone());
        for Noted {
            attribute,
            span,
            reason,
        } in noted
        {
            self.not_emulated.push(NotEmulated {
                address: one.address.clone(),
                attribute: Some(attribute),
                place: span.place(),
                reason: reason.to_owned(),
            });
        }
        Value::object(object_of(&ty.body, &body, &computed, broken))
    }

    fn check_region(&self, body: &EvaluatedBody, diagnostics: &mut Diagnostics) {
        if let Some((value, span)) = body.attributes.get("region")
            && let Some(region) = value.as_str()
            && self.context.region != region
        {
            diagnostics.push(
                Diagnostic::error("a resource in another region is not supported")
                    .at(span)
                    .hint(format!("this stack is in {}", self.context.region)),
            );
        }
    }

    fn own_tags(&self, body: &EvaluatedBody) -> BTreeMap<String, Value> {
        let mut tags = self.default_tags.clone();
        if let Some((own, _)) = body.attributes.get("tags") {
            tags.extend(own.as_entries().cloned().unwrap_or_default());
        }
        tags
    }

    /// The same, of a type that is only described.
    fn tags(&self, said: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
        let mut tags = self.default_tags.clone();
        if let Some(own) = said.get("tags") {
            tags.extend(own.as_entries().cloned().unwrap_or_default());
        }
        tags
    }

    fn addresses_before(&self, node: &Node, graph: &Graph) -> Vec<Address> {
        let mut addresses: Vec<Address> = graph
            .resources_before(node)
            .iter()
            .filter_map(|before| self.addresses.get(before))
            .flatten()
            .cloned()
            .collect();
        addresses.sort();
        addresses
    }

    /// A type that a local stack does not have. What its block says is known, and checked if the
    /// type is described; of what only AWS decides, what can be told.
    fn not_emulated(
        &mut self,
        one: &One<'_>,
        node: &Node,
        graph: &Graph,
        diagnostics: &mut Diagnostics,
    ) -> Value {
        // Whoever waits for it waits for what it waits for.
        let before = self.addresses_before(node, graph);
        self.addresses
            .entry(node.clone())
            .or_default()
            .extend(before);
        let nested = &one.block.body;
        let ty = one.address.resource_type.as_str();
        let description = description_of(ty);
        let value = self.with_evaluator(
            one.instance,
            &one.repetition,
            &nested.source,
            diagnostics,
            |evaluator| {
                let mut bodies = BodyEvaluator {
                    evaluator,
                    nested,
                    what: format!("`{}`", one.address),
                    noted: Vec::new(),
                };
                let Some(description) = description else {
                    return Kind::Open(bodies.free()).into();
                };
                let said = bodies.described(&description);
                let database = self.inputs.database.as_ref();
                let mut computed =
                    computed(ty, &one.address, &self.context, &said.attributes, database);
                if description.attribute("tags").is_some() {
                    computed.push(("tags_all", Value::object(self.tags(&said.attributes))));
                }
                computed.push(("region", self.context.region.as_str().into()));
                Value::object(described::object_of(&description, &said, &computed))
            },
        );
        self.not_emulated.push(NotEmulated {
            address: one.address.clone(),
            attribute: None,
            place: one.block.span.place(),
            reason: why_not(ty, self.inputs.database.is_some()).to_owned(),
        });
        value
    }

    fn answered(
        &mut self,
        one: &One<'_>,
        source: &DataSource,
        diagnostics: &mut Diagnostics,
    ) -> Value {
        let (body, _) = self.evaluate_body(one, &source.body, diagnostics);
        let mut fields = Fields {
            body: &body,
            context: &self.context,
            address: &one.address,
            diagnostics,
        };
        let (computed, broken) = match (source.answer)(&mut fields) {
            Ok(computed) => (computed, false),
            Err(Reported) => (Vec::new(), true),
        };
        Value::object(object_of(&source.body, &body, &computed, broken))
    }
}

/// One instance of a block.
struct One<'b> {
    instance: usize,
    block: &'b ResourceBlock,
    repetition: Repetition,
    address: Address,
}

/// Why a stack works without resources of a type.
fn why_not(ty: &str, has_database: bool) -> &'static str {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| ty.starts_with(prefix));
    if ["data.aws_ami", "data.aws_availability_zones"].contains(&ty) {
        "only AWS can answer it: something like its answer is made up"
    } else if ty.starts_with("data.") {
        "only AWS can answer it"
    } else if has_database && ["aws_db_instance", "aws_instance"].contains(&ty) {
        "the local database stands in for it"
    } else if begins(&["aws_db_", "aws_rds_"]) {
        "the database of a local stack is not made by Terraform"
    } else if begins(&[
        "aws_vpc",
        "aws_default_",
        "aws_subnet",
        "aws_security_group",
        "aws_route",
        "aws_internet_gateway",
        "aws_nat_gateway",
        "aws_network_",
        "aws_eip",
    ]) {
        "a local stack has no networks"
    } else if ty.starts_with("aws_kms_") {
        "a local stack does not encrypt what it keeps"
    } else if begins(&["aws_cloudwatch_metric_", "aws_cloudwatch_dashboard"]) {
        "a local stack has no metrics"
    } else if begins(&[
        "aws_instance",
        "aws_iam_instance_profile",
        "aws_key_pair",
        "aws_launch_template",
    ]) {
        "a local stack has no virtual machines"
    } else {
        "a local stack has no resources of this type"
    }
}

fn shown(tags: &BTreeMap<String, Value>) -> BTreeMap<String, Text> {
    tags.iter()
        .filter_map(|(key, value)| {
            let text = value.as_str()?;
            let text = if value.sensitive {
                Text::sensitive(text)
            } else {
                Text::plain(text)
            };
            Some((key.clone(), text))
        })
        .collect()
}
