//! What the AWS provider lets a block of each type say, and how much of it means something to a
//! local stack.
//!
//! Follows the schema of `hashicorp/aws` 6, <https://registry.terraform.io/providers/hashicorp/aws/latest/docs>.

mod fields;

pub(crate) use fields::{Context, EvaluatedBody, Fields, Noted, Reported, digits, known, suffix};

use crate::resources::Kind;
use crate::value::{Number, Type, Value};

/// A resource type that becomes a struct of ours.
pub(crate) struct ResourceType {
    pub name: &'static str,
    pub body: BodySchema,
    pub read: fn(&mut Fields<'_>) -> Result<Read, Reported>,
}

/// A resource as read, and the attributes that only the finished resource has.
pub(crate) struct Read {
    pub kind: Kind,
    pub computed: Vec<(&'static str, Value)>,
}

/// What stands between a block's braces.
#[derive(Clone, Copy)]
pub(crate) struct BodySchema {
    pub attributes: &'static [AttributeSchema],
    pub blocks: &'static [BlockSchema],
}

/// An argument, or an attribute of the finished resource.
#[derive(Clone, Copy)]
pub(crate) struct AttributeSchema {
    pub name: &'static str,
    pub shape: Shape,
    pub presence: Presence,
    pub support: Support,
    pub default: Default,
}

/// A block inside a block.
#[derive(Clone, Copy)]
pub(crate) struct BlockSchema {
    pub name: &'static str,
    pub body: BodySchema,
    pub least: usize,
    pub most: Option<usize>,
    pub support: Support,
}

/// The types that occur.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Number,
    Bool,
    TextList,
    TextSet,
    TextMap,
}

impl Shape {
    pub(crate) fn ty(self) -> Type {
        match self {
            Self::Text => Type::String,
            Self::Number => Type::Number,
            Self::Bool => Type::Bool,
            Self::TextList => Type::list(Type::String),
            Self::TextSet => Type::set(Type::String),
            Self::TextMap => Type::map(Type::String),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Required,
    Optional,
    /// Only the finished resource has it.
    Computed,
    OptionalComputed,
}

/// What setting it means to a local stack.
#[derive(Clone, Copy)]
pub(crate) enum Support {
    /// The struct has it.
    Used,
    /// The stack works without it; that is noted, with the reason.
    Ignored(&'static str),
    /// The stack would work otherwise than AWS does: an error, with what to do.
    Refused(&'static str),
}

/// The value of an argument that is left out.
#[derive(Clone, Copy)]
pub(crate) enum Default {
    None,
    Text(&'static str),
    Number(u64),
    Bool(bool),
}

impl Default {
    pub(crate) fn value(self) -> Option<Value> {
        match self {
            Self::None => None,
            Self::Text(text) => Some(text.into()),
            Self::Number(number) => Some(Number::from(number).into()),
            Self::Bool(value) => Some(value.into()),
        }
    }
}

const fn attribute(name: &'static str, shape: Shape, presence: Presence) -> AttributeSchema {
    AttributeSchema {
        name,
        shape,
        presence,
        support: Support::Used,
        default: Default::None,
    }
}

pub(crate) const fn required(name: &'static str, shape: Shape) -> AttributeSchema {
    attribute(name, shape, Presence::Required)
}

pub(crate) const fn optional(name: &'static str, shape: Shape) -> AttributeSchema {
    attribute(name, shape, Presence::Optional)
}

pub(crate) const fn computed(name: &'static str, shape: Shape) -> AttributeSchema {
    attribute(name, shape, Presence::Computed)
}

/// What may be said, and is known of the finished resource in any case.
pub(crate) const fn settled(name: &'static str, shape: Shape) -> AttributeSchema {
    attribute(name, shape, Presence::OptionalComputed)
}

impl AttributeSchema {
    pub(crate) const fn ignored(mut self, reason: &'static str) -> Self {
        self.support = Support::Ignored(reason);
        self
    }

    pub(crate) const fn refused(mut self, advice: &'static str) -> Self {
        self.support = Support::Refused(advice);
        self
    }

    pub(crate) const fn text(mut self, default: &'static str) -> Self {
        self.default = Default::Text(default);
        self
    }

    pub(crate) const fn number(mut self, default: u64) -> Self {
        self.default = Default::Number(default);
        self
    }

    pub(crate) const fn bool(mut self, default: bool) -> Self {
        self.default = Default::Bool(default);
        self
    }
}

pub(crate) const fn body(
    attributes: &'static [AttributeSchema],
    blocks: &'static [BlockSchema],
) -> BodySchema {
    BodySchema { attributes, blocks }
}

/// A block that may stand there once.
pub(crate) const fn block(name: &'static str, body: BodySchema) -> BlockSchema {
    BlockSchema {
        name,
        body,
        least: 0,
        most: Some(1),
        support: Support::Used,
    }
}

/// A block that may stand there any number of times.
pub(crate) const fn blocks(name: &'static str, body: BodySchema) -> BlockSchema {
    BlockSchema {
        name,
        body,
        least: 0,
        most: None,
        support: Support::Used,
    }
}

/// A block that is refused, whatever it says.
pub(crate) const fn refused_block(name: &'static str, advice: &'static str) -> BlockSchema {
    BlockSchema {
        name,
        body: body(&[], &[]),
        least: 0,
        most: None,
        support: Support::Refused(advice),
    }
}

/// A block that is noted, whatever it says.
pub(crate) const fn ignored_block(name: &'static str, reason: &'static str) -> BlockSchema {
    BlockSchema {
        name,
        body: body(&[], &[]),
        least: 0,
        most: None,
        support: Support::Ignored(reason),
    }
}

impl BlockSchema {
    pub(crate) const fn at_least_one(mut self) -> Self {
        self.least = 1;
        self
    }
}

pub(crate) const TIMEOUTS: BlockSchema = BlockSchema {
    // How long Terraform waits does not change what it makes.
    support: Support::Used,
    ..block(
        "timeouts",
        body(
            &[
                optional("create", Shape::Text),
                optional("read", Shape::Text),
                optional("update", Shape::Text),
                optional("delete", Shape::Text),
            ],
            &[],
        ),
    )
};

/// The attributes that every resource with tags has.
pub(crate) const TAGS: AttributeSchema = optional("tags", Shape::TextMap);
pub(crate) const TAGS_ALL: AttributeSchema = computed("tags_all", Shape::TextMap);
pub(crate) const ID: AttributeSchema = computed("id", Shape::Text);
/// Resources outside the provider's region are refused when they are read.
pub(crate) const REGION: AttributeSchema = settled("region", Shape::Text);
pub(crate) const ARN: AttributeSchema = computed("arn", Shape::Text);

/// Why nothing local encrypts.
pub(crate) const NO_ENCRYPTION: &str = "a local stack does not encrypt what it keeps";
pub(crate) const NO_TRACING: &str = "a local stack has no X-Ray";
